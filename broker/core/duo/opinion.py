"""What one rule says, and how the rules' opinions become one answer: DENY > REVIEW > PERMIT (specs: DUO section 3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from broker.core.outcome import Norm, Reason

_SHOWN = 5
_NORM = Norm(source="duo", version="2021-02-23")


class Verdict(IntEnum):
    """From the least to the most restrictive; combining takes the maximum, so that no REVIEW hides a DENY."""

    PERMIT = 0
    REVIEW = 1
    """A person must answer."""
    DENY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one rule says.

    `months`: the longest grant that it allows. `missing`: the member of the purpose (`purpose.commercial`)
    that was not answered and would move it. `matched`: the permission that carries it.
    """

    verdict: Verdict
    reason: Reason | None = None
    obligations: tuple[str, ...] = ()
    months: int | None = None
    missing: str = ""
    matched: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How a purpose fits the codes.

    `reasons`: of a PERMIT, what carries it; otherwise every refusal, then every open question. `obligations`
    and `months` (the longest grant; None: the codes do not say) hold also if a person answers a REVIEW with yes.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    obligations: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    months: int | None = None
    missing: tuple[str, ...] = ()


SILENT = Opinion(verdict=Verdict.PERMIT)
"""A rule that has nothing against it and nothing to add."""


def permit(*obligations: str, months: int | None = None) -> Opinion:
    """Allowed, with these duties."""
    return Opinion(verdict=Verdict.PERMIT, obligations=obligations, months=months)


def carried(code: str, matched: str, /, **facts: str) -> Opinion:
    """Allowed by the permission `matched`, with reason `code`."""
    return Opinion(verdict=Verdict.PERMIT, reason=_reason(code, facts), matched=matched)


def notice(code: str, /, **facts: str) -> Opinion:
    """Allowed, and somebody should know."""
    return Opinion(verdict=Verdict.PERMIT, reason=_reason(code, facts))


def review(code: str, /, *, missing: str = "", obligations: tuple[str, ...] = (), **facts: str) -> Opinion:
    """A person must answer."""
    return Opinion(verdict=Verdict.REVIEW, reason=_reason(code, facts), missing=missing, obligations=obligations)


def deny(code: str, /, **facts: str) -> Opinion:
    """Not allowed."""
    return Opinion(verdict=Verdict.DENY, reason=_reason(code, facts))


def _reason(code: str, facts: dict[str, str]) -> Reason:
    return Reason(code=code, facts=tuple(sorted(facts.items())), norm=_NORM)


def combine(opinions: Iterable[Opinion]) -> Match:
    """The most restrictive of all; order and repetition do not matter.

    ValueError for none at all: an empty list of checks is no permit.
    """
    said = list(opinions)
    if not said:
        raise ValueError("empty: nothing was asked")
    verdict, months = Verdict.PERMIT, None
    duties: list[str] = []
    matched: list[str] = []
    missing: list[str] = []
    telling = [opinion for opinion in said if opinion is not SILENT]
    for opinion in telling:
        verdict = max(verdict, opinion.verdict)
        if opinion.months is not None and (months is None or opinion.months < months):
            months = opinion.months
        duties += opinion.obligations
        if opinion.matched:
            matched.append(opinion.matched)
        if opinion.missing:
            missing.append(opinion.missing)
    return Match(
        verdict=verdict,
        reasons=_reasons(telling, verdict),
        obligations=_united(duties),
        matched=_united(matched),
        months=months,
        missing=_united(missing),
    )


def _reasons(opinions: list[Opinion], verdict: Verdict) -> tuple[Reason, ...]:
    ranked = {
        opinion.reason: opinion.verdict
        for opinion in opinions
        if opinion.reason is not None and (opinion.verdict or not verdict)
    }
    if len(ranked) == 1:
        return tuple(ranked)
    return tuple(sorted(ranked, key=lambda reason: (-ranked[reason], reason.code, reason.facts)))


def _united(words: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words))) if words else ()


def listed(values: Iterable[str]) -> str:
    """`values` for a sentence, sorted, the first few of many."""
    names = sorted(values)
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
