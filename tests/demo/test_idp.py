"""demo/idp.py over HTTP: what a strict OpenID Provider does, and what it refuses."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import jwt
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from broker.core.time import Seconds
from broker.demo.idp import MAX_BODY, MAX_FIELDS, IdpClient, make_idp, new_keys
from broker.demo.idp_issuer import CODE_LIFE, MAX_HELD, TOKEN_LIFE, Held, s256
from broker.demo.idp_requests import MAX_VALUE
from broker.demo.people import PARTICIPANTS, PERSONAS, Persona, persona

BASE = "http://idp.example"
CALLBACK = "http://127.0.0.1:8080/sign-in/home/callback"
VERIFIER = "v" * 43
KEYS = new_keys()
HOME = IdpClient(issuer="home", id="broker", secret="s/1+ü", redirect_uris=(CALLBACK, CALLBACK + "?x=1"))
OTHER = IdpClient(issuer="home", id="other", secret="another", redirect_uris=(CALLBACK,))
BLANK = IdpClient(issuer="home", id="blank", secret="", redirect_uris=(CALLBACK,))
BIOBANK = IdpClient(issuer="biobank", id="broker", secret="third", redirect_uris=(CALLBACK,))
ASKED = {
    "response_type": "code",
    "client_id": "broker",
    "redirect_uri": CALLBACK,
    "scope": "openid profile address",
    "state": "st",
    "nonce": "no",
    "code_challenge": s256(VERIFIER),
    "code_challenge_method": "S256",
}

Change = Mapping[str, str | None]
NOTHING: Change = {}
SILENT: Change = {"login_hint": "ada", "prompt": "none"}


@dataclass
class Clock:
    at: int = 1_800_000_000

    def now(self) -> Seconds:
        return Seconds(self.at)

    async def give_way(self) -> None:
        return None


class Entropy:
    drawn = 0

    def random(self, nbytes: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_256(str(self.drawn).encode()).digest(nbytes)

    def for_id(self) -> bytes:
        return self.random(10)


class Browser:
    """A client of the provider under test that follows nothing by itself."""

    def __init__(self, http: TestClient[Any, Any], clock: Clock) -> None:
        self.http, self.clock = http, clock

    async def authorize(self, change: Change, issuer: str = "home") -> ClientResponse:
        given = {name: value for name, value in {**ASKED, **change}.items() if value is not None}
        return await self.http.get(f"/{issuer}/authorize?{urlencode(given)}", allow_redirects=False)

    async def code(self, who: str = "ada", issuer: str = "home", scope: str = ASKED["scope"]) -> str:
        answer = await self.authorize({"scope": scope, "login_hint": who, "prompt": "none"}, issuer)
        return returned(answer)["code"]

    async def redeem(
        self, code: str, client: IdpClient = HOME, issuer: str = "home", change: Change = NOTHING
    ) -> ClientResponse:
        form: Change = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **change,
        }
        sent = {name: value for name, value in form.items() if value is not None}
        headers = {"Authorization": basic(client.id, client.secret)}
        return await self.http.post(f"/{issuer}/token", data=sent, headers=headers)

    async def userinfo(self, access: str, issuer: str = "home") -> ClientResponse:
        return await self.http.get(f"/{issuer}/userinfo", headers={"Authorization": f"Bearer {access}"})


@pytest.fixture
async def idp() -> AsyncIterator[Browser]:
    clock = Clock()
    app = make_idp(BASE, [HOME, OTHER, BLANK, BIOBANK], clock, Entropy(), KEYS)
    async with TestClient(TestServer(app)) as http:
        yield Browser(http, clock)


def basic(user: str, secret: str) -> str:
    return "Basic " + b64encode(f"{quote(user)}:{quote(secret, safe='')}".encode()).decode()


def returned(answer: ClientResponse) -> dict[str, str]:
    """What the provider sends back to the client's redirect URI."""
    assert answer.status == 303
    location = answer.headers["Location"]
    assert location.startswith(CALLBACK)
    return {name: value for name, [value] in parse_qs(urlsplit(location).query, keep_blank_values=True).items()}


