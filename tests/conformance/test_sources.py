"""ports/sources.py: a folder, S3 (moto's server) and plain HTTP give the same bytes, and refuse alike."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker.adapters.repositories.stores import Stores, open_stores
from broker.core.rows import Repository
from broker.ports.sources import Body, KernelBody, SourceBrokenError
from tests.origin import origin
from tests.s3 import KEYS, put, s3

CONTENT = bytes(n * 7 % 251 for n in range(300_000))
PATH = "reads/one file+1.bam"


@dataclass
class Place:
    """A repository of some kind, which holds CONTENT at PATH and nothing else."""

    stores: Stores
    repository: Repository

    async def read(self, first: int, last: int, path: str = PATH, size: int = len(CONTENT), tag: str = "") -> bytes:
        async with self.stores.open(self.repository, path, size, tag) as body:
            assert body.size == size
            return b"".join([chunk async for chunk in body.read(first, last)])


@pytest.fixture(scope="module", name="s3")
def running_s3() -> Iterator[str]:
    with s3() as address:
        yield address


def _credentials(folder: Path) -> Path:
    folder.mkdir()
    (folder / "bank.json").write_text(json.dumps(KEYS))
    (folder / "bank.json").chmod(0o600)
    return folder


@pytest.fixture(params=["folder", "http", "s3"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(_credentials(tmp_path / "credentials")))
        if request.param == "folder":
            (tmp_path / "root" / "reads").mkdir(parents=True)
            (tmp_path / "root" / PATH).write_bytes(CONTENT)
            made = Repository(id="r", name="R", root=str(tmp_path / "root"))
        elif request.param == "http":
            web = await stack.enter_async_context(origin(**{"reads/one%20file%2B1.bam": CONTENT}))
            made = Repository(id="r", name="R", root=web.base, internal=True)
        else:
            address = request.getfixturevalue("s3")
            await asyncio.to_thread(put, address, f"pre/{PATH}", CONTENT)
            made = Repository(
                id="r", name="R", root="s3://heart/pre", endpoint=address, credentials="bank", internal=True
            )
        yield Place(stores, made)


@pytest.mark.parametrize(
    ("first", "last"), [(0, len(CONTENT) - 1), (0, 0), (17, 99_999), (65_535, 65_536), (len(CONTENT) - 1,) * 2]
)
async def test_a_slice_is_that_slice_of_the_content(place: Place, first: int, last: int) -> None:
    assert await place.read(first, last) == CONTENT[first : last + 1]


async def test_one_opening_gives_several_slices(place: Place) -> None:
    async with place.stores.open(place.repository, PATH, len(CONTENT)) as body:
        for first, last in ((5, 9), (0, 3), (200_000, 299_999)):
            assert b"".join([chunk async for chunk in body.read(first, last)]) == CONTENT[first : last + 1]
        async for _ in body.read(0, len(CONTENT) - 1):
            break
        assert b"".join([chunk async for chunk in body.read(1, 2)]) == CONTENT[1:3]


@pytest.mark.row("F33")
@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
async def test_a_content_of_another_size_than_registered_is_refused(place: Place, size: int) -> None:
    with pytest.raises(SourceBrokenError):
        await place.read(0, size - 1, size=size)
    with pytest.raises(SourceBrokenError):
        await place.read(5, 9, size=size)


@pytest.mark.row("F33")
@pytest.mark.parametrize("how", ["chunked short", "one byte short", "truncates"])
async def test_a_store_that_ends_early_breaks_the_reading_and_what_came_before_is_right(how: str) -> None:
    async with open_stores(None) as stores, origin(**{"a.bam": CONTENT}) as web:
        web.how = how
        bank, got = Repository(id="r", name="R", root=web.base, internal=True), bytearray()

        async def read(body: Body) -> None:
            async for chunk in body.read(0, len(CONTENT) - 1):
                got.extend(chunk)

        async with stores.open(bank, "a.bam", len(CONTENT)) as body:
            with pytest.raises(SourceBrokenError, match="origin"):
                await read(body)
        assert got == CONTENT[: len(got)]
        assert len(got) < len(CONTENT)


@pytest.mark.row("T103")
@pytest.mark.parametrize(
    "path",
    ["nothing", "reads", "", ".", "..", "../x", "reads/../reads/one file+1.bam", "/reads/x", "reads//x", "a\0b", "a\nb",
     "reads%2Fone file+1.bam", "reads/%2e%2e/x", "x" * 1024],
)  # fmt: skip
async def test_a_path_that_names_nothing_here_is_refused(place: Place, path: str) -> None:
    with pytest.raises(SourceBrokenError):
        await place.read(0, 1, path=path)


@pytest.mark.parametrize(("first", "last"), [(-1, 0), (1, 0), (0, len(CONTENT))])
async def test_a_slice_that_is_none_is_the_callers_error(place: Place, first: int, last: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        await place.read(first, last)


async def test_only_a_file_of_this_machine_is_copied_by_the_kernel(place: Place) -> None:
    async with place.stores.open(place.repository, PATH, len(CONTENT)) as body:
        assert isinstance(body, KernelBody) == (not place.repository.is_remote)


async def test_an_object_under_another_tag_is_another_content(place: Place) -> None:
    if place.repository.is_remote:
        with pytest.raises(SourceBrokenError):
            await place.read(0, 9, tag="other")
