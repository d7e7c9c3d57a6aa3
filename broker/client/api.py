"""How does this computer talk to the broker that somebody signed in at? With its own key, and tokens kept fresh."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from broker.client.account import Account, AccountError, Accounts
from broker.client.answers import MAX_ANSWER, Answer, RefusedError, TalkError, read
from broker.client.proofs import ComputerKey
from broker.core.oidc.client_assertion import ASSERTION_TYPE

Form = Sequence[tuple[str, str]]
"""Members of a form; one may be there several times."""
_EARLY = 60
"""Seconds before its end at which an access token is renewed."""
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)
_PAGE = "200"
"""Of a list, rows that are asked for at once."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def session() -> aiohttp.ClientSession:
    """Connections of a command: no cookies, and nothing from the environment but the proxy."""
    return aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True, cookie_jar=aiohttp.DummyCookieJar())


def is_safe(url: str) -> bool:
    """May something secret be sent there? By https, or on this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


async def ask(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    json: Any = None,
    form: Form | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request with a JSON answer. Redirects are not followed. TalkError where there is no answer."""
    if not is_safe(url):
        raise TalkError(f"{url}: only https is used, and http on this machine")
    try:
        async with http.request(method, url, json=json, data=form, headers=headers, allow_redirects=False) as answer:
            body = await answer.content.read(MAX_ANSWER + 1)
            while not answer.content.at_eof() and len(body) <= MAX_ANSWER:
                body += await answer.content.read(MAX_ANSWER + 1 - len(body))
            return Answer(answer.status, read(body), dict(answer.headers))
    except (aiohttp.ClientError, TimeoutError) as failure:
        raise TalkError(
            f"{url}: no answer ({type(failure).__name__}). Is the broker up, and the address right?"
        ) from None


@dataclass(slots=True)
class Api:
    """The broker, asked in the name of whoever signed in. Renews its tokens, also beside other commands."""

    http: aiohttp.ClientSession
    accounts: Accounts
    account: Account
    key: ComputerKey
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def issuer(self) -> str:
        """Whose broker it is."""
        return self.account.issuer

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """What the broker answers at `path` of its own. RefusedError, TalkError, AccountError."""
        url = f"{self.issuer}{path}"
        token = await self.token()
        headers = {"Authorization": f"DPoP {token}", "DPoP": self.key.proof(method, url, token=token)}
        return (await ask(self.http, method, url, json=body, headers=headers)).taken()

    async def each(self, path: str, noun: str, **wanted: str) -> AsyncIterator[dict[str, Any]]:
        """Everything of a list that comes a page at a time. `wanted`: what is asked for besides.

        Errors as `call`; TalkError for what is no list, and for one that goes on without bringing anything new.
        """
        asked, seen = {**wanted, "page_size": _PAGE}, set[str]()
        while True:
            told = await self.call("GET", f"{path}?{urlencode(asked)}")
            rows, token = told.get(noun), told.get("next_page_token")
            if not isinstance(rows, list) or not isinstance(token, str | None):
                raise TalkError(f"{self.issuer}{path} is no list of {noun}")
            for one in rows:
                yield one
            if token is None:
                return
            if not rows or token in seen:
                raise TalkError(f"{self.issuer}{path} goes on for ever")
            seen.add(token)
            asked["token"] = token

    async def token(self) -> str:
        """An access token that is good for a while yet."""
        async with self._renewing:
            if self._is_old():
                await self._renew()
        return self.account.access_token

    async def redeem(self, form: Form) -> Mapping[str, Any]:
        """The token endpoint, as this computer. RefusedError, TalkError."""
        return await redeem(self.http, self.account.issuer, self.key, form, client_id=self.account.client_id)

    def _is_old(self) -> bool:
        return self.account.expires - _EARLY <= self.key.clock.now()

    async def _renew(self) -> None:
        """Under the lock of this computer: another command may have renewed them while this one waited."""
        lock = self.accounts.locked(self.issuer)
        await asyncio.to_thread(lock.__enter__)
        try:
            self.account = self.accounts.get(self.issuer)
            if not self._is_old():
                return
            form = [("grant_type", "refresh_token"), ("refresh_token", self.account.refresh_token)]
            try:
                said = await self.redeem(form)
            except RefusedError as no:
                if no.word == "invalid_grant":
                    raise AccountError(f"Your sign-in has ended. Run: broker login {self.issuer}") from None
                raise
            self.account = replace(
                self.account,
                access_token=str(said["access_token"]),
                refresh_token=str(said.get("refresh_token", self.account.refresh_token)),
                expires=self.key.clock.now() + int(said["expires_in"]),
            )
            self.accounts.keep(self.account)
        finally:
            lock.__exit__(None, None, None)


async def redeem(
    http: aiohttp.ClientSession, issuer: str, key: ComputerKey, form: Form, *, client_id: str | None
) -> Mapping[str, Any]:
    """One request to the token endpoint, with a proof of the key; again at once with the nonce that it may ask for.

    `client_id`: this computer's own, shown by an assertion; None: who it is, the form says.
    """
    url, nonce = f"{issuer}/oauth2/token", None
    for _ in range(2):
        who = [] if client_id is None else _asserted(key, client_id, issuer)
        answer = await ask(http, "POST", url, form=[*form, *who], headers={"DPoP": key.proof("POST", url, nonce=nonce)})
        nonce = answer.headers.get("DPoP-Nonce")
        body = answer.body if isinstance(answer.body, dict) else {}
        if body.get("error") != "use_dpop_nonce" or nonce is None:
            break
    said = answer.taken()
    if not isinstance(said, dict) or not isinstance(said.get("access_token"), str) or "expires_in" not in said:
        raise TalkError(f"{url}: this is no answer of a token endpoint")
    return said


def _asserted(key: ComputerKey, client_id: str, issuer: str) -> list[tuple[str, str]]:
    return [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", key.assertion(client_id, issuer))]
