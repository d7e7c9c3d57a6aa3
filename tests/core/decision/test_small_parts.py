"""Small parts of a decision: what several gates come to, the law of several countries, prohibited flags, whose link counts."""

from dataclasses import replace
from re import fullmatch
from typing import Any

import pytest

from broker.core.decision import evaluate
from broker.core.decision.evaluate import evaluate_each
from broker.core.decision.gates.jurisdiction import EXAMPLE, jurisdiction
from broker.core.decision.gates.purpose import purpose
from broker.core.decision.joined import joined
from broker.core.decision.knowing import acquainted, held_by_all, nodes, seen, stranger
from broker.core.decision.together import Together, together
from broker.core.decision.version import RULES
from broker.core.drs.bundles import whole
from broker.core.ids import DatasetId, ObjectId
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.passport.visa import RESEARCHER, TERMS
from broker.core.purpose import PROHIBITED
from broker.core.rows.catalogue import Member
from broker.core.snapshot import under
from broker.core.time import FOREVER, Seconds
from tests import builders as b
from tests.core.decision.test_evaluate import IN_THE_US, US_STATE
from tests.core.decision.test_looked_up import looked_up
from tests.core.decision.test_terms_and_registered import ISSUERS, ME, URL, visa
from tests.core.decision.test_what_gates_say import asked
from tests.core.jurisdiction.jurisdiction_world import book_of, pack, rule
from tests.fakes import START

PERMIT, DUTIES, PENDING, REFER, DENY = (
    Outcome.PERMIT, Outcome.PERMIT_WITH_OBLIGATIONS, Outcome.PENDING, Outcome.REFER, Outcome.DENY,
)  # fmt: skip


def gate(outcome: Outcome = PERMIT, **members: Any) -> GateResult:
    return GateResult(gate=Gate.DUO, outcome=outcome, **{"reasons": ()} | members)


def test_several_gates_come_to_the_strictest_all_that_they_ask_and_the_first_end() -> None:
    one = gate(
        REFER, obligations=("a", "b"), missing=("x",), until=Seconds(9), read=(("p", "1"),), excluded=frozenset({b.PIA})
    )
    two = gate(PENDING, obligations=("b", "c"), missing=("y", "x"), until=Seconds(7), read=(("q", "1"), ("p", "1")))
    three = gate(excluded=frozenset({b.PAUL}))
    found = together([one, two, three])
    assert found == Together(
        outcome=REFER, obligations=("a", "b", "c"), missing=("x", "y"), excluded=frozenset({b.PIA, b.PAUL}),
        until=Seconds(7), read=(("p", "1"), ("q", "1")),
    )  # fmt: skip
    assert together([two, three], together([one])) == found
    assert together([three, two, one]).outcome is REFER


def test_duties_make_of_a_yes_one_with_obligations_and_of_a_no_none() -> None:
    assert together([]).outcome is PERMIT
    assert together([gate()]) == Together(PERMIT, (), (), frozenset(), FOREVER, ())
    assert together([gate(obligations=("a",))]).outcome is DUTIES
    assert together([gate(DUTIES)]).outcome is DUTIES
    assert together([gate(DENY, obligations=("a",))]).outcome is DENY


def test_rules_are_named_by_year_month_and_count() -> None:
    assert fullmatch(r"20\d\d\.\d\d?\.\d\d?", RULES)


# The law


ABROAD = replace(b.PURPOSE, countries=frozenset({"US"}))
BOTH = replace(b.PURPOSE, countries=frozenset({"DE", "US"}))
AT_HOME = replace(b.PURPOSE, countries=frozenset({"DE"}))


def law(purpose_: Any, **changes: Any) -> GateResult:
    return jurisdiction(looked_up(purpose_, **changes))


