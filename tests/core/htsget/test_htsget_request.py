"""core/htsget/request.py: every rule about what may be asked, by GET and by POST."""

from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.htsget.request import (
    MAX_POSITION,
    MAX_REGIONS,
    Asked,
    DataType,
    Region,
    by_body,
    by_query,
    merge,
)
from broker.core.outcome import Reason

END = MAX_POSITION + 1
ALL = Asked(format="BAM")
QUERIES: list[tuple[str, Asked | str]] = [
    ("", ALL),
    ("format=BAM", ALL),
    ("format=bam", ALL),
    ("format=CRAM", Asked(format="CRAM")),
    ("format=VCF", "REQ-FORMAT"),
    ("format=", "REQ-FORMAT"),
    ("class=header", Asked(format="BAM", header_only=True)),
    ("class=header&format=cram", Asked(format="CRAM", header_only=True)),
    ("class=header&foreign=1", Asked(format="BAM", header_only=True)),
    ("class=", "REQ-INVALID"),
    ("class=body", "REQ-INVALID"),
    ("class=Header", "REQ-INVALID"),
    *((f"class=header&{more}", "REQ-INVALID") for more in ("referenceName=1", "fields=SEQ", "tags=", "notags=", "tags=NM")),
    ("class=header&referenceName=1&start=1", "REQ-INVALID"),
    ("referenceName=chr1", Asked(format="BAM", regions=(Region("chr1", 0, END),))),
    ("referenceName=chr1&start=5", Asked(format="BAM", regions=(Region("chr1", 5, END),))),
    ("referenceName=chr1&end=5", Asked(format="BAM", regions=(Region("chr1", 0, 5),))),
    ("referenceName=chr1&start=5&end=5", Asked(format="BAM", regions=(Region("chr1", 5, 5),))),
    (f"referenceName=c&start=0&end={MAX_POSITION}", Asked(format="BAM", regions=(Region("c", 0, MAX_POSITION),))),
    ("referenceName=*", Asked(format="BAM", regions=(Region("*", 0, END),))),
    ("referenceName=*&start=0", "REQ-INVALID"),
    ("referenceName=*&end=9", "REQ-INVALID"),
    ("referenceName=", "REQ-INVALID"),
    ("start=5", "REQ-INVALID"),
    ("end=5", "REQ-INVALID"),
    ("referenceName=chr1&start=6&end=5", "REQ-REGION"),
    *((f"referenceName=c&start={bad}", "REQ-INVALID") for bad in ("-1", "1.0", "x", "", "+1", "%201", "1_0", "%D9%A1", END, "1e3", "0x1")),
    ("referenceName=c&end=-1", "REQ-INVALID"),
    ("referenceName=c&start=1&start=1", "REQ-INVALID"),
    ("format=BAM&format=BAM", "REQ-INVALID"),
    ("foreign=1&foreign=2", ALL),
    ("encryptionScheme=c4gh", Asked(format="BAM", sealed=True)),
    ("class=header&encryptionScheme=c4gh", Asked(format="BAM", header_only=True, sealed=True)),
    ("encryptionScheme=C4GH", "REQ-INVALID"),
    ("encryptionScheme=", "REQ-INVALID"),
    ("encryptionScheme=c4gh&encryptionScheme=c4gh", "REQ-INVALID"),
    ("fields=QNAME,FLAG,RNAME,POS,MAPQ,CIGAR,RNEXT,PNEXT,TLEN,SEQ,QUAL", ALL),
    ("fields=QNAME,NAME", "REQ-INVALID"),
    ("fields=qname", "REQ-INVALID"),
    ("tags=&notags=NM", ALL),
    ("tags=NM,MD&notags=OQ", ALL),
    ("tags=NM,MD&notags=OQ,NM", "REQ-INVALID"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "wanted"), QUERIES)
def test_a_query(query: str, wanted: Asked | str) -> None:
    said(by_query("reads", parse_qsl(query, keep_blank_values=True)), wanted)


