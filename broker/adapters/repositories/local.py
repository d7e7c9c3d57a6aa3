"""Where are the bytes of an object? In files under one folder of this machine, and never outside it.

A path is walked one component at a time from the folder's own descriptor, and no symbolic link is
followed, so that nothing that is written into the catalogue or into the folder leads out of it. Bytes are
handed out only as long as the file is the one that was registered: a file that shrank, grew, was written to
or was replaced ends the read with `ChangedError`, never with a short body that looks complete.

Trusted: whoever can write under the folder can change the data (and sees to it that the digests differ).
"""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from broker.ports.sources import SourceBrokenError

CHUNK: Final = 256 * 1024
"""Most bytes read at once: what one stream holds in memory, and may have handed over when it is cut."""

FIRST: Final = 32 * 1024
"""Bytes read at once at the beginning, then twice as many, and so on: whoever comes and goes holds few of them."""

PIECE: Final = 4 * 1024 * 1024
"""Bytes that the kernel is asked to copy at once; it takes as many as a connection has room for."""

_STRIDE: Final = 1024 * 1024
"""At every so many bytes it is asked whether it has them in memory."""

MAX_PATH: Final = 1024
"""Longest path below the folder, in characters."""

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NoFileError(SourceBrokenError):
    """No regular file can be reached by this path without leaving the folder."""


class ChangedError(SourceBrokenError):
    """The file is not, or no longer, the one that was registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """How a changed file is known without reading it. `size` in bytes, `modified` in nanoseconds."""

    size: int
    modified: int
    inode: int
    device: int


class LocalFile:
    """One open file. Made by `LocalRepository.open`, which also closes it."""

    near: Final = True

    def __init__(self, path: str, descriptor: int, stamp: Stamp) -> None:
        self.path = path
        self.stamp = stamp
        self._descriptor = descriptor
        self._busy: asyncio.Future[bytes] | asyncio.Future[int] | None = None

    @property
    def size(self) -> int:
        return self.stamp.size

    def hand_over(self, first: int, last: int, socket: int) -> int | Awaitable[int]:
        """As `KernelBody` says; at most `PIECE` at a time, so that what runs can be stopped in between."""
        if not 0 <= first <= last < self.stamp.size:
            raise ValueError(f"{self.path}: bytes {first} to {last} of {self.stamp.size}")
        length = min(PIECE, last + 1 - first)
        if all(map(self._is_at_hand, (*range(first, first + length, _STRIDE), first + length - 1))):
            return self._copy(first, length, socket)
        self._busy = asyncio.get_running_loop().run_in_executor(None, self._copy, first, length, socket)
        return self._busy

    def _is_at_hand(self, at: int) -> bool:
        """Has the kernel this byte in memory, so that nobody waits for a disk? Some file systems never say so."""
        try:
            return os.preadv(self._descriptor, [bytearray(1)], at, os.RWF_NOWAIT) == 1
        except OSError:
            return False

    def _copy(self, at: int, length: int, socket: int) -> int:
        """Runs in a thread where a disk may have to be asked: one that does not answer keeps nobody else waiting."""
        if _stamp(os.fstat(self._descriptor)) != self.stamp:
            raise ChangedError(f"{self.path}: changed while it was sent")
        try:
            return os.sendfile(socket, self._descriptor, at, length)
        except OSError as error:
            if isinstance(error, BlockingIOError | ConnectionError | TimeoutError):
                raise
            return 0  # not by sendfile: whoever reads it learns what is wrong

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes `first` to `last`, both included, in chunks of at most `CHUNK`. One reader at a time.

        Each chunk is checked before it comes out. ChangedError: the file changed; what came out before is
        right, and the rest must not be made up. SourceBrokenError: the system cannot read it. ValueError:
        beyond the end.
        """
        if not 0 <= first <= last < self.stamp.size:
            raise ValueError(f"{self.path}: bytes {first} to {last} of {self.stamp.size}")
        at, most = first, FIRST
        while at <= last:
            length = min(most, last + 1 - at)
            yield await self._read(at, length)
            at, most = at + length, min(2 * most, CHUNK)

    async def _read(self, at: int, length: int) -> bytes:
        """By a thread. What came is not kept here: who asked may have to wait with it."""
        reading = self._busy = asyncio.get_running_loop().run_in_executor(None, self._chunk, at, length)
        chunk = await asyncio.shield(reading)
        self._busy = None
        return chunk

    def _chunk(self, at: int, length: int) -> bytes:
        """Runs in a thread. The file is looked at after its bytes were read: an earlier change shows."""
        try:
            chunk = os.pread(self._descriptor, length, at)
            now = _stamp(os.fstat(self._descriptor))
        except OSError as error:
            raise SourceBrokenError(f"{self.path}: {error.strerror}") from error
        if len(chunk) != length or now != self.stamp:
            raise ChangedError(f"{self.path}: changed while it was read")
        return chunk

    def close(self) -> None:
        """Close now, or as soon as a thread that nobody waits for is done: its descriptor must not be reused."""
        if self._busy is None or self._busy.done():
            os.close(self._descriptor)
        else:
            self._busy.add_done_callback(self._close_after)

    def _close_after(self, busy: asyncio.Future[Any]) -> None:
        if not busy.cancelled():
            busy.exception()  # somebody must look at it; who asked is gone
        os.close(self._descriptor)


