"""What does a catalogue change, and may its datasets be registered? A plan that people can read before it runs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from broker.core.breadth import breadth
from broker.core.ids import DatasetId, GrantId, Issuer
from broker.core.jurisdiction.needs import needs
from broker.core.plain import plain
from broker.core.purpose import Purpose
from broker.core.rows import Client, Committee, Dataset, IdentityProvider, Put, Row
from broker.core.safeguards import missing, warnings
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredGrant:
    """A grant that a committee gave elsewhere. It names its person by identity: they may never have signed in here."""

    id: GrantId
    iss: Issuer
    sub: str
    dataset: DatasetId
    purpose: Purpose
    affiliations: tuple[str, ...] = ()
    begins: Seconds
    ends: Seconds


Verb = Literal["create", "change", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a plan. `fields`: the members that differ."""

    verb: Verb
    row: Row
    fields: tuple[str, ...] = ()


def plan(declared: Iterable[Row], stored: Callable[[type[Row], str], Row | None]) -> tuple[Step, ...]:
    """What would happen to each declared row. Nothing is ever deleted: what a file leaves out stays as it is.

    ValueError for a row that is declared twice.
    """
    steps: dict[tuple[str, str], Step] = {}
    for row in declared:
        key = (row.KIND, row.id)
        if key in steps:
            raise ValueError(f"{row.KIND} {row.id} is declared twice")
        steps[key] = _step(row, stored(type(row), row.id))
    return tuple(steps.values())


def _step(row: Row, before: Row | None) -> Step:
    if before is None:
        return Step(verb="create", row=replace(row, version=1))  # type: ignore[type-var]
    old, new = plain(before), plain(row)
    fields = tuple(
        sorted(name for name in old.keys() | new.keys() if name != "version" and old.get(name) != new.get(name))
    )
    verb: Verb = "change" if fields else "keep"
    return Step(verb=verb, row=replace(row, version=before.version + 1), fields=fields)  # type: ignore[type-var]


def changes(steps: Iterable[Step]) -> tuple[Put, ...]:
    """The changes that a plan makes."""
    return tuple(Put(step.row) for step in steps if step.verb != "keep")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a dataset cannot be registered: which one, the member of its registration, what belongs there."""

    dataset: DatasetId
    member: str
    problem: str

    def __str__(self) -> str:
        return f"{self.dataset}: {self.member}: {self.problem}"


class NotRegistrableError(ValueError):
    """Datasets lack what must be on record, or a fact that a loaded pack needs. Everything missing is named."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


def unregistrable(declared: Iterable[Row], after: Snapshot, at: Seconds) -> tuple[Fault, ...]:
    """What is missing of the declared datasets. `after`: the picture as it would be with all that is declared."""
    return tuple(fault for row in declared if isinstance(row, Dataset) for fault in _faults(row, after, at))


def cautions(declared: Iterable[Row], after: Snapshot) -> tuple[str, ...]:
    """What an operator should know of the declared datasets, and may yet register."""
    found = (row for row in declared if isinstance(row, Dataset))
    return tuple(text for row in found for text in warnings(row, after.get(Committee, row.committee)))


def _faults(row: Dataset, after: Snapshot, at: Seconds) -> Iterable[Fault]:
    found = breadth(after.forms.get(row.id, {}), row.duo, row.certificate.answers, at)
    yield from (Fault(row.id, one.member, f"missing: {one.what}") for one in missing(row, found, at))
    committee = after.get(Committee, row.committee)
    if committee is None or not committee.voters:
        yield Fault(row.id, "committee", f"missing: which organisations vote in {row.committee} (its `voters`)")
    for need in needs(after.rulebook, row.facts, at):
        who = f"policy pack {need.pack} needs it (rule {need.rule})" if need.pack else "every question needs it"
        yield Fault(row.id, f"facts.{need.fact}", f"missing: {who}")


def of_a_demo(rows: Iterable[Row]) -> tuple[str, ...]:
    """What among `rows` only a demo may have (ruling 22): who lets people in, or tells of them, without a page."""
    found: list[str] = []
    for row in rows:
        if isinstance(row, IdentityProvider) and row.silent_sign_in and row.status == "active":
            found.append(f"identity provider {row.id}: silent_sign_in")
        if isinstance(row, Client) and row.consent == "remembered" and row.status == "active":
            found.append(f"client {row.id}: consent: remembered")
    return tuple(found)
