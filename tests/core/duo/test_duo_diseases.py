"""Is one disease a kind of another: the closure, what is obsolete, and what nobody knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.duo.ontology import Stanza, build, covers, curie, known, named
from tests.core.duo.duo_world import ALZHEIMER, CANCER, MELANOMA, NOWHERE, ONTOLOGY


def test_the_purpose_may_be_narrower_than_the_dataset_and_never_broader() -> None:
    assert covers(ONTOLOGY, CANCER, MELANOMA) is True
    assert covers(ONTOLOGY, MELANOMA, CANCER) is False
    assert covers(ONTOLOGY, CANCER, CANCER) is True
    assert covers(ONTOLOGY, CANCER, ALZHEIMER) is False


def test_an_unknown_term_on_either_side_is_neither_yes_nor_no() -> None:
    assert covers(ONTOLOGY, NOWHERE, MELANOMA) is None
    assert covers(ONTOLOGY, CANCER, NOWHERE) is None
    assert covers(ONTOLOGY, NOWHERE, NOWHERE) is None


def test_an_obsolete_term_is_its_replacement_however_many_steps_away() -> None:
    found = build(
        "v",
        [
            Stanza(id="D:1"),
            Stanza(id="D:2", parents=("D:1",)),
            Stanza(id="D:3", obsolete=True, replaced_by=("D:4",)),
            Stanza(id="D:4", obsolete=True, replaced_by=("D:2",)),
        ],
    )
    assert known(found, "D:3") == "D:2"
    assert covers(found, "D:1", "D:3") is True


@pytest.mark.parametrize("replaced_by", [(), ("D:1", "D:2"), ("D:9",), ("D:8",)])
def test_an_obsolete_term_without_one_live_replacement_is_unknown(replaced_by: tuple[str, ...]) -> None:
    stanzas = [Stanza(id="D:1"), Stanza(id="D:2"), Stanza(id="D:8", obsolete=True, replaced_by=replaced_by)]
    assert known(build("v", stanzas), "D:8") is None


def test_a_parent_that_is_obsolete_is_followed() -> None:
    stanzas = [
        Stanza(id="D:1"),
        Stanza(id="D:2", parents=("D:8",)),
        Stanza(id="D:8", obsolete=True, replaced_by=("D:1",)),
    ]
    assert covers(build("v", stanzas), "D:1", "D:2") is True


def test_a_parent_that_the_release_lacks_is_unknown_itself() -> None:
    found = build("v", [Stanza(id="D:2", parents=("D:1",))])
    assert covers(found, "D:1", "D:2") is None


def test_a_term_stated_twice_has_the_parents_of_both_and_stated_both_ways_is_unknown() -> None:
    both = [
        Stanza(id="D:1"),
        Stanza(id="D:2"),
        Stanza(id="D:3", parents=("D:1",)),
        Stanza(id="D:3", parents=("D:2",)),
        Stanza(id="D:4"),
        Stanza(id="D:4", obsolete=True),
    ]
    found = build("v", both)
    assert covers(found, "D:1", "D:3") is True
    assert covers(found, "D:2", "D:3") is True
    assert known(found, "D:4") is None


def test_an_iri_is_the_term_that_it_names() -> None:
    assert curie("http://purl.obolibrary.org/obo/MONDO_0004992") == CANCER
    assert curie("https://evil.example/MONDO_0004992") != CANCER
    assert named(ONTOLOGY, "http://purl.obolibrary.org/obo/MONDO_0004992") == "cancer (MONDO:0004992)"
    assert named(ONTOLOGY, NOWHERE) == NOWHERE


_names = st.integers(0, 8).map(lambda n: f"D:{n}")
_stanzas = st.lists(
    st.builds(
        Stanza,
        id=_names,
        parents=st.lists(_names, max_size=2).map(tuple),
        obsolete=st.booleans(),
        replaced_by=st.lists(_names, max_size=2).map(tuple),
    ),
    max_size=12,
)


@given(stanzas=_stanzas)
def test_any_graph_with_cycles_and_loops_ends_and_is_transitive(stanzas: list[Stanza]) -> None:
    found = build("v", stanzas)
    for term, ancestors in found.ancestors.items():
        assert term in ancestors
        for ancestor in ancestors & found.ancestors.keys():
            assert found.ancestors[ancestor] <= ancestors
    assert not found.replaced.keys() & found.ancestors.keys()
    assert set(found.replaced.values()) <= found.ancestors.keys()


@given(stanzas=_stanzas)
def test_the_order_of_a_release_does_not_matter(stanzas: list[Stanza]) -> None:
    one, other = build("v", stanzas), build("v", stanzas[::-1])
    assert one.ancestors == other.ancestors
    assert one.replaced == other.replaced


def test_a_release_of_30000_terms_is_closed_whole() -> None:
    size = 30_000
    tree = (Stanza(id=f"D:{n}", parents=(f"D:{n // 4}",) if n else ()) for n in range(size))
    found = build("v", tree)
    assert len(found.ancestors) == size
    assert covers(found, "D:0", f"D:{size - 1}") is True
    assert covers(found, f"D:{size - 1}", "D:0") is False
