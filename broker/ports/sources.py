"""Where do an object's bytes come from, and in what shape are they handed on?

The seam of every delivery. A source opens a `Body`: so many bytes, and any slice of them. What sends bytes
(web/sending.py) knows bodies only, so whatever changes what is sent (a header that is encrypted anew, a file that is
decrypted on the way) is a body around another body, chosen in flows/content.py, and nothing else need know of it.
"""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from broker.core.rows import Repository


class SourceBrokenError(Exception):
    """The bytes are not what was registered (gone, shorter, changed): break the transfer off, make nothing up.

    The message is for the operator's log: it holds no credentials and no address of a caller.
    """


class Body(Protocol):
    """A content that is open for reading. Whoever opened it closes it."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        ...

    @property
    def near(self) -> bool:
        """Does it cost nothing to leave it, and to read on from there later? Then nothing is held for who is slow."""
        ...

    def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes `first`..`last` (inclusive, below `size`) in order, each chunk checked before it comes out.

        One reader at a time, who closes a generator that they leave. SourceBrokenError: what came out before is
        right, and the rest must not be made up.
        """
        ...


@runtime_checkable
class KernelBody(Body, Protocol):
    """A body whose bytes, or most of them, the kernel can copy from a file into a socket (sendfile)."""

    def hand_over(self, first: int, last: int, socket: int) -> int | Awaitable[int]:
        """Copy bytes `first`..`last`, or as many as the non-blocking `socket` (a descriptor) takes; how many it took.

        At once, if nobody has to wait for a disk; else something to wait for, which ends also if nobody does. 0: these
        are not to be had in this way; `read` them. BlockingIOError: the socket takes none now. OSError: it is broken.
        SourceBrokenError: the file changed, perhaps within what was copied: never hand over the last bytes of an
        answer so, or a wrong answer could look whole.
        """
        ...


class Sources(Protocol):
    """Where objects' bytes lie, whatever the kind of store."""

    def open(self, repository: Repository, path: str, size: int, tag: str = "") -> AbstractAsyncContextManager[Body]:
        """The content at `path`, which must have `size` bytes and, in a remote repository, the entity tag `tag` if any.

        SourceBrokenError if it is not there as registered: on entering, or at the first reading.
        """
        ...

    async def signed(self, repository: Repository, path: str, seconds: int) -> str:
        """An address at which the store itself gives the content to whoever has it, for so many seconds.

        SourceBrokenError: the store signs none.
        """
        ...
