"""The files of a dataset, of which there may be very many: how many and how large, and a page at a time."""

from collections.abc import Mapping
from heapq import nsmallest
from typing import cast

from broker.core.ids import DatasetId
from broker.core.rows import DrsObject
from broker.core.snapshot import Snapshot


def extent(snapshot: Snapshot, dataset: DatasetId) -> tuple[int, int]:
    """How many objects a dataset has, and how many bytes in all."""
    found = _of(snapshot, dataset)
    return len(found), sum(row.size for row in found.values())


def files_after(snapshot: Snapshot, dataset: DatasetId, after: str | None, most: int) -> tuple[DrsObject, ...]:
    """The first `most` objects of a dataset whose ids come after `after`, in order of id; without putting all in
    order.
    """
    found = _of(snapshot, dataset)
    ids = nsmallest(most, (id for id in found if after is None or id > after))
    return tuple(found[id] for id in ids)


def _of(snapshot: Snapshot, dataset: DatasetId) -> Mapping[str, DrsObject]:
    return cast("Mapping[str, DrsObject]", snapshot.index.get(("dataset", dataset)) or {})
