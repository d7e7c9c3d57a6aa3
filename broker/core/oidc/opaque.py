"""How do secrets look that mean nothing to who holds them, and how are they stored? (RFC 6749 section 10.10)

Codes, refresh tokens and device codes are 256 random bits; we keep only their SHA-256, so that a stolen
database redeems nothing. A plain hash is enough because nobody can guess what it hides.
"""

import base64
import hashlib

from broker.core.oidc.limits import SECRET_BYTES


def opaque(random: bytes) -> str:
    """`random` (32 bytes) as 43 characters of base64url. ValueError for another length: it could be guessed."""
    if len(random) != SECRET_BYTES:
        raise ValueError(f"{SECRET_BYTES} random bytes make a secret")
    return base64url(random)


def stored_id(secret: str) -> str:
    """Under which id a row for `secret` is stored: its SHA-256, hexadecimal. Any text will do."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def base64url(raw: bytes) -> str:
    """RFC 4648 section 5, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
