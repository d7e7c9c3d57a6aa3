"""What clients and providers that nobody here wrote stumbled over, each kept from coming back.

Found with npm's openid-client and oidc-provider, Authlib's client, curl, and requests that no client would send.
"""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from broker.adapters import jose
from broker.adapters.catalogue import CatalogueError, read_catalogue
from broker.adapters.identity_providers import HttpIdentityProviders
from broker.adapters.outgoing import FetchError
from broker.adapters.provider_credentials import Credentials
from broker.core.ids import Issuer
from broker.core.oidc.opaque import stored_id
from broker.core.oidc.provider_metadata import ProviderMetadata
from broker.core.rows import IdentityProvider, Session
from broker.core.rows.revocation import Revocation
from broker.core.time import Seconds
from broker.ports import UpstreamError
from broker.web.metrics import METRICS
from broker.web.server import listening
from tests.fakes import START, CountingEntropy, FakeClock
from tests.web.site import BACK, COOKIE, PORTAL, SECRET, Site, signed_in, site

DRS = "/ga4gh/drs/v1/objects/obj-1"
FORM = "application/x-www-form-urlencoded"


def provider(slug: str, **changes: Any) -> IdentityProvider:
    made = IdentityProvider(
        id=Issuer(f"https://{slug}.example"), slug=slug, name=slug, client_id="us", client_secret="s3cr3t"
    )
    return replace(made, **changes)


def browser_session(**changes: Any) -> Session:
    """Ada's session in the browser whose cookie is `COOKIE`; she signed in two hours ago."""
    made = signed_in("usr_ada")[0]
    assert isinstance(made, Session)
    return replace(made, id=stored_id(SECRET), auth_time=Seconds(START - 7200), **{"location": None, **changes})


def authorize(**more: str) -> str:
    query = {
        "response_type": "code", "client_id": "portal", "redirect_uri": BACK, "scope": "openid", "state": "st",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    }  # fmt: skip
    return f"/oauth2/authorize?{urlencode(query | more)}"


class Discovery:
    """Identity providers of whom only the discovery document is asked."""

    async def metadata(self, idp: IdentityProvider) -> ProviderMetadata:
        return ProviderMetadata(
            issuer=idp.id, authorization_endpoint=f"{idp.id}/authorize", token_endpoint="", jwks_uri=""
        )


def with_providers(s: Site) -> None:
    object.__setattr__(s.broker, "idps", Discovery())


# Redirects and waiting: what a handler raises as an answer is the answer.


async def test_a_device_page_sends_strangers_to_the_sign_in(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.get("/device?user_code=BCDF-GHJK", allow_redirects=False)
        assert (answer.status, answer.headers["Cache-Control"]) == (303, "no-store")
        location = urlsplit(answer.headers["Location"])
        assert (location.path, parse_qs(location.query)) == ("/sign-in", {"return_to": ["/device?user_code=BCDF-GHJK"]})


async def test_an_authorization_request_of_a_stranger_leads_to_the_choice_of_providers(tmp_path: Path) -> None:
    async with site(tmp_path, PORTAL, provider("uni"), provider("bank")) as s:
        answer = await s.http.get(authorize(), allow_redirects=False)
        assert (answer.status, urlsplit(answer.headers["Location"]).path) == (303, "/sign-in")
        page = await s.http.get(answer.headers["Location"])
        assert re.findall(r'href="/sign-in/(\w+)\?', await page.text()) == ["bank", "uni"]


async def test_a_receipt_that_is_not_published_yet_is_asked_for_again_later(tmp_path: Path) -> None:
    class Waiting:
        async def proof(self, _: str) -> None:
            return None

        async def entry(self, _: str) -> object:
            return object()

    async with site(tmp_path) as s:
        object.__setattr__(s.broker, "audit", Waiting())
        for language, says in (("en", "load this again in a moment"), ("es", "vuelva a cargar")):
            answer = await s.http.get("/audit/receipts/rcp_1", headers={"Accept-Language": language})
            assert (answer.status, answer.headers["Retry-After"], answer.content_type) == (202, "1", "text/plain")
            assert says in await answer.text(), "people follow this link too"


# A sign-in that must be fresh is fresh at the home provider too, or its own old session would come back.


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}])
async def test_a_fresh_sign_in_is_asked_of_the_only_provider(tmp_path: Path, wish: dict[str, str]) -> None:
    async with site(tmp_path, PORTAL, provider("uni"), browser_session()) as s:
        with_providers(s)
        answer = await s.http.get(authorize(**wish), headers=COOKIE, allow_redirects=False)
        asked = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])


async def test_a_fresh_sign_in_stays_one_through_the_choice_of_providers(tmp_path: Path) -> None:
    async with site(tmp_path, PORTAL, provider("uni"), provider("bank"), browser_session()) as s:
        with_providers(s)
        answer = await s.http.get(authorize(prompt="login"), headers=COOKIE, allow_redirects=False)
        page = await (await s.http.get(answer.headers["Location"], headers=COOKIE)).text()
        link = re.findall(r'href="(/sign-in/uni[^"]*)"', page)[0].replace("&amp;", "&")
        answer = await s.http.get(link, headers=COOKIE, allow_redirects=False)
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["prompt"] == ["login"]


