"""Lists, bases and limits of a record are read strictly, to the last of what they may hold."""

from typing import Any

import pytest

from broker.core.consent.members import MAX_MEMBERS, MAX_TEXT, Members
from broker.core.consent.reading import read_version
from broker.core.consent.reading_parts import read_community, read_legal_basis, read_withdrawal
from broker.core.purpose import Modality
from tests.core.consent.test_consent_records import COMMUNITY, FULL, OF_COMMUNITY

LISTS: list[tuple[Any, bool]] = [
    ([], True),
    (["a"], True),
    (("a", "b"), True),
    (["a"] * MAX_MEMBERS, True),
    (["a"] * (MAX_MEMBERS + 1), False),
    (["a" * MAX_TEXT], True),
    (["a" * (MAX_TEXT + 1)], False),
    (["a", ""], False),
    (["a", 7], False),
    (["a", None], False),
    (["a", ["b"]], False),
    ("a", False),
    ({"a": 1}, False),
]


@pytest.mark.parametrize(("given", "fine"), LISTS, ids=map(str, range(len(LISTS))))
def test_a_list_of_texts_is_taken_as_it_is_or_refused(given: Any, *, fine: bool) -> None:
    members = Members({"x": given}, "here")
    if fine:
        assert members.texts("x") == tuple(given)
    else:
        with pytest.raises(ValueError, match=r"^here\.x: not a list of"):
            members.texts("x")


def test_a_list_that_is_not_there_is_none() -> None:
    assert Members({}, "here").texts("x") is None
    assert Members({"x": None}, "here").texts("x") is None


LIMIT = {"what": "published"}
LABEL = {"label": "x", "modifiers": ["NCU"]}


@pytest.mark.parametrize("given", [7, "x", {"what": "published"}])
def test_limits_and_labels_are_lists_or_nothing(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^here\.approved_limits: not a list of at most 300"):
        read_withdrawal({"kind": "no_further_use", "approved_limits": given}, "here")
    with pytest.raises(ValueError, match=r"^here\.label_defaults: not a list of at most 300"):
        read_community(COMMUNITY | {"label_defaults": given}, "here")


@pytest.mark.parametrize(("number", "fine"), [(MAX_MEMBERS, True), (MAX_MEMBERS + 1, False)])
def test_limits_and_labels_are_as_many_as_a_list_may_hold(number: int, *, fine: bool) -> None:
    withdrawal = {"kind": "no_further_use", "approved_limits": [LIMIT] * number}
    community = COMMUNITY | {"label_defaults": [LABEL] * number}
    if fine:
        read, decided = read_withdrawal(withdrawal), read_community(community, "here")
        assert read is not None
        assert decided is not None
        assert (len(read.approved_limits), len(decided.label_defaults)) == (number, number)
        return
    with pytest.raises(ValueError, match=r"approved_limits: not a list"):
        read_withdrawal(withdrawal)
    with pytest.raises(ValueError, match=r"label_defaults: not a list"):
        read_community(community, "here")


def test_a_basis_that_says_no_type_is_consent_and_says_nothing_else() -> None:
    assert read_legal_basis({}, "here").type == "consent"
    with pytest.raises(ValueError, match=r"^here: unknown member 'colour'"):
        read_legal_basis({"colour": "red"}, "here")


def test_every_way_of_access_may_be_listed() -> None:
    ways = [way.value for way in Modality]
    found = read_version(FULL | {"scope": {"answers": {"modalities": ways}}})
    assert found.scope.modalities == frozenset(Modality)


def test_a_waiver_may_be_overridden_by_a_law_as_an_opt_out_may() -> None:
    assert read_version(FULL | {"model": "waiver"}).override == read_version(FULL).override


def test_what_a_signed_label_stands_for_is_asked_beside_what_the_record_says() -> None:
    found = read_version(OF_COMMUNITY | {"scope": {"modifiers": ["NPU", "NCU"]}})
    assert [term.name for term in found.scope.modifiers] == ["NPU", "NCU"]
    more = read_version(OF_COMMUNITY | {"scope": {"modifiers": ["NPU"]}})
    assert [term.name for term in more.scope.modifiers] == ["NPU", "NCU"]
