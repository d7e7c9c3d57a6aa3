"""Files of several people as a caller writes them: each record as wide as the variants of all of them need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from hypothesis import strategies as st

CONTIGS = 8
STEP, SITES = 7, 6
_CONTIGS = b"".join(b"##contig=<ID=chr%d,length=120>\n" % at for at in range(CONTIGS))
HEADER = (
    b"""##fileformat=VCFv4.2
%b\
##FILTER=<ID=q10,Description="low">
##INFO=<ID=AC,Number=A,Type=Integer,Description="x">
##INFO=<ID=AN,Number=1,Type=Integer,Description="x">
##INFO=<ID=AF,Number=A,Type=Float,Description="x">
##INFO=<ID=NS,Number=1,Type=Integer,Description="x">
##INFO=<ID=DP,Number=1,Type=Integer,Description="x">
##INFO=<ID=END,Number=1,Type=Integer,Description="x">
##INFO=<ID=VT,Number=.,Type=String,Description="x">
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="x">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="x">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC
"""
    % _CONTIGS
)


@cache
def genome() -> bytes:
    """120 bases with many repeats, in which a variant may be written at many places."""
    found, state = bytearray(), 7
    while len(found) < 120:
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        found += b"ACGTAATT"[state >> 16 & 7 : (state >> 16 & 7) + 1] * (1 + (state >> 20) % 3)
    return bytes(found[:120])


@dataclass(frozen=True, order=True)
class Variant:
    """A change of the genome at `at` (from 0), as far left and as short as it can be written."""

    at: int
    ref: bytes
    alt: bytes

    @property
    def end(self) -> int:
        return self.at + len(self.ref)


def variant(at: int, length: int, new: bytes) -> Variant:
    """`length` bases from `at` on are replaced by `new`."""
    ref, alt = genome()[at : at + length], new
    while ref != alt:
        if not ref or not alt:
            at -= 1
            ref, alt = genome()[at : at + 1] + ref, genome()[at : at + 1] + alt
        elif ref[-1] == alt[-1] and max(len(ref), len(alt)) > 1:
            ref, alt = ref[:-1], alt[:-1]
        else:
            break
    while min(len(ref), len(alt)) > 1 and ref[0] == alt[0]:
        at, ref, alt = at + 1, ref[1:], alt[1:]
    return Variant(at, ref, alt)


Called = tuple[Variant | str | None, ...]
"""What somebody has at a site: on each strand a variant, nothing but the reference, or `.`"""


@dataclass(frozen=True)
class Person:
    """What is in somebody's column: by site, and a depth that is written beside."""

    called: Sequence[Called]
    phased: bool = False
    depth: int = 1
    set: bool = False
    """Has it a PS, which nobody may have otherwise?"""


@dataclass
class Site:
    """Who has what there."""

    by: dict[str, Called] = field(default_factory=dict)

    def line(self, people: Mapping[str, Person], contig: int) -> tuple[int, bytes] | None:
        """Where its record begins, and the record; None where nobody has anything."""
        found = sorted({one for called in self.by.values() for one in called if isinstance(one, Variant)})
        if not found:
            return None
        first, end = min(one.at for one in found), max(one.end for one in found)
        alts = [genome()[first : one.at] + one.alt + genome()[one.end : end] for one in found]
        counts = [sum(called.count(one) for called in self.by.values()) for one in found]
        number = sum(len([one for one in called if one != "."]) for called in self.by.values())
        depth, sets = sum(one.depth for one in people.values()), any(one.set for one in people.values())
        info = (
            f"AC={_list(counts)};AN={number};AF={_list(one / number for one in counts)};NS=3;DP={depth};END={end};VT=X"
        )
        columns = [self._column(name, one, found, sets=sets) for name, one in people.items()]
        fields = [
            *(f"chr{contig}", str(first + 1), f"chr{contig}_{first}_{alts[0].decode()}", genome()[first:end].decode()),
            *(b",".join(alts).decode(), str(30 + depth), "PASS", info),
            *("GT:DP:PS:AD" if sets else "GT:DP:AD", *columns),
        ]
        return first, "\t".join(fields).encode()

    def _column(self, name: str, one: Person, found: list[Variant], *, sets: bool) -> str:
        alleles = [
            "." if strand == "." else str(found.index(strand) + 1 if isinstance(strand, Variant) else 0)
            for strand in self.by[name]
        ]
        genotype = "|".join(alleles) if one.phased else "/".join(sorted(alleles))
        several = ",".join(str(one.depth + at) for at in range(len(found) + 1))
        return ":".join([genotype, str(one.depth), *(["7" if one.set else "."] if sets else []), several])


def lines(people: Mapping[str, Person], contig: int = 0) -> list[bytes]:
    """The records of a file of these people on one contig, in order. All contigs are the same genome."""
    sites = [Site({name: one.called[at] for name, one in people.items()}) for at in range(SITES)]
    return [line for _, line in sorted(filter(None, (site.line(people, contig) for site in sites)))]


def _list(values: Iterable[object]) -> str:
    return ",".join(f"{one:.6g}" if isinstance(one, float) else str(one) for one in values)


def variants(site: int) -> st.SearchStrategy[Variant]:
    """Near the site's own place, so that records of two sites may overlap and change their order."""
    at, new = 40 + STEP * site, st.text("ACGT", max_size=3).map(str.encode)
    made = st.builds(variant, st.integers(at - 5, at + 3), st.integers(0, 4), new)
    return made.filter(lambda one: one.ref != one.alt)


def people(**more: st.SearchStrategy[bool]) -> st.SearchStrategy[Person]:
    """Anybody, with one strand or two."""
    called = [
        st.lists(st.one_of(st.none(), variants(site), st.just(".")), min_size=1, max_size=2).map(tuple)
        for site in range(SITES)
    ]
    return st.builds(Person, st.tuples(*called), st.booleans(), st.integers(0, 70_000), **more)
