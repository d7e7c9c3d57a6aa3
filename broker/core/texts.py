"""Which of many texts have a word? What many of them share is looked through once for all of them.

A word has no space in it, so it is a part of one of the words of a text: how often, and where, does not matter.
"""

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from itertools import chain
from operator import and_

_SHARED = 20
"""What more than one text in so many has is kept once for all of them, as the bits of a number, one for each text."""
_FEWEST = 50
"""Texts with a word in common, below which it is kept with each of them."""
_SAMPLE = 2_000
"""Texts by which it is judged how many have a word: a wrong guess costs time, and finds nothing else."""


_ASKED = 300
"""Texts by which it is judged which word is the rarest."""
_ONE = ord("1")
_AS_NUMBERS = bytes.maketrans(b"01", bytes([0, 1]))


class Texts:
    """Texts by their numbers, which they keep; none is ever forgotten, but one may take the place of another."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self.learned = len(texts)
        """Texts from which it was learned what many share."""
        some = texts[:: len(texts) // _SAMPLE + 1]
        counted = Counter(chain.from_iterable(set(text.split()) for text in some))
        marked = {
            word: bytearray(b"0" * len(texts)) for word, n in counted.items() if n > max(_FEWEST, len(some) // _SHARED)
        }
        self._own = list[str]()
        for number, text in enumerate(texts):
            words = set(text.split())
            for word in words & marked.keys():
                marked[word][-1 - number] = _ONE
            self._own.append(" ".join(words - marked.keys()))
        self._shared = {word: int(marks, 2) for word, marks in marked.items()}

    def __len__(self) -> int:
        return len(self._own)

    def put(self, text: str, number: int | None = None) -> int:
        """Its number: `number`, in the place of what was there, or the next."""
        words = set(text.split())
        if number is None:
            number = len(self._own)
            self._own.append("")
        self._own[number] = " ".join(words - self._shared.keys())
        for word, bits in self._shared.items():
            if (word in words) != bool(bits >> number & 1):
                self._shared[word] = bits ^ 1 << number
        return number

    def with_all(self, words: Sequence[str], besides: Sequence[int]) -> bytearray:
        """By the number of a text, 1 for those that have all of `words`; what is rare first, so that little is left.

        `besides`: by the number of a text, which words it is taken to have whatever it says; of the first of `words`
        the lowest bit.
        """
        own, known = self._own, [(self._known(word), 1 << place, word) for place, word in enumerate(words)]
        known.sort(key=lambda one: (self._about(*one[::2]), -len(one[2])))
        kept: Sequence[int] = range(len(own))
        for _, place, word in (one for one in known if not one[0]):
            kept = [n for n in kept if besides[n] & place or word in own[n]]
        shared = [one for one in known if one[0]]
        have_all = self._marks(reduce(and_, (bits for bits, *_ in shared), (1 << len(own)) - 1))
        left = [n for n in kept if not have_all[n]]
        for bits, place, word in shared:
            marks = self._marks(bits)
            left = [n for n in left if marks[n] or besides[n] & place or word in own[n]]
        hit = have_all
        if len(kept) < len(own):
            hit = bytearray(len(own))
            for number in kept:
                hit[number] = have_all[number]
        for number in left:
            hit[number] = 1
        return hit

    def _marks(self, bits: int) -> bytearray:
        """0 or 1 for each text."""
        return bytearray(f"{bits:0{len(self._own)}b}"[::-1].encode().translate(_AS_NUMBERS))

    def _known(self, word: str) -> int:
        """The texts that have it in what they share."""
        found = 0
        for shared, bits in self._shared.items():
            if word in shared:
                found |= bits
        return found

    def _about(self, bits: int, word: str) -> int:
        """How many have it, about."""
        step = len(self._own) // _ASKED + 1
        return bits.bit_count() + step * sum(word in own for own in self._own[::step])
