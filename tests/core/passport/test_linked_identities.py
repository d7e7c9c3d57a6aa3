"""LinkedIdentities: what a value lists, and whom links reach (adversarial T039 to T041)."""

import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.passport.linked import Link, Reach, is_name, reach, read_pairs
from broker.core.time import FOREVER, Seconds

_NAME = st.text(st.characters(max_codepoint=0x17F), min_size=1, max_size=8).filter(is_name)


@pytest.mark.row("PL1")
@given(st.lists(st.tuples(_NAME, _NAME), min_size=1, max_size=4))
def test_what_is_encoded_is_decoded(pairs: list[tuple[str, str]]) -> None:
    value = ";".join(f"{quote(sub, safe='')},{quote(iss, safe='')}" for iss, sub in pairs)
    assert read_pairs(value) == tuple(pairs)


@pytest.mark.row("T018")
@given(st.text(max_size=40))
def test_any_value_is_answered(value: str) -> None:
    found = read_pairs(value)
    assert found is None or all(is_name(half) for pair in found for half in pair)


def test_encoders_differ_and_mean_the_same() -> None:
    wanted = (("https://example.org/a|b,c", "123456"), ("https://example2.org", "78+90"))
    assert read_pairs("123456,https%3A%2F%2Fexample.org%2Fa%7Cb%2Cc;78+90,https%3A%2F%2Fexample2.org") == wanted
    assert read_pairs("%31%323456,https:%2f%2Fexample.org/a%7cb%2cc;78%2B90,https://example2.org") == wanted


@pytest.mark.row("PL2", "T040")
@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "a,b,c",
        "a,",
        ",b",
        ";",
        "a,b;",
        ";a,b",
        "a,b;;c,d",
        "a,b; c,d",
        "a ,b",
        "a,%",
        "a,%4",
        "a,%zz",
        "a,%FF",
        "a,%C3%28",
        "a%00,b",
        "a%0A,b",
        "a%E2%80%AE,b",
        "a\n,b",
        "é,b",
        "good,https%3A%2F%2Fg.example;bad",
        "a" * 256 + ",b",
    ],
)
def test_one_malformed_entry_refuses_the_whole_value(value: str) -> None:
    assert read_pairs(value) is None


def link(ends: int, *members: str, by: str = "") -> Link[str]:
    return Link(
        members=frozenset(("iss", member) for member in members), ends=Seconds(ends), by=by or "-".join(members)
    )


def who(start: str, *links: Link[str]) -> dict[str, Reach[str]]:
    return {sub: found for (_, sub), found in reach([("iss", start)], links).items()}


def test_without_links_the_caller_is_who_they_are_known_to_be() -> None:
    assert reach([("iss", "a"), ("iss", "b")], ()) == {("iss", "a"): Reach(), ("iss", "b"): Reach()}
    assert reach([], [link(9, "a", "b")]) == {}


@pytest.mark.row("T040", "T046", "C13")
def test_a_chain_reaches_to_its_end_and_ends_with_its_first_link_to_end() -> None:
    found = who("a", link(9, "a", "b"), link(5, "b", "c"), link(7, "c", "d"), link(8, "x", "y"))
    assert {sub: step.ends for sub, step in found.items()} == {"a": FOREVER, "b": 9, "c": 5, "d": 5}
    assert found["d"].chain() == ("c-d", "b-c", "a-b")


def test_one_link_that_lists_everybody_joins_them_also_for_a_fourth() -> None:
    found = who("a", link(9, "fourth", "a", "b", "c"))
    assert set(found) == {"fourth", "a", "b", "c"}
    assert found["c"].chain() == ("fourth-a-b-c",)


def test_of_two_chains_the_one_that_lasts_longer_counts() -> None:
    found = who("a", link(3, "a", "c"), link(9, "a", "b"), link(7, "b", "c"))
    assert (found["c"].ends, found["c"].chain()) == (7, ("b-c", "a-b"))


@pytest.mark.row("T040")
def test_a_chain_of_a_thousand_and_a_ring_are_walked_without_recursion() -> None:
    links = [link(10, f"n{number}", f"n{number + 1}") for number in range(2000)]
    started = time.process_time()
    found = who("n0", *links, link(10, "n2000", "n0"))
    assert len(found) == 2001
    assert len(found["n1000"].chain()) == 1000
    assert time.process_time() - started < 1


_SUBS = st.sampled_from("abcdefg")
_LINKS = st.lists(st.builds(link, st.integers(1, 9), _SUBS, _SUBS, _SUBS), max_size=6)


@pytest.mark.row("PL3", "T039", "T040", "C13")
@given(_LINKS)
def test_it_reaches_what_joining_groups_would_join(links: list[Link[str]]) -> None:
    group = {("iss", "a")}
    for _ in links:
        for one in links:
            group |= one.members if group & one.members else set()
    found = reach([("iss", "a")], links)
    assert set(found) == group


@given(_LINKS)
def test_each_chain_alone_reaches_as_far_and_as_long(links: list[Link[str]]) -> None:
    numbered = [Link(members=one.members, ends=one.ends, by=number) for number, one in enumerate(links)]
    for identity, how in reach([("iss", "a")], numbered).items():
        again = reach([("iss", "a")], [numbered[number] for number in how.chain()])
        assert again[identity].ends == how.ends
        assert how.ends == min((links[number].ends for number in how.chain()), default=FOREVER)
