"""adapters/repositories/local.py: slices of files, confined to their folder, and never of a changed file."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.adapters.repositories.local import (
    CHUNK,
    FIRST,
    MAX_PATH,
    ChangedError,
    LocalFile,
    LocalRepository,
    NoFileError,
)
from broker.ports.sources import SourceBrokenError

CONTENT = bytes(n * 7 % 251 for n in range(CHUNK * 2 + 1000))
INSIDE = "data/reads.bam"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "data").mkdir(parents=True)
    (folder / INSIDE).write_bytes(CONTENT)
    (tmp_path / "secret").write_bytes(b"outside")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_bytes(b"outside")
    return folder


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def body(file: LocalFile, first: int, last: int) -> bytes:
    return b"".join([chunk async for chunk in file.read(first, last)])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_slice_is_the_same_slice_of_the_content(root: Path, data: st.DataObject) -> None:
    edges = st.sampled_from([0, FIRST - 1, FIRST, CHUNK, CHUNK + 1, 2 * CHUNK, len(CONTENT) - 1])
    first = data.draw(edges | st.integers(0, len(CONTENT) - 1))
    last = data.draw((edges | st.integers(first, len(CONTENT) - 1)).filter(lambda at: at >= first))

    async def read() -> list[bytes]:
        async with LocalRepository(root).open(INSIDE, size=len(CONTENT)) as file:
            return [chunk async for chunk in file.read(first, last)]

    chunks = asyncio.run(read())
    assert b"".join(chunks) == CONTENT[first : last + 1]
    assert all(0 < len(chunk) <= CHUNK for chunk in chunks)


@pytest.mark.row("T099")
async def test_only_who_goes_on_reading_gets_large_pieces(root: Path) -> None:
    """So a client that comes and goes, as slow ones do, holds a small one; from the middle on as well."""
    growing = [FIRST << n for n in range((CHUNK // FIRST).bit_length())]
    assert (growing[0], growing[-1]) == (FIRST, CHUNK)
    size = sum(growing) + 2 * CHUNK + 10
    os.truncate(root / INSIDE, size)
    async with LocalRepository(root).open(INSIDE) as file:
        for begin, tail in ((0, [CHUNK, CHUNK, 10]), (2 * CHUNK + 10, [])):
            sizes = [len(chunk) async for chunk in file.read(begin, size - 1)]
            assert sizes == growing + tail


@pytest.mark.parametrize(("first", "last"), [(-1, 0), (1, 0), (0, len(CONTENT)), (len(CONTENT), len(CONTENT))])
async def test_a_slice_beyond_the_end_is_the_callers_error(root: Path, first: int, last: int) -> None:
    async with LocalRepository(root).open(INSIDE) as file:
        with pytest.raises(ValueError, match="bytes"):
            await body(file, first, last)


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "/", "../secret", "data/../../secret", "data/../data/reads.bam", "./data/reads.bam",
        "data//reads.bam", "data/reads.bam/", "/etc/passwd", "data/reads.bam\0",
        "\0", "\ud800", "data/reads.bam\n", "data/reads.bam/x",
        "data", "nothing", "data\\reads.bam", "x" * 256, "a/" * MAX_PATH + "b",
    ],
)  # fmt: skip
async def test_a_path_that_is_no_file_inside_is_refused(root: Path, path: str) -> None:
    with pytest.raises(NoFileError):
        await LocalRepository(root).stat(path)


async def test_an_absolute_path_to_a_file_inside_is_refused_too(root: Path) -> None:
    with pytest.raises(NoFileError):
        await LocalRepository(root).stat(str(root / INSIDE))


@pytest.mark.parametrize(
    ("link", "target", "path"),
    [
        ("link", "../secret", "link"),
        ("link", "../secrets", "link/key"),
        ("link", "data", "link/reads.bam"),
        ("data/link", "reads.bam", "data/link"),
        ("link", "/etc", "link/passwd"),
        ("link", "link", "link"),
    ],
)
async def test_no_symbolic_link_is_followed(root: Path, link: str, target: str, path: str) -> None:
    (root / link).symlink_to(target)
    with pytest.raises(NoFileError):
        await LocalRepository(root).stat(path)


async def test_a_pipe_is_refused_and_does_not_make_us_wait(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(NoFileError):
        await asyncio.wait_for(LocalRepository(root).stat("pipe"), 1)


def test_a_folder_that_is_missing_is_an_error_at_start(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LocalRepository(root / "nothing")
    with pytest.raises(NotADirectoryError):
        LocalRepository(root / INSIDE)


async def test_the_folder_itself_may_be_reached_by_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    assert (await LocalRepository(tmp_path / "alias").stat(INSIDE)).size == len(CONTENT)


@pytest.mark.row("F33")
async def test_a_file_of_another_size_than_registered_is_not_opened(root: Path) -> None:
    for size in (len(CONTENT) - 1, len(CONTENT) + 1, 0):
        with pytest.raises(ChangedError):
            async with LocalRepository(root).open(INSIDE, size=size):
                pytest.fail("opened")


def shrunk(path: Path) -> None:
    os.truncate(path, CHUNK + 10)


def grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def overwritten(path: Path) -> None:
    was = path.stat()
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns + 1))


def replaced(path: Path) -> None:
    was = path.stat()
    path.with_suffix(".new").write_bytes(CONTENT[::-1])
    path.with_suffix(".new").replace(path)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


CHANGES = {"shrunk": shrunk, "grown": grown, "overwritten": overwritten, "replaced": replaced}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_file_that_changed_since_it_was_registered_is_not_opened(root: Path, change: str) -> None:
    repository = LocalRepository(root)
    stamp = await repository.stat(INSIDE)
    CHANGES[change](root / INSIDE)
    with pytest.raises(ChangedError):
        async with repository.open(INSIDE, stamp=stamp):
            pytest.fail("opened")


WHILE_OPEN = ["shrunk", "grown", "overwritten"]
"""What shows in a file that is open already."""


@pytest.mark.row("F33")
@pytest.mark.parametrize("change", WHILE_OPEN)
async def test_a_file_that_changes_while_it_is_read_ends_the_read_with_an_error(root: Path, change: str) -> None:
    async with LocalRepository(root).open(INSIDE) as file:
        reading = aiter(file.read(0, len(CONTENT) - 1))
        assert await anext(reading) == CONTENT[:FIRST]
        CHANGES[change](root / INSIDE)
        with pytest.raises(ChangedError):
            await anext(reading)


@pytest.mark.row("F33")
@pytest.mark.parametrize("change", WHILE_OPEN)
async def test_of_a_file_that_changed_the_kernel_copies_nothing(root: Path, change: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)  # noqa: FBT003 (a method of the library)
        async with LocalRepository(root).open(INSIDE) as file:
            assert await handed(file, 0, 9, ours) == 10
            assert theirs.recv(CHUNK) == CONTENT[:10]
            CHANGES[change](root / INSIDE)
            with pytest.raises(ChangedError):
                await handed(file, 10, 19, ours)
            with pytest.raises(BlockingIOError):
                theirs.recv(CHUNK)


async def handed(file: LocalFile, first: int, last: int, line: socket.socket) -> int:
    """At once, or after a thread has asked the disk."""
    taken = file.hand_over(first, last, line.fileno())
    return taken if isinstance(taken, int) else await taken


async def test_a_file_replaced_while_it_is_read_is_read_to_its_own_end(root: Path) -> None:
    async with LocalRepository(root).open(INSIDE) as file:
        replaced(root / INSIDE)
        assert await body(file, 0, len(CONTENT) - 1) == CONTENT


async def test_what_the_system_refuses_is_a_declared_error(root: Path) -> None:
    async with LocalRepository(root).open(INSIDE) as file:
        descriptor = os.dup(file._descriptor)
        os.close(file._descriptor)
        with pytest.raises(SourceBrokenError) as caught:
            await body(file, 0, 1)
        assert not isinstance(caught.value, ChangedError | NoFileError)
        os.dup2(descriptor, file._descriptor)
        os.close(descriptor)


async def test_nothing_stays_open(root: Path) -> None:
    repository = LocalRepository(root)
    before = open_descriptors()
    async with repository.open(INSIDE) as file:
        async for _ in file.read(0, len(CONTENT) - 1):
            break
    for path in (INSIDE, "data", "nothing", "data/nothing"):
        try:
            await repository.stat(path)
        except NoFileError:
            continue
    assert open_descriptors() == before


@asynccontextmanager
async def all_threads_busy() -> AsyncIterator[None]:
    """Whatever is handed to a thread inside waits until the end of the block, and is done after it."""
    loop, go = asyncio.get_running_loop(), threading.Event()
    waiting = [loop.run_in_executor(None, go.wait) for _ in range(40)]
    yield
    go.set()
    await asyncio.gather(*waiting)
    await loop.run_in_executor(None, int)
    await asyncio.sleep(0.01)


async def test_a_caller_cancelled_while_its_file_is_being_opened_leaves_nothing_open(root: Path) -> None:
    before = open_descriptors()
    async with all_threads_busy():
        opening = asyncio.create_task(LocalRepository(root).stat(INSIDE))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert open_descriptors() == before


async def test_a_descriptor_is_not_reused_under_a_read_that_was_cancelled(root: Path) -> None:
    before = open_descriptors()
    opened = LocalRepository(root).open(INSIDE)
    file = await opened.__aenter__()
    async with all_threads_busy():
        reading = asyncio.create_task(body(file, 0, CHUNK))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await opened.__aexit__(None, None, None)
        assert os.fstat(file._descriptor).st_size == len(CONTENT)
    assert open_descriptors() == before
