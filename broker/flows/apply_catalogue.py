"""An operator applies a catalogue: shown as a plan first, then all of it in one transaction or none."""

from collections.abc import Iterable

from broker.core.audit.entry import Value
from broker.core.catalogue import Step, changes, plan
from broker.core.plain import digest
from broker.core.rows import Person, Row
from broker.flows.world import World


async def foresee(w: World, declared: Iterable[Row]) -> tuple[Step, ...]:
    """The plan: what would be created and changed. Nothing is written. ValueError: declared twice."""
    rows = tuple(declared)
    stored: dict[tuple[str, str], Row | None] = {
        (row.KIND, row.id): await w.rows.get(type(row), row.id) for row in rows
    }
    return plan(rows, lambda kind, name: stored[kind.KIND, name])


async def apply(w: World, steps: tuple[Step, ...], by: Person | None) -> int:
    """Steps: 1 gathered by `foresee`, 2 nothing to decide, 3 record all of it, 4 say how much changed.

    StaleError: somebody changed one of the rows since the plan was made; nothing was stored.
    """
    puts = changes(steps)
    if not puts:
        return 0
    told: dict[str, Value] = {"rows": len(puts), "plan": digest([put.row for put in puts])}
    await w.ledger.record(w.entry("catalogue.applied", w.clock.now(), by, told), *puts)
    return len(puts)
