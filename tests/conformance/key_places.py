"""Places where keys may be kept, made for tests: a folder, SoftHSM, and a transit engine that answers over HTTP."""

import base64
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broker.adapters import jose
from broker.adapters.key_services.transit import TransitKeys
from broker.ports.keys import Algorithm, KeyMaker

PIN, TOKEN = b"canary-pin-4711", b"canary-token-of-the-key-service"
LABEL = "broker-test"
_LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def softhsm() -> Path:
    """Its library. Skips, or under STRICT fails, where there is none."""
    found = next((Path(path) for path in _LIBRARIES if Path(path).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        missing = "softhsm2 is not installed"
        (pytest.fail if os.environ.get("STRICT") else pytest.skip)(missing)
    assert found is not None
    return found


def tokens_in(folder: Path) -> None:
    """From now on SoftHSM keeps its tokens there, in this process and its children."""
    (folder / "tokens").mkdir(parents=True, exist_ok=True)
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(config)


def make_token(label: str = LABEL) -> None:
    words = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN.decode()]
    subprocess.run(words, check=True, capture_output=True)


@dataclass
class Engine:
    """A transit engine, as OpenBao and Vault document it: it signs, and can be told to be slow, wrong or gone."""

    keys: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    said: Callable[[dict[str, Any]], Any] = lambda data: {"data": data}
    slow: Any = None

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/transit/keys/{name}", self._make)
        app.router.add_get("/v1/transit/keys/{name}", self._show)
        app.router.add_post("/v1/transit/sign/{name}/sha2-256", self._sign)
        return app

    def _admitted(self, request: web.Request) -> None:
        if request.headers.get("X-Vault-Token") != TOKEN.decode():
            raise web.HTTPForbidden

    async def _make(self, request: web.Request) -> web.Response:
        self._admitted(request)
        kind = (await request.json())["type"]
        curve = ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa-p256" else None
        self.keys[request.match_info["name"]] = curve or rsa.generate_private_key(65537, 2048)
        return web.Response(status=204)

    async def _show(self, request: web.Request) -> web.Response:
        self._admitted(request)
        public = self.keys[request.match_info["name"]].public_key()
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = public.public_bytes(serialization.Encoding.PEM, kind).decode()
        return web.json_response(self.said({"keys": {"1": {"public_key": pem}}, "latest_version": 1}))

    async def _sign(self, request: web.Request) -> web.Response:
        self._admitted(request)
        if self.slow is not None:
            await self.slow.wait()
        asked, key = await request.json(), self.keys.get(request.match_info["name"])
        if key is None or self.status != 200:
            return web.json_response({"errors": ["encryption key not found"]}, status=self.status if key else 400)
        data = base64.b64decode(asked["input"])
        if isinstance(key, rsa.RSAPrivateKey):
            assert asked["signature_algorithm"] == "pkcs1v15"
            text = base64.b64encode(jose.signature("RS256", key, data)).decode()
        else:
            assert asked["marshaling_algorithm"] == "jws"
            text = base64.urlsafe_b64encode(jose.signature("ES256", key, data)).rstrip(b"=").decode()
        return web.json_response(self.said({"signature": f"vault:v{asked['key_version']}:{text}"}))


@dataclass
class Place:
    """A place with a key of each algorithm. `public`: their halves, DER; `end`, `begin`: it goes away and comes back."""

    service: KeyMaker
    public: dict[Algorithm, bytes]
    end: Callable[[], None]
    begin: Callable[[], None]


NAMES: dict[Algorithm, str] = {"ES256": "broker-visa-1", "RS256": "broker-oidc-rs256-1"}


_FIRST: list[tuple[Path, dict[Algorithm, bytes]]] = []


async def first_token() -> tuple[Path, dict[Algorithm, bytes]]:
    """The folder of a token with the keys, and their public halves; made once, for RSA keys take a second."""
    if not _FIRST:
        from broker.adapters.key_services.pkcs11 import Pkcs11Keys  # noqa: PLC0415 (an extra)

        folder = Path(tempfile.mkdtemp())
        tokens_in(folder)
        make_token()
        maker = Pkcs11Keys(softhsm(), LABEL, lambda: PIN)
        public = {each: await maker.make(NAMES[each], each) for each in NAMES}
        await maker.close()
        _FIRST.append((folder / "tokens", public))
    return _FIRST[0]


@asynccontextmanager
async def on_a_token(folder: Path) -> AsyncIterator[Place]:
    library = softhsm()
    from broker.adapters.key_services.pkcs11 import Pkcs11Keys  # noqa: PLC0415 (an extra)

    first, public = await first_token()
    shutil.copytree(first, folder / "tokens")
    tokens_in(folder)
    kept, away = folder / "tokens", folder / "taken-out"
    service = Pkcs11Keys(library, LABEL, lambda: PIN)

    def end() -> None:
        kept.rename(away)
        kept.mkdir()
        service.forget()

    def begin() -> None:
        kept.rmdir()
        away.rename(kept)

    try:
        yield Place(service, public, end, begin)
    finally:
        await service.close()


@asynccontextmanager
async def at_an_engine(folder: Path) -> AsyncIterator[Place]:
    del folder
    engine = Engine()
    async with TestServer(engine.application()) as server:
        service = TransitKeys(str(server.make_url("/v1/transit")), lambda: TOKEN, seconds=20)

        def status(code: int) -> Callable[[], None]:
            return lambda: setattr(engine, "status", code)

        try:
            made = {each: await service.make(NAMES[each], each) for each in NAMES}
            yield Place(service, made, status(503), status(200))
        finally:
            await service.close()
