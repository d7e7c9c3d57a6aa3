"""Attacks on the authorization server that once worked, over the whole edge: what one caller could do to all others,
and what outlived the end of that on which it stood.
"""

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters import jose
from broker.core.ids import ClientId, PersonId
from broker.core.oidc.client_assertion import ASSERTION_TYPE
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, GRANT_TYPE, PASSPORT_TYPE
from broker.core.oidc.limits import ASSERTION_LIFE, LEEWAY, PENDING_SIGN_IN_LIFE
from broker.core.quota import QUOTAS, Quota, Rates
from broker.flows.oauth.client import ASSERTIONS
from broker.flows.proofs import SEEN, SEEN_OF_STRANGERS
from broker.web.edge import Edge, networks
from tests import builders as b
from tests.fakes import START, MemoryScratch
from tests.web.site import COOKIE, Site, signed_in, site
from tests.web.test_devices import ACCESS, CLI, laptop
from tests.web.test_dpop import APP, FORM, PUBLIC, TOKEN, here, proof, redeemed, refreshed
from tests.web.test_exchange import BASIC, FAMILY
from tests.web.test_exchange import LAB as EXCHANGES
from tests.web.test_signing_in import authorize, homes, rows
from tests.web.test_tasks import MORE, bearer, begin, session_token
from tests.web.upstream import upstreams

LAB = replace(EXCHANGES, scopes=(*EXCHANGES.scopes, "task"))
LAB_FAMILY = replace(FAMILY, scope=(*FAMILY.scope, "task"))
NEWEST = 10_000
"""Requests of one kind that wait: of more, the oldest are forgotten."""
MARKS = 200_000
"""Used assertions, or proofs, that are remembered; without room for one more nobody gets anything."""
WAITING = 900
"""Seconds for which an authorization request waits at the longest."""


def scratch(s: Site) -> MemoryScratch:
    kept = s.stage.world.scratch
    assert isinstance(kept, MemoryScratch)
    return kept


# What stands on a program that was suspended.


@pytest.mark.row("T121")
async def test_a_suspended_program_s_computers_lose_tickets_and_downloads_too(tmp_path: Path) -> None:
    session, family = signed_in("usr_ada", ("faculty@rhine.example",))
    theirs = replace(family, id="fam-laptop", client=ClientId("cli_1"))  # type: ignore[type-var]
    async with site(tmp_path, CLI, laptop(), session, theirs) as s:
        by_laptop = s.headers(client_id="cli_1", sid="fam-laptop", jti="t2", aud=[b.US, "cli_1"])
        told = await (await s.http.get(ACCESS, headers=by_laptop)).json()
        path, ticket = told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])
        assert (await s.http.get(path, headers=ticket)).status == 200
        s.stage.live.committed([replace(CLI, version=2, status="suspended")])
        assert (await s.http.get(ACCESS, headers=by_laptop)).status == 401
        assert (await s.http.get(path, headers=ticket)).status in (401, 403)


# What one stranger could do to everybody who is signing in.


def allowed(quota: Quota, seconds: int) -> int:
    """How many requests one address is let in with, within `seconds`."""
    return quota.burst + quota.per_minute * seconds // 60


@pytest.mark.row("T061", "T081")
def test_what_one_address_may_leave_waiting_is_less_than_what_is_kept_of_everybody_s() -> None:
    assert allowed(QUOTAS["authorization"], WAITING) < NEWEST
    assert allowed(QUOTAS["sign-in"], PENDING_SIGN_IN_LIFE) < NEWEST
    assert allowed(QUOTAS["authorization"], PENDING_SIGN_IN_LIFE) < NEWEST
    both = allowed(QUOTAS["sign-in"], PENDING_SIGN_IN_LIFE) + allowed(QUOTAS["authorization"], PENDING_SIGN_IN_LIFE)
    assert both < NEWEST


