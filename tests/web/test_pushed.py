"""Pushed authorization requests over a socket, to the page and back (RFC 9126)."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.web.site import BACK, COOKIE, PORTAL, Site, signed_in, site
from tests.web.test_interop_findings import browser_session

PUSH = "/oauth2/par"
ASKED = {
    "response_type": "code", "client_id": "portal", "redirect_uri": BACK, "scope": "openid", "state": "st",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
}  # fmt: skip


async def pushed(s: Site, **more: str) -> dict[str, Any]:
    got = await s.http.post(PUSH, data=ASKED | more)
    assert got.status == 201
    assert got.headers["Cache-Control"] == "no-cache, no-store"
    told: dict[str, Any] = await got.json()
    return told


async def test_a_browser_goes_on_with_its_own_pages_and_nobody_else_begins(tmp_path: Path) -> None:
    async with site(tmp_path, PORTAL, browser_session(), *signed_in("usr_mei")) as s:
        told = await pushed(s)
        assert told["expires_in"] == 60
        asked = {"client_id": "portal", "request_uri": told["request_uri"]}
        first = await s.http.get("/oauth2/authorize", params=asked, headers=COOKIE, allow_redirects=False)
        assert first.status == 303
        page = first.headers["Location"]
        assert urlsplit(page).path == "/oauth2/authorize/continue"
        for _ in range(2):
            shown = await s.http.get(page, headers=COOKIE)
            assert (shown.status, "Portal" in await shown.text()) == (200, True)
        again = await s.http.get("/oauth2/authorize", params=asked, headers=COOKIE, allow_redirects=False)
        assert again.status == 400
        assert "Location" not in again.headers
        id = parse_qs(urlsplit(page).query)["interaction"][0]
        form = {"interaction": id, "answer": "yes", "scope": "openid"}
        done = await s.http.post("/oauth2/authorize/continue", data=form, headers=COOKIE, allow_redirects=False)
        back = parse_qs(urlsplit(done.headers["Location"]).query)
        assert done.headers["Location"].startswith(BACK)
        assert (back["state"], "code" in back) == (["st"], True)


async def test_errors_are_those_of_the_token_endpoint(tmp_path: Path) -> None:
    async with site(tmp_path, PORTAL) as s:
        for more, status, error in (
            ({"scope": "admin"}, 400, "invalid_scope"),
            ({"request_uri": "urn:x"}, 400, "invalid_request"),
            ({"client_secret": "x"}, 401, "invalid_client"),
            ({f"x{n}": "y" * 2000 for n in range(16)}, 413, "invalid_request"),
            ({f"x{n}": "y" * 2000 for n in range(40)}, 413, "invalid_request"),
        ):
            got = await s.http.post(PUSH, data=ASKED | more)
            assert (got.status, (await got.json())["error"]) == (status, error), more
        assert (await s.http.get(PUSH, params=ASKED)).status == 405
        assert (await s.http.post(PUSH, json=ASKED)).status == 400


async def test_the_metadata_say_where(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        told = await (await s.http.get("/.well-known/openid-configuration")).json()
        assert urlsplit(told["pushed_authorization_request_endpoint"]).path == PUSH
        assert "client_credentials" in told["grant_types_supported"]
        assert told["token_endpoint_auth_signing_alg_values_supported"] == ["ES256", "RS256"]
