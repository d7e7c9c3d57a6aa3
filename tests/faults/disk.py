"""A disk under SQLite that keeps a diary, and fails when it is told to: what a loss of power would leave can be rebuilt.

It stands below the very SQLite that Python's `sqlite3` uses, as its default VFS (https://sqlite.org/vfs.html): whatever
opens a database meanwhile writes through it, in every thread. Files are real; nothing of the product knows of it. Syncs
are noted and not passed on, which saves the time that a real disk takes.
"""

import _sqlite3
import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

OK, FULL, IO_WRITE, IO_FSYNC = 0, 13, 10 | 3 << 8, 10 | 4 << 8
"""Results of SQLite: https://sqlite.org/rescode.html."""
_P, _INT, _I64, _TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_char_p
_OPEN = ctypes.CFUNCTYPE(_INT, _P, _P, _P, _INT, _P)
_DELETE = ctypes.CFUNCTYPE(_INT, _P, _TEXT, _INT)
_WRITE = ctypes.CFUNCTYPE(_INT, _P, _P, _INT, _I64)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _P, _I64)
_SYNC = ctypes.CFUNCTYPE(_INT, _P, _INT)
_CLOSE = ctypes.CFUNCTYPE(_INT, _P)


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, as far as it is looked at; what follows is taken along as it is."""

    _fields_ = [
        ("version", _INT), ("file_size", _INT), ("longest", _INT), ("next", _P), ("name", _TEXT), ("data", _P),
        ("open", _OPEN), ("delete", _DELETE), ("rest", _P * 14),
    ]  # fmt: skip


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, likewise."""

    _fields_ = [
        ("version", _INT), ("close", _CLOSE), ("read", _P), ("write", _WRITE), ("truncate", _TRUNCATE),
        ("sync", _SYNC), ("rest", _P * 13),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """What the disk was asked to do: write, truncate, sync or delete. `upto`: a sync covers the steps before it.

    After a sync that failed a kernel may forget what it covered, and keep it for nobody: `failed sync`.
    """

    what: str
    file: Path
    at: int = 0
    data: bytes = b""
    upto: int = 0


Will = Callable[[Step], int]
"""What a step answers: OK lets it happen."""


class Disk:
    """The diary of one folder. `will`: asked before every step."""

    def __init__(self, folder: Path, will: Will = lambda _: OK) -> None:
        self.folder, self.will = folder.resolve(), will
        self.begin = {path: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}
        self.steps: list[Step] = []
        self.told: list[tuple[int, Any]] = []
        """What was promised to somebody, and how many steps there were by then."""
        self._lock = threading.Lock()

    def tell(self, what: Any) -> None:
        """Somebody was told `what` now."""
        with self._lock:
            self.told.append((len(self.steps), what))

    def take(self, step: Step, act: Callable[[], int]) -> int:
        """Do it, if it may succeed, and note it. A sync is durable when it has ended, for what came before it began."""
        result = self.will(step) or act()
        with self._lock:
            if result == OK:
                self.steps.append(step)
            elif step.what == "sync":
                self.steps.append(replace(step, what="failed sync"))
        return result


class _Shim:
    """One registered VFS, which is the default one between `__init__` and `remove`."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.library = ctypes.CDLL(_sqlite3.__file__)
        try:
            self.library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        except AttributeError:
            pytest.skip("this Python hides its SQLite")
        self.real = self.library.sqlite3_vfs_find(None)
        self.own = _Vfs.from_buffer_copy(self.real.contents)
        self.own.name, self.own.next = b"diary", None
        self.own.open, self.own.delete = _OPEN(self._opened), _DELETE(self._deleted)
        self.names: dict[int, Path] = {}
        self.tables: dict[int, _Methods] = {}
        self.library.sqlite3_vfs_register(ctypes.byref(self.own), 1)

    def remove(self) -> None:
        self.library.sqlite3_vfs_register(self.real, 1)
        self.library.sqlite3_vfs_unregister(ctypes.byref(self.own))

    def _opened(self, vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        result = int(self.real.contents.open(vfs, name, file, flags, out))
        if result == OK and name is not None:
            path = Path(ctypes.string_at(name).decode())
            if path.parent == self.disk.folder:
                self._follow(path, file)
        return result

    def _follow(self, path: Path, file: int) -> None:
        """From now on the methods of this open file are ours."""
        methods = ctypes.cast(file, ctypes.POINTER(ctypes.POINTER(_Methods)))
        real = methods.contents.contents
        where = ctypes.addressof(real)
        if where not in self.tables:
            self.tables[where] = self._table(real)
        self.names[file] = path
        methods[0] = ctypes.pointer(self.tables[where])

    def _table(self, real: _Methods) -> _Methods:
        def close(file: int) -> int:
            self.names.pop(file, None)
            return int(real.close(file))

        def write(file: int, data: int, amount: int, at: int) -> int:
            step = Step("write", self.names[file], at, ctypes.string_at(data, amount))
            return self.disk.take(step, lambda: real.write(file, data, amount, at))

        def truncate(file: int, size: int) -> int:
            return self.disk.take(Step("truncate", self.names[file], size), lambda: real.truncate(file, size))

        def sync(file: int, flags: int) -> int:
            del flags
            return self.disk.take(Step("sync", self.names[file], upto=len(self.disk.steps)), lambda: OK)

        own = _Methods.from_buffer_copy(real)
        own.close, own.write, own.truncate, own.sync = _CLOSE(close), _WRITE(write), _TRUNCATE(truncate), _SYNC(sync)
        return own

    def _deleted(self, vfs: int, name: bytes, sync_folder: int) -> int:
        step = Step("delete", Path(name.decode()), at=sync_folder)
        return self.disk.take(step, lambda: self.real.contents.delete(vfs, name, sync_folder))


@contextmanager
def diary(folder: Path, will: Will = lambda _: OK) -> Iterator[Disk]:
    """Everything that SQLite does to files of `folder` in this block is noted. Close what you open in it."""
    disk = Disk(folder, will)
    shim = _Shim(disk)
    try:
        yield disk
    finally:
        shim.remove()


def never_ending(folder: Path, will: Will) -> None:
    """For a process of its own: from now on until it ends."""
    _KEPT.append(_Shim(Disk(folder, will)))


_KEPT: list[_Shim] = []
"""SQLite calls them for as long as the process lives."""


class Room:
    """A disk on which files may grow by `left` bytes altogether; what is overwritten needs none."""

    def __init__(self, left: int) -> None:
        self.left, self.sizes = left, dict[Path, int]()

    def __call__(self, step: Step) -> int:
        if step.what == "delete":
            self.sizes.pop(step.file, None)
        if step.what != "write":
            return OK
        size = self.sizes.get(step.file)
        if size is None:
            size = step.file.stat().st_size
        grown = max(0, step.at + len(step.data) - size)
        if grown > self.left:
            return FULL
        self.left -= grown
        self.sizes[step.file] = size + grown
        return OK
