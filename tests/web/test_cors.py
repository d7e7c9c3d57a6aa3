"""What programs in other people's pages may call: the table, asked as a browser asks (T085)."""

from pathlib import Path

import pytest

from broker.web.cors import TABLE, shared
from broker.web.routes import ROUTES, Who
from tests.web.site import CONTENT, COOKIE, PORTAL, site

EVIL = "https://evil.example"
SHARED = [
    ("POST", "/oauth2/token", "authorization,content-type,dpop"),
    ("POST", "/oauth2/par", "content-type,dpop"),
    ("GET", "/oauth2/userinfo", "authorization,dpop"),
    ("GET", "/.well-known/jwks.json", "cache-control"),
    ("GET", "/.well-known/openid-configuration", ""),
    ("GET", "/.well-known/oauth-protected-resource/ga4gh/drs/v1", ""),
    ("POST", "/ga4gh/drs/v1/objects/obj-1/access/https", "content-type,dpop"),
    ("GET", "/ga4gh/drs/v1/objects/obj-1", "authorization,cache-control"),
    ("GET", "/data/obj-1", "authorization,cache-control,range"),
    ("PUT", "/api/v1/me/location", "authorization,content-type,dpop,if-match,idempotency-key"),
    ("DELETE", "/api/v1/me/session", "authorization"),
]
ALONE = ["/oauth2/authorize", "/oauth2/authorize/continue", "/sign-in", "/sign-in/x/callback", "/device", "/",
         "/oauth2/introspect", "/oauth2/device_authorization", "/healthz", "/metrics", "/oauth2/tokens", "/nowhere"]  # fmt: skip


def words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(",")}


@pytest.mark.row("T085")
@pytest.mark.parametrize(("method", "path", "sends"), SHARED)
@pytest.mark.parametrize("origin", [EVIL, "null", "https://broker.example.evil.example"])
async def test_a_preflight_needs_no_token_and_gives_no_data(
    tmp_path: Path, method: str, path: str, sends: str, origin: str
) -> None:
    """Every origin may ask, since no browser adds a token by itself; none may send cookies."""
    async with site(tmp_path) as s:
        asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": sends}
        answer = await s.http.options(path, headers=asked)
        assert (answer.status, await answer.read()) == (204, b"")
        assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
        assert words(sends) - {""} <= words(answer.headers["Access-Control-Allow-Headers"])
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert s.stage.kinds() == []


@pytest.mark.row("T085")
@pytest.mark.parametrize("path", ALONE)
async def test_what_lives_by_a_cookie_or_is_for_servers_is_shared_with_nobody(tmp_path: Path, path: str) -> None:
    async with site(tmp_path, PORTAL) as s:
        asked = {"Origin": EVIL, "Access-Control-Request-Method": "POST", **COOKIE}
        for answer in (
            await s.http.options(path, headers=asked),
            await s.http.get(path, headers={"Origin": EVIL, **COOKIE}, allow_redirects=False),
        ):
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_no_address_of_a_browser_session_is_shared() -> None:
    assert not [route.path for route in ROUTES if route.who is Who.BROWSER and shared(route.path) is not None]
    assert [begins for begins, row in TABLE if "Cookie" in row.sends] == []


async def test_an_answer_and_a_refusal_may_be_read_with_the_headers_that_explain_them(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        page = {"Origin": EVIL}
        refused = await s.http.get("/api/v1/me", headers=page)
        exposed = words(refused.headers["Access-Control-Expose-Headers"])
        assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (401, "*")
        assert {"www-authenticate", "dpop-nonce", "decision-id", "link", "x-request-id"} <= exposed
        told = await (await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers() | page)).json()
        ticket = dict(line.split(": ", 1) for line in told["headers"])
        part = await s.http.get(
            "/data/obj-1", headers=ticket | page | {"Range": "bytes=0-3", "Cache-Control": "no-cache"}
        )
        assert (part.status, await part.read()) == (206, CONTENT[:4])
        assert {"content-range", "x-audit-receipt", "etag"} <= words(part.headers["Access-Control-Expose-Headers"])


async def test_drs_options_is_no_preflight(tmp_path: Path) -> None:
    """DRS asks by OPTIONS what an object needs; only both headers of a browser make it a preflight."""
    async with site(tmp_path) as s:
        path = "/ga4gh/drs/v1/objects/obj-1"
        for headers in ({}, {"Origin": EVIL}, {"Access-Control-Request-Method": "GET"}):
            answer = await s.http.options(path, headers=headers)
            assert (answer.status, (await answer.json())["drs_object_id"]) == (200, "obj-1")
        both = {"Origin": EVIL, "Access-Control-Request-Method": "GET"}
        assert (await s.http.options(path, headers=both)).status == 204
