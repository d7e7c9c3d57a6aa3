"""When does a condition hold? Three-valued, plain and compiled alike."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.jurisdiction.compile import predicate
from broker.core.jurisdiction.conditions import OPS, Tri, evaluate, unknowns
from broker.core.jurisdiction.facts import FactValue
from broker.core.jurisdiction.pack import Always, Comparison, Condition, Group, Not

MEMBERS = {"coc": frozenset({"CN", "RU"}), "eea": frozenset({"DE", "FR"}), "none": frozenset[str]()}


def both(condition: Condition, facts: Mapping[str, FactValue]) -> Tri:
    """The answer of the plain reading, which must be that of the closure."""
    plain = evaluate(condition, facts, MEMBERS)
    assert predicate(condition, MEMBERS)(facts) is plain
    return plain


def compare(fact: str, op: str, value: FactValue | None = None, *lists: str) -> Comparison:
    return Comparison(fact=fact, op=op, value=value, lists=lists)


COUNTRY, LIST, OWNERS = "recipient.country", "data.origin_countries", "recipient.control_countries"
NUMBER, FLAG, WORD, EVIDENCE = "data.n_sequenced", "recipient.suspended", "data.category", "evidence"
A, B = "a.signed", "b.signed"

TABLE: list[tuple[Comparison, FactValue | None, Tri]] = [
    (compare(WORD, "eq", "genomic"), "genomic", True),
    (compare(WORD, "eq", "genomic"), "proteomic", False),
    (compare(WORD, "eq", "genomic"), None, None),
    (compare(NUMBER, "eq", 5), 5, True),
    (compare(WORD, "ne", "genomic"), "proteomic", True),
    (compare(WORD, "ne", "genomic"), "genomic", False),
    (compare(WORD, "ne", "genomic"), None, None),
    (compare(COUNTRY, "in", ("CN",)), "CN", True),
    (compare(COUNTRY, "in", None, "coc"), "DE", False),
    (compare(COUNTRY, "in", None, "coc", "eea"), "DE", True),
    (compare(COUNTRY, "in", None, "none"), "DE", False),
    (compare(COUNTRY, "in", None, "coc"), None, None),
    (compare(COUNTRY, "not_in", None, "coc"), "DE", True),
    (compare(COUNTRY, "not_in", None, "coc"), "CN", False),
    (compare(COUNTRY, "not_in", None, "coc"), None, None),
    *[
        (compare(NUMBER, op, 500), number, held)
        for op, answers in {
            "gt": (False, False, True),
            "gte": (False, True, True),
            "lt": (True, False, False),
            "lte": (True, True, False),
        }.items()
        for number, held in zip((499, 500, 501), answers, strict=True)
    ],
    (compare(NUMBER, "gt", 500), None, None),
    (compare(NUMBER, "lt", 1), 0, True),
    (compare(FLAG, "is_true"), True, True),
    (compare(FLAG, "is_true"), False, False),
    (compare(FLAG, "is_true"), None, None),
    (compare(FLAG, "is_false"), False, True),
    (compare(FLAG, "is_false"), True, False),
    (compare(FLAG, "is_false"), None, None),
    (compare(FLAG, "exists"), False, True),
    (compare(FLAG, "exists"), None, False),
    (compare(EVIDENCE, "exists"), (), True),
    (compare(FLAG, "missing"), False, False),
    (compare(FLAG, "missing"), None, True),
    (compare(EVIDENCE, "missing"), (), False),
    # has: all are present; lacks: at least one is absent
    (compare(EVIDENCE, "has", (A, B)), (A, B, "c.d"), True),
    (compare(EVIDENCE, "has", (A, B)), (A,), False),
    (compare(EVIDENCE, "has", (A, B)), (), False),
    (compare(EVIDENCE, "has", (A, B)), None, None),
    (compare(EVIDENCE, "lacks", (A, B)), (A, B), False),
    (compare(EVIDENCE, "lacks", (A, B)), (A,), True),
    (compare(EVIDENCE, "lacks", (A, B)), (), True),
    (compare(EVIDENCE, "lacks", (A, B)), None, None),
    (compare(LIST, "any_in", None, "coc"), ("DE", "CN"), True),
    (compare(LIST, "any_in", None, "coc"), ("DE",), False),
    (compare(LIST, "all_in", None, "eea"), ("DE", "FR"), True),
    (compare(LIST, "all_in", None, "eea"), ("DE", "CN"), False),
    (compare(LIST, "all_in", ("CN",), "eea"), ("DE", "CN"), True),
    (compare(LIST, "none_in", None, "coc"), ("DE",), True),
    (compare(LIST, "none_in", None, "coc"), ("DE", "CN"), False),
    # an empty or missing list says nothing, but for owners: a stated emptiness means that there are none
    *[(compare(LIST, op, None, "coc"), value, None) for op in ("any_in", "all_in", "none_in") for value in ((), None)],
    *[(compare(OWNERS, op, None, "coc"), None, None) for op in ("any_in", "all_in", "none_in")],
    (compare(OWNERS, "any_in", None, "coc"), (), False),
    (compare(OWNERS, "all_in", None, "coc"), (), True),
    (compare(OWNERS, "none_in", None, "coc"), (), True),
]


@pytest.mark.parametrize(("test", "value", "held"), TABLE, ids=map(str, range(len(TABLE))))
def test_a_comparison_holds_as_the_language_says(test: Comparison, value: FactValue | None, held: Tri) -> None:
    facts = {} if value is None else {test.fact: value}
    assert both(test, facts) is held


def test_every_comparison_of_the_language_is_in_the_table() -> None:
    assert {test.op for test, _, _ in TABLE} == set(OPS)


YES, NO, UNKNOWN = compare(FLAG, "is_true"), compare(FLAG, "is_false"), compare(WORD, "eq", "genomic")
KNOWN: Mapping[str, FactValue] = {FLAG: True}


@pytest.mark.parametrize(
    ("parts", "every", "some"),
    [
        ((YES, YES), True, True),
        ((YES, NO), False, True),
        ((NO, NO), False, False),
        ((YES, UNKNOWN), None, True),
        ((UNKNOWN, YES), None, True),
        ((NO, UNKNOWN), False, None),
        ((UNKNOWN, NO), False, None),
        ((UNKNOWN, UNKNOWN), None, None),
        ((YES,), True, True),
    ],
)
def test_an_unknown_part_matters_only_where_the_others_do_not_settle_it(
    parts: tuple[Comparison, ...], every: Tri, some: Tri
) -> None:
    assert both(Group(of="all", conditions=parts), KNOWN) is every
    assert both(Group(of="any", conditions=parts), KNOWN) is some


@pytest.mark.parametrize(("part", "held"), [(YES, False), (NO, True), (UNKNOWN, None), (Always(), False)])
def test_not_turns_yes_and_no_around_and_leaves_unknown(part: Condition, held: Tri) -> None:
    assert both(Not(condition=part), KNOWN) is held


def test_only_what_would_settle_a_condition_is_asked_for() -> None:
    settled = Group(of="any", conditions=(YES, UNKNOWN))
    open_ = Group(of="all", conditions=(settled, Not(condition=compare("evidence", "has", (A,)))))
    assert unknowns(open_, KNOWN, MEMBERS) == ("evidence",)
    assert unknowns(settled, KNOWN, MEMBERS) == ()
    places = compare("derived.access_countries", "all_in", None, "eea")
    assert unknowns(places, {"recipient.country": "DE"}, MEMBERS) == (
        "recipient.individual_location",
        "request.processing_country",
    )


VALUES: Mapping[str, st.SearchStrategy[FactValue]] = {
    COUNTRY: st.sampled_from(["CN", "DE", "SG"]),
    LIST: st.lists(st.sampled_from(["CN", "DE", "SG"])).map(tuple),
    OWNERS: st.lists(st.sampled_from(["CN", "DE"])).map(tuple),
    NUMBER: st.sampled_from([499, 500, 501]),
    FLAG: st.booleans(),
    EVIDENCE: st.lists(st.sampled_from([A, B])).map(tuple),
}
COMPARISONS = st.sampled_from([test for test, _, _ in TABLE if test.fact in VALUES])
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        inner.map(lambda each: Not(condition=each)),
        st.builds(
            lambda of, parts: Group(of=of, conditions=tuple(parts)),
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=6,
)
FACTS: st.SearchStrategy[dict[str, FactValue]] = st.fixed_dictionaries({}, optional=dict(VALUES))


@given(condition=CONDITIONS, facts=FACTS)
@settings(max_examples=150)
def test_the_compiled_condition_answers_as_the_plain_reading_does(
    condition: Condition, facts: dict[str, FactValue]
) -> None:
    held = both(condition, facts)
    assert (unknowns(condition, facts, MEMBERS) == ()) is (held is not None)


@given(condition=CONDITIONS, facts=FACTS, more=FACTS)
@settings(max_examples=150)
def test_learning_a_fact_never_overturns_what_was_settled(
    condition: Condition, facts: dict[str, FactValue], more: dict[str, FactValue]
) -> None:
    if any(op in str(condition) for op in ("'exists'", "'missing'")):
        return
    held = both(condition, facts)
    if held is not None:
        assert both(condition, {**more, **facts}) is held
