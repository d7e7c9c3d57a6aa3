"""Signing out in the browser (OpenID Connect RP-Initiated Logout), and messages from home, over HTTP."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.core.ids import ClientId
from broker.core.oidc.limits import ID_TOKEN_LIFE
from broker.core.oidc.logout import client_sid
from broker.core.oidc.opaque import stored_id
from broker.core.rows import Client, Family, IdentityProvider, RefreshToken, Session
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START, signed
from tests.web.site import COOKIE, SECRET, Site, signed_in, site

BYE = "https://portal.example/bye"
APP = Client(
    id=ClientId("app"), name="App", auth_method="none", scopes=("openid",), post_logout_redirect_uris=(BYE,),
    grant_types=("refresh_token",),
)  # fmt: skip
OTHER = replace(APP, id=ClientId("other"))
_SESSION = signed_in(str(b.ADA))[0]
assert isinstance(_SESSION, Session)
SESSION = replace(_SESSION, id=stored_id(SECRET))
FAMILY = Family(
    id="fam-app", client=APP.id, person=b.ADA, session=stored_id(SECRET), scope=("openid",), released=None,
    auth_time=START, expires=Seconds(START + 9000),
)  # fmt: skip
ROWS = (APP, OTHER, SESSION, FAMILY)
CONTINUE = "/oauth2/end_session/continue"


def hint(s: Site, **claims: Any) -> str:
    said = {
        "iss": b.US, "sub": b.ADA, "aud": "app", "sid": client_sid(stored_id(SECRET), "app"), "iat": START,
        "exp": START + 600,
    }  # fmt: skip
    return signed(s.tokens, "oidc-rs256", "JWT", said | claims)


def alive(s: Site) -> bool:
    row = s.stage.ledger.rows["session", stored_id(SECRET)]
    assert isinstance(row, Session)
    return row.ended is None


async def ask(s: Site, method: str = "GET", *, cookie: bool = True, **query: str) -> Any:
    """The request, as a browser sends it: a form from elsewhere brings no cookie, the GET that follows does."""
    headers = COOKIE if cookie else {}
    if method == "GET":
        return await s.http.get("/oauth2/end_session", params=query, headers=headers, allow_redirects=False)
    sent = await s.http.post("/oauth2/end_session", data=query, allow_redirects=False)
    if sent.status != 303:
        return sent
    return await s.http.get(sent.headers["Location"], headers=headers, allow_redirects=False)


@pytest.mark.row("T059")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_client_signs_its_own_session_out_and_gets_the_browser_back(tmp_path: Path, method: str) -> None:
    async with site(tmp_path, *ROWS) as s:
        got = await ask(s, method, id_token_hint=hint(s), post_logout_redirect_uri=BYE, state="a&b")
        assert (got.status, got.headers["Location"]) == (303, f"{BYE}?state=a%26b")
        cookie = got.headers["Set-Cookie"]
        assert re.match(r'__Host-broker-session="?"?;', cookie)
        assert {"HttpOnly", "Secure", "Path=/", "Max-Age=0", "SameSite=Lax"} <= set(cookie.split("; "))
        assert got.headers["Clear-Site-Data"] == '"storage"', "what forms laid by goes with the session"
        assert not alive(s)
        assert s.stage.kinds() == ["session.ended"]
        again = await ask(s, method, id_token_hint=hint(s), post_logout_redirect_uri=BYE)
        assert (again.status, again.headers["Location"]) == (303, BYE)


async def test_an_expired_hint_is_as_good(tmp_path: Path) -> None:
    async with site(tmp_path, *ROWS) as s:
        s.stage.clock.advance(ID_TOKEN_LIFE * 3)
        got = await ask(s, id_token_hint=hint(s), post_logout_redirect_uri=BYE)
        assert got.headers["Location"] == BYE
        assert not alive(s)


ASKING: list[tuple[str, dict[str, str], str | None]] = [
    ("no hint", {}, None),
    ("no hint, and where to", {"post_logout_redirect_uri": BYE}, None),
    ("a client by name", {"client_id": "app", "post_logout_redirect_uri": BYE}, BYE),
    ("a forged hint", {"id_token_hint": "x.y.z", "client_id": "app", "post_logout_redirect_uri": BYE}, BYE),
    ("somebody else's hint", {"hint": "sub", "post_logout_redirect_uri": BYE}, BYE),
    ("an older session's hint", {"hint": "sid", "post_logout_redirect_uri": BYE}, BYE),
]


@pytest.mark.row("T059")
@pytest.mark.parametrize(("row", "query", "location"), ASKING)
async def test_without_a_hint_of_this_session_the_person_is_asked(
    tmp_path: Path, row: str, query: dict[str, str], location: str | None
) -> None:
    async with site(tmp_path, *ROWS) as s:
        if "hint" in query:
            query = {**query, "id_token_hint": hint(s, **{query["hint"]: "another"})}
            del query["hint"]
        page = await ask(s, cookie=True, **query)
        text = await page.text()
        assert (page.status, "Set-Cookie" in page.headers, alive(s)) == (200, False, True), row
        found = re.search(r'name="logout" value="([\w-]+)"', text)
        assert found is not None, row
        form = {"logout": found[1], "answer": "yes"}
        for origin in ("https://evil.example", "null"):
            foreign = await s.http.post(CONTINUE, data=form, headers={**COOKIE, "Origin": origin})
            assert (foreign.status, alive(s)) == (400, True), row
        done = await s.http.post(CONTINUE, data=form, headers={**COOKIE, "Origin": b.US}, allow_redirects=False)
        assert (done.status, done.headers.get("Location")) == ((303, location) if location else (200, None)), row
        assert "Max-Age=0" in done.headers["Set-Cookie"]
        assert done.headers["Clear-Site-Data"] == '"storage"'
        assert not alive(s), row
        twice = await s.http.post(CONTINUE, data=form, headers=COOKIE, allow_redirects=False)
        assert twice.status == 400, row


@pytest.mark.row("T056", "T059")
@pytest.mark.parametrize(
    ("row", "query", "code"),
    [
        ("not registered", {"client_id": "app", "post_logout_redirect_uri": "https://evil.example/"}, "AUTH-LOGOUT-REDIRECT"),
        ("a query more", {"client_id": "app", "post_logout_redirect_uri": BYE + "?x=1"}, "AUTH-LOGOUT-REDIRECT"),
        ("unknown client", {"client_id": "nobody"}, "AUTH-LOGOUT-CLIENT"),
        ("hint of another client", {"hint": "yes", "client_id": "other"}, "AUTH-LOGOUT-CLIENT"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_broken_request_ends_nothing_and_sends_nobody_anywhere(
    tmp_path: Path, row: str, query: dict[str, str], code: str, method: str
) -> None:
    async with site(tmp_path, *ROWS) as s:
        if query.get("hint"):
            query = {"id_token_hint": hint(s), "client_id": query["client_id"]}
        got = await ask(s, method, cookie=True, **query)
        assert (got.status, got.headers.get("Location"), alive(s)) == (400, None, True), row
        assert code in await got.text(), row


@pytest.mark.row("T059", "T070")
async def test_signing_out_is_not_taken_twice_nor_by_another_form(tmp_path: Path) -> None:
    async with site(tmp_path, *ROWS) as s:
        got = await s.http.get("/oauth2/end_session?client_id=app&client_id=app", headers=COOKIE)
        assert got.status == 400
        got = await s.http.post("/oauth2/end_session", json={}, headers=COOKIE)
        assert got.status == 415
        for method in ("PUT", "DELETE", "HEAD"):
            got = await s.http.request(method, "/oauth2/end_session", headers=COOKIE)
            assert got.status == 405, method
        assert alive(s)


async def test_who_is_not_signed_in_goes_where_they_would_have_gone(tmp_path: Path) -> None:
    async with site(tmp_path, *ROWS) as s:
        got = await ask(s, cookie=False, client_id="app", post_logout_redirect_uri=BYE)
        assert got.headers["Location"] == BYE
        got = await ask(s, cookie=False)
        assert (got.status, "signed out" in await got.text()) == (200, True)
        assert alive(s)


@pytest.mark.row("T121")
async def test_refresh_tokens_end_with_the_session(tmp_path: Path) -> None:
    kept = RefreshToken(id=stored_id("r" * 43), family=FAMILY.id, expires=Seconds(START + 9000))
    async with site(tmp_path, *ROWS, kept) as s:
        await ask(s, id_token_hint=hint(s))
        form = {"grant_type": "refresh_token", "refresh_token": "r" * 43, "client_id": "app"}
        got = await s.http.post("/oauth2/token", data=form)
        assert (got.status, (await got.json())["code"]) == (400, "AUTH-AUTHORIZATION-ENDED")


async def test_signing_out_by_the_api_clears_the_cookie_too(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        gone = await s.http.delete("/api/v1/me/session", headers=s.headers())
        assert "Max-Age=0" in gone.headers["Set-Cookie"]


async def test_metadata_says_how_to_sign_out(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        said = await (await s.http.get("/.well-known/openid-configuration")).json()
        assert urlsplit(said["end_session_endpoint"]).path == "/oauth2/end_session"
        assert said["backchannel_logout_supported"] is True
        assert said["backchannel_logout_session_supported"] is True
        assert "sid" in said["claims_supported"]
        assert parse_qs(urlsplit(said["end_session_endpoint"]).query) == {}


@pytest.mark.row("T055")
async def test_a_message_from_home_that_is_none_is_refused_in_oauth_s_form(tmp_path: Path) -> None:
    home = IdentityProvider(id=b.HOME, slug="home", name="Home", client_id="us", client_secret="x")
    async with site(tmp_path, *ROWS, home) as s:
        for path, body, status in (
            ("/sign-in/home/backchannel-logout", {"x": "y"}, 400),
            ("/sign-in/nobody/backchannel-logout", {"logout_token": "x"}, 404),
        ):
            got = await s.http.post(path, data=body)
            assert (got.status, (await got.json())["error"]) == (status, "invalid_request")
            assert "no-store" in got.headers["Cache-Control"]
        assert (await s.http.post("/sign-in/home/backchannel-logout", json={})).status == 400
        assert (await s.http.get("/sign-in/home/backchannel-logout")).status == 405
        assert alive(s)
