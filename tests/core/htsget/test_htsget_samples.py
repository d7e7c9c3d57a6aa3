"""core/htsget/samples.py: a participant taken out of a VCF leaves nothing that only they showed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.htsget.reading import MalformedError
from broker.core.htsget.samples import STRUCTURAL, SampleFilter, sample_filter

HEADER = b"""##fileformat=VCFv4.3
##source=somebody's own words
##SAMPLE=<ID=B,Description="who B is">
##contig=<ID=1>
##INFO=<ID=AC,Number=A,Type=Integer,Description="">
##INFO=<ID=AN,Number=1,Type=Integer,Description="">
##INFO=<ID=AF,Number=A,Type=Float,Description="">
##INFO=<ID=DP,Number=1,Type=Integer,Description="">
##INFO=<ID=END,Number=1,Type=Integer,Description="">
##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="">
##FORMAT=<ID=GT,Number=1,Type=String,Description="">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="">
##FORMAT=<ID=HQ,Number=2,Type=Integer,Description="">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC
"""


def without(*names: str) -> SampleFilter:
    return sample_filter(HEADER, names)


def line(alt: str, info: str, format: str, *columns: str) -> bytes:
    return "\t".join(["1", "7", "rs1", "T", alt, "50", "PASS", info, format, *columns]).encode()


def left(of: bytes, *names: str) -> bytes | None:
    found = without(*names).record(of)
    return None if found is None else found.data


def shown(alt: str, info: str, format: str, *columns: str, **more: str) -> bytes:
    """The line of a record that was left."""
    said = {"pos": "7", "id": "rs1", "ref": "T"} | more
    fields = ["1", said["pos"], said["id"], said["ref"], alt, ".", "PASS", info, format, *columns]
    return "\t".join(fields).encode() + b"\n"


CASES = [
    # what stands there without B: None where nothing may stand there
    (line("C", "AC=2;AN=6;AF=0.333333", "GT", "0/1", "0/0", "0/1"), shown("C", "AC=2;AN=4;AF=0.5", "GT", "0/1", "0/1")),
    (line("C", "AC=3;AN=6", "GT", "0|1", "1|1", "0|0"), shown("C", "AC=1;AN=4;AF=0.25", "GT", "0|1", "0|0")),
    (line("C", "AC=2;AN=6", "GT", "0/0", "1/1", "0/0"), None),
    (line("C", "AC=1;AN=2", "GT", "./.", "0/1", "./."), None),
    (line("C", "AC=0;AN=6", "GT", "0/0", "0/0", "0/0"), None),
    (line(".", "AC=.;AN=6", "GT", "0/0", "0/0", "0/0"), None),
    (line("C", "DP=90;END=9;AC=9;XX=1;VT=SNP;DB", "GT", "0/1", "0/0", "0"), shown("C", "AC=1;AN=3;AF=0.333333", "GT", "0/1", "0")),
    (line("C", ".", "GT", "1", "0/0", "./1"), shown("C", "AC=2;AN=2;AF=1", "GT", "1", "./1")),
    (
        line("C", ".", "GT:DP:AD", "0/1:5:2,3", "0/0:1:1,0", "0"),
        shown("C", "AC=1;AN=3;AF=0.333333", "GT:DP", "0/1:5", "0"),
    ),
    (
        line("C,G", "AC=2,1;AN=6;SVLEN=1,2;END=8", "GT:DP:AD", "0/2:5:2,0,3", "1/1:9:0,9,0", "0/0:4"),
        shown("G", "AC=1;AN=4;AF=0.25", "GT:DP", "0/1:5", "0/0:4"),
    ),
    (line("C,G,*", "AC=1,1,1", "GT", "3|0", "1|2", "./."), None),
    (line("C,G,*", ".", "GT", "3|0", "1|2", "0|2"), shown("G,*", "AC=1,1;AN=4;AF=0.25,0.25", "GT", "2|0", "0|1")),
    (line("C,<NON_REF>", ".", "GT", "0/1", "0/2", "0"), shown("C", "AC=1;AN=3;AF=0.333333", "GT", "0/1", "0")),
    (line("C,G", ".", "GT", "0/2", "0/1", "0/1"), shown("C,G", "AC=1,1;AN=4;AF=0.25,0.25", "GT", "0/2", "0/1")),
    (line("G,C", ".", "GT", "1/2", "0/1", "1|2"), shown("C,G", "AC=2,2;AN=4;AF=0.5,0.5", "GT", "1/2", "2|1")),
    (line("C", "AC=1", "DP:GT", "1:0/1", "1:0/0", "1:0/0"), None),
]  # fmt: skip


@pytest.mark.row("HT-LEFT-OUT", "T100")
@pytest.mark.parametrize(("before", "after"), CASES)
def test_what_is_left_of_a_record(before: bytes, after: bytes | None) -> None:
    assert left(before, "B") == after


SV = "SVTYPE=DEL;END=90;SVLEN=-80;CIPOS=-5,5;IMPRECISE;CHR2=2;MATEID=x;EVENT=y"
KEPT_SV = "AC=1;AN=4;AF=0.25;SVTYPE=DEL;END=90;SVLEN=-80;IMPRECISE;CHR2=2"


@pytest.mark.row("HT-LEFT-OUT", "T100")
@pytest.mark.parametrize(
    ("alt", "after"),
    [
        ("<DEL>", shown("<DEL>", KEPT_SV, "GT", "0/1", "0/0")),
        ("]2:9]T", shown("]2:9]T", KEPT_SV, "GT", "0/1", "0/0")),
        ("<DEL>,<DUP>", None),
        ("<DEL>,C", None),
        ("C,<DEL>", shown("C", "AC=1;AN=4;AF=0.25", "GT", "0/1", "0/0")),
    ],
)
def test_what_tells_where_an_allele_ends_stays_with_it_and_such_a_record_stays_whole(
    alt: str, after: bytes | None
) -> None:
    assert left(line(alt, SV, "GT", "0/1", "0/0" if after and "," not in alt else "0/2", "0/0"), "B") == after


@pytest.mark.row("HT-LEFT-OUT", "T100")
@pytest.mark.parametrize("name", ["rs1", "rs1;rs2", "1_7_T_C", "v7", "rs", "rs1_C", "COSV1", "."])
def test_a_name_stays_if_it_is_one_of_dbsnp_alone(name: str) -> None:
    given = line("C", ".", "GT", "0/1", "1/1", "0/0").replace(b"\trs1\t", f"\t{name}\t".encode())
    wanted = shown("C", "AC=1;AN=4;AF=0.25", "GT", "0/1", "0/0", id="rs1" if name == "rs1" else ".")
    assert left(given, "B") == wanted


@pytest.mark.row("HT-LEFT-OUT", "T100")
def test_what_nobody_has_any_more_is_not_named_either() -> None:
    given = line("C", ".", "GT:DP:HQ:PS", "0/1:.:.,.", "0/0:3:1,2:77", "0/0:.")
    assert left(given, "B") == shown("C", "AC=1;AN=4;AF=0.25", "GT", "0/1", "0/0")
    given = line("C", ".", "GT:DP:HQ:PS", "0/1:.:.,5:.", "0/0:3:1,2:77", "0/0:.:.,.:.")
    assert left(given, "B") == shown("C", "AC=1;AN=4;AF=0.25", "GT:HQ", "0/1:.,5", "0/0")


@pytest.mark.row("HT-LEFT-OUT", "T100")
def test_no_record_shows_that_somebody_who_is_gone_had_an_allele_of_their_own() -> None:
    """Neither by a member that is missing in it alone, nor by alleles that are longer than they need be."""
    with_private = line("C,G", "SVLEN=1,2;END=8", "GT:DP:AD", "0/2:5:2,0,3", "1/1:9:0,9,0", "0/0:4:4,0,0")
    without_private = line("G", "SVLEN=2;END=8", "GT:DP:AD", "0/1:5:2,3", "0/0:9:9,0", "0/0:4:4,0")
    assert left(with_private, "B") == left(without_private, "B") != None  # noqa: E711 (compares bytes)
    longer = with_private.replace(b"\t7\t", b"\t5\t").replace(b"\tT\tC,G\t", b"\tCATA\tG,CAGA\t")
    assert left(longer, "B") == left(without_private, "B")


@pytest.mark.row("HT-LEFT-OUT", "T100")
def test_the_header_names_nobody_who_is_gone() -> None:
    left = without("B").header
    assert left.endswith(b"\tFORMAT\tA\tC\n")
    assert b"SAMPLE" not in left
    assert b"source" not in left
    assert b"<ID=DP,Number=1,Type=Integer" in left.replace(b"##INFO=<ID=DP", b""), "of FORMAT it stays"
    assert b"##INFO=<ID=DP" not in left
    assert b"##INFO=<ID=AC" in left


@pytest.mark.parametrize("said", [b"Number=1,Type=Integer", b"Number=A,Type=String", b"Type=Integer,Number=A"])
def test_what_the_header_declares_in_another_way_is_not_counted(said: bytes) -> None:
    other = HEADER.replace(b"ID=AC,Number=A,Type=Integer", b"ID=AC," + said)
    by = sample_filter(other, ["B"])
    found = by.record(line("C", "AC=2;AN=6", "GT", "0/1", "0/0", "0/1"))
    assert b"ID=AC" not in by.header
    assert found is not None
    assert found.data == shown("C", "AN=4;AF=0.5", "GT", "0/1", "0/1")


WRONG = {
    "too few columns": b"1\t2",
    "a column less": line("C", ".", "GT", "0/1", "0/1"),
    "an allele too many": line("C", ".", "GT", "0/2", "0/0", "0/0"),
    "no genotype": line("C", ".", "GT", "x", "0/0", "0/0"),
    "an empty genotype": line("C", ".", "GT", "", "0/0", "0/0"),
    "half a genotype": line("C", ".", "GT", "0/1", "0/0", "0/"),
    "an endless allele": line("C", ".", "GT", "9" * 5000, "0/0", "0/0"),
    "no place": line("C", ".", "GT", "0/1", "0/0", "0/0").replace(b"\t7\t", b"\tx\t"),
    "an endless place": line("C", ".", "GT", "0/1", "0/0", "0/0").replace(b"\t7\t", b"\t" + b"7" * 5000 + b"\t"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_line_that_is_no_record_of_this_file_breaks_off(case: str) -> None:
    with pytest.raises(MalformedError):
        left(WRONG[case], "B")


def test_a_column_that_is_not_there_cannot_be_taken_out() -> None:
    with pytest.raises(MalformedError):
        without("Z")


columns = st.lists(st.text("0123./|:,x", max_size=8), min_size=3, max_size=3)
genotypes = st.lists(st.sampled_from(["0/0", "0/1", "1|2", "./.", "2/2", "1", "0|3"]), min_size=3, max_size=3)


@pytest.mark.row("HT-LEFT-OUT", "T100")
@given(genotypes, columns, st.sampled_from("ABC"))
def test_what_stands_in_the_column_of_who_is_gone_changes_nothing(
    called: list[str], other: list[str], who: str
) -> None:
    """Not even where it is none of what may stand there."""
    place = "ABC".index(who)
    found = [*called[:place], other[place], *called[place + 1 :]]
    assert left(line("C,G,T", "AC=1,1,1;AN=6", "GT", *found), who) == left(line("C,G,T", ".", "GT", *called), who)


def test_nothing_that_is_counted_over_people_passes_for_a_word_about_the_place() -> None:
    assert {"CHR2", "END", "IMPRECISE", "SVLEN", "SVTYPE"} == {name.decode() for name in STRUCTURAL}
