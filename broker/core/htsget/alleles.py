"""Which alleles of a record may be shown once somebody is gone, and how are they written?

Only those that somebody who is left carries. Whoever is gone is not looked at, so that nothing depends on what they
had: not whether the record is there, nor where it begins, nor how long its alleles are. What cannot be written without
them is left out as a whole, and looks like a place where nobody who is left differs. (VCF 4.3 sections 1.6.1 and 5)
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

MAX_MOVE: Final = 1000
"""Bases by which a record may move to where its alleles first differ; one that would move farther is left out."""

_BASES = re.compile(rb"[A-Za-z]+")
_OF_OTHERS: Final = frozenset({b"*", b"<*>", b"<NON_REF>"})
"""Alleles that say something of another place, or of whatever else there may be; none of them makes a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alleles:
    """What is left. `stay`: the old numbers of those that stay, as they are numbered now; the reference is 0."""

    stay: tuple[int, ...]
    written: tuple[bytes, ...]
    """How they are written now."""
    moved: int
    """By how many bases the record begins later."""
    structural: bool
    """Are there some that are no sequence of bases (`<DEL>`, breakends)? They all stayed, as they were."""


def alleles_left(given: Sequence[bytes], carried: Collection[int]) -> Alleles | None:
    """What is left of alleles, the reference first, of which those who are left carry `carried`; None: no record."""
    others = sorted(set(carried) & {at for at, one in enumerate(given) if at and one in _OF_OTHERS})
    real = [0, *(at for at in range(1, len(given)) if at in carried and at not in others)]
    if len(real) == 1:
        return None
    if not all(_BASES.fullmatch(given[at]) for at in real):  # END and the like are of all alleles of the record
        kept = Alleles(stay=tuple(range(len(given))), written=tuple(given), moved=0, structural=True)
        return kept if len(real) + len(others) == len(given) else None
    moved, short = shortest([given[at] for at in real])
    if moved > MAX_MOVE or (moved and others):  # `*` may be wrong at another place
        return None
    ordered = sorted(zip(short[1:], real[1:], strict=True))  # callers order by how often each was seen in all
    written = (short[0], *(one for one, _ in ordered), *(given[at] for at in others))
    return Alleles(stay=(0, *(at for _, at in ordered), *others), written=written, moved=moved, structural=False)


def shortest(alleles: Sequence[bytes]) -> tuple[int, list[bytes]]:
    """The alleles without the end and then the beginning that all have in common, and how long that beginning was.

    One base is left of each, as the format demands: a longer form would show that somebody had another allele.
    """
    spare = min(map(len, alleles)) - 1
    end = _common([one[: -spare - 1 : -1] for one in alleles])
    begin = _common([one[: spare - end] for one in alleles])
    return begin, [one[begin : len(one) - end] for one in alleles]


def _common(parts: Sequence[bytes]) -> int:
    """How many bases they begin with that are the same in all."""
    return len(list(takewhile(lambda column: len(set(column)) == 1, zip(*(one.upper() for one in parts), strict=True))))
