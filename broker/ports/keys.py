"""Who signs with the private keys of our tokens: files of ours, a PKCS#11 token, a key service. (NIST SP 800-57)"""

from typing import Literal, Protocol

Algorithm = Literal["ES256", "RS256"]


class KeyServiceDownError(Exception):
    """Nobody signs now. The message says who should and why not, without a secret. Hand nothing out; answer 503."""


class KeyService(Protocol):
    """Signs with keys that it shows to nobody."""

    async def sign(self, key: str, algorithm: Algorithm, data: bytes) -> bytes:
        """The signature of `data` by the key of this name, as JWS writes it (RFC 7518 sections 3.3 and 3.4).

        KeyServiceDownError if there is none within some seconds, or no such key, whatever the reason. A caller who
        is cancelled changes nothing for the others.
        """
        ...


class KeyMaker(KeyService, Protocol):
    """One that also makes keys, which never leave it."""

    async def make(self, key: str, algorithm: Algorithm) -> bytes:
        """Make a key; its public half (SubjectPublicKeyInfo, DER). KeyServiceDownError if it is not made."""
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...
