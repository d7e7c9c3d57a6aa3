"""May these data be used so, there, now? A second reading of the whole decision, written from its documents alone.

Every gate is asked and the strictest holds (docs/explanation/how-a-decision-is-made.md); what a gate asks is in
reading_gates.py. Shares nothing with the product. Where the text is silent: `Reading:`, and
docs/explanation/second-evaluator.md. A case is a plain document; its members are told in drawing_decision.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.differential import reading_gates as gates
from tests.differential import reading_rights as rights
from tests.differential.ontology import Diseases
from tests.differential.reading_consent import instant
from tests.differential.reading_gates import LADDER, ORDER, PERMITS, Case, Gate, Rules, Said

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Answer:
    """What the decision says: its outcome, what each gate said that did not permit, and under which grant."""

    outcome: str
    blocking: Mapping[str, Said]
    grant: str | None = None
    left_out: tuple[str, ...] = ()

    @property
    def permits(self) -> bool:
        return self.outcome in PERMITS


GATES: Mapping[str, Gate] = {
    "identity": gates.identity,
    "entitlement": gates.entitlement,
    "terms": gates.terms,
    "purpose": gates.purpose,
    "safeguards": gates.safeguards,
    "duo": gates.duo,
    "consent": rights.consent,
    "community": rights.community,
    "jurisdiction": rights.jurisdiction,
    "security": rights.security,
    "conduct": rights.conduct,
}


def judge(document: Mapping[str, Any], diseases: Diseases, packs: Iterable[Mapping[str, Any]]) -> Answer:
    """The answer to one case."""
    rules = Rules(diseases, list(packs))
    if document["stage"] != "use":
        return _asked(document, None, rules)
    answers = [_asked(document, title, rules) for title in titles(document)]
    for answer in answers:  # ruling 3: the first PERMIT (latest end, then id)
        if answer.permits:
            return answer
    # Reading: none permits, so what is told is the one that is nearest to a yes.
    return min(answers, key=lambda one: ORDER.index(one.outcome))


def titles(document: Mapping[str, Any]) -> list[Mapping[str, Any] | None]:
    """What the use may rest on, in the order in which it is tried; `[None]` if on nothing that lives."""
    live = [one for one in document["grants"] if gates.lives(one, document)]
    live.sort(key=lambda one: one["id"])
    live.sort(key=lambda one: instant(one["ends"]), reverse=True)
    if document.get("named") is not None:
        live = [one for one in live if one["id"] == document["named"]]
        return [*live] or [None]
    foreign = gates.foreign_grant(document)
    return [*live, *([foreign] if foreign else [])] or [None]


def _asked(document: Mapping[str, Any], grant: Mapping[str, Any] | None, rules: Rules) -> Answer:
    """The way that is asked for; if it is refused, whether a milder one passes every gate."""
    answer = _one_way(Case(document, document["way"], grant), rules)
    if answer.outcome == "DENY":
        for way in LADDER[LADDER.index(document["way"]) + 1 :]:
            if _one_way(Case(document, way, grant), rules).permits:
                return Answer("ALTERNATIVE", answer.blocking, answer.grant, answer.left_out)
    return answer


def _one_way(case: Case, rules: Rules) -> Answer:
    said = {name: gate(case, rules) for name, gate in GATES.items()}
    outcome = max((one.outcome for one in said.values()), key=ORDER.index)
    blocking = {name: one for name, one in said.items() if one.outcome not in PERMITS}
    return Answer(outcome, blocking, case.grant["id"] if case.grant else None, said["consent"].left_out)


# ------------------------------------------------------------------ time


def turning_points(document: Mapping[str, Any], packs: Iterable[Mapping[str, Any]]) -> list[datetime]:
    """Every moment after `at` at which anything in the case, or in a pack, begins or ends; in order.

    A date of a list is inclusive, so what ends on it ends with the day after; a visa counts for its leeway longer.
    """
    now = instant(document["at"])
    found = {moment for text in _texts([document, list(packs)]) for moment in _moments(text)}
    return sorted(one for one in found if one > now)


def _texts(part: Any) -> Iterable[str]:
    if isinstance(part, Mapping):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)
    elif hasattr(part, "isoformat") or isinstance(part, str):
        yield str(part)


def _moments(text: str) -> Iterable[datetime]:
    if not text[:4].isdigit() or text[4:5] != "-":
        return
    try:
        moment = instant(text)
    except ValueError:
        return
    yield from (moment, moment + gates.LEEWAY, moment + DAY, gates.months_after(moment, 6))
    yield from (gates.years_after(moment, gates.ENGAGED_WITHIN), moment + timedelta(days=90))
