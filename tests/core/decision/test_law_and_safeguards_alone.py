"""The gates of the law, the safeguards and the purpose, asked alone: all that they ask for, and to the second."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from broker.core.decision import other_law
from broker.core.decision.entitlement import EXTERNAL, REGISTERED
from broker.core.decision.gates.jurisdiction import EXAMPLE, jurisdiction
from broker.core.decision.gates.purpose import purpose
from broker.core.decision.gates.result import result
from broker.core.decision.gates.safeguards import longest, recorded, safeguards
from broker.core.jurisdiction.judge import judge
from broker.core.outcome import Gate, Outcome
from broker.core.purpose import Modality
from broker.core.rows import Dataset, Evidence
from broker.core.rows.safeguards import Embargo, Engagement
from broker.core.snapshot import follow
from broker.core.time import FOREVER, Seconds, start_of
from tests import builders as b
from tests.core.decision.test_evaluate import purposed
from tests.core.decision.test_gates_alone import case
from tests.core.decision.test_looked_up import looked_up
from tests.core.decision.test_many_datasets import twin
from tests.core.decision.test_safeguards import CODES as BROAD_CODES
from tests.core.decision.test_safeguards import FRANCE, FRENCH, broad, with_
from tests.fakes import START

ABROAD = replace(b.PURPOSE, countries=frozenset({"US"}))
UNKNOWN = {name: value for name, value in b.DATA_FACTS.items() if name not in ("data.category", "data.identifiability")}
LAWS = [
    looked_up(b.PURPOSE),
    looked_up(ABROAD),
    looked_up(b.PURPOSE, world={"dataset": b.dataset(facts=UNKNOWN)}),
    looked_up(b.PURPOSE, world={"organisation": None}, location=None),
]


@pytest.mark.parametrize("n", range(len(LAWS)))
def test_the_law_says_what_its_packs_say(n: int) -> None:
    asked = LAWS[n]
    (facts,) = asked.readings
    answer, found = judge(asked.snapshot.rulebook, facts, START), jurisdiction(asked)
    assert (found.outcome, found.reasons, found.obligations) == (answer.outcome, answer.reasons, answer.obligations)
    assert found.missing == (*answer.evidence, *answer.missing_facts)
    assert found.read == (EXAMPLE, *answer.read)
    assert answer.read
    assert found.until == answer.until
    told = other_law.of_answer(answer)
    assert (told.outcome, told.reasons, told.obligations) == (answer.outcome, answer.reasons, answer.obligations)
    assert told.missing == found.missing


def test_among_these_are_laws_that_await_evidence_and_laws_that_lack_facts() -> None:
    answers = [judge(one.snapshot.rulebook, one.readings[0], START) for one in LAWS]
    assert any(one.evidence for one in answers)
    assert any(one.missing_facts for one in answers)


TURNING = tuple(Evidence(id=f"e{end}", valid_from=Seconds(0), valid_to=Seconds(START + end)) for end in (90, 50, 70))


def test_what_the_law_says_holds_until_the_first_of_the_evidence_turns() -> None:
    assert jurisdiction(looked_up(b.PURPOSE, world={"dataset": b.dataset(evidence=TURNING)})).until == START + 50


# The purpose


@pytest.mark.parametrize(
    ("granted", "stated", "code"),
    [
        ((), (), ""),
        (("misuse",), (), "PUR-PROHIBITED"),
        ((), ("misuse",), "PUR-PROHIBITED"),
        (("dual_use",), (), "PUR-DUAL-USE"),
        ((), ("dual_use",), "PUR-DUAL-USE"),
    ],
)
def test_what_was_approved_and_what_is_stated_now_are_both_looked_at(granted: Any, stated: Any, code: str) -> None:
    asked = case(
        grant=purposed(flags=frozenset(granted)), asked={"purpose": replace(b.PURPOSE, flags=frozenset(stated))}
    )
    found = purpose(asked)
    assert [one.code for one in found.reasons] == ([code] if code else [])


@pytest.mark.parametrize("outcome", Outcome)
def test_a_gate_that_says_nothing_says_what_it_says(outcome: Outcome) -> None:
    found = result(Gate.DUO, outcome, until=Seconds(9))
    assert (found.outcome, found.reasons, found.until) == (outcome, (), 9)


# Safeguards

DAY = 86_400
MIDNIGHT = Seconds(START // DAY * DAY)
TODAY = date(2027, 1, 15)


def approving(at: int = START, modality: Modality = Modality.DOWNLOAD, purpose: Any = b.PURPOSE, **world: Any) -> Any:
    now = Seconds(at)
    return looked_up(purpose, world=world, at=now, known_at=now, modality=modality)


def embargoed(until: date) -> Dataset:
    return with_(embargo=Embargo(declared=date(2026, 12, 1), until=until))


@pytest.mark.parametrize(("at", "held"), [(MIDNIGHT - 1, True), (MIDNIGHT, False), (MIDNIGHT + 1, False)])
def test_an_embargo_ends_with_the_first_second_of_its_day(at: int, *, held: bool) -> None:
    found = safeguards(approving(at, dataset=embargoed(TODAY)))
    assert start_of(TODAY) == MIDNIGHT
    assert (found.outcome is Outcome.DENY) is held
    assert found.until == (MIDNIGHT if held else FOREVER)


def test_what_is_missing_is_named_one_by_one() -> None:
    found = safeguards(approving(dataset=with_(custodian=None, raci=None)))
    assert dict(found.reasons[0].facts) == {"missing": "safeguards.custodian, safeguards.raci"}
    assert found.missing == ("safeguards.custodian", "safeguards.raci")
    some = tuple(duty for duty in b.SAFEGUARDS.duties if duty.cls in ("respect", "account"))
    told = safeguards(approving(purpose=FRENCH, organisation=FRANCE, dataset=with_(duties=some)))
    assert dict(told.reasons[0].facts) == {"classes": "protect, fulfil"}


@pytest.mark.parametrize(
    ("years", "way", "held"),
    [
        (4, Modality.DOWNLOAD, False),
        (6, Modality.DOWNLOAD, True),
        (6, Modality.STREAM, True),
        (12, Modality.DOWNLOAD, True),
        (12, Modality.TRE_REMOTE, False),
        (12, Modality.AGGREGATE, False),
    ],
)
def test_the_broadest_consents_are_opened_in_a_secure_room_from_five_years_on(
    years: int, way: Modality, *, held: bool
) -> None:
    world: dict[str, Any] = {
        "dataset": b.dataset(duo=BROAD_CODES),
        "pia": broad(years, "DUO:0000004"),
        "paul": None,
        "two": None,
    }
    found = safeguards(approving(modality=way, **world))
    assert ([one.code for one in found.reasons] == ["GOV-SECURE-ROOM-FIRST"]) is held
    assert found.outcome is (Outcome.DENY if held else Outcome.PERMIT)


def test_what_is_on_record_is_looked_up_anew_each_day() -> None:
    """An engagement that gets too old at midnight counted until then."""
    engaged = with_(engagements=(Engagement(on=date(2022, 1, 15), who="Group", summary="Yes."),))
    before = approving(MIDNIGHT - 1, dataset=engaged, pia=broad())
    after = replace(before, question=replace(before.question, at=MIDNIGHT, known_at=MIDNIGHT))
    assert safeguards(before).outcome is Outcome.PERMIT
    assert safeguards(after).outcome is Outcome.REFER


def test_what_is_on_record_is_looked_up_once_a_day_for_each_dataset() -> None:
    first = approving(twin=twin())
    known = recorded(first, b.dataset())
    assert recorded(first, twin()) is not known
    assert recorded(first, b.dataset()) is known
    wider = replace(first, snapshot=follow(first.snapshot, [broad(12)]))
    assert wider.snapshot.memory is first.snapshot.memory
    assert recorded(wider, b.dataset()).breadth.broad
    assert not known.breadth.broad
    assert recorded(wider, with_(raci=None)).lacking == ("safeguards.raci",)


def test_open_data_wait_for_nothing() -> None:
    held = embargoed(date(2027, 2, 1))
    assert safeguards(approving(dataset=held)).outcome is Outcome.DENY
    assert safeguards(approving(dataset=replace(held, access="open"))).outcome is Outcome.PERMIT


BROAD: dict[str, Any] = {"dataset": b.dataset(duo=BROAD_CODES), "pia": broad(6), "paul": None, "two": None}


@pytest.mark.parametrize(
    ("asked", "months", "longest_"),
    [
        (approving(**BROAD), 12, 6),
        (approving(**BROAD), 3, 3),
        (approving(**BROAD), None, 6),
        (approving(), 12, 12),
        (approving(), None, None),
        (approving(dataset=None), 12, 12),
        (case(**BROAD), 12, 12),
    ],
    ids=map(str, range(7)),
)
def test_a_new_grant_is_as_long_as_the_codes_and_the_breadth_allow(
    asked: Any, months: int | None, longest_: int | None
) -> None:
    assert longest(asked, months) == longest_


@pytest.mark.parametrize(("id", "held"), [(f"{REGISTERED}1", True), (f"{EXTERNAL}x 1", True), ("grt_1", False)])
def test_what_stands_for_a_grant_of_ours_is_asked_at_each_use(id: str, *, held: bool) -> None:
    asked = case(dataset=with_(raci=None))
    assert asked.held is not None
    found = safeguards(replace(asked, held=replace(asked.held, id=id)))
    assert (found.outcome is Outcome.REFER) is held
    assert safeguards(replace(asked, held=None)).outcome is Outcome.PERMIT
