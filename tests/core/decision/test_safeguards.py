"""What holds new grants: missing safeguards, broad and old consents, embargo, duties across a border; what does not."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.breadth import QUESTIONS, Form, breadth
from broker.core.consent.model import Scope
from broker.core.decision import Question, evaluate, explain
from broker.core.outcome import Outcome
from broker.core.purpose import Modality
from broker.core.rows import Committee, Dataset, Row
from broker.core.rows.safeguards import Embargo, Engagement
from broker.core.safeguards import longest_grant, missing, unrecorded, warnings
from broker.core.snapshot import follow
from broker.core.time import Seconds, day_of, start_of
from tests import builders as b
from tests.fakes import START

TODAY = day_of(START)
CODES = b.codes("DUO:0000004")


def with_(**members: Any) -> Dataset:
    return b.dataset(safeguards=replace(b.SAFEGUARDS, **members))


def approving(**changes: Any) -> Question:
    return b.question(stage="approve", purpose=b.PURPOSE, grants=(), object=None, **changes)


def broad(years: int = 2, code: str = "DUO:0000042", **changes: Any) -> Row:
    scope = Scope(permissions=b.codes(code))
    return b.consent(model="broad", scope=scope, effective_from=Seconds(START - years * b.YEAR), **changes)


def reasons(question: Question, *more: Row, **world: Any) -> list[str]:
    return [reason.code for reason in evaluate(question, b.snapshot(*more, **world)).reasons]


REQUIRED = ("responsible", "governance", "custodian", "return_of_results", "benefit_sharing", "sustainability", "raci")


@pytest.mark.row("WHO-3.7-2", "WHO-3.1-5", "WHO-3.8-1", "WHO-3.2-3", "WHO-3.4-2", "WHO-3.6-7")
@pytest.mark.parametrize("member", REQUIRED)
def test_what_is_not_on_record_holds_new_grants_and_cuts_no_running_one(member: str) -> None:
    without = with_(**{member: None})
    decision = evaluate(approving(), b.snapshot(dataset=without))
    assert (decision.outcome, decision.missing) == (Outcome.REFER, (f"safeguards.{member}",))
    assert [reason.code for reason in decision.reasons] == ["GOV-SAFEGUARD-MISSING"]
    assert evaluate(b.question(), b.snapshot(dataset=without)).permits


def test_data_without_an_approved_certificate_are_not_granted() -> None:
    without = b.dataset(certificate=replace(b.dataset().certificate, ethics_ref=None))
    assert reasons(approving(), dataset=without) == ["GOV-SAFEGUARD-MISSING"]


@pytest.mark.row("WHO-3.1-6a", "WHO-3.6-6")
@pytest.mark.parametrize(
    ("engaged", "held"),
    [
        ((), True),
        ((date(TODAY.year - 5, TODAY.month, TODAY.day),), True),
        ((date(TODAY.year - 4, TODAY.month, TODAY.day),), False),
        ((date(TODAY.year - 9, 1, 1), date(TODAY.year - 1, 1, 1)), False),
        ((date(TODAY.year + 1, 1, 1),), True),
    ],
    ids=["none", "five years ago today", "four years ago", "the last one counts", "not yet"],
)
def test_broad_consent_needs_an_engagement_that_is_not_old(engaged: tuple[date, ...], held: bool) -> None:  # noqa: FBT001
    records = tuple(Engagement(on=on, who="Advisory group", summary="They agreed.") for on in engaged)
    dataset = with_(engagements=records)
    assert (reasons(approving(), dataset=dataset, pia=broad()) == ["GOV-SAFEGUARD-MISSING"]) is held
    assert "GOV-SAFEGUARD-MISSING" not in reasons(approving(), dataset=dataset), "nobody consented broadly"
    assert evaluate(b.question(), b.snapshot(dataset=dataset, pia=broad())).permits


def test_what_is_foreseen_changes_when_the_engagement_gets_too_old_and_a_grant_does_not_end_then() -> None:
    on = date(TODAY.year - 4, TODAY.month, TODAY.day)
    world = {"dataset": with_(engagements=(Engagement(on=on, who="Group", summary="Yes."),)), "pia": broad()}
    later = start_of(date(on.year + 5, on.month, on.day))
    foreseen = replace(approving(), stage="foresee")
    assert evaluate(foreseen, b.snapshot(**world)).until == later
    assert evaluate(approving(), b.snapshot(**world)).until > later


FORMS = st.builds(
    Form,
    width=st.integers(0, 4),
    broad=st.booleans(),
    since=st.integers(1990, 2027),
    unasked=st.frozensets(st.sampled_from(sorted(QUESTIONS))),
)


@pytest.mark.row("WHO-3.1-6d")
@given(
    st.lists(FORMS, min_size=1, max_size=4),
    FORMS,
    st.integers(0, 4),
    st.integers(0, 30),
    st.frozensets(st.sampled_from(sorted(QUESTIONS))),
)
def test_wider_older_or_more_silent_never_asks_for_less(
    forms: list[Form], more: Form, wider: int, older: int, silent: frozenset[str]
) -> None:
    first = forms[0]
    worse = Form(max(first.width, wider), True, first.since - older, first.unasked | silent)  # noqa: FBT003
    before = breadth(forms, CODES, (), START)
    for after in (breadth([worse, *forms[1:]], CODES, (), START), breadth([*forms, more], CODES, (), START)):
        for bare in (b.dataset(), with_(engagements=(), public_notice=None)):
            lacking = {one.member for one in missing(bare, before, START)}
            assert lacking <= {one.member for one in missing(bare, after, START)}
        assert after.score >= before.score
        assert (longest_grant(after) or 99) <= (longest_grant(before) or 99)


@pytest.mark.row("WHO-3.1-6d")
def test_the_broader_and_older_the_more_is_asked_for() -> None:
    bare = b.dataset(duo=CODES, safeguards=replace(b.SAFEGUARDS, public_notice=None))
    narrow = Scope(permissions=b.codes("DUO:0000042"), answers=dict.fromkeys(QUESTIONS, "permit"))
    young = {"pia": b.consent(scope=narrow, effective_from=START), "paul": None, "two": None}
    assert evaluate(approving(), b.snapshot(dataset=bare, **young)).permits, "asked everything, today"
    assert reasons(approving(), dataset=bare) == ["GOV-SAFEGUARD-MISSING"], "a public notice"
    old = {"pia": broad(6, "DUO:0000042"), "paul": None, "two": None}
    decision = evaluate(approving(), b.snapshot(dataset=b.dataset(duo=CODES), **old))
    assert (decision.permits, decision.months) == (True, 6), "shorter grants"


@pytest.mark.row("WHO-3.1-6d")
def test_very_broad_and_old_consents_are_opened_in_a_secure_room_first() -> None:
    world = {"dataset": b.dataset(duo=CODES), "pia": broad(12, "DUO:0000004"), "paul": None, "two": None}
    snapshot = b.snapshot(**world)
    decision = evaluate(approving(), snapshot)
    assert decision.outcome is Outcome.ALTERNATIVE
    assert [reason.code for reason in decision.reasons] == ["GOV-SECURE-ROOM-FIRST"]
    offered = explain(approving(), decision, snapshot).alternatives
    assert offered[0] is Modality.TRE_REMOTE
    streaming = approving(modality=Modality.STREAM)
    assert explain(streaming, evaluate(streaming, snapshot), snapshot).alternatives == offered
    assert evaluate(approving(modality=Modality.TRE_REMOTE), snapshot).permits
    assert evaluate(b.question(), snapshot).permits, "a grant that runs goes on"


def test_only_consents_that_hold_count_in_whatever_order_they_came() -> None:
    wide, narrow = broad(12), b.consent(b.PIA, 2, scope=Scope(permissions=b.codes("DUO:0000007")))
    wrong = b.consent(b.PIA, 3, status="entered_in_error")
    rows: list[Row] = [wide, narrow, wrong]
    base = b.snapshot(pia=None, paul=None)
    for order in (rows, rows[::-1], [rows[1], rows[2], rows[0]]):
        assert not follow(base, order).forms.get(b.HEART)
    for two in ([wide, narrow], [narrow, wide]):
        assert [form.width for form in follow(base, two).forms[b.HEART]] == [1]
    planned = b.consent(b.PIA, 2, effective_from=Seconds(START + 1), recorded_at=START)
    assert len(follow(base, [wide, planned]).forms[b.HEART]) == 2, "until then the wide one holds"


@pytest.mark.row("WHO-3.3-3")
@pytest.mark.parametrize(("days", "held"), [(1, True), (0, False)])
def test_an_embargo_holds_new_grants_until_its_day(days: int, held: bool) -> None:  # noqa: FBT001
    until = date.fromordinal(TODAY.toordinal() + days)
    dataset = with_(embargo=Embargo(declared=date(TODAY.year - 1, 12, 1), until=until))
    assert (reasons(approving(), dataset=dataset) == ["GOV-EMBARGO"]) is held
    assert evaluate(b.question(), b.snapshot(dataset=dataset)).permits


@pytest.mark.row("WHO-3.3-3")
@pytest.mark.parametrize(
    ("until", "reason", "fine"),
    [
        (date(2027, 1, 1), "", True),
        (date(2027, 1, 2), "", False),
        (date(2027, 1, 2), " ", False),
        (date(2029, 1, 1), "First publication of the cohort.", True),
    ],
)
def test_an_embargo_beyond_the_maximum_needs_a_reason(until: date, reason: str, fine: bool) -> None:  # noqa: FBT001
    dataset = with_(embargo=Embargo(declared=date(2026, 1, 1), until=until, reason=reason))
    assert ([one.member for one in unrecorded(dataset)] == []) is fine


@pytest.mark.row("WHO-3.1-6b")
def test_a_committee_of_the_producer_alone_is_warned_of() -> None:
    mixed = Committee(id=b.DAC, name="The committee", contact="dac@bank.example", voters=("heart-study", "bank"))
    alone = replace(mixed, voters=("heart-study",))
    assert list(warnings(b.dataset(), mixed)) == []
    assert ["only voter" in told for told in warnings(b.dataset(), alone)] == [True]


FRANCE = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "FR"})
FRENCH = replace(b.PURPOSE, countries=frozenset({"FR"}))


@pytest.mark.row("WHO-P-2")
@pytest.mark.parametrize("cls", ["respect", "protect", "fulfil", "account"])
def test_a_grant_across_a_border_needs_a_duty_of_every_class(cls: str) -> None:
    lacking = with_(duties=tuple(duty for duty in b.SAFEGUARDS.duties if duty.cls != cls))
    asked = replace(approving(location="FR"), purpose=FRENCH)
    decision = evaluate(asked, b.snapshot(dataset=lacking, organisation=FRANCE))
    assert decision.outcome is Outcome.REFER
    assert [dict(reason.facts) for reason in decision.reasons] == [{"classes": cls}]
    assert evaluate(asked, b.snapshot(organisation=FRANCE)).permits
    assert evaluate(approving(), b.snapshot(dataset=lacking)).permits, "at home"


@pytest.mark.parametrize("where", ["person", "institution", "computing", "origin", "nobody knows"])
def test_a_border_is_crossed_wherever_one_place_is_another(where: str) -> None:
    lacking = with_(duties=())
    facts = {**b.DATA_FACTS, "data.origin_countries": ("DE", "FR")} if where == "origin" else b.DATA_FACTS
    unknown = {name: value for name, value in b.RECIPIENT_FACTS.items() if name != "recipient.country"}
    organisation = FRANCE if where == "institution" else b.organisation()
    organisation = b.organisation(facts=unknown) if where == "nobody knows" else organisation
    asked = approving(location="FR" if where == "person" else "DE")
    asked = replace(asked, purpose=FRENCH) if where == "computing" else asked
    world = {"dataset": replace(lacking, facts=facts), "organisation": organisation}
    assert "GOV-DUTIES-MISSING" in reasons(asked, **world)
