"""One permission code alone, where another check of the whole match would say the same or hide what it says."""

import pytest

from broker.core.duo.match import Verdict, match
from broker.core.duo.opinion import combine
from broker.core.duo.permissions import permission_opinions
from broker.core.duo.release import Stanza, build
from broker.core.duo.terms import parse_terms
from tests.core.duo.duo_world import CANCER, MELANOMA, ONTOLOGY, asking, codes, judged

DS = {"code": "DS", "diseases": [CANCER]}


@pytest.mark.parametrize("kind", ["methods", "age_category", "gender_category"])
def test_a_way_of_working_without_a_disease_is_asked_what_it_is_for(kind: str) -> None:
    wanted = "DUO-METHODS-UNCLEAR" if kind == "methods" else "DUO-PURPOSE-UNCLEAR"
    assert codes(judged([DS], kinds=[kind])) == [wanted]
    assert judged([DS], kinds=[kind], diseases=[MELANOMA]).verdict is Verdict.PERMIT


def test_a_disease_code_without_a_disease_is_for_a_person_even_if_asked_alone() -> None:
    (bare,) = parse_terms(["DS"])
    found = combine(permission_opinions(bare, asking(kinds=["disease"], diseases=[CANCER]), ONTOLOGY, care=False))
    assert (found.verdict, codes(found)) == (Verdict.REVIEW, ["DUO-PARAMETER-MISSING"])


@pytest.mark.parametrize(
    ("diseases", "verdict"),
    [
        (["D:1"], Verdict.PERMIT),
        (["D:3"], Verdict.REVIEW),
        (["D:1", "D:3"], Verdict.PERMIT),
        (["D:2", "D:3"], Verdict.PERMIT),
        (["D:3", "D:4"], Verdict.REVIEW),
    ],
)
def test_where_nobody_knows_what_else_a_disease_is_one_that_covers_it_is_enough(
    diseases: list[str], verdict: Verdict
) -> None:
    under_an_unknown_parent = Stanza(id="D:2", parents=("D:1", "D:9"))
    ontology = build("v", [Stanza(id="D:1"), under_an_unknown_parent, Stanza(id="D:3"), Stanza(id="D:4")])
    terms = parse_terms([{"code": "DS", "diseases": diseases}])
    assert match(terms, asking(kinds=["disease"], diseases=["D:2"]), ontology).verdict is verdict


def test_who_does_not_say_whether_a_topic_is_sensitive_is_told_what_is_missing() -> None:
    unsaid = judged(["GRU"], sensitive=None)
    assert (unsaid.missing, codes(unsaid)) == (("purpose.sensitive",), ["DUO-SENSITIVE-UNSTATED"])
