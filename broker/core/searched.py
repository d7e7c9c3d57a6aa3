"""Which datasets are there, and what is searched in? Folded once for each version of a row, for there may be many.

A dataset for research on certain diseases is found by their names too, by those of what they are a kind of, and by the
whole name of any disease that it may be used for.

Made when a broker starts, and followed change by change: nobody who searches waits for it. Of a picture that was not
followed it is made anew.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from broker.core.duo.called import Diseases, folded
from broker.core.duo.ontology import Ontology, known
from broker.core.ids import DatasetId
from broker.core.rows import Dataset, Row
from broker.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Found:
    """A dataset and what is searched in."""

    row: Dataset
    text: str
    codes: frozenset[str]
    diseases: frozenset[str] = frozenset()


class Searched:
    """The datasets of the newest picture, in order of id."""

    def __init__(self) -> None:
        self._made_of: object = None
        self._ids: list[DatasetId] = []
        self._found: list[Found] = []
        self._called: dict[str, frozenset[DatasetId]] = {}
        """By a whole title or an id, folded: which datasets are called so."""
        self._diseases: Diseases | None = None
        self._around: dict[str, frozenset[str]] = {}
        """By the code of a disease that some dataset is for: itself, and all that it is a kind of."""

    def diseases(self, ontology: Ontology) -> Diseases:
        """The names of its terms."""
        if self._diseases is None or self._diseases.ontology is not ontology:
            self._diseases, self._around = Diseases(ontology), {}
            self._made_of, self._found = None, []
        return self._diseases

    def with_words(self, snapshot: Snapshot, fits: list[Found], words: Sequence[str]) -> list[Found]:
        """Those of `fits`, some of `of(snapshot)`, that have the words or are for a disease that has them."""
        diseases, kept = self.diseases(snapshot.ontology), fits
        having = {word: diseases.having(folded(word)) if self._around else frozenset[str]() for word in words}
        for word in sorted(words, key=lambda one: (len(having[one]), -len(one))):  # what is rare leaves little
            kept = self._with(word, having[word], kept)
        whole = diseases.meant(" ".join(words)) if words and self._around else None
        if whole is None:
            return kept
        wider, there = diseases.wider(whole), set(map(_id, kept))
        more = [one for one in fits if one.diseases and not wider.isdisjoint(one.diseases) and _id(one) not in there]
        return sorted([*kept, *more], key=_id) if more else kept

    def _with(self, word: str, having: frozenset[str], fits: list[Found]) -> list[Found]:
        """Those of `fits` with `word` in their text, or for a disease that is, or is a kind of, one of `having`."""
        few = len(fits) < len(self._around)
        named: Iterable[str] = {code for one in fits for code in one.diseases} if few else self._around
        near = {code for code in named if not self._around[code].isdisjoint(having)} if having else set[str]()
        if not near:
            return [one for one in fits if word in one.text]
        return [one for one in fits if word in one.text or not near.isdisjoint(one.diseases)]

    def of(self, snapshot: Snapshot) -> list[Found]:
        """Those of `snapshot`; nobody changes the list."""
        self.diseases(snapshot.ontology)
        made_of = _datasets(snapshot)
        if self._made_of is not made_of:
            before = {one.row.id: one for one in self._found}
            rows = snapshot.all(Dataset)
            self._found = [self._again(row, before.get(row.id), snapshot.ontology) for row in rows]
            self._ids = [row.id for row in rows]
            self._called = {}
            for row in rows:
                self._call(row)
            self._made_of = made_of
        return self._found

    def called(self, snapshot: Snapshot, name: str) -> list[Dataset]:
        """Those whose whole title or id this is, in order of id; nothing is searched for it."""
        self.of(snapshot)
        ids = sorted(self._called.get(_whole(name), ()))
        return [row for id in ids if (row := snapshot.get(Dataset, id)) is not None]

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
                found.insert(place, self._of(row, after.ontology))
            else:
                self._call(found[place].row, known=False)
                found[place] = self._of(row, after.ontology)
            self._call(row)
        self._found, self._ids, self._made_of = found, ids, _datasets(after)

    def _again(self, row: Dataset, before: Found | None, ontology: Ontology) -> Found:
        return before if before is not None and before.row is row else self._of(row, ontology)

    def _of(self, row: Dataset, ontology: Ontology) -> Found:
        text = f"{row.title} {row.description} {row.id}".casefold()
        codes, written = frozenset(term.code for term in row.duo), [one for term in row.duo for one in term.diseases]
        if not written:
            return Found(row, text, codes)
        diseases = self.diseases(ontology)
        live = frozenset(known(ontology, one) or one for one in written)
        self._around |= {one: diseases.wider(one) for one in live if one not in self._around}
        return Found(row, text, codes, live)

    def _call(self, row: Dataset, *, known: bool = True) -> None:
        for name in {_whole(row.title), _whole(row.id)}:
            others = self._called.get(name, frozenset()) - {row.id}
            self._called[name] = others | {row.id} if known else others


def _whole(name: str) -> str:
    """Capitals and spaces make no other name."""
    return " ".join(name.casefold().split())


def _id(one: Found) -> DatasetId:
    return one.row.id


def _datasets(snapshot: Snapshot) -> object:
    """The part of the picture that says which there are; another object whenever one of them changed."""
    return snapshot.index.get(("all", Dataset.KIND))
