"""Home identity providers in memory, each with a key of its own: good ones, and as bad as a test wants them."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import ClientResponse
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters import jose
from broker.adapters.identity_providers import HttpIdentityProviders
from broker.adapters.jwks import JwksClient
from broker.adapters.outgoing import FetchError
from broker.adapters.provider_credentials import Credentials
from broker.core.ids import Issuer
from broker.core.oidc.opaque import base64url
from broker.core.oidc.pkce import challenge_of
from broker.core.rows import IdentityProvider
from tests.fakes import CountingEntropy, FakeClock
from tests.web.site import Site


@cache
def _key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(name.encode()).digest()[:30], "big"), ec.SECP256R1())


@dataclass
class Home:
    """One provider. `claims`, `info`: what its ID token and UserInfo say besides; `answers`: raw answers by path."""

    slug: str = "uni"
    subject: str = "u-1"
    document: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    signed_info: dict[str, Any] | None = None
    tokens: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, bytes | FetchError] = field(default_factory=dict)
    row: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    """The parameters of the last authorization request that a browser brought."""
    codes: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> Issuer:
        return Issuer(f"https://{self.slug}.example")

    @property
    def provider(self) -> IdentityProvider:
        made: dict[str, Any] = {
            "id": self.issuer, "slug": self.slug, "name": f"The {self.slug}", "client_id": f"us-at-{self.slug}",
            "client_secret": f"secret-{self.slug}", "scopes": frozenset({f"{self.slug}.example"}),
        }  # fmt: skip
        return IdentityProvider(**(made | self.row))

    def metadata(self) -> dict[str, Any]:
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
        made = {name: f"{self.issuer}/{name}" for name in names} | {
            "issuer": self.issuer, "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "authorization_response_iss_parameter_supported": True,
        }  # fmt: skip
        return {name: value for name, value in (made | self.document).items() if value is not None}

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        head = {"alg": "ES256", "kid": f"k-{self.slug}", "typ": "JWT"} | dict(header or {})
        head = {name: value for name, value in head.items() if value is not None}
        signed = jose.sign("ES256", _key(self.slug), head | {"alg": "ES256"}, claims)
        if head["alg"] == "ES256":
            return signed
        return ".".join((base64url(json.dumps(head).encode()), *signed.split(".")[1:]))

    def id_token(self, now: int) -> str:
        access = self.tokens.get("access_token", "at")
        said = {
            "iss": self.issuer, "sub": self.subject, "aud": self.provider.client_id, "nonce": self.asked.get("nonce"),
            "iat": now, "exp": now + 300, "auth_time": now,
            "at_hash": base64url(hashlib.sha256(access.encode()).digest()[:16]),
        } | self.claims  # fmt: skip
        return self.sign({k: v for k, v in said.items() if v is not None}, self.header)


@dataclass
class Internet:
    """Every address there is; what is not one of `homes` does not answer."""

    clock: FakeClock
    homes: dict[str, Home] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    sent: list[tuple[str, dict[str, str], str | None]] = field(default_factory=list)
    """Forms and headers, by address: where our credentials, codes and tokens went."""
    strict: bool = True

    async def fetch(self, url: str, *, limit: int, types: tuple[str, ...], **how: Any) -> bytes:
        assert types
        self.asked[url] += 1
        parts = urlsplit(url)
        home = self.homes.get(parts.netloc)
        if home is None:
            raise FetchError("no connection: nobody answers there")
        path = parts.path.lstrip("/")
        form, header = dict(how.get("form") or {}), how.get("authorization")
        if form or header:
            self.sent.append((url, form, header))
        if path in home.answers:
            answer = home.answers[path]
            if isinstance(answer, FetchError):
                raise answer
            return answer
        body = self._answer(home, path, form)
        if len(body) > limit:
            raise FetchError(f"longer than {limit} bytes")
        return body

    def _answer(self, home: Home, path: str, form: dict[str, str]) -> bytes:
        if path == ".well-known/openid-configuration":
            return json.dumps(home.metadata()).encode()
        if path == "jwks_uri":
            return json.dumps({"keys": [jose.public_jwk(_key(home.slug), f"k-{home.slug}", "ES256")]}).encode()
        if path == "token_endpoint":
            right = challenge_of(form.get("code_verifier", "")) == home.asked.get("code_challenge")
            if self.strict and (form.get("code") not in home.codes or not right):
                raise FetchError("status 400")
            home.codes.remove(form["code"])
            now = self.clock.now()
            return json.dumps({"access_token": "at", "token_type": "Bearer", "id_token": home.id_token(now)} | home.tokens).encode()  # fmt: skip
        if path == "userinfo_endpoint":
            if home.signed_info is not None:
                return home.sign({"sub": home.subject, "iss": home.issuer, "aud": home.provider.client_id} | home.signed_info).encode()  # fmt: skip
            return json.dumps({"sub": home.subject} | home.info).encode()
        raise FetchError("status 404")


@dataclass
class Upstreams:
    """A site whose identity providers are `homes`."""

    site: Site
    net: Internet
    idps: HttpIdentityProviders
    time: list[float]

    async def begin(self, home: Home, *, cookie: str = "", **query: str) -> tuple[str, dict[str, str]]:
        """A browser is sent to `home`: its cookies, and what it brings along."""
        headers = {"Cookie": cookie} if cookie else {}
        path = f"/sign-in/{home.slug}?{urlencode(query)}"
        answer = await self.site.http.get(path, headers=headers, allow_redirects=False)
        assert answer.status == 303, await answer.text()
        return follow(home, answer, cookie)

    async def come_back(self, home: Home, cookie: str, **query: str | None) -> ClientResponse:
        """The browser comes back from `home`, as it was sent or as a test wants it."""
        code = f"code-{len(home.codes)}"
        if "code" not in query and "error" not in query:
            home.codes.append(code)
            query = {"code": code, **query}
        said: dict[str, str | None] = {"state": home.asked.get("state"), "iss": home.issuer, **query}
        asked = urlencode({k: v for k, v in said.items() if v is not None})
        headers = {"Cookie": cookie} if cookie else {}
        path = f"/sign-in/{home.slug}/callback?{asked}"
        return await self.site.http.get(path, headers=headers, allow_redirects=False)

    async def sign_in(self, home: Home, **query: str) -> str:
        """The session cookie of somebody who signed in at `home`."""
        cookie, _ = await self.begin(home, **query)
        answer = await self.come_back(home, cookie)
        assert answer.status == 303, await answer.text()
        return session_of(answer)


def follow(home: Home, answer: ClientResponse, cookie: str = "") -> tuple[str, dict[str, str]]:
    """What `answer` sends to `home`, and the browser's cookies after it."""
    location = urlsplit(answer.headers["Location"])
    assert f"{location.scheme}://{location.netloc}" == home.issuer
    home.asked = {name: value for name, [value] in parse_qs(location.query).items()}
    kept = {name: morsel.value for name, morsel in answer.cookies.items()}
    old = dict(part.split("=", 1) for part in cookie.split("; ") if part)
    return "; ".join(f"{name}={value}" for name, value in (old | kept).items()), home.asked


def session_of(answer: ClientResponse) -> str:
    """The cookie header of who signed in with `answer`."""
    return f"__Host-broker-session={answer.cookies['__Host-broker-session'].value}"


def upstreams(s: Site, *homes: Home) -> Upstreams:
    """Put `homes` behind the site `s`."""
    clock = s.stage.clock
    net = Internet(clock=clock, homes={urlsplit(home.issuer).netloc: home for home in homes})
    time = [1000.0]
    keys = JwksClient(net, lambda: time[0])
    shown = Credentials(s.tokens, clock, CountingEntropy())
    idps = HttpIdentityProviders(net, keys, jose.check_signature, shown, lambda: time[0])
    object.__setattr__(s.broker, "idps", idps)
    return Upstreams(site=s, net=net, idps=idps, time=time)
