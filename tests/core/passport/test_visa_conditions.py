"""`conditions`: an OR of ANDs over the other visas of the same Passport (Passport 1.2.1)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.passport import limits
from broker.core.passport.case import judge_conditions
from broker.core.passport.conditions import Candidates, read

FACULTY = {
    "type": "AffiliationAndRole",
    "value": "faculty@uni.example",
    "source": "https://uni.example",
    "by": "so",
    "asserted": 1,
}
STATUS = {"type": "ResearcherStatus", "value": "https://doi.org/x", "source": "https://ga4gh.example", "by": "peer"}
GOOD = {"type": "AffiliationAndRole", "by": "const:so"}
BAD = {"type": "AffiliationAndRole", "by": "const:dac"}

CASES: dict[str, tuple[Any, list[dict[str, Any]], bool]] = {
    "no groups": ([], [], True),
    "one clause": ([[GOOD]], [FACULTY], True),
    "nobody there": ([[GOOD]], [], False),
    "and: both": ([[GOOD, {"type": "ResearcherStatus", "by": "const:peer"}]], [STATUS, FACULTY], True),
    "and: one missing": ([[GOOD, {"type": "ResearcherStatus", "by": "const:self"}]], [STATUS, FACULTY], False),
    "or: the second": ([[BAD], [GOOD]], [FACULTY], True),
    "or: neither": ([[BAD], [BAD]], [FACULTY], False),
    "one visa for all claims of a clause": (
        [[{**GOOD, "value": "const:b@x.example"}]],
        [{**FACULTY, "by": "system", "value": "b@x.example"}, FACULTY],
        False,
    ),
    "one visa for two clauses": ([[GOOD, GOOD]], [FACULTY], True),
    "type alone": ([[{"type": "AffiliationAndRole"}]], [FACULTY], False),
    "no type": ([[{"by": "const:so"}]], [FACULTY], False),
    "empty type": ([[{"type": "", "by": "const:so"}]], [{**FACULTY, "type": ""}], False),
    "empty clause": ([[{}]], [FACULTY], False),
    "type is never prefixed": ([[{"type": "const:AffiliationAndRole", "by": "const:so"}]], [FACULTY], False),
    "a custom type": (
        [[{"type": "https://t.example/x", "value": "const:v"}]],
        [{**FACULTY, "type": "https://t.example/x", "value": "v"}],
        True,
    ),
    "unknown prefix": ([[{**GOOD, "by": "prefix:so"}]], [FACULTY], False),
    "unknown prefix beside a good claim": ([[{**GOOD, "value": "regex:.*"}]], [FACULTY], False),
    "no prefix": ([[{**GOOD, "by": "so"}]], [FACULTY], False),
    "wrong clause spoils its AND": ([[GOOD, {"type": "AffiliationAndRole"}]], [FACULTY], False),
    "wrong clause leaves the other OR": ([[{"type": "AffiliationAndRole"}], [GOOD]], [FACULTY], True),
    "unknown claim": ([[{**GOOD, "sub": "const:alice"}]], [{**FACULTY, "sub": "alice"}], False),
    "asserted": ([[{**GOOD, "asserted": "const:1"}]], [FACULTY], False),
    "conditions on conditions": ([[{**GOOD, "conditions": "const:x"}]], [FACULTY], False),
    "iss is no visa object claim": ([[{**GOOD, "iss": "pattern:*"}]], [{**FACULTY, "iss": "x"}], False),
    "a claim that is absent fits not even a star": (
        [[{"type": "AffiliationAndRole", "by": "pattern:*"}]],
        [{name: value for name, value in FACULTY.items() if name != "by"}],
        False,
    ),
    "a claim that is not named may be absent": (
        [[{"type": "AffiliationAndRole", "value": "pattern:faculty@*"}]],
        [{name: value for name, value in FACULTY.items() if name != "by"}],
        True,
    ),
    "supporters have no conditions": ([[GOOD]], [{**FACULTY, "conditions": [[GOOD]]}], False),
    "nor empty ones": ([[GOOD]], [{**FACULTY, "conditions": []}], False),
    "nor null ones": ([[GOOD]], [{**FACULTY, "conditions": None}], False),
    "empty AND": ([[]], [FACULTY], False),
    "empty AND beside a good one: who wrote that?": ([[], [GOOD]], [FACULTY], False),
    "a claim that is no string, beside a good OR": ([[{**GOOD, "by": ["const:so"]}], [GOOD]], [FACULTY], False),
    "a type that is no string": ([[{**GOOD, "type": None}]], [FACULTY], False),
    "a group that is an object": ([GOOD], [FACULTY], False),
    "a string": ("x", [FACULTY], False),
    "null": (None, [FACULTY], False),
    "true": (True, [FACULTY], False),
    "an object": ({}, [FACULTY], False),
}


@pytest.mark.row("C15", "PC1", "PC6", "PC7", "T106")
@pytest.mark.parametrize("name", CASES)
def test_conditions_are_met_exactly_when_the_standard_says_so(name: str) -> None:
    stated, others, wanted = CASES[name]
    assert judge_conditions(stated, others) is wanted


@pytest.mark.row("C15", "T106")
def test_16_groups_of_16_clauses_are_read_and_no_more() -> None:
    assert read([[GOOD] * limits.CONDITION_CLAUSES] * limits.CONDITION_GROUPS) is not None
    assert read([[GOOD] * (limits.CONDITION_CLAUSES + 1)]) is None
    assert read([[GOOD]] * (limits.CONDITION_GROUPS + 1)) is None


class _Faculty:
    type, value, source, by = "AffiliationAndRole", "faculty@uni.example", None, "so"


def test_work_counts_what_patterns_may_have_to_look_at() -> None:
    candidates: Candidates[Any] = Candidates([_Faculty()] * 3)
    const = read([[GOOD]]) or ()
    pattern = read([[{"type": "AffiliationAndRole", "value": "pattern:ab*"}]]) or ()
    missing = read([[{"type": "ResearcherStatus", "value": "pattern:ab*"}]]) or ()
    assert candidates.work(const) == 3
    assert candidates.work(pattern) == 3 * (1 + 3 + len(_Faculty.value))
    assert candidates.work(missing) == 0


_JSON = st.recursive(
    st.none() | st.integers() | st.sampled_from(["const:so", "pattern:*", "AffiliationAndRole", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "by", "value", "asserted"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.row("T018")
@given(_JSON)
def test_any_value_is_answered(stated: Any) -> None:
    assert judge_conditions(stated, [FACULTY, STATUS]) in (True, False)


@given(_JSON)
def test_more_visas_never_make_met_conditions_unmet(stated: Any) -> None:
    assert judge_conditions(stated, [FACULTY]) <= judge_conditions(stated, [STATUS, FACULTY])
