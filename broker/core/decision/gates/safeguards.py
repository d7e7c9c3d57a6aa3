"""The safeguards gate: is on record what the data holder must put on record before anybody new gets the data?

It asks before a request and at the committee's yes. A grant that runs is not cut: its holder relied on what was
said. Registered access, and another issuer's visa, have no grant of ours, so there each use is
asked (WHO 2024, 3.1-6; HUMAN_RIGHTS section 3).
"""

from dataclasses import replace
from typing import NamedTuple

from broker.core.breadth import NONE, Breadth, breadth
from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.duties import crosses_a_border
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.rows import Dataset
from broker.core.rows.safeguards import DutyClass
from broker.core.safeguards import (
    ROOM_FIRST,
    SECURE_ROOM_FIRST,
    classes_without_duty,
    engagement_ends,
    longest_grant,
    missing,
)
from broker.core.time import FOREVER, Seconds, start_of

_DAY = 86_400
"""Seconds. Nothing that is on record here changes within a day by itself."""


def safeguards(case: Case) -> GateResult:
    """Embargo, what is missing, duties for a grant abroad, and no new copies of very broad consents."""
    dataset, at = case.dataset, case.question.at
    if dataset is None or not _is_new(case, dataset):
        return result(Gate.SAFEGUARDS, Outcome.PERMIT)
    embargo = dataset.safeguards.embargo
    if embargo is not None and at < start_of(embargo.until):
        told = result(Gate.SAFEGUARDS, Outcome.DENY, "GOV-EMBARGO", date=embargo.until.isoformat())
        return replace(told, until=start_of(embargo.until))
    known = recorded(case, dataset)
    if known.lacking:
        told = result(Gate.SAFEGUARDS, Outcome.REFER, "GOV-SAFEGUARD-MISSING", missing=", ".join(known.lacking))
        return replace(told, missing=known.lacking)
    if known.classes and abroad(case, dataset):
        return result(Gate.SAFEGUARDS, Outcome.REFER, "GOV-DUTIES-MISSING", classes=", ".join(known.classes))
    found = known.breadth
    if found.score >= SECURE_ROOM_FIRST and case.question.modality in ROOM_FIRST:
        return result(Gate.SAFEGUARDS, Outcome.DENY, "GOV-SECURE-ROOM-FIRST")
    until = FOREVER if case.question.stage == "approve" else known.until  # it cuts no grant
    return result(Gate.SAFEGUARDS, Outcome.PERMIT, until=until)


class Recorded(NamedTuple):
    """What the gate needs of a dataset on one day, whoever asks for what: worked out once."""

    lacking: tuple[str, ...]
    classes: tuple[DutyClass, ...]
    breadth: Breadth
    until: Seconds


def recorded(case: Case, dataset: Dataset) -> Recorded:
    """What is on record of a dataset today, and what is not."""
    snapshot, at = case.snapshot, case.question.at
    key, witnesses = ("safeguards", dataset.id), (dataset, snapshot.forms.get(dataset.id), at // _DAY)
    known = snapshot.memory.recall(key, witnesses)
    if isinstance(known, Recorded):
        return known
    found = breadth_of(case, dataset)
    lacking = tuple(one.member for one in missing(dataset, found, at))
    made = Recorded(lacking, classes_without_duty(dataset.safeguards), found, _until(dataset, found))
    snapshot.memory.keep(key, witnesses, made)
    return made


def _is_new(case: Case, dataset: Dataset) -> bool:
    if dataset.access == "open":
        return False
    if case.question.stage != "use":
        return True
    return case.held is not None and case.held.by_visas


def _until(dataset: Dataset, found: Breadth) -> Seconds:
    """When the last engagement gets too old."""
    ends = engagement_ends(dataset.safeguards) if found.broad else None
    return start_of(ends) if ends is not None else FOREVER


def abroad(case: Case, dataset: Dataset) -> bool:
    """Does the use cross a border, as far as is known? Copies go wherever the purpose says that they are processed."""
    home, sits = case.facts.get("recipient.country"), case.question.location
    destinations: list[str | None] = [home if isinstance(home, str) else None]
    destinations += [sits] if sits is not None else []
    for facts in case.readings:
        place = facts.get("request.processing_country")
        destinations += [place] if isinstance(place, str) else []
    return crosses_a_border(dataset.facts, destinations)


def breadth_of(case: Case, dataset: Dataset) -> Breadth:
    """How broad and old the consents of the dataset are now."""
    forms = case.snapshot.forms.get(dataset.id)
    if not forms:
        return NONE
    return breadth(forms, dataset.duo, dataset.certificate.answers, case.question.at)


def longest(case: Case, months: int | None) -> int | None:
    """The longest new grant in months: what the codes allow, and the breadth of the consents."""
    if case.dataset is None or case.question.stage == "use":
        return months
    least = [one for one in (months, longest_grant(recorded(case, case.dataset).breadth)) if one is not None]
    return min(least, default=None)
