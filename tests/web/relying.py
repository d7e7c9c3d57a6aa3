"""A relying party, a browser and its person, as the OpenID conformance suite has them: what is given is checked, always."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from aiohttp import ClientResponse
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broker.adapters import jose
from broker.core.ids import ClientId
from broker.core.oidc.client_assertion import ASSERTION_TYPE
from broker.core.oidc.pkce import challenge_of
from broker.core.rows import Client
from tests import builders as b
from tests.flows.oauth.fakes_oauth import basic, hashed
from tests.web.site import BACK, Site
from tests.web.upstream import Home, Upstreams, follow

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BYE = "https://portal.example/bye"
VERIFIER, SECRET = "v" * 43, "the secret of a client"
SIGNERS: dict[str, Any] = {
    "ES256": ec.derive_private_key(2718281828, ec.SECP256R1()), "RS256": rsa.generate_private_key(65537, 2048),
}  # fmt: skip
KEYS = {alg: jose.public_jwk(key, alg, alg) for alg, key in SIGNERS.items()}
"""The keys of clients that sign, by algorithm, which is their `kid` too."""
AUTHORIZE, TOKEN, INFO, END = "/oauth2/authorize", "/oauth2/token", "/oauth2/userinfo", "/oauth2/end_session"


def registered(id: str, **changes: Any) -> Client:
    """A client of a suite: confidential, with a code and a refresh token to get."""
    given: dict[str, Any] = {
        "name": id, "auth_method": "client_secret_basic", "secret": hashed(SECRET), "redirect_uris": (BACK,),
        "grant_types": ("authorization_code", "refresh_token"), "scopes": ("openid", "profile"),
        "post_logout_redirect_uris": (BYE,),
    }  # fmt: skip
    return Client(id=ClientId(id), **{**given, **changes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Where a browser ended: back at the client (`query`), or on a page of ours (`text`)."""

    status: int
    location: str | None = None
    query: dict[str, str] = field(default_factory=dict)
    text: str = ""
    sign_ins: int = 0
    """How often the person was sent home to sign in on the way."""
    asked: int = 0
    """How often the person was asked to agree."""


