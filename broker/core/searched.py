"""Which datasets are there, and what is searched in? Folded once for each version of a row, for there may be many.

Made when a broker starts, and followed change by change: nobody who searches waits for it. Of a picture that was not
followed it is made anew.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.ids import DatasetId
from broker.core.rows import Dataset, Row
from broker.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Found:
    """A dataset and what is searched in."""

    row: Dataset
    text: str
    codes: frozenset[str]


class Searched:
    """The datasets of the newest picture, in order of id."""

    def __init__(self) -> None:
        self._made_of: object = None
        self._ids: list[DatasetId] = []
        self._found: list[Found] = []

    def of(self, snapshot: Snapshot) -> list[Found]:
        """Those of `snapshot`; nobody changes the list."""
        made_of = _datasets(snapshot)
        if self._made_of is not made_of:
            known = {one.row.id: one for one in self._found}
            rows = snapshot.all(Dataset)
            self._found = [_again(row, known.get(row.id)) for row in rows]
            self._ids = [row.id for row in rows]
            self._made_of = made_of
        return self._found

    def follow(self, before: Snapshot, rows: Iterable[Row], after: Snapshot) -> None:
        """`rows` made `after` of `before`. Nothing, where it is not `before` that is known: that is made anew."""
        changed = [row for row in rows if isinstance(row, Dataset)]
        if not changed or self._made_of is not _datasets(before):
            return
        found, ids = list(self._found), list(self._ids)  # whoever searches now goes on with the list they have
        for row in changed:
            place = bisect_left(ids, row.id)
            if place == len(ids) or ids[place] != row.id:
                ids.insert(place, row.id)
                found.insert(place, _of(row))
            else:
                found[place] = _of(row)
        self._found, self._ids, self._made_of = found, ids, _datasets(after)


def _datasets(snapshot: Snapshot) -> object:
    """The part of the picture that says which there are; another object whenever one of them changed."""
    return snapshot.index.get(("all", Dataset.KIND))


def _again(row: Dataset, known: Found | None) -> Found:
    return known if known is not None and known.row is row else _of(row)


def _of(row: Dataset) -> Found:
    text = f"{row.title} {row.description} {row.id}".casefold()
    return Found(row, text, frozenset(term.code for term in row.duo))
