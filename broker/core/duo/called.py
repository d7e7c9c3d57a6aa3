"""Which disease do words mean? By the names that a release gives its terms, and by their codes.

Made once for a release, beside everything else: folding the names of tens of thousands of terms takes a while. Only
whole names and codes are taken for an answer; anything less is a list to choose from.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from itertools import repeat
from operator import contains

from broker.core.duo.ontology import Ontology, curie, kind_of, known, named

LONGEST = 200
"""Characters of a name that is looked for."""
_RANKED = 2_000
"""Of so many at most it is worked out which are nearest, beside those that are called just so."""
FEWEST = 2
"""Letters without which nothing is looked for."""
_MOST_WORDS = 8
_SEVERAL = -1
"""In the place of a term's number, where a name is that of several."""
_APART = re.compile(r"[\W_]+")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*:\S+")
_WITH_CODE = re.compile(r"(.*)\(([A-Za-z][A-Za-z0-9]*:\S+)\)\s*", re.DOTALL)
"""As pages tell a disease: `melanoma (MONDO:0005105)`."""


class Diseases:
    """The names of a release's terms, as they are searched in."""

    def __init__(self, ontology: Ontology) -> None:
        self.ontology = ontology
        synonyms = ontology.synonyms or ("",) * len(ontology.labels)
        self._names = [
            _lines((label, *more.splitlines())) for label, more in zip(ontology.labels, synonyms, strict=True)
        ]
        self._labelled, self._called = dict[str, int](), dict[str, int]()
        for number, names in enumerate(self._names):
            label, *more = names[1:-1].split("\n")
            _note(self._labelled, label, number)
            for name in (label, *more):
                _note(self._called, name, number)

    def meant(self, text: str) -> str | None:
        """The code of the disease that `text` is the code or a whole name of; None: of none, or of several."""
        text = text.strip()[:LONGEST]
        if (found := known(self.ontology, text)) is not None:
            return found
        both = _WITH_CODE.fullmatch(text)
        if both is not None and (found := known(self.ontology, both[2])) is not None:
            name, number = folded(both[1]), self.ontology.numbers[found]
            return found if not name or f"\n{name}\n" in self._names[number] else None
        name = folded(text)
        number = self._labelled.get(name, self._called.get(name, _SEVERAL))
        return self.ontology.names[number] if number != _SEVERAL else None

    def like(self, text: str, most: int) -> list[str]:
        """The codes of those with all these words, or parts of them, in their names; the nearest first."""
        name = folded(text[:LONGEST])
        words = name.split()[:_MOST_WORDS]
        if len(name) < FEWEST:
            return []
        hits: Sequence[int] = range(len(self._names))
        for word in words:
            hits = [number for number in hits if word in self._names[number]]
        just = [number for number in hits if f"\n{name}\n" in self._names[number]]
        near = nsmallest(most, dict.fromkeys([*just, *hits[:_RANKED]]), lambda one: self._far(one, name))
        return [self.ontology.names[number] for number in near]

    def told(self, code: str) -> str:
        """`melanoma (MONDO:0005105)`; what nobody knows as it was written."""
        return named(self.ontology, code)

    def having(self, words: Sequence[str]) -> bytes:
        """By the number of a term, which of at most eight words stand in one of its names; of the first the lowest bit.

        Of a word that is nothing once it is folded, none.
        """
        found = 0
        for place, word in enumerate(words):
            if name := folded(word):
                found |= int.from_bytes(bytes(map(contains, self._names, repeat(name))), "big") << place
        return found.to_bytes(len(self._names), "big")

    def around(self, code: str) -> Sequence[int]:
        """The numbers of it and of all that it is a kind of; of an unknown one, none."""
        number = self.ontology.numbers.get(code)
        if number is None:
            return ()
        starts = self.ontology.starts
        return tuple(self.ontology.ancestors[starts[number] : starts[number + 1]])

    def wider(self, code: str) -> frozenset[str]:
        """It and all that it is a kind of: data for one of these are data for it."""
        return frozenset({code, *kind_of(self.ontology, code)})

    def _far(self, number: int, name: str) -> tuple[int, int, str]:
        """A name that is just these words is nearest, then one that begins with them; then the shorter label."""
        names, label = self._names[number], self.ontology.labels[number]
        place = (
            0 if f"\n{name}\n" in names else 1 if names.startswith(f"\n{name}") else 2 if f"\n{name}" in names else 3
        )
        return place, len(label), label


def _note(names: dict[str, int], name: str, number: int) -> None:
    if name:
        names[name] = number if names.get(name, number) == number else _SEVERAL


def _lines(names: Iterable[str]) -> str:
    """Each name on a line of its own, so that it is seen where one begins and ends."""
    return "\n".join(["", *dict.fromkeys(map(folded, names)), ""])


def is_code(text: str) -> bool:
    """Is it written as codes are? Also one that is not in the list: then a person decides about it."""
    return _CODE.fullmatch(curie(text)) is not None


def folded(name: str) -> str:
    """Capitals, accents and marks between words make no other name; a plus does: HER2+ is not HER2-."""
    name = name.replace("+", " plus ")
    plain = name if name.isascii() else unicodedata.normalize("NFKD", name)
    kept = plain if plain.isascii() else "".join(one for one in plain if not unicodedata.combining(one))
    return _APART.sub(" ", kept.casefold()).strip()
