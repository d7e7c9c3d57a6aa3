"""Blocks add up to the tree that growing leaf by leaf makes, at every size."""

from hypothesis import given
from hypothesis import strategies as st

from broker.core.audit.blocks import block_of, peaks_of, roots_at, tiles_above
from broker.core.audit.merkle import HASH_BYTES, leaf_hash, root_of
from broker.core.audit.tiles import Edge

LEAVES = [leaf_hash(str(n).encode()) for n in range(256 * 5)]


@given(st.integers(0, len(LEAVES)), st.data())
def test_the_root_at_every_size_is_that_of_the_tree_of_its_leaves(size: int, data: st.DataObject) -> None:
    sizes = sorted({*data.draw(st.lists(st.integers(0, size), max_size=6)), size})
    full = size // 256
    tiles = [b"".join(LEAVES[n * 256 : (n + 1) * 256]) for n in range(full)]
    blocks = [block_of(tile, {s % 256 for s in sizes if s // 256 == n}) for n, tile in enumerate(tiles)]
    last = b"".join(LEAVES[full * 256 : size])
    rest = {s % 256: peaks_of(last[: s % 256 * HASH_BYTES]) for s in sizes if s // 256 == full}
    assert roots_at(blocks, rest, sizes) == [root_of(LEAVES[:s]) for s in sizes]


def test_tiles_above_the_leaves_are_those_of_a_growing_tree() -> None:
    edge, changed = Edge().grown(LEAVES)
    blocks = [block_of(b"".join(LEAVES[n : n + 256])) for n in range(0, len(LEAVES), 256)]
    assert edge.frontier.size == len(LEAVES)
    assert tiles_above(blocks) == {tile: data for tile, data in changed.items() if tile[0]}
    assert tiles_above([]) == {}
    many = [block_of(b"".join(LEAVES[:256]))] * 300
    assert [(level, n, len(data) // 32) for (level, n), data in tiles_above(many).items()] == [
        (1, 0, 256), (1, 1, 44), (2, 0, 1),
    ]  # fmt: skip
