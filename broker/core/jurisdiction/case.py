"""One row of a jurisdiction case file: which question it puts, and whether the answer is the wanted one.

The format is that of `broker check jurisdiction`: a row's facts stand over its profile's, and those over the
file's defaults; `null` takes a fact back, so that it is unknown. Neither id nor title is ever looked at.
"""

from collections.abc import Collection, Mapping
from typing import Any

from broker.core.jurisdiction.facts import STATED, FactValue, well_formed
from broker.core.jurisdiction.judge import Answer, judge
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.time import Seconds, parse_rfc3339

_COMPUTING = "request.processing_country"
_AT_THE_HOLDERS = frozenset({"tre_remote", "code_to_data", "aggregate"})
_LISTS = ("reasons", "obligations", "evidence", "missing_facts", "alternatives")

EXPECTED = frozenset({"outcome", *_LISTS})
"""What a row can expect."""


class CaseError(ValueError):
    """A row that puts no question: no such profile, no time, facts that are no mapping."""


def judge_case(
    row: Mapping[str, Any],
    defaults: Mapping[str, Any],
    profiles: Mapping[str, Any],
    at: str,
    rulebook: Rulebook,
) -> Answer:
    """The answer to `row`. `at`: the file's time, where the row has none of its own. CaseError."""
    return judge(rulebook, facts_of(row, defaults, profiles), time_of(row, at))


def time_of(row: Mapping[str, Any], at: object) -> Seconds:
    """When a row is asked: its own `at`, else the file's. CaseError."""
    try:
        return parse_rfc3339(str(row.get("at", at)))
    except ValueError as error:
        raise CaseError(f"at: {error}") from None


def facts_of(row: Mapping[str, Any], defaults: Mapping[str, Any], profiles: Mapping[str, Any]) -> dict[str, FactValue]:
    """The facts of a row. CaseError for a profile that the file does not have.

    A row that does not say where the data are computed on (neither a country nor `null`) means: at the
    recipient's for download and stream, where the data lie for the milder ways. That is a shorthand of this
    format; `judge` itself takes nothing for granted.
    """
    said: dict[str, Any] = {}
    for facts in (defaults, _profile(row.get("profile"), profiles), row.get("facts") or {}):
        if not isinstance(facts, Mapping):
            raise CaseError("facts that are no mapping")
        said |= facts
    if _COMPUTING not in said:
        at_the_holders = said.get("request.modality") in _AT_THE_HOLDERS
        said[_COMPUTING] = said.get("data.storage_country" if at_the_holders else "recipient.country")
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items() if value is not None
    }


def not_counted(row: Mapping[str, Any], defaults: Mapping[str, Any], profiles: Mapping[str, Any]) -> tuple[str, ...]:
    """What a row states and nobody reads: names that are no facts, and facts without their form (a country `UK`)."""
    stated = facts_of(row, defaults, profiles)
    read = well_formed(stated)
    odd = [name for name in stated if name not in read]
    return tuple(
        f"{name}: " + (f"{stated[name]} is no value of it" if name in STATED else "no such fact") for name in odd
    )


def _profile(name: object, profiles: object) -> object:
    if name is None:
        return {}
    if not isinstance(name, str) or not isinstance(profiles, Mapping) or name not in profiles:
        raise CaseError(f"no profile {name}")
    return profiles[name]


def differences(expect: Mapping[str, Any], answer: Answer) -> tuple[str, ...]:
    """Where `answer` is not what a row expects, in words; none if it is.

    A row expects no more than it names. What a list names must be among the answer's; an empty list means
    that the answer's is empty.
    """
    given: dict[str, Collection[str]] = {
        "reasons": tuple(reason.code for reason in answer.reasons),
        **{name: getattr(answer, name) for name in _LISTS[1:]},
    }
    found = [f"{name}: not known" for name in expect if name not in EXPECTED]
    wanted = expect.get("outcome", answer.outcome.name)
    if wanted != answer.outcome.name:
        found.append(f"outcome: {wanted} wanted, {answer.outcome.name} given")
    for name in (name for name in _LISTS if name in expect):
        lacking = [each for each in expect[name] if each not in given[name]]
        if lacking or (not expect[name] and given[name]):
            found.append(f"{name}: {', '.join(expect[name]) or 'none'} wanted, {', '.join(given[name])} given")
    return tuple(found)
