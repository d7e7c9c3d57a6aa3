"""Encrypts tokens that are kept, so that the database alone gives none of them away. (AES-256-GCM, NIST SP 800-38D)"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.ports import Entropy

_NONCE_BYTES = 12


class AesVault:
    """A ports.Vault. `key`: 32 bytes, for this purpose alone. Trusted: whoever has it can read what is kept."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        self._cipher, self._entropy = AESGCM(key), entropy

    def shut(self, secret: str, about: str) -> str:
        """A fresh nonce each time: the same secret never looks the same."""
        nonce = self._entropy.random(_NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, secret.encode(), about.encode())).decode()

    def open(self, shut: str, about: str) -> str | None:
        """See ports.Vault."""
        try:
            raw = urlsafe_b64decode(shut.encode())
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode()).decode()
        except (Base64Error, InvalidTag, ValueError):
            return None