async def test_an_old_session_is_good_enough_where_nothing_fresh_was_asked(tmp_path: Path) -> None:
    async with site(tmp_path, PORTAL, provider("uni"), browser_session()) as s:
        answer = await s.http.get(authorize(), headers=COOKIE)
        assert "What may" in await answer.text()


# Pages.


@pytest.mark.parametrize(("typed", "status", "kinds"), [("Narnia", 400, []), ("XX", 400, []), ("es", 303, ["session.attested", "code.issued"])])  # fmt: skip
async def test_a_country_that_is_none_is_told_and_gives_no_code(
    tmp_path: Path, typed: str, status: int, kinds: list[str]
) -> None:
    async with site(tmp_path, PORTAL, browser_session()) as s:
        page = await (await s.http.get(authorize(), headers=COOKIE)).text()
        form = {
            "interaction": re.findall(r'name="interaction" value="([^"]+)"', page)[0],
            "scope": "openid", "answer": "yes", "location": typed,
        }  # fmt: skip
        answer = await s.http.post("/oauth2/authorize/continue", data=form, headers=COOKIE, allow_redirects=False)
        assert (answer.status, s.stage.kinds()) == (status, kinds)


BROKEN_FORMS = [
    (FORM, b"\xff\xfe\x00", 400),
    (FORM, b"answer=%ff", 400),
    (FORM, b"a&" * 2000, 400),
    (FORM, b"a" * 70_000, 413),
    ("multipart/form-data", b"", 415),
    ("multipart/form-data; boundary=x", b"--x\r\nbroken", 415),
    ("application/json", b"{}", 415),
    ("", b"", 415),
]


@pytest.mark.parametrize("path", ["/device", "/oauth2/authorize/continue"])
@pytest.mark.parametrize(("kind", "body", "status"), BROKEN_FORMS)
async def test_a_broken_form_is_the_senders_fault(
    tmp_path: Path, path: str, kind: str, body: bytes, status: int
) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.post(path, data=body, headers={"Content-Type": kind})
        assert (answer.status, answer.content_type) == (status, "text/html")


