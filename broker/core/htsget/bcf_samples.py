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

from broker.core.htsget.alleles import Alleles, alleles_left
from broker.core.htsget.bcf_values import (
    CHARACTERS,
    NO_FLOAT,
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
from broker.core.htsget.leaving import MAX_RECORD, Left
from broker.core.htsget.reading import MalformedError
from broker.core.htsget.samples import FIXED, STRUCTURAL, columns_left, counted_of, fixed_of, name_left, stays

_LENGTHS = Struct("<II")
_SITE = Struct("<iii4sII")
_NUMBERED = re.compile(rb"##(FILTER|INFO|FORMAT|contig)=<ID=([^,>]+)")
_IDX = re.compile(rb",IDX=([0-9]{1,9})(?=[,>])")
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_GENOTYPE = b"GT"
_LAST = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BcfFilter:
    """Takes people out of the records of a file. `keep`: places of who stays, from 0; `samples`: how many were."""

    keep: tuple[int, ...]
    samples: int
    fixed: Collection[bytes]
    """FORMAT members that have as many values whatever alleles there are."""
    counted: Mapping[bytes, int]
    """INFO members that are counted again, and their numbers."""
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

    def record(self, given: bytes) -> Left | None:
        """What is left of one record; None if nothing is. MalformedError: it is none of this file."""
        one = _taken_apart(given, self.samples)
        if not one.members or self.names.get(one.members[0][0]) != _GENOTYPE:
            return None
        genotypes = [rows(given, one.members[0][1], self.samples)[at] for at in self.keep]
        counts = _counted(genotypes, len(one.alleles) - 1)
        left = alleles_left(one.alleles, counts.keys())
        if left is None:
            return None
        if not 0 <= one.pos + left.moved <= _LAST:
            raise MalformedError("a BCF record at a place that there is not")
        places = {old: new for new, old in enumerate(left.stay)}
        called = [_renumbered(row, places) for row in genotypes]
        made = [integers([[one.members[0][0]]]) + integers(called), *self._members(one)]
        info = self._info(one, left, counts, sum(map(_is_called, genotypes)))
        site = _SITE.pack(
            one.chrom, one.pos + left.moved, one.rlen if left.structural else len(left.written[0]), NO_FLOAT,
            len(left.written) << 16 | len(info), len(made) << 24 | len(self.keep),
        )  # fmt: skip
        shared = b"".join([site, text(name_left(one.id)), *map(text, left.written), one.filters, *info])
        indiv = b"".join(made)
        data = _LENGTHS.pack(len(shared), len(indiv)) + shared + indiv
        return Left(one.pos + left.moved, left.written, data, one.chrom, one.pos)

    def _members(self, one: "_Record") -> list[bytes]:
        """The FORMAT members that stay, but the first: those that somebody who is left still has."""
        fixed = [(key, where) for key, where in one.members[1:] if self.names.get(key) in self.fixed]
        found = [(key, kept(one.given, where, self.samples, self.keep)) for key, where in fixed]
        return [integers([[key]]) + values for key, values in found if values is not None]

    def _info(self, one: "_Record", left: Alleles, counts: Mapping[int, int], called: int) -> list[bytes]:
        """The INFO members that stay, the counted ones as they are now."""
        each, total = [counts[at] for at in left.stay[1:]], sum(counts.values())
        anew = {
            b"AC": integers([each]),
            b"AN": integers([[total]]),
            b"AF": floats([count / total for count in each]),
            b"NS": integers([[called]]),
        }
        found = [integers([[number]]) + anew[name] for name, number in self.counted.items()]
        return found + [raw for key, raw in one.info if left.structural and self.names.get(key) in STRUCTURAL]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A record, taken apart. `filters` and the last of each `info` are its own bytes."""

    given: bytes
    chrom: int
    pos: int
    rlen: int
    id: bytes
    alleles: list[bytes]
    filters: bytes
    info: list[tuple[int, bytes]]
    """Key, and all of the member."""
    members: list[tuple[int, Vector]]
    """FORMAT: key, and the list of the first sample."""


def _taken_apart(given: bytes, samples: int) -> _Record:
    """MalformedError: it is none, or of another number of samples."""
    if len(given) < _LENGTHS.size + _SITE.size:
        raise MalformedError("a BCF record that is cut short")
    shared, _ = _LENGTHS.unpack_from(given)
    chrom, pos, rlen, _, sizes, counts = _SITE.unpack_from(given, _LENGTHS.size)
    if counts & 0xFFFFFF != samples:
        raise MalformedError("a BCF record with other samples than the header")
    at = _LENGTHS.size + _SITE.size
    name = vector(given, at)
    at, alleles = name.end, list[bytes]()
    for _ in range(sizes >> 16):
        one = vector(given, at)
        if one.type != CHARACTERS:
            raise MalformedError("a BCF allele that is no text")
        alleles.append(given[one.at : one.end])
        at = one.end
    filters_end = vector(given, at).end
    filters, at, info = given[at:filters_end], filters_end, list[tuple[int, bytes]]()
    for _ in range(sizes & 0xFFFF):
        key, behind = scalar(given, at)
        one = vector(given, behind)
        info.append((key, given[at : one.end]))
        at = one.end
    if at != _LENGTHS.size + shared or not alleles:
        raise MalformedError("a BCF record whose parts are not as long as it says")
    return _Record(
        given=given, chrom=chrom, pos=pos, rlen=rlen, id=given[name.at : name.end], alleles=alleles, filters=filters,
        info=info, members=_members(given, at, counts >> 24, samples),
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
    keep, last = columns_left(columns, left_out)
    known = _numbered(meta)
    left = [_with_number(line, known) for line in meta if stays(line)]
    said = b"\n".join([*left, last]) + b"\n\0"
    return BcfFilter(
        keep=tuple(at - FIXED for at in keep),
        samples=columns.count(b"\t") + 1 - FIXED,
        fixed=fixed_of(meta),
        counted={name: known[b"INFO", name] for name in counted_of(meta)},
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


def _renumbered(row: Row, places: Mapping[int, int]) -> Row:
    """A genotype with the new numbers, phased as it was, and in order where the order says nothing."""
    found = [value if not value or value >> 1 == 0 else places[(value >> 1) - 1] + 1 << 1 | value & 1 for value in row]
    known = [value for value in found if value is not None]
    return sorted(known) if len(known) == len(found) and not any(value & 1 for value in known) else found


def _is_called(row: Row) -> bool:
    return any(value is not None and value >> 1 for value in row)
