"""The addresses of consents: what participants do with their own, and what consent sources send."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.consent.model import Scope, Withdrawal, WithdrawalKind
from broker.core.ids import ClientId
from broker.core.rows import Client, Role
from broker.core.time import Seconds
from broker.web.consents import AT_ONCE
from tests import builders as b
from tests.core.consent.test_consent_fhir import GIVEN
from tests.core.consent.test_consent_importing import RECORD
from tests.fakes import START, signed
from tests.flows.test_exchange_consents import HEART, REGISTERED
from tests.web.site import Site, site

MINE = f"/api/v1/me/consents/con-{b.PIA}"
ME = "usr_pia"
ASK_ME = b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), answers={"recontact": "ask"}))
LIMS = Client(
    id=ClientId("lims"), name="LIMS", auth_method="client_secret_basic", secret="0" * 64, grant_types=("client_credentials",),
    scopes=("consents:read", "consents:write"),
)  # fmt: skip
SOURCE = Role(id="src", role="custodian", scope="organisation:site-a", iss=b.US, sub="client:lims")
OF_HEART = replace(SOURCE, id="src2", scope=f"dataset:{b.HEART}")


async def put(s: Site, body: Any, version: int | None = 1, person: str = ME) -> Any:
    given = {} if version is None else {"If-Match": f'"v{version}"'}
    return await s.http.put(MINE, json=body, headers=s.headers(person) | given)


async def test_a_choice_needs_the_version_that_was_seen(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        seen = await s.http.get(MINE, headers=s.headers(ME))
        assert (seen.status, seen.headers["ETag"]) == (200, '"v1"')
        assert (await put(s, {"answers": {"linkage": "deny"}}, None)).status == 428
        done = await put(s, {"answers": {"linkage": "deny"}, "hosting": ["DE"], "modalities": None})
        told = await done.json()
        assert (done.status, done.headers["ETag"]) == (200, '"v2"')
        assert told["consent"]["scope"]["answers"] == {"hosting": ["DE"], "linkage": "deny"}
        assert told["for_new_requests_only"] == []
        assert (await put(s, {"answers": {"linkage": "permit"}})).status == 412
        more = await (await put(s, {"answers": {"linkage": "permit"}, "hosting": None}, 2)).json()
        assert more["for_new_requests_only"] == ["hosting", "linkage"]
        everything = await (await s.http.get("/api/v1/me/consents", headers=s.headers(ME))).json()
        assert [(one["version"], one["made_by"], one["you"]) for one in everything["consents"]] == [
            (1, "source", "own"), (2, "person", "own"), (3, "person", "own"),
        ]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), [
    ({"answers": {"moon_use": "permit"}}, 400),
    ({"answers": {"linkage": "perhaps"}}, 400),
    ({"hosting": ["Germany"]}, 400),
    ({"modalities": ["courier"]}, 400),
    ({"birth_date": "1990-01-01"}, 400),
    ({"act": "pause", "answers": {"linkage": "deny"}}, 400),
    ({"act": "resume"}, 409),
    ({"act": "reopen"}, 409),
    ({"communication": {"wants_updates": True, "language": "my mail is a@b.example"}}, 400),
])  # fmt: skip
async def test_what_cannot_be_chosen_is_told(tmp_path: Path, body: Any, status: int) -> None:
    async with site(tmp_path) as s:
        assert (await put(s, body)).status == status
        assert s.stage.kinds() == []


async def test_to_everybody_else_it_is_not_there(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        for address in ("", "/receipt"):
            assert (await s.http.get(MINE + address, headers=s.headers())).status == 403
        assert (await s.http.get("/api/v1/me/consents/con-paul", headers=s.headers(ME))).status == 404
        assert (await s.http.get("/api/v1/me/questions", headers=s.headers())).status == 403
        assert (await put(s, {"act": "pause"}, person=str(b.ADA))).status == 403


async def test_a_pause_its_receipt_and_its_end(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        assert (await put(s, {"act": "pause"})).status == 200
        receipt = await (await s.http.get(f"{MINE}/receipt", headers=s.headers(ME))).json()
        assert receipt["event"]["event_state"] == "suspended"
        assert "RGT-PAUSED" in {line["code"] for line in receipt["sentences"]}
        assert receipt["pii_processing"]["rules_in_force"]
        assert (await put(s, {"act": "resume"}, 2)).status == 200


async def test_one_consent_is_withdrawn_and_taken_back(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        done = await s.http.post(f"{MINE}/withdrawal", json={"kind": "no_further_use"}, headers=s.headers(ME))
        told = await done.json()
        assert (done.status, told["consents"]) == (200, [f"con-{b.PIA}/2"])
        receipt = await (await s.http.get(f"{MINE}/receipt", headers=s.headers(ME))).json()
        assert receipt["withdrawal"]["receipt"] == told["receipt"]
        assert {line["thing"] for line in receipt["withdrawal"]["reached"]} == {one["thing"] for one in told["reached"]}
        back = await put(s, {"act": "reopen"}, 2)
        assert (await back.json())["consent"]["status"] == "active"


async def test_a_smaller_withdrawal_that_a_source_sent_later_does_not_hide_the_wider_one(tmp_path: Path) -> None:
    kinds: list[tuple[int, WithdrawalKind, int]] = [(2, "no_further_use", 3), (3, "no_further_contact", 2)]
    rows = [
        b.consent(
            b.PIA, version, status="withdrawn", withdrawal=Withdrawal(kind=kind), effective_from=Seconds(START - day)
        )
        for version, kind, day in kinds
    ]
    async with site(tmp_path, *rows) as s:
        receipt = await (await s.http.get(f"{MINE}/receipt", headers=s.headers(ME))).json()
        codes = {line["code"] for line in receipt["sentences"]}
        assert (receipt["event"]["withdrawal"], "RGT-W-STOP" in codes) == ("no_further_use", True)
        assert "RGT-W-CONTACT-ONLY" not in codes


async def test_a_question_is_seen_and_answered(tmp_path: Path) -> None:
    asked = b.request(purpose=replace(b.PURPOSE, recontact=True, user="https://home.example|ada"))
    async with site(tmp_path, asked, pia=ASK_ME) as s:
        told = await (await s.http.get("/api/v1/me/questions", headers=s.headers(ME))).json()
        (question,) = told["questions"]
        assert question["about"] == ["recontact"]
        assert "ada" not in str(told)
        address = f"/api/v1/me/questions/{question['id']}"
        assert (await s.http.post(address, json={"answer": "ask"}, headers=s.headers(ME))).status == 400
        done = await s.http.post(address, json={"answer": "permit"}, headers=s.headers(ME))
        assert (await done.json())["consent"]["scope"]["answers"] == {"recontact": "permit"}
        assert (await s.http.post(address, json={"answer": "permit"}, headers=s.headers(ME))).status == 404


# Sources


def service(s: Site, scope: str) -> dict[str, str]:
    said = {
        "iss": b.US, "sub": "lims", "aud": [b.US], "client_id": "lims", "scope": scope, "jti": "s1", "iat": START,
        "exp": START + 600,
    }  # fmt: skip
    return {"Authorization": f"Bearer {signed(s.tokens, 'oidc-es256', 'at+jwt', said)}"}


def native(**members: Any) -> dict[str, Any]:
    record = RECORD | {"custodian": "site-a"} | members
    records = {"schema": "broker.consents/1", "consents": [{"datasets": list(HEART), "consent": record}]}
    return {"format": "native", "records": records}


async def send(s: Site, body: Any, scope: str = "consents:write") -> Any:
    return await s.http.post("/api/v1/consents", json=body, headers=service(s, scope))


async def test_a_source_sends_and_takes_out_what_is_its_own(tmp_path: Path) -> None:
    async with site(tmp_path, LIMS, SOURCE, OF_HEART, REGISTERED) as s:
        planned = await send(s, native() | {"plan": True})
        assert (planned.status, s.stage.kinds()) == (200, [])
        done = await send(s, native())
        assert (done.status, await done.json()) == (201, {"new": ["c-1/1"], "kept": 0, "waiting_for_review": []})
        assert (await send(s, native(consent_id="c-2", custodian="site-b"))).status == 403
        assert (await send(s, native(), "consents:read")).status == 403
        address = "/api/v1/consents?custodian=site-a&format=fhir"
        bundle = (await (await s.http.get(address, headers=service(s, "consents:read"))).json())["records"]
        assert [one["resource"]["decision"] for one in bundle["entry"]] == ["deny"]
        again = await send(s, {"format": "fhir", "records": bundle})
        assert (await again.json())["kept"] == 1
        everything = await s.http.get("/api/v1/consents", headers=service(s, "consents:read"))
        assert everything.status == 403
        wrong = await s.http.get("/api/v1/consents?custodian=site-a&format=xml", headers=service(s, "consents:read"))
        assert wrong.status == 400


@pytest.mark.row("RUL-MATURITY")
async def test_a_source_reads_whom_it_must_ask_to_decide_for_themselves(tmp_path: Path) -> None:
    soon = {"grantor": {"kind": "parent"}, "maturity_review_on": "2027-03-01"}
    address = "/api/v1/consents/invitations?custodian=site-a&page_size=1"
    async with site(tmp_path, LIMS, SOURCE, OF_HEART, REGISTERED) as s:
        for id in ("c-1", "c-2"):
            assert (await send(s, native(consent_id=id, **soon))).status == 201
        read = service(s, "consents:read")
        first = await (await s.http.get(address, headers=read)).json()
        assert [one["consent_id"] for one in first["invitations"]] == ["c-1"]
        told = first["invitations"][0]
        assert (told["decides_from"], told["invite_from"]) == ("2027-03-01", "2026-09-01T00:00:00Z")
        assert (told["overdue"], told["datasets"]) == (False, list(HEART))
        again = f"{address}&token={first['next_page_token']}"
        rest = await (await s.http.get(again, headers=read)).json()
        assert ([one["consent_id"] for one in rest["invitations"]], "next_page_token" in rest) == (["c-2"], False)
        assert s.stage.kinds()[-1] == "consent.due"
        for wrong in (address.replace("site-a", "site-b"), "/api/v1/consents/invitations"):
            assert (await s.http.get(wrong, headers=read)).status == 403
        assert (await s.http.get(address, headers=service(s, "consents:write"))).status == 403


@pytest.mark.row("WHO-3.1-2")
@pytest.mark.row("WHO-3.1-3d")
async def test_a_long_list_is_taken_out_a_page_at_a_time(tmp_path: Path) -> None:
    async with site(tmp_path, LIMS, SOURCE, OF_HEART, REGISTERED) as s:
        for id in ("c-1", "c-2"):
            assert (await send(s, native(consent_id=id))).status == 201
        address = "/api/v1/consents?custodian=site-a&page_size=1"
        first = await (await s.http.get(address, headers=service(s, "consents:read"))).json()
        token = first["next_page_token"]
        second = await (await s.http.get(f"{address}&token={token}", headers=service(s, "consents:read"))).json()
        ids = [one["records"]["consents"][0]["consent"]["consent_id"] for one in (first, second)]
        assert (ids, "next_page_token" in second) == (["c-1", "c-2"], False)


async def test_more_than_the_door_takes_goes_in_by_the_command(tmp_path: Path) -> None:
    async with site(tmp_path, LIMS, SOURCE, OF_HEART, REGISTERED) as s:
        records: dict[str, Any] = native()["records"]
        many = records | {
            "consents": [
                records["consents"][0] | {"consent": RECORD | {"consent_id": f"c-{n}"}} for n in range(AT_ONCE + 1)
            ]
        }
        done = await send(s, {"format": "native", "records": many})
        assert (done.status, s.stage.kinds()) == (413, [])


@pytest.mark.parametrize(("body", "problem"), [
    (native(template=None), "template: missing"),
    (native(status="withdrawn", withdrawal={"kind": "no_further_use", "approved_limits": [{"what": "published"}]}), "approval_ref: missing"),
    (native(birth_date="1990-01-01"), "unknown member 'birth_date'"),
    ({"format": "fhir", "records": GIVEN | {"decision": "permit"}}, "Consent.decision"),
    ({"format": "fhir", "records": GIVEN | {"modifierExtension": []}}, "Consent.modifierExtension"),
])  # fmt: skip
async def test_what_a_source_sends_wrongly_is_refused_whole_and_named(tmp_path: Path, body: Any, problem: str) -> None:
    async with site(tmp_path, LIMS, SOURCE, OF_HEART, REGISTERED) as s:
        done = await send(s, body)
        told = await done.json()
        assert (done.status, told["code"]) == (422, "REQ-CONSENT-RECORD")
        assert problem in told["detail"]
        assert problem in str(told["fields"])
        assert s.stage.kinds() == []
