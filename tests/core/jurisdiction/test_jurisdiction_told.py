"""Where each problem of a pack is told, and in which words: whoever mends it must find the very place."""

from copy import deepcopy
from typing import Any

import pytest

from broker.core.jurisdiction.lint import lint
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.reading import Where
from tests.core.jurisdiction.jurisdiction_world import Raw, no_line, pack, raw_pack, rule
from tests.core.jurisdiction.test_jurisdiction_lint import COUNTRY_IS_CN, changed, is_, places, problems, put

FULL = raw_pack(
    effective={"from": "2020-01-01", "to": "2030-01-01"},
    review={"owner": "Us", "reviewed_by": "Ada", "reviewed_on": "2026-01-01", "next_review_due": "2026-12-31"},
    sources=[{"id": "law", "cite": "A law", "quality": "primary", "url": "https://law.example/1"}],
    lists={"eea": {"as_of": "2026-01-01", "source": "law", "items": ["DE", {"code": "GB", "from": "2021-01-01", "to": "2022-01-01"}]}},
    answers_for=["DE"],
    always=[{"when": COUNTRY_IS_CN, "obligations": ["report"]}],
    decide=[
        {**rule("no", "deny", {"any": [COUNTRY_IS_CN, is_("recipient.country", "in", list=["eea"]), is_("recipient.country", "in", list="eea")]}), "mandatory": True},
        rule("less", "limit_modality", {"not": {"all": [is_("recipient.country", "in", value=["CN", "HK"]), is_("recipient.suspended", "is_true")]}}, obligations=["report"], on_unknown="refer", mandatory=True),
        rule("paper", "await", is_("data.n_sequenced", "gt", value=5), mandatory=True),
        rule("ask", "refer", is_("data.category", "eq", value="genomic"), mandatory=True),
        {**rule("ok", "permit", obligations=["report"], explain={"researcher": "r", "dac": "d", "subject": "s"}), "basis": {"source": "law", "pinpoint": "1"}},
    ],
)  # fmt: skip
NO_VALUE_OF_ANYTHING = 7.5
PLACES = [path for path in places(FULL) if path]


def field(path: Where) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]


def test_the_pack_that_is_harmed_below_is_good() -> None:
    found = lint(deepcopy(FULL), no_line)
    assert isinstance(found, Pack), found
    assert found.rules[-1].explain == {"researcher": "r", "dac": "d", "subject": "s"}
    assert (found.sources["law"].url, found.rules[-1].basis.pinpoint) == ("https://law.example/1", "1")


@pytest.mark.parametrize("path", PLACES, ids=field)
def test_what_is_wrong_is_told_at_its_very_place(path: Where) -> None:
    assert field(path) in [where for where, _ in problems(put(deepcopy(FULL), path, NO_VALUE_OF_ANYTHING))]


@pytest.mark.parametrize("path", PLACES, ids=field)
def test_a_member_that_nobody_knows_is_told_at_its_very_place(path: Where) -> None:
    harmed = deepcopy(FULL)
    at: Any = harmed
    for step in path:
        at = at[step]
    if isinstance(at, dict) and path != ("lists",):
        at["colour"] = "red"
        assert (f"{field(path)}.colour", "nobody knows this member") in problems(harmed)


