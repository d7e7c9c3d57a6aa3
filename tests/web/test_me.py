"""What people may undo and end themselves, by the API."""

from pathlib import Path

import pytest

from broker.core.passport.keys import thumbprint
from broker.core.rows import Access, Revocation
from broker.core.rows.oauth import Approval, approval_id
from broker.flows.revoke import revoke
from tests import builders as b
from tests.fakes import START, signed
from tests.flows.test_use_and_deliver import ADMIN
from tests.flows.worlds import MEI, caller
from tests.web.site import CLIENT, site

KEPT = Approval(
    id=approval_id(b.ADA, CLIENT.id), person=b.ADA, client=CLIENT.id, scope=frozenset({"openid"}), claims=frozenset(),
    released=None, since=START,
)  # fmt: skip
ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"


@pytest.mark.row("B14")
async def test_what_a_client_was_remembered_to_have_is_taken_back(tmp_path: Path) -> None:
    async with site(tmp_path, KEPT) as s:
        for _ in range(2):
            gone = await s.http.delete(f"/api/v1/me/remembered/{CLIENT.id}", headers=s.headers())
            assert gone.status == 204
        stored = s.stage.ledger.rows["approval", KEPT.id]
        assert isinstance(stored, Approval)
        assert stored.ended == START
        assert s.stage.kinds() == ["revocation.made"]


async def test_nobody_takes_back_what_another_person_gave(tmp_path: Path) -> None:
    async with site(tmp_path, KEPT) as s:
        await s.http.delete(f"/api/v1/me/remembered/{CLIENT.id}", headers=s.headers("usr_mei"))
        assert s.stage.ledger.rows["approval", KEPT.id] == KEPT


async def test_signing_out_ends_tokens_and_tickets(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        told = await (await s.http.get(ACCESS, headers=s.headers())).json()
        path, ticket = told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])
        assert (await s.http.get(path, headers=ticket)).status == 200
        assert (await s.http.delete("/api/v1/me/session", headers=s.headers())).status == 204
        assert "session.ended" in s.stage.kinds()
        assert (await s.http.get(path, headers=ticket)).status in (401, 403)
        again = await s.http.get("/api/v1/me", headers=s.headers())
        assert (again.status, (await again.json())["code"]) == (401, "AUTH-REVOKED")


async def test_a_ticket_outlives_the_token_that_asked_for_it(tmp_path: Path) -> None:
    """An access token lives for ten minutes; a genome takes longer to download."""
    async with site(tmp_path) as s:
        told = await (await s.http.get(ACCESS, headers=s.headers())).json()
        path, ticket = told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])
        s.stage.clock.advance(601)
        assert (await s.http.get("/api/v1/me", headers=s.headers())).status == 401
        assert (await s.http.get(path, headers=ticket)).status == 200


async def test_a_token_that_its_client_gave_back_takes_its_tickets_along_and_no_others(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        tickets = []
        for jti in ("t1", "t2"):
            told = await (await s.http.get(ACCESS, headers=s.headers(jti=jti))).json()
            tickets.append(dict(line.split(": ", 1) for line in told["headers"]))
        path = told["url"].removeprefix(b.US)
        form = {"client_id": "web", "token": s.access_token(str(b.ADA))}
        assert (await s.http.post("/oauth2/revoke", data=form)).status == 200
        assert [(await s.http.get(path, headers=ticket)).status for ticket in tickets] == [401, 200]
        kept = s.stage.ledger.rows["access", str(s.stage.ledger.entries[0].about["access"])]
        assert isinstance(kept, Access)
        assert "token:t1" in kept.rests_on


@pytest.mark.parametrize("by", ["kid", "thumbprint"])
async def test_a_key_of_ours_that_was_revoked_signs_for_nobody(tmp_path: Path, by: str) -> None:
    """Access tokens and Passports at every door, and what was opened with them."""
    async with site(tmp_path) as s:
        told = await (await s.http.get(ACCESS, headers=s.headers())).json()
        path, ticket = told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])
        key = next(key for key in s.tokens.jwks()["keys"] if key["kid"] == "oidc-es256")  # type: ignore[attr-defined]
        value = key["kid"] if by == "kid" else thumbprint(key)
        found = await revoke(s.stage.world, caller(MEI, roles=(ADMIN,)), "key", value, "Copied.")
        assert isinstance(found, Revocation)
        assert found.id == f"key:{thumbprint(key)}"
        for door in ("/api/v1/me", "/oauth2/userinfo", ACCESS):
            assert (await s.http.get(door, headers=s.headers())).status == 401
        refused = await s.http.get(path, headers=ticket)
        assert (refused.status, (await refused.json())["code"]) == (401, "AUTH-REVOKED")
        said = {
            "iss": b.US, "sub": str(b.ADA), "aud": [b.US], "sid": "fam-usr_ada", "jti": "p1", "iat": START,
            "exp": START + 3600, "ga4gh_passport_v1": [],
        }  # fmt: skip
        passport = signed(s.tokens, "oidc-es256", "vnd.ga4gh.passport+jwt", said)
        assert (await s.http.post(ACCESS, json={"passports": [passport]})).status == 401
