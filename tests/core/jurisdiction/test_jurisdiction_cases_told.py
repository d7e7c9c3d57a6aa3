"""Where each problem of a pack's own cases is told, and which cases a pack cannot do without."""

from copy import deepcopy
from typing import Any

import pytest

from broker.core.jurisdiction.pack import Pack, facts_read
from broker.core.jurisdiction.pack_cases import check_cases
from broker.core.jurisdiction.reading import Where
from tests.core.jurisdiction.jurisdiction_world import Raw, no_line, pack, rule
from tests.core.jurisdiction.test_jurisdiction_lint import is_
from tests.core.jurisdiction.test_jurisdiction_packs import COUNTED, FULL, case

Told = list[tuple[str, str]]


def told(pack: Pack, cases: object) -> Told:
    return [(each.field, each.message) for each in check_cases(pack, cases, no_line)]


def first(**changes: Any) -> Raw:
    """The good cases with the first of them changed."""
    return {**FULL, "cases": [{**FULL["cases"][0], **changes}, *FULL["cases"][1:]]}


COUNTRY = 'a country code of ISO 3166-1 is wanted here, in quotes if it reads as a word ("NO")'
NAME = "a name of small letters, digits and dashes is wanted here"
WRONG: list[tuple[Raw, str, str]] = [
    (first(facts={"data.n_sequencd": 3}), "cases[0].facts.data.n_sequencd", "no such fact"),
    (first(facts={"recipient.country": "UK"}), "cases[0].facts.recipient.country", "has not its form"),
    (first(expect={}), "cases[0].expect", "rule is missing"),
    (first(expect={"rule": "few", "missing": [7]}), "cases[0].expect.missing[0]", NAME),
    (first(expect={"rule": "few", "evidence": [7]}), "cases[0].expect.evidence[0]", NAME),
    (first(expect={"rule": "good"}), "cases[0].expect", "rule: good wanted, few decides"),
    (first(expect={"rule": "few", "missing": ["b.b", "a.a"]}), "cases[0].expect", "missing: b.b, a.a wanted, none given"),
    (first(facts={"data.n_sequenced": None, "recipient.country": None}, expect={"rule": "few"}), "cases[0].expect", "missing: none wanted, recipient.country given"),
    (first(expect={"rule": "few", "evidence": ["a.b"]}), "cases[0].expect", "evidence: a.b wanted, none given"),
    (first(expect={"rule": "few", "obligations": ["publish"]}), "cases[0].expect", "obligations: publish wanted, report given"),
    (first(lists=7), "cases[0].lists", "a mapping is wanted here"),
    (first(lists={"good": 7}), "cases[0].lists.good", "a list is wanted here"),
    (first(lists={"good": ["UK"]}), "cases[0].lists.good[0]", COUNTRY),
    (first(profile="nowhere"), "cases[0]", "no profile nowhere"),
    (first(weight=3), "cases[0].weight", "nobody knows this member"),
    ({**FULL, "cases": []}, "cases", "an empty list"),
    ({**FULL, "schema": "x"}, "schema", "one of broker.policy-cases/1 is wanted here"),
    ({**FULL, "pack": "other"}, "pack", "one of test-pack is wanted here"),
]  # fmt: skip


@pytest.mark.parametrize(("cases", "where", "message"), WRONG, ids=[f"{row[1]}: {row[2]}" for row in WRONG])
def test_what_is_wrong_with_a_case_is_told_at_its_very_place(cases: Raw, where: str, message: str) -> None:
    assert (where, message) in told(COUNTED, cases)


def test_problems_come_in_the_order_of_their_lines_fields_and_words() -> None:
    lines: dict[Where, int] = {("cases", 2): 1}
    cases = deepcopy(first(weight=3, id=7, expect={}, colour="red"))
    cases["cases"] = cases["cases"][:3]
    cases["cases"][2] |= {"profile": "nowhere"}
    found = check_cases(COUNTED, cases, lambda where: lines.get(where, 5))
    kept = [(one.line, one.field, one.message) for one in found]
    assert kept == sorted(kept)
    assert kept[0] == (1, "cases[2]", "no profile nowhere")
    gaps = [one.message for one in found if one.field == "cases"]
    assert gaps == sorted(gaps)
    assert len(gaps) > 1
    fields = [one.field for one in found]
    assert len(set(fields)) > 3
    assert fields.count("cases[0].expect") > 1


NUMBERS = {"gt": (5, 6), "lte": (5, 6), "gte": (4, 5), "lt": (4, 5), "eq": (5, 6), "ne": (5, 6)}


@pytest.mark.parametrize("place", ["rule", "applies_when", "duty"])
@pytest.mark.parametrize(("op", "sides"), NUMBERS.items())
def test_both_sides_of_each_kind_of_threshold_are_wanted_wherever_it_stands(
    op: str, sides: tuple[int, int], place: str
) -> None:
    when = is_("data.n_sequenced", op, value=5)
    every: dict[str, dict[str, Any]] = {
        "rule": {"decide": [rule("no", "deny", when), rule("ok", "permit")]},
        "applies_when": {"applies_when": when},
        "duty": {"always": [{"when": when, "obligations": ["report"]}]},
    }
    found = [message for _, message in told(pack(**every[place]), FULL) if "threshold" in message]
    assert found == [f"no case with data.n_sequenced {side}, next to a threshold" for side in sides]