def test_of_the_laws_of_several_countries_the_strictest_counts_and_all_that_they_ask_for() -> None:
    home, abroad, both = law(AT_HOME), law(ABROAD), law(BOTH)
    assert home.outcome.permits
    assert not abroad.outcome.permits
    assert (both.outcome, both.reasons) == (abroad.outcome, abroad.reasons)
    assert set(both.missing) == {*home.missing, *abroad.missing}
    assert set(both.obligations) == {*home.obligations, *abroad.obligations}
    assert set(both.read) == {*home.read, *abroad.read}
    assert len(set(both.read)) == len(both.read)
    assert len(set(both.reasons)) == len(both.reasons)
    assert both.until == min(home.until, abroad.until)
    assert both.read.count(EXAMPLE) == home.read.count(EXAMPLE) == 1
    assert both.read[0] == EXAMPLE == ("mode", "example")


def test_what_no_pack_answers_is_asked_and_what_is_refused_is_not() -> None:
    nowhere = {"dataset": b.dataset(facts={**b.DATA_FACTS, "data.origin_countries": ("DE", "MG")})}
    found = law(AT_HOME, world=nowhere)
    assert (found.outcome, [one.code for one in found.asks]) == (REFER, ["JUR-NO-PACK"])
    assert found.besides is DUTIES
    refused = law(ABROAD, world={"organisation": US_STATE}, location="US")
    assert not refused.outcome.permits
    assert refused.asks == ()


def test_what_a_pack_awaits_is_still_missing_when_people_have_answered() -> None:
    assert law(ABROAD).besides is PENDING
    assert law(AT_HOME).besides is DUTIES
    assert law(BOTH).besides is PENDING


@pytest.mark.parametrize(("effect", "outcome"), [("limit_modality", Outcome.ALTERNATIVE), ("refer", PENDING)])
def test_what_the_law_refuses_it_refuses_whatever_the_purpose(effect: str, outcome: Outcome) -> None:
    asked = looked_up(None)
    book = book_of(pack(decide=[rule("less", effect)]))
    assert jurisdiction(replace(asked, snapshot=under(asked.snapshot, book))).outcome is outcome


def test_a_law_that_leaves_milder_ways_offers_none_where_something_else_is_in_the_way() -> None:
    world = {"organisation": US_STATE, "grant": IN_THE_US}
    question = b.question(location="US")
    assert evaluate(question, b.snapshot(**world)).outcome is Outcome.ALTERNATIVE
    snapshot = b.snapshot(dataset=b.dataset(terms_of_use="https://bank.example/terms"), **world)
    assert evaluate(question, snapshot).outcome is DENY
    assert evaluate_each(question, snapshot)[question.modality].outcome is DENY


# The purpose


@pytest.mark.parametrize(
    "flag",
    sorted(
        PROHIBITED
        | {
            "prohibited",
            "re_identification",
            "discrimination",
            "stigmatisation",
            "surveillance",
            "group_profiling",
            "misuse",
        }
    ),
)
@pytest.mark.parametrize("access", ["open", "controlled"])
def test_what_nobody_can_permit_is_refused_of_open_data_too(flag: str, access: Any) -> None:
    flagged = replace(b.PURPOSE, flags=frozenset({flag}))
    found = purpose(looked_up(flagged, world={"dataset": b.dataset(access=access)}))
    assert (found.outcome, found.reasons[0].code, dict(found.reasons[0].facts)) == (
        DENY,
        "PUR-PROHIBITED",
        {"flag": flag},
    )


@pytest.mark.row("DIF-W")
@pytest.mark.parametrize(
    ("access", "flags", "outcome", "asks"),
    [
        ("open", {"dual_use"}, REFER, 1),
        ("open", {"other"}, PERMIT, 0),
        ("controlled", {"dual_use"}, REFER, 1),
        ("controlled", {"other"}, PERMIT, 0),
    ],
)
def test_what_could_do_harm_is_looked_at_by_a_person(access: Any, flags: set[str], outcome: Outcome, asks: int) -> None:
    flagged = replace(b.PURPOSE, flags=frozenset(flags))
    found = purpose(looked_up(flagged, world={"dataset": b.dataset(access=access)}))
    assert (found.outcome, len(found.asks)) == (outcome, asks)


