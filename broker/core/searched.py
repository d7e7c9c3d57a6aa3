"""Which datasets are there, and what is searched in? Folded once for each version of a row, for there may be many.

A dataset for research on certain diseases is found by their names too, by those of what they are a kind of, and by the
whole name of any disease that it may be used for.

Made when a broker starts, and followed change by change: nobody who searches waits for it. Of a picture that was not
followed it is made anew.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from broker.core.duo.called import Diseases
from broker.core.duo.ontology import Ontology, known
from broker.core.ids import DatasetId
from broker.core.rows import Dataset, Row
from broker.core.snapshot import Snapshot
from broker.core.texts import Texts

_FEW = 1_000
"""Datasets up to which it does not matter what they share."""


@dataclass(frozen=True, slots=True)
class Found:
    """A dataset, and what is searched in: the codes and diseases of its conditions, and its text, by a number."""

    row: Dataset
    text: int = field(compare=False)
    codes: frozenset[str]
    diseases: frozenset[str] = frozenset()


class Searched:
    """The datasets of the newest picture, in order of id."""

    def __init__(self) -> None:
        self._made_of: object = None
        self._ids: list[DatasetId] = []
        self._found: list[Found] = []
        self._texts = Texts()
        self._called: dict[str, frozenset[DatasetId]] = {}
        """By a whole title or an id, folded: which datasets are called so."""
        self._diseases: Diseases | None = None
        self._around: dict[str, Sequence[int]] = {}
        """By the code of a disease that some dataset is for: the numbers of itself, and of all that it is a kind of."""

    def diseases(self, ontology: Ontology) -> Diseases:
        """The names of its terms."""
        if self._diseases is None or self._diseases.ontology is not ontology:
            self._diseases, self._around = Diseases(ontology), {}
            self._made_of, self._found = None, []
        return self._diseases

    def with_words(self, snapshot: Snapshot, words: Sequence[str]) -> list[Found]:
        """Those of `of(snapshot)` that have the words, eight at most, or are for a disease that has them."""
        every = self.of(snapshot)
        if not words:
            return every
        diseases, for_some = self.diseases(snapshot.ontology), [one for one in every if one.diseases]
        telling = _telling(words)
        hit = self._texts.with_all(telling, self._named(diseases, telling, for_some))
        whole = diseases.meant(" ".join(words)) if for_some else None
        if whole is not None:
            wider = diseases.wider(whole)
            for one in for_some:
                hit[one.text] |= not wider.isdisjoint(one.diseases)
        return [one for one in every if hit[one.text]]

    def _named(self, diseases: Diseases, words: Sequence[str], for_some: Sequence[Found]) -> Sequence[int]:
        """By the number of a text, which words stand in a name of a disease that its data are for, or of a wider."""
        named = bytearray(len(self._texts))
        if not for_some:
            return named
        having, of_code = diseases.having(words), dict[str, int]()
        for code, numbers in self._around.items():
            found = 0
            for number in numbers:
                found |= having[number]
            of_code[code] = found
        for one in for_some:
            for code in one.diseases:
                named[one.text] |= of_code[code]
        return named

    def of(self, snapshot: Snapshot) -> list[Found]:
        """Those of `snapshot`; nobody changes the list."""
        self.diseases(snapshot.ontology)
        made_of = _datasets(snapshot)
        if self._made_of is not made_of:
            rows = snapshot.all(Dataset)
            self._texts = Texts([_text(row) for row in rows])
            self._found = [self._of(row, number, snapshot.ontology) for number, row in enumerate(rows)]
            self._ids = [row.id for row in rows]
            self._called = {}
            for row in rows:
                self._call(row)
            self._made_of = made_of
        return self._found

    def ids(self, snapshot: Snapshot) -> Sequence[DatasetId]:
        """Those of `snapshot`, in order; nobody changes them."""
        self.of(snapshot)
        return self._ids

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
        if len(self._ids) + len(changed) > 2 * max(self._texts.learned, _FEW):
            self.of(after)  # twice as many share other words
            return
        found, ids = list(self._found), list(self._ids)  # whoever searches now goes on with the list they have
        for row in changed:
            place = bisect_left(ids, row.id)
            if place == len(ids) or ids[place] != row.id:
                ids.insert(place, row.id)
                found.insert(place, self._of(row, self._texts.put(_text(row)), after.ontology))
            else:
                self._call(found[place].row, known=False)
                number = self._texts.put(_text(row), found[place].text)
                found[place] = self._of(row, number, after.ontology)
            self._call(row)
        self._found, self._ids, self._made_of = found, ids, _datasets(after)

    def _of(self, row: Dataset, text: int, ontology: Ontology) -> Found:
        codes, written = frozenset(term.code for term in row.duo), [one for term in row.duo for one in term.diseases]
        if not written:
            return Found(row, text, codes)
        diseases = self.diseases(ontology)
        live = frozenset(known(ontology, one) or one for one in written)
        self._around |= {one: diseases.around(one) for one in live if one not in self._around}
        return Found(row, text, codes, live)

    def _call(self, row: Dataset, *, known: bool = True) -> None:
        for name in {_whole(row.title), _whole(row.id)}:
            others = self._called.get(name, frozenset()) - {row.id}
            self._called[name] = others | {row.id} if known else others


def _whole(name: str) -> str:
    """Capitals and spaces make no other name."""
    return " ".join(name.casefold().split())


def _text(row: Dataset) -> str:
    """With what its id begins with alone too: that is a part of it, and many have it."""
    begin, slash, _ = row.id.rpartition("/")
    return f"{row.title} {row.description} {row.id} {begin}{slash}".casefold()


def _telling(words: Sequence[str]) -> Sequence[str]:
    """Without those that are part of another: whatever has that has them too."""
    return [one for one in dict.fromkeys(words) if not any(one in other for other in words if one != other)]


def _datasets(snapshot: Snapshot) -> object:
    """The part of the picture that says which there are; another object whenever one of them changed."""
    return snapshot.index.get(("all", Dataset.KIND))
