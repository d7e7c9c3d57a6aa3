"""The logout plans of the OpenID conformance suite, test module by test module: RP-initiated, and back-channel."""

import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from broker.adapters.outgoing import Outgoing
from broker.core.rows import Farewell
from broker.flows.tell_clients import tell
from tests import builders as b
from tests.web.relying import AUTHORIZE, BYE, END, Landed, Relying, registered
from tests.web.site import site
from tests.web.upstream import Home, upstreams

APP = registered("suite-1")


@asynccontextmanager
async def relying(folder: Path, *clients: Any) -> AsyncIterator[Relying]:
    home = Home()
    async with site(folder, home.provider, *clients) as s:
        yield Relying(s, upstreams(s, home), home)


@pytest_asyncio.fixture
async def rp(tmp_path: Path) -> AsyncIterator[Relying]:
    async with relying(tmp_path, APP) as made:
        yield made


@pytest_asyncio.fixture
async def outgoing() -> AsyncIterator[Outgoing]:
    made = Outgoing(seconds=10)
    yield made
    await made.close()


async def signed_out(rp: Relying) -> bool:
    """Does another authorization with prompt=none fail, as the suite asks at the end of each module?"""
    landed = await rp.visit(AUTHORIZE, rp.request(APP, prompt="none"))
    return landed.query.get("error") == "login_required"


async def confirm(rp: Relying, page: Landed) -> Landed:
    """The person says on the page that they want to sign out."""
    found = re.search(r'name="logout" value="([\w-]+)"', page.text)
    assert (page.status, found is not None) == (200, True), page
    assert found is not None
    form = {"logout": found[1], "answer": "yes"}
    headers = {"Cookie": rp.cookie, "Origin": b.US}
    answer = await rp.s.http.post(f"{END}/continue", data=form, headers=headers, allow_redirects=False)
    return Landed(status=answer.status, location=answer.headers.get("Location"), text=await answer.text())


@pytest.mark.row(
    "OC-rp-initiated-logout-discovery-endpoint-verification", "OC-backchannel-logout-discovery-endpoint-verification"
)
async def test_the_document_says_how_to_sign_out(rp: Relying) -> None:
    told = await (await rp.s.http.get("/.well-known/openid-configuration")).json()
    assert told["end_session_endpoint"] == f"{b.US}{END}"
    assert (told["backchannel_logout_supported"], told["backchannel_logout_session_supported"]) == (True, True)


@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize(
    ("state", "back"),
    [
        pytest.param({"state": "a &="}, f"{BYE}?state=a+%26%3D", marks=pytest.mark.row("OC-rp-initiated-logout")),
        pytest.param({}, BYE, marks=pytest.mark.row("OC-rp-initiated-logout-no-state")),
    ],
)
async def test_the_browser_comes_back_signed_out_and_with_its_state(
    rp: Relying, state: dict[str, str], back: str, *, post: bool
) -> None:
    told, _, _ = await rp.signed_in(APP)
    asked = {"id_token_hint": told["id_token"], "post_logout_redirect_uri": BYE, **state}
    landed = await rp.visit(END, asked, post=post)
    assert (landed.location or "").replace("%20", "+") == back
    assert await signed_out(rp)


