"""core/htsget/bcf_samples.py: what is left of a BCF file is what is left of the same VCF file, and shows no more."""

import contextlib
import gzip
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.htsget.bcf_samples import BcfFilter, bcf_filter
from broker.core.htsget.bgzf import EOF, packed
from broker.core.htsget.leaving import Filter, Leaving
from broker.core.htsget.reading import MalformedError
from broker.core.htsget.samples import sample_filter

HEADER = b"""##fileformat=VCFv4.2
##source=somebody's own words
##SAMPLE=<ID=B,Description="who B is">
##FILTER=<ID=q10,Description="low, IDX=9 >">
##contig=<ID=1,length=100000>
##contig=<ID=2,length=100000>
##INFO=<ID=AC,Number=A,Type=Integer,Description="">
##INFO=<ID=AN,Number=1,Type=Integer,Description="">
##INFO=<ID=AF,Number=A,Type=Float,Description="">
##INFO=<ID=NS,Number=1,Type=Integer,Description="">
##INFO=<ID=DP,Number=1,Type=Integer,Description="">
##INFO=<ID=END,Number=1,Type=Integer,Description="">
##INFO=<ID=DB,Number=0,Type=Flag,Description="">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="">
##INFO=<ID=WHO,Number=.,Type=String,Description="">
##FORMAT=<ID=GT,Number=1,Type=String,Description="">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="">
##FORMAT=<ID=HQ,Number=2,Type=Integer,Description="">
##FORMAT=<ID=GQ,Number=1,Type=Float,Description="">
##FORMAT=<ID=FT,Number=1,Type=String,Description="">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC
"""
NAMES = ("A", "B", "C")


