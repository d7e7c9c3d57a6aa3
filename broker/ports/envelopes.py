"""What the stories need from the ciphers of Crypt4GH: headers opened and made anew, contents around contents."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from broker.core.crypt4gh.header import Contents
from broker.core.rows import Envelope
from broker.ports.sources import Body


class Envelopes(Protocol):
    """The repository's own Crypt4GH keys, which nobody else sees, and what is done with them.

    Everything that is made for a reader follows from what it is about: asked again, it is the same byte for byte, so
    that a download can be taken up again. For another reader, or about something else, nothing of it is the same.
    """

    async def contents(self, envelope: Envelope, read: Callable[[], Awaitable[bytes]]) -> Contents:
        """What the header of a file says to the repository; `read` gives that header, and is not always asked for it.

        SourceBrokenError: it is none, not the one that was registered, or not for any of our keys.
        """
        ...

    def header(self, said: Contents, reader: bytes, about: str) -> bytes:
        """A header that says this to the holder of `reader` alone."""
        ...

    def fresh(self, reader: bytes, about: str) -> Contents:
        """A data key that nothing else is encrypted with: for one content, and one reader."""
        ...

    def note(self, text: bytes, reader: bytes) -> bytes:
        """A small Crypt4GH file that only the holder of `reader` can read. Never the same twice."""
        ...

    def behind(self, header: bytes, body: Body, at: int) -> Body:
        """`header`, then the bytes of `body` from `at` on, as they are."""
        ...

    def opened(self, body: Body, at: int, said: Contents) -> Body:
        """The plaintext of the segments of `body` from `at` on, edit list applied.

        SourceBrokenError, also while it is read: a segment was touched, moved or cut.
        """
        ...

    def sealed(self, plain: Body, header: bytes, said: Contents) -> Body:
        """`header`, then `plain` in segments under the key of `said`, which must be a fresh one for just this."""
        ...
