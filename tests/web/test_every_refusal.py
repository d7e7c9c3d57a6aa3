"""Every address that can answer 403: each says why, whose interest it protects, and what can be challenged."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from broker.core.ids import PersonId
from broker.core.oidc.opaque import stored_id
from broker.core.reasons import REASONS
from broker.core.rows import Session
from broker.core.time import Seconds
from broker.web.routes import ROUTES, Route, Who
from tests import builders as b
from tests.fakes import START
from tests.web.site import COOKIE, SECRET, Site, site
from tests.web.test_decisions import ABROAD, WITHDRAWN

SCHEMA = Draft202012Validator(json.loads((b.CONFIG.parent / "schemas/problem.schema.json").read_text("utf-8")))
API = "/api/v1/"
STEP = {"step": "warn", "kind": "person", "whom": "usr_mei", "ground": "Test.", "ends": "2030-01-01T00:00:00Z"}
BODIES: dict[str, Any] = {
    "/api/v1/sanctions": STEP | {"appeal": "appeals@bank.example"},
    "/api/v1/sanctions/{sanction}/lift": {"ground": "Test."},
    "/api/v1/revocations": {"what": "grant", "value": "grt_1", "ground": "Test."},
    "/api/v1/me/consents/withdrawal": {"kind": "no_further_use"},
    "/api/v1/me/consents/{consent}/withdrawal": {"kind": "no_further_use"},
    "/api/v1/me/questions/{question}": {"answer": "permit"},
    "/api/v1/visas": {"ga4gh_passport_v1": ["x.y.z"]},
    "/api/v1/consents": {"format": "native", "records": {}},
    "/api/v1/requests/{request}/decision": {"decision": "approve", "ground": "Test."},
    "/api/v1/requests/{request}/findings": {"role": "legal_officer", "code": "JUR-NO-PACK", "ground": "Test."},
    "/api/v1/assertions": {
        "sub": "usr_mei", "type": "ResearcherStatus", "value": "https://doi.org/10.1038/s41431-018-0219-y",
        "source": "https://bank.example", "by": "so", "ends": "2027-06-01T00:00:00Z",
    },
}  # fmt: skip
BY_ROLE = {
    ("GET", "/api/v1/sanctions"), ("POST", "/api/v1/sanctions"),
    ("POST", "/api/v1/sanctions/{sanction}/lift"), ("POST", "/api/v1/revocations"), ("GET", "/api/v1/me/consents"),
    ("POST", "/api/v1/me/consents/withdrawal"), ("GET", "/api/v1/me/questions"), ("GET", "/api/v1/visa-sources"),
    ("POST", "/api/v1/visas"), ("DELETE", "/api/v1/visas"), ("POST", "/api/v1/requests/{request}/decision"),
    ("POST", "/api/v1/requests/{request}/findings"), ("GET", "/api/v1/issuers"), ("GET", "/api/v1/clients"),
    ("GET", "/api/v1/idps"),
}  # fmt: skip
"""Addresses that refuse somebody without a role (here: the applicant), whatever they name."""
NOT_WALKED = {("DELETE", "/api/v1/me/session"), ("GET", "/api/v1/audit/entries")}
"""The first would end the walk. Of the second, one's own entries are everybody's, and no log is at hand here."""


def addresses(who: Who) -> Iterator[Route]:
    return (route for route in ROUTES if route.who is who)


async def asked(s: Site, route: Route, **claims: Any) -> Any:
    path = re.sub(r"\{(\w+)[^}]*\}", lambda found: {"request": "req_1"}.get(found[1], "nobody"), route.path)
    body = {"json": BODIES.get(route.path, {})} if route.method in ("POST", "PUT") else {}
    return await s.http.request(route.method, path, headers=s.headers(**claims), **body)


def faults(told: dict[str, Any]) -> list[str]:
    found = [f"{each.json_path}: {each.message}" for each in SCHEMA.iter_errors(told)]
    (first, *_), code = told.get("reasons", [{}]), told["code"]
    if (first.get("code"), told.get("appeal")) != (code, REASONS[code].appeal):
        found.append(f"{code}: no reason of its own, or no way to challenge it")
    return found + ([] if first.get("interest") == REASONS[code].interest else ["whose interest it is"])


@pytest.mark.row("EXP-403", "F41")
async def test_every_address_of_the_api_says_why_a_token_is_not_enough(tmp_path: Path) -> None:
    """A route that is added later is walked too."""
    async with site(tmp_path, b.request()) as s:
        for route in addresses(Who.TOKEN):
            answer = await asked(s, route, scope="openid")
            if not route.path.startswith(API):
                continue
            assert answer.status == 403, route
            told = await answer.json()
            assert (told["code"], faults(told)) == ("AUTH-SCOPE", []), route


@pytest.mark.row("F41", "F88")
async def test_what_breaks_inside_is_told_by_the_id_of_its_line_in_the_log_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("CANARY in /etc/broker")

    async with site(tmp_path) as s:
        monkeypatch.setattr(type(s.stage.world.rows), "get", broken)
        with capture_logs(processors=[merge_contextvars]) as lines:
            answer = await s.http.post("/api/v1/requests", json={}, headers=s.headers() | {"Idempotency-Key": "k"})
        told = await answer.json()
        assert (answer.status, told["code"]) == (500, "SRV-ERROR")
        assert "CANARY" not in await answer.text()
        (line,) = [line for line in lines if line["event"] == "request.failed"]
        assert s.headers()["Authorization"].partition(" ")[2] not in str(lines)
        assert told["request_id"] == answer.headers["X-Request-ID"] == line["request_id"] != ""


@pytest.mark.row("EXP-403")
async def test_every_address_says_why_a_role_is_missing(tmp_path: Path) -> None:
    async with site(tmp_path, b.request()) as s:
        refused = set()
        for route in addresses(Who.TOKEN):
            if (route.method, route.path) in NOT_WALKED:
                continue
            answer = await asked(s, route)
            if answer.status != 403 or not route.path.startswith(API):
                continue
            told = await answer.json()
            assert faults(told) == [], route
            assert told["reasons"][0]["facts"] or told["code"] != "AUTH-NOT-YOURS", "it says which role"
            refused.add((route.method, route.path))
        assert refused >= BY_ROLE


@pytest.mark.row("EXP-403", "WHO-3.7-4")
@pytest.mark.parametrize("world", [{"grant": None}, {"x": WITHDRAWN}, {"organisation": ABROAD}])
async def test_a_refusal_of_data_names_its_decision_at_every_door(tmp_path: Path, world: dict[str, Any]) -> None:
    async with site(tmp_path, **world) as s:
        answer = await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers())
        await is_explained(s, answer)
    async with site(tmp_path) as s:
        ticket = await (await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers())).json()
        shown = dict(one.split(": ", 1) for one in ticket["headers"])
        s.stage.live.committed([b.revocation(f"grant:{b.GRANT}", START)], 99)
        await is_explained(s, await s.http.get("/data/obj-1", headers=shown))


@pytest.mark.row("EXP-403")
async def test_what_stands_above_a_committees_yes_is_a_decision_too(tmp_path: Path) -> None:
    async with site(tmp_path, b.request(), organisation=ABROAD) as s:
        body = {"decision": "approve", "ground": "A good project."}
        path = "/api/v1/requests/req_1/decision"
        await is_explained(s, await s.http.post(path, headers=s.headers("usr_mei"), json=body))


async def is_explained(s: Site, answer: Any) -> None:
    told = await answer.json()
    id = told["decision"]
    assert (answer.status, answer.headers["Decision-Id"]) == (403, id)
    assert answer.headers["Link"] == f'</api/v1/decisions/{id}>; rel="describedby"'
    assert told["reasons"][0]["code"] == told["code"]
    assert {"interest", "sentence", "facts", "norm"} <= told["reasons"][0].keys()
    assert told["appeal"] in {"facts", "merits", "none"}
    kept = await s.http.get(f"/api/v1/decisions/{id}", headers=s.headers())
    assert kept.status == 200


@pytest.mark.row("EXP-403")
async def test_userinfo_says_why_in_the_form_of_oauth(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.get("/oauth2/userinfo", headers=s.headers(scope="ga4gh_passport_v1"))
        told = await answer.json()
        assert (answer.status, told["error"], told["code"]) == (403, "insufficient_scope", "AUTH-SCOPE")
        assert (told["reasons"][0]["code"], told["appeal"]) == ("AUTH-SCOPE", "facts")


@pytest.mark.row("EXP-403", "EXP-LANGUAGE")
async def test_a_page_says_what_can_be_done(tmp_path: Path) -> None:
    pia = Session(
        id=stored_id(SECRET), person=PersonId("usr_pia"), idp=b.HOME, identities=((b.HOME, "pia"),), auth_time=START,
        expires=Seconds(START + 9000),
    )  # fmt: skip
    async with site(tmp_path, pia) as s:
        form = {"form": stored_id(f"form:{SECRET}"), "idp": "home"}
        for tag, way_out in (("en", "Nobody here can set the rule aside."), ("es", "Nadie aquí puede")):
            headers = {**COOKIE, "Accept-Language": tag}
            answer = await s.http.post("/identities/link", headers=headers, data=form)
            text = await answer.text()
            assert (answer.status, answer.headers["Content-Language"]) == (403, tag), text
            assert way_out in text
            assert f'<html lang="{tag}">' in text


def test_the_list_of_roles_is_of_addresses_that_there_are() -> None:
    assert {(route.method, route.path) for route in ROUTES} >= BY_ROLE
