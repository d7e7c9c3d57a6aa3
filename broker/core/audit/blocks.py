"""The tree in blocks of 256 entries, for who hashes all of it again: a block at a time, in any order.

A full tile of level 0 is one block. Whatever size a checkpoint has, its root comes from the roots of the blocks before
it and from complete subtrees of the block in which it ends: nothing is hashed twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from broker.core.audit.merkle import HASH_BYTES, TILE_HEIGHT, fold
from broker.core.audit.tiles import FULL, WIDTH, TileId

_PAIR = 2 * HASH_BYTES


@dataclass(frozen=True, slots=True)
class Block:
    """The root of a full tile, and the peaks of those of its beginnings that were asked for, by width."""

    root: bytes
    peaks: Mapping[int, tuple[bytes, ...]]


def block_of(hashes: bytes, widths: Iterable[int] = ()) -> Block:
    """What a full tile adds up to. `widths`: 1 to 255."""
    levels = _levels(hashes)
    return Block(levels[-1], {width: _peaks(levels, width) for width in widths})


def peaks_of(hashes: bytes) -> tuple[bytes, ...]:
    """The complete subtrees over these leaf hashes, fewer than 256, largest first."""
    return _peaks(_levels(hashes), len(hashes) // HASH_BYTES)


def roots_at(blocks: Sequence[Block], rest: Mapping[int, tuple[bytes, ...]], sizes: Iterable[int]) -> list[bytes]:
    """The root at each of `sizes`, ascending. `rest`: the peaks behind the last block, by width.

    KeyError for a size within a block that was not asked for its peaks there, or behind the end.
    """
    found, peaks, count = list[bytes](), list[bytes](), 0
    for size in sizes:
        whole, width = divmod(size, WIDTH)
        while count < whole:
            node, carry = blocks[count].root, count
            while carry & 1:
                node = sha256(b"\1" + peaks.pop() + node).digest()
                carry >>= 1
            peaks.append(node)
            count += 1
        inside = () if not width else rest[width] if whole == len(blocks) else blocks[whole].peaks[width]
        found.append(fold((*peaks, *inside)))
    return found


def tiles_above(blocks: Sequence[Block]) -> dict[TileId, bytes]:
    """Every tile of level 1 and above."""
    found, level, hashes = dict[TileId, bytes](), 0, b"".join(block.root for block in blocks)
    while hashes:
        level += 1
        tiles = [hashes[at : at + FULL] for at in range(0, len(hashes), FULL)]
        found |= {(level, n): tile for n, tile in enumerate(tiles)}
        hashes = b"".join(_levels(tile)[-1] for tile in tiles if len(tile) == FULL)
    return found


def _levels(hashes: bytes) -> list[bytes]:
    """`hashes`, then the nodes above each pair of them, and so on, as far as there is a pair."""
    levels = [hashes]
    while len(hashes) >= _PAIR:
        ends = range(_PAIR, len(hashes) + 1, _PAIR)
        hashes = b"".join([sha256(b"\1" + hashes[end - _PAIR : end]).digest() for end in ends])
        levels.append(hashes)
    return levels


def _peaks(levels: Sequence[bytes], width: int) -> tuple[bytes, ...]:
    """The complete subtrees over the first `width` leaves."""
    found = []
    for level in range(TILE_HEIGHT, -1, -1):
        if width >> level & 1:
            end = (width >> level) * HASH_BYTES
            found.append(levels[level][end - HASH_BYTES : end])
    return tuple(found)
