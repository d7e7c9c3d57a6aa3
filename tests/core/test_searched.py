"""In what the catalogue is searched: what is followed change by change is what would be made anew."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.ids import DatasetId
from broker.core.rows import Dataset, Row
from broker.core.searched import Searched
from broker.core.snapshot import follow
from tests import builders as b


def dataset(n: int, title: str, version: int = 1) -> Dataset:
    return replace(b.dataset(title=title), id=DatasetId(f"https://data.example/{n}"), version=version)


CHANGES = st.lists(
    st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["Heart", "Lung", "EYE"])), max_size=4), max_size=6
)


@pytest.mark.row("PUB-CATALOGUE")
@given(CHANGES, st.sets(st.integers(0, 5)))
def test_what_is_followed_is_what_would_be_made_anew(changes: list[list[tuple[int, str]]], missed: set[int]) -> None:
    """Also where some pictures were not told, or came with rows of other kinds alone."""
    snapshot, searched = b.snapshot(), Searched()
    searched.of(snapshot)
    for number, change in enumerate(changes):
        rows: list[Row] = [dataset(n, title, number) for n, title in change] or [b.request()]
        after = follow(snapshot, rows)
        if number not in missed:
            searched.follow(snapshot, rows, after)
        snapshot = after
        assert searched.of(snapshot) == Searched().of(snapshot)
        for name in (" heart", "LUNG", "eye", "https://data.example/3", "hear", ""):
            whole = name.strip().casefold()
            wanted = [one.row for one in searched.of(snapshot) if whole in (one.row.title.casefold(), one.row.id)]
            assert searched.called(snapshot, name) == wanted
        for words in (["ear"], ["ata.ex", "/3"], ["heart", "lung"], ["e", "y", "://"]):
            having = [
                one
                for one in searched.of(snapshot)
                if all(word in f"{one.row.title} {one.row.description} {one.row.id}".casefold() for word in words)
            ]
            assert searched.with_words(snapshot, words) == having


@pytest.mark.row("PUB-CATALOGUE")
def test_what_was_not_told_is_found_all_the_same() -> None:
    first, searched = b.snapshot(), Searched()
    searched.of(first)
    second = follow(first, [dataset(1, "Lung")])
    third = follow(second, [dataset(2, "Eye")])
    searched.follow(second, [dataset(2, "Eye")], third)
    assert [one.row.title for one in searched.of(third)].count("Lung") == 1


@pytest.mark.row("PUB-CATALOGUE")
def test_a_change_makes_nothing_else_anew_and_disturbs_nobody_who_searches() -> None:
    rows = [dataset(n, "Heart") for n in range(50)]
    before, searched = follow(b.snapshot(), rows), Searched()
    mine = searched.of(before)
    kept = list(mine)
    after = follow(before, [dataset(7, "Lung", 2), dataset(99, "Eye")])
    searched.follow(before, [dataset(7, "Lung", 2), dataset(99, "Eye")], after)
    assert mine == kept
    theirs = searched.of(after)
    assert sum(any(one is other for other in kept) for one in theirs) == len(kept) - 1


@pytest.mark.row("PUB-CATALOGUE")
def test_what_many_share_is_learned_anew_when_there_are_twice_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a broker that began empty would look through every text for ever."""
    monkeypatch.setattr("broker.core.searched._FEW", 100)
    snapshot, searched, learned = b.snapshot(), Searched(), list[int]()
    searched.of(snapshot)
    for n in range(0, 900, 60):
        rows = [dataset(one, "Heart") for one in range(n, n + 60)]
        after = follow(snapshot, rows)
        searched.follow(snapshot, rows, after)
        snapshot = after
        learned.append(searched._texts.learned)
        assert len(searched.with_words(snapshot, ["heart"])) == len(searched.of(snapshot))
    assert 2 < len(set(learned)) < 6, "now and then, and not with every change"
    assert learned[-1] > 400
