"""Does whoever redeems the code know the secret of whoever asked for it? (RFC 7636, S256 only)"""

import hashlib
import hmac
import re

from broker.core.oidc.opaque import base64url

METHOD = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str | None) -> bool:
    """Could `text` be the S256 of something: 43 characters of base64url, and nothing after them?"""
    return text is not None and _CHALLENGE.fullmatch(text) is not None


def challenge_of(verifier: str) -> str:
    """`BASE64URL(SHA256(ASCII(verifier)))` (section 4.2). UnicodeEncodeError for what is no verifier."""
    return base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def proves(verifier: str | None, challenge: str) -> bool:
    """Is `verifier` well-formed (section 4.1) and the secret behind `challenge`? Compared in constant time."""
    if verifier is None or _VERIFIER.fullmatch(verifier) is None:
        return False
    return hmac.compare_digest(challenge_of(verifier).encode(), challenge.encode())