def as_bcf(lines: list[bytes], header: bytes = HEADER) -> bytes:
    """The content of the same file as htslib writes it, BGZF taken off."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.vcf")
        path.write_bytes(header + b"".join(line + b"\n" for line in lines))
        return gzip.decompress(_run("view", "-Ob", "--no-version", str(path)))


def _run(*command: str, given: bytes | None = None) -> bytes:
    return subprocess.run(["bcftools", *command], input=given, capture_output=True, check=True).stdout


def shown(content: bytes) -> list[bytes]:
    """The lines of a VCF or BCF file, as bcftools prints them; without what it adds."""
    given = packed(content) + EOF
    return _run("view", "--no-version", "-", given=given).splitlines()


def taken_apart(content: bytes) -> tuple[bytes, bytes]:
    length = 9 + int.from_bytes(content[5:9], "little")
    return content[:length], content[length:]


def left(content: bytes, *names: str) -> bytes:
    """What is left of a whole file."""
    header, body = taken_apart(content)
    by = bcf_filter(header, names)
    return by.header + left_of(by, body)


COLUMNS = {
    "GT": st.sampled_from(["0/0", "0/1", "1|1", "./.", "0", ".", "1/2", "2|0", "0/1/1", "./1"]),
    "DP": st.sampled_from([".", "0", "7", "120", "127", "128", "40000", "-3"]),
    "HQ": st.sampled_from([".", "1,2", "300,4", ".,5"]),
    "GQ": st.sampled_from([".", "0.5", "99"]),
    "FT": st.sampled_from([".", "PASS", "q10", "a-very-long-reason"]),
    "AD": st.just("1,2,3"),
}
INFOS = (
    "AC=9,9", "AN=6", "AF=0.5,0.5", "NS=3", "DP=90", "END=80", "DB", "SVTYPE=DEL", "WHO=B", "AC=.", "AF=.",
)  # fmt: skip


@st.composite
def lines(draw: Any) -> bytes:
    members = ["GT", *draw(st.lists(st.sampled_from(["DP", "HQ", "GQ", "FT", "AD"]), unique=True))]
    info = draw(st.lists(st.sampled_from(INFOS), unique_by=lambda one: one.partition("=")[0]))
    ref, alt = draw(st.sampled_from([("A", "C,G"), ("AT", "GT,CT"), ("CAT", "CGAT,C"), ("N", "<DEL>,*")]))
    columns = [":".join(draw(COLUMNS[name]) for name in members) for _ in NAMES]
    fields = ["1", "70", draw(st.sampled_from([".", "rs1", "a-longer-name-than-fourteen"])), ref, alt]
    fields += [draw(st.sampled_from([".", "50"])), draw(st.sampled_from(["PASS", ".", "q10"]))]
    return "\t".join([*fields, ";".join(info) or ".", ":".join(members), *columns]).encode()


def as_vcf(lines: list[bytes], *names: str) -> list[bytes]:
    by = sample_filter(HEADER, names)
    return shown(by.header + left_of(by, b"".join(line + b"\n" for line in lines)))


def left_of(by: Filter, body: bytes) -> bytes:
    leaving = Leaving(by)
    made = leaving.more(body)
    leaving.pause()
    return gzip.decompress(made + leaving.end())


@pytest.mark.row("HT-LEFT-OUT", "T100")
@settings(max_examples=12)
@given(st.lists(lines(), min_size=1, max_size=30), st.sets(st.sampled_from(NAMES), min_size=1, max_size=2))
def test_what_is_left_is_what_is_left_of_the_same_vcf(given: list[bytes], out: set[str]) -> None:
    found = shown(left(as_bcf(given), *out))
    assert [one for one in found if not one.startswith(b"##")] == [
        one for one in as_vcf(given, *out) if not one.startswith(b"##")
    ]
    assert not [one for one in found if b"somebody" in one or b"who B is" in one or b"ID=WHO" in one]


PLAIN = "1\t70\t.\tA\tC\t.\tPASS\tAC=1;END=75\tGT:DP:FT:GQ:HQ\t0/1:5:ok:1:1,2\t{}\t0/0:6:.:2:3,4"
OF_B = ["0/1:5:ok:1:1,2", "0|0|0|0:5:ok:1:1,2", "0/1:70000:ok:1:1,2", "0/1:5:a-much-longer-word:1:1,2", "./.:.:.:.:.",
        "0/1:5:ok:1:300,70000"]  # fmt: skip


@pytest.mark.row("HT-LEFT-OUT", "T100")
def test_whatever_somebody_had_who_is_gone_the_bytes_are_the_same() -> None:
    """Neither wider numbers nor longer texts nor another ploidy show that they needed it."""
    seen = {left(as_bcf([PLAIN.format(column).encode()]), "B") for column in OF_B}
    assert len(seen) == 1


@pytest.mark.row("HT-LEFT-OUT", "T100")
def test_alleles_of_their_own_are_gone_and_what_is_longer_for_them_too() -> None:
    private = b"1\t70\t.\tCAT\tCGAT,C\t.\tPASS\tAC=1,1\tGT\t0/1\t0/2\t0/0"
    (record,) = [one for one in shown(left(as_bcf([private]), "B")) if not one.startswith(b"#")]
    assert record.split(b"\t")[3:5] + record.split(b"\t")[7:] == [
        b"C",
        b"CG",
        b"AC=1;AN=4;AF=0.25;NS=2",
        b"GT",
        b"0/1",
        b"0/0",
    ]
    only = b"1\t70\t.\tA\tC\t.\tPASS\tAC=1\tGT\t0/0\t0/1\t0/0"
    assert [one for one in shown(left(as_bcf([only]), "B")) if not one.startswith(b"#")] == []
    without = b"1\t70\t.\tA\tC\t.\tPASS\tAC=1\tDP\t1\t2\t3"
    assert [one for one in shown(left(as_bcf([without]), "B")) if not one.startswith(b"#")] == []


@pytest.mark.row("HT-LEFT-OUT", "T100")
def test_numbers_of_the_dictionary_stay_whether_the_header_says_them_or_not() -> None:
    whole = as_bcf([PLAIN.format(OF_B[0]).encode()])
    header, body = taken_apart(whole)
    text = header[9:]
    for number in range(40):
        text = text.replace(b",IDX=%d>" % number, b">")
    bare = header[:5] + len(text).to_bytes(4, "little") + text + body
    assert b",IDX=" in header
    assert [one for one in shown(left(bare, "B")) if not one.startswith(b"##")] == [
        one for one in shown(left(whole, "B")) if not one.startswith(b"##")
    ]


@cache
def _one() -> tuple[BcfFilter, bytes]:
    header, body = taken_apart(as_bcf([PLAIN.format(OF_B[3]).encode()]))
    return bcf_filter(header, ("B",)), body


@pytest.mark.row("HT-LEFT-OUT", "T100")
@given(st.data())
def test_a_record_that_was_touched_is_left_or_refused_and_breaks_nothing(data: st.DataObject) -> None:
    by, body = _one()
    touched = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        touched[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(touched[: data.draw(st.integers(0, len(body)))])
    for given_bytes in (bytes(touched), cut):
        try:
            records, rest = by.whole(given_bytes)
            for one in records:
                by.record(one)
            assert sum(map(len, records)) + len(rest) == len(given_bytes)
        except MalformedError:
            pass
        with contextlib.suppress(MalformedError):
            by.record(given_bytes)


@pytest.mark.parametrize(
    ("header", "names"),
    [(b"", ()), (b"BCF\2\2", ()), (b"VCF", ()), (taken_apart(b"BCF\2\2\0\0\0\0")[0], ()), (None, ("D",))],
)
def test_a_header_without_these_samples_is_refused(header: bytes | None, names: tuple[str, ...]) -> None:
    with pytest.raises(MalformedError):
        bcf_filter(taken_apart(as_bcf([]))[0] if header is None else header, names)
