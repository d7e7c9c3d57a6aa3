"""Whole bodies at once, for tests: segment by segment, as the product does it."""

from collections.abc import Iterable, Sequence

from broker.adapters.crypt4gh.bodies import Nonce, Opener, Sealer
from broker.core.crypt4gh.segments import PLAIN, SEALED


def open_all(keys: Sequence[bytes], body: bytes, first: int = 0) -> bytes:
    opener = Opener(keys)
    return b"".join(opener.open(one, first + number) for number, one in enumerate(_cut(body, SEALED)))


def seal_all(key: bytes, plain: bytes, nonce: Nonce = lambda number: number.to_bytes(12, "big")) -> bytes:
    sealer = Sealer(key, nonce)
    return b"".join(sealer.seal(one, number) for number, one in enumerate(_cut(plain, PLAIN)))


def _cut(whole: bytes, size: int) -> Iterable[bytes]:
    return (whole[at : at + size] for at in range(0, len(whole), size))
