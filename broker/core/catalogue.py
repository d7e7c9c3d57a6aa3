"""What does a catalogue change? Declared rows against stored ones: a plan that people can read before it runs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from broker.core.ids import DatasetId, GrantId, Issuer
from broker.core.plain import plain
from broker.core.purpose import Purpose
from broker.core.rows import Client, IdentityProvider, Put, Row
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


def of_a_demo(rows: Iterable[Row]) -> tuple[str, ...]:
    """What among `rows` only a demo may have (ruling 22): who lets people in, or tells of them, without a page."""
    found: list[str] = []
    for row in rows:
        if isinstance(row, IdentityProvider) and row.silent_sign_in and row.status == "active":
            found.append(f"identity provider {row.id}: silent_sign_in")
        if isinstance(row, Client) and row.consent == "remembered" and row.status == "active":
            found.append(f"client {row.id}: consent: remembered")
    return tuple(found)
