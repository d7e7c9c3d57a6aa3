"""core/htsget/ticket.py: tickets, errors and the description of the service, as clients read them."""

from base64 import b64encode

import pytest

from broker.core.htsget.plan import Plan
from broker.core.htsget.request import FORMATS, DataType
from broker.core.htsget.ticket import error, error_name, filtered_ticket, sealed_ticket, service_info, ticket
from broker.core.ranges import Span

URL, HEADERS = "https://broker.example/data/x", {"Authorization": "Bearer x"}
PLAN = Plan(header=(Span(0, 9), b"cut"), body=(Span(20, 29), b"end"))
HEAD = [
    {"url": URL, "headers": {**HEADERS, "Range": "bytes=0-9"}, "class": "header"},
    {"url": f"data:;base64,{b64encode(b'cut').decode()}", "class": "header"},
]
BODY = [
    {"url": URL, "headers": {**HEADERS, "Range": "bytes=20-29"}, "class": "body"},
    {"url": f"data:;base64,{b64encode(b'end').decode()}", "class": "body"},
]


def test_a_ticket_has_the_header_and_then_the_body_fetched_or_inside_it() -> None:
    assert ticket(PLAN, "BAM", URL, HEADERS) == {"htsget": {"format": "BAM", "urls": [*HEAD, *BODY]}}


def test_what_is_made_on_its_way_stands_between_header_and_end() -> None:
    made = {"url": URL, "headers": HEADERS, "class": "body"}
    assert filtered_ticket(PLAN, "VCF", URL, HEADERS) == {"htsget": {"format": "VCF", "urls": [*HEAD, made, *BODY]}}


def test_what_comes_encrypted_has_one_address() -> None:
    assert sealed_ticket("CRAM", URL, HEADERS) == {"htsget": {"format": "CRAM", "urls": [{"url": URL, "headers": HEADERS}]}}  # fmt: skip


def test_fetched_and_inline_are_counted_apart() -> None:
    assert (PLAN.ranges, PLAN.inline) == (((0, 9), (20, 29)), 6)
    touching = Plan(header=(Span(0, 9),), body=(Span(10, 29), Span(31, 39)))
    assert (touching.ranges, touching.inline) == (((0, 29), (31, 39)), 0)


ERRORS = [
    ("REQ-REGION", 400, "InvalidRange"),
    ("REQ-FORMAT", 400, "UnsupportedFormat"),
    ("REQ-INVALID", 400, "InvalidInput"),
    ("AUTH-NO-TOKEN", 401, "InvalidAuthentication"),
    ("AUTH-NO-GRANT", 403, "PermissionDenied"),
    ("REQ-REFERENCE", 404, "NotFound"),
    ("REQ-TOO-LARGE", 413, "PayloadTooLarge"),
    ("REQ-TOO-MANY", 429, "InvalidInput"),
    ("REQ-REGION", 500, "InternalServerError"),
    ("X", 499, "InvalidInput"),
    ("X", 503, "InternalServerError"),
]


@pytest.mark.parametrize(("code", "status", "name"), ERRORS)
def test_an_error_has_the_name_that_the_specification_gives_it(code: str, status: int, name: str) -> None:
    assert error_name(code, status) == name
    assert error(code, status, "Why.", {"decision": "dec_1", "appeal": None}) == {
        "htsget": {"decision": "dec_1", "error": name, "message": "Why.", "code": code}
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_service_info_says_what_one_endpoint_gives(kind: DataType) -> None:
    said = service_info(
        kind, service_id="example.x", name="N", version="7", url="https://example.org", operator="Example"
    )
    assert said == {
        "id": "example.x",
        "name": "N",
        "type": {"group": "org.ga4gh", "artifact": "htsget", "version": "1.3.0"},
        "organization": {"name": "Example", "url": "https://example.org"},
        "version": "7",
        "htsget": {
            "datatype": kind,
            "formats": ["BAM", "CRAM"] if kind == "reads" else ["VCF", "BCF"],
            "fieldsParameterEffective": False,
            "tagsParametersEffective": False,
        },
    }