@dataclass
class Relying:
    """One browser, with its cookies; the person before it signs in at `home` and agrees to everything, for ever."""

    s: Site
    up: Upstreams
    home: Home
    agrees: bool = True
    cookies: dict[str, str] = field(default_factory=dict)
    trail: list[str] = field(default_factory=list)
    _made: int = 0

    def request(self, client: Client, **changes: str | None) -> dict[str, str]:
        """An authorization request, with a state and a nonce of its own; a member that is None is left out."""
        self._made += 1
        usual: dict[str, str | None] = {
            "response_type": "code", "client_id": client.id, "redirect_uri": BACK, "scope": "openid",
            "state": f"state-{self._made}&=", "nonce": f"nonce-{self._made}", "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }  # fmt: skip
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}

    async def visit(self, path: str, asked: dict[str, str], *, post: bool = False) -> Landed:
        """The browser is sent to `path`, by a link or by a form of another site (to which SameSite=Lax applies)."""
        sign_ins = agreed = 0
        if post:
            answer = await self.s.http.post(path, data=asked, allow_redirects=False)
        else:
            answer = await self._get(f"{path}?{urlencode(asked)}")
        for _ in range(12):
            self._keep(answer)
            location = answer.headers.get("Location")
            if location is None:
                text = await answer.text()
                form = self._consent(text)
                if form is None:
                    return Landed(status=answer.status, text=text, sign_ins=sign_ins, asked=agreed)
                agreed += 1
                headers = {"Cookie": self.cookie, "Origin": b.US, **FORM}
                answer = await self.s.http.post(
                    f"{AUTHORIZE}/continue", data=urlencode(form), headers=headers, allow_redirects=False
                )
            elif location.startswith(self.home.issuer):
                sign_ins += 1
                follow(self.home, answer, self.cookie)
                answer = await self.up.come_back(self.home, self.cookie)
            elif location.startswith("https://portal.example/"):
                query = {name: value for name, [value] in parse_qs(urlsplit(location).query).items()}
                return Landed(
                    status=answer.status, location=location, query=query, sign_ins=sign_ins, asked=agreed
                )  # fmt: skip
            else:
                answer = await self._get(location)
        raise AssertionError(self.trail)

    async def code(self, client: Client, **changes: str | None) -> tuple[str, dict[str, str], Landed]:
        """A code, by a request whose answer is what it must be: at the client, with state and iss, and nothing else."""
        asked = self.request(client, **changes)
        landed = await self.visit(AUTHORIZE, asked)
        return self.given(asked, landed), asked, landed

    def given(self, asked: dict[str, str], landed: Landed) -> str:
        """The code of an answer with everything that must be in it, and nothing else."""
        assert landed.location is not None, (landed.status, landed.text)
        assert landed.location.startswith(f"{BACK}?"), landed
        assert set(landed.query) == {"code", "state", "iss"} & {"code", "iss", *asked}, landed.query
        assert (landed.query.get("state"), landed.query["iss"]) == (asked.get("state"), b.US)
        return landed.query["code"]

    async def redeem(self, client: Client, code: str, **changes: str) -> tuple[int, dict[str, Any]]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        return await self.token(client, form | changes)

    async def token(self, client: Client, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The token endpoint, asked by `client` in its way; what every answer of it must be is checked."""
        status, told, answer = await self.call(TOKEN, client, form)
        assert answer.content_type == "application/json"
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Pragma"] == "no-cache"
        return status, told

    async def call(
        self, path: str, client: Client, form: dict[str, str], alg: str = "ES256", **headers: str
    ) -> tuple[int, dict[str, Any], ClientResponse]:
        """A POST of `client`, which proves itself in its own way."""
        sent = {**FORM, **headers}
        if client.auth_method == "client_secret_basic":
            sent["Authorization"] = basic(client.id, SECRET)
        elif client.auth_method == "client_secret_post":
            form = form | {"client_id": client.id, "client_secret": SECRET}
        elif client.auth_method == "none":
            form = form | {"client_id": client.id}
        elif "client_assertion" not in form:
            form = form | self.assertion(client, alg)
        answer = await self.s.http.post(path, data=urlencode(form), headers=sent)
        body = await answer.read()
        return answer.status, json.loads(body) if body else {}, answer

    def assertion(self, client: Client, alg: str = "ES256", **claims: Any) -> dict[str, str]:
        """The parameters of `private_key_jwt`; a claim that is None is left out."""
        self._made += 1
        now = int(self.s.stage.clock.now())
        said = {
            "iss": client.id, "sub": client.id, "aud": b.US, "jti": f"once-{self._made}", "iat": now, "exp": now + 60,
        } | claims  # fmt: skip
        text = jose.sign(alg, SIGNERS[alg], {"kid": alg}, {name: one for name, one in said.items() if one is not None})
        return {"client_assertion": text, "client_assertion_type": ASSERTION_TYPE}

    async def signed_in(self, client: Client, **changes: str | None) -> tuple[dict[str, Any], dict[str, Any], Landed]:
        """The whole code flow: tokens, the claims of the ID token, and how the browser came back."""
        code, asked, landed = await self.code(client, **changes)
        status, told = await self.redeem(client, code)
        assert (status, told["token_type"].lower()) == (200, "bearer"), told
        assert isinstance(told["expires_in"], int)
        claims = await self.checked(told, client)
        assert claims.get("nonce") == asked.get("nonce")
        return told, claims, landed

    async def checked(self, told: dict[str, Any], client: Client) -> dict[str, Any]:
        """The claims of an ID token that fits everything (Core 3.1.3.7), read by a library that is not ours."""
        served = await (await self.s.http.get("/.well-known/jwks.json")).json()
        header = jwt.get_unverified_header(told["id_token"])
        [jwk] = [one for one in served["keys"] if one["kid"] == header["kid"]]
        assert header["alg"] == client.id_token_alg
        unchecked: Any = {"verify_exp": False, "verify_iat": False}  # the clock of the test is not that of the library
        claims: dict[str, Any] = jwt.decode(
            told["id_token"], jwt.PyJWK(jwk, header["alg"]), algorithms=[header["alg"]], audience=client.id, issuer=b.US,
            options=unchecked,
        )  # fmt: skip
        now = self.s.stage.clock.now()
        assert claims["iat"] <= now < claims["exp"]
        assert claims["aud"] in (client.id, [client.id])
        assert 0 < len(claims["sub"]) <= 255
        assert claims["sub"].isascii()
        half = hashlib.sha256(told["access_token"].encode()).digest()[:16]
        assert claims["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")
        return claims

    async def userinfo(self, told: dict[str, Any], method: str = "GET") -> dict[str, Any]:
        """What UserInfo says to the access token in the header."""
        headers = {"Authorization": f"Bearer {told['access_token']}"}
        answer = await self.s.http.request(method, INFO, headers=headers)
        assert (answer.status, answer.content_type) == (200, "application/json"), await answer.text()
        said: dict[str, Any] = json.loads(await answer.text())
        return said

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    async def _get(self, path: str) -> ClientResponse:
        self.trail.append(path)
        headers = {"Cookie": self.cookie} if self.cookies else {}
        return await self.s.http.get(path, headers=headers, allow_redirects=False)

    def _keep(self, answer: ClientResponse) -> None:
        for name, morsel in answer.cookies.items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value

    def _consent(self, text: str) -> list[tuple[str, str]] | None:
        """The form of the page of consent, with everything ticked; None on any other page."""
        found = re.search(r'name="interaction" value="([^"]+)"', text)
        if found is None:
            return None
        ticked = re.findall(r'name="(scope|claim|visa)" value="([^"]+)"', text)
        answer = "yes" if self.agrees else "no"
        return [("interaction", found[1]), *dict.fromkeys(ticked), ("remember", "yes"), ("answer", answer)]