@pytest.mark.row("OC-rp-initiated-logout-no-post-logout-redirect-uri")
async def test_without_an_address_the_browser_stays(rp: Relying) -> None:
    told, _, _ = await rp.signed_in(APP)
    landed = await rp.visit(END, {"id_token_hint": told["id_token"], "state": "x"})
    assert (landed.status, landed.location, "signed out" in landed.text) == (200, None, True)
    assert await signed_out(rp)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({}, marks=pytest.mark.row("OC-rp-initiated-logout-no-params")),
        pytest.param({"state": "x"}, marks=pytest.mark.row("OC-rp-initiated-logout-only-state")),
        pytest.param(
            {"post_logout_redirect_uri": BYE, "state": "x"}, marks=pytest.mark.row("OC-rp-initiated-logout-no-id-token-hint")
        ),
        pytest.param(
            {"id_token_hint": "none", "post_logout_redirect_uri": BYE},
            marks=pytest.mark.row("OC-rp-initiated-logout-modified-id-token-hint"),
        ),
        pytest.param(
            {"id_token_hint": "bad", "post_logout_redirect_uri": BYE},
            marks=pytest.mark.row("OC-rp-initiated-logout-bad-id-token-hint"),
        ),
    ],
)  # fmt: skip
async def test_who_cannot_be_sure_asks_the_person_and_goes_nowhere(rp: Relying, asked: dict[str, str]) -> None:
    told, _, _ = await rp.signed_in(APP)
    if asked.get("id_token_hint") == "none":
        _, payload, _ = told["id_token"].split(".")
        header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
        asked = asked | {"id_token_hint": f"{header}.{payload}."}
    elif "id_token_hint" in asked:
        asked = asked | {"id_token_hint": told["id_token"][:-8] + "AAAAAAAA"}
    page = await rp.visit(END, asked)
    assert page.location is None
    assert not await signed_out(rp)
    done = await confirm(rp, page)
    assert (done.status, done.location, "signed out" in done.text) == (200, None, True)
    assert await signed_out(rp)


@pytest.mark.row(
    "OC-rp-initiated-logout-bad-post-logout-redirect-uri",
    "OC-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
)
@pytest.mark.parametrize("address", ["https://portal.example/wrong", f"{BYE}?foo=bar"])
async def test_an_address_that_is_not_registered_is_an_error_page(rp: Relying, address: str) -> None:
    told, _, _ = await rp.signed_in(APP)
    landed = await rp.visit(END, {"id_token_hint": told["id_token"], "post_logout_redirect_uri": address, "state": "x"})
    assert (landed.status, landed.location) == (400, None)
    assert "AUTH-LOGOUT-REDIRECT" in landed.text
    assert not await signed_out(rp)


@pytest.mark.row("OC-backchannel-rp-initiated-logout")
async def test_the_client_hears_of_it_behind_the_browser(tmp_path: Path, outgoing: Outgoing) -> None:
    heard: list[dict[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        assert request.content_type == "application/x-www-form-urlencoded"
        heard.append({name: str(value) for name, value in (await request.post()).items()})
        return web.Response()

    receiver = web.Application()
    receiver.router.add_post("/backchannel_logout", take)
    async with TestServer(receiver) as served:
        address = str(served.make_url("/backchannel_logout"))
        app = registered("suite-1", backchannel_logout_uri=address, internal=True)
        async with relying(tmp_path, app) as rp:
            told, claims, _ = await rp.signed_in(app)
            asked = {"id_token_hint": told["id_token"], "post_logout_redirect_uri": BYE, "state": "x"}
            assert (await rp.visit(END, asked)).query == {"state": "x"}
            [waits] = [row for row in rp.s.stage.ledger.rows.values() if isinstance(row, Farewell)]
            assert await tell(rp.s.broker.world, outgoing, waits.id)
            [form] = heard
            assert set(form) == {"logout_token"}
            keys = (await (await rp.s.http.get("/.well-known/jwks.json")).json())["keys"]
            header = jwt.get_unverified_header(form["logout_token"])
            [jwk] = [key for key in keys if key["kid"] == header["kid"]]
            said = jwt.decode(
                form["logout_token"], jwt.PyJWK(jwk, "RS256"), algorithms=["RS256"], audience="suite-1", issuer=b.US,
                options={"verify_exp": False, "verify_iat": False},
            )  # fmt: skip
            assert (said["sub"], said["sid"], "nonce" in said) == (claims["sub"], claims["sid"], False)
            assert said["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
            assert {"iat", "exp", "jti"} <= set(said)
            assert await signed_out(rp)