async def test_a_charset_that_nobody_knows_is_nobodys_concern(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.post("/device", data=b"answer=yes", headers={"Content-Type": f"{FORM}; charset=bogus"})
        assert answer.status == 200


async def test_an_unknown_client_is_told_as_a_bad_request(tmp_path: Path) -> None:
    async with site(tmp_path, PORTAL) as s:
        for wrong in ({"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}):
            answer = await s.http.get(authorize(**wrong), allow_redirects=False)
            assert (answer.status, answer.content_type) == (400, "text/html")
            assert "evil" not in await answer.text()


# Errors have the form of the door, at the door's wrong methods and unknown addresses too.

FORMS = [
    ("PUT", DRS, 405, "application/json", "msg"),
    ("GET", "/ga4gh/drs/v1/nothing", 404, "application/json", "status_code"),
    ("POST", DRS, 400, "application/json", "msg"),
    ("GET", "/oauth2/token", 405, "application/json", "error"),
    ("GET", "/oauth2/nothing", 404, "application/json", "error"),
    ("DELETE", "/oauth2/authorize", 405, "text/html", ""),
    ("GET", "/sign-in/nobody", 404, "text/html", ""),
    ("GET", "/api/v1/nothing", 404, "application/problem+json", "code"),
    ("DELETE", "/api/v1/me", 405, "application/problem+json", "code"),
]


@pytest.mark.parametrize(("method", "path", "status", "kind", "member"), FORMS)
async def test_errors_have_the_form_of_their_door(
    tmp_path: Path, method: str, path: str, status: int, kind: str, member: str
) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.request(method, path)
        assert (answer.status, answer.content_type) == (status, kind)
        assert ("Allow" in answer.headers) == (status == 405)
        assert not member or member in await answer.json()


async def test_a_revoked_token_is_an_invalid_token(tmp_path: Path) -> None:
    async with site(tmp_path, Revocation(id="token:t1", since=START)) as s:
        for headers, told in (({}, False), ({"Authorization": "Bearer x"}, True), (s.headers(), True)):
            for path in ("/api/v1/me", f"{DRS}/access/https", "/oauth2/userinfo"):
                answer = await s.http.get(path, headers=headers)
                first, second = answer.headers.getall("WWW-Authenticate")
                assert (answer.status, 'error="invalid_token"' in first) == (401, told)
                assert first.startswith('Bearer realm="ga4gh-access-broker", resource_metadata="')
                assert second.startswith("DPoP ")
                assert "error" not in second


@pytest.mark.parametrize("before", ["9" * 19, "9" * 30, "-1", "", "1_0", "\u0663"])
async def test_a_place_in_the_log_that_no_log_has_is_refused(tmp_path: Path, before: str) -> None:
    async with site(tmp_path) as s:
        for path in (f"/api/v1/audit/entries?before={before}", f"/audit/proof/consistency?old=1&new={before}"):
            assert (await s.http.get(path, headers=s.headers())).status == 400


async def test_a_download_names_its_request(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        told = await (await s.http.get(f"{DRS}/access/https", headers=s.headers())).json()
        header = dict(line.split(": ", 1) for line in told["headers"])
        answer = await s.http.get("/data/obj-1", headers=header | {"X-Request-ID": "my-request-1"})
        assert (answer.status, answer.headers["X-Request-ID"]) == (200, "my-request-1")


async def test_a_method_that_nobody_serves_is_not_counted_by_its_name(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        await s.http.request("PROPFIND", "/healthz")
        counted = {sample.labels.get("method") for metric in METRICS.requests.collect() for sample in metric.samples}
        assert "other" in counted
        assert "PROPFIND" not in counted


@pytest.mark.row("T133")
async def test_what_is_not_http_is_answered_without_a_word_about_the_library() -> None:
    async with listening(web.Application(), "127.0.0.1", 0, None, 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization : Bearer SEKRIT\r\n\r\n")
        answer = (await reader.read()).decode()
        writer.close()
    assert re.match(r"HTTP/1\.[01] 400 ", answer)
    assert "X-Content-Type-Options: nosniff" in answer
    assert not re.search("aiohttp|python|SEKRIT", answer, re.IGNORECASE)


# The catalogue, and identity providers.


@pytest.mark.parametrize("id", ["access", ".", ".."])
def test_an_object_that_no_drs_client_could_reach_is_refused_by_the_catalogue(tmp_path: Path, id: str) -> None:
    (tmp_path / "x.bam").write_bytes(b"x")
    path = tmp_path / "catalogue.yaml"
    path.write_text(
        "schema: broker.catalogue/1\n"
        f"repositories: [{{id: bank, name: Bank, root: {tmp_path}}}]\n"
        "committees: [{id: https://bank.example/dac, name: DAC, contact: a@bank.example}]\n"
        "datasets: [{id: https://bank.example/d, title: D, committee: https://bank.example/dac, repository: bank, duo: ['DUO:0000004']}]\n"
        f"objects:\n  - {{id: '{id}', dataset: https://bank.example/d, name: x.bam, path: x.bam, unrestricted: true}}\n",
        "utf-8",
    )
    with pytest.raises(CatalogueError, match=r"catalogue.yaml:6: .*id: no object can have this one"):
        read_catalogue(path)


class Upstream:
    """A provider's answers, and what it was sent. Nothing for the token endpoint: it fails."""

    def __init__(self, methods: list[str] | None, token: bytes | None = b"{}") -> None:
        self._methods = methods
        self._token = token
        self.sent: dict[str, Any] = {}

    async def fetch(self, url: str, **how: Any) -> bytes:
        if "openid-configuration" in url:
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            stated = "" if self._methods is None else f', "token_endpoint_auth_methods_supported": {self._methods}'
            ends = ", ".join(f'"{name}": "https://uni.example/{name}"' for name in names)
            return f'{{"issuer": "https://uni.example", {ends}{stated}}}'.replace("'", '"').encode()
        self.sent = how
        if self._token is None:
            raise FetchError("status 401")
        return self._token


def providers(upstream: Upstream) -> HttpIdentityProviders:
    class Keys:
        def register(self, _: object) -> None:
            return None

    outgoing: Any = upstream
    keys: Any = Keys()
    nobody: Any = None
    shown = Credentials(nobody, FakeClock(), CountingEntropy())
    return HttpIdentityProviders(outgoing, keys, jose.check_signature, shown, lambda: 0.0)


BASIC = ["client_secret_basic", "client_secret_post"]


@pytest.mark.parametrize(("methods", "basic"), [(None, True), (BASIC, True), (BASIC[1:], False), (["private_key_jwt"], True)])  # fmt: skip
async def test_our_secret_goes_where_the_provider_takes_it(methods: list[str] | None, basic: bool) -> None:  # noqa: FBT001
    upstream = Upstream(methods)
    await providers(upstream).redeem(provider("uni", internal=True), "c", "v", "https://broker.example/cb")
    assert (upstream.sent["authorization"] is not None) == basic
    assert ("client_secret" in upstream.sent["form"]) != basic


@pytest.mark.row("T060", "WHO-3.5-4")
async def test_what_a_provider_does_wrong_is_in_the_log_and_not_what_it_said() -> None:
    for token, why in ((None, "status 401"), (b'{"id_token": "SEKRIT"', "not JSON in UTF-8")):
        with capture_logs() as logs, pytest.raises(UpstreamError):
            await providers(Upstream(None, token)).redeem(
                provider("uni", internal=True), "c0de", "v", "https://broker.example/cb"
            )
        assert [(one["event"], one["idp"], one["why"]) for one in logs] == [("idp.failed", "uni", why)]
