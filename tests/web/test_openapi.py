"""The OpenAPI document: every address of the API, every body, and nothing that is not there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from broker.web.routes import ROUTES
from tests.docs.doc_blocks import ROOT
from tests.web.site import site
from tests.web.test_admin import FORMS, call, role

DOCUMENT: Any = json.loads((ROOT / "schemas" / "openapi.json").read_text("utf-8"))
OPERATIONS = [(path, method, told) for path, item in DOCUMENT["paths"].items() for method, told in item.items()]


def test_every_address_of_the_api_is_in_it_and_no_other() -> None:
    there = {
        (re.sub(r"\{(\w+)[^}]*\}", r"{\1}", one.path), one.method.lower())
        for one in ROUTES
        if one.path.startswith("/api/v1/")
    }
    assert {(path, method) for path, method, _ in OPERATIONS} == there
    ids = [told["operationId"] for _, _, told in OPERATIONS]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere() -> None:
    for ref in re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT)):
        found: Any = DOCUMENT
        for step in ref.removeprefix("#/").split("/"):
            found = found[step]
        assert found


@pytest.mark.parametrize(("path", "method", "told"), OPERATIONS, ids=[f"{one[1]} {one[0]}" for one in OPERATIONS])
def test_every_operation_says_what_its_path_and_method_need(path: str, method: str, told: dict[str, Any]) -> None:
    names = {(one["in"], one["name"]) for one in told.get("parameters", [])}
    assert {("path", name) for name in re.findall(r"\{(\w+)\}", path)} <= names
    assert (("header", "Idempotency-Key") in names) is (method not in ("get", "head"))
    assert told["summary"]
    if method == "put" and "/me/" not in path:
        assert ("header", "If-Match") in names


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


@pytest.mark.parametrize(
    ("noun", "name"), [("issuers", "VisaIssuer"), ("clients", "Client"), ("idps", "IdentityProvider")]
)
async def test_what_the_document_allows_is_taken_and_what_it_forbids_is_not(
    tmp_path: Path, noun: str, name: str
) -> None:
    assert DOCUMENT["paths"][f"/api/v1/{noun}"]["post"]["requestBody"]["content"]["application/json"]["schema"][
        "$ref"
    ].endswith(f"/{name}")
    async with site(tmp_path, role()) as s:
        for change, fine in (
            ({"nonsense": 1}, False),
            ({"status": "removed"}, False),
            ({"internal": "yes"}, False),
            ({}, True),
        ):
            said = FORMS[noun] | change
            assert validator(name).is_valid(said) is fine
            assert ((await call(s, "POST", f"/api/v1/{noun}", said)).status == 201) is fine


async def test_it_is_served(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        got = await s.http.get("/api/v1/openapi.json")
        assert got.status == 200
        assert (await got.json())["paths"].keys() == DOCUMENT["paths"].keys()
