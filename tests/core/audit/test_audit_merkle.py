"""The tree of RFC 6962: known vectors, an independent implementation, and every small case."""

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from broker.core.audit.merkle import (
    EMPTY,
    EMPTY_ROOT,
    Frontier,
    Range,
    consistency_ranges,
    consistent,
    fold,
    included,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    prove,
    root_of,
    subtrees,
)

# The test leaves of the Certificate Transparency reference code, used by every implementation since.
CT_LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
LEAVES = [leaf_hash(str(n).encode()) for n in range(70)]
ROOTS = [root_of(LEAVES[:n]) for n in range(len(LEAVES) + 1)]


@cache
def mth(begin: int, end: int) -> bytes:
    """MTH(D[begin:end]) word for word as RFC 6962 section 2.1 has it."""
    if end - begin == 1:
        return LEAVES[begin]
    k = 1
    while k * 2 < end - begin:
        k *= 2
    return node_hash(mth(begin, begin + k), mth(begin + k, end))


def proof(ranges: tuple[Range, ...]) -> tuple[bytes, ...]:
    return prove(ranges, lambda subtree: mth(subtree[1] << subtree[0], (subtree[1] + 1) << subtree[0]))


def test_hashes_and_roots_are_those_of_the_reference_code() -> None:
    leaves = [leaf_hash(each) for each in CT_LEAVES]
    assert {n: root_of(leaves[:n]).hex() for n in range(9)} == CT_ROOTS
    assert sha256(b"").digest() == EMPTY_ROOT


def test_paths_are_those_of_the_reference_code() -> None:
    leaves = [leaf_hash(each) for each in CT_LEAVES]

    def of(ranges: tuple[Range, ...]) -> list[str]:
        return [each.hex() for each in prove(ranges, lambda s: root_of(leaves[s[1] << s[0] : (s[1] + 1) << s[0]]))]

    assert of(inclusion_ranges(5, 8)) == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert of(consistency_ranges(6, 8)) == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_every_small_tree_has_the_root_of_the_definition_however_it_grew() -> None:
    for size in range(1, len(LEAVES) + 1):
        assert ROOTS[size] == mth(0, size)
        half, _ = EMPTY.grown(LEAVES[: size // 2])
        assert half.grown(LEAVES[size // 2 : size])[0].root() == ROOTS[size]


def test_roots_and_paths_equal_an_independent_implementation() -> None:
    oracle = InmemoryTree(algorithm="sha256")
    for n in range(33):
        oracle.append_entry(str(n).encode())
        assert oracle.get_root() == ROOTS[n + 1]
        for index in range(n + 1):
            path = oracle.prove_inclusion(index + 1, n + 1).path
            assert proof(inclusion_ranges(index, n + 1)) == tuple(path[1:])


def test_every_inclusion_proof_of_every_small_tree_holds_and_for_nothing_else() -> None:
    for size in range(1, 34):
        for index in range(size):
            path = proof(inclusion_ranges(index, size))
            assert included(LEAVES[index], index, size, path, ROOTS[size])
            for other in range(size + 2):
                assert included(LEAVES[index], other, size, path, ROOTS[size]) == (other == index)
            assert not included(LEAVES[index], index, size, path, ROOTS[size - 1])
            assert not included(LEAVES[index], index, size, (*path, ROOTS[0]), ROOTS[size])
            assert not path or not included(LEAVES[index], index, size, path[:-1], ROOTS[size])


def test_every_consistency_proof_of_every_small_tree_holds_and_for_nothing_else() -> None:
    for size in range(1, 34):
        for old in range(1, size + 1):
            path = proof(consistency_ranges(old, size))
            assert consistent(old, ROOTS[old], size, ROOTS[size], path)
            assert not consistent(old, ROOTS[old - 1], size, ROOTS[size], path)
            assert not consistent(old, ROOTS[old], size, ROOTS[size + 1], path)
            assert not consistent(old, ROOTS[old], size, ROOTS[size], (*path, ROOTS[0]))
            if path:
                assert not consistent(old, ROOTS[old], size, ROOTS[size], path[:-1])
                assert not consistent(old, ROOTS[old], size, ROOTS[size], path[1:])


def test_every_tree_begins_with_the_empty_one_and_with_itself() -> None:
    assert consistent(0, EMPTY_ROOT, 5, ROOTS[5], ())
    assert consistent(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    assert not consistent(0, ROOTS[1], 5, ROOTS[5], ())
    assert not consistent(0, EMPTY_ROOT, 0, ROOTS[1], ())
    assert not consistent(0, EMPTY_ROOT, 5, ROOTS[5], (ROOTS[5],))
    assert not consistent(5, ROOTS[5], 5, ROOTS[6], ())
    assert not consistent(6, ROOTS[6], 5, ROOTS[5], ())


@given(st.integers(0, 69), st.integers(1, 70), st.data())
@settings(max_examples=150)
def test_a_proof_with_any_bit_flipped_proves_nothing(index: int, size: int, data: st.DataObject) -> None:
    index %= size
    path = list(proof(inclusion_ranges(index, size)))
    parts = [LEAVES[index], ROOTS[size], *path]
    which = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    parts[which] = (int.from_bytes(parts[which], "big") ^ 1 << bit).to_bytes(32, "big")
    assert not included(parts[0], index, size, parts[2:], parts[1])


def test_hashes_of_another_length_prove_nothing() -> None:
    path = proof(inclusion_ranges(1, 4))
    assert not included(LEAVES[1], 1, 4, (path[0], path[1] + b"x"), ROOTS[4])
    assert not included(LEAVES[1] + b"x", 1, 4, path, ROOTS[4])
    assert not consistent(2, ROOTS[2], 4, ROOTS[4], (b"",))
    assert not included(LEAVES[0] + LEAVES[1][:1], 0, 2, (LEAVES[1][1:],), ROOTS[2]), "the same bytes, cut elsewhere"


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_there_is_no_path_to_a_leaf_that_does_not_exist(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_ranges(index, size)
    assert not included(LEAVES[0], index, size, (), LEAVES[0])


@pytest.mark.parametrize(("old", "size"), [(0, 4), (5, 4), (-1, 4)])
def test_there_is_no_consistency_with_a_size_that_never_was(old: int, size: int) -> None:
    with pytest.raises(ValueError, match="cannot be shown"):
        consistency_ranges(old, size)


def test_an_entry_cannot_pass_for_a_node() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right) != leaf_hash(b"\1" + left + right)


def test_a_frontier_needs_a_peak_for_each_bit() -> None:
    with pytest.raises(ValueError, match="peak"):
        Frontier(3, (LEAVES[0],))


def test_a_range_is_made_of_complete_subtrees_side_by_side() -> None:
    assert subtrees((0, 7)) == ((2, 0), (1, 2), (0, 6))
    assert subtrees((8, 13)) == ((2, 2), (0, 12))
    assert fold([]) == EMPTY_ROOT
