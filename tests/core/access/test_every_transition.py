"""The life of an application and of a grant as other systems have it, row by row: what we do the same, and what not.

TRANSITIONS: the 23 steps of dac-workflow section 2, each with who takes it and where it leads. BASELINE: the rights of a
widely used system (REMS, master workflow), each with the part and step that has it here, or why nobody has it.
"""

from collections.abc import Mapping

import pytest

from broker.core.access.cases import ANSWERED_BY, CASE_TRANSITIONS, CaseKind
from broker.core.access.grants import GRANT_TRANSITIONS, GrantCommand, GrantPart, GrantStage
from broker.core.access.grants import may as may_with
from broker.core.access.life import TRANSITIONS, Command, Stage, step
from broker.core.access.parts import Part, allowed
from broker.core.access.states import Event, State
from broker.core.access.states import step as request_step

STEPS = """
n   from        by                 command        to
1   draft       applicant          save           draft
2   draft       applicant          save           draft
3   draft       applicant          see            draft
4   draft       applicant          delete         draft
5   draft       applicant          submit         submitted
6   submitted   signing_official   endorse        screening
6   submitted   signing_official   decline        returned
6   submitted   it_director        confirm        screening
6   submitted   it_director        decline        returned
7   screening   -                  screen         in_review
7   submitted   -                  waive          screening
8   in_review   handler            invite         in_review
8   in_review   committee_chair    invite         in_review
9   in_review   committee_member   vote           in_review
9   in_review   committee_member   step_aside     in_review
10  in_review   handler            return         returned
11  returned    applicant          submit         submitted
12  in_review   committee_chair    decide         in_review
12  in_review   decider            decide         in_review
12  in_review   -                  finish         decided
13  in_review   committee_member   decide         in_review
14  submitted   applicant          withdraw       withdrawn
14  in_review   applicant          withdraw       withdrawn
14  returned    applicant          withdraw       withdrawn
15  decided     applicant          amend          submitted
15  decided     applicant          bring          decided
15  decided     applicant          remove         decided
15  decided     accessor           leave          decided
23  decided     applicant          copy           decided
23  decided     committee_chair    reopen         in_review
"""
"""Steps with an application. Where a step leaves the stage, the stage before and after are the same."""

GRANTS = """
n   from        by                 command    to
16  active      holder             renew      active
16  active      answerer           extend     active
16  expired     answerer           extend     active
17  active      committee_member   suspend    suspended
17  active      admin              suspend    suspended
17  active      custodian          suspend    suspended
17  suspended   committee_member   resume     active
18  active      committee_member   revoke     revoked
18  suspended   committee_member   revoke     revoked
21  active      -                  remind     expiring
21  expiring    -                  expire     expired
22  active      holder             close      closed
22  expired     holder             close      closed
22  revoked     holder             close      closed
"""

ELSEWHERE: Mapping[int, str] = {
    19: "tests/flows/test_use_and_deliver.py::test_a_withdrawal_stops_what_runs_and_what_comes",
    20: "tests/core/decision/test_evaluate.py::test_one_thing_decides",
}
"""Steps that are no step of the workflow: every use asks every gate again, so what changed counts at once."""


def lines(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()[1:]]


@pytest.mark.row("WF-STEPS")
@pytest.mark.parametrize("row", [pytest.param(row, id=" ".join(row)) for row in lines(STEPS)])
def test_each_step_with_an_application_is_there_and_theirs_who_take_it(row: list[str]) -> None:
    _, before, by, name, after = row
    stage, command = Stage(before), Command(name)
    assert (step(stage, command) or stage) is Stage(after)
    if by != "-":
        assert command in allowed(stage, {Part(by)})
    else:
        assert not any(command in allowed(stage, {part}) for part in Part), "nobody's but the broker's"


@pytest.mark.row("WF-STEPS")
@pytest.mark.parametrize("row", [pytest.param(row, id=" ".join(row)) for row in lines(GRANTS)])
def test_each_step_with_a_grant_is_there_and_theirs_who_take_it(row: list[str]) -> None:
    _, before, by, name, after = row
    stage, command = GrantStage(before), GrantCommand(name)
    assert GRANT_TRANSITIONS[stage].get(command, stage) is GrantStage(after)
    if by != "-":
        assert command in may_with(stage, {GrantPart(by)})


@pytest.mark.row("WF-STEPS")
def test_no_step_of_the_twenty_three_is_left_out_and_none_of_ours_is_untold() -> None:
    told = {int(row[0]) for table in (STEPS, GRANTS) for row in lines(table)} | ELSEWHERE.keys()
    assert told == set(range(1, 24))
    moving = {(before, command) for before, row in TRANSITIONS.items() for command in row}
    here = {(Stage(row[1]), Command(row[3])) for row in lines(STEPS)}
    again = {Command.SUBMIT, Command.STAND}
    assert {one for one in moving - here if one[1] not in again} == set(), "only new papers, and what stands, besides"
    of_grants = {(before, command) for before, row in GRANT_TRANSITIONS.items() for command in row}
    expiring = {one for one in of_grants if one[0] is GrantStage.EXPIRING}
    left = of_grants - {(GrantStage(row[1]), GrantCommand(row[3])) for row in lines(GRANTS)} - expiring
    assert left == {(GrantStage.SUSPENDED, GrantCommand.CLOSE)}


