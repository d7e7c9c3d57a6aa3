"""How is a participant taken out of a VCF file of many? Line by line, with what is counted worked out anew.

Columns go, and with them whatever only they showed: an alternate allele that nobody else carries, and the whole record
where no other allele is left. Of INFO stay what describes the place itself and what can be counted again (AC, AN, AF,
NS); everything else may have been worked out from those who are gone, and what is unknown is left out. A record
without genotypes is left out too: nobody can say whose it is. (VCF 4.3 sections 1.4 to 1.6)
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from broker.core.htsget.reading import MalformedError

SITE: Final = frozenset(
    {
        b"1000G", b"AA", b"ANN", b"BKPTID", b"CHR2", b"CIEND", b"CIGAR", b"CIPOS", b"CLNDN", b"CLNSIG", b"CSQ", b"DB",
        b"EFF", b"END", b"EVENT", b"GENEINFO", b"H2", b"H3", b"HOMLEN", b"HOMSEQ", b"IMPRECISE", b"LOF", b"MATEID",
        b"NMD", b"NOVEL", b"PARID", b"RS", b"SOMATIC", b"SVLEN", b"SVTYPE", b"VALIDATED", b"VT",
    }
)  # fmt: skip
"""INFO members that describe a place in the genome, and not those who were looked at there."""

COUNTED: Final = frozenset({b"AC", b"AN", b"AF", b"NS"})
"""INFO members that are counted again."""

_META: Final = (b"fileformat", b"fileDate", b"reference", b"assembly", b"contig", b"FILTER", b"ALT", b"FORMAT")
"""Lines of the header that stay as they are; of INFO those that stay in records; no others: they may name somebody."""

_ID = re.compile(rb"##(INFO|FORMAT)=<ID=([^,>]+),Number=([^,>]+)")
_GENOTYPE = re.compile(rb"[/|]")
_BASES = re.compile(rb"[ACGTNacgtn]+")
FIXED: Final = 9
"""Columns before those of samples."""


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """Takes columns out of the lines of one file. `keep` and `drop`: places of columns, from 0."""

    keep: tuple[int, ...]
    drop: tuple[int, ...]
    numbers: Mapping[tuple[bytes, bytes], bytes]
    """How many values an INFO or FORMAT member has, as the header says it: `1`, `A`, `R`, `G`, `.`"""
    header: bytes
    """The header of the file that is left."""

    def whole(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The whole lines at the beginning of `data`, and what is left behind them."""
        lines = data.split(b"\n")
        return lines[:-1], lines[-1]

    def records(self, lines: Iterable[bytes]) -> bytes:
        """What is left of whole lines, in order. MalformedError for a line that is no record of this file."""
        found = (self.record(line) for line in lines if line)
        return b"".join(line + b"\n" for line in found if line is not None)

    def record(self, line: bytes) -> bytes | None:
        """What is left of one record; None if nothing is."""
        fields = line.split(b"\t")
        if len(fields) != len(self.keep) + len(self.drop) + FIXED:
            raise MalformedError("a VCF line with other columns than the header")
        kept = [fields[at] for at in self.keep]
        if fields[8].split(b":")[0] != b"GT":
            return None
        alleles = [] if fields[4] == b"." else fields[4].split(b",")
        counts = _counted(kept, len(alleles))
        gone = _counted([fields[at] for at in self.drop], len(alleles)).keys() - counts.keys() - {0}
        if gone and len(gone) == len(alleles):
            return None
        left = [at for at in range(1, len(alleles) + 1) if at not in gone]
        fields[8], kept = self._trimmed(fields[8], kept, {old: new for new, old in enumerate([0, *left])})
        if alleles:
            alleles, counts = [alleles[at - 1] for at in left], _counted(kept, len(left))
            fields[3], alleles = without_padding(fields[3], alleles)
            fields[4] = b",".join(alleles)
        fields[7] = self._info(fields[7], counts, len(alleles), sum(map(_is_called, kept)))
        return b"\t".join([*fields[:FIXED], *kept])

    def _trimmed(self, format: bytes, columns: Sequence[bytes], places: Mapping[int, int]) -> tuple[bytes, list[bytes]]:
        """FORMAT and columns with alleles by their new numbers; what may have a value for each allele is left out.

        In every record: were it in some only, it would show where those who are gone had alleles of their own.
        """
        names = format.split(b":")
        stay = [at for at, name in enumerate(names) if at == 0 or self._is_fixed(b"FORMAT", name)]
        made = []
        for column in columns:
            values = column.split(b":")
            values[0] = re.sub(rb"[0-9]+", lambda found: b"%d" % places[int(found[0])], values[0])
            made.append(b":".join(values[at] for at in stay if at < len(values)))
        return b":".join(names[at] for at in stay), made

    def _info(self, info: bytes, counts: Mapping[int, int], alleles: int, called: int) -> bytes:
        total = sum(counts.values())
        each = [counts.get(at, 0) for at in range(1, alleles + 1)]
        anew = {
            b"AC": b",".join(b"%d" % one for one in each),
            b"AN": b"%d" % total,
            b"AF": b",".join(b"%.6g" % (one / total) if total else b"." for one in each),
            b"NS": b"%d" % called,
        }
        found = []
        for member in info.split(b";"):
            name = member.partition(b"=")[0]
            if name in COUNTED:
                found.append(name + b"=" + (anew[name] or b"."))
            elif name in SITE and self._is_fixed(b"INFO", name):
                found.append(member)
        return b";".join(found) or b"."

    def _is_fixed(self, kind: bytes, name: bytes) -> bool:
        """Has it as many values whatever alleles there are?"""
        return self.numbers.get((kind, name), b".").isdigit()


