"""Keys of a key service that is asked over HTTP: the transit engine of OpenBao and HashiCorp Vault.

`POST sign/NAME/sha2-256` signs, `POST keys/NAME` makes, `GET keys/NAME` tells the public half. Always version 1 of a
key: ours are rotated by name. Key services with a PKCS#11 library of their own are reached through that.
"""

import asyncio
import base64
import json
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from cryptography.hazmat.primitives import serialization

from broker.adapters.keys import KeyStoreError
from broker.adapters.outgoing import session
from broker.ports.keys import Algorithm, KeyServiceDownError

TRANSIT = "transit"
_SECONDS = 5.0
"""For which an answer is waited for."""
_BYTES = 64 * 1024
"""An answer is shorter."""
_KINDS: Mapping[str, str] = {"ES256": "ecdsa-p256", "RS256": "rsa-3072"}
_PREFIX = "vault:v1:"
_TAKEN = (200, 204)


class TransitKeys:
    """A ports.keys.KeyMaker. Trusted: whoever runs the service, or has our token there, signs as we do."""

    def __init__(self, address: str, token: Callable[[], bytes], seconds: float = _SECONDS) -> None:
        """`address`: that of the engine, as `https://bao.example/v1/transit`. `token`: read each time."""
        self._address, self._token, self._seconds = address, token, seconds
        self._web: aiohttp.ClientSession | None = None

    async def sign(self, key: str, algorithm: Algorithm, data: bytes) -> bytes:
        """See ports.keys.KeyService."""
        asked = {"input": base64.b64encode(data).decode(), "key_version": 1, "prehashed": False}
        asked |= {"marshaling_algorithm": "jws"} if algorithm == "ES256" else {"signature_algorithm": "pkcs1v15"}
        told = (await self._ask("POST", f"sign/{key}/sha2-256", asked)).get("signature")
        if not isinstance(told, str) or not told.startswith(_PREFIX):
            raise KeyServiceDownError(f"{TRANSIT}: the answer holds no signature by version 1 of {key}")
        return _decoded(told.removeprefix(_PREFIX))

    async def make(self, key: str, algorithm: Algorithm) -> bytes:
        """See ports.keys.KeyMaker."""
        await self._ask("POST", f"keys/{key}", {"type": _KINDS[algorithm], "exportable": False})
        versions: Any = (await self._ask("GET", f"keys/{key}", None)).get("keys")
        try:
            pem = str(versions["1"]["public_key"])
            public = serialization.load_pem_public_key(pem.encode())
        except (KeyError, TypeError, ValueError):
            raise KeyServiceDownError(f"{TRANSIT}: the answer holds no public key of {key}") from None
        return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._web is not None:
            await self._web.close()

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None) -> Mapping[str, Any]:
        """The `data` of the answer; nothing of what the service says besides is ever repeated."""
        if self._web is None:
            self._web = session(internal=True)
        try:
            headers = {"X-Vault-Token": self._token().decode("ascii")}
            asking = self._web.request(
                method, f"{self._address}/{path}", json=body, headers=headers, allow_redirects=False
            )
            async with asyncio.timeout(self._seconds), asking as answer:
                if answer.status not in _TAKEN:
                    raise KeyServiceDownError(f"{TRANSIT}: {path}: status {answer.status}")
                said = json.loads(await _whole(answer.content) or b"{}")
        except KeyStoreError as wrong:
            raise KeyServiceDownError(f"{TRANSIT}: {wrong}") from None
        except TimeoutError:
            raise KeyServiceDownError(f"{TRANSIT}: no answer within {self._seconds:g} seconds") from None
        except (aiohttp.ClientError, OSError) as error:
            raise KeyServiceDownError(f"{TRANSIT}: no connection: {type(error).__name__}") from None
        except ValueError:
            raise KeyServiceDownError(f"{TRANSIT}: {path}: the answer cannot be read") from None
        data = said.get("data") if isinstance(said, dict) else None
        return data if isinstance(data, dict) else {}


async def _whole(content: aiohttp.StreamReader) -> bytes:
    """The body, in however many pieces it comes. ValueError for one that is too long."""
    found = bytearray()
    async for piece in content.iter_any():
        found += piece
        if len(found) > _BYTES:
            raise ValueError("too long")
    return bytes(found)


def _decoded(text: str) -> bytes:
    """Base64, in the alphabet of URLs or not, padded or not: the engine writes both."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (Base64Error, ValueError):
        raise KeyServiceDownError(f"{TRANSIT}: the answer holds no signature") from None
