"""Services administer in their own name: a scope opens the door, a role says what may be done behind it."""

from pathlib import Path
from typing import Any

import pytest

from broker.core.administration import SORTS
from broker.core.ids import ClientId
from broker.core.rows import Client, Role
from tests import builders as b
from tests.fakes import START, signed
from tests.web.site import Site, site
from tests.web.test_admin import FORMS

NOUNS = tuple(SORTS)
SCOPES = tuple(f"{noun}:{right}" for noun in NOUNS for right in ("read", "write"))
BOT = Client(
    id=ClientId("bot"), name="Bot", auth_method="client_secret_basic", secret="0" * 64, grant_types=("client_credentials",),
    scopes=SCOPES,
)  # fmt: skip


def role(name: str = "admin", sub: str = "client:bot", iss: Any = b.US) -> Role:
    return Role(id=f"{name} {sub} {iss}", role=name, scope="service", iss=iss, sub=sub)


def headers(s: Site, scope: str, **claims: Any) -> dict[str, str]:
    said = {
        "iss": b.US, "sub": "bot", "aud": [b.US], "client_id": "bot", "scope": scope, "jti": "s1", "iat": START,
        "exp": START + 600,
    }  # fmt: skip
    return {"Authorization": f"Bearer {signed(s.tokens, 'oidc-es256', 'at+jwt', said | claims)}"}


@pytest.mark.parametrize("noun", NOUNS)
async def test_scope_and_role_together_open_what_is_theirs(tmp_path: Path, noun: str) -> None:
    async with site(tmp_path, BOT, role()) as s:
        made = await s.http.post(f"/api/v1/{noun}", json=FORMS[noun], headers=headers(s, f"{noun}:write"))
        assert made.status == 201
        assert s.stage.ledger.entries[-1].who is None
        assert s.stage.ledger.entries[-1].about["client"] == "bot"
        for scope, status in ((f"{noun}:read", 200), (f"{noun}:write", 403), ("", 403)):
            got = await s.http.get(f"/api/v1/{noun}", headers=headers(s, scope))
            assert got.status == status, scope
            if status == 403:
                assert f'scope="{noun}:read"' in got.headers["WWW-Authenticate"]
        read_only = await s.http.post(f"/api/v1/{noun}", json=FORMS[noun], headers=headers(s, f"{noun}:read"))
        assert (read_only.status, (await read_only.json())["code"]) == (403, "AUTH-SCOPE")


@pytest.mark.row("T134")
@pytest.mark.parametrize(
    "held", [[], [role(sub="bot")], [role(sub="client:bot2")], [role(iss=b.HOME)], [role("issuer_admin")]], ids=str
)
async def test_a_service_without_the_role_may_nothing(tmp_path: Path, held: list[Role]) -> None:
    async with site(tmp_path, BOT, *held) as s:
        got = await s.http.post("/api/v1/clients", json=FORMS["clients"], headers=headers(s, "clients:write"))
        assert (got.status, (await got.json())["code"]) == (403, "AUTH-NOT-YOURS")


async def test_a_services_token_is_good_for_nothing_else(tmp_path: Path) -> None:
    async with site(tmp_path, BOT, role()) as s:
        for path in ("/api/v1/me", "/api/v1/requests", "/api/v1/audit/entries"):
            assert (await s.http.get(path, headers=headers(s, " ".join(SCOPES)))).status == 401
        late = await s.http.get("/api/v1/clients", headers=headers(s, "clients:read", exp=START))
        assert (late.status, (await late.json())["code"]) == (401, "AUTH-TOKEN-EXPIRED")


async def test_a_service_repeats_itself_as_itself(tmp_path: Path) -> None:
    async with site(tmp_path, BOT, role()) as s:
        for replayed in (False, True):
            sent = {**headers(s, "issuers:write"), "Idempotency-Key": "k"}
            got = await s.http.post("/api/v1/issuers", json=FORMS["issuers"], headers=sent)
            assert (got.status, "Idempotent-Replayed" in got.headers) == (201, replayed)
