"""Use conditions of other systems, codes and closures, as somebody may send them: read, or refused with a ValueError."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.duo.adam import read_matrix
from broker.core.duo.closure import ClosureError, decode, encode
from broker.core.duo.duc import read_profile
from broker.core.duo.duc_form import UNSTATED_FORBIDDEN
from broker.core.duo.foreign import Imported
from broker.core.duo.match import match
from broker.core.duo.release import Stanza, build
from broker.core.duo.terms import parse_terms
from tests.core.duo.duo_world import ONTOLOGY, asking
from tests.core.duo.test_duo_adam import FULL, MEANINGS
from tests.core.duo.test_duo_duc import FOR_A_PERSON, SILENT, one, profile
from tests.core.duo.test_duo_duc import MEANINGS as CONDITIONS
from tests.fuzz.mutants import changed, values

HONEST = [*(condition for condition, _ in CONDITIONS), *FOR_A_PERSON, *SILENT]
conditions = st.sampled_from(HONEST).flatmap(changed)
profiles = st.lists(conditions, min_size=1, max_size=3).flatmap(
    lambda some: changed(profile(one("GRU"), *some, assets=[{"assetName": "a"}], permissionMode=UNSTATED_FORBIDDEN))
)
MATRICES = [FULL, *[matrix for matrix, _ in MEANINGS]]


def _sections(matrix: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: changed(section) for name, section in matrix.items()})


CLOSURE = encode(build("v", [Stanza(id="D:1"), Stanza(id="D:2", parents=("D:1",), same=("OMIM:1",))]), "s")


def _refused_or_read(read: Callable[[object], Imported], raw: Any) -> None:
    try:
        found = read(raw)
    except ValueError:
        return
    assert all(term.code for term in found.terms)
    match(found.terms, asking(), ONTOLOGY)
    assert parse_terms([term.code for term in found.terms]) is not None


@pytest.mark.parametrize("read", [read_profile, read_matrix])
@given(raw=values)
def test_any_value_is_read_or_refused(read: Callable[[object], Imported], raw: Any) -> None:
    _refused_or_read(read, raw)


@given(raw=profiles)
def test_a_profile_that_was_tampered_with_is_read_or_refused(raw: Any) -> None:
    _refused_or_read(read_profile, raw)


@given(raw=st.one_of([_sections(matrix) for matrix in MATRICES]))
def test_a_matrix_that_was_tampered_with_is_read_or_refused(raw: Any) -> None:
    _refused_or_read(read_matrix, raw)


@given(raw=values)
def test_any_list_of_codes_is_read_or_refused(raw: Any) -> None:
    try:
        terms = parse_terms(raw)
    except ValueError:
        return
    match(terms, asking(), ONTOLOGY)


@given(
    raw=st.one_of(
        st.binary(max_size=300), st.integers(0, len(CLOSURE)).map(lambda end: CLOSURE[:end] + CLOSURE[end + 1 :])
    )
)
def test_any_bytes_are_a_closure_or_refused(raw: bytes) -> None:
    try:
        found = decode(raw, "s")
    except ClosureError:
        return
    assert found.names == ("D:1", "D:2")
