"""What a dataset would look like once its holder had put on record what is missing: stand-ins to evaluate with.

Only that something is recorded counts for the gate, and when; so these say no more than that.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from broker.core.rows import Dataset
from broker.core.rows.safeguards import (
    ApprovedPolicy,
    Duty,
    DutyClass,
    Engagement,
    Notice,
    Raci,
    Responsible,
    Sustainability,
)

_SAID = "to be recorded"

_SAFEGUARDS: Mapping[str, Callable[[date], object]] = MappingProxyType(
    {
        "responsible": lambda _: Responsible(role=_SAID, contact=_SAID),
        "governance": lambda _: _SAID,
        "custodian": lambda _: _SAID,
        "return_of_results": lambda today: ApprovedPolicy(approval=_SAID, on=today, version=_SAID),
        "benefit_sharing": lambda _: _SAID,
        "sustainability": lambda today: Sustainability(funder=_SAID, until=today, then=_SAID),
        "raci": lambda _: Raci(responsible=_SAID, accountable=_SAID, consulted=_SAID, informed=_SAID),
        "public_notice": lambda today: Notice(url=_SAID, on=today),
        "engagements": lambda today: (Engagement(on=today, who=_SAID, summary=_SAID),),
    }
)


def with_safeguards(dataset: Dataset, members: Iterable[str], today: date) -> Dataset:
    """`dataset` with everything on record that `core/safeguards.py` found missing. ValueError for any other member."""
    for member in members:
        part, _, name = member.rpartition(".")
        if member == "access":
            dataset = replace(dataset, access="controlled")
        elif member == "certificate.ethics_ref":
            dataset = replace(dataset, certificate=replace(dataset.certificate, ethics_ref=_SAID))
        elif member == "safeguards.embargo.reason" and dataset.safeguards.embargo is not None:
            embargo = replace(dataset.safeguards.embargo, reason=_SAID)
            dataset = replace(dataset, safeguards=replace(dataset.safeguards, embargo=embargo))
        elif part == "safeguards" and name in _SAFEGUARDS:
            dataset = replace(dataset, safeguards=replace(dataset.safeguards, **{name: _SAFEGUARDS[name](today)}))  # type: ignore[arg-type]
        else:
            raise ValueError(f"{member}: nothing that a data holder puts on record")
    return dataset


def with_duties(dataset: Dataset, classes: Iterable[DutyClass]) -> Dataset:
    """`dataset` with a duty of each of these classes."""
    new = tuple(Duty(id=f"to_come.{each}", cls=each, text=_SAID, holder=_SAID) for each in classes)
    return replace(dataset, safeguards=replace(dataset.safeguards, duties=(*dataset.safeguards.duties, *new)))
