"""How is a participant taken out of a VCF file of many? Line by line, with what is counted worked out anew.

Columns go, and nothing of them is read: what is left depends on nothing that stood there. With them go alleles that
nobody else carries, and records without others (alleles.py). Of INFO stay what can be counted again (AC, AN, AF, NS)
and what tells where a structural allele ends: all else may have been worked out from those who are gone, or from an
allele of theirs, and so may QUAL and names. A record without genotypes is left out: nobody can say whose it is.
(VCF 4.3 sections 1.4 to 1.6)
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from broker.core.htsget.alleles import Alleles, alleles_left
from broker.core.htsget.leaving import NOTHING, Left
from broker.core.htsget.reading import MalformedError

STRUCTURAL: Final = frozenset({b"CHR2", b"END", b"IMPRECISE", b"SVLEN", b"SVTYPE"})
"""INFO members without which `<DEL>` and its like cannot be read. They stay with such alleles, and nowhere else."""

COUNTED: Final = {
    b"AC": re.compile(rb"Number=[A.],Type=Integer[,>]"),
    b"AF": re.compile(rb"Number=[A.],Type=Float[,>]"),
    b"AN": re.compile(rb"Number=1,Type=Integer[,>]"),
    b"NS": re.compile(rb"Number=1,Type=Integer[,>]"),
}
"""INFO members that are counted again, in every record, where the header declares them as the specification does."""

_META: Final = (b"fileformat", b"fileDate", b"reference", b"assembly", b"contig", b"FILTER", b"ALT", b"FORMAT")
"""Lines of the header that stay as they are; of INFO those that stay in records; no others: they may name somebody."""

_INFO = re.compile(rb"##INFO=<ID=([^,>]+),(.*)", re.DOTALL)
_FIXED_FORMAT = re.compile(rb"##FORMAT=<ID=([^,>]+),Number=[0-9]+[,>]")
_RS = re.compile(rb"rs[0-9]+")
_GENOTYPE = re.compile(rb"[/|]?(?:[0-9]{1,6}|\.)(?:[/|](?:[0-9]{1,6}|\.))*")
_NUMBER = re.compile(rb"[0-9]+")
_DIGITS = 12
FIXED: Final = 9
"""Columns before those of samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFilter:
    """Takes columns out of the lines of a file. `keep`: places of those that stay, from 0; `columns`: how many were."""

    keep: tuple[int, ...]
    columns: int
    fixed: Collection[bytes]
    """FORMAT members that have as many values whatever alleles there are."""
    counted: Sequence[bytes]
    """INFO members that are counted again."""
    header: bytes
    """The header of the file that is left."""

    def whole(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The whole lines at the beginning of `data`, and what is left behind them."""
        lines = data.split(b"\n")
        return lines[:-1], lines[-1]

    def record(self, line: bytes) -> Left | None:
        """What is left of one record; None if nothing is. MalformedError: it is none of this file."""
        fields = line.split(b"\t")
        if len(fields) != self.columns or not fields[1].isdigit() or len(fields[1]) > _DIGITS:
            raise MalformedError("a VCF line that is no record, or has other columns than the header")
        kept = [fields[at] for at in self.keep]
        if fields[8].split(b":")[0] != b"GT":
            return None
        given = [fields[3], *(fields[4].split(b",") if fields[4] != b"." else ())]
        counts = _counted(kept, len(given) - 1)
        left = alleles_left(given, counts.keys())
        if left is None:
            return None
        format, kept = self._trimmed(fields[8], kept, {old: new for new, old in enumerate(left.stay)})
        place = int(fields[1]) + left.moved
        info = self._info(fields[7], left, counts, sum(map(_is_called, kept)))
        site = [fields[0], b"%d" % place, name_left(fields[2]), left.written[0], b",".join(left.written[1:]), b"."]
        data = b"\t".join([*site, fields[6], info, format, *kept]) + b"\n"
        return Left(place, left.written, data, fields[0], int(fields[1]))

    def _trimmed(self, format: bytes, columns: Sequence[bytes], places: Mapping[int, int]) -> tuple[bytes, list[bytes]]:
        """FORMAT and columns with alleles by their new numbers; what nobody has any more is left out.

        What may have a value for each allele is left out of every record: were it in some only, it would show where
        those who are gone had alleles of their own.
        """
        names, every = format.split(b":"), {column: column.split(b":") for column in set(columns)}
        stay = [
            at
            for at, name in enumerate(names)
            if at == 0
            or (name in self.fixed and any(at < len(one) and not NOTHING.issuperset(one[at]) for one in every.values()))
        ]
        made = dict[bytes, bytes]()
        for column, values in every.items():
            others = [values[at] for at in stay[1:] if at < len(values)]
            while others and NOTHING.issuperset(others[-1]):
                others.pop()
            made[column] = b":".join([_renumbered(values[0], places), *others])
        return b":".join(names[at] for at in stay), [made[column] for column in columns]

    def _info(self, info: bytes, left: Alleles, counts: Mapping[int, int], called: int) -> bytes:
        each, total = [counts[at] for at in left.stay[1:]], sum(counts.values())
        anew = {
            b"AC": b",".join(b"%d" % one for one in each),
            b"AN": b"%d" % total,
            b"AF": b",".join(b"%.6g" % (one / total) for one in each),
            b"NS": b"%d" % called,
        }
        found = [b"%s=%s" % (name, anew[name]) for name in self.counted]
        if left.structural:
            found += [member for member in info.split(b";") if member.partition(b"=")[0] in STRUCTURAL]
        return b";".join(found) or b"."


def sample_filter(header: bytes, left_out: Collection[str]) -> SampleFilter:
    """What takes the samples called `left_out` out of a file with this header. MalformedError."""
    *meta, columns = header.rstrip(b"\r\n").split(b"\n")
    keep, last = columns_left(columns, left_out)
    left = b"\n".join([*filter(stays, meta), last]) + b"\n"
    return SampleFilter(
        keep=keep, columns=columns.count(b"\t") + 1, fixed=fixed_of(meta), counted=counted_of(meta), header=left
    )


def columns_left(columns: bytes, left_out: Collection[str]) -> tuple[tuple[int, ...], bytes]:
    """The places of columns of samples that stay, and the line of columns that is left. MalformedError."""
    names = columns.rstrip(b"\r").split(b"\t")
    out = {name.encode() for name in left_out}
    if not columns.startswith(b"#CHROM\t") or not out <= set(names[FIXED:]):
        raise MalformedError("a VCF header without these samples")
    keep = tuple(at for at, name in enumerate(names) if at >= FIXED and name not in out)
    return keep, b"\t".join([*names[:FIXED], *(names[at] for at in keep)])


def fixed_of(meta: Iterable[bytes]) -> frozenset[bytes]:
    """FORMAT members that have as many values whatever alleles there are."""
    return frozenset(found[1] for line in meta if (found := _FIXED_FORMAT.match(line)) is not None)


def counted_of(meta: Iterable[bytes]) -> tuple[bytes, ...]:
    """INFO members that are counted again, in the order of the header."""
    return tuple(dict.fromkeys(name for line in meta if (name := _info_left(line)) is not None and name in COUNTED))


def stays(line: bytes) -> bool:
    """Does this line of the header describe the file, and nobody in it?"""
    return line[2:].partition(b"=")[0] in _META or _info_left(line) is not None


def _info_left(line: bytes) -> bytes | None:
    """The INFO member that this line of the header declares, if it is one that stays."""
    found = _INFO.match(line)
    if found is None or not (found[1] in STRUCTURAL or (found[1] in COUNTED and COUNTED[found[1]].match(found[2]))):
        return None
    return found[1]


def name_left(name: bytes) -> bytes:
    """A record's name, if it is one of dbSNP's alone. Callers make others out of places and alleles."""
    return name if _RS.fullmatch(name) else b"."


def _counted(columns: Iterable[bytes], alleles: int) -> dict[int, int]:
    """How often each allele occurs; 0 is the reference. MalformedError for one that the record does not have."""
    counts: Counter[int] = Counter()
    for genotype, times in Counter(column.partition(b":")[0] for column in columns).items():
        if not _GENOTYPE.fullmatch(genotype):
            raise MalformedError("a genotype that is none")
        for allele in _NUMBER.findall(genotype):
            counts[int(allele)] += times
    if max(counts, default=0) > alleles:
        raise MalformedError("a genotype of an allele that the record does not have")
    return dict(counts)


def _renumbered(genotype: bytes, places: Mapping[int, int]) -> bytes:
    """With the new numbers, in order where the order says nothing: it would show how they were numbered."""
    if b"|" in genotype or genotype.startswith(b"/"):
        return _NUMBER.sub(lambda found: b"%d" % places[int(found[0])], genotype)
    alleles = sorted(-1 if one == b"." else places[int(one)] for one in genotype.split(b"/"))
    return b"/".join(b"." if one < 0 else b"%d" % one for one in alleles)


def _is_called(column: bytes) -> bool:
    return any(byte in b"0123456789" for byte in column.partition(b":")[0])