TEXT = "text is wanted here; quote what looks like a number or a truth value"
NAME = "a name of small letters, digits and dashes is wanted here"
DATE = "a date like 2026-11-21 is wanted here"
TOLD: list[tuple[Where, Any, str, str]] = [
    (("title",), 7, "title", TEXT),
    (("id",), "My Pack", "id", NAME),
    (("as_of",), "soon", "as_of", DATE),
    (("decide", 0, "mandatory"), "yes", "decide[0].mandatory", "true or false is wanted here"),
    (("decide",), [], "decide", "an empty list"),
    (("status",), "new", "status", "one of example, retired, reviewed is wanted here"),
    (("lists",), [], "lists", "a mapping is wanted here"),
    (("effective", "to"), "2020-01-01", "effective.to", "ends before it begins"),
    (("effective", "to"), "never", "effective.to", DATE),
    (("decide", 0, "when"), is_("recipient.country", "gt", value=3), "decide[0].when.op", "gt does not fit recipient.country, which is a country"),
    (("law_status",), "superseded", "effective.to", "a superseded law has an end"),
    (("review", "reviewed_on"), "2027-01-01", "review.next_review_due", "due before it was reviewed"),
    (("lists", "eea", "items", 1), {"code": "GB", "from": "2026-01-02", "to": "2026-01-01"}, "lists.eea.items[1].to", "ends before it begins"),
    (("default_effect",), "deny", "default_effect", "write a last rule with when: true, and its proportionality"),
    (("default_reason",), ..., "default_effect", "a permit needs its default_reason"),
    (("regime", "kind"), "ethics", "answers_for", "a pack of kind ethics answers for no country"),
    (("decide", 0, "when"), "true", "decide[0].when", "a condition is wanted here: true, all, any, not, or a fact with an op"),
    (("decide", 0, "when"), is_("data.category", "in", list="eea"), "decide[0].when.list", "lists hold countries, and this fact is none"),
    (("decide", 0, "when"), is_("data.n_sequenced", "gt", value="5"), "decide[0].when.value", "a whole number is wanted here"),
    (("decide", 0, "when"), is_("data.n_sequenced", "gt"), "decide[0].when", "gt takes a value"),
    (("decide", 1, "on_unknown"), "apply", "decide[1].on_unknown", "apply on permit: a fact that nobody stated would let data out"),
    (("decide", 0, "basis", "source"), "gossip", "decide[0].basis.source", "no source of this pack has that id"),
    (("decide", 1, "id"), "applies_when", "decide[1].id", "applies_when is the engine's own word"),
    (("decide", 1, "id"), "default", "decide[1].id", "default is the engine's own word"),
    (("decide", 1, "proportionality"), {}, "decide[1].proportionality", "means nothing for permit"),
    (("decide", 0, "obligations"), ["report"], "decide[0].obligations", "means nothing for deny"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "where", "message"), TOLD, ids=[f"{row[2]}: {row[3]}" for row in TOLD])
def test_each_problem_is_told_in_its_own_words(path: Where, value: Any, where: str, message: str) -> None:
    assert (where, message) in problems(changed(path, value))


FINE: list[tuple[Where, Any]] = [
    (("review",), {"owner": None, "reviewed_by": None, "reviewed_on": "2026-12-31", "next_review_due": "2026-12-31"}),
    (("lists", "eea", "items", 1), {"code": "GB", "from": "2026-01-02", "to": "2026-01-02"}),
    (("lists", "eea", "items"), [{"code": "DE", "to": "2026-01-01"}, {"code": "DE", "from": "2026-01-02"}]),
    (("lists", "eea", "items"), [{"code": "DE", "from": "2026-01-02"}, {"code": "DE", "to": "2026-01-01"}]),
    (("decide", 0, "when"), {"all": [COUNTRY_IS_CN]}),
    (("decide", 0, "when"), is_("recipient.country", "in", list=["eea"])),
    (("decide", 0, "when"), is_("data.n_sequenced", "gt", value=0)),
    (("decide", 0, "when"), is_("recipient.suspended", "is_true")),
    (("decide", 0, "when"), is_("recipient.suspended", "is_false")),
    (("decide", 1, "when"), is_("recipient.country", "exists")),
    (("decide", 0, "when"), is_("recipient.country", "missing")),
    (("decide", 1, "explain"), {}),
    (("decide", 1, "on_unknown"), "skip"),
]


@pytest.mark.parametrize(("path", "value"), FINE, ids=str)
def test_what_is_just_right_is_no_problem(path: Where, value: Any) -> None:
    assert problems(changed(path, value)) == []


