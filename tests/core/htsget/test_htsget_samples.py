"""core/htsget/samples.py: a participant taken out of a VCF leaves nothing that only they showed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.htsget.reading import MalformedError
from broker.core.htsget.samples import SITE, SampleFilter, sample_filter

HEADER = b"""##fileformat=VCFv4.3
##source=somebody's own words
##SAMPLE=<ID=B,Description="who B is">
##contig=<ID=1>
##INFO=<ID=AC,Number=A,Type=Integer,Description="">
##INFO=<ID=DP,Number=1,Type=Integer,Description="">
##INFO=<ID=END,Number=1,Type=Integer,Description="">
##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="">
##FORMAT=<ID=GT,Number=1,Type=String,Description="">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC
"""


def without(*names: str) -> SampleFilter:
    return sample_filter(HEADER, names)


def line(alt: str, info: str, format: str, *columns: str) -> bytes:
    return "\t".join(["1", "7", "rs1", "T", alt, "50", "PASS", info, format, *columns]).encode()


CASES = [
    # what stands there without B: ALT, INFO, FORMAT, columns; None where nothing may stand there
    (line("C", "AC=2;AN=6;AF=0.333333", "GT", "0/1", "0/0", "0/1"), ("C", "AC=2;AN=4;AF=0.5", "GT", "0/1", "0/1")),
    (line("C", "AC=3;AN=6", "GT", "0|1", "1|1", "0|0"), ("C", "AC=1;AN=4", "GT", "0|1", "0|0")),
    (line("C", "AC=2;AN=6", "GT", "0/0", "1/1", "0/0"), None),
    (line("C", "AC=1;AN=2", "GT", "./.", "0/1", "./."), None),
    (line("C", "AC=0;AN=6", "GT", "0/0", "0/0", "0/0"), ("C", "AC=0;AN=4", "GT", "0/0", "0/0")),
    (line("C", "AC=1;AN=4;AF=0.25;NS=2", "GT", "./.", "0/1", "./."), None),
    (line("C", "AC=0;AN=2;AF=0;NS=1", "GT", "./.", "0/0", "./."), ("C", "AC=0;AN=0;AF=.;NS=0", "GT", "./.", "./.")),
    (line(".", "AC=.;AN=6", "GT", "0/0", "0/0", "0/0"), (".", "AC=.;AN=4", "GT", "0/0", "0/0")),
    (line("C", "DP=90;END=9;AC=1;XX=1", "GT", "0/1", "0/0", "0"), ("C", "END=9;AC=1", "GT", "0/1", "0")),
    (line("C", "DP=90", "GT", "0/1", "0/0", "0"), ("C", ".", "GT", "0/1", "0")),
    (line("C", ".", "GT:DP:AD", "0/1:5:2,3", "0/0:1:1,0", "0"), ("C", ".", "GT:DP", "0/1:5", "0")),
    (
        line("C,G", "AC=2,1;AN=6;SVLEN=1,2;END=8", "GT:DP:AD", "0/2:5:2,0,3", "1/1:9:0,9,0", "0/0:4"),
        ("G", "AC=1;AN=4;END=8", "GT:DP", "0/1:5", "0/0:4"),
    ),
    (line("C,G,*", "AC=1,1,1", "GT", "3|0", "1|2", "./."), ("*", "AC=1", "GT", "1|0", "./.")),
    (line("C,G", "AC=1,1", "GT", "0/2", "0/1", "0/1"), ("C,G", "AC=1,1", "GT", "0/2", "0/1")),
    (line("C", "AC=1", "DP:GT", "1:0/1", "1:0/0", "1:0/0"), None),
]  # fmt: skip


@pytest.mark.row("T100")
@pytest.mark.parametrize(("before", "after"), CASES)
def test_what_is_left_of_a_record(before: bytes, after: tuple[str, ...] | None) -> None:
    left = without("B").record(before)
    if after is None:
        assert left is None
    else:
        alt, info, format, *columns = after
        assert left == line(alt, info, format, *columns)


@pytest.mark.row("T100")
def test_no_record_shows_that_somebody_who_is_gone_had_an_allele_of_their_own() -> None:
    """Neither by a member that is missing in it alone, nor by alleles that are longer than they need be."""
    with_private = line("C,G", "SVLEN=1,2;END=8", "GT:DP:AD", "0/2:5:2,0,3", "1/1:9:0,9,0", "0/0:4:4,0,0")
    without_private = line("G", "SVLEN=2;END=8", "GT:DP:AD", "0/1:5:2,3", "0/0:9:9,0", "0/0:4:4,0")
    assert without("B").record(with_private) == without("B").record(without_private)
    longer = with_private.replace(b"\tT\tC,G\t", b"\tAT\tA,GT\t")
    left = without("B").record(longer)
    assert left is not None
    assert left.split(b"\t")[3:5] == [b"A", b"G"]


@pytest.mark.parametrize(
    ("ref", "alt", "shown"),
    [("AT", "GT", "A>G"), ("ATT", "GTT,CTT", "A>G,C"), ("AT", "A", "AT>A"), ("TT", "T", "TT>T"), ("AT", "AT", "A>A"),
     ("AT", "<DEL>", "AT><DEL>"), ("AT", "GT,*", "AT>GT,*"), ("CAT", "CGAT", "C>CG"), ("N", "T", "N>T")],
)  # fmt: skip
def test_alleles_have_no_common_end(ref: str, alt: str, shown: str) -> None:
    carried = "/".join(str(n) for n in range(len(alt.split(",")) + 1))
    fields = line(alt, ".", "GT", carried, "0", "0").replace(b"\tT\t", f"\t{ref}\t".encode(), 1)
    left = without("B").record(fields)
    assert left is not None
    assert b">".join(left.split(b"\t")[3:5]).decode() == shown


@pytest.mark.row("T100")
def test_the_header_names_nobody_who_is_gone() -> None:
    left = without("B").header
    assert left.endswith(b"\tFORMAT\tA\tC\n")
    assert b"SAMPLE" not in left
    assert b"source" not in left
    assert b"<ID=DP,Number=1,Type=Integer" in left.replace(b"##INFO=<ID=DP", b""), "of FORMAT it stays"
    assert b"##INFO=<ID=DP" not in left
    assert b"##INFO=<ID=AC" in left


@pytest.mark.parametrize("given", [b"1\t2", line("C", ".", "GT", "0/1"), line("C", ".", "GT", "0/2", "0/0", "0/0"),
                                   line("C", ".", "GT", "x", "0/0", "0/0"), line("C", ".", "GT", "0/0", "0/9", "0/0")])  # fmt: skip
def test_a_line_that_is_no_record_of_this_file_breaks_off(given: bytes) -> None:
    with pytest.raises(MalformedError):
        without("B").record(given)


def test_a_column_that_is_not_there_cannot_be_taken_out() -> None:
    with pytest.raises(MalformedError):
        without("Z")


genotypes = st.lists(st.sampled_from(["0/0", "0/1", "1|2", "./.", "2/2", "1", "0|3"]), min_size=3, max_size=3)


@given(genotypes, st.sampled_from("ABC"))
def test_what_the_one_who_is_gone_had_changes_nothing_that_is_left(columns: list[str], who: str) -> None:
    """Whatever stands in their column, what is left is what would be left had they been a blank; or nothing."""
    place = "ABC".index(who)
    blank = [one if at != place else "./." for at, one in enumerate(columns)]
    left = without(who).record(line("C,G,T", "AC=1,1,1;AN=6", "GT", *columns))
    plain = without(who).record(line("C,G,T", "AC=1,1,1;AN=6", "GT", *blank))
    carried = {allele for at, one in enumerate(columns) if at != place for allele in one.replace("|", "/").split("/")}
    theirs = set(columns[place].replace("|", "/").split("/")) - carried - {"0", "."}
    if not theirs:
        assert left == plain
    elif left is not None:
        alleles = left.split(b"\t")[4].split(b",")
        assert {"CGT"[int(allele) - 1].encode() for allele in theirs}.isdisjoint(alleles)


def test_nothing_that_is_counted_over_people_passes_for_a_word_about_the_place() -> None:
    assert SITE.isdisjoint(
        {b"DP", b"AC", b"AN", b"AF", b"NS", b"MAF", b"HWE", b"F_MISSING", b"AC_Het", b"ExcHet", b"MQ"}
    )
