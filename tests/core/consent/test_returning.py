"""Where a finding about a participant may go, by what they chose, and by who speaks for them."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from broker.core.access.results import (
    RESULT_PERMISSIONS,
    RESULT_TRANSITIONS,
    ResultCommand,
    ResultPart,
    ResultStage,
    may,
)
from broker.core.consent.model import Grantor, Scope, Subject, Withdrawal
from broker.core.consent.returning import Route, Routed, routed, strictest_onset
from broker.core.time import Seconds, day_of, start_of
from tests import builders as b
from tests.fakes import START

TODAY = day_of(START)
LATER, BEFORE = TODAY + timedelta(days=900), TODAY - timedelta(days=1)
PARENT = {"grantor": Grantor(kind="parent"), "maturity_review_on": LATER}
GROWN = {"grantor": Grantor(kind="parent"), "maturity_review_on": BEFORE}


def subject(wish: Any, *more: Any, **said: Any) -> Subject:
    row = b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), return_of_results=wish), **said)
    return Subject(ref=b.PIA, versions=(row.consent, *(one.consent for one in more)))


CASES: Mapping[str, tuple[Any, str, str, str]] = {
    "wants all": (subject("all"), "adult", "no", "forward"),
    "wants all, onset unknown": (subject("all"), "unknown", "unknown", "forward"),
    "wants what can be acted on": (subject("actionable"), "adult", "yes", "forward"),
    "nothing can be done": (subject("actionable"), "adult", "no", "close not_wanted"),
    "nobody knows whether": (subject("actionable"), "adult", "unknown", "ethics unclear"),
    "chose not to know": (subject("none"), "adult", "yes", "close not_wanted"),
    "was never asked": (subject(None), "adult", "yes", "ethics never_asked"),
    "nobody by that name": (None, "adult", "yes", "close not_in_data"),
    "has no consent": (Subject(ref=b.PIA, versions=()), "adult", "yes", "close no_consent"),
    "withdrew": (subject("all", withdrawal=Withdrawal(kind="no_further_contact")), "adult", "yes", "close withdrawn"),
    "paused": (subject("all", status="suspended"), "adult", "yes", "ethics unclear"),
    "two records that contradict": (subject("all", b.consent()), "adult", "yes", "ethics unclear"),
    "has died": (subject("all", deceased_on=BEFORE), "adult", "yes", "ethics deceased"),
    "consent has ended": (subject("all", effective_to=Seconds(START - 1)), "adult", "yes", "close no_consent"),
    "a child, in childhood": (subject("all", **PARENT), "childhood", "yes", "forward"),
    "a child, in adult life": (subject("all", **PARENT), "adult", "yes", "ethics adult_onset"),
    "a child, unknown when": (subject("all", **PARENT), "unknown", "yes", "ethics adult_onset"),
    "a child, no date of age": (
        subject("all", grantor=Grantor(kind="guardian")), "adult", "yes", "ethics adult_onset",
    ),
    "a child, only childhood": (
        subject("childhood_actionable_only", **PARENT), "adult", "yes", "ethics adult_onset",
    ),
    "a child, childhood alone": (subject("childhood_actionable_only", **PARENT), "childhood", "yes", "forward"),
    "a child, nothing to do": (
        subject("childhood_actionable_only", **PARENT), "childhood", "no", "close not_wanted",
    ),
    "a child, nobody knows": (
        subject("childhood_actionable_only", **PARENT), "childhood", "unknown", "ethics unclear",
    ),
    "a child, parents said no": (subject("none", **PARENT), "adult", "yes", "close not_wanted"),
    "grown, the parents' word": (subject("all", **GROWN), "adult", "yes", "ethics came_of_age"),
    "grown, own childhood": (subject("childhood_actionable_only"), "adult", "yes", "close adult_onset"),
    "an adult's representative": (subject("all", grantor=Grantor(kind="representative")), "adult", "yes", "forward"),
}  # fmt: skip


@pytest.mark.row("WHO-3.2-3", "WHO-3.1-10")
@pytest.mark.parametrize(("who", "onset", "actionable", "wanted"), CASES.values(), ids=CASES.keys())
def test_what_somebody_chose_says_where_it_goes(who: Any, onset: Any, actionable: Any, wanted: str) -> None:
    said = routed(who, onset, actionable, START)
    assert f"{said.route.value} {said.why}".strip() == wanted


@pytest.mark.row("WHO-3.2-3")
def test_of_two_studies_the_one_that_said_no_counts() -> None:
    other = b.consent(consent_id="con-2", scope=Scope(permissions=b.codes("DUO:0000042"), return_of_results="none"))
    assert routed(subject("all", other), "adult", "yes", START).why == "not_wanted"


@pytest.mark.row("WHO-3.1-10")
@pytest.mark.parametrize(("who", "onset", "actionable", "wanted"), CASES.values(), ids=CASES.keys())
def test_an_ethics_committee_opens_nothing_that_is_closed_and_no_other_question(
    who: Any, onset: Any, actionable: Any, wanted: str
) -> None:
    route, _, why = wanted.partition(" ")
    allowed = routed(who, onset, actionable, START, frozenset({why}))
    assert allowed.route is (Route.CLOSE if route == "close" else Route.FORWARD)
    assert f"{routed(who, onset, actionable, START, frozenset({'other'})).route.value} {why}".strip() == wanted


@pytest.mark.row("WHO-3.1-10")
def test_whoever_says_adult_life_is_believed() -> None:
    said = {(one, two): strictest_onset(one, two) for one, two in product(("childhood", "adult", "unknown"), repeat=2)}  # type: ignore[arg-type]
    assert {pair for pair, onset in said.items() if onset == "childhood"} == {
        ("childhood", "childhood"),
        ("unknown", "childhood"),
    }
    assert strictest_onset("adult", None) == "adult"
    assert said["adult", "childhood"] == "adult"


def test_what_may_be_done_can_happen_and_who_is_involved_may_nothing() -> None:
    for stage, parts in RESULT_PERMISSIONS.items():
        for part in parts:
            assert may(stage, [part]) <= RESULT_TRANSITIONS[stage].keys() | {ResultCommand.SEE}
            assert may(stage, [part, ResultPart.INVOLVED]) == set()
    assert all(ResultCommand.RETRACT in moves for moves in RESULT_TRANSITIONS.values()), "or its refusal would tell"
    assert may(ResultStage.REPORTED, [ResultPart.ETHICS]) == set(), "it sees what waits for it alone"


@pytest.mark.row("WHO-3.2-3")
def test_from_the_day_of_death_on_an_ethics_committee_is_asked() -> None:
    died = subject("all", deceased_on=TODAY)
    day = start_of(TODAY)
    assert routed(died, "adult", "yes", day) == Routed(Route.ETHICS, "deceased")
    assert routed(died, "adult", "yes", Seconds(day - 1)).route is Route.FORWARD
