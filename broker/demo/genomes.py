"""Which bases do nobody's genomes have? A made-up reference, where people differ, and reads of it.

All randomness is SHAKE-256 of the seed: the same seed gives the same genomes on every machine.
"""

import hashlib
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from broker.demo.people import PARTICIPANTS

CONTIGS: Final = (("demo1", 120_000), ("demo2", 60_000))
"""Name and length of each."""
READ: Final = 150
"""Bases of one read; a pair has two reads."""
PAIRS: Final = (42_000, 900, 900, 900)
"""Read pairs per participant. The first file takes long enough to be interrupted, or cut while it runs."""
SITES: Final = 400
"""Positions drawn at which people may differ."""

FIRST_OF_PAIR, SECOND_OF_PAIR = 0x63, 0x93
"""SAM flags: paired, properly; first forward and its mate reverse, or second reverse."""

_INSERT: Final = (300, 200)
"""The shortest template, and how much longer one may be."""
_QUALITIES: Final = bytes(20 + value % 22 for value in range(256))
_BASES: Final = bytes(b"ACGT"[value % 4] for value in range(256))


class Site(NamedTuple):
    """A position (from 0) and, for each participant, the bases of both copies: 0 is `ref`, 1 is `alt`."""

    contig: int
    at: int
    ref: str
    alt: str
    alleles: tuple[tuple[int, int], ...]


class Read(NamedTuple):
    """One read as a BAM has it; positions count from 0, `qualities` are Phred scores as bytes."""

    contig: int
    at: int
    name: str
    flag: int
    mate: int
    template: int
    bases: str
    qualities: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Genomes:
    """The reference, contig by contig, and the sites in order of position."""

    seed: int
    reference: tuple[str, ...]
    sites: tuple[Site, ...]


def make_genomes(seed: int) -> Genomes:
    """The reference and the sites of a seed."""
    reference = tuple(_stream(seed, f"contig {name}", length).translate(_BASES).decode() for name, length in CONTIGS)
    numbers, sites = _numbers(seed, "sites", SITES * (2 + len(PARTICIPANTS))), dict[tuple[int, int], Site]()
    for _ in range(SITES):
        contig, at = _place(next(numbers), margin=0)
        ref = reference[contig][at]
        alt = "ACGT".replace(ref, "")[next(numbers) % 3]
        alleles = tuple(_alleles(next(numbers)) for _ in PARTICIPANTS)
        sites[contig, at] = Site(contig, at, ref, alt, alleles)
    return Genomes(seed=seed, reference=reference, sites=tuple(sites[key] for key in sorted(sites)))


def make_reads(made: Genomes, who: int) -> Iterator[Read]:
    """The reads of participant number `who`, sorted by position. Each agrees with one of their two copies."""
    pairs, sample = PAIRS[who], PARTICIPANTS[who].sample
    numbers = _numbers(made.seed, f"reads {sample}", pairs * 3)
    qualities = _stream(made.seed, f"qualities {sample}", pairs * 2 * READ).translate(_QUALITIES)
    copies, ends = _copies(made, who), list[tuple[int, int, str, int, int, int, str]]()
    for pair in range(pairs):
        template = _INSERT[0] + next(numbers) % _INSERT[1]
        contig, start = _place(next(numbers), margin=template)
        bases, name, end = copies[next(numbers) % 2][contig], f"{sample}:{pair:06d}", start + template - READ
        ends.append((contig, start, name, FIRST_OF_PAIR, end, template, bases[start : start + READ]))
        ends.append((contig, end, name, SECOND_OF_PAIR, start, -template, bases[end : end + READ]))
    for number, fields in enumerate(sorted(ends)):
        yield Read(*fields, qualities[number * READ : (number + 1) * READ])


def _alleles(draw: int) -> tuple[int, int]:
    """Each copy differs from the reference once in three times."""
    return int(draw % 3 == 0), int(draw // 3 % 3 == 0)


def _copies(made: Genomes, who: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Both copies of a participant's genome, contig by contig."""
    both = (
        [bytearray(ref.encode()) for ref in made.reference],
        [bytearray(ref.encode()) for ref in made.reference],
    )
    for site in made.sites:
        for copy, allele in zip(both, site.alleles[who], strict=True):
            copy[site.contig][site.at] = ord(site.alt if allele else site.ref)
    first, second = (tuple(contig.decode() for contig in copy) for copy in both)
    return first, second


def _place(draw: int, *, margin: int) -> tuple[int, int]:
    """A contig, by its share of the whole, and a position on it that leaves `margin` bases to its end."""
    at, whole = draw % sum(length for _, length in CONTIGS), 0
    for contig, (_, length) in enumerate(CONTIGS):
        if at < whole + length:
            return contig, min(at - whole, length - max(margin, 1))
        whole += length
    raise AssertionError("a position is on some contig")


def _stream(seed: int, purpose: str, length: int) -> bytes:
    """`length` bytes that look random, for one purpose."""
    return hashlib.shake_256(f"broker demo data {seed} {purpose}".encode()).digest(length)


def _numbers(seed: int, purpose: str, count: int) -> Iterator[int]:
    """`count` numbers below 2**32."""
    values = array("I", _stream(seed, purpose, count * 4))
    if sys.byteorder == "big":
        values.byteswap()
    return iter(values)