def test_a_no_is_challenged_before_others_than_who_gave_it() -> None:
    assert ANSWERED_BY[CaseKind.APPEAL] == "appeal_panel"
    assert request_step(State.REJECTED, Event.REOPEN) is State.SUBMITTED
    assert all(after is not None for row in CASE_TRANSITIONS.values() for after in row.values())


NOT_OURS: Mapping[str, str] = {
    "accept-licences": "each person accepts the terms of the data for themselves, where the grant is (flows/grants/terms)",
    "add-licences": "the data holder sets the terms, for everybody alike (catalogue)",
    "uninvite-member": "a code that nobody used ends by itself",
    "change-applicant": "a right is never moved to somebody else: they apply",
    "assign-external-id": "ids are made here, and mean nothing",
    "redact-attachments": "there are no attachments; what names somebody is forgotten by name (flows/forget_names)",
    "processing-state": "the stages are the same everywhere, so that both sides know what they mean",
    "close": "an application ends with its answers; a grant is closed by its holder",
    "invite-decider-by-mail": "who is asked signs in first: nobody decides by a link",
}
"""Rights of the baseline that nobody has here."""

BASELINE = """
stage      role        right                      here
draft      applicant   save                       applicant:save
draft      applicant   submit                     applicant:submit
draft      applicant   delete                     applicant:delete
draft      applicant   accept-licences            -
draft      applicant   change-resources           applicant:save
draft      applicant   copy                       applicant:copy
draft      applicant   uninvite-member            -
draft      handler     nothing                    handler:
submitted  applicant   invite-member              applicant:bring
submitted  applicant   remove-member              applicant:remove
submitted  applicant   accept-licences            -
submitted  applicant   copy                       applicant:copy
submitted  member      copy                       accessor:copy
submitted  handler     see                        handler:see
submitted  handler     remark                     handler:remark
in_review  handler     add-licences               -
in_review  handler     add-member                 applicant:bring
in_review  handler     remove-member              applicant:remove
in_review  handler     change-resources           applicant:withdraw
in_review  handler     change-applicant           -
in_review  handler     assign-external-id         -
in_review  handler     request-review             handler:invite
in_review  handler     request-decision           handler:invite
in_review  handler     invite-decider-by-mail     -
in_review  handler     return                     handler:return
in_review  handler     approve                    committee_member:decide
in_review  handler     reject                     committee_member:decide
in_review  handler     close                      -
in_review  handler     vote                       committee_member:vote
in_review  handler     redact-attachments         -
in_review  handler     processing-state           -
in_review  reviewer    see                        reviewer:see
in_review  reviewer    remark                     reviewer:remark
in_review  reviewer    vote                       committee_member:vote
in_review  decider     see                        decider:see
in_review  decider     decide                     decider:decide
in_review  decider     remark                     decider:remark
returned   applicant   submit                     applicant:submit
returned   applicant   remove-member              applicant:remove
returned   handler     see                        handler:see
returned   handler     remark                     handler:remark
returned   handler     request-review             handler:invite
returned   handler     invite-decider             handler:invite
decided    handler     see                        handler:see
decided    handler     remark                     handler:remark
decided    handler     change-resources           applicant:amend
decided    handler     add-member                 applicant:bring
decided    applicant   remove-member              applicant:remove
decided    applicant   copy                       applicant:copy
decided    member      copy                       accessor:copy
withdrawn  applicant   copy                       applicant:copy
withdrawn  member      copy                       accessor:copy
withdrawn  handler     see                        handler:see
withdrawn  handler     remark                     handler:remark
decided    reviewer    see                        reviewer:see
decided    decider     see                        decider:see
"""


@pytest.mark.row("WF-STEPS")
@pytest.mark.parametrize("row", [pytest.param(row, id=" ".join(row[:3])) for row in lines(BASELINE)])
def test_each_right_of_the_baseline_is_somebodys_here_or_it_is_said_why_not(row: list[str]) -> None:
    stage, _, right, here = row
    if here == "-":
        assert right in NOT_OURS
        return
    part, _, command = here.partition(":")
    may = allowed(Stage(stage), {Part(part)})
    assert Command(command) in may if command else not may


@pytest.mark.row("WF-STEPS")
def test_what_is_bettered_who_keeps_the_desk_decides_nothing_and_an_answer_can_be_corrected() -> None:
    """Their handlers approve, reject, vote and revoke, and no answer can be mended; ours prepare, and the chair corrects."""
    for stage in Stage:
        assert not allowed(stage, {Part.HANDLER}) & {Command.DECIDE, Command.VOTE, Command.REOPEN}
    for of_grant in GrantStage:
        assert may_with(of_grant, {GrantPart.HANDLER}) == {GrantCommand.SEE}, "nor do they revoke, as theirs do"
    assert Command.REOPEN in allowed(Stage.DECIDED, {Part.CHAIR})
    said = {row[2] for row in lines(BASELINE) if row[3] == "-"}
    assert said == NOT_OURS.keys()
