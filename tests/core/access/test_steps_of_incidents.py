"""Incidents: the order of the steps, and who takes them; tables first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.access.incidents import INCIDENT_TRANSITIONS, IncidentCommand, IncidentPart, IncidentStage, may

PARTS = st.sets(st.sampled_from(IncidentPart))
STEPS = ("investigate", "decide", "inform", "publish")
TABLE = {
    "reporter": "see",
    "involved": "",
    "committee_member": "see freeze investigate decide inform publish",
    "custodian": "see freeze investigate inform publish",
    "admin": "see freeze investigate inform publish",
    "auditor": "see",
}
"""Who does what, once more and in words."""


@pytest.mark.row("WHO-3.8-3")
def test_the_steps_come_in_their_order_and_none_is_left_out() -> None:
    stage, taken = IncidentStage.REPORTED, []
    while INCIDENT_TRANSITIONS[stage]:
        ((command, stage),) = INCIDENT_TRANSITIONS[stage].items()
        taken.append(command.value)
    assert (tuple(taken), stage) == (STEPS, IncidentStage.PUBLISHED)


@pytest.mark.row("WHO-3.8-3")
@pytest.mark.parametrize("part", IncidentPart)
def test_who_takes_which_step_is_a_table(part: IncidentPart) -> None:
    assert set().union(*(may(stage, {part}) for stage in IncidentStage)) == set(
        map(IncidentCommand, TABLE[part].split())
    )


@given(st.sampled_from(IncidentStage), PARTS)
def test_whoever_is_involved_handles_nothing(stage: IncidentStage, parts: set[IncidentPart]) -> None:
    assert may(stage, {IncidentPart.INVOLVED, *parts}) <= {IncidentCommand.SEE}
    if IncidentPart.REPORTER not in parts:
        assert not may(stage, {IncidentPart.INVOLVED, *parts})


@given(st.sampled_from(IncidentStage), PARTS)
def test_what_is_offered_can_happen(stage: IncidentStage, parts: set[IncidentPart]) -> None:
    moving = may(stage, parts) - {IncidentCommand.SEE, IncidentCommand.FREEZE}
    assert moving <= INCIDENT_TRANSITIONS[stage].keys()
