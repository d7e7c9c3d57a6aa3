"""What people may undo and end themselves, by the API."""

from pathlib import Path

import pytest

from broker.core.rows.oauth import Approval, approval_id
from tests import builders as b
from tests.fakes import START
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
