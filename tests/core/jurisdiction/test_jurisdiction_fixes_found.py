"""Is nothing that would help left out, and is the least told first? Small packs, each with the one thing that helps."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from broker.core.jurisdiction.facts import Facts, FactValue
from broker.core.jurisdiction.fixes import fixes, lawful
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.jurisdiction.verdict import Branch
from tests.core.jurisdiction.jurisdiction_world import HOME, NOW, Raw, book_of, pack, rule

Told = list[tuple[dict[str, object], str]]


def is_(fact: str, op: str, **side: Any) -> Raw:
    return {"fact": fact, "op": op, **side}


def refusing(when: Any, **more: Any) -> Pack:
    return pack(decide=[rule("no", "deny", when), rule("ok", "permit")], **more)


def closed(**more: Any) -> Pack:
    return pack(decide=[rule("no", "deny")], **more)


def needing(when: Any, **more: Any) -> Pack:
    return pack(decide=[rule("ok", "permit", when), rule("no", "deny")], **more)


def told(book: Rulebook, **facts: FactValue) -> Told:
    asked = {**HOME, **facts}
    return _told(book, asked)


def _told(book: Rulebook, asked: Mapping[str, FactValue]) -> Told:
    return [
        ({one.fact: one.add or one.value for one in fix.changes}, fix.outcome.name) for fix in fixes(book, asked, NOW)
    ]


THEIRS: list[tuple[str, FactValue, FactValue, Raw]] = [
    ("recipient.security_level", 1, 2, is_("recipient.security_level", "lt", value=2)),
    ("recipient.can_sign_scc", False, True, is_("recipient.can_sign_scc", "is_false")),
    ("recipient.dpf_certified", False, True, is_("recipient.dpf_certified", "is_false")),
    ("recipient.dpf_uk_extension", False, True, is_("recipient.dpf_uk_extension", "is_false")),
    ("request.consideration", "fee", "none", is_("request.consideration", "eq", value="fee")),
    ("request.ai_use", "training", "none", is_("request.ai_use", "eq", value="training")),
]


@pytest.mark.parametrize(("fact", "now", "then", "when"), THEIRS, ids=[fact for fact, *_ in THEIRS])
def test_whatever_the_asker_s_side_can_change_is_found(fact: str, now: FactValue, then: FactValue, when: Raw) -> None:
    assert told(book_of(refusing(when)), **{fact: now})[0] == ({fact: then}, "PERMIT")


STATABLE: list[tuple[str, FactValue, Raw]] = [
    ("recipient.individual_location", "FR", is_("recipient.individual_location", "eq", value="FR")),
    ("request.processing_country", "FR", is_("request.processing_country", "eq", value="FR")),
    ("recipient.individual_residence", "FR", is_("recipient.individual_residence", "eq", value="FR")),
    ("recipient.individual_residence", "DE", is_("recipient.individual_residence", "eq", value="DE")),
    ("recipient.control_countries", (), is_("recipient.control_countries", "none_in", value=["CN"])),
    ("recipient.suspended", False, is_("recipient.suspended", "is_false")),
    ("recipient.institution_type", "university", is_("recipient.institution_type", "eq", value="university")),
    ("request.us_gov_funded", False, is_("request.us_gov_funded", "is_false")),
    ("request.transaction_type", "gift", is_("request.transaction_type", "in", value=["gift"])),
    ("request.purpose_flags", (), is_("request.purpose_flags", "lacks", value=["prohibited"])),
    ("recipient.can_sign_scc", True, is_("recipient.can_sign_scc", "is_true")),
]


@pytest.mark.parametrize(("fact", "value", "when"), STATABLE, ids=[f"{fact} {value}" for fact, value, _ in STATABLE])
def test_what_nobody_has_stated_yet_may_be_stated(fact: str, value: FactValue, when: Raw) -> None:
    unstated = {name: one for name, one in HOME.items() if name != fact}
    assert ({fact: value}, "PERMIT") in _told(book_of(needing(when)), unstated)


@pytest.mark.parametrize(
    ("fact", "value", "when"),
    [
        ("data.identifiability", "identified", is_("data.identifiability", "eq", value="identified")),
        ("data.n_sequenced", 5, is_("data.n_sequenced", "gt", value=1)),
        ("data.community_governed", True, is_("data.community_governed", "is_true")),
    ],
)
def test_what_is_known_of_the_data_is_not_theirs_to_change_or_to_state(fact: str, value: FactValue, when: Raw) -> None:
    assert _told(book_of(refusing(when)), {**HOME, fact: value}) == []
    assert _told(book_of(needing(when)), {name: one for name, one in HOME.items() if name != fact}) == []


COMPUTED, SAT = "request.processing_country", "recipient.individual_location"
ABROAD = {
    "data.storage_country": "BE",
    "data.controller_country": "NL",
    "recipient.country": "FR",
    COMPUTED: "US",
    SAT: "US",
}


@pytest.mark.parametrize("fact", [COMPUTED, SAT])
@pytest.mark.parametrize("place", ["BE", "NL", "FR"])
def test_computing_and_sitting_may_move_to_the_data_to_their_holder_or_home(fact: str, place: str) -> None:
    assert ({fact: place}, "PERMIT") in told(
        book_of(needing(is_(fact, "eq", value=place), answers_for=["DE", "BE", "NL"])), **ABROAD
    )


def test_nobody_moves_to_a_place_that_is_not_known_or_where_they_are_already() -> None:
    nowhere = {name: value for name, value in HOME.items() if name not in {"data.storage_country", "recipient.country"}}
    asked: list[Facts] = []
    elsewhere = needing({"all": [is_(COMPUTED, "eq", value="ZA"), is_(SAT, "eq", value="ZA")]})
    fixes(counting(book_of(elsewhere), asked), {**nowhere, COMPUTED: "US", SAT: "DE"}, NOW)
    assert {(facts[COMPUTED], facts[SAT]) for facts in asked if facts["request.modality"] == "download"} == {
        ("US", "DE"),
        ("DE", "DE"),
    }


def test_places_are_told_in_the_order_of_their_codes() -> None:
    anywhere = {"not": is_(COMPUTED, "eq", value="US")}
    found = told(book_of(needing(anywhere, answers_for=["DE", "NL"])), **ABROAD)
    assert [one for one, _ in found if COMPUTED in one] == [{COMPUTED: "BE"}, {COMPUTED: "FR"}, {COMPUTED: "NL"}]


def test_a_number_may_fall_to_nought_and_no_further() -> None:
    level = "recipient.security_level"
    assert told(book_of(needing(is_(level, "lt", value=1))))[0] == ({level: 0}, "PERMIT")
    assert told(book_of(needing(is_(level, "lt", value=0)))) == []


def test_a_condition_of_when_a_pack_applies_is_looked_at_too() -> None:
    strict = closed(id="strict", applies_when=is_("recipient.security_level", "lt", value=3))
    assert told(book_of(pack(), strict), **{"recipient.security_level": 1})[0] == (
        {"recipient.security_level": 3},
        "PERMIT",
    )


def test_only_packs_in_the_way_are_asked_what_would_help() -> None:
    content = needing(is_("recipient.security_level", "gte", value=1), id="whose-questions-are-counted", answers_for=[])
    asked: list[Facts] = []
    fixes(counting(book_of(content, closed()), asked), HOME, NOW)
    assert {facts["recipient.security_level"] for facts in asked} == {3}


ANY_OF_TEN = is_("evidence", "none_in", value=[f"paper.p{n}" for n in reversed(range(10))])


@pytest.mark.parametrize(("op", "effect"), [("none_in", "deny"), ("any_in", "permit")])
def test_of_evidence_where_any_is_enough_each_is_told_alone_and_no_more_than_eight(op: str, effect: str) -> None:
    when = {**ANY_OF_TEN, "op": op}
    held: FactValue = ("old.paper",)
    book = book_of(refusing(when) if effect == "deny" else needing(when))
    papers = [one for one in told(book, evidence=held) if "evidence" in one[0]]
    assert papers == [({"evidence": (f"paper.p{n}",)}, "PERMIT") for n in range(8)]


def test_of_evidence_where_all_is_wanted_what_is_missing_is_told_together_and_added_to_what_is_there() -> None:
    when = is_("evidence", "lacks", value=["a.b", "c.d", "e.f"])
    (fix,) = (one for one in fixes(book_of(refusing(when)), {**HOME, "evidence": ("c.d",)}, NOW))
    assert [(one.value, one.add) for one in fix.changes] == [(("c.d", "a.b", "e.f"), ("a.b", "e.f"))]


def test_a_smaller_set_of_evidence_is_told_beside_the_one_that_the_packs_ask_for() -> None:
    wants = rule("both", "await", is_("evidence", "lacks", value=["a.b", "c.d"]), evidence=["a.b", "c.d"])
    instead = rule("ok", "permit", is_("evidence", "has", value=["e.f"]))
    book = book_of(pack(decide=[instead, wants, rule("rest", "permit")]))
    assert told(book) == [({"evidence": ("e.f",)}, "PERMIT"), ({"evidence": ("a.b", "c.d")}, "PERMIT")]


def test_words_that_are_no_evidence_are_not_asked_for_as_evidence() -> None:
    regime = is_("data.regimes_declared", "lacks", value=["eu-ehds"])
    when = {"any": [regime, is_("evidence", "missing")]}  # evidence is read, so that new evidence would be asked about
    asked: list[Facts] = []
    fixes(counting(book_of(refusing(when)), asked), HOME, NOW)
    assert {facts.get("evidence") for facts in asked} == {()}


def test_fewer_changes_come_before_other_ways_of_access_and_those_before_more_evidence() -> None:
    less_open = {"not": is_("request.modality", "in", value=["download", "stream"])}
    paper = is_("evidence", "has", value=["a.b", "c.d"])
    both = {"all": [is_(SAT, "eq", value="DE"), is_("request.consideration", "eq", value="none")]}
    book = book_of(needing({"any": [less_open, paper, is_("request.ai_use", "eq", value="none"), both]}))
    asked = {"request.ai_use": "training", "request.consideration": "fee"}
    assert [one for one, _ in told(book, **asked)] == [
        {"request.ai_use": "none"},
        {"evidence": ("a.b", "c.d")},
        {"request.modality": "tre_remote"},
        {"request.modality": "code_to_data"},
        {"request.modality": "aggregate"},
    ]


def test_among_equals_the_order_is_that_of_the_words_and_what_costs_nothing_comes_first() -> None:
    rules = [
        is_("request.consideration", "in", value=["cost_recovery", "none", "other_value"]),
        is_("recipient.security_level", "gte", value=3),
        is_("request.ai_use", "eq", value="none"),
    ]
    asked: dict[str, FactValue] = {
        "request.consideration": "fee",
        "recipient.security_level": 1,
        "request.ai_use": "training",
    }
    assert [one for one, _ in told(book_of(needing({"any": rules})), **asked)] == [
        {"recipient.security_level": 3},
        {"recipient.security_level": 4},
        {"request.ai_use": "none"},
        {"request.consideration": "none"},
        {"request.consideration": "cost_recovery"},
        {"request.consideration": "other_value"},
    ]


def test_where_only_a_referral_can_be_had_no_set_of_evidence_hides_a_smaller_one() -> None:
    both, one = is_("evidence", "has", value=["a.b", "c.d"]), is_("evidence", "has", value=["a.b"])
    for tests in ([both, one], [one, both]):
        book = book_of(pack(decide=[rule("ask", "refer", {"any": tests}), rule("no", "deny")]))
        assert told(book)[0] == ({"evidence": ("a.b",)}, "REFER")


def test_what_the_packs_allow_to_one_who_asks_for_this_way_is_no_other_way() -> None:
    openly = is_("request.modality", "in", value=["download", "stream"])
    paid = is_("request.consideration", "eq", value="fee")
    book = book_of(refusing({"all": [openly, paid]}))
    asked: dict[str, FactValue] = {**HOME, "request.consideration": "fee"}
    every, same_way = [fix.changes for fix in fixes(book, asked, NOW)], lawful(book, asked, NOW)
    assert {one.fact for changes in every for one in changes} == {"request.consideration", "request.modality"}
    assert same_way == [changes for changes in every if changes[0].fact == "request.consideration"]
    assert lawful(book, HOME, NOW) == []


PAPER = rule("paper", "await", is_("evidence", "lacks", value=["a.b"]), evidence=["a.b"])


def test_two_changes_are_told_once_each_and_only_where_neither_helps_alone() -> None:
    elsewhere = rule("here", "deny", {"not": is_(SAT, "eq", value="DE")})
    free = rule("free", "permit", is_("request.consideration", "eq", value="none"))
    book = book_of(pack(decide=[elsewhere, free, PAPER, rule("ok", "permit")]))
    assert [one for one, _ in told(book, **{"request.consideration": "fee"})] == [
        {SAT: "DE", "request.consideration": "none"},
        {SAT: "DE", "evidence": ("a.b",)},
    ]


def test_another_way_with_evidence_is_told_only_where_no_way_helps_alone() -> None:
    openly = rule("open", "deny", is_("request.modality", "in", value=["download", "stream"]))
    code = rule("code", "permit", is_("request.modality", "eq", value="code_to_data"))
    closed_to = rule("none", "deny", is_("request.modality", "in", value=["code_to_data", "aggregate"]))
    assert [one for one, _ in told(book_of(pack(decide=[openly, closed_to, PAPER, rule("ok", "permit")])))] == [
        {"request.modality": "tre_remote", "evidence": ("a.b",)}
    ]
    assert [one for one, _ in told(book_of(pack(decide=[openly, code, closed_to, PAPER, rule("ok", "permit")])))] == [
        {"request.modality": "code_to_data"}
    ]


def test_what_only_leads_nearer_to_a_yes_begins_with_what_leads_nearest() -> None:
    paper = rule("paper", "await", is_("request.consideration", "eq", value="none"), evidence=["never.enough"])
    ask = rule("ask", "refer", {"any": [is_("request.ai_use", "eq", value="none"), is_("recipient.security_level", "eq", value=2)]})  # fmt: skip
    never = closed(id="never", answers_for=[])
    book = book_of(pack(decide=[paper, ask, rule("no", "deny")]))
    asked: dict[str, FactValue] = {
        "request.ai_use": "training",
        "request.consideration": "fee",
        "recipient.security_level": 1,
    }
    assert told(book, **asked) == [
        ({"request.consideration": "none"}, "PENDING"),
        ({"recipient.security_level": 2}, "REFER"),
        ({"request.ai_use": "none"}, "REFER"),
    ]
    assert told(book_of(pack(decide=[paper, ask, rule("no", "deny")]), never), **asked) == []


def test_no_more_than_64_changed_questions_are_put() -> None:
    levels = {"any": [is_("recipient.security_level", "eq", value=4 * n) for n in range(1, 40)]}
    elsewhere = [is_(COMPUTED, "eq", value="ZA"), is_(SAT, "eq", value="ZA")]  # read, so that they are asked about
    never = {"all": [levels, is_("recipient.security_level", "lt", value=1), *elsewhere]}
    asked: list[Facts] = []
    assert fixes(counting(book_of(needing(never)), asked), HOME, NOW) == ()
    assert len(asked) == 1 + 64


def counting(book: Rulebook, asked: list[Facts]) -> Rulebook:
    """The same packs, the last of which notes in `asked` every question."""

    def find(facts: Facts) -> Branch | None:
        asked.append(facts)
        return last.find(facts)

    (period,) = (one for one in book.periods if one.packs and one is book.at(NOW))
    *others, last = period.packs
    counted = replace(period, packs=(*others, replace(last, find=find)))
    return replace(book, periods=tuple(counted if one is period else one for one in book.periods))
