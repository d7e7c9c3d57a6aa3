"""Which nonces do we give out for DPoP proofs, and which are still ours? (RFC 9449 sections 8 and 9)

A nonce says that a proof was not made long ago or in advance. It is computed from the time, so that no process
has to remember any, and two processes with one key agree.
"""

import hashlib
import hmac

from broker.core.oidc.limits import MIN_KEY_BYTES, NONCE_LIFE
from broker.core.oidc.opaque import base64url
from broker.core.time import Seconds


def current(key: bytes, now: Seconds) -> str:
    """The nonce to use now. ValueError for a key that could be guessed."""
    return _of_window(key, now // NONCE_LIFE)


def is_ours(key: bytes, nonce: str | None, now: Seconds) -> bool:
    """Is it the nonce of now, or the one before? It is good for one to two times `NONCE_LIFE`."""
    given = (nonce or "").encode("utf-8", "surrogatepass")
    window = now // NONCE_LIFE
    good = [hmac.compare_digest(given, _of_window(key, one).encode()) for one in (window, window - 1)]
    return any(good)


def _of_window(key: bytes, window: int) -> str:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the key of nonces has at least {MIN_KEY_BYTES} bytes")
    return base64url(hmac.new(key, f"dpop-nonce-v1\0{window}".encode(), hashlib.sha256).digest())
