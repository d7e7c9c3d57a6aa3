"""Webhooks, signed as Standard Webhooks 1.0.0 says: `webhook-id`, `webhook-timestamp`, `webhook-signature` (`v1`).

Who listens was written into the settings by the operator, with its secret in a file of its own. What it answers is
not read; only whether it took note (a status of 200 to 299) counts.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_IMODE

from broker.adapters.outgoing import FetchError, Outgoing
from broker.core.time import Seconds

_PREFIX = "whsec_"
_LEAST, _MOST = 24, 64
"""Bytes of a secret, as the specification has them."""
_ANSWER = 64 * 1024
_OK = range(200, 300)
_LOOPBACK = ("http://127.0.0.1:", "http://[::1]:")


class WebhookError(ValueError):
    """A webhook of the settings cannot be used; the message says why, without its secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One that listens. `topics`: of which it hears (core/notices.py)."""

    name: str
    url: str
    topics: frozenset[str]
    key: bytes = field(repr=False)


def read_webhooks(said: Sequence[str], secrets: Path | None, known: frozenset[str]) -> tuple[Webhook, ...]:
    """`NAME URL [TOPIC,…]` each; the secret is in the file NAME of `secrets`, mode 0600. WebhookError."""
    found = [_read(one, secrets, known) for one in said]
    if len({one.name for one in found}) != len(found):
        raise WebhookError("webhooks: two have the same name")
    return tuple(found)


class SignedWebhooks:
    """A ports.letters.Hooks."""

    def __init__(self, outgoing: Outgoing, hooks: Sequence[Webhook]) -> None:
        self._outgoing, self._hooks = outgoing, {one.name: one for one in hooks}

    async def post(self, name: str, id: str, at: Seconds, body: bytes) -> bool:
        """See the port."""
        hook = self._hooks.get(name)
        if hook is None:
            return False
        more = {
            "webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signature(hook.key, id, at, body),
            "Content-Type": "application/json",
        }  # fmt: skip
        try:
            internal = hook.url.startswith(_LOOPBACK)
            status, _ = await self._outgoing.post(hook.url, body, limit=_ANSWER, internal=internal, more=more)
        except FetchError:
            return False
        return status in _OK


def signature(key: bytes, id: str, at: int, body: bytes) -> str:
    """Over `id.timestamp.body`, HMAC-SHA-256, base64, behind the version of the scheme."""
    made = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{b64encode(made).decode()}"


def _read(said: str, secrets: Path | None, known: frozenset[str]) -> Webhook:
    name, _, rest = said.strip().partition(" ")
    url, _, topics = rest.strip().partition(" ")
    wanted = frozenset(one.strip() for one in topics.split(",") if one.strip()) or known
    if not name.replace("-", "").isalnum() or not name.isascii() or not url.startswith(("https://", *_LOOPBACK)):
        raise WebhookError(f"webhooks: {name[:40]}: NAME URL, https except on loopback")
    if not wanted <= known:
        raise WebhookError(f"webhooks: {name}: no such topic: {', '.join(sorted(wanted - known))}")
    if secrets is None:
        raise WebhookError("webhooks need webhook_secrets")
    return Webhook(name=name, url=url, topics=wanted, key=_key(secrets / name))


def _key(file: Path) -> bytes:
    try:
        if S_IMODE(file.stat().st_mode) & 0o077:
            raise WebhookError(f"{file}: others can read it; chmod 600")
        text = file.read_text("ascii").strip()
        key = b64decode(text.removeprefix(_PREFIX), validate=True)
    except OSError as failure:
        raise WebhookError(f"{file}: {failure.strerror}") from None
    except (Base64Error, UnicodeDecodeError):
        raise WebhookError(f"{file}: not base64") from None
    if not text.startswith(_PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise WebhookError(f"{file}: {_PREFIX} and {_LEAST} to {_MOST} bytes in base64")
    return key
