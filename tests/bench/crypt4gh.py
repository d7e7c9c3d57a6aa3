"""Encrypted objects: a header for another reader, and bodies decrypted and encrypted on their way out."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from broker.adapters.crypt4gh.archive_keys import ArchiveKeys, save_key
from broker.adapters.crypt4gh.envelopes import ArchiveEnvelopes
from broker.adapters.crypt4gh.packets import SecretKey, sealed, unsealed
from broker.adapters.keys import make_passphrase, read_passphrase
from broker.core.crypt4gh.header import Contents
from broker.core.crypt4gh.segments import PLAIN, SEALED
from broker.ports.sources import Body
from tests.adapters.crypt4gh.whole import seal_all
from tests.bench.measure import Goal, Yardstick

SEGMENTS = 64
CHUNK = 256 * 1024
"""What a file is read in (adapters/repositories/local.py)."""
_READER = SecretKey.of(b"r" * 32).public


class _Memory:
    """A content that costs nothing to read."""

    def __init__(self, held: bytes) -> None:
        self._held = memoryview(held)
        self.size, self.near = len(held), True

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        for at in range(first, last + 1, CHUNK):
            yield bytes(self._held[at : min(at + CHUNK, last + 1)])


@contextmanager
def goals() -> Iterator[tuple[Goal, ...]]:
    """With a key of the repository in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        phrase = Path(folder) / "phrase"
        make_passphrase(phrase, b"p" * 32)
        archive = save_key(Path(folder) / "keys", b"a" * 32, read_passphrase(phrase), 1)
        envelopes = ArchiveEnvelopes(ArchiveKeys(Path(folder) / "keys", phrase), b"s" * 32, os.urandom)
        said = Contents(keys=(b"d" * 32,))
        header = sealed(said, [archive.public], b"e" * 32)
        plain = os.urandom(SEGMENTS * PLAIN)
        stored = header + seal_all(said.keys[0], plain)

        def read(body: Body) -> None:
            async def whole() -> int:
                return sum([len(chunk) async for chunk in body.read(0, body.size - 1)])

            assert runner.run(whole()) == body.size

        yield (
            Goal(
                name="a Crypt4GH header for another reader",
                micros=150,
                run=lambda: envelopes.header(unsealed(header, [archive])[1], _READER, "an object"),
            ),
            Goal(
                name="64 KiB decrypted on the way (1 GB/s)",
                micros=PLAIN / 1000,
                run=lambda: read(envelopes.opened(_Memory(stored), len(header), said)),
                times=SEGMENTS,
                against=_bare(stored[len(header) :], said.keys[0]),
            ),
            Goal(
                name="64 KiB encrypted on the way",
                micros=PLAIN / 1000,
                run=lambda: read(envelopes.sealed(_Memory(plain), header, said)),
                times=SEGMENTS,
                against=_bare(stored[len(header) :], said.keys[0]),
            ),
        )


def _bare(body: bytes, key: bytes) -> Yardstick:
    """The cipher alone, segment by segment, as `cryptography` has it."""
    cipher, view = ChaCha20Poly1305(key), memoryview(body)

    def run() -> None:
        for at in range(0, len(body), SEALED):
            cipher.decrypt(view[at : at + 12], view[at + 12 : at + SEALED], None)

    return Yardstick(name="bare ChaCha20-Poly1305 of 64 KiB", reference=38.1, run=run, times=SEGMENTS)
