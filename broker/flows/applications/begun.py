"""What somebody began to mend or to amend in an application that was handed in: kept while they write, for them alone.

One text for each application and purpose. It is of the papers of one turn: once there are others, it is over. As a
draft it gives nobody anything, may be lost, and is judged when it is handed in (ruling 27).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from broker.core.ids import ApplicationId
from broker.core.outcome import Reason
from broker.core.rows import Application
from broker.core.time import Seconds
from broker.flows.applications.drafts import DRAFT_LIFE, mark_of
from broker.flows.world import Caller, World

For = Literal["edit", "amend"]
BEGUN = "begun"
"""Its kind in Scratch; the id is of person, application and purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What is kept for somebody. `value`: None, if it is nothing; `mark`: by which a window knows what it has seen."""

    value: Mapping[str, Any] | None
    mark: str


async def keep(
    w: World, caller: Caller, id: ApplicationId, of: For, value: Mapping[str, Any], seen: str
) -> str | Reason:
    """Keep `value`; its mark. Steps: 1 gather, 2 decide, 3 keep.

    `seen`: the mark of the text that the writer had before them. Is another kept, nothing is written: REQ-STALE.
    """
    # 1. Gather.
    now, row = w.clock.now(), _own(w, caller, id)
    # 2. Decide.
    if row is None:
        return Reason(code="REQ-NOT-FOUND")
    if (await read(w, caller, id, of)).mark != seen:
        return Reason(code="REQ-STALE")
    # 3. Keep.
    kept = {"value": dict(value), "turn": row.turn}
    await w.scratch.put(BEGUN, _key(caller, id, of), kept, Seconds(now + DRAFT_LIFE))
    return mark_of(value)


async def read(w: World, caller: Caller, id: ApplicationId, of: For) -> Begun:
    """What is kept for the caller; nothing, if it is of papers of before."""
    row = _own(w, caller, id)
    if row is None:
        return Begun(value=None, mark="")
    found = await w.scratch.get(BEGUN, _key(caller, id, of), w.clock.now())
    if found is None or found["turn"] != row.turn:
        return Begun(value=None, mark=f"turn {row.turn}")
    return Begun(value=found["value"], mark=mark_of(found["value"]))


async def forget(w: World, caller: Caller, id: ApplicationId, of: For) -> None:
    """Give it up. Twice is once."""
    await w.scratch.take(BEGUN, _key(caller, id, of), w.clock.now())


def _own(w: World, caller: Caller, id: ApplicationId) -> Application | None:
    row = w.snapshots.current().get(Application, id)
    return row if row is not None and caller.person.id in row.people else None


def _key(caller: Caller, id: ApplicationId, of: For) -> str:
    return f"{caller.person.id} {id} {of}"
