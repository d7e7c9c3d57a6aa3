"""The consent gate, asked alone: in several countries, with a list to keep to, and with what was asked before."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from broker.core.consent.known import KnownAnswers
from broker.core.consent.model import Grantor, Scope
from broker.core.decision.case import Case, case_of
from broker.core.decision.gates.consent import consent, left_out
from broker.core.decision.weighing import weighed
from broker.core.ids import ObjectId
from broker.core.outcome import Gate, Outcome
from broker.core.snapshot import Snapshot, follow
from broker.core.time import FOREVER, Seconds
from tests import builders as b
from tests.core.decision.test_evaluate import withdrawn
from tests.core.decision.test_gate_parts import HOSTING, TWO_COUNTRIES, certified
from tests.core.decision.test_gates_alone import ALONE, abroad, answering, case
from tests.core.decision.test_looked_up import looked_up
from tests.core.decision.test_many_datasets import TWIN, about_the_twin, twin
from tests.fakes import START

LIST = "keep_to_exclusion_list"


@pytest.mark.parametrize(("world", "outcome", "left"), HOSTING, ids=map(str, range(len(HOSTING))))
def test_who_is_left_out_in_one_country_is_left_out_and_the_strictest_country_answers(
    world: dict[str, Any], outcome: Outcome, left: set[Any]
) -> None:
    used, wanted = consent(abroad(**world)), consent(looked_up(TWO_COUNTRIES, world=world))
    for found in (used, wanted):
        assert (found.outcome, set(found.excluded)) == (outcome, left)
    assert (LIST in used.obligations) is (outcome.permits and bool(left))
    assert (LIST in wanted.obligations) is outcome.permits


GROWN_UP = b.consent(maturity_review_on=date(2020, 1, 1), grantor=Grantor(kind="parent"))
"""Nobody has asked Pia since she came of age."""


def hosted(country: str) -> Any:
    """Another consent of hers that is in force beside it, by which her data may lie in one country only."""
    scope = Scope(permissions=b.codes("DUO:0000042"), hosting=frozenset({country}))
    return replace(b.consent(consent_id="con-2", scope=scope), id="con-2/1")


@pytest.mark.parametrize("country", ["CH", "FR"])
def test_who_waits_in_one_country_and_is_out_in_another_is_out(country: str) -> None:
    assert [one.code for one in left_out(abroad(pia=GROWN_UP)).values()] == ["CON-REAFFIRM-DUE"]
    assert [one.code for one in left_out(abroad(pia=GROWN_UP, more=hosted(country))).values()] == ["CON-HOSTING"]


def test_what_the_committee_answered_binds_whoever_uses_it_and_so_does_the_list() -> None:
    answered = consent(answering(ALONE, Gate.CONSENT, "CON-TOO-FEW", "committee_member", 90))
    assert answered.obligations == ("keep_to_finding:CON-TOO-FEW", LIST)
    assert consent(ALONE).obligations == ()


END, LAST = Seconds(START + 50), Seconds(START + 90)
ENDS: list[tuple[bool, str, int | None, int]] = [
    # can people be taken out, how is a file made, when does the certificate end; when must a grant end
    (True, "multi_sample", LAST, LAST),
    (True, "per_sample", LAST, LAST),
    (False, "per_sample", LAST, LAST),
    (False, "per_sample", None, FOREVER),
    (False, "multi_sample", LAST, END),
    (False, "multi_sample", None, END),
]


@pytest.mark.parametrize(("filterable", "made", "valid_to", "ends"), ENDS, ids=map(str, range(len(ENDS))))
def test_a_participant_s_date_ends_a_grant_only_where_nobody_can_be_left_out_alone(
    filterable: bool,  # noqa: FBT001
    made: str,
    valid_to: int | None,
    ends: int,
) -> None:
    world = certified(filterable=filterable, granularity=made, valid_to=valid_to)
    found = consent(case(pia=b.consent(effective_to=END), **world))
    assert (found.until, found.ends) == (END, ends)


# What was asked before


def asked_of(snapshot: Snapshot, **changes: Any) -> Case:
    """A question before a request, or about one."""
    question = b.question(**{"stage": "approve", "purpose": b.PURPOSE, "grants": (), "object": None} | changes)
    return case_of(question, None, weighed(question, snapshot), snapshot)


def test_beforehand_nobody_s_record_is_touched_whatever_was_asked_before() -> None:
    snapshot = b.snapshot(withdrawn(0))
    assert consent(asked_of(snapshot)).excluded == {b.PIA}
    assert consent(asked_of(snapshot, stage="foresee")).excluded == frozenset()
    assert consent(asked_of(snapshot)).excluded == {b.PIA}


def test_what_is_known_is_not_worked_out_again() -> None:
    snapshot = b.snapshot(withdrawn(0))
    first = consent(asked_of(snapshot)).excluded
    assert consent(asked_of(snapshot)).excluded is first
    assert consent(asked_of(b.snapshot(withdrawn(0)))).excluded is not first


TWINS = (twin(), b.drs_object(ObjectId("x"), dataset=TWIN), about_the_twin(b.consent()))


def test_what_is_known_of_one_set_of_data_does_not_push_out_what_is_known_of_another() -> None:
    snapshot = b.snapshot(*TWINS)
    first = consent(asked_of(snapshot))
    assert consent(asked_of(snapshot, dataset=TWIN)).outcome is first.outcome
    assert len(snapshot.answers) == 2


def test_where_participants_are_held_no_longer_what_is_known_of_them_goes_too() -> None:
    few = replace(b.snapshot(*TWINS), answers=KnownAnswers(held=2))
    for dataset, known in ((TWIN, 1), (b.HEART, 1), (TWIN, 1)):
        consent(asked_of(few, dataset=dataset))
        assert len(few.answers) == known


def test_who_withdraws_and_comes_back_is_judged_by_their_record_for_these_data() -> None:
    before = b.snapshot()
    assert consent(asked_of(before)).excluded == frozenset()
    gone = follow(before, [withdrawn(0)])
    assert consent(asked_of(gone)).excluded == {b.PIA}
    back = b.consent(b.PIA, 3, effective_from=START)
    again = follow(gone, [back])
    assert len(gone.answers) == len(again.answers) == 1, "what is known of everybody else is kept"
    assert consent(asked_of(again)) == consent(asked_of(b.snapshot(withdrawn(0), back)))
