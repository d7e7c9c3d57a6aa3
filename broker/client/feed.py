"""What has ended of what a repository gave out? Its feed, page by page: each verified, none missed, none lost.

A page counts only if it is signed by the broker, is for this client, and begins where the last one ended. Where to go
on is kept after a page has been handed on and not before: who is stopped in between is told the page again.
"""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp

from broker.adapters import jose
from broker.client.answers import MAX_ANSWER, RefusedError, TalkError, read
from broker.client.api import ask, is_safe
from broker.core import jws
from broker.core.jws import Jwk
from broker.core.passport.keys import named, usable

TYPE: Final = "repository-feed+jwt"
ALGORITHM: Final = "ES256"
WAIT: Final = 25
"""Seconds for which the broker may hold an answer until something happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A verified page. `after`, `next`: the cursors where it begins, and where the following one does."""

    events: Sequence[Mapping[str, Any]]
    after: str
    next: str


class FeedError(TalkError):
    """What came is no page of this feed; nothing of it was handed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The feed of one client of the broker `issuer`, which proves itself by its secret."""

    http: aiohttp.ClientSession
    issuer: str
    client: str
    secret: str

    async def pages(self, cursor: str | None, *, follow: bool) -> AsyncIterator[Page]:
        """The pages after `cursor` (None: from now on), to the end, or for ever. FeedError, RefusedError, TalkError."""
        keys = await self._keys()
        while True:
            wait = WAIT if follow and cursor is not None else 0
            token = await self._asked(cursor, wait)
            found = self._read(token, keys)
            if found is None:  # signed with a key that is newer than what we know
                keys = await self._keys()
                found = self._read(token, keys)
            if found is None:
                raise FeedError("the page is not signed by the broker")
            if cursor is not None and found.after != cursor:
                raise FeedError("the page does not begin where the last one ended: something is missing")
            quiet = found.next == cursor or (cursor is None and not found.events)
            yield found
            cursor = found.next
            if quiet and not follow:
                return

    async def _asked(self, cursor: str | None, wait: int) -> str:
        """The page as it came."""
        query = urlencode({"wait": str(wait)} | ({"cursor": cursor} if cursor is not None else {}))
        url = f"{self.issuer}/api/v1/feed?{query}"
        if not is_safe(url):
            raise TalkError(f"{url}: only https is used, and http on this machine")
        pair = f"{quote_plus(self.client)}:{quote_plus(self.secret)}"  # RFC 6749 section 2.3.1
        headers = {"Authorization": "Basic " + b64encode(pair.encode()).decode()}
        try:
            async with self.http.get(url, headers=headers, allow_redirects=False) as answer:
                body, status = await answer.content.read(MAX_ANSWER), answer.status
                while not answer.content.at_eof() and len(body) < MAX_ANSWER:
                    body += await answer.content.read(MAX_ANSWER - len(body))
        except (aiohttp.ClientError, TimeoutError) as failure:
            raise TalkError(f"{self.issuer}: no answer ({type(failure).__name__}). Is the broker up?") from None
        if status != 200:  # noqa: PLR2004 (the only yes there is)
            said = read(body)
            raise RefusedError(status, said if isinstance(said, dict) else {})
        return body.decode("ascii", "replace")

    async def _keys(self) -> tuple[Jwk, ...]:
        """The keys that the broker publishes, at its own address. TalkError."""
        said = (await ask(self.http, "GET", f"{self.issuer}/.well-known/openid-configuration")).taken()
        place = said.get("jwks_uri") if isinstance(said, dict) else None
        if not isinstance(said, dict) or said.get("issuer") != self.issuer or not isinstance(place, str):
            raise FeedError(f"{self.issuer}: this is not the broker of that name")
        if urlsplit(place)[:2] != urlsplit(self.issuer)[:2]:
            raise FeedError(f"{place}: keys at another address than the broker's")
        keys = usable((await ask(self.http, "GET", place)).taken())
        if keys is None:
            raise FeedError(f"{place}: no keys")
        return keys

    def _read(self, token: str, keys: Sequence[Jwk]) -> Page | None:
        """The page that the token is. None: no key that is known signed it. FeedError: it is another thing."""
        parts = jws.read(token)
        if parts is None or parts.header.get("typ") != TYPE or parts.header.get("alg") != ALGORITHM:
            raise FeedError("this is no page of a feed")
        key = named(keys, str(parts.header.get("kid")))
        if key is None or not jose.check_signature(ALGORITHM, key, parts.signing_input, parts.signature):
            return None
        said = parts.payload
        if said.get("iss") != self.issuer or said.get("aud") != self.client:
            raise FeedError("the page is for somebody else")
        after, next, events = said.get("after"), said.get("next"), said.get("events")
        if not isinstance(after, str) or not isinstance(next, str) or not isinstance(events, list):
            raise FeedError("the page is not in the form of a feed")
        if not all(isinstance(one, dict) for one in events):
            raise FeedError("the page is not in the form of a feed")
        return Page(events=events, after=after, next=next)
