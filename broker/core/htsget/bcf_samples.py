"""How is a participant taken out of a BCF file of many? As out of a VCF file (samples.py), record by record.

The rules are those of samples.py; here is only how records are taken apart and put together. The dictionary of the
header stays as it was, each entry with its number: records name INFO, FORMAT and FILTER by it. (BCF2.2, VCF 4.3
section 6)
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from broker.core.htsget.bcf_values import (
    CHARACTERS,
    FLOATS,
    INTEGERS,
    Row,
    Vector,
    floats,
    integers,
    kept,
    rows,
    scalar,
    text,
    vector,
)
from broker.core.htsget.reading import MalformedError
from broker.core.htsget.samples import COUNTED, FIXED, SITE, columns_left, numbers_of, stays, without_padding

MAX_RECORD: Final = 64 << 20
"""Longest record that is read."""

_LENGTHS = Struct("<II")
_SITE = Struct("<iii4sII")
_NUMBERED = re.compile(rb"##(FILTER|INFO|FORMAT|contig)=<ID=([^,>]+)")
_IDX = re.compile(rb",IDX=([0-9]{1,9})(?=[,>])")
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_GENOTYPE = b"GT"


@dataclass(frozen=True, slots=True)
class BcfFilter:
    """Takes genotypes out of the records of one file. `keep` and `drop`: places of samples, from 0."""

    keep: tuple[int, ...]
    drop: tuple[int, ...]
    numbers: Mapping[tuple[bytes, bytes], bytes]
    """How many values an INFO or FORMAT member has, as the header says it."""
    names: Mapping[int, bytes]
    """What INFO and FORMAT members are called, by the numbers that records use."""
    header: bytes
    """The header of the file that is left."""

    def whole(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The whole records at the beginning of `data`, and what is left behind them. MalformedError."""
        found, at = list[bytes](), 0
        while at + _LENGTHS.size <= len(data):
            length = _LENGTHS.size + sum(_LENGTHS.unpack_from(data, at))
            if length > MAX_RECORD:
                raise MalformedError("a BCF record that is too large")
            if at + length > len(data):
                break
            found.append(data[at : at + length])
            at += length
        return found, data[at:]

    def records(self, whole: Iterable[bytes]) -> bytes:
        """What is left of whole records, in order. MalformedError for one that is none of this file."""
        return b"".join(left for one in whole if (left := self.record(one)) is not None)

    def record(self, given: bytes) -> bytes | None:
        """What is left of one record; None if nothing is."""
        one = _taken_apart(given, len(self.keep) + len(self.drop))
        if not one.members or self.names.get(one.members[0][0]) != _GENOTYPE:
            return None
        _, called = one.members[0]
        genotypes = rows(one.given, called, one.samples)
        left = [genotypes[at] for at in self.keep]
        alts = len(one.alleles) - 1
        counts = _counted(left, alts)
        gone = _counted([genotypes[at] for at in self.drop], alts).keys() - counts.keys() - {0}
        if gone and len(gone) == alts:
            return None
        stay = [0, *(at for at in range(1, alts + 1) if at not in gone)]
        places = {old: new for new, old in enumerate(stay)}
        left = [[_renumbered(value, places) for value in row] for row in left]
        alleles, rlen = [one.alleles[at] for at in stay], one.rlen
        if alts:
            ref, others = without_padding(alleles[0], alleles[1:])
            rlen = len(ref) if rlen == len(alleles[0]) else rlen
            alleles = [ref, *others]
        info = self._info(one, _counted(left, len(alleles) - 1), len(alleles) - 1, sum(map(_is_called, left)))
        members = [(key, where) for key, where in one.members[1:] if self._is_fixed(b"FORMAT", key)]
        made = [integers([[one.members[0][0]]]) + integers(left)]
        made += [integers([[key]]) + kept(one.given, where, one.samples, self.keep) for key, where in members]
        site = _SITE.pack(
            one.chrom, one.pos, rlen, one.qual, len(alleles) << 16 | len(info), len(made) << 24 | len(self.keep)
        )
        shared = b"".join([site, one.id, *map(text, alleles), one.filters, *info])
        indiv = b"".join(made)
        return _LENGTHS.pack(len(shared), len(indiv)) + shared + indiv

    def _info(self, one: "_Record", counts: Mapping[int, int], alts: int, called: int) -> list[bytes]:
        """The INFO members that stay, the counted ones as they are now."""
        total = sum(counts.values())
        each = [counts.get(at, 0) for at in range(1, alts + 1)]
        shares = [count / total if total else None for count in each]
        anew = {b"AC": each, b"AN": [total], b"NS": [called]}
        found = []
        for key, where, raw in one.info:
            name = self.names.get(key, b"")
            if name in anew and where.type in INTEGERS:
                found.append(integers([[key]]) + integers([anew[name]]))
            elif name == b"AF" and where.type == FLOATS:
                found.append(integers([[key]]) + floats(shares or [None]))
            elif name not in COUNTED and name in SITE and self._is_fixed(b"INFO", key):
                found.append(raw)
        return found

    def _is_fixed(self, kind: bytes, key: int) -> bool:
        """Has it as many values whatever alleles there are?"""
        return self.numbers.get((kind, self.names.get(key, b"")), b".").isdigit()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A record, taken apart. `id`, `filters` and the last of each `info` are its own bytes."""

    given: bytes
    samples: int
    chrom: int
    pos: int
    rlen: int
    qual: bytes
    id: bytes
    alleles: list[bytes]
    filters: bytes
    info: list[tuple[int, Vector, bytes]]
    members: list[tuple[int, Vector]]
    """FORMAT: key, and the list of the first sample."""


def _taken_apart(given: bytes, samples: int) -> _Record:
    """MalformedError: it is none, or of another number of samples."""
    if len(given) < _LENGTHS.size + _SITE.size:
        raise MalformedError("a BCF record that is cut short")
    shared, _ = _LENGTHS.unpack_from(given)
    chrom, pos, rlen, qual, sizes, counts = _SITE.unpack_from(given, _LENGTHS.size)
    if counts & 0xFFFFFF != samples:
        raise MalformedError("a BCF record with other samples than the header")
    at = _LENGTHS.size + _SITE.size
    id_end = vector(given, at).end
    id, at, alleles = given[at:id_end], id_end, list[bytes]()
    for _ in range(sizes >> 16):
        one = vector(given, at)
        if one.type != CHARACTERS:
            raise MalformedError("a BCF allele that is no text")
        alleles.append(given[one.at : one.end])
        at = one.end
    filters_end = vector(given, at).end
    filters, at, info = given[at:filters_end], filters_end, list[tuple[int, Vector, bytes]]()
    for _ in range(sizes & 0xFFFF):
        key, behind = scalar(given, at)
        one = vector(given, behind)
        info.append((key, one, given[at : one.end]))
        at = one.end
    if at != _LENGTHS.size + shared or not alleles:
        raise MalformedError("a BCF record whose parts are not as long as it says")
    return _Record(
        given=given, samples=samples, chrom=chrom, pos=pos, rlen=rlen, qual=qual, id=id, alleles=alleles,
        filters=filters, info=info, members=_members(given, at, counts >> 24, samples),
    )  # fmt: skip


def _members(given: bytes, at: int, number: int, samples: int) -> list[tuple[int, Vector]]:
    found = []
    for _ in range(number):
        key, behind = scalar(given, at)
        one = vector(given, behind, samples)
        found.append((key, one))
        at = one.at + samples * one.size
    if at != len(given):
        raise MalformedError("a BCF record whose parts are not as long as it says")
    return found


def bcf_filter(header: bytes, left_out: Collection[str]) -> BcfFilter:
    """What takes the samples called `left_out` out of a file with this header, magic and all. MalformedError."""
    if not header.startswith(b"BCF\2"):
        raise MalformedError("no BCF header")
    *meta, columns = header[9:].rstrip(b"\0").rstrip(b"\r\n").split(b"\n")
    keep, drop, last = columns_left(columns, left_out)
    known = _numbered(meta)
    left = [_with_number(line, known) for line in meta if stays(line)]
    said = b"\n".join([*left, last]) + b"\n\0"
    return BcfFilter(
        keep=tuple(at - FIXED for at in keep),
        drop=tuple(at - FIXED for at in drop),
        numbers=numbers_of(meta),
        names={number: name for (kind, name), number in known.items() if kind != b"contig"},
        header=header[:5] + len(said).to_bytes(4, "little") + said,
    )


def _numbered(meta: Sequence[bytes]) -> dict[tuple[bytes, bytes], int]:
    """The number of each FILTER, INFO and FORMAT member, who share one row of numbers, and of each contig.

    As the line says, or else the next that is free; PASS is always 0.
    """
    found: dict[tuple[bytes, bytes], int] = {}
    shared, contigs = {b"PASS": 0}, dict[bytes, int]()
    for line in meta:
        named = _NUMBERED.match(line)
        if named is None:
            continue
        numbers = contigs if named[1] == b"contig" else shared
        said = _IDX.search(_QUOTED.sub(b'""', line))
        free = max(numbers.values(), default=-1) + 1
        number = numbers.setdefault(named[2], int(said[1]) if said is not None else free)
        found[named[1], named[2]] = number
    return found


def _with_number(line: bytes, known: Mapping[tuple[bytes, bytes], int]) -> bytes:
    """The line with its number, which would be another one once lines before it are gone."""
    named = _NUMBERED.match(line)
    if named is None or _IDX.search(_QUOTED.sub(b'""', line)) is not None:
        return line
    return b"%s,IDX=%d>" % (line.rstrip(b"\r").removesuffix(b">"), known[named[1], named[2]])


def _counted(genotypes: Iterable[Row], alts: int) -> dict[int, int]:
    """How often each allele occurs; 0 is the reference. MalformedError for one that the record does not have."""
    found = Counter((value >> 1) - 1 for row in genotypes for value in row if value is not None)
    found.pop(-1, None)
    if any(not 0 <= allele <= alts for allele in found):
        raise MalformedError("a genotype of an allele that the record does not have")
    return dict(found)


def _renumbered(value: int | None, places: Mapping[int, int]) -> int | None:
    """An allele by its new number, phased as it was."""
    if value is None or value >> 1 == 0:
        return value
    return places[(value >> 1) - 1] + 1 << 1 | value & 1


def _is_called(row: Row) -> bool:
    return any(value is not None and value >> 1 for value in row)
