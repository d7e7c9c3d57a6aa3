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
OF_NEW_GRANTS = {"GOV-SAFEGUARD-MISSING", "GOV-DUTIES-MISSING", "OPS-REPORT-OVERDUE", "OPS-DUTY-OVERDUE"}


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
    # Reading: none permits, so what is told is the one that is nearest to a yes. A participant's no counts as one no
    # here, or the grant that is named would show whether somebody withdrew or only waits (ruling 10).
    return min(answers, key=lambda one: ORDER.index("DENY" if "consent" in one.blocking else one.outcome))


def titles(document: Mapping[str, Any]) -> list[Mapping[str, Any] | None]:
    """What the use may rest on, in the order in which it is tried (ruling 3); `[None]` if on nothing.

    Reading: if none of a person's grants lives, what is told is told of those that do not any more, or not yet. What is
    no grant of ours has no id in the text; of those that end together Registered Access is tried before a visa.
    """
    found = gates.mine(document)
    if document.get("named") is None:
        found = [*found, *gates.other_titles(document)]
    live = [one for one in found if gates.lives(one, document)]
    tried = sorted(live or found, key=lambda one: (one["id"] == "foreign", str(one["id"])))
    tried.sort(key=lambda one: instant(one["ends"]), reverse=True)
    return [*tried] or [None]


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


def turning_points(part: Any) -> set[datetime]:
    """Every moment at which something in `part`, a case or a pack, begins or ends by itself.

    A date of a list is inclusive, so what ends on it ends with the day after; a visa counts for its leeway longer; who
    gave a consent for a child has the grace of a running grant; an engagement gets too old.
    """
    found = set[datetime]()
    for name, value in _dates(part):
        later = {
            "to": value + DAY, "maturity_review_on": gates.months_after(value, 6),
            "date": gates.years_after(value, gates.ENGAGED_WITHIN), "ends": value + gates.LEEWAY,
        }  # fmt: skip
        found |= {value, later.get(name, value)}
    return found


def _dates(part: Any, name: str = "") -> Iterable[tuple[str, datetime]]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            yield from _dates(value, key)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _dates(value, name)
    elif (isinstance(part, str) and part[:2] == "20" and part[4:5] == "-") or hasattr(part, "isoformat"):
        yield name, instant(str(part))


def turns_before(
    document: Mapping[str, Any], until: datetime | None, diseases: Diseases, packs: list[Mapping[str, Any]],
    dates: Iterable[datetime],
) -> datetime | None:  # fmt: skip
    """The first of `dates` before `until` at which a permit of this case is one no more, or lets others in or out."""
    first, now = judge(document, diseases, packs), instant(document["at"])
    same = {**document, "asked_at": document["at"]}
    if first.grant is not None and first.grant.startswith("G-"):
        same["named"] = first.grant  # that another one would be tried first by then makes no permit untrue
    for moment in sorted(one for one in dates if now < one and (until is None or one < until)):
        then = judge({**same, "at": moment.isoformat()}, diseases, packs)
        waits = all(one.codes <= OF_NEW_GRANTS for one in then.blocking.values())
        if document["stage"] == "approve" and not then.permits and waits:
            continue  # what gets missing or late afterwards holds the next grant; one that runs goes on
        if (then.permits, then.left_out) != (first.permits, first.left_out):
            return moment
    return None
