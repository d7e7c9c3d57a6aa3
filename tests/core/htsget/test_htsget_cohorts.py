"""Two files that differ only in what somebody has who is gone are one file once they are; and bcftools says the same."""

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.htsget.leaving import Leaving
from broker.core.htsget.samples import sample_filter
from tests.core.htsget import cohorts
from tests.core.htsget.cohorts import HEADER, Person, genome, lines, people
from tests.core.htsget.test_htsget_bcf_samples import _run, as_bcf, left


def filtered(content: list[bytes], out: str = "B") -> bytes:
    """The file that is left of one with these records, as it goes out."""
    by = sample_filter(HEADER, [out])
    leaving = Leaving(by)
    made = leaving.more(b"".join(line + b"\n" for line in content))
    leaving.pause()
    return made + leaving.end()


NOBODY = Person([(None, None)] * cohorts.SITES)
anybody = people()


@pytest.mark.row("HT-LEFT-OUT")
@given(anybody, anybody, people(set=st.booleans()), people(set=st.booleans()))
def test_whoever_was_left_out_the_bytes_are_the_same(a: Person, c: Person, one: Person, other: Person) -> None:
    """Alleles of their own, longer records for them, another order, depth, quality, names, members: nothing shows."""
    first, second = (filtered(lines({"A": a, "B": b, "C": c})) for b in (one, other))
    assert first == second == filtered(lines({"A": a, "B": NOBODY, "C": c}))


several = st.lists(st.tuples(anybody, anybody, people(set=st.booleans())), min_size=1, max_size=cohorts.CONTIGS)
"""A, C, and B who is left out; others on each contig."""


def cohort(three: list[tuple[Person, Person, Person]], b: Person | None = None) -> list[bytes]:
    """The records of a file; `b`: who stands there in the place of B."""
    return [line for contig, (a, c, one) in enumerate(three) for line in lines({"A": a, "B": b or one, "C": c}, contig)]


@pytest.mark.row("HT-LEFT-OUT")
@settings(max_examples=4)
@given(several)
def test_so_they_are_in_a_bcf(three: list[tuple[Person, Person, Person]]) -> None:
    with_b, without_b = (left(as_bcf(cohort(three, b), HEADER), "B") for b in (None, NOBODY))
    assert with_b == without_b


def read(content: bytes) -> list[tuple[object, ...]]:
    """Place, alleles with their counts, and who has which: however alleles are numbered."""
    found = []
    for line in content.splitlines():
        if line.startswith(b"#"):
            continue
        fields = line.split(b"\t")
        alleles = [fields[3], *fields[4].split(b",")]
        info = dict(one.split(b"=") for one in fields[7].split(b";"))
        counts = sorted(zip(alleles[1:], info[b"AC"].split(b","), map(float, info[b"AF"].split(b",")), strict=True))
        named = {b"%d" % at: one for at, one in enumerate(alleles)} | {b".": b"."}
        called = []
        for column in fields[9:]:
            genotype = column.partition(b":")[0]
            phased = b"|" in genotype
            whose = [named[one] for one in genotype.replace(b"|", b"/").split(b"/")]
            called.append((phased, whose if phased else sorted(whose)))
        found.append((fields[0], int(fields[1]), fields[3], counts, info[b"AN"], info[b"NS"], called))
    return sorted(found, key=repr)


@pytest.mark.row("HT-LEFT-OUT")
@settings(max_examples=5)
@given(several)
def test_it_is_what_bcftools_makes_of_it(three: list[tuple[Person, Person, Person]]) -> None:
    """The sample taken out, alleles that nobody has, records without others, tags anew, written as short as can be."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        contigs = (b">chr%d\n%s\n" % (at, genome()) for at in range(cohorts.CONTIGS))
        (folder / "genome.fa").write_bytes(b"".join(contigs))
        (folder / "a.vcf").write_bytes(HEADER + b"".join(line + b"\n" for line in cohort(three)))
        _run("view", "-Ou", "-s", "^B", "-a", "-c", "1", "-o", str(folder / "one.bcf"), str(folder / "a.vcf"))
        _run("norm", "-Ou", "-f", str(folder / "genome.fa"), "-o", str(folder / "two.bcf"), str(folder / "one.bcf"))
        theirs = _run("+fill-tags", str(folder / "two.bcf"), "--", "-t", "AC,AN,AF,NS")
    made = filtered(cohort(three))
    ours = gzip.decompress(made) if made else b""
    assert read(ours) == read(theirs)
    places = [(fields[0], int(fields[1])) for fields in (line.split(b"\t") for line in ours.splitlines())]
    assert places == sorted(places)
