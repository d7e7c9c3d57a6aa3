"""Names of persons in what is kept for ever: encrypted under the person's own key. (AES-SIV, RFC 5297)

The same name of the same person always gives the same text, so that a decision can be made again without knowing
whose it was; and when the key is gone, nobody can read it any more.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha512

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from broker.core.decision.names import HIDDEN

_PURPOSE = b"names-v1"


class SivNames:
    """A ports.Names."""

    def hide(self, key: str, name: str) -> str:
        """See core.decision.names."""
        return HIDDEN + urlsafe_b64encode(_cipher(key).encrypt(name.encode(), None)).decode().rstrip("=")

    def show(self, key: str, hidden: str) -> str | None:
        """See core.decision.names."""
        if not hidden.startswith(HIDDEN) or not key:
            return None
        text = hidden[len(HIDDEN) :]
        try:
            return _cipher(key).decrypt(urlsafe_b64decode(text + "=" * (-len(text) % 4)), None).decode()
        except (InvalidTag, ValueError):
            return None


def _cipher(key: str) -> AESSIV:
    """One key per person, and not the one of their pseudonym itself. ValueError for a key that was destroyed."""
    if not key:
        raise ValueError("this person was erased")
    return AESSIV(sha512(_PURPOSE + bytes.fromhex(key)).digest())