@pytest.mark.row("T061", "T081")
@pytest.mark.parametrize("way", ["authorize", "continue", "end_session"])
async def test_one_address_cannot_make_others_sign_ins_be_forgotten(tmp_path: Path, way: str) -> None:
    """Each of these leaves something that waits, and the oldest of all that waits is forgotten first."""
    uni, _ = homes()
    few = {"authorization": Quota(burst=10, per_minute=10), "sign-in": Quota(burst=10, per_minute=10)}
    edge = Edge(rates=Rates(quotas=few), proxies=networks(["127.0.0.0/8"]))
    stranger = {"X-Forwarded-For": "198.51.100.1"}
    async with site(tmp_path, *rows(uni), edge=edge) as s:
        up = upstreams(s, uni)
        scratch(s).limit = 12
        cookie, _ = await up.begin(uni)
        began = await s.http.get(authorize(), headers=stranger, allow_redirects=False)
        assert began.status == 303
        (id,) = [key for kind, key in scratch(s).values if kind == "interaction"]
        assert id
        path = authorize()
        if way == "continue":
            location = began.headers["Location"]
            path = location if location.startswith("/oauth2/authorize/continue") else "/oauth2/authorize/continue"
        if way == "end_session":
            path = "/oauth2/end_session"
        told = [await s.http.get(path, headers=stranger, allow_redirects=False) for _ in range(30)]
        assert [one.status for one in told].count(429) == 21, "the first of ten was asked above"
        assert (await up.come_back(uni, cookie)).status == 303
        elsewhere = {"X-Forwarded-For": "203.0.113.5"} | COOKIE
        assert (await s.http.get(authorize(), headers=elsewhere, allow_redirects=False)).status != 429


# What one could do to every client that proves something.


@pytest.mark.row("T068", "T081")
async def test_one_person_s_computers_cannot_use_up_the_memory_for_everybody_s_assertions(tmp_path: Path) -> None:
    """All together have one quota, and asking above it is not remembered. Another person's are not counted with it."""
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("cli_1", "cli_2", "cli_3")}
    computers = [
        replace(
            laptop(), id=ClientId(id), jwks=(jose.public_jwk(key, "k", "ES256"),),
            owner=PersonId("usr_mei") if id == "cli_3" else b.ADA,
        )
        for id, key in keys.items()
    ]  # fmt: skip
    rates = Rates(quotas={"computers": Quota(burst=4, per_minute=4)})
    async with site(tmp_path, CLI, *computers, edge=Edge(rates=rates)) as s:

        async def ask(id: str, **said: Any) -> int:
            claims = {"iss": id, "sub": id, "aud": b.US, "jti": secrets.token_hex(8), "iat": START, "exp": START + 60}
            text = jose.sign("ES256", keys[id], {"kid": "k"}, claims | said)
            form = {"client_assertion": text, "client_assertion_type": ASSERTION_TYPE, "token": "x"}
            answer = await s.http.post("/oauth2/introspect", data=urlencode(form), headers=FORM)
            return answer.status

        assert [await ask("cli_1", iss="nobody") for _ in range(6)] == [401] * 6, "claiming its name costs it nothing"
        told = [await ask(id) for id in ("cli_1", "cli_2") * 4]
        assert told == [200] * 4 + [429] * 4
        assert len([key for kind, key in scratch(s).values if kind == ASSERTIONS]) == 4
        assert await ask("cli_3") == 200
    assert allowed(QUOTAS["computers"], ASSERTION_LIFE + LEEWAY) * 20 < MARKS


