"""Opens and seals segments of a Crypt4GH body. (Crypt4GH 1.0, section 3.2: ChaCha20-Poly1305)"""

from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from broker.core.crypt4gh.header import MAC_BYTES, NONCE_BYTES
from broker.core.crypt4gh.segments import OVERHEAD, PLAIN, SEALED, sealed_size

Nonce = Callable[[int], bytes]
"""The nonce of the segment with this number: never the same twice under one data key."""


class SegmentError(ValueError):
    """A segment was not sealed with any of the keys, or not left as it was. The message says which one."""


class Opener:
    """Opens segments. Of several data keys the one that fitted last is tried first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = [ChaCha20Poly1305(key) for key in keys]

    def open(self, body: bytes, first: int) -> bytearray:
        """The plaintext of `body`: whole segments, of which the first has number `first`. SegmentError."""
        count = -(-len(body) // SEALED)
        if 0 < len(body) % SEALED <= OVERHEAD:
            raise SegmentError(f"segment {first + count - 1} is cut off")
        plain = bytearray(len(body) - OVERHEAD * count)
        view, target = memoryview(body), memoryview(plain)
        for number in range(count):
            begin, end = number * SEALED, min((number + 1) * SEALED, len(body))
            into = target[number * PLAIN : number * PLAIN + end - begin - OVERHEAD]
            if not self._open(view[begin : begin + NONCE_BYTES], view[begin + NONCE_BYTES : end], into):
                raise SegmentError(f"segment {first + number} does not open")
        return plain

    def _open(self, nonce: memoryview, sealed: memoryview, into: memoryview) -> bool:
        for place, cipher in enumerate(self._ciphers):
            try:
                cipher.decrypt_into(nonce, sealed, None, into)
            except InvalidTag:
                continue
            if place:
                self._ciphers.insert(0, self._ciphers.pop(place))
            return True
        return False


class Sealer:
    """Seals segments with one data key."""

    def __init__(self, key: bytes, nonce: Nonce) -> None:
        self._cipher, self._nonce = ChaCha20Poly1305(key), nonce

    def seal(self, plain: bytes | bytearray, first: int) -> bytearray:
        """The body of `plain`, whose first byte begins segment `first`; only its last segment may be short."""
        body = bytearray(sealed_size(len(plain)))
        source, target = memoryview(plain), memoryview(body)
        for number in range(-(-len(plain) // PLAIN)):
            piece = source[number * PLAIN : (number + 1) * PLAIN]
            at, nonce = number * SEALED, self._nonce(first + number)
            target[at : at + NONCE_BYTES] = nonce
            end = at + NONCE_BYTES + len(piece) + MAC_BYTES
            self._cipher.encrypt_into(nonce, piece, None, target[at + NONCE_BYTES : end])
        return body
