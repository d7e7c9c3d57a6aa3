"""Diseases by their names: whole names are understood, anything less is a list to choose from."""

from collections.abc import Iterator

import pytest

from broker.core.duo.called import Diseases, is_code
from broker.core.duo.release import Stanza, build
from tests import builders as b

CANCER, BREAST, MELANOMA = "MONDO:0004992", "MONDO:0004989", "MONDO:0005105"
pytestmark = pytest.mark.row("PAG-DISEASES")


@pytest.fixture(scope="module", name="all_of_them")
def _all_of_them() -> Diseases:
    return Diseases(b.ontology())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("breast carcinoma", BREAST),
        ("  Breast  CARCINOMA ", BREAST),
        ("breast-carcinoma", BREAST),
        ("breast carcinoma (MONDO:0004989)", BREAST),
        (BREAST, BREAST),
        ("http://purl.obolibrary.org/obo/MONDO_0004989", BREAST),
        ("carcinoma of the breast", BREAST),
        ("trisomy 21", "MONDO:0008608"),
        ("breast", None),
        ("retinoblast", None),
        ("", None),
        ("()", None),
        ("breast carcinoma (and others)", None),
        ("carcinoma of the breast (MONDO:0004989)", BREAST),
        ("(MONDO:0004989)", BREAST),
        ("asthma (MONDO:0005105)", None),
        ("MONDO:9999999", None),
    ],
)
def test_a_whole_name_or_a_code_is_taken_and_nothing_less(all_of_them: Diseases, typed: str, meant: str | None) -> None:
    assert all_of_them.meant(typed) == meant


def test_a_name_that_several_have_is_none_and_a_label_comes_before_another_name() -> None:
    two = [Stanza(id="D:1", label="Ménière", synonyms=("vertigo",)), Stanza(id="D:2", label="b", synonyms=("vertigo",))]
    assert Diseases(build("v", two)).meant("vertigo") is None
    assert Diseases(build("v", two)).meant("meniere") == "D:1"
    assert Diseases(build("v", [*two, Stanza(id="D:3", label="Vertigo")])).meant("vertigo") == "D:3"


def test_a_plus_makes_another_disease_of_a_name_and_a_dash_does_not() -> None:
    found = Diseases(build("v", [Stanza(id="D:1", label="HER2+ breast cancer")]))
    assert found.meant("her2+ breast cancer") == "D:1"
    assert [found.meant(name) for name in ("HER2- breast cancer", "HER2 breast cancer")] == [None, None]
    assert found.like("her2+ breast", 5) == found.like("her2 breast", 5) == ["D:1"]


class _Walked(list[str]):
    def __iter__(self) -> Iterator[str]:
        raise AssertionError("all names are gone through")


def test_whose_whole_name_it_is_is_known_without_going_through_all_names() -> None:
    """Whoever sends two hundred names would else hold everybody up."""
    found = Diseases(b.ontology())
    found._names = _Walked(found._names)
    with pytest.raises(AssertionError):
        found.having(["canc"])
    assert found.meant("breast carcinoma") == found.meant("breast carcinoma (MONDO:0004989)") == BREAST
    assert found.meant("nothing of the kind") is None


def test_what_is_like_it_comes_nearest_first_and_no_more_than_asked(all_of_them: Diseases) -> None:
    assert all_of_them.like("melanoma", 20)[0] == MELANOMA
    assert all_of_them.told(all_of_them.like("cancer breast", 5)[0]) == "breast cancer (MONDO:0007254)"
    assert all_of_them.like("heart attack", 5) == ["MONDO:0005068"]
    assert len(all_of_them.like("disease", 3)) == 3
    assert all_of_them.like("d", 3) == [], "one letter is in nearly all of them"
    assert all_of_them.like("nothing of the kind", 3) == []


def test_data_for_a_disease_are_data_for_what_is_a_kind_of_it(all_of_them: Diseases) -> None:
    assert {CANCER, BREAST} <= all_of_them.wider(BREAST)
    assert BREAST not in all_of_them.wider(CANCER)
    assert all_of_them.wider("OMIM:1") == {"OMIM:1"}
    numbers = all_of_them.ontology.numbers
    having = all_of_them.having(["canc", "cancer", "-"])
    assert having[numbers[CANCER]] == 0b011
    assert having[numbers[BREAST]] & 0b010 == 0
    assert set(all_of_them.around(BREAST)) == {numbers[one] for one in all_of_them.wider(BREAST)}
    assert all_of_them.around("OMIM:1") == ()


def test_codes_are_known_by_how_they_are_written() -> None:
    assert is_code("MONDO:1")
    assert not is_code("breast: carcinoma")
    assert not is_code("breast")
