"""Why a request for regions is refused, in words: whoever wrote it must know what to mend."""

from typing import Any
from urllib.parse import parse_qsl

import pytest

from broker.core.htsget.request import Asked, Region, by_body, by_query, merge
from broker.core.outcome import Reason

NUMBERS = "start and end are whole numbers from 0 to 4294967295"
REGION = "a region is an object with referenceName, start and end"
QUERIES = [
    ("format=BAM&format=BAM", "format came twice"),
    ("encryptionScheme=c4gh&encryptionScheme=c4gh", "encryptionScheme came twice"),
    ("referenceName=c&start=x", NUMBERS),
    ("referenceName=c&end=99999999999", NUMBERS),
    ("referenceName=c&start=4294967296", NUMBERS),
    ("referenceName=c&start=00000000001", NUMBERS),
    ("start=5", "start and end need a referenceName"),
    ("end=5", "start and end need a referenceName"),
    ("class=body", "class is header, or left out"),
    ("class=header&tags=NM", "beside class=header stands format alone, and not tags"),
    ("class=header&notags=NM", "beside class=header stands format alone, and not notags"),
    ("class=header&fields=SEQ", "beside class=header stands format alone, and not fields"),
    ("class=header&referenceName=1&end=1", "beside class=header stands format alone, and not referenceName"),
    ("encryptionScheme=x", "encryptionScheme is c4gh, or left out"),
    ("referenceName=", "a referenceName has 1 to 255 characters"),
    ("referenceName=" + "x" * 256, "a referenceName has 1 to 255 characters"),
    ("referenceName=*&start=0", "the referenceName * is for reads, without start and end"),
    ("fields=NAME", "fields are CIGAR, FLAG, MAPQ, PNEXT, POS, QNAME, QUAL, RNAME, RNEXT, SEQ, TLEN"),
    ("tags=NM&notags=NM", "a tag is in tags and in notags"),
]


@pytest.mark.parametrize(("query", "problem"), QUERIES)
def test_what_is_wrong_with_a_query(query: str, problem: str) -> None:
    found = by_query("reads", parse_qsl(query, keep_blank_values=True))
    assert found == Reason(code="REQ-INVALID", facts=(("problem", problem),))


BODIES: list[tuple[Any, str]] = [
    ([], "the body is an object with format, class, fields, tags, notags, regions"),
    ({"start": 1}, "the body is an object with format, class, fields, tags, notags, regions"),
    ({"format": 1}, "format and class are words"),
    ({"class": 1}, "format and class are words"),
    ({"fields": "SEQ"}, "fields is a list of words"),
    ({"tags": "NM"}, "tags is a list of words"),
    ({"notags": [1]}, "notags is a list of words"),
    ({"regions": []}, "regions is a list with one region or more"),
    ({"regions": {}}, "regions is a list with one region or more"),
    ({"regions": [1]}, REGION),
    ({"regions": [{"referenceName": "1", "stop": 1}]}, REGION),
    ({"regions": [{"start": 1}]}, REGION),
    ({"regions": [{"referenceName": "1", "start": -1}]}, NUMBERS),
    ({"regions": [{"referenceName": "1", "end": True}]}, NUMBERS),
    ({"regions": [{"referenceName": "1"}, {"referenceName": ""}]}, "a referenceName has 1 to 255 characters"),
    ({"class": "header", "regions": [{"referenceName": "1"}]}, "beside class=header stands format alone, and not regions"),
    ({"class": "header", "tags": []}, "beside class=header stands format alone, and not tags"),
    ({"class": "header", "notags": []}, "beside class=header stands format alone, and not notags"),
    ({"class": "header", "fields": []}, "beside class=header stands format alone, and not fields"),
    ({"encryptionScheme": 1}, "encryptionScheme is c4gh, or left out"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "problem"), BODIES)
def test_what_is_wrong_with_a_body(body: Any, problem: str) -> None:
    assert by_body("reads", body, queried=False) == Reason(code="REQ-INVALID", facts=(("problem", problem),))


def test_a_post_with_a_query_is_told_so() -> None:
    assert by_body("reads", {}, queried=True) == Reason(code="REQ-INVALID", facts=(("problem", "a POST has no query"),))


@pytest.mark.parametrize(("kind", "formats"), [("reads", "BAM or CRAM"), ("variants", "VCF or BCF")])
def test_the_formats_that_there_are_are_told(kind: Any, formats: str) -> None:
    assert by_query(kind, [("format", "SAM")]) == Reason(code="REQ-FORMAT", facts=(("formats", formats),))


@pytest.mark.parametrize("end", ["3", "4"])
def test_a_region_ends_where_it_begins_or_behind(end: str) -> None:
    found = by_query("reads", [("referenceName", "1"), ("start", "4"), ("end", end)])
    behind = Reason(code="REQ-REGION", facts=(("problem", "it ends before it begins"),))
    assert found == (behind if end == "3" else Asked(format="BAM", regions=(Region("1", 4, 4),)))


def test_two_thousand_regions_are_read_and_one_more_are_not() -> None:
    regions = [{"referenceName": f"{n:05}", "start": 0, "end": 4_294_967_295} for n in range(2001)]
    found = by_body("reads", {"regions": regions[:-1]}, queried=False)
    assert isinstance(found, Asked)
    assert found.regions == tuple(Region(f"{n:05}", 0, 4_294_967_295) for n in range(2000))
    assert by_body("reads", {"regions": regions}, queried=False) == Reason(
        code="REQ-TOO-LARGE", facts=(("limit", "more than 2000 regions"),)
    )


def test_a_name_may_have_255_characters_and_a_position_may_be_the_last() -> None:
    found = by_query("reads", [("referenceName", "x" * 255), ("start", "4294967295")])
    assert found == Asked(format="BAM", regions=(Region("x" * 255, 4_294_967_295, 4_294_967_296),))


def test_fields_of_variants_have_names_of_their_own() -> None:
    assert by_query("variants", [("fields", "ANYTHING")]) == Asked(format="VCF")


def test_regions_that_touch_are_one_and_those_that_do_not_are_two() -> None:
    assert merge([Region("a", 5, 9), Region("a", 0, 5)]) == (Region("a", 0, 9),)
    assert merge([Region("a", 6, 9), Region("a", 0, 5)]) == (Region("a", 0, 5), Region("a", 6, 9))
    assert merge([Region("a", 0, 9), Region("a", 2, 3), Region("b", 3, 4)]) == (Region("a", 0, 9), Region("b", 3, 4))
