"""core/drs/objects.py and service_info.py: the JSON that DRS clients read."""

from collections.abc import Sequence
from typing import Any

import pytest

from broker.core.drs.objects import (
    HEX_DIGITS,
    MAX_SIZE,
    AuthType,
    access_method,
    access_url,
    authorizations,
    drs_object,
    error,
    is_checksum,
    is_name,
)
from broker.core.drs.service_info import Operator, service_id, service_info
from broker.core.time import Seconds

SHA256, MD5 = "ab" * 32, "cd" * 16
METHOD = access_method(kind="https", access_id="https")


def made(**one_change: Any) -> dict[str, Any]:
    members: dict[str, Any] = {
        "base_url": "https://drs.example.org:8443",
        "object_id": "demo/1",
        "size": 10,
        "created": Seconds(1_700_000_000),
        "checksums": {"md5": MD5, "sha-256": SHA256},
        "access_methods": [METHOD],
    }
    return drs_object(**members | one_change)


@pytest.mark.row("DR1")
def test_an_object_has_what_is_required_and_nothing_unset() -> None:
    assert made() == {
        "id": "demo/1",
        "self_uri": "drs://drs.example.org/demo%2F1",
        "size": 10,
        "created_time": "2023-11-14T22:13:20Z",
        "checksums": [{"checksum": SHA256, "type": "sha-256"}, {"checksum": MD5, "type": "md5"}],
        "access_methods": [{"type": "https", "access_id": "https"}],
    }


def test_an_object_shows_every_member_that_is_set() -> None:
    full = made(
        name="a.bam",
        updated=Seconds(1_700_000_001),
        version="1",
        mime_type="application/octet-stream",
        description="reads",
        aliases=["x"],
    )
    assert list(full) == [
        "id", "name", "self_uri", "size", "created_time", "updated_time", "version", "mime_type",
        "checksums", "access_methods", "description", "aliases",
    ]  # fmt: skip
    assert (full["updated_time"], full["aliases"]) == ("2023-11-14T22:13:21Z", ["x"])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"object_id": "access"}, "not a DRS id"),
        ({"object_id": ""}, "not a DRS id"),
        ({"name": "a b"}, "a name has"),
        ({"name": "../a"}, "a name has"),
        ({"name": ""}, "a name has"),
        ({"size": -1}, "int64"),
        ({"size": MAX_SIZE + 1}, "int64"),
        ({"checksums": {}}, "checksum"),
        ({"checksums": {"sha256": SHA256}}, "checksum"),
        ({"checksums": {"sha-256": MD5}}, "checksum"),
        ({"checksums": {"sha-256": SHA256, "md5": "xyz"}}, "checksum"),
        ({"access_methods": []}, "a way to get"),
        ({"base_url": "https://[::1]"}, "host name"),
    ],
    ids=str,
)
def test_what_drs_cannot_say_is_an_error_of_the_catalogue(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        made(**change)


def test_sizes_of_nothing_and_of_an_int64_are_fine() -> None:
    assert (made(size=0)["size"], made(size=MAX_SIZE)["size"]) == (0, 9_223_372_036_854_775_807)


@pytest.mark.parametrize(
    ("kind", "value", "valid"),
    [
        ("sha-256", SHA256, True),
        ("sha-256", SHA256.upper(), False),
        ("sha-256", SHA256[:-1], False),
        ("sha-256", SHA256 + "\n", False),
        ("sha256", SHA256, False),
        ("SHA-256", SHA256, False),
        ("etag", "a", True),
        ("etag", "", False),
        ("crc32c", "0" * 8, True),
        ("trunc512", "0" * 48, True),
        ("made-up", SHA256, False),
    ],
)
def test_a_checksum_is_hexadecimal_of_the_length_of_its_type(kind: str, value: str, *, valid: bool) -> None:
    assert is_checksum(kind, value) is valid


@pytest.mark.parametrize("kind", sorted(set(HEX_DIGITS) - {"etag"}))
def test_one_digit_more_or_less_is_no_checksum(kind: str) -> None:
    digits = HEX_DIGITS[kind] or 0
    assert [is_checksum(kind, "0" * (digits + more)) for more in (-1, 0, 1)] == [False, True, False]


@pytest.mark.parametrize(
    ("name", "valid"),
    [("NA1.bam", True), ("a_b-c.vcf.gz", True), ("a/b", False), ("é", False), ("a\n", False), ("", False)],
)
def test_a_name_is_a_portable_file_name(name: str, *, valid: bool) -> None:
    assert is_name(name) is valid


def test_access_url_headers_are_lines_and_not_an_object() -> None:
    assert access_url("https://x/d") == {"url": "https://x/d"}
    lines = ["Authorization: Bearer abc.def", "X-One: 1 2"]
    assert access_url("https://x/d", lines) == {"url": "https://x/d", "headers": lines}


@pytest.mark.parametrize("line", ["Authorization", "A:b", "A: b\r\nC: d", "A : b", ": b", "A: ", "A: b ", "A: é"])
def test_a_header_that_is_not_one_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="header"):
        access_url("https://x/d", [line])


