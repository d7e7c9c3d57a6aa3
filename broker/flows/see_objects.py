"""What may somebody see of DRS objects? Nothing is recorded: the metadata of listed data are public (ruling 24).

Hidden data are shown to those whom a grant or a visa names, and for everybody else they are not there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.decision.knowing import Knows, acquainted, seen, stranger
from broker.core.drs.bundles import Whole
from broker.core.ids import ObjectId
from broker.core.rows import DrsObject
from broker.core.snapshot import Snapshot
from broker.flows.use_data import dataset_of, question_of
from broker.flows.world import Caller, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An object as somebody may see it, with all of what is in it that they may see."""

    row: DrsObject
    whole: Whole


def see(w: World, caller: Caller | None, objects: Iterable[ObjectId]) -> dict[ObjectId, Seen | None]:
    """What `caller` (None: a stranger) sees of each object; None: there is no such object for them.

    Steps: 1 gather, 2 decide, 3 nothing to record, 4 show. UnboundedError: bundles came to hold one another.
    """
    # 1. Gather.
    snapshot = w.snapshots.current()
    # 2. Decide.
    knows = _knows(w, caller, snapshot)
    found = {id: seen(id, snapshot, knows) for id in objects}
    # 4. Show.
    return {id: Seen(row=one[0], whole=one[1]) if one is not None else None for id, one in found.items()}


def _knows(w: World, caller: Caller | None, snapshot: Snapshot) -> Knows:
    if caller is None:
        return stranger(snapshot)
    return acquainted(question_of(caller, ObjectId(""), dataset_of(None), w.clock.now()), snapshot)


def is_for_all(w: World, object: ObjectId) -> bool:
    """Is this a file of which everybody may know? Then it does not matter who asks."""
    snapshot = w.snapshots.current()
    row = snapshot.get(DrsObject, object)
    return row is not None and not row.is_bundle and stranger(snapshot)(row.dataset)
