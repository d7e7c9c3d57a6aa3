"""How one root commits to every entry in its place, and how that is proved (RFC 6962 section 2.1).

A tree over n leaves splits at the largest power of two below n. `begin, end` is a range of leaves, half open.
Proofs are written in terms of ranges, so that they can be made from whatever holds the hashes (see tiles).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from hmac import compare_digest

HASH_BYTES = 32
TILE_HEIGHT = 8
EMPTY_ROOT = sha256(b"").digest()

Range = tuple[int, int]
Subtree = tuple[int, int]
"""(level, index): the complete subtree over leaves index << level up to (index + 1) << level."""


def leaf_hash(entry: bytes) -> bytes:
    """MTH({d}) = SHA-256(0x00 || d)."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right): the prefix keeps a node from passing for an entry."""
    return sha256(b"\1" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: the roots of its complete subtrees, largest first. Enough to grow from."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.peaks) != self.size.bit_count():
            raise ValueError("a frontier has one peak for each bit set in its size")

    def root(self) -> bytes:
        """The root over all `size` leaves."""
        return fold(self.peaks)

    def grown(self, leaves: Iterable[bytes]) -> tuple["Frontier", list[tuple[int, bytes]]]:
        """After `leaves` (leaf hashes) were appended; with (level, hash) of what this completed for tiles.

        That is every subtree of 256, 65,536, … leaves: levels 8, 16, … in the order in which they were completed.
        """
        peaks, size, completed = list(self.peaks), self.size, []
        for leaf in leaves:
            level, carry, node = 0, size, leaf
            while carry & 1:
                node = sha256(b"\1" + peaks.pop() + node).digest()  # node_hash, written out: it is on every path
                carry >>= 1
                level += 1
                if not level % TILE_HEIGHT:
                    completed.append((level, node))
            peaks.append(node)
            size += 1
        return Frontier(size, tuple(peaks)), completed


EMPTY = Frontier()


def fold(peaks: Sequence[bytes]) -> bytes:
    """One hash over complete subtrees that lie side by side, largest first; the empty tree's for none."""
    if not peaks:
        return EMPTY_ROOT
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes."""
    return EMPTY.grown(leaves)[0].root()


def subtrees(within: Range) -> tuple[Subtree, ...]:
    """The complete subtrees, largest first, that make up a range which RFC 6962 hashes as one."""
    begin, end = within
    found = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        found.append((level, begin >> level))
        begin += 1 << level
    return tuple(found)


def inclusion_ranges(index: int, size: int) -> tuple[Range, ...]:
    """PATH(m, D[n]): what proves leaf `index` in a tree of `size`, the leaf's sibling first.

    ValueError when there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    return tuple(reversed(path))


def consistency_ranges(old: int, size: int) -> tuple[Range, ...]:
    """PROOF(m, D[n]): what proves that a tree of `old` is the beginning of one of `size`.

    Nothing is needed where the sizes are equal. ValueError unless 0 < old <= size.
    """
    if not 0 < old <= size:
        raise ValueError(f"a tree of {size} cannot be shown to begin with one of {old}")
    begin, end, path, known = 0, size, [], True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin, known = middle, False
    if not known:
        path.append((begin, end))
    return tuple(reversed(path))


def prove(ranges: Iterable[Range], subtree: Callable[[Subtree], bytes]) -> tuple[bytes, ...]:
    """The hash of each range, out of hashes of complete subtrees."""
    return tuple(fold([subtree(each) for each in subtrees(within)]) for within in ranges)


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Does `proof` show that the leaf hash `leaf` is number `index` under `root`? (RFC 9162 2.1.3.2)"""
    if not 0 <= index < size or not _hashes((leaf, root, *proof)):
        return False
    place, last, computed = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            computed = node_hash(other, computed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            computed = node_hash(computed, other)
        place, last = place >> 1, last >> 1
    return last == 0 and compare_digest(computed, root)


def consistent(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Does `proof` show that the tree under `old_root` is the beginning of `root`'s? (RFC 9162 2.1.4.2)

    Every tree begins with the empty one, and with itself; both need an empty proof.
    """
    if not 0 <= old <= size or not _hashes((old_root, root, *proof)):
        return False
    if old == 0:
        return not proof and compare_digest(old_root, EMPTY_ROOT) and (size > 0 or root == EMPTY_ROOT)
    if old == size:
        return not proof and compare_digest(old_root, root)
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(other, before), node_hash(other, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, other)
        place, last = place >> 1, last >> 1
    return last == 0 and compare_digest(before, old_root) and compare_digest(after, root)


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _hashes(values: Iterable[bytes]) -> bool:
    return all(len(each) == HASH_BYTES for each in values)