def test_an_access_method_says_how_and_who() -> None:
    auth = authorizations(["BearerAuth", "PassportAuth"], visa_issuers=["https://v"], token_issuers=["https://b"])
    assert auth == {
        "supported_types": ["BearerAuth", "PassportAuth"],
        "passport_auth_issuers": ["https://v"],
        "bearer_auth_issuers": ["https://b"],
    }
    assert access_method(kind="https", access_id="a", region="eu", cloud="local", available=False, auth=auth) == {
        "type": "https",
        "access_id": "a",
        "cloud": "local",
        "region": "eu",
        "available": False,
        "authorizations": auth,
    }
    assert access_method(kind="s3", url=access_url("s3://b/k")) == {
        "type": "s3",
        "access_url": {"url": "s3://b/k"},
    }


def test_an_open_object_says_that_anybody_may_have_it() -> None:
    assert authorizations(["None"], object_id="o") == {"drs_object_id": "o", "supported_types": ["None"]}


URL = access_url("https://x")
METHODS: dict[str, dict[str, Any]] = {
    "neither id nor url": {},
    "who may call /access, and no /access": {"url": URL, "auth": authorizations(["None"])},
}


@pytest.mark.parametrize("case", METHODS)
def test_a_way_of_access_that_leads_nowhere_cannot_be_made(case: str) -> None:
    with pytest.raises(ValueError, match="access_id"):
        access_method(kind="https", **METHODS[case])


AUTHORIZATIONS: dict[str, tuple[Sequence[AuthType], dict[str, Any]]] = {
    "nothing said means anybody": ([], {}),
    "passports of no issuer": (["PassportAuth"], {}),
    "visa issuers without passports": (["BearerAuth"], {"visa_issuers": ["https://v"]}),
    "token issuers without tokens": (["None"], {"token_issuers": ["https://b"]}),
}


@pytest.mark.parametrize("case", AUTHORIZATIONS)
def test_authorizations_that_would_mislead_a_client_cannot_be_made(case: str) -> None:
    types, issuers = AUTHORIZATIONS[case]
    with pytest.raises(ValueError, match="Auth"):
        authorizations(types, **issuers)


def test_an_error_has_the_members_of_drs_and_ours_beside_them() -> None:
    assert error(404, "No such object.") == {"msg": "No such object.", "status_code": 404}
    assert error(403, "No.", code="AUTH-NO-GRANT", decision="dec_1") == {
        "msg": "No.",
        "status_code": 403,
        "code": "AUTH-NO-GRANT",
        "decision": "dec_1",
    }


def test_service_info_has_the_members_of_both_specifications() -> None:
    info = service_info(
        base_url="https://drs.example.org:8443",
        version="1",
        operator=Operator("Example", "https://example.org", "mailto:help@example.org", "test"),
        max_bulk=5,
        object_count=2,
        total_size=30,
    )
    assert info.pop("name")
    assert info.pop("description")
    assert info.pop("documentationUrl").startswith("https://")
    assert info == {
        "id": "org.example.drs.drs",
        "type": {"group": "org.ga4gh", "artifact": "drs", "version": "1.5.0"},
        "organization": {"name": "Example", "url": "https://example.org"},
        "contactUrl": "mailto:help@example.org",
        "environment": "test",
        "version": "1",
        "maxBulkRequestLength": 5,
        "drs": {"maxBulkRequestLength": 5, "objectCount": 2, "totalObjectSize": 30},
    }


@pytest.mark.parametrize(
    ("base", "id"),
    [("https://a.example", "example.a.drs"), ("http://127.0.0.1:8765", "1.0.0.127.drs"), ("http://[::1]:1", "1.drs")],
)
def test_the_services_id_is_its_host_name_the_other_way_round(base: str, id: str) -> None:
    assert service_id(base, "drs") == id


def test_a_bulk_limit_below_one_is_refused() -> None:
    told: dict[str, Any] = {"base_url": "https://a", "version": "1", "operator": Operator()}
    with pytest.raises(ValueError, match="at least 1"):
        service_info(**told, max_bulk=0, object_count=0, total_size=0)
    assert service_info(**told, max_bulk=1, object_count=0, total_size=0)["maxBulkRequestLength"] == 1
