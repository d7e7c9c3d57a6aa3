"""How does the broker fetch a document from an address that somebody else wrote down? Never blindly.

https only, no redirects, no cookies, no proxy and no .netrc from the environment, no compression, a limit on time
and on size, and never from a private address. What is vetted is the address that is connected to, so a name that
changes its mind between look-up and connection gains nothing.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from broker.ports.tracing import UNTRACED, Tracer

_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")
_CHUNK = 16 * 1024
_PER_HOST = 50
"""Connections to one host at a time; there is no limit over all hosts, or a slow one would delay the others."""


_LEAST, _PART = 4 * 1024, 128
"""Bytes that are taken of a connection at once in the beginning; later, this part of what has flowed."""
_FALTERS = 0.25
"""Seconds without a byte after which it begins again."""
_FAILED: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "nobody knows the name of that host"),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not one that is trusted"),
    (aiohttp.ClientSSLError, "it does not speak TLS as it must"),
    (aiohttp.ServerDisconnectedError, "it broke off"),
    (aiohttp.ClientConnectionError, "nobody answers there"),
)
_TAKEN = (200, 204)
"""RFC 9110: OK, and OK without a word."""


class FetchError(Exception):
    """The document was not had. The message says why and holds nothing of what the server sent.

    `status`: that of the answer, if there was one that was not 200.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Outgoing:
    """Fetches documents. Make it inside the running loop; `close` it at the end."""

    def __init__(self, *, seconds: float, tracer: Tracer = UNTRACED) -> None:
        """`seconds`: for one fetch, from the look-up of the name to the last byte."""
        self._seconds, self._tracer = seconds, tracer
        self._public = session(internal=False)
        self._internal = session(internal=True)

    async def close(self) -> None:
        await self._public.close()
        await self._internal.close()

    async def fetch(
        self,
        url: str,
        *,
        limit: int,
        types: tuple[str, ...],
        internal: bool = False,
        form: Mapping[str, str] | None = None,
        authorization: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of a 200 answer of one of the media `types` (`+json` counts as `application/json`).

        `form`, `authorization`: see `ask`. FetchError for everything else, after `seconds` at the latest.
        """
        _, body = await self.ask(
            url, limit=limit, types=types, internal=internal, form=form, authorization=authorization, more=more
        )
        return body

    async def ask(
        self,
        url: str,
        *,
        limit: int,
        types: tuple[str, ...],
        internal: bool = False,
        form: Mapping[str, str] | None = None,
        authorization: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> tuple[str, bytes]:
        """The same, with the media type that was sent (one of `types`).

        `form`: sent by POST, form-encoded; without one it is a GET. `internal`: may be http, and may live at a
        private address; for who an operator said so by name. `more`: further header fields.
        FetchError for everything else, after `seconds` at the latest.
        """
        if not _goes_over_tls(url, internal=internal):
            raise FetchError("not an https address")
        web = self._internal if internal else self._public
        method = "GET" if form is None else "POST"
        try:
            sending = web.request(
                method,
                url,
                data=form,
                headers={**(more or {}), **_headers(types, authorization)},
                allow_redirects=False,
            )
            async with self._within_time(method, url), sending as response:
                media = _vet(response.status, response.headers, response.content_type, types)
                return media, await _body(response.content, limit)
        except TimeoutError:
            raise FetchError(f"no answer within {self._seconds:g} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(f"no connection: {_why(error)}") from None

    async def post(
        self, url: str, body: bytes, *, limit: int, internal: bool, more: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """POST `body` as it is: the status, whatever it is, and the body of the answer. FetchError if there is none.

        `more`: further header fields.
        """
        if not _goes_over_tls(url, internal=internal):
            raise FetchError("not an https address")
        web = self._internal if internal else self._public
        try:
            sending = web.request("POST", url, data=body, headers=more, allow_redirects=False)
            async with self._within_time("POST", url), sending as response:
                return response.status, await _body(response.content, limit)
        except TimeoutError:
            raise FetchError(f"no answer within {self._seconds:g} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(f"no connection: {_why(error)}") from None

    async def send(self, url: str, form: Mapping[str, str], *, internal: bool) -> bool:
        """POST `form`: was it taken (200 or 204)? What the other side says besides is not read. Never raises."""
        if not _goes_over_tls(url, internal=internal):
            return False
        web = self._internal if internal else self._public
        try:
            sending = web.request("POST", url, data=form, allow_redirects=False)
            async with self._within_time("POST", url), sending as response:
                return response.status in _TAKEN
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return False

    @asynccontextmanager
    async def _within_time(self, method: str, url: str) -> AsyncIterator[None]:
        """A span that names whom we ask, and not what; no trace goes on there: it would tell what belongs together."""
        host = urlsplit(url).hostname or ""
        with self._tracer.part(f"ask {host}", method=method, host=host):
            async with asyncio.timeout(self._seconds):
                yield


def session(*, internal: bool, per_host: int = _PER_HOST, buffer: int = 64 * 1024) -> aiohttp.ClientSession:
    """A client that asks for nothing but what it is told to ask for, and at public addresses unless `internal`.

    `per_host`: connections to one host; `buffer`: bytes that are taken from a connection at once.
    """

    def made(info: tuple[Any, ...]) -> socket.socket:
        opened = Sipping(*info[:3]) if internal else _public_socket(info)
        opened.most = buffer
        return opened

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=made, use_dns_cache=False, limit=0, limit_per_host=per_host),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers={"Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(total=None),
        read_bufsize=buffer,
    )


def _headers(types: tuple[str, ...], authorization: str | None) -> dict[str, str]:
    accept = {"Accept": ", ".join(dict.fromkeys((*types, "application/*+json")))}
    return accept if authorization is None else {**accept, "Authorization": authorization}


def _vet(status: int, headers: Mapping[str, str], content_type: str, types: tuple[str, ...]) -> str:
    if status != 200:  # noqa: PLR2004 (RFC 9110: OK, and nothing but OK)
        raise FetchError(f"status {status}", status)
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError("compressed, though asked not to be")
    plain = "application/json" if content_type.endswith("+json") else content_type
    if plain not in types:
        raise FetchError("not the right media type")
    return plain


def _why(error: Exception) -> str:
    """In words, for who must mend it."""
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return "not a public address"
    return next((told for kind, told in _FAILED if isinstance(error, kind)), type(error).__name__)


async def _body(content: aiohttp.StreamReader, limit: int) -> bytes:
    found = bytearray()
    async for chunk in content.iter_chunked(_CHUNK):
        found += chunk
        if len(found) > limit:
            raise FetchError(f"longer than {limit} bytes")
    return bytes(found)


class Sipping(socket.socket):
    """Gives few bytes at once, and more to whoever keeps taking them: the event loop asks for a quarter of a megabyte.

    So a stream that is read slowly holds little, and one that is read fast costs few turns of the loop. What is not
    taken waits in the kernel, or at the other end.
    """

    most = 64 * 1024
    """Bytes at once, when it goes well."""
    _flowed = 0
    _last = 0.0

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        return super().recv(min(bufsize, self._now()), flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        return super().recv_into(buffer, min(nbytes or len(buffer), self._now()), flags)

    def _now(self) -> int:
        """So many bytes this time: a part of what flowed since it last faltered."""
        now = asyncio.get_running_loop().time()
        faltered, self._last = now - self._last > _FALTERS, now
        least = min(_LEAST, self.most)
        size = least if faltered else min(max(self._flowed // _PART, least), self.most)
        self._flowed = size if faltered else self._flowed + size
        return size


def _public_socket(info: tuple[Any, ...]) -> Sipping:
    """A socket for this address and no other, if the address is public. OSError if it is not."""
    family, kind, protocol, _, address = info
    if not is_public(address[0]):
        raise OSError(errno.EACCES, "not a public address")
    return Sipping(family, kind, protocol)


def is_public(address: str) -> bool:
    """Is this IP address out in the world? A v6 address that carries a v4 one is judged by that one too."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not parsed.is_multicast
    if parsed in _NAT64:
        return is_public(str(IPv4Address(int(parsed) & 0xFFFFFFFF)))
    carried = parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
    return parsed in _UNICAST and parsed.is_global and (carried is None or is_public(str(carried)))


def _goes_over_tls(url: str, *, internal: bool) -> bool:
    """Or to somebody of whom an operator said by name that they need not."""
    return url.startswith("https://") or (internal and url.startswith("http://"))
