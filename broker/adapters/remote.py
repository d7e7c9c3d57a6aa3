"""The administration API of a running broker, for commands: `--server URL --token-file FILE`."""

import json
import re
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

_SECONDS = 30
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|\[::1\])(?::[0-9]+)?")
_OK = 400
_SCOPES = "clients:read clients:write idps:read idps:write issuers:read issuers:write"


class RemoteError(Exception):
    """The broker said no, or did not answer. The message is one line and holds no credentials."""


def read_credentials(path: Path) -> str | tuple[str, str]:
    """An access token, or (client_id, client_secret) of a service, from a file that nobody else can read.

    The file holds the token alone, or JSON `{"client_id": …, "client_secret": …}`. RemoteError for anything else.
    """
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise RemoteError(f"{path}: others can read it; chmod 600 it, and take a new token")
    text = path.read_text("utf-8").strip()
    if not text.startswith("{"):
        if not text or len(text.split()) != 1:
            raise RemoteError(f"{path}: an access token, or JSON with client_id and client_secret")
        return text
    try:
        found = json.loads(text)
        return str(found["client_id"]), str(found["client_secret"])
    except (ValueError, KeyError):
        raise RemoteError(f"{path}: JSON with client_id and client_secret is needed") from None


class RemoteAdministration:
    """The same calls as at the machine itself, over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, server: str, token: str, language: str) -> None:
        self._session, self._server = session, server
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}

    async def listed(self, noun: str) -> list[dict[str, Any]]:
        """Every row that the token may see, page by page."""
        rows: list[dict[str, Any]] = []
        token = ""
        while True:
            told = await self._call("GET", f"/{noun}?page_size=200" + (f"&token={token}" if token else ""))
            rows += told[noun]
            token = told["next_page_token"]
            if not token:
                return rows

    async def show(self, noun: str, name: str) -> dict[str, Any]:
        return await self._call("GET", _path(noun, name))

    async def add(self, noun: str, said: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("POST", f"/{noun}", said)

    async def change(self, noun: str, name: str, said: Mapping[str, Any], version: int) -> dict[str, Any]:
        return await self._call("PUT", _path(noun, name), said, version)

    async def move(self, noun: str, name: str, verb: str, ground: str | None) -> dict[str, Any]:
        if verb != "remove":
            said = {"ground": ground} if ground is not None else None
            return await self._call("POST", _path(noun, name, f"/{verb}"), said)
        if ground is not None:
            raise RemoteError("--ground: a running broker is told why on its page; nothing was removed")
        version = (await self.show(noun, name))["version"]
        return await self._call("DELETE", _path(noun, name), None, version)

    async def secret(self, name: str) -> dict[str, Any]:
        version = (await self.show("clients", name))["version"]
        return await self._call("POST", _path("clients", name, "/secret"), None, version)

    async def test(self, noun: str, name: str | None, said: Mapping[str, Any], sample: str | None) -> dict[str, Any]:
        extra = {"sample": sample} if sample is not None else {}
        if name is None:
            return await self._call("POST", f"/{noun}/test", {**said, **extra})
        return await self._call("POST", _path(noun, name, "/test"), extra)

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, version: int | None = None
    ) -> dict[str, Any]:
        headers = self._headers | ({"If-Match": f'"v{version}"'} if version is not None else {})
        url = URL(f"{self._server}/api/v1{path}", encoded=True)
        try:
            async with self._session.request(method, url, json=body, headers=headers, allow_redirects=False) as answer:
                return _told(answer.status, await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            raise RemoteError(f"{self._server}: no answer ({type(failure).__name__})") from None


@asynccontextmanager
async def remote(
    server: str, credentials: str | tuple[str, str], language: str = "en"
) -> AsyncIterator[RemoteAdministration]:
    """Connected for as long as the block runs. RemoteError for a server without https, loopback apart.

    `language`: the tag of the language in which refusals are told.
    """
    server = server.rstrip("/")
    if not _is_safe(server):
        raise RemoteError(f"{server}: https is needed; a token would be read on the way")
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session:
        token = credentials if isinstance(credentials, str) else await _token(session, server, *credentials)
        yield RemoteAdministration(session, server, token, language)


async def _token(session: aiohttp.ClientSession, server: str, client_id: str, secret: str) -> str:
    """A token in the service's own name (RFC 6749 section 4.4)."""
    form = {"grant_type": "client_credentials", "scope": _SCOPES}
    auth = aiohttp.encode_basic_auth(quote(client_id, safe=""), quote(secret, safe=""))
    try:
        async with session.post(
            f"{server}/oauth2/token", data=form, headers={"Authorization": auth}, allow_redirects=False
        ) as answer:
            return str(_told(answer.status, await answer.read())["access_token"])
    except (aiohttp.ClientError, TimeoutError, OSError) as failure:
        raise RemoteError(f"{server}: no answer ({type(failure).__name__})") from None


def _is_safe(server: str) -> bool:
    """https, or http to this machine: the host whole, for `http://127.0.0.1.example` is anybody's."""
    try:
        parts = urlsplit(server)
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _LOOPBACK.fullmatch(parts.netloc) is not None)


def _path(noun: str, name: str, end: str = "") -> str:
    return f"/{noun}/{quote(name, safe='')}{end}"


def _told(status: int, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RemoteError(f"status {status}, and no JSON: is this the broker's address?")
    if status >= _OK:
        why = found.get("detail") or found.get("error_description") or found.get("error") or "no reason given"
        raise RemoteError(f"{found.get('code', status)}: {why}")
    return found
