"""Who may answer an open question answers it: what is stored, what is on record, and who cannot."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.states import State
from broker.core.consent.model import Template
from broker.core.decision.answering import Given
from broker.core.ids import PersonId
from broker.core.outcome import Gate, Reason
from broker.core.rows import IdentityLink, Person, Request, Role
from broker.core.rows.access import Finding
from broker.core.time import Seconds
from broker.flows import decide_request
from broker.flows.decide_request import Decided, NotPossible
from broker.flows.give_finding import give_finding
from broker.flows.world import Caller
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import MEI, Stage, caller, stage

FORM = Template(id="T12", version="4", sha256="ab" * 32)
SILENT = b.request(purpose=replace(b.PURPOSE, linkage=True))
UNTIL = Seconds(START + 30 * 86_400)
GIVEN = Given(
    code="CON-SILENT", ground="The form spoke of registers.", ends=UNTIL, consent_class="T12",
    keys=frozenset({"linkage"}), approval="EC-7", form=FORM.sha256,
)  # fmt: skip
EVA = Person(id=PersonId("usr_eva"), log_key="ee" * 32, created=START)


def role(name: str, scope: str = f"dataset:{b.HEART}") -> Role:
    return Role(id=f"r-{name}", role=name, scope=scope, iss=b.HOME, sub="eva")


def eva(name: str = "ethics_committee", scope: str = f"dataset:{b.HEART}") -> Caller:
    return caller(EVA, roles=(role(name, scope),))


def waiting(request: Request = SILENT) -> Stage:
    return stage(request, grant=None, pia=b.consent(template=FORM), paul=b.consent(b.PAUL, template=FORM))


async def test_the_answer_is_on_the_request_and_on_record_and_the_grant_carries_it() -> None:
    s = waiting()
    first = await decide_request.approve(s.world, caller(MEI), SILENT.id, "Good.", {})
    assert isinstance(first, NotPossible)
    made = await give_finding(s.world, eva(), SILENT.id, "ethics_committee", GIVEN)
    assert isinstance(made, Finding)
    assert s.kinds() == ["decision.made", "finding.given"]
    told = s.ledger.entries[-1].about
    assert (told["code"], told["class"], told["approval"]) == ("CON-SILENT", "T12", "EC-7")
    held = s.live.current().get(Request, SILENT.id)
    assert held is not None
    assert (held.findings, held.state) == ((made,), State.SUBMITTED)
    done = await decide_request.approve(s.world, caller(MEI), SILENT.id, "Good.", {})
    assert isinstance(done, Decided)
    assert done.grant is not None
    assert done.grant.findings == (made,)
    assert done.grant.ends <= UNTIL
    assert any("keep_to_finding" in str(duty) for duty in done.grant.obligations)
    assert "EC-7" not in done.grant.document, "what was answered, not by whom and why"


async def test_a_second_answer_to_the_same_question_takes_the_place_of_the_first() -> None:
    forms = {"pia": b.consent(template=FORM), "paul": b.consent(b.PAUL, template=replace(FORM, id="T13"))}
    s = stage(SILENT, grant=None, **forms)
    await give_finding(s.world, eva(), SILENT.id, "ethics_committee", GIVEN)
    again = await give_finding(s.world, eva(), SILENT.id, "ethics_committee", replace(GIVEN, approval="EC-8"))
    other = await give_finding(s.world, eva(), SILENT.id, "ethics_committee", replace(GIVEN, consent_class="T13"))
    held = s.live.current().get(Request, SILENT.id)
    assert held is not None
    assert held.findings == (again, other)


@pytest.mark.parametrize(
    ("who", "acting", "code"),
    [
        (eva("auditor"), "ethics_committee", "REQ-NOT-FOUND"),
        (eva(scope="dataset:https://bank.example/other"), "ethics_committee", "REQ-NOT-FOUND"),
        (eva("legal_officer"), "ethics_committee", "AUTH-NOT-YOURS"),
        (eva("legal_officer"), "legal_officer", "REQ-NOT-OPEN"),
        (eva(), "admin", "AUTH-NOT-YOURS"),
        (caller(MEI), "committee_member", "REQ-NOT-OPEN"),
        (caller(roles=(role("ethics_committee"),)), "ethics_committee", "REQ-OWN"),
        (caller(), "ethics_committee", "AUTH-NOT-YOURS"),
    ],
)
async def test_only_who_may_answer_does_and_nothing_is_stored(who: Caller, acting: str, code: str) -> None:
    s = waiting()
    refused = await give_finding(s.world, who, SILENT.id, acting, GIVEN)
    assert isinstance(refused, Reason)
    assert (refused.code, s.kinds()) == (code, [])


@pytest.mark.parametrize("scope", [f"dataset:{b.HEART}", f"committee:{b.DAC}", "service"])
async def test_a_role_holds_for_the_dataset_its_committee_or_the_service(scope: str) -> None:
    assert isinstance(
        await give_finding(waiting().world, eva(scope=scope), SILENT.id, "ethics_committee", GIVEN), Finding
    )


@pytest.mark.parametrize(
    ("change", "request_", "code"),
    [
        ({"approval": ""}, SILENT, "REQ-NOT-OPEN"),
        ({"code": "CON-ASK"}, SILENT, "REQ-NOT-OPEN"),
        ({}, b.request(), "REQ-NOT-OPEN"),
        ({}, replace(SILENT, state=State.REJECTED), "REQ-STATE"),
        ({}, replace(SILENT, state=State.APPROVED), "REQ-STATE"),
    ],
)
async def test_what_is_not_open_is_not_answered(change: dict[str, Any], request_: Request, code: str) -> None:
    s = waiting(request_)
    refused = await give_finding(s.world, eva(), SILENT.id, "ethics_committee", replace(GIVEN, **change))
    assert isinstance(refused, Reason)
    assert (refused.code, s.kinds()) == (code, [])


@pytest.mark.parametrize("linked", [False, True])
async def test_one_human_being_with_two_accounts_is_not_two_roles(linked: bool) -> None:  # noqa: FBT001
    """Past hole: two accounts of the same person answered one question in both of the roles that it needs."""
    first = Finding(
        gate=Gate.CONSENT, code="CON-SILENT", dataset=b.HEART, project="p1", role="legal_officer", person=MEI.id,
        ground="First.", begins=START, ends=UNTIL, inputs="0" * 64,
    )  # fmt: skip
    link = IdentityLink(
        id="lnk_1", persons=(MEI.id, EVA.id), identities=((b.HOME, "mei"), (b.HOME, "eva")), since=START
    )
    request = replace(SILENT, findings=(first,))
    more = (link,) if linked else ()
    s = stage(request, *more, grant=None, pia=b.consent(template=FORM), paul=b.consent(b.PAUL, template=FORM))
    made = await give_finding(s.world, eva(), SILENT.id, "ethics_committee", GIVEN)
    assert isinstance(made, Reason) is linked
