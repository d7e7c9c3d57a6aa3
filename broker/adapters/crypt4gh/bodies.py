"""Opens and seals segments of a Crypt4GH body. (Crypt4GH 1.0, section 3.2: ChaCha20-Poly1305)

One segment at a time: 64 KiB are small enough for memory that is used again and again, which larger pieces are not.
"""

from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from broker.core.crypt4gh.header import NONCE_BYTES
from broker.core.crypt4gh.segments import OVERHEAD

Buffer = bytes | bytearray | memoryview
Nonce = Callable[[int], bytes]
"""The nonce of the segment with this number: never the same twice under one data key."""


class SegmentError(ValueError):
    """A segment was not sealed with any of the keys, or not left as it was. The message says which one."""


class Opener:
    """Opens segments. Of several data keys the one that fitted last is tried first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = [ChaCha20Poly1305(key) for key in keys]

    def open(self, segment: Buffer, number: int) -> bytes:
        """The plaintext of a segment; `number`: its place in the file. SegmentError."""
        if len(segment) <= OVERHEAD:
            raise SegmentError(f"segment {number} is cut off")
        view = memoryview(segment)
        for place, cipher in enumerate(self._ciphers):
            try:
                plain = cipher.decrypt(view[:NONCE_BYTES], view[NONCE_BYTES:], None)
            except InvalidTag:
                continue
            if place:
                self._ciphers.insert(0, self._ciphers.pop(place))
            return plain
        raise SegmentError(f"segment {number} does not open")


class Sealer:
    """Seals segments with one data key."""

    def __init__(self, key: bytes, nonce: Nonce) -> None:
        self._cipher, self._nonce = ChaCha20Poly1305(key), nonce

    def seal(self, plain: Buffer, number: int) -> bytes:
        """The segment of `plain`, a full one but for the last."""
        nonce = self._nonce(number)
        return nonce + self._cipher.encrypt(nonce, plain, None)