# Who else somebody is


def test_nobody_is_anybody_else_without_a_link() -> None:
    alone = b.question()
    assert joined(alone, b.snapshot()) is alone
    nobody = b.question(person=None)
    assert joined(nobody, b.snapshot()) is nobody


# What somebody may know of


HIDDEN, NOWHERE = b.dataset(existence="hidden"), DatasetId("https://bank.example/no")


@pytest.mark.parametrize(
    ("dataset", "grants", "known"),
    [
        (b.dataset(), (), (True, True)),
        (HIDDEN, (), (False, False)),
        (HIDDEN, (b.GRANT,), (False, True)),
    ],
)
def test_hidden_data_are_there_for_whom_a_grant_names(dataset: Any, grants: Any, known: tuple[bool, bool]) -> None:
    snapshot = b.snapshot(dataset=dataset)
    asker = acquainted(b.question(grants=grants), snapshot)
    assert (stranger(snapshot)(b.HEART), asker(b.HEART)) == known
    assert asker(b.HEART) is known[1], "and asked again the same"
    assert (stranger(snapshot)(NOWHERE), asker(NOWHERE)) == (False, False)
    found = seen(b.ONE, snapshot, asker)
    assert (found is not None) is known[1]
    if found is not None:
        assert found[0].id == b.ONE
    node = nodes(snapshot, asker)(b.ONE)
    assert (node is not None) is known[1]
    assert nodes(snapshot, asker)("no") is None
    assert seen(ObjectId("no"), snapshot, asker) is None


def test_a_bundle_is_seen_with_its_members_under_their_names() -> None:
    members = (Member(name="a", object=b.ONE), Member(name="b", object=b.TWO))
    row = b.drs_object(ObjectId("both"), (), members=members, checksums={}, path="", size=0)
    snapshot = b.snapshot(row)
    node = nodes(snapshot, stranger(snapshot))("both")
    assert node is not None
    assert (node.size, node.checksums, node.members) == (0, {}, (("a", b.ONE), ("b", b.TWO)))
    file = nodes(snapshot, stranger(snapshot))(b.ONE)
    assert file is not None
    assert (file.size, file.checksums, file.members) == (10, {"sha-256": "0" * 64}, ())
    assert seen(ObjectId("both"), snapshot, stranger(snapshot)) == (
        row,
        whole("both", nodes(snapshot, stranger(snapshot))),
    )


def test_what_everybody_may_count_is_counted_once() -> None:
    snapshot = b.snapshot()
    assert held_by_all(snapshot) is held_by_all(snapshot)


def test_a_grant_for_data_that_are_gone_shows_nothing() -> None:
    snapshot = b.snapshot(dataset=None)
    assert not acquainted(b.question(), snapshot)(b.HEART)


# Entitlement and identity


@pytest.mark.parametrize(
    ("stage", "vote", "code"), [("approve", "no", "REQ-REJECTED"), ("approve", None, ""), ("foresee", "no", "")]
)
def test_what_the_committee_refuses_is_refused_and_its_yes_is_that_it_asks(stage: Any, vote: Any, code: str) -> None:
    found = asked(Gate.ENTITLEMENT, b.question(stage=stage, vote=vote, purpose=b.PURPOSE, grants=(), object=None))
    assert (found.reasons[0].code if found.reasons else "") == code
    assert (found.outcome is DENY) is bool(code)


@pytest.mark.parametrize("ends", [(40, 90), (90, 40)])
def test_who_somebody_is_holds_until_the_first_of_their_visas_ends(ends: tuple[int, int]) -> None:
    visas = tuple(
        visa(type_, URL, exp=Seconds(START + end)) for type_, end in zip((TERMS, RESEARCHER), ends, strict=True)
    )
    question = b.question(visas=visas, identities=ME | b.question().identities)
    assert asked(Gate.IDENTITY, question, *ISSUERS).until == START + 40
    assert asked(Gate.IDENTITY, b.question(), *ISSUERS).until == FOREVER