class LocalRepository:
    """The files under `root`. NotADirectoryError or FileNotFoundError when it is no folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve(strict=True)
        if not self._root.is_dir():
            raise NotADirectoryError(root)

    async def stat(self, path: str) -> Stamp:
        """What `path` is now: to be kept, and given to `open` later. NoFileError, SourceBrokenError."""
        async with self.open(path) as file:
            return file.stamp

    @asynccontextmanager
    async def open(self, path: str, *, size: int | None = None, stamp: Stamp | None = None) -> AsyncIterator[LocalFile]:
        """The file at `path`, if it still has the `size` and the `stamp` that were registered.

        ChangedError when it has not, NoFileError when there is none, SourceBrokenError when the system refuses.
        Nothing stays open, whatever happens to the caller.
        """
        opening = asyncio.get_running_loop().run_in_executor(None, self._open, path)
        try:
            file = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_opened)
            raise
        try:
            if size not in (None, file.stamp.size) or stamp not in (None, file.stamp):
                raise ChangedError(f"{path}: not the file that was registered")
            yield file
        finally:
            file.close()

    def _open(self, path: str) -> LocalFile:
        """Runs in a thread."""
        *folders, name = _components(path)
        at = -1
        try:
            at = os.open(self._root, _FOLDER)
            for folder in folders:
                inner = os.open(folder, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
                os.close(at)
                at = inner
            return _regular(path, os.open(name, _FILE, dir_fd=at))
        except OSError as error:
            kind = NoFileError if error.errno in _ABSENT else SourceBrokenError
            raise kind(f"{path}: {error.strerror}") from error
        finally:
            if at >= 0:
                os.close(at)


def _components(path: str) -> list[str]:
    """The names along a relative path, all plain. NoFileError for anything else, and for what could lead elsewhere."""
    names = path.split("/")
    if len(path) > MAX_PATH or not path.isprintable() or not {"", ".", ".."}.isdisjoint(names):
        raise NoFileError("a path is relative and printable, without empty or dot components")
    return names


def _regular(path: str, descriptor: int) -> LocalFile:
    """Only regular files: a folder, a pipe or a device has no size to keep to."""
    seen = os.fstat(descriptor)
    if stat.S_ISREG(seen.st_mode):
        return LocalFile(path, descriptor, _stamp(seen))
    os.close(descriptor)
    raise NoFileError(f"{path}: not a regular file")


def _stamp(seen: os.stat_result) -> Stamp:
    return Stamp(size=seen.st_size, modified=seen.st_mtime_ns, inode=seen.st_ino, device=seen.st_dev)


def _close_opened(opening: asyncio.Future[LocalFile]) -> None:
    """For a caller that was cancelled while its file was being opened."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
