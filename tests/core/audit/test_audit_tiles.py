"""Tiles, bundles and their addresses (c2sp.org/tlog-tiles)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.audit.merkle import (
    consistency_ranges,
    consistent,
    included,
    inclusion_ranges,
    leaf_hash,
    prove,
    root_of,
)
from broker.core.audit.tiles import (
    Edge,
    Piece,
    TileId,
    bundle,
    edge,
    needed,
    parse_path,
    path_of,
    resume,
    subtree_hash,
    tail,
    unbundle,
    width_at,
)

LEAVES = [leaf_hash(str(n).encode()) for n in range(66_000)]


def grown(sizes: list[int]) -> tuple[Edge, dict[TileId, bytes]]:
    """A tree that grew through `sizes`, and every tile that was written on the way."""
    now, tiles, at = Edge(), dict[TileId, bytes](), 0
    for size in sizes:
        now, changed = now.grown(LEAVES[at:size])
        tiles |= changed
        at = size
    return now, tiles


BIG, TILES = grown([65_536, 66_000])
ROOT = BIG.frontier.root()


def test_the_tiles_of_a_tree_have_the_widths_of_the_specification() -> None:
    """tlog-tiles: 70,000 leaves are 273 full tiles and one of 112, one full and one of 17, one of 1."""
    assert [width_at(level, index, 70_000) for level, index in ((0, 272), (0, 273), (0, 274))] == [256, 112, 0]
    assert [width_at(level, index, 70_000) for level, index in ((1, 0), (1, 1), (2, 0), (3, 0))] == [256, 17, 1, 0]
    assert [width_at(0, 0, 256), width_at(1, 0, 256), width_at(0, 1, 256)] == [256, 1, 0]
    assert edge(70_000) == ((0, 273), (1, 1), (2, 0))
    assert edge(256) == ((1, 0),)


@given(st.lists(st.integers(0, 1_500), min_size=1, max_size=8).map(sorted))
@settings(max_examples=25)
def test_however_a_tree_grows_its_tiles_and_root_are_the_same(sizes: list[int]) -> None:
    last = sizes[-1]
    stepwise, tiles = grown(sizes)
    assert stepwise.frontier.root() == root_of(LEAVES[:last])
    for (level, index), data in tiles.items():
        assert len(data) == 32 * width_at(level, index, last)
        below = [LEAVES[at : at + 256**level] for at in range(index * 256 ** (level + 1), last, 256**level)]
        assert data == b"".join(root_of(each) for each in below[: width_at(level, index, last)])
    assert resume(last, tiles) == stepwise if last else stepwise == Edge()


def test_a_large_tree_can_be_resumed_from_its_edge() -> None:
    again = resume(66_000, {tile: TILES[tile] for tile in edge(66_000)})
    assert again == BIG
    assert again.grown([LEAVES[0]])[0].frontier.root() == root_of([*LEAVES, LEAVES[0]])


def test_an_edge_that_does_not_fit_the_size_is_refused() -> None:
    tiles = {tile: TILES[tile] for tile in edge(66_000)}
    with pytest.raises(ValueError, match="width"):
        resume(66_001, tiles)
    with pytest.raises(KeyError):
        resume(66_000, {})


@pytest.mark.parametrize("index", [0, 1, 255, 256, 40_000, 65_535, 65_536, 65_999])
def test_inclusion_is_proved_from_tiles_alone(index: int) -> None:
    ranges = inclusion_ranges(index, 66_000)
    tiles = {tile: TILES[tile] for tile in needed(ranges)}
    assert len(tiles) <= 5
    path = prove(ranges, lambda subtree: subtree_hash(subtree, tiles))
    assert included(LEAVES[index], index, 66_000, path, ROOT)


@pytest.mark.parametrize("old", [1, 3, 256, 257, 65_535, 65_536, 65_537])
def test_consistency_is_proved_from_tiles_alone(old: int) -> None:
    ranges = consistency_ranges(old, 66_000)
    tiles = {tile: TILES[tile] for tile in needed(ranges)}
    path = prove(ranges, lambda subtree: subtree_hash(subtree, tiles))
    assert consistent(old, root_of(LEAVES[:old]), 66_000, ROOT, path)


def test_a_tile_that_is_too_short_or_missing_gives_no_hash() -> None:
    with pytest.raises(ValueError, match="too short"):
        subtree_hash((0, 5), {(0, 0): LEAVES[0]})
    with pytest.raises(KeyError):
        subtree_hash((0, 5), {})


def test_the_unfinished_tile_is_put_together_from_what_each_size_added() -> None:
    kept = [(250, b"".join(LEAVES[:250])), (300, b"".join(LEAVES[250:300])), (301, LEAVES[300])]
    assert tail(kept[1:], 1) == b"".join(LEAVES[256:301])
    assert tail(kept, 0)[:8192] == b"".join(LEAVES[:256])
    assert tail([], 1) == b""


ADDRESSES = {
    "0/x001/x234/067": Piece(level=0, index=1_234_067),
    "0/000": Piece(level=0, index=0),
    "63/000": Piece(level=63, index=0),
    "1/999.p/1": Piece(level=1, index=999, width=1),
    "2/x001/000.p/255": Piece(level=2, index=1_000, width=255),
    "entries/x123/456": Piece(level=None, index=123_456),
    "entries/007.p/9": Piece(level=None, index=7, width=9),
}
BAD_LEVELS = ["/000", "64/000", "00/000", "01/000", "-1/000", "entries/", "Entries/000", "../0/000"]
BAD_INDEXES = ["0", "0/", "0/0", "0/00", "0/0000", "0/x000/001", "0/001/002", "0/x001", "0/x001/x002", "0/000/"]
BAD_WIDTHS = [f"0/000.p/{width}" for width in ("0", "256", "01", "", "-1", "1/", "999")]
NO_ADDRESSES = [*BAD_LEVELS, *BAD_INDEXES, *BAD_WIDTHS, "0/" + "x001/" * 6 + "000"]


@pytest.mark.parametrize(("path", "piece"), ADDRESSES.items())
def test_a_piece_has_one_address(path: str, piece: Piece) -> None:
    assert path_of(piece) == path
    assert parse_path(path) == piece


@pytest.mark.parametrize("path", [*NO_ADDRESSES, "", "0/000\n", "0/\N{ARABIC-INDIC DIGIT ZERO}00"])
def test_no_other_spelling_is_an_address(path: str) -> None:
    assert parse_path(path) is None


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 10**15), st.integers(1, 256))
def test_addresses_round_trip(level: int | None, index: int, width: int) -> None:
    piece = Piece(level=level, index=index, width=width)
    assert parse_path(path_of(piece)) == piece


@given(st.lists(st.binary(max_size=300), max_size=8))
@settings(max_examples=30)
def test_bundles_round_trip(entries: list[bytes]) -> None:
    assert unbundle(bundle(entries)) == tuple(entries)


def test_a_bundle_counts_in_sixteen_bits_big_endian() -> None:
    assert bundle([b"ab", b""]) == b"\0\2ab\0\0"
    assert len(bundle([bytes(65_535)])) == 65_537
    with pytest.raises(OverflowError):
        bundle([bytes(65_536)])


@pytest.mark.parametrize("raw", [b"\0", b"\0\1", b"\0\2a", b"\0\0\0"])
def test_a_bundle_that_breaks_off_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="breaks off"):
        unbundle(raw)
