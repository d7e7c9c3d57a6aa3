"""What does a catalogue change, and may its datasets be registered? A plan that people can read before it runs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from broker.core.breadth import breadth
from broker.core.decision.knowing import nodes
from broker.core.drs.bundles import wrong_with
from broker.core.ids import DatasetId, GrantId, Issuer, ObjectId
from broker.core.jurisdiction.needs import needs
from broker.core.plain import plain
from broker.core.purpose import Purpose
from broker.core.rows import Client, Committee, Dataset, DrsObject, IdentityProvider, Put, Row
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
    """Why a dataset, or an `object` of it, cannot be registered: the member that is wrong, what belongs there."""

    dataset: DatasetId
    member: str
    problem: str
    object: ObjectId | None = None

    def __str__(self) -> str:
        return f"{self.object or self.dataset}: {self.member}: {self.problem}"


class NotRegistrableError(ValueError):
    """Datasets lack what must be on record, or a fact that a loaded pack needs. Everything missing is named."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


def unregistrable(declared: Iterable[Row], after: Snapshot, at: Seconds) -> tuple[Fault, ...]:
    """What is missing of what is declared. `after`: the picture as it would be with all of it."""
    rows = list(declared)
    of_datasets = (fault for row in rows if isinstance(row, Dataset) for fault in _faults(row, after, at))
    of_bundles = _bundle_faults(after) if any(isinstance(row, DrsObject) for row in rows) else ()
    return (*of_datasets, *of_bundles)


def other_content(row: Row, before: Row | None) -> str | None:
    """Why `row` must not take the place of `before`: one id of a DRS object always means the same content."""
    if not isinstance(row, DrsObject) or not isinstance(before, DrsObject):
        return None
    same = row.members == before.members and row.checksums.get("sha-256") == before.checksums.get("sha-256")
    return None if same else f"object {row.id} has other content than before: give that an id of its own"


def _bundle_faults(after: Snapshot) -> Iterable[Fault]:
    """What is wrong with a bundle, declared now or before: what is declared may close a circle around it."""
    look = nodes(after, lambda _: True)
    for dataset in after.all(Dataset):
        for row in after.objects(dataset.id):
            wrong = wrong_with(row.id, look) if row.is_bundle else None
            if wrong is not None:
                member, _, problem = wrong.partition(": ")
                yield Fault(row.dataset, member, problem, row.id)


def cautions(declared: Iterable[Row], after: Snapshot) -> tuple[str, ...]:
    """What an operator should know of the declared datasets, and may yet register."""
    rows = list(declared)
    found = (row for row in rows if isinstance(row, Dataset))
    of_datasets = (text for row in found for text in warnings(row, after.get(Committee, row.committee)))
    bundles = (row for row in rows if isinstance(row, DrsObject) and row.is_bundle and _listed(row.dataset, after))
    partly = (row for row in bundles if any(not _seen(member.object, after) for member in row.members))
    return (*of_datasets, *(f"object {row.id}: strangers see this bundle without its hidden members" for row in partly))


def _seen(id: ObjectId, after: Snapshot) -> bool:
    row = after.get(DrsObject, id)
    return row is not None and _listed(row.dataset, after)


def _listed(id: DatasetId, after: Snapshot) -> bool:
    row = after.get(Dataset, id)
    return row is not None and row.existence == "listed"


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
