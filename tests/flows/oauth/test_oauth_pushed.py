"""Pushed authorization requests: what waits, for whom, how often and how long (B12 of authz_apis, RFC 9126)."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from broker.core.ids import ClientId
from broker.core.oidc.authorize import Proceed, RedirectError, ShowError
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_AUTHORIZATION, PUSHED_LIFE
from broker.core.oidc.pkce import challenge_of
from broker.core.rows.oauth import Client
from broker.flows.oauth.authorize import check
from broker.flows.oauth.par import PREFIX, Opened, Pushed, opened, push
from tests.flows.oauth.fakes_oauth import CB, DRS, ISSUER, SECRET, VERIFIER, World, basic

ASKED = {
    "client_id": "app",
    "redirect_uri": CB,
    "response_type": "code",
    "scope": "openid",
    "state": "st",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


async def pushing(w: World, header: str | None = basic("app"), **changes: Any) -> Pushed | OAuthError:
    form = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    return await push(w.d, header, urlencode(form, doseq=True).encode())


async def reference(w: World, **changes: Any) -> str:
    got = await pushing(w, **changes)
    assert isinstance(got, Pushed), got
    return got.request_uri


async def bringing(w: World, request_uri: str, client: str = "app", **more: str) -> Any:
    return await opened(w.d, urlencode({"client_id": client, "request_uri": request_uri, **more}).encode())


async def test_what_was_pushed_is_what_counts() -> None:
    w = World()
    got = await pushing(w, resource=[DRS, DRS + "d1"], nonce="n1")
    assert isinstance(got, Pushed)
    assert got.body() == {"request_uri": got.request_uri, "expires_in": 60}
    assert got.request_uri.startswith("urn:ietf:params:oauth:request_uri:")
    assert len(got.request_uri.removeprefix(PREFIX)) == 43
    found = await bringing(w, got.request_uri, scope="openid profile", redirect_uri="https://evil.example", state="x")
    assert isinstance(found, Opened)
    assert found.pushed
    checked = await check(w.d, found.query)
    assert isinstance(checked, Proceed)
    asked = checked.request
    assert (asked.scope, asked.redirect_uri, asked.state, asked.nonce) == (("openid",), CB, "st", "n1")
    assert asked.resources == (DRS, DRS + "d1")
    assert w.ledger.entries == []


async def test_a_reference_is_opened_once_also_in_parallel() -> None:
    w = World()
    uri = await reference(w)
    got = await asyncio.gather(*(bringing(w, uri) for _ in range(10)))
    assert sum(isinstance(one, Opened) for one in got) == 1
    assert await bringing(w, uri) == ShowError(OAuthError.PUSHED_UNKNOWN)


async def test_a_reference_waits_a_minute() -> None:
    w = World()
    late, in_time = await reference(w), await reference(w)
    w.clock.advance(PUSHED_LIFE - 1)
    assert isinstance(await bringing(w, in_time), Opened)
    w.clock.advance(1)
    assert await bringing(w, late) == ShowError(OAuthError.PUSHED_UNKNOWN)


async def test_a_reference_is_its_clients_own() -> None:
    w = World()
    uri = await reference(w)
    for client in ("other", "ghost", ""):
        assert await bringing(w, uri, client) == ShowError(OAuthError.PUSHED_UNKNOWN)
    assert await opened(w.d, urlencode({"request_uri": uri}).encode()) == ShowError(OAuthError.PUSHED_UNKNOWN)
    assert isinstance(await bringing(w, uri), Opened), "a stranger's try spends nothing"


@pytest.mark.row("T069")
@pytest.mark.parametrize("uri", ["http://169.254.169.254/", "https://app.example/request.jwt", "urn:x"])
async def test_references_of_others_are_never_looked_at(uri: str) -> None:
    w = World()
    found = await opened(w.d, urlencode({**ASKED, "request_uri": uri}).encode())
    assert isinstance(found, Opened)
    checked = await check(w.d, found.query)
    assert isinstance(checked, RedirectError)
    assert checked.error is OAuthError.REQUEST_URI


async def test_a_made_up_reference_is_nothing() -> None:
    for made_up in (PREFIX, PREFIX + "A" * 43, PREFIX + "A" * 1000):
        assert await bringing(World(), made_up) == ShowError(OAuthError.PUSHED_UNKNOWN)


@pytest.mark.parametrize(
    ("row", "header", "changes", "error"),
    [
        ("wrong secret", basic("app", "x"), {}, OAuthError.CLIENT_FAILED),
        ("no authentication of a client with a secret", None, {}, OAuthError.CLIENT_FAILED),
        ("another client_id", basic("app"), {"client_id": "other"}, OAuthError.CLIENT_FAILED),
        ("a reference in it", basic("app"), {"request_uri": PREFIX + "x"}, OAuthError.PUSHED_NESTED),
        ("somebody's reference in it", basic("app"), {"request_uri": "http://10.0.0.1/"}, OAuthError.PUSHED_NESTED),
        ("a request object", basic("app"), {"request": "e30.e30."}, OAuthError.REQUEST_OBJECT),
        ("no PKCE", basic("app"), {"code_challenge": None}, OAuthError.PKCE_NEEDED),
        ("PKCE plain", basic("app"), {"code_challenge_method": "plain"}, OAuthError.PKCE_NEEDED),
        ("another address", basic("app"), {"redirect_uri": "https://evil.example/cb"}, OAuthError.REDIRECT_UNKNOWN),
        ("no address", basic("app"), {"redirect_uri": None}, OAuthError.REDIRECT_UNKNOWN),
        ("implicit", basic("app"), {"response_type": "token"}, OAuthError.RESPONSE_TYPE),
        ("fragment", basic("app"), {"response_mode": "fragment"}, OAuthError.RESPONSE_MODE),
        ("a scope that it may not ask", basic("app"), {"scope": "openid issuers:write"}, OAuthError.SCOPE),
        ("a target that it may not ask", basic("app"), {"resource": "https://x.example/"}, OAuthError.TARGET),
        ("too long", basic("app"), {f"x{n}": "y" * 2000 for n in range(16)}, OAuthError.PUSHED_TOO_LONG),
    ],
)
async def test_what_the_endpoint_would_refuse_is_refused_when_pushed(
    row: str, header: str | None, changes: dict[str, Any], error: OAuthError
) -> None:
    w = World()
    assert await pushing(w, header, **changes) is error, row
    assert w.scratch.values == {}


@pytest.mark.parametrize("over", [0, 1])
async def test_a_request_is_kept_up_to_its_limit(over: int) -> None:
    w = World()
    padding = {f"x{n}": "y" * 2000 for n in range(15)}
    length = MAX_AUTHORIZATION - len(urlencode({**ASKED, **padding, "z": ""}))
    got = await pushing(w, **padding, z="y" * (length + over))
    assert isinstance(got, OAuthError if over else Pushed), got
    plain = await opened(w.d, urlencode({**ASKED, **padding, "z": "y" * (length + over)}).encode())
    assert plain == ShowError(OAuthError.TOO_LONG) if over else isinstance(plain, Opened)


async def test_client_id_may_be_left_out_beside_authentication_and_public_clients_may_push() -> None:
    w = World()
    assert isinstance(await bringing(w, await reference(w, client_id=None)), Opened)
    got = await pushing(w, None, client_id="public")
    assert isinstance(got, Pushed)
    assert isinstance(await bringing(w, got.request_uri, "public"), Opened)


async def test_what_proved_the_client_is_not_kept() -> None:
    w = World()
    w.put(replace(await app(w), auth_method="client_secret_post"))
    got = await pushing(w, None, client_secret=SECRET)
    assert isinstance(got, Pushed)
    assert SECRET not in repr(w.scratch.values)
    assert got.request_uri.removeprefix(PREFIX) not in repr(w.scratch.values)
    assert got.request_uri not in repr(got)


async def app(w: World) -> Client:
    found = await w.d.rows.get(Client, ClientId("app"))
    assert found is not None
    return found


@pytest.mark.parametrize("whose", ["client", "server"])
async def test_who_must_push_gets_nowhere_without(whose: str) -> None:
    w = World()
    if whose == "client":
        w.put(replace(await app(w), require_par=True))
    else:
        w.d = replace(w.d, require_par=True)
    found = await opened(w.d, urlencode(ASKED).encode())
    assert isinstance(found, RedirectError)
    back = parse_qs(urlsplit(found.location).query)
    assert (back["error"], back["state"], back["iss"]) == (["invalid_request"], ["st"], [ISSUER])
    assert found.error is OAuthError.PUSHED_NEEDED
    assert isinstance(await bringing(w, await reference(w)), Opened)
    evil = await opened(w.d, urlencode({**ASKED, "redirect_uri": "https://evil.example"}).encode())
    assert evil == ShowError(OAuthError.REDIRECT_UNKNOWN)


async def test_a_client_that_was_suspended_meanwhile_gets_nothing() -> None:
    w = World()
    uri = await reference(w)
    w.put(replace(await app(w), status="suspended"))
    found = await bringing(w, uri)
    assert isinstance(found, Opened)
    assert await check(w.d, found.query) == ShowError(OAuthError.REDIRECT_UNKNOWN)