async def claims(idp: Browser, tokens: dict[str, Any], issuer: str = "home") -> dict[str, Any]:
    """The id_token's claims, its signature checked by what the provider publishes."""
    header = jwt.get_unverified_header(tokens["id_token"])
    jwks = await (await idp.http.get(f"/{issuer}/jwks.json")).json()
    [key] = [jwt.PyJWK(key) for key in jwks["keys"] if key["kid"] == header["kid"]]
    assert header == {"alg": "RS256", "typ": "JWT", "kid": key.key_id}
    return jwt.decode(
        tokens["id_token"], key, algorithms=["RS256"], audience="broker", issuer=f"{BASE}/{issuer}",
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip


@pytest.mark.parametrize("issuer", ["home", "biobank"])
async def test_discovery_names_the_issuer_and_what_it_really_serves(idp: Browser, issuer: str) -> None:
    found = await (await idp.http.get(f"/{issuer}/.well-known/openid-configuration")).json()
    assert found["issuer"] == f"{BASE}/{issuer}"
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["request_uri_parameter_supported"] is False
    for member, method in (("authorization", "GET"), ("token", "POST"), ("userinfo", "GET"), ("jwks", "GET")):
        url = found["jwks_uri" if member == "jwks" else f"{member}_endpoint"]
        answer = await idp.http.request(method, url.removeprefix(BASE), allow_redirects=False)
        assert answer.status not in (404, 405)


async def test_the_two_issuers_have_keys_of_their_own_and_publish_no_private_part(idp: Browser) -> None:
    keys = [await (await idp.http.get(f"/{name}/jwks.json")).json() for name in ("home", "biobank")]
    [home], [biobank] = (found["keys"] for found in keys)
    assert home["n"] != biobank["n"]
    assert set(home) == {"kty", "n", "e", "kid", "use", "alg"}


@pytest.mark.parametrize("who", [one for one in PERSONAS if one.issuer == "home"], ids=lambda one: one.id)
async def test_a_persona_signs_in_by_redirects_alone(idp: Browser, who: Persona) -> None:
    answer = await idp.authorize({"login_hint": who.id, "prompt": "none"})
    back = returned(answer)
    assert (back["state"], back["iss"], set(back)) == ("st", f"{BASE}/home", {"code", "state", "iss"})
    idp.clock.at += 5
    granted = await idp.redeem(back["code"])
    assert (granted.status, granted.headers["Cache-Control"]) == (200, "no-store")
    tokens = await granted.json()
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "openid profile address")
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    released = {
        "name": who.name,
        "eduperson_scoped_affiliation": list(who.affiliations),
        "address": {"country": who.country},
    }
    assert await claims(idp, tokens) == released | {
        "iss": f"{BASE}/home",
        "sub": who.sub,
        "aud": "broker",
        "iat": idp.clock.at,
        "exp": idp.clock.at + TOKEN_LIFE,
        "auth_time": idp.clock.at - 5,
        "nonce": "no",
        "acr": who.acr,
        "amr": list(who.amr),
        "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode(),
    }
    assert await (await idp.userinfo(tokens["access_token"])).json() == {"sub": who.sub} | released


async def test_the_biobank_says_nothing_about_a_participant_but_the_pseudonym(idp: Browser) -> None:
    code = await idp.code("pia", "biobank", scope="openid profile address eduperson_scoped_affiliation")
    tokens = await (await idp.redeem(code, BIOBANK, "biobank")).json()
    said = await claims(idp, tokens, "biobank")
    assert (said["sub"], tokens["scope"]) == (PARTICIPANTS[0].subject, "openid")
    assert not set(said) & {"name", "address", "eduperson_scoped_affiliation"}
    assert await (await idp.userinfo(tokens["access_token"], "biobank")).json() == {"sub": said["sub"]}


@pytest.mark.parametrize(
    ("scope", "members"),
    [
        ("openid", set()),
        ("openid profile", {"name", "eduperson_scoped_affiliation", "address"}),
        ("openid eduperson_scoped_affiliation", {"eduperson_scoped_affiliation"}),
        ("openid address unheard-of", {"address"}),
    ],
)
async def test_scopes_release_their_claims_and_no_more(idp: Browser, scope: str, members: set[str]) -> None:
    tokens = await (await idp.redeem(await idp.code(scope=scope))).json()
    info = await (await idp.userinfo(tokens["access_token"])).json()
    assert set(info) == {"sub"} | members
    assert tokens["scope"] == scope.removesuffix(" unheard-of")