def sample_filter(header: bytes, left_out: Collection[str]) -> SampleFilter:
    """What takes the samples called `left_out` out of a file with this header. MalformedError."""
    *meta, columns = header.rstrip(b"\r\n").split(b"\n")
    keep, drop, last = columns_left(columns, left_out)
    left = [line for line in meta if stays(line)]
    return SampleFilter(keep, drop, numbers_of(meta), b"\n".join([*left, last]) + b"\n")


def columns_left(columns: bytes, left_out: Collection[str]) -> tuple[tuple[int, ...], tuple[int, ...], bytes]:
    """The places of columns that stay and that go, and the line of columns that is left. MalformedError."""
    names = columns.rstrip(b"\r").split(b"\t")
    out = {name.encode() for name in left_out}
    if not columns.startswith(b"#CHROM\t") or not out <= set(names[FIXED:]):
        raise MalformedError("a VCF header without these samples")
    drop = tuple(at for at, name in enumerate(names) if at >= FIXED and name in out)
    keep = tuple(at for at in range(FIXED, len(names)) if at not in drop)
    return keep, drop, b"\t".join([*names[:FIXED], *(names[at] for at in keep)])


def numbers_of(meta: Iterable[bytes]) -> dict[tuple[bytes, bytes], bytes]:
    """How many values each INFO and FORMAT member has, as the header says it."""
    return {(found[1], found[2]): found[3] for line in meta if (found := _ID.match(line)) is not None}


def stays(line: bytes) -> bool:
    """Does this line of the header describe the file, and nobody in it?"""
    name = line[2:].partition(b"=")[0]
    if name != b"INFO":
        return name in _META
    found = _ID.match(line)
    return found is not None and found[2] in SITE | COUNTED


def without_padding(ref: bytes, alleles: list[bytes]) -> tuple[bytes, list[bytes]]:
    """The alleles without the end that all have in common: it would show that somebody who is gone had a longer one."""
    every = [ref, *alleles]
    if not all(_BASES.fullmatch(one) for one in every):
        return ref, alleles
    shortest = min(map(len, every))
    end = next((n for n in range(shortest - 1) if len({one[-1 - n] for one in every}) > 1), shortest - 1)
    return (ref[: len(ref) - end], [one[: len(one) - end] for one in alleles]) if end else (ref, alleles)


def _counted(columns: Iterable[bytes], alleles: int) -> dict[int, int]:
    """How often each allele occurs; 0 is the reference. MalformedError for one that the record does not have."""
    counts: Counter[int] = Counter()
    for genotype, times in Counter(column.partition(b":")[0] for column in columns).items():
        for allele in _GENOTYPE.split(genotype):
            if allele in (b".", b""):
                continue
            if not allele.isdigit() or int(allele) > alleles:
                raise MalformedError("a genotype of an allele that the record does not have")
            counts[int(allele)] += times
    return dict(counts)


def _is_called(column: bytes) -> bool:
    return any(byte in b"0123456789" for byte in column.partition(b":")[0])