def test_below_nothing_there_is_no_other_side() -> None:
    for value, wanted in ((0, [0]), (1, [0, 1])):
        some = pack(decide=[rule("no", "deny", is_("data.n_sequenced", "lt", value=value)), rule("ok", "permit")])
        found = [message for _, message in told(some, FULL) if "threshold" in message]
        assert found == [f"no case with data.n_sequenced {side}, next to a threshold" for side in wanted]


def test_both_sides_of_the_day_from_which_an_entry_is_on_a_list_are_wanted() -> None:
    some = pack(
        lists={"eea": {"as_of": "2026-01-01", "source": "law", "items": [{"code": "GB", "from": "2026-03-01"}]}}
    )
    days = [message for _, message in told(some, FULL) if "changes" in message]
    for day in ("2026-02-28", "2026-03-01"):
        assert f"no case on {day}, next to a date on which something changes" in days


def test_one_case_is_enough_for_a_pack_that_needs_no_more() -> None:
    some = pack(applies_when=is_("recipient.country", "eq", value="FR"))
    rows = [
        case("before", "none", at="2019-12-31"),
        case("since", "ok", at="2020-01-01"),
        case("unknown", "applies_when", facts={"recipient.country": None}, missing=["recipient.country"]),
    ]
    assert told(some, {**FULL, "cases": rows}) == []
    assert ("cases", "an empty list") not in told(some, {**FULL, "cases": rows[:1]})


NONE_APPLY = "the pack applies to none of these cases; look at its applies_when before anything below"
NO_DAY = "the pack is in force on no day of these cases; look at its effective before anything below"
BRAZIL = is_("recipient.country", "eq", value="BR")
LATER = {"effective": {"from": "2090-01-01", "to": None}, "law_status": "adopted_not_applicable"}
SILENT: list[tuple[dict[str, Any], list[str | None], str]] = [
    ({"applies_when": BRAZIL}, [None, None], NONE_APPLY),
    ({"applies_when": BRAZIL}, ["1990-01-01", None], NONE_APPLY),
    (LATER, [None, None], NO_DAY),
    (LATER, [None, "2091-01-01"], ""),
]


@pytest.mark.parametrize(
    ("changes", "days", "message"), SILENT, ids=["applies_when", "one day of two", "effective", "said"]
)
def test_a_pack_that_says_nothing_to_any_case_is_told_so_before_what_follows_from_it(
    changes: dict[str, Any], days: list[str | None], message: str
) -> None:
    """A fork with a slip in its first condition had 65 problems, and none of them named the cause."""
    lines: dict[Where, int] = {("pack",): 2}
    rows = [case(f"c{n}", "few", **({"at": day} if day else {})) for n, day in enumerate(days)]
    found = check_cases(pack(**changes), {**FULL, "cases": rows}, lambda where: lines.get(where, 9))
    assert [one.message for one in found if one.field == "pack"] == ([message] if message else [])
    assert len(found) > len(rows)
    assert (found[0].field == "pack") is bool(message)


def test_the_facts_that_a_pack_reads_are_those_of_all_its_conditions() -> None:
    some = pack(
        applies_when=is_("recipient.suspended", "is_false"),
        always=[{"when": is_("data.n_sequenced", "gt", value=5), "obligations": ["report"]}],
        decide=[rule("no", "deny", is_("recipient.country", "eq", value="CN")), rule("ok", "permit")],
    )
    read = {"recipient.suspended", "data.n_sequenced", "recipient.country"}
    assert read <= set(facts_read(some))
    assert "request.modality" not in facts_read(some)
    limited = pack(decide=[rule("less", "limit_modality"), rule("ok", "permit")])
    assert "request.modality" in facts_read(limited)


def test_what_is_given_instead_is_told_item_by_item() -> None:
    many = [is_("recipient.country", "eq", value="CN"), is_("data.n_sequenced", "gt", value=5)]
    ask = pack(decide=[rule("ask", "refer", {"any": many}), rule("ok", "permit", obligations=["publish", "report"])])
    row = {"id": "a", "facts": {}, "expect": {"rule": "ask"}}
    unknown = "missing: none wanted, recipient.country, data.n_sequenced given"
    assert ("cases[0].expect", unknown) in told(ask, {**FULL, "defaults": {}, "cases": [row]})
    row = {"id": "a", "facts": {"data.n_sequenced": 5}, "expect": {"rule": "ok", "obligations": ["erase"]}}
    assert ("cases[0].expect", "obligations: erase wanted, publish, report given") in told(
        ask, {**FULL, "cases": [row]}
    )
