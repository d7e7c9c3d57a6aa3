"""A small OAuth client with a cookie jar, for the story and the tests: it knows only what the description says."""

import base64
import hashlib
import socket
from collections.abc import Mapping
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

import aiohttp

from broker.adapters.entropy import SystemEntropy

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
PASSPORT = "urn:ga4gh:params:oauth:token-type:passport"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (a type, not a token)
_MOVED = (301, 302, 303, 307)
_HOPS = 12
_BUFFER = 64 * 1024


class UnexpectedError(Exception):
    """The broker answered in a way that the story does not know."""


class Form(HTMLParser):
    """The first form of a page: where it goes, what it holds, and the text beside each box."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: list[tuple[str, str]] = []
        self.labels: list[str] = []
        self._label: list[str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action") or ""
        if tag == "label":
            self._label = []
        if self._label is not None and tag == "input":
            self._label.append("[x]" if "checked" in given else "[ ]")
        chosen = given.get("type") != "checkbox" or "checked" in given
        if tag == "input" and given.get("name") and chosen and "disabled" not in given and given.get("value"):
            self.fields.append((given["name"] or "", given.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "label" and self._label is not None:
            self.labels.append(" · ".join(self._label).replace("] · ", "] "))
            self._label = None

    def handle_data(self, data: str) -> None:
        if self._label is not None and data.strip():
            self._label.append(" ".join(data.split()))


class Browser:
    """One person's browser together with the client that sent them."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.described = described
        self.issuer: str = described["issuer"]
        self.client: Mapping[str, Any] = described["clients"]["confidential"]
        self._entropy = SystemEntropy()

    async def __aenter__(self) -> Self:
        """A small receive buffer: a download that pauses here pauses at the broker too."""
        connector = aiohttp.TCPConnector(socket_factory=_small_socket, force_close=True)
        self.http = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            read_bufsize=_BUFFER,
            timeout=aiohttp.ClientTimeout(total=60),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.close()

    def random(self) -> str:
        return base64.urlsafe_b64encode(self._entropy.random(32)).rstrip(b"=").decode()

    def authorization_url(self, hint: str, verifier: str, state: str, **more: str) -> str:
        """An authorization request with PKCE, state and nonce."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": self.client["redirect_uris"][0],
            "scope": " ".join(self.described["scopes"]),
            "state": state,
            "nonce": self.random(),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "login_hint": hint,
        }
        return f"{self.issuer}/oauth2/authorize?{urlencode(query | more)}"

    async def follow(self, url: str) -> tuple[str, str]:
        """Follow redirects to a page (its address, its text), or to the client's own address (and no text)."""
        home = self.client["redirect_uris"][0]
        for _ in range(_HOPS):
            if url.startswith(home):
                return url, ""
            async with self.http.get(url, allow_redirects=False) as answer:
                if answer.status not in _MOVED:
                    return url, await answer.text()
                url = urljoin(url, answer.headers["Location"])
        raise UnexpectedError("too many redirects")

    async def submit(self, page: str, form: Form, **more: str) -> str:
        """Send a form; where the browser is sent."""
        fields = [*form.fields, *more.items()]
        async with self.http.post(urljoin(page, form.action), data=fields, allow_redirects=False) as answer:
            if answer.status not in _MOVED:
                raise UnexpectedError(f"the form was answered with {answer.status}")
            return urljoin(page, answer.headers["Location"])

    def code(self, url: str, state: str) -> str:
        """The code in the client's address, after checking state and issuer (RFC 9207)."""
        query = parse_qs(urlsplit(url).query)
        if query.get("state") != [state] or query.get("iss") != [self.issuer] or "code" not in query:
            raise UnexpectedError(f"no code: {query.get('error', ['?'])[0]}")
        return query["code"][0]

    async def redeem(self, code: str, verifier: str) -> dict[str, Any]:
        """The code for tokens."""
        return await self.token(
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=self.client["redirect_uris"][0],
        )

    async def token(self, **form: str) -> dict[str, Any]:
        """The token endpoint, with the client's secret."""
        secret = f"{quote(self.client['client_id'])}:{quote(self.client['client_secret'])}"
        basic = {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
        async with self.http.post(f"{self.issuer}/oauth2/token", data=form, headers=basic) as answer:
            body: dict[str, Any] = await answer.json()
            if answer.status != 200:
                raise UnexpectedError(f"the token endpoint said {body.get('error')}")
            return body

    async def tokens(self, hint: str) -> dict[str, Any]:
        """Sign in as a persona by redirects alone."""
        verifier, state = self.random(), self.random()
        url, _ = await self.follow(self.authorization_url(hint, verifier, state, prompt="none"))
        return await self.redeem(self.code(url, state), verifier)

    async def passport(self, access_token: str, **more: str) -> str:
        """The access token for a Passport (RFC 8693)."""
        answer = await self.token(
            grant_type=EXCHANGE,
            requested_token_type=PASSPORT,
            subject_token_type=ACCESS_TOKEN,
            subject_token=access_token,
            **more,
        )
        return str(answer["access_token"])


def _small_socket(info: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, *_ = info
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    return made
