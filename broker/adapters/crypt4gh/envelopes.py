"""The repository's side of Crypt4GH: its own keys, and what it makes for those who may read. (ports.Envelopes)

Who gets a file of which the header was made anew gets the file's data key with it, for good: it opens every segment
that was ever encrypted with it. So a header goes only to who may have the whole object (ruling 25).
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from broker.adapters.crypt4gh.archive_keys import ArchiveKeys
from broker.adapters.crypt4gh.around import Opened, Sealed, behind
from broker.adapters.crypt4gh.bodies import Sealer
from broker.adapters.crypt4gh.packets import sealed, unsealed
from broker.adapters.keys import KeyStoreError
from broker.core.crypt4gh.header import KEY_BYTES, NONCE_BYTES, Contents, HeaderError, plain_packets
from broker.core.memory import Memory
from broker.core.rows import Envelope
from broker.ports.sources import Body, SourceBrokenError

REMEMBERED: Final = 16 << 20
"""Bytes of opened headers that are remembered: those of some 40,000 files."""

AT_ONCE: Final = 4096
"""Bytes of a header, for each of our keys, beyond which others are not kept waiting while it is tried."""


class ArchiveEnvelopes:
    """A ports.Envelopes. `secret`: 32 bytes for this purpose alone, from which the keys for readers are made.

    Trusted: whoever has it and the public key of a reader can open what was made for them.
    """

    def __init__(self, keys: ArchiveKeys, secret: bytes, random: Callable[[int], bytes]) -> None:
        self._keys, self._secret, self._random = keys, secret, random
        self._memory = Memory[Contents](REMEMBERED)

    async def contents(self, envelope: Envelope, read: Callable[[], Awaitable[bytes]]) -> Contents:
        """See ports.Envelopes. What a header said is remembered by its digest, as long as our keys are the same."""
        try:
            keys = self._keys.all()
            known = self._memory.recall(envelope.header_sha256, keys)
            if known is not None:
                return known
            header = await read()
            if len(header) * len(keys) > AT_ONCE:
                found, said = await asyncio.to_thread(unsealed, header, keys)
            else:
                found, said = unsealed(header, keys)
        except (HeaderError, KeyStoreError) as wrong:
            raise SourceBrokenError(str(wrong)) from None
        if found.length != len(header) or len(header) != envelope.header:
            raise SourceBrokenError("its header is not as long as was registered")
        if envelope.header_sha256:
            if hashlib.sha256(header).hexdigest() != envelope.header_sha256:
                raise SourceBrokenError("its header is not the one that was registered")
            self._memory.keep(envelope.header_sha256, keys, said, _weight(said))
        return said

    def header(self, said: Contents, reader: bytes, about: str) -> bytes:
        """See ports.Envelopes. The seed is made of all that is said, and to whom: no seed says two things."""
        return sealed(said, [reader], self._made(b"header", reader, about.encode(), *plain_packets(said)))

    def fresh(self, reader: bytes, about: str) -> Contents:
        """See ports.Envelopes."""
        return Contents(keys=(self._made(b"data", reader, about.encode()),))

    def note(self, text: bytes, reader: bytes) -> bytes:
        """See ports.Envelopes."""
        said = Contents(keys=(self._random(KEY_BYTES),))
        body = Sealer(said.keys[0], lambda _: self._random(NONCE_BYTES)).seal(text, 0)
        return sealed(said, [reader], self._random(KEY_BYTES)) + body

    def behind(self, header: bytes, body: Body, at: int) -> Body:
        """See ports.Envelopes."""
        return behind(header, body, at)

    def opened(self, body: Body, at: int, said: Contents) -> Body:
        """See ports.Envelopes."""
        return Opened(body, at, said)

    def sealed(self, plain: Body, header: bytes, said: Contents) -> Body:
        """See ports.Envelopes."""
        return Sealed(plain, header, said)

    def _made(self, *parts: bytes) -> bytes:
        """32 bytes that follow from these parts, and that nobody else can make. Each is framed: no two lists agree."""
        framed = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
        return hmac.digest(self._secret, framed, hashlib.sha256)


def _weight(said: Contents) -> int:
    """About how many bytes it takes in memory."""
    return 256 + 72 * len(said.keys) + 40 * len(said.edits or ())