def test_the_last_moment_of_one_entry_is_not_the_first_of_the_next() -> None:
    twice = "DE is on this list twice at the same time"
    early, late = {"code": "DE", "to": "2026-01-01"}, {"code": "DE", "from": "2026-01-01"}
    for items in ([early, late], [late, early]):
        assert problems(changed(("lists", "eea", "items"), items)) == [("lists.eea.items[1]", twice)]


@pytest.mark.parametrize("jurisdiction", ["EU", "community", "*", "DE"])
def test_a_regime_is_of_a_country_the_union_a_community_or_everywhere(jurisdiction: str) -> None:
    regime = {"jurisdiction": jurisdiction, "instrument": "A law", "kind": "data_protection"}
    assert problems(raw_pack(regime=regime)) == []


@pytest.mark.parametrize("of", ["all", "any"])
def test_all_is_all_and_any_is_any(of: str) -> None:
    (made, *_) = pack(decide=[rule("no", "deny", {of: [COUNTRY_IS_CN] * 2}), rule("ok", "permit")]).rules
    assert made.when.of == of  # type: ignore[union-attr]


def test_a_limit_may_name_one_way_alone() -> None:
    less = rule("less", "limit_modality", modalities=["aggregate"])
    assert pack(decide=[less, rule("ok", "permit")]).rules[0].modalities == ("aggregate",)


def test_after_the_rule_that_decides_all_only_the_first_is_told() -> None:
    raw = raw_pack(decide=[rule("ok", "permit"), rule("b", "permit"), rule("c", "permit")])
    assert problems(raw) == [("decide[1]", "never reached: ok decides everything before it")]


def test_a_refusal_has_its_proportionality_and_nothing_else_has_one() -> None:
    no, ok = pack(decide=[rule("no", "deny", COUNTRY_IS_CN), rule("ok", "permit")]).rules
    assert no.proportionality is not None
    assert ok.proportionality is None


def test_on_one_line_problems_come_in_the_order_of_their_fields_and_words() -> None:
    raw: Raw = {**raw_pack(), "title": 1, "id": 1, "version": 1, "decide": [{**rule("ok", "permit"), "effect": "deny"}]}
    found = problems(raw)
    assert [field for field, _ in found] == ["decide[0]", "id", "title", "version"]
    without = {name: value for name, value in raw_pack().items() if name not in {"schema", "id", "as_of"}}
    assert [one for one in problems(without) if one[0] == "file"] == [
        ("file", f"{name} is missing") for name in ("as_of", "id", "schema")
    ]


def test_a_default_that_refuses_is_told_once() -> None:
    (only,) = problems(changed(("default_effect",), "deny"))
    assert only[0] == "default_effect"


SUSPENDED = "recipient.suspended"
UNREADABLE: list[tuple[Any, str, str]] = [
    ("true", "", "a condition is wanted here: true, all, any, not, or a fact with an op"),
    (is_(SUSPENDED, "is_true", value=True), "", "is_true takes neither value nor list"),
    (is_(SUSPENDED, "is_true", list="eea"), "", "is_true takes neither value nor list"),
    (is_(SUSPENDED, "is_true", value=7.5, list=[]), "", "is_true takes neither value nor list"),
    (is_(SUSPENDED, "eq", value="yes"), ".op", "eq does not fit recipient.suspended, which is a flag"),
    ({"fact": "evidence", "op": "missing", "of": 1}, ".of", "nobody knows this member"),
]


@pytest.mark.parametrize(("when", "member", "message"), UNREADABLE, ids=str)
def test_what_is_wrong_with_a_condition_is_told_once_and_nothing_follows_from_it(
    when: Any, member: str, message: str
) -> None:
    assert problems(changed(("decide", 0, "when"), when)) == [(f"decide[0].when{member}", message)]