WRONG: list[Any] = [
    [], 1, "x", True, {"unknown": 1}, {"referenceName": "1"}, {"start": 1}, {"format": 1}, {"class": 1},
    {"class": "body"}, {"class": "header", "regions": [{"referenceName": "1"}]}, {"class": "header", "tags": []},
    {"fields": "QNAME"}, {"fields": [1]}, {"fields": ["NAME"]}, {"tags": "NM"}, {"tags": ["NM"], "notags": ["NM"]},
    {"regions": []}, {"regions": {}}, {"regions": [1]}, {"regions": [{}]}, {"regions": [{"start": 1}]},
    {"regions": [{"referenceName": ""}]}, {"regions": [{"referenceName": 1}]},
    {"regions": [{"referenceName": "1", "start": -1}]}, {"regions": [{"referenceName": "1", "start": True}]},
    {"regions": [{"referenceName": "1", "start": 1.0}]}, {"regions": [{"referenceName": "1", "start": "1"}]},
    {"regions": [{"referenceName": "1", "end": END}]}, {"regions": [{"referenceName": "1", "stop": 1}]},
    {"regions": [{"referenceName": "*", "start": 0}]},
]  # fmt: skip
BODIES: list[tuple[Any, Asked | str]] = [
    (None, ALL),
    ({}, ALL),
    ({"format": "bam", "fields": ["QNAME"], "tags": [], "notags": ["OQ"]}, ALL),
    ({"class": "header", "format": "CRAM"}, Asked(format="CRAM", header_only=True)),
    ({"regions": [{"referenceName": "1"}]}, Asked(format="BAM", regions=(Region("1", 0, END),))),
    (
        {"regions": [{"referenceName": "2", "start": 9}, {"referenceName": "1", "start": 3, "end": 4}]},
        Asked(format="BAM", regions=(Region("1", 3, 4), Region("2", 9, END))),
    ),
    ({"regions": [{"referenceName": "*"}]}, Asked(format="BAM", regions=(Region("*", 0, END),))),
    ({"regions": [{"referenceName": str(n)} for n in range(MAX_REGIONS + 1)]}, "REQ-TOO-LARGE"),
    ({"regions": [{"referenceName": "1", "start": 4, "end": 4}]}, "REQ-REGION"),
    ({"regions": [{"referenceName": "1", "start": 5, "end": 4}]}, "REQ-REGION"),
    ({"regions": [{"referenceName": "1", "end": 0}]}, "REQ-REGION"),
    ({"format": "VCF"}, "REQ-FORMAT"),
    *((body, "REQ-INVALID") for body in WRONG),
]  # fmt: skip


@pytest.mark.parametrize(("body", "wanted"), BODIES)
def test_a_body(body: Any, wanted: Asked | str) -> None:
    said(by_body("reads", body, queried=False), wanted)


def test_a_body_has_no_query_beside_it() -> None:
    said(by_body("reads", {}, queried=True), "REQ-INVALID")


VARIANTS: list[tuple[str, Asked | str]] = [
    ("", Asked(format="VCF")),
    ("format=bcf", Asked(format="BCF")),
    ("format=BAM", "REQ-FORMAT"),
    ("referenceName=*", "REQ-INVALID"),
    ("tags=DP&notags=DP", "REQ-INVALID"),
]


@pytest.mark.parametrize(("query", "wanted"), VARIANTS)
def test_variants_have_formats_of_their_own_and_all_have_a_place(query: str, wanted: Asked | str) -> None:
    said(by_query("variants", parse_qsl(query, keep_blank_values=True)), wanted)


def said(found: Asked | Reason, wanted: Asked | str) -> None:
    assert (found.code if isinstance(found, Reason) else found) == wanted


places = st.integers(0, 40)
some_regions = st.lists(
    st.builds(
        lambda name, one, other: Region(name, min(one, other), max(one, other)), st.sampled_from("ab"), places, places
    )
)


@given(some_regions)
def test_merged_regions_are_the_same_bases_and_lie_apart(given: list[Region]) -> None:
    merged = merge(given)
    assert bases(merged) == bases(given)
    for one, other in pairwise(merged):
        assert (one.reference, one.end) < (other.reference, other.start)


def bases(regions: Any) -> set[tuple[str, int]]:
    return {(one.reference, at) for one in regions for at in range(one.start, one.end)}


kinds: st.SearchStrategy[DataType] = st.sampled_from(["reads", "variants"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["regions", "format", "class", "fields", "tags", "referenceName", "start", "x"]), inner),
    max_leaves=8,
)  # fmt: skip


@given(kinds, anything)
def test_whatever_comes_is_read_or_refused(kind: DataType, body: Any) -> None:
    assert isinstance(by_body(kind, body, queried=False), Asked | Reason)


@given(
    kinds,
    st.lists(
        st.tuples(st.sampled_from(["format", "class", "referenceName", "start", "end", "tags"]), st.text(max_size=4))
    ),
)
def test_whatever_query_comes_is_read_or_refused(kind: DataType, pairs: list[tuple[str, str]]) -> None:
    assert isinstance(by_query(kind, pairs), Asked | Reason)
