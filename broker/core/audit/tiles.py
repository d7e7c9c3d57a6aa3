"""In which pieces the tree and the entries are kept and served (c2sp.org/tlog-tiles).

A tile holds up to 256 hashes of one level in eight: tile (l, n) has the roots of the complete subtrees of
256**l leaves each, from number 256 * n on. From tiles alone comes every proof.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from broker.core.audit.merkle import (
    EMPTY,
    HASH_BYTES,
    TILE_HEIGHT,
    Frontier,
    Range,
    Subtree,
    subtrees,
)

WIDTH = 256
FULL = WIDTH * HASH_BYTES
MAX_LEVEL = 63

TileId = tuple[int, int]
"""(level, index)."""

_PATH = re.compile(r"(entries|\d|[1-5]\d|6[0-3])/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)
_MAX_ELEMENTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What a path of the log names. `level` None: the entries themselves. `width` is below 256 if partial."""

    level: int | None
    index: int
    width: int = WIDTH


def path_of(piece: Piece) -> str:
    """`<L>/<N>[.p/<W>]`, what follows `<prefix>/tile/`: tile 1234067 of level 0 is `0/x001/x234/067`."""
    digits = str(piece.index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    elements = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([f"x{each}" for each in elements[:-1]] + elements[-1:])
    level = "entries" if piece.level is None else str(piece.level)
    return f"{level}/{number}" + ("" if piece.width == WIDTH else f".p/{piece.width}")


def parse_path(path: str) -> Piece | None:
    """The piece that `path` names, or None: one spelling for each piece, no other."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level, number, width = match.groups()
    elements = number.replace("x", "").split("/")
    if len(elements) > _MAX_ELEMENTS or int(width or 1) >= WIDTH:
        return None
    piece = Piece(
        level=None if level == "entries" else int(level),
        index=int("".join(elements)),
        width=int(width) if width else WIDTH,
    )
    return piece if path_of(piece) == path else None


def bundle(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: each entry behind its length in 16 bits, big-endian."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(raw: bytes) -> tuple[bytes, ...]:
    """The entries of a bundle. ValueError if it breaks off."""
    entries, at = [], 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if at + 2 > len(raw) or end > len(raw):
            raise ValueError("a bundle that breaks off")
        entries.append(raw[at + 2 : end])
        at = end
    return tuple(entries)


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes tile (`level`, `index`) has in a tree of `size`: 0 to 256."""
    return max(0, min(WIDTH, (size >> TILE_HEIGHT * level) - index * WIDTH))


def edge(size: int) -> tuple[TileId, ...]:
    """The rightmost partial tile of each level of a tree of `size`: what growing it further writes to."""
    found, level = [], 0
    while size:
        if size % WIDTH:
            found.append((level, size >> TILE_HEIGHT))
        size >>= TILE_HEIGHT
        level += 1
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Edge:
    """A tree while it grows: its frontier and its partial tiles, by level. A new value for each growth."""

    frontier: Frontier = EMPTY
    partial: tuple[bytes, ...] = ()

    @property
    def last(self) -> bytes:
        """The leaf hashes that are in no full tile."""
        return self.partial[0] if self.partial else b""

    def grown(self, leaves: Sequence[bytes]) -> tuple["Edge", Mapping[TileId, bytes]]:
        """After `leaves` (leaf hashes) were appended; with every tile that has changed, in full."""
        if not leaves:
            return self, {}
        frontier, completed = self.frontier.grown(leaves)
        added = {0: list(leaves)}
        for height, node in completed:
            added.setdefault(height // TILE_HEIGHT, []).append(node)
        partial, changed = [*self.partial, *[b""] * (max(added) + 1 - len(self.partial))], dict[TileId, bytes]()
        for level, hashes in added.items():
            first = self.frontier.size >> TILE_HEIGHT * (level + 1)
            data = partial[level] + b"".join(hashes)
            changed |= {(level, first + at // FULL): data[at : at + FULL] for at in range(0, len(data), FULL)}
            partial[level] = data[len(data) // FULL * FULL :]
        return Edge(frontier, tuple(partial)), changed


def resume(size: int, tiles: Mapping[TileId, bytes]) -> Edge:
    """The edge of a tree of `size` out of its rightmost partial tiles (`edge(size)`).

    KeyError or ValueError if they do not fit that size.
    """
    partial, peaks = list[bytes](), list[bytes]()
    for level, index in edge(size):
        partial += [b""] * (level - len(partial)) + [tiles[level, index]]
        if len(partial[level]) != width_at(level, index, size) * HASH_BYTES:
            raise ValueError(f"tile {level}/{index} does not have the width of a tree of {size}")
        peaks = [*_peaks(partial[level]), *peaks]
    return Edge(Frontier(size, tuple(peaks)), tuple(partial))


def tail(kept: Iterable[Sequence[Any]], index: int) -> bytes:
    """Tile `index` of level 0 while it is not full.

    `kept`: (size, the leaf hashes that this size was the first to cover; those of a full tile may be left out) for
    every size above 256 * index, ascending.
    """
    size, hashes = index * WIDTH, b""
    for each, leaves in kept:
        size, hashes = each, hashes + leaves
    width = (size - index * WIDTH) * HASH_BYTES
    return hashes[len(hashes) - width :] if width else b""


def needed(ranges: Iterable[Range]) -> frozenset[TileId]:
    """The tiles out of which the hashes of `ranges` can be computed."""
    return frozenset(_place(each)[0] for within in ranges for each in subtrees(within))


def subtree_hash(subtree: Subtree, tiles: Mapping[TileId, bytes]) -> bytes:
    """The root of a complete subtree, out of the tile that holds it. KeyError or ValueError if none does."""
    tile, begin, end = _place(subtree)
    hashes = tiles[tile][begin:end]
    if len(hashes) != end - begin:
        raise ValueError(f"tile {tile[0]}/{tile[1]} is too short")
    while len(hashes) > HASH_BYTES:  # node_hash, written out: most of what a proof costs
        pairs = range(0, len(hashes), 2 * HASH_BYTES)
        hashes = b"".join([sha256(b"\1" + hashes[at : at + 2 * HASH_BYTES]).digest() for at in pairs])
    return hashes


def _place(subtree: Subtree) -> tuple[TileId, int, int]:
    """Which tile holds the hashes below `subtree`, and which of its bytes they are."""
    level, index = subtree
    tile_level, above = divmod(level, TILE_HEIGHT)
    first = index << above
    tile, offset = divmod(first, WIDTH)
    return (tile_level, tile), offset * HASH_BYTES, (offset + (1 << above)) * HASH_BYTES


def _peaks(hashes: bytes) -> tuple[bytes, ...]:
    return EMPTY.grown(_split(hashes))[0].peaks


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