@pytest.mark.row("T076", "T081")
async def test_strangers_who_say_a_public_client_s_name_cannot_stop_those_who_prove_theirs(tmp_path: Path) -> None:
    async with site(tmp_path, *here(PUBLIC, APP)) as s:
        scratch(s).marks = 5
        form = {"client_id": PUBLIC.id, "grant_type": "refresh_token", "refresh_token": "x"}
        told = [
            (await s.http.post(TOKEN, data=urlencode(form), headers=FORM | proof("POST", TOKEN))).status
            for _ in range(8)
        ]
        assert told == [400] * 5 + [503] * 3
        kinds = [kind for kind, _ in scratch(s).values]
        assert (kinds.count(SEEN_OF_STRANGERS), kinds.count(SEEN)) == (5, 0)
        status, body, _ = await redeemed(s, APP, proof("POST", TOKEN))
        assert status == 200, body
        shown = proof("GET", "/oauth2/userinfo", body["access_token"])
        got = await s.http.get("/oauth2/userinfo", headers=shown | {"Authorization": f"DPoP {body['access_token']}"})
        assert got.status == 200


@pytest.mark.row("T121")
@pytest.mark.parametrize("of", ["program", "client"])
async def test_a_client_that_lost_a_scope_has_it_no_longer_whatever_it_was_given(tmp_path: Path, of: str) -> None:
    """A token that is out, a refresh, UserInfo: what counts is what the row says now, of the program too."""
    session, family = signed_in("usr_ada", ("faculty@rhine.example",))
    theirs = replace(family, id="fam-laptop", client=ClientId("cli_1"))  # type: ignore[type-var]
    narrowed = replace(CLI if of == "program" else laptop(), version=2, scopes=("openid",))
    async with site(tmp_path, CLI, laptop(), session, theirs) as s:
        by_laptop = s.headers(client_id="cli_1", sid="fam-laptop", jti="t2", aud=[b.US, "cli_1"])
        assert (await s.http.get("/api/v1/me", headers=by_laptop)).status == 200
        assert (await s.http.get(ACCESS, headers=by_laptop)).status == 200
        assert "ga4gh_passport_v1" in await (await s.http.get("/oauth2/userinfo", headers=by_laptop)).json()
        s.stage.ledger.rows["client", narrowed.id] = narrowed
        s.stage.live.committed([narrowed])
        assert (await s.http.get("/api/v1/me", headers=by_laptop)).status == 403
        assert (await s.http.get(ACCESS, headers=by_laptop)).status == 403
        assert "ga4gh_passport_v1" not in await (await s.http.get("/oauth2/userinfo", headers=by_laptop)).json()


@pytest.mark.row("T121", "T071")
async def test_a_client_that_lost_a_scope_gets_neither_passport_nor_task_nor_is_its_task_let_in(tmp_path: Path) -> None:
    async with site(tmp_path, LAB, LAB_FAMILY, *MORE) as s:
        task = (await begin(s))["access_token"]
        assert (await s.http.get(ACCESS, headers=bearer(task))).status == 200
        for lost, token in (("task", task), ("ga4gh_passport_v1", session_token(s))):
            row = replace(LAB, version=2, scopes=tuple(word for word in LAB.scopes if word != lost))
            s.stage.ledger.rows["client", row.id] = row
            s.stage.live.committed([row])
            assert (await s.http.get(ACCESS, headers=bearer(token))).status == 403
            form = {
                "grant_type": GRANT_TYPE, "requested_token_type": PASSPORT_TYPE, "subject_token": token,
                "subject_token_type": ACCESS_TOKEN_TYPE,
            }  # fmt: skip
            assert (await s.http.post(TOKEN, data=form, headers=BASIC)).status == 400


async def test_a_refresh_gives_no_scope_that_the_client_has_lost(tmp_path: Path) -> None:
    async with site(tmp_path, *here(APP)) as s:
        first = (await redeemed(s, APP, {}))[1]
        row = replace(APP, version=2, scopes=("openid",))
        s.stage.ledger.rows["client", row.id] = row
        s.stage.live.committed([row])
        status, told, _ = await refreshed(s, APP, first["refresh_token"], {})
        assert (status, first["scope"], told["scope"]) == (200, "openid ga4gh_passport_v1", "openid")
