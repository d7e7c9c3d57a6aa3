"""The published log as a folder of files (c2sp.org/tlog-tiles): written, and checked without the database.

Any web server can serve such a folder and any tool for tiled logs can read it. Entries may be left out: what remains
still proves where each of them stood.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.adapters.storage.log import SqliteLog
from broker.core.audit.blocks import Block, block_of, peaks_of, roots_at, tiles_above
from broker.core.audit.merkle import HASH_BYTES, leaf_hash
from broker.core.audit.note import Key, Verify, open_checkpoint, parse_checkpoint, unverified_text
from broker.core.audit.tiles import WIDTH, Piece, path_of, unbundle, width_at

CHECKPOINT = "checkpoint"
Progress = Callable[[int], None]
Read = Callable[[str], Awaitable[bytes | None]]
"""A file of the log by its path below the folder; None if it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What a folder holds: the log at one size, and how many of its entries are there."""

    origin: str
    size: int
    root: bytes
    entries: int


def pieces(size: int, *, entries: bool) -> list[Piece]:
    """Every file of a log of `size` entries, each as wide as it can be."""
    found, level = list[Piece](), 0
    while (count := size >> 8 * level) > 0:
        for index in range((count + WIDTH - 1) // WIDTH):
            found.append(Piece(level=level, index=index, width=width_at(level, index, size)))
        level += 1
    return found + ([replace_level(piece) for piece in found if piece.level == 0] if entries else [])


def replace_level(piece: Piece) -> Piece:
    """The bundle of the entries whose hashes are in a tile of level 0."""
    return Piece(level=None, index=piece.index, width=piece.width)


async def write_folder(log: SqliteLog, folder: Path, *, entries: bool, progress: Progress) -> int:
    """Write the published log; the checkpoint last, so that a folder with one is whole. The size.

    FileExistsError rather than write over a log that is there.
    """
    published = await log.published()
    if (folder / CHECKPOINT).exists():
        raise FileExistsError(f"{folder / CHECKPOINT}: there is a log already")
    for piece in pieces(published.size, entries=entries):
        data = await log.piece(piece)
        if data is None:
            raise ValueError(f"{path_of(piece)} is not in the database: run `broker audit verify`")
        path = folder / "tile" / path_of(piece)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        progress(1)
    (folder / CHECKPOINT).write_bytes(published.note)
    return published.size


async def check_files(read: Read, keys: Sequence[Key], verify: Verify, progress: Progress) -> Folder:
    """The log that `read` reads, if its files add up to a checkpoint that one of `keys` signed. ValueError if not.

    Bundles of entries that are missing are counted, not missed: they may have been left out, or pruned.
    """
    note = await read(CHECKPOINT)
    if note is None:
        raise ValueError("there is no checkpoint")
    said = open_checkpoint(note, parse_checkpoint(unverified_text(note)).origin, keys, verify)
    blocks, last, entries = list[Block](), b"", 0
    for piece in pieces(said.size, entries=False):
        if piece.level != 0:
            continue
        hashes = await _tile(read, piece)
        entries += await _entries(read, replace_level(piece), hashes)
        if piece.width == WIDTH:
            blocks.append(block_of(hashes))
        else:
            last = hashes
        progress(piece.width)
    if roots_at(blocks, {said.size % WIDTH: peaks_of(last)}, [said.size]) != [said.root]:
        raise ValueError("the tiles do not add up to the checkpoint")
    for (level, index), computed in tiles_above(blocks).items():
        piece = Piece(level=level, index=index, width=len(computed) // HASH_BYTES)
        if await _tile(read, piece) != computed:
            raise ValueError(f"tile {path_of(piece)} is not what the tiles below it make")
    return Folder(origin=said.origin, size=said.size, root=said.root, entries=entries)


async def _tile(read: Read, piece: Piece) -> bytes:
    hashes = await read(f"tile/{path_of(piece)}")
    if hashes is None or len(hashes) != piece.width * HASH_BYTES:
        raise ValueError(f"tile {path_of(piece)} is missing, or not as wide as the checkpoint needs it")
    return hashes


async def _entries(read: Read, piece: Piece, hashes: bytes) -> int:
    """How many entries are there of this bundle: all or none. ValueError if one is not what was hashed."""
    raw = await read(f"tile/{path_of(piece)}")
    if raw is None:
        return 0
    found = unbundle(raw)
    wrong = [n for n, entry in enumerate(found) if leaf_hash(entry) != hashes[n * HASH_BYTES : (n + 1) * HASH_BYTES]]
    if wrong or len(found) != piece.width:
        place = piece.index * WIDTH + (wrong[0] if wrong else len(found))
        raise ValueError(f"entry {place} is not what was hashed there")
    return len(found)
