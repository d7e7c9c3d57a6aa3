"""Which DRS objects may somebody know of, and what do they see of a bundle? (ruling 24)

Listed data are known to everybody. Hidden ones are known to those whom a grant or a visa names that their credentials
show, whatever the other gates say; to everybody else they are not there.
"""

from collections.abc import Callable

from broker.core.copied import copied
from broker.core.decision.entitlement import entitlements
from broker.core.decision.evaluate import Asker, asker_of
from broker.core.decision.question import Question
from broker.core.drs.bundles import Look, Node, Whole, whole
from broker.core.ids import DatasetId, ObjectId
from broker.core.rows import Dataset, DrsObject
from broker.core.snapshot import Snapshot

_NO_DATASET = DatasetId("")
"""Of which an unknown object is."""

Knows = Callable[[DatasetId], bool]
"""May whoever asks know that there is this dataset?"""


def stranger(snapshot: Snapshot) -> Knows:
    """What anybody may know."""

    def knows(dataset: DatasetId) -> bool:
        row = snapshot.get(Dataset, dataset)
        return row is not None and row.existence == "listed"

    return knows


def acquainted(question: Question, snapshot: Snapshot) -> Knows:
    """What who asks `question`, a use, may know. Who that is, is looked up when first something is not listed; each
    dataset is asked about once, one that is not there too.
    """
    listed, held = stranger(snapshot), dict[DatasetId, bool]()
    asker: Asker | None = None

    def knows(dataset: DatasetId) -> bool:
        nonlocal asker
        if listed(dataset):
            return True
        if asker is None:
            asker = asker_of(question, snapshot)
        if dataset not in held:
            asked = copied(asker.question, dataset=dataset)
            held[dataset] = bool(entitlements(asked, asker.visas, snapshot))
        return held[dataset] and snapshot.get(Dataset, dataset) is not None

    return knows


def nodes(snapshot: Snapshot, knows: Knows) -> Look:
    """Objects as bundles see them: those of datasets of which one may know."""

    def look(id: str) -> Node | None:
        row = snapshot.get(DrsObject, id)
        known = knows(row.dataset if row is not None else _NO_DATASET)  # asked of both, or the time would tell
        if row is None or not known:
            return None
        return Node(
            size=row.size,
            checksums=row.checksums,
            members=tuple([(member.name, member.object) for member in row.members]),
        )

    return look


def seen(id: ObjectId, snapshot: Snapshot, knows: Knows) -> tuple[DrsObject, Whole] | None:
    """The object as who asks may see it. None: there is none for them. UnboundedError: bundles.whole."""
    row = snapshot.get(DrsObject, id)
    found = whole(id, nodes(snapshot, knows))
    return None if row is None or found is None else (row, found)


def held_by_all(snapshot: Snapshot) -> tuple[int, int]:
    """How many objects there are of which anybody may know, and how many bytes their files have together.

    Remembered while no row about data changes: anybody may ask for it, as often as they like.
    """
    witnesses = (snapshot.data,)
    known = snapshot.memory.recall(_HELD, witnesses)
    if isinstance(known, tuple):
        return known
    rows = [row for one in snapshot.all(Dataset) if one.existence == "listed" for row in snapshot.objects(one.id)]
    found = len(rows), sum(row.size for row in rows)
    snapshot.memory.keep(_HELD, witnesses, found)
    return found


_HELD = "held by all"
