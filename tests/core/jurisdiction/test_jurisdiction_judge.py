"""How the packs' verdicts become one answer, each rule on packs that are small enough to see."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from broker.core.jurisdiction.judge import Answer, judge
from broker.core.jurisdiction.pack import Pack, Review
from broker.core.jurisdiction.rulebook import Rulebook, overdue, rulebook
from broker.core.outcome import Outcome
from broker.core.time import FOREVER, Seconds, parse_rfc3339, start_of
from tests.core.jurisdiction.jurisdiction_world import HOME, NOW, book_of, pack, rule, shipped

Facts = dict[str, Any]
IN_CN = {"fact": "recipient.country", "op": "eq", "value": "CN"}
LEVEL_LOW = {"fact": "recipient.security_level", "op": "lt", "value": 2}
APPROVED = {"fact": "evidence", "op": "has", "value": ["paper.signed"]}


def asked(*packs: Pack, at: str = "2026-06-01", **facts: Any) -> Answer:
    """The answer of these packs to HOME with some facts changed; `a__b` is the fact `a.b`, None takes one out."""
    changed = {name.replace("__", "."): value for name, value in facts.items()}
    stated = {name: value for name, value in {**HOME, **changed}.items() if value is not None}
    return judge(book_of(*packs), stated, parse_rfc3339(at))


def add_on(id: str = "add-on", **changes: Any) -> Pack:
    return pack(id=id, answers_for=[], **changes)


def codes(answer: Answer) -> list[str]:
    return [reason.code for reason in answer.reasons]


# ---------------------------------------------------------------- inside one pack


def test_the_first_rule_that_applies_decides() -> None:
    rules = [rule("one", "deny", IN_CN), rule("two", "permit", LEVEL_LOW), rule("three", "refer")]
    book = pack(decide=rules)
    assert asked(book, recipient__country="CN", recipient__security_level=1).verdicts[0].rule == "one"
    assert asked(book, recipient__security_level=1).verdicts[0].rule == "two"
    assert asked(book).verdicts[0].rule == "three"


def test_without_a_rule_that_applies_the_default_decides() -> None:
    never = [rule("no", "deny", IN_CN)]
    permitted = asked(pack(decide=never))
    assert (permitted.outcome, codes(permitted), permitted.verdicts[0].rule) == (
        Outcome.PERMIT,
        ["CORE-BASELINE"],
        "default",
    )
    referred = asked(pack(decide=never, default_effect="refer", default_reason=None))
    assert (referred.outcome, codes(referred)) == (Outcome.REFER, ["JUR-NO-RULE"])


def test_a_permit_that_rests_on_an_unknown_fact_is_skipped() -> None:
    rules = [rule("ok", "permit", LEVEL_LOW), rule("paper", "await")]
    assert asked(pack(decide=rules), recipient__security_level=None).outcome is Outcome.PENDING


@pytest.mark.parametrize("effect", ["deny", "await", "refer", "limit_modality"])
def test_everything_else_that_does_is_a_referral_that_names_the_fact(effect: str) -> None:
    answer = asked(pack(decide=[rule("no", effect, LEVEL_LOW), rule("ok", "permit")]), recipient__security_level=None)
    assert (answer.outcome, codes(answer)) == (Outcome.REFER, ["JUR-FACT-MISSING"])
    assert answer.missing_facts == ("recipient.security_level",)
    assert answer.reasons[0].facts == (("missing", "recipient.security_level"),)
    assert answer.reasons[0].norm is not None
    assert answer.reasons[0].norm.rule == "no"


def test_a_rule_may_ask_to_apply_when_nobody_knows() -> None:
    answer = asked(
        pack(decide=[rule("no", "deny", LEVEL_LOW, on_unknown="apply"), rule("ok", "permit")]),
        recipient__security_level=None,
    )
    assert answer.verdicts[0].rule == "no"
    assert answer.verdicts[0].effect == "deny"


def test_a_permit_may_ask_for_a_person_when_nobody_knows() -> None:
    rules = [rule("ok", "permit", LEVEL_LOW, on_unknown="refer"), rule("also", "permit")]
    assert asked(pack(decide=rules), recipient__security_level=None).outcome is Outcome.REFER


@pytest.mark.parametrize(("way", "decides"), [("download", "less"), ("code_to_data", "ok"), ("aggregate", "ok")])
def test_a_limit_does_not_decide_about_the_ways_that_it_leaves_open(way: str, decides: str) -> None:
    answer = asked(pack(decide=[rule("less", "limit_modality"), rule("ok", "permit")]), request__modality=way)
    assert answer.verdicts[0].rule == decides


def test_an_open_way_is_not_closed_by_an_unknown_fact_of_the_limit() -> None:
    rules = [rule("less", "limit_modality", LEVEL_LOW), rule("ok", "permit")]
    answer = asked(pack(decide=rules), request__modality="aggregate", recipient__security_level=None)
    assert answer.outcome is Outcome.PERMIT


def test_a_limit_for_an_unknown_way_is_a_referral() -> None:
    answer = asked(pack(decide=[rule("less", "limit_modality"), rule("ok", "permit")]), request__modality=None)
    assert (answer.outcome, answer.missing_facts) == (Outcome.REFER, ("request.modality",))


def test_duties_add_up_and_hold_where_nobody_knows() -> None:
    duties = [
        {"obligations": ["report"]},
        {"when": IN_CN, "obligations": ["partner"]},
        {"when": LEVEL_LOW, "obligations": ["secure"]},
    ]
    book = pack(always=duties, decide=[rule("ok", "permit", obligations=["report", "publish"])])
    assert asked(book).obligations == ("publish", "report")
    assert asked(book, recipient__country="CN").obligations == ("partner", "publish", "report")
    assert asked(book, recipient__security_level=None).obligations == ("publish", "report", "secure")


def test_a_permit_with_obligations_says_so() -> None:
    assert asked(pack()).outcome is Outcome.PERMIT
    with_duty = pack(decide=[rule("ok", "permit", obligations=["report"])])
    assert asked(with_duty).outcome is Outcome.PERMIT_WITH_OBLIGATIONS


def test_only_evidence_that_is_not_there_is_asked_for() -> None:
    book = pack(decide=[rule("paper", "await", evidence=["a.signed", "b.signed"])])
    assert asked(book, evidence=("a.signed",)).evidence == ("b.signed",)
    assert asked(book, evidence=()).evidence == ("a.signed", "b.signed")
    assert asked(book, evidence=None).evidence == ("a.signed", "b.signed")
    assert asked(book, evidence=("a.signed", "b.signed")).evidence == ("a.signed", "b.signed")


def test_a_reason_names_its_norm_and_what_the_sentence_needs() -> None:
    rules = [rule("low", "deny", LEVEL_LOW, basis={"source": "law", "pinpoint": "Art 1"}), rule("ok", "permit")]
    reason = asked(pack(decide=rules), recipient__security_level=1).reasons[0]
    assert reason.norm is not None
    assert (reason.norm.source, reason.norm.version, reason.norm.rule) == ("test-pack", "1", "low")
    assert reason.norm.cite == "A law: Art 1"
    assert dict(reason.facts) == {"recipient.security_level": "1", "have": "1", "need": "2"}


def test_a_reason_tells_facts_as_a_reader_says_them_and_evidence_as_missing() -> None:
    when = {
        "all": [
            {"fact": "recipient.suspended", "op": "is_false"},
            {"fact": "recipient.control_countries", "op": "none_in", "value": ["CN"]},
            {"fact": "evidence", "op": "lacks", "value": ["paper.signed"]},
        ]
    }
    reason = asked(pack(decide=[rule("paper", "await", when)]), evidence=("other.signed",)).reasons[0]
    told = {"recipient.suspended": "no", "recipient.control_countries": "none", "evidence": "paper.signed"}
    assert dict(reason.facts) == told


def test_evidence_that_is_there_is_not_told_as_missing() -> None:
    reason = asked(pack(decide=[rule("consent", "refer", APPROVED)]), evidence=("paper.signed",)).reasons[0]
    assert reason.facts == ()


# ---------------------------------------------------------------- which packs


def test_nobody_is_permitted_anything_by_no_pack() -> None:
    answer = judge(book_of(), HOME, NOW)
    assert (answer.outcome, codes(answer)) == (Outcome.REFER, ["JUR-NO-PACK"])
    assert answer.reasons[0].facts == (("countries", "DE"),)


def test_every_country_of_origin_and_the_controller_s_need_an_answer() -> None:
    assert asked(pack(), data__origin_countries=("DE", "MG")).reasons[0].facts == (("countries", "MG"),)
    assert asked(pack(), data__controller_country="FR").reasons[0].facts == (("countries", "FR"),)
    both = asked(pack(answers_for=["FR"]), data__origin_countries=("MG", "DE"), data__controller_country="FR")
    assert (both.outcome, both.reasons[0].facts) == (Outcome.REFER, (("countries", "DE, MG"),))


@pytest.mark.parametrize(
    "facts",
    [{"data__origin_countries": None}, {"data__origin_countries": ()}, {"data__controller_country": None}],
)
def test_an_origin_that_nobody_stated_is_not_no_origin(facts: Facts) -> None:
    answer = asked(pack(), **facts)
    name = next(iter(facts)).replace("__", ".")
    assert (answer.outcome, codes(answer)[0]) == (Outcome.REFER, "JUR-FACT-MISSING")
    assert answer.missing_facts == (name,)


def test_a_pack_answers_for_a_country_only_where_it_is_known_to_apply() -> None:
    elsewhere = pack(applies_when=IN_CN)
    assert codes(asked(elsewhere)) == ["JUR-NO-PACK"]
    assert asked(elsewhere, recipient__country="CN").outcome is Outcome.PERMIT
    unknown = asked(elsewhere, recipient__country=None)
    assert codes(unknown) == ["JUR-FACT-MISSING", "JUR-NO-PACK"]
    assert unknown.missing_facts == ("recipient.country",)


def test_a_pack_that_does_not_apply_says_nothing() -> None:
    other = add_on(applies_when=IN_CN, decide=[rule("no", "deny")], always=[{"obligations": ["report"]}])
    answer = asked(pack(), other)
    assert (answer.outcome, answer.obligations) == (Outcome.PERMIT, ())
    assert answer.read == (("add-on", "1"), ("test-pack", "1"))


def test_eea_means_the_members_of_the_list_on_that_day() -> None:
    eea = {"eea": {"as_of": "2026-01-01", "source": "law", "items": ["FR", {"code": "DE", "from": "2026-01-02"}]}}
    book = pack(answers_for=["EEA"], lists=eea)
    assert codes(asked(book, at="2026-01-01")) == ["JUR-NO-PACK", "JUR-EU-ART49"]
    assert asked(book, at="2026-01-02").outcome is Outcome.PERMIT


def test_pack_dates_are_half_open() -> None:
    book = pack(effective={"from": "2026-01-02", "to": "2026-01-04"})
    outcomes = [asked(book, at=f"2026-01-0{day}").outcome for day in (1, 2, 3, 4)]
    assert outcomes == [Outcome.REFER, Outcome.PERMIT, Outcome.PERMIT, Outcome.REFER]
    assert asked(book, at="2026-01-03T23:59:59Z").outcome is Outcome.PERMIT


def test_list_dates_are_inclusive() -> None:
    good = {"as_of": "2026-01-01", "source": "law", "items": [{"code": "FR", "from": "2026-01-02", "to": "2026-01-03"}]}
    when = {"fact": "recipient.country", "op": "in", "list": "good"}
    book = pack(lists={"good": good}, decide=[rule("ok", "permit", when), rule("no", "refer")])
    outcomes = [asked(book, at=f"2026-01-0{day}").outcome for day in (1, 2, 3, 4)]
    assert outcomes == [Outcome.REFER, Outcome.PERMIT, Outcome.PERMIT, Outcome.REFER]
    assert asked(book, at="2026-01-03T23:59:59Z").outcome is Outcome.PERMIT


@pytest.mark.parametrize("changes", [{"status": "retired"}, {"law_status": "proposed"}])
def test_a_retired_pack_and_a_proposed_law_take_no_part(changes: Facts) -> None:
    answer = asked(pack(**changes), add_on(decide=[rule("no", "deny")], **changes))
    assert (codes(answer), answer.read) == (["JUR-NO-PACK"], ())


def test_the_same_pack_twice_is_refused() -> None:
    assert rulebook([pack(), pack()], "example") == ("test-pack: loaded twice",)


# ---------------------------------------------------------------- across packs


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        ("await", Outcome.PENDING),
        ("refer", Outcome.REFER),
        ("limit_modality", Outcome.ALTERNATIVE),
        ("deny", Outcome.DENY),
    ],
)
def test_the_most_restrictive_wins_and_no_permit_lifts_a_bar(effect: str, outcome: Outcome) -> None:
    answer = asked(pack(), add_on("aaa", decide=[rule("it", effect)], default_effect="permit"))
    assert answer.outcome is outcome
    assert answer.reasons[0].norm is not None
    assert answer.reasons[0].norm.source == "aaa"


def test_the_strictest_reason_comes_first_and_none_is_left_out() -> None:
    packs = [
        add_on(name, decide=[rule("it", effect, reason=code)])
        for name, effect, code in [
            ("a", "permit", "JUR-EU-ADEQUATE"),
            ("b", "await", "JUR-EU-SCC-NEEDED"),
            ("c", "refer", "JUR-EU-ART49"),
            ("d", "deny", "JUR-EHDS-ART54"),
        ]
    ]
    answer = asked(*packs)
    assert codes(answer) == ["JUR-EHDS-ART54", "JUR-EU-ART49", "JUR-NO-PACK", "JUR-EU-SCC-NEEDED", "JUR-EU-ADEQUATE"]


def test_obligations_and_evidence_are_united() -> None:
    one = pack(decide=[rule("paper", "await", evidence=["b.signed"])], always=[{"obligations": ["two", "one"]}])
    two = add_on(decide=[rule("paper", "await", evidence=["a.signed", "b.signed"])], always=[{"obligations": ["one"]}])
    answer = asked(one, two)
    assert (answer.obligations, answer.evidence) == (("one", "two"), ("a.signed", "b.signed"))


# ---------------------------------------------------------------- the ladder

LESS = pack(decide=[rule("less", "limit_modality"), rule("ok", "permit")])
NEVER_AGGREGATE = add_on(
    decide=[
        rule("no", "deny", {"fact": "request.modality", "op": "eq", "value": "aggregate"}),
        rule("ok", "permit"),
    ]
)


def test_an_alternative_is_what_every_pack_really_permits() -> None:
    alone = asked(LESS)
    assert (alone.outcome, alone.alternatives) == (Outcome.ALTERNATIVE, ("code_to_data", "aggregate"))
    with_another = asked(LESS, NEVER_AGGREGATE)
    assert (with_another.outcome, with_another.alternatives) == (Outcome.ALTERNATIVE, ("code_to_data",))
    assert with_another.ladder == (
        ("stream", Outcome.DENY),
        ("tre_remote", Outcome.DENY),
        ("code_to_data", Outcome.PERMIT),
        ("aggregate", Outcome.DENY),
    )


def test_where_nothing_milder_passes_a_limit_is_a_refusal() -> None:
    undecided = add_on(decide=[rule("paper", "await")])
    answer = asked(LESS, undecided)
    assert (answer.outcome, answer.alternatives) == (Outcome.DENY, ())
    assert dict(answer.ladder)["aggregate"] is Outcome.PENDING


def test_a_refusal_becomes_an_alternative_where_something_milder_passes() -> None:
    no_copies = {"fact": "request.modality", "op": "in", "value": ["download", "stream", "tre_remote"]}
    answer = asked(pack(decide=[rule("no", "deny", no_copies), rule("ok", "permit")]))
    assert (answer.outcome, answer.alternatives) == (Outcome.ALTERNATIVE, ("code_to_data", "aggregate"))


def test_what_waits_keeps_waiting_and_names_the_ways_that_are_open_now() -> None:
    copies = {"fact": "request.modality", "op": "in", "value": ["download", "stream"]}
    answer = asked(pack(decide=[rule("paper", "await", copies), rule("ok", "permit")]))
    assert (answer.outcome, answer.alternatives) == (Outcome.PENDING, ("tre_remote", "code_to_data", "aggregate"))


def test_nothing_more_intrusive_is_ever_offered() -> None:
    answer = asked(pack(decide=[rule("no", "refer")]), request__modality="code_to_data")
    assert [way for way, _ in answer.ladder] == ["aggregate"]


def test_milder_ways_are_weighed_where_the_data_lie() -> None:
    home = {"home": {"as_of": "2026-01-01", "source": "law", "items": ["DE", "FR"]}}
    at_home = {"fact": "derived.personal_access_countries", "op": "all_in", "list": "home"}
    book = pack(lists=home, decide=[rule("ok", "permit", at_home), rule("paper", "await")])
    answer = asked(book, request__processing_country="SG")
    assert (answer.outcome, answer.alternatives) == (Outcome.PENDING, ("tre_remote", "code_to_data", "aggregate"))


# ---------------------------------------------------------------- until when

GOOD = {
    "as_of": "2026-01-01",
    "source": "law",
    "items": [{"code": "FR", "to": "2026-12-31"}, {"code": "GB", "to": "2026-08-31"}],
}
ON_LIST = {"fact": "recipient.country", "op": "in", "list": "good"}


def test_an_answer_ends_on_the_first_day_that_makes_it_another() -> None:
    book = pack(lists={"good": GOOD}, decide=[rule("ok", "permit", ON_LIST), rule("no", "refer")])
    assert asked(book).until == start_of(date(2027, 1, 1))
    assert asked(book, recipient__country="GB").until == start_of(date(2026, 9, 1))
    assert asked(book, recipient__country="CN").until == FOREVER


def test_another_reason_for_the_same_outcome_is_another_answer() -> None:
    book = pack(lists={"good": GOOD}, decide=[rule("good", "permit", ON_LIST), rule("ok", "permit")])
    assert asked(book).until == start_of(date(2027, 1, 1))


def test_the_end_and_the_beginning_of_a_pack_are_such_days() -> None:
    assert asked(pack(effective={"from": "2020-01-01", "to": "2026-07-01"})).until == start_of(date(2026, 7, 1))
    later = {"from": "2026-07-01", "to": None}
    assert asked(pack(), add_on(effective=later, decide=[rule("no", "deny")])).until == start_of(date(2026, 7, 1))
    assert asked(pack(), add_on(effective=later, applies_when=IN_CN)).until == FOREVER


def test_a_country_that_joins_or_leaves_those_answered_for_is_such_a_day_too() -> None:
    entry = {"code": "DE", "from": "2026-01-02", "to": "2026-06-30"}
    eea = {"eea": {"as_of": "2026-01-01", "source": "law", "items": ["FR", entry, {"code": "SE", "to": "2026-06-10"}]}}
    book = pack(answers_for=["EEA"], lists=eea)
    assert asked(book, at="2026-01-01").until == start_of(date(2026, 1, 2))
    assert asked(book, at="2026-06-01").until == start_of(date(2026, 7, 1))
    assert asked(book, at="2026-06-01", data__origin_countries=("SE", "DE")).until == start_of(date(2026, 6, 11))


def test_an_alternative_ends_with_the_way_that_it_offers() -> None:
    mild = {"all": [{"fact": "request.modality", "op": "eq", "value": "aggregate"}, ON_LIST]}
    book = pack(lists={"good": GOOD}, decide=[rule("ok", "permit", mild), rule("no", "deny")])
    answer = asked(book)
    assert (answer.outcome, answer.until) == (Outcome.ALTERNATIVE, start_of(date(2027, 1, 1)))


def test_duties_that_change_end_an_answer_too() -> None:
    book = pack(lists={"good": GOOD}, always=[{"when": ON_LIST, "obligations": ["report"]}])
    assert asked(book).until == start_of(date(2027, 1, 1))


# ---------------------------------------------------------------- modes


def reviewed(made: Pack, **changes: Any) -> Pack:
    review = Review(
        owner="Legal office",
        reviewed_by="A. Person",
        reviewed_on=date(2026, 1, 1),
        next_review_due=date(2026, 12, 31),
    )
    return replace(made, **{"status": "reviewed", "review": review, **changes})


@pytest.mark.row("WHO-3.6-8")
def test_production_takes_reviewed_packs_only() -> None:
    refused = rulebook([pack(), reviewed(add_on())], "production")
    assert refused == ("test-pack: status example, production takes reviewed packs only",)
    assert isinstance(rulebook([reviewed(pack()), pack(id="old", status="retired")], "production"), Rulebook)


def test_answers_of_unreviewed_packs_are_stamped_as_examples() -> None:
    assert asked(pack()).example
    assert not asked(reviewed(pack())).example
    assert asked(reviewed(pack()), add_on()).example


@pytest.mark.parametrize("confidence", ["low", "medium", "high"])
def test_in_production_a_permit_of_low_confidence_is_a_referral(confidence: str) -> None:
    unsure = reviewed(pack(decide=[rule("ok", "permit", obligations=["report"])]), confidence=confidence)
    answer = judge(book_of(unsure, mode="production"), HOME, NOW)
    if confidence == "low":
        assert (answer.outcome, codes(answer)) == (Outcome.REFER, ["JUR-PACK-LOW-CONFIDENCE"])
        assert (answer.obligations, answer.alternatives) == (("report",), ())
        by_default = reviewed(pack(decide=[rule("no", "deny", IN_CN)]), confidence="low")
        assert judge(book_of(by_default, mode="production"), HOME, NOW).outcome is Outcome.REFER
    else:
        assert answer.outcome is Outcome.PERMIT_WITH_OBLIGATIONS
    assert judge(book_of(unsure), HOME, NOW).outcome is Outcome.PERMIT_WITH_OBLIGATIONS


def test_low_confidence_takes_nothing_from_a_refusal() -> None:
    unsure = reviewed(pack(decide=[rule("no", "deny")]), confidence="low")
    answer = judge(book_of(unsure, mode="production"), HOME, NOW)
    assert (answer.outcome, codes(answer)) == (Outcome.DENY, ["JUR-EU-ART49"])


@pytest.mark.row("WHO-3.6-8")
def test_a_pack_90_days_past_its_review_permits_nothing_more_in_production() -> None:
    book = book_of(reviewed(pack()), mode="production")
    last, first = start_of(date(2027, 3, 30)), start_of(date(2027, 3, 31))
    assert judge(book, HOME, last).outcome is Outcome.PERMIT
    assert judge(book, HOME, last).until == first
    stale = judge(book, HOME, first)
    assert (stale.outcome, codes(stale)) == (Outcome.REFER, ["JUR-PACK-STALE"])
    assert judge(book_of(reviewed(pack())), HOME, first).outcome is Outcome.PERMIT


def test_a_pack_grows_old_by_its_own_dates_whatever_changes_in_between() -> None:
    turning = reviewed(add_on(effective={"from": "2027-01-15", "to": None}))
    book = book_of(reviewed(pack()), turning, mode="production")
    assert judge(book, HOME, start_of(date(2027, 2, 1))).outcome is Outcome.PERMIT


def test_a_rulebook_names_what_it_was_made_of() -> None:
    one, same, other = book_of(pack()), book_of(pack()), book_of(pack(title="Another title"))
    assert one.digests == same.digests != other.digests
    assert len(one.digests["test-pack"]) == 64
    assert one.packs == {"test-pack": pack()}


def test_answers_hold_for_all_of_time() -> None:
    book = book_of(pack(effective={"from": "0001-01-01", "to": "9999-12-31"}))
    for at in (-62_135_596_800, 0, FOREVER):
        assert judge(book, HOME, Seconds(at)).outcome in (Outcome.PERMIT, Outcome.REFER)


# ---------------------------------------------------------------- what a decision's record says of a rule


def test_a_verdict_says_whether_any_exception_is_possible() -> None:
    rules = [rule("never", "deny", IN_CN, mandatory=True), rule("maybe", "deny", LEVEL_LOW), rule("ok", "permit")]
    book = book_of(pack(decide=rules))
    for facts, mandatory in (({"recipient.country": "CN"}, True), ({"recipient.security_level": 1}, False)):
        (verdict,) = judge(book, {**HOME, **facts}, NOW).verdicts
        assert verdict.mandatory is mandatory
        assert book.knows_no_exception(verdict.pack, verdict.rule) is mandatory
    assert not book.knows_no_exception("test-pack", "default")


def test_the_rules_before_the_one_that_decided_can_be_told() -> None:
    book = book_of(pack(decide=[rule("one", "deny", IN_CN), rule("two", "permit", LEVEL_LOW)]))
    assert book.passed_over("test-pack", "applies_when") == ()
    assert book.passed_over("test-pack", "one") == ()
    assert book.passed_over("test-pack", "two") == ("one",)
    assert book.passed_over("test-pack", "default") == ("one", "two")


def test_only_what_the_law_knows_no_exception_from_is_mandatory() -> None:
    mandatory = {(one.id, each.id) for one in shipped() for each in one.rules if each.mandatory}
    assert mandatory == {
        ("core-baseline", "prohibited-purpose"),
        ("community-authority", "refused"),
        ("us-doj-28cfr202", "prohibited"),
        ("in-dpdp", "restricted-country"),
    }


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-12-30", ""),
        ("2026-12-31", "review was due on 2026-12-31; in production the pack gives no permit from 2027-03-31 on"),
        ("2027-03-30", "review was due on 2026-12-31; in production the pack gives no permit from 2027-03-31 on"),
        ("2027-03-31", "review was due on 2026-12-31; in production the pack gives no permit since 2027-03-31"),
    ],
)
def test_a_review_that_is_due_is_told(day: str, told: str) -> None:
    assert overdue(pack(), date.fromisoformat(day)) == (f"test-pack: {told}" if told else "")