class Form(HTMLParser):
    """The one form of a page: its fields and its buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action, self.method, self.tags = "", "", list[str]()
        self.fields, self.buttons, self.focus = dict[str, str](), list[str](), list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "form":
            self.action, self.method = given["action"] or "", given["method"] or ""
        if tag == "input":
            self.fields[given["name"] or ""] = given["value"] or ""
        if tag == "button":
            self.buttons.append(given["value"] or "")
            self.focus += [given["value"] or ""] if "autofocus" in given else []


async def test_the_page_lists_the_personas_and_its_form_signs_one_in(idp: Browser) -> None:
    answer = await idp.authorize({"login_hint": "mei"})
    form = Form(await answer.text())
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert (form.buttons, form.focus) == (
        ["ada", "bao", "mei", "olga", "lee", "sam", "lex", "viv", "eve", "eli", "ira", "pat", ""],
        ["mei"],
    )
    assert form.fields == ASKED | {"login_hint": "mei"}
    path = form.action.removeprefix(BASE)
    done = await idp.http.post(path, data=form.fields | {"persona": "bao"}, allow_redirects=False)
    tokens = await (await idp.redeem(returned(done)["code"])).json()
    found = persona("bao", "home")
    assert found is not None
    assert (await claims(idp, tokens))["sub"] == found.sub


async def test_the_page_needs_no_script_and_lets_none_in(idp: Browser) -> None:
    evil = '"><script>alert(1)</script>'
    answer = await idp.authorize({"state": evil, "login_hint": evil})
    html = await answer.text()
    form = Form(html)
    assert form.fields["state"] == evil
    assert not {"script", "img", "a"} & set(form.tags)
    assert {"main", "h1", "title"} <= set(form.tags)
    assert '<html lang="en">' in html
    policy = answer.headers["Content-Security-Policy"]
    style = html.split("<style>")[1].split("</style>")[0]
    assert b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self' http://127.0.0.1:8080;"):
        assert rule in policy


@pytest.mark.parametrize("who", ["", "pia", "nobody"])
async def test_whoever_is_not_here_is_sent_back_without_a_code(idp: Browser, who: str) -> None:
    posted = await idp.http.post("/home/authorize", data=ASKED | {"persona": who}, allow_redirects=False)
    assert returned(posted) == {"error": "access_denied", "state": "st", "iss": f"{BASE}/home"}
    silent = await idp.authorize({"login_hint": who, "prompt": "none"})
    assert returned(silent) == {"error": "login_required", "state": "st", "iss": f"{BASE}/home"}


async def test_without_a_hint_nobody_is_signed_in_silently(idp: Browser) -> None:
    assert returned(await idp.authorize({"prompt": "none"}))["error"] == "login_required"


async def test_a_persona_in_the_address_signs_nobody_in(idp: Browser) -> None:
    assert (await idp.authorize({"persona": "ada"})).status == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid2"}, "invalid_scope"),
        ({"nonce": None}, "invalid_request"),
        ({"nonce": ""}, "invalid_request"),
        ({"nonce": "n" * (MAX_VALUE + 1)}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "=" * 43}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": ""}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"request": "ey"}, "request_not_supported"),
        ({"request_uri": "http://10.0.0.1/"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
    ],
    ids=str,
)
async def test_a_request_out_of_order_goes_back_with_its_error(idp: Browser, change: Change, error: str) -> None:
    back = returned(await idp.authorize({**SILENT, **change}))
    assert (back["error"], back["state"], back["iss"]) == (error, "st", f"{BASE}/home")
    assert "code" not in back


@pytest.mark.parametrize("state", [None, "", "s" * (MAX_VALUE + 1)], ids=["none", "empty", "long"])
async def test_a_request_without_a_usable_state_is_refused(idp: Browser, state: str | None) -> None:
    assert returned(await idp.authorize({"state": state, "prompt": "none"}))["error"] == "invalid_request"


@pytest.mark.parametrize("twice", ["scope", "state", "nonce", "code_challenge", "login_hint"])
async def test_a_parameter_that_is_there_twice_is_refused(idp: Browser, twice: str) -> None:
    query = urlencode([*{**ASKED, **SILENT}.items(), (twice, "x")])
    back = returned(await idp.http.get(f"/home/authorize?{query}", allow_redirects=False))
    assert back["error"] == "invalid_request"


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": None},
        {"client_id": "unknown"},
        {"client_id": "BROKER"},
        {"redirect_uri": None},
        {"redirect_uri": ""},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?"},
        {"redirect_uri": CALLBACK + "?x=2"},
        {"redirect_uri": CALLBACK + "#x"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": CALLBACK[:-1]},
        {"redirect_uri": CALLBACK.replace("/home/", "/home/../home/")},
        {"redirect_uri": CALLBACK.replace("8080", "8081")},
        {"redirect_uri": "http://evil.example/"},
    ],
    ids=str,
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(idp: Browser, change: Change) -> None:
    answer = await idp.authorize({**SILENT, **change})
    assert (answer.status, answer.headers.get("Location")) == (400, None)
    assert "evil" not in await answer.text()


async def test_a_second_client_id_or_redirect_uri_is_not_chosen_from(idp: Browser) -> None:
    for extra in (("client_id", "other"), ("redirect_uri", CALLBACK)):
        query = urlencode([*ASKED.items(), ("prompt", "none"), ("login_hint", "ada"), extra])
        assert (await idp.http.get(f"/home/authorize?{query}", allow_redirects=False)).status == 400


async def test_a_redirect_uri_with_a_query_keeps_it(idp: Browser) -> None:
    answer = await idp.authorize({**SILENT, "redirect_uri": CALLBACK + "?x=1"})
    assert answer.headers["Location"].startswith(CALLBACK + "?x=1&code=")


async def test_a_code_works_once_and_a_second_try_ends_what_it_gave(idp: Browser) -> None:
    code = await idp.code()
    tokens = await (await idp.redeem(code)).json()
    assert (await idp.userinfo(tokens["access_token"])).status == 200
    again = await idp.redeem(code)
    assert (again.status, (await again.json())["error"]) == (400, "invalid_grant")
    assert (await idp.userinfo(tokens["access_token"])).status == 401


@pytest.mark.parametrize(("age", "status"), [(CODE_LIFE - 1, 200), (CODE_LIFE, 400)])
async def test_a_code_lives_a_minute(idp: Browser, age: int, status: int) -> None:
    code = await idp.code()
    idp.clock.at += age
    assert (await idp.redeem(code)).status == status


@pytest.mark.parametrize(("age", "status"), [(TOKEN_LIFE - 1, 200), (TOKEN_LIFE, 401)])
async def test_an_access_token_lives_ten_minutes(idp: Browser, age: int, status: int) -> None:
    tokens = await (await idp.redeem(await idp.code())).json()
    idp.clock.at += age
    assert (await idp.userinfo(tokens["access_token"])).status == status


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": None}, "invalid_request"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": CALLBACK + "?x=1"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "v" * 42}, "invalid_request"),
        ({"code_verifier": "v" * 129}, "invalid_request"),
        ({"code_verifier": "ü" * 43}, "invalid_request"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"scope": "s" * (MAX_VALUE + 1)}, "invalid_request"),
    ],
    ids=str,
)
async def test_a_token_request_out_of_order_is_refused(idp: Browser, change: Change, error: str) -> None:
    answer = await idp.redeem(await idp.code(), change=change)
    assert (answer.status, (await answer.json())["error"]) == (400, error)


async def test_a_wrong_try_spends_the_code(idp: Browser) -> None:
    code = await idp.code()
    assert (await idp.redeem(code, change={"code_verifier": "w" * 43})).status == 400
    assert (await idp.redeem(code)).status == 400


async def test_a_code_is_worth_nothing_to_another_client_or_issuer(idp: Browser) -> None:
    assert (await idp.redeem(await idp.code(), OTHER)).status == 400
    assert (await idp.redeem(await idp.code(), BIOBANK, "biobank")).status == 400
    tokens = await (await idp.redeem(await idp.code())).json()
    assert (await idp.userinfo(tokens["access_token"], "biobank")).status == 401


FORM = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
POSTED = {"client_id": HOME.id, "client_secret": HOME.secret}


@pytest.mark.parametrize(
    ("header", "posted", "status"),
    [
        (basic(HOME.id, HOME.secret), {}, 200),
        (basic(HOME.id, HOME.secret), {"client_id": HOME.id}, 200),
        (None, POSTED, 200),
        (basic(HOME.id, HOME.secret), {"client_id": "other"}, 401),
        (basic(HOME.id, HOME.secret), POSTED, 401),
        (basic(HOME.id, "wrong"), {}, 401),
        (basic(HOME.id, ""), {}, 401),
        (basic("unknown", ""), {}, 401),
        (basic("blank", ""), {}, 401),
        (None, {"client_id": "blank", "client_secret": ""}, 401),
        (basic(HOME.id, BIOBANK.secret), {}, 401),
        ("Basic " + b64encode(b"broker").decode(), {}, 401),
        ("Basic !!!", {}, 401),
        ("Basic", {}, 401),
        ("Bearer " + b64encode(b"broker:s").decode(), {}, 401),
        (None, {}, 401),
        (None, {"client_id": HOME.id}, 401),
        (None, POSTED | {"client_secret": ""}, 401),
        (None, POSTED | {"client_secret": "wrong"}, 401),
        (None, POSTED | {"client_id": "unknown"}, 401),
    ],
)
async def test_a_client_proves_its_secret_in_exactly_one_way(
    idp: Browser, header: str | None, posted: dict[str, str], status: int
) -> None:
    form = FORM | posted | {"code": await idp.code()}
    headers = {} if header is None else {"Authorization": header}
    answer = await idp.http.post("/home/token", data=form, headers=headers)
    assert answer.status == status
    if status == 401:
        assert (await answer.json())["error"] == "invalid_client"
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_two_authorization_headers_are_none(idp: Browser) -> None:
    tokens = await (await idp.redeem(await idp.code())).json()
    one = ("Authorization", f"Bearer {tokens['access_token']}")
    assert (await idp.http.get("/home/userinfo", headers=[one, one])).status == 401


async def test_userinfo_takes_the_token_from_the_header_alone(idp: Browser) -> None:
    access = (await (await idp.redeem(await idp.code())).json())["access_token"]
    without = await idp.http.get(f"/home/userinfo?access_token={access}")
    assert (without.status, without.headers["WWW-Authenticate"]) == (401, "Bearer")
    wrong = await idp.userinfo("wrong")
    assert (wrong.status, wrong.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
    basic_scheme = await idp.http.get("/home/userinfo", headers={"Authorization": f"Basic {access}"})
    assert basic_scheme.status == 401


@pytest.mark.parametrize("path", ["/home/token", "/home/authorize"])
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "text/plain", 415),
        (b"a=" + b"a" * MAX_BODY, "application/x-www-form-urlencoded", 413),
        (b"a=\xff", "application/x-www-form-urlencoded", 400),
        (b"a=b&" * (MAX_FIELDS + 1), "application/x-www-form-urlencoded", 400),
    ],
    ids=["json", "text", "large", "not-ascii", "many"],
)
async def test_a_body_that_is_no_small_form_is_refused(
    idp: Browser, path: str, body: bytes, kind: str, status: int
) -> None:
    answer = await idp.http.post(path, data=body, headers={"Content-Type": kind}, allow_redirects=False)
    assert answer.status == status


def test_what_is_held_is_bounded_and_the_oldest_goes_first() -> None:
    held, now = Held[int](), Seconds(0)
    for number in range(MAX_HELD + 1):
        held.put(str(number), number, 10)
    assert [held.get("0", now), held.get("1", now), held.get(str(MAX_HELD), now)] == [None, 1, MAX_HELD]


def test_what_is_taken_is_gone_and_what_is_old_is_not_there() -> None:
    held = Held[int]()
    held.put("a", 1, 10)
    assert [held.get("a", Seconds(9)), held.get("a", Seconds(10))] == [1, None]
    assert [held.take("a", Seconds(9)), held.take("a", Seconds(9))] == [1, None]


def test_no_secret_shows_when_a_client_is_printed() -> None:
    assert HOME.secret not in repr(HOME)


def test_each_persona_has_a_sub_of_their_own_and_participants_have_no_name() -> None:
    assert len({(one.issuer, one.sub) for one in PERSONAS}) == len({one.id for one in PERSONAS}) == 14
    assert [one.id for one in PERSONAS if one.issuer == "biobank" and not one.name and not one.country] == [
        "pia",
        "noa",
    ]
    assert persona("ada", "biobank") is None
