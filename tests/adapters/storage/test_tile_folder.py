"""The log as files: what was written is believed, and whatever is changed in it is told."""

from pathlib import Path

import pytest

from broker.adapters.note_keys import verify
from broker.adapters.storage.log import open_log
from broker.adapters.storage.tile_folder import Folder, check_files, pieces, write_folder
from broker.core.audit.tiles import path_of
from tests.adapters.storage.support import KEY, ORIGIN, Place

COUNT = 256 * 2 + 44


@pytest.fixture
async def folder(place: Place, tmp_path: Path) -> Path:
    place.fill_more(COUNT - 1)
    async with open_log(place.database, place.head) as log:
        assert await write_folder(log, tmp_path / "log", entries=True, progress=lambda _: None) == COUNT
    return tmp_path / "log"


async def check(folder: Path) -> Folder:
    async def read(path: str) -> bytes | None:
        return (folder / path).read_bytes() if (folder / path).is_file() else None

    return await check_files(read, [KEY], verify, lambda _: None)


def test_the_files_are_those_of_a_tiled_log() -> None:
    assert [path_of(piece) for piece in pieces(COUNT, entries=True)] == [
        "0/000", "0/001", "0/002.p/44", "1/000.p/2", "entries/000", "entries/001", "entries/002.p/44",
    ]  # fmt: skip
    assert [path_of(piece) for piece in pieces(65_536, entries=False)][-2:] == ["1/000", "2/000.p/1"]
    assert pieces(0, entries=True) == []


async def test_what_was_written_is_believed_with_and_without_entries(folder: Path, place: Place) -> None:
    found = await check(folder)
    assert (found.origin, found.size, found.entries) == (ORIGIN, COUNT, COUNT)
    assert found.root == place.verify().root
    (folder / "tile" / "entries" / "001").unlink()
    assert (await check(folder)).entries == COUNT - 256


@pytest.mark.parametrize("path", ["0/001", "0/002.p/44", "1/000.p/2", "entries/000", "entries/002.p/44"])
async def test_a_file_that_was_changed_or_cut_is_told(folder: Path, path: str) -> None:
    file = folder / "tile" / path
    whole = file.read_bytes()
    for wrong in (whole[:-1], bytes([*whole[:-1], whole[-1] ^ 1])):
        file.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"tile|entry|add up|bundle"):
            await check(folder)


async def test_a_missing_tile_or_checkpoint_is_told(folder: Path) -> None:
    (folder / "tile" / "0" / "001").rename(folder / "gone")
    with pytest.raises(ValueError, match="0/001 is missing"):
        await check(folder)
    (folder / "gone").rename(folder / "tile" / "0" / "001")
    note = (folder / "checkpoint").read_bytes()
    (folder / "checkpoint").write_bytes(note.replace(b"\n556\n", b"\n555\n"))
    with pytest.raises(ValueError, match="false"):
        await check(folder)
    (folder / "checkpoint").unlink()
    with pytest.raises(ValueError, match="no checkpoint"):
        await check(folder)
