"""core/drs/bundles.py: size, checksums and contents of bundles, whatever is nested, and an end to all of it."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.drs.bundles import (
    DEEPEST,
    MOST_CONTENTS,
    Node,
    UnboundedError,
    Whole,
    combined,
    hashed,
    whole,
    wrong_with,
)
from broker.core.drs.objects import HEX_DIGITS, contents, is_checksum

US = "https://drs.example.org:8443"


def blob(text: str, *, size: int = 1, kinds: tuple[str, ...] = ("sha-256", "md5")) -> Node:
    made = {"sha-256": hashlib.sha256(text.encode()).hexdigest(), "md5": hashlib.md5(text.encode()).hexdigest()}
    return Node(size=size, checksums={kind: made[kind] for kind in kinds})


def bundle(*members: str) -> Node:
    return Node(checksums={}, members=tuple((f"in-{member}", member) for member in members))


def found(id: str, nodes: Mapping[str, Node]) -> Whole:
    seen = whole(id, nodes.get)
    assert seen is not None
    return seen


@pytest.mark.row("DR6")
def test_the_worked_example_of_the_specification() -> None:
    """Two blobs with the checksums 72794b6d and 5e089d29: sorted, joined, hashed. (Its own result is no MD5.)"""
    made = combined([{"md5": "72794b6d"}, {"md5": "5e089d29"}])
    assert made == {"md5": hashlib.md5(b"5e089d2972794b6d").hexdigest()}


def test_only_kinds_that_all_members_have_and_that_can_be_worked_out() -> None:
    one = {"md5": "aa", "sha-256": "bb", "crc32c": "cc", "etag": "dd"}
    assert combined([one, {"md5": "ee", "crc32c": "ff", "etag": "00"}]).keys() == {"md5"}


@pytest.mark.row("DR6")
def test_a_nested_bundle_counts_with_its_own_checksum() -> None:
    nodes = {"a": blob("a", size=3), "b": blob("b", size=4), "in": bundle("a"), "out": bundle("in", "b")}
    outer, inner = found("out", nodes), found("in", nodes)
    both = sorted([inner.checksums["sha-256"], nodes["b"].checksums["sha-256"]])
    assert outer.checksums["sha-256"] == hashlib.sha256("".join(both).encode()).hexdigest()
    assert (outer.size, outer.count, outer.depth) == (7, 3, 2)


def test_expand_shows_what_is_nested_and_without_it_only_the_members() -> None:
    nodes = {"a": blob("a"), "in/1": bundle("a"), "out": bundle("in/1", "a")}
    outer = found("out", nodes)
    flat = contents(US, outer, expand=False)
    assert flat == [
        {"name": "in-in/1", "id": "in/1", "drs_uri": ["drs://drs.example.org/in%2F1"]},
        {"name": "in-a", "id": "a", "drs_uri": ["drs://drs.example.org/a"]},
    ]
    whole_tree = contents(US, outer, expand=True)
    assert whole_tree[0]["contents"] == [{"name": "in-a", "id": "a", "drs_uri": ["drs://drs.example.org/a"]}]
    assert "contents" not in whole_tree[1]
    deeper = contents(US, found("far", nodes | {"far": bundle("out")}), expand=True)
    assert deeper[0]["contents"] == whole_tree


ABC = {
    "sha-256": "ba7816bf8f01cfea", "sha-384": "cb00753f45a35e8b", "sha-512": "ddaf35a193617aba",
    "sha3-224": "e642824c3f8cf24a", "sha3-256": "3a985da74fe225b2", "sha3-384": "ec01498288516fc9",
    "sha3-512": "b751850b1a57168a", "blake2s-256": "508c5e8c327c14e2", "blake2b-256": "bddd813c63423972",
    "blake2b-512": "ba80a53f981c4d0d", "md5": "900150983cd24fb0", "sha1": "a9993e364706816a",
}  # fmt: skip
"""How the digests of `abc` begin, as FIPS 180-4, FIPS 202, RFC 7693 and RFC 1321 have them, or openssl and b2sum."""


@pytest.mark.parametrize("kind", ABC)
def test_a_digest_is_that_of_the_standard_and_may_be_published(kind: str) -> None:
    made = hashed(kind, b"abc")
    assert made.startswith(ABC[kind])
    assert is_checksum(kind, made)


def test_every_kind_of_checksum_is_worked_out_but_those_that_are_no_plain_hash() -> None:
    assert set(ABC) == set(HEX_DIGITS) - {"crc32c", "trunc512", "etag"}
    assert combined([dict.fromkeys(ABC, "aa")]).keys() == set(ABC)


CIRCLES: list[dict[str, Node]] = [
    {"x": bundle("x")},
    {"x": bundle("y"), "y": bundle("x")},
    {"x": bundle("a", "y"), "y": bundle("z"), "z": bundle("a", "y"), "a": blob("a")},
]


@pytest.mark.row("T102")
@pytest.mark.parametrize("nodes", CIRCLES)
def test_a_bundle_in_itself_is_refused(nodes: dict[str, Node]) -> None:
    with pytest.raises(UnboundedError, match="contains itself"):
        whole("x", nodes.get)
    assert "contains itself" in (wrong_with("x", nodes.get) or "")


def chain(length: int) -> dict[str, Node]:
    """`length` bundles within one another, the outermost is called 0."""
    return {str(n): bundle(str(n + 1)) for n in range(length)} | {str(length): blob("a")}


@pytest.mark.row("T102")
def test_nesting_and_number_have_a_bound() -> None:
    assert found("0", chain(DEEPEST)).depth == DEEPEST
    for length in (DEEPEST + 1, 5000):
        with pytest.raises(UnboundedError, match="deep"):
            whole("0", chain(length).get)
    many = {str(n): blob(str(n)) for n in range(MOST_CONTENTS + 1)}
    assert found("x", many | {"x": bundle(*list(many)[1:])}).count == MOST_CONTENTS
    with pytest.raises(UnboundedError, match="entries"):
        whole("x", (many | {"x": bundle(*many)}).get)


@pytest.mark.row("T102")
def test_what_doubles_at_every_step_is_refused_and_costs_nothing() -> None:
    """2 to the power of 14 entries from 15 bundles."""
    doubling = {str(n): Node(checksums={}, members=(("a", str(n + 1)), ("b", str(n + 1)))) for n in range(14)}
    with pytest.raises(UnboundedError, match="entries"):
        whole("0", (doubling | {"14": blob("a")}).get)


@pytest.mark.row("DR6")
def test_depth_counts_also_where_a_shorter_way_was_found_first() -> None:
    nodes = chain(DEEPEST)
    nodes["out"] = Node(checksums={}, members=(("short", str(DEEPEST - 1)), ("long", "0")))
    with pytest.raises(UnboundedError, match="deep"):
        whole("out", nodes.get)


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ({"x": bundle("a")}, "a is not declared"),
        ({"x": Node(checksums={}, members=(("n", "a"), ("n", "a"))), "a": blob("a")}, "two are called n"),
        ({"x": bundle("a", "b"), "a": blob("a", kinds=("md5",)), "b": blob("b", kinds=("sha-256",))}, "in common"),
    ],
)
def test_what_cannot_be_registered(nodes: dict[str, Node], why: str) -> None:
    assert why in (wrong_with("x", nodes.get) or "")


def test_a_bundle_in_which_nothing_is_left_cannot_be_registered_and_a_good_one_can() -> None:
    nodes = {"x": bundle("y"), "y": bundle("gone"), "good": bundle("a"), "a": blob("a")}
    nothing = "members: they have no kind of checksum in common from which the bundle's could be made"
    assert wrong_with("x", nodes.get) == nothing
    apart = {"x": bundle("a", "b"), "a": blob("a", kinds=("md5",)), "b": blob("b", kinds=("sha-256",))}
    assert wrong_with("x", apart.get) == nothing
    assert wrong_with("good", nodes.get) is None


def test_a_bundle_of_which_nothing_may_be_shown_is_not_there() -> None:
    assert whole("x", {"x": bundle("y"), "y": bundle("gone")}.get) is None


@st.composite
def dags(draw: Any) -> tuple[dict[str, Node], int]:
    """Blobs, then bundles of what was there before: no circle."""
    blobs = draw(st.integers(1, 4))
    nodes = {str(n): blob(str(n), size=draw(st.integers(0, 99))) for n in range(blobs)}
    for n in range(blobs, blobs + draw(st.integers(1, 5))):
        inside = draw(st.lists(st.sampled_from(sorted(nodes)), min_size=1, max_size=4))
        nodes[str(n)] = Node(checksums={}, members=tuple((f"m{k}", id) for k, id in enumerate(inside)))
    return nodes, len(nodes) - 1


def leaves(id: str, nodes: Mapping[str, Node]) -> list[str]:
    return [leaf for _, inner in nodes[id].members for leaf in leaves(inner, nodes)] if nodes[id].members else [id]


@given(dags())
def test_the_size_is_that_of_every_file_in_it(made: tuple[dict[str, Node], int]) -> None:
    nodes, last = made
    assert found(str(last), nodes).size == sum(nodes[leaf].size for leaf in leaves(str(last), nodes))


@pytest.mark.row("T102")
@given(dags(), st.data())
def test_who_may_not_know_of_something_gets_the_bundle_that_is_without_it(
    made: tuple[dict[str, Node], int], data: Any
) -> None:
    """Size, checksums and contents say nothing of it: they are those of the bundle that never had it."""
    nodes, last = made
    hidden = data.draw(st.sampled_from(sorted(nodes)))
    seen = whole(str(last), lambda asked: None if asked == hidden else nodes.get(asked))
    without = {
        id: Node(size=node.size, checksums=node.checksums, members=tuple(m for m in node.members if m[1] != hidden))
        for id, node in nodes.items()
        if id != hidden
    }
    emptied = {id for id, node in nodes.items() if node.members and id in without and not without[id].members}
    if not emptied:  # what is left without members is no bundle any more: shown elsewhere
        assert seen == whole(str(last), without.get)
    assert seen is None or hidden not in _ids(seen)


def _ids(one: Whole) -> set[str]:
    return {one.id, *(id for _, member in one.members for id in _ids(member))}
