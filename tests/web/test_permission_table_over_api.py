"""The table of who may do what with an application (core/access/parts), replayed against the API: every part, every stage.

What a part may do is told to it as it stands in the table; what it may not is refused, and leaves no entry.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.access.clock import Clock
from broker.core.access.life import Command, Stage
from broker.core.access.parts import PERMISSIONS, Part
from broker.core.access.states import State
from broker.core.ids import ApplicationId, DatasetId, PersonId, RequestId, ReviewId
from broker.core.purpose import purpose_json
from broker.core.rows import Application, Person, Review, Role, Row
from broker.core.rows.applications import Accessor, Invited, Paper
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site, signed_in, site
from tests.web.test_workflow_pages import committee

PAPER = Paper(title="T", statement="S", lay="L", purpose=b.PURPOSE, datasets=(b.HEART,))
BODY = {"title": "T", "statement": "S2", "lay": "L", "purpose": purpose_json(b.PURPOSE)}
WHO = {
    Part.APPLICANT: "ada", Part.ACCESSOR: "sam", Part.SIGNING_OFFICIAL: "ora", Part.HANDLER: "han", Part.MEMBER: "lee",
    Part.IT_DIRECTOR: "itd",
    Part.CHAIR: "cha", Part.REVIEWER: "rev", Part.DECIDER: "dec", Part.AUDITOR: "aud",
}  # fmt: skip
STRANGERS = ("root", "stranger", "elsewhere", "pia")
STAGES = [stage for stage in Stage if stage not in (Stage.DRAFT, Stage.SCREENING)]
"""A draft is nobody's but its author's, and screening is over within the record that begins it."""
REVIEW, HERE = "/reviews/rev_1", "/applications/app_1"
CALLS: dict[Command, tuple[str, str, Any]] = {
    Command.REMARK: ("POST", f"{REVIEW}/remarks", {"text": "x"}),
    Command.WITHDRAW: ("POST", f"{HERE}/withdrawal", {}),
    Command.BRING: ("POST", f"{HERE}/codes", {}),
    Command.REMOVE: ("DELETE", f"{HERE}/people/usr_tom", None),
    Command.AMEND: ("POST", f"{HERE}/amendments", BODY),
    Command.SUBMIT: ("POST", f"{HERE}/turns", BODY),
    Command.ENDORSE: ("POST", f"{REVIEW}/endorsement", {"endorse": True, "ground": "x"}),
    Command.DECLINE: ("POST", f"{REVIEW}/endorsement", {"endorse": False, "ground": "x"}),
    Command.CONFIRM: ("POST", f"{REVIEW}/confirmation", {"confirm": True, "ground": "x"}),
    Command.INVITE: ("POST", f"{REVIEW}/invitations", {"person": "usr_stranger", "part": "reviewer"}),
    Command.ASSESS: (
        "POST", f"{REVIEW}/assessments",
        {"dataset": b.HEART, "risk_of_use": "x", "risk_of_non_use": "x", "benefit": "x", "to_whom": "x"},
    ),
    Command.VOTE: ("POST", f"{REVIEW}/votes", {"dataset": b.HEART, "choice": "yes", "ground": "x"}),
    Command.DELAY: ("POST", f"{REVIEW}/delay", {"until": "2027-02-01T00:00:00Z", "ground": "x"}),
    Command.STEP_ASIDE: ("POST", f"{REVIEW}/aside", {"ground": "x"}),
    Command.RETURN: ("POST", f"{REVIEW}/return", {"remarks": [{"text": "x"}]}),
    Command.DECIDE: ("POST", "/requests/req_1/decision", {"decision": "reject", "ground": "x"}),
    Command.REOPEN: ("POST", f"{REVIEW}/reopening", {"dataset": b.HEART, "ground": "x"}),
}  # fmt: skip


def rows(stage: Stage) -> list[Row]:
    """An application in that stage, and somebody for every part in it."""
    committee_of = f"committee:{b.DAC}"
    roles = {
        "ora": ("signing_official", "organisation:rhine"), "han": ("handler", committee_of),
        "itd": ("it_director", "organisation:rhine"),
        "lee": ("committee_member", committee_of), "cha": ("committee_chair", committee_of), "aud": ("auditor", "service"),
        "root": ("admin", "service"), "elsewhere": ("committee_chair", "committee:https://else.example"),
    }  # fmt: skip
    names = (*WHO.values(), "tom", *STRANGERS)
    made: list[Row] = [
        Person(id=PersonId(f"usr_{one}"), log_key="dd" * 32, created=START)
        for one in names
        if one not in ("ada", "pia")
    ]
    made += [row for one in names if one not in ("ada", "pia") for row in signed_in(f"usr_{one}")]
    made += [Role(id=f"r-{who}", role=role, scope=scope, iss=b.HOME, sub=who) for who, (role, scope) in roles.items()]
    asked = State.SUBMITTED if stage is not Stage.DECIDED else State.REJECTED
    if stage is Stage.WITHDRAWN:
        asked = State.WITHDRAWN
    ids = (RequestId("req_1"), RequestId("req_2"))
    made += [
        b.request(id=ids[0], review=ReviewId("rev_1"), state=asked, affiliations=("faculty@rhine.example",)),
        b.request(id=ids[1], review=ReviewId("rev_1"), state=asked, person=PersonId("usr_sam")),
        Application(
            id=ApplicationId("app_1"), person=b.ADA, papers=(PAPER,), reviews=(ReviewId("rev_1"),), created=START,
            affiliations=("faculty@rhine.example",), together=tuple(Accessor(person=PersonId(f"usr_{who}"), joined=START) for who in ("sam", "tom")),
        ),
        Review(
            id=ReviewId("rev_1"), application=ApplicationId("app_1"), committee=b.DAC, requests=ids, stage=stage,
            clock=Clock(since=START),
            invited=(
                Invited(person=PersonId("usr_rev"), part=Part.REVIEWER, by=PersonId("usr_cha"), at=START),
                Invited(person=PersonId("usr_dec"), part=Part.DECIDER, by=PersonId("usr_cha"), at=START),
            ),
        ),
    ]  # fmt: skip
    return made


async def call(s: Site, who: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = await s.http.request(method, f"/api/v1{path}", headers=s.headers(f"usr_{who}"), json=body)
    text = await answer.text()
    return answer.status, await answer.json() if text else None


def may(stage: Stage, part: Part) -> frozenset[Command]:
    found = PERMISSIONS[stage].get(part, frozenset())
    return found | PERMISSIONS[stage].get(Part.MEMBER, frozenset()) if part is Part.CHAIR else found


@pytest.mark.row("WF-STEPS", "WF-HIDDEN")
@pytest.mark.parametrize("stage", STAGES)
async def test_every_part_in_every_stage_may_what_the_table_says_and_nothing_else(tmp_path: Path, stage: Stage) -> None:
    async with site(tmp_path, *rows(stage), committee=replace(committee(2), confirmed=True), grant=None) as s:
        assert DatasetId(b.HEART) in {row.dataset for row in s.stage.live.current().requests_of(b.ADA)}
        for part, who in WHO.items():
            allowed = may(stage, part)
            status, told = await call(s, who, "GET", REVIEW)
            assert status == (200 if Command.SEE in allowed else 404), (part, status)
            if status == 200:
                assert set(told["may"]) == {one.value for one in allowed}, part
            before = len(s.stage.ledger.entries)
            for command, (method, path, body) in CALLS.items():
                if command in allowed:
                    continue
                status, told = await call(s, who, method, path, body)
                assert status in (403, 404, 409), (part, command, status, told)
                assert len(s.stage.ledger.entries) == before, (part, command)


@pytest.mark.row("WF-STEPS", "WF-HIDDEN")
@pytest.mark.parametrize("stage", STAGES)
async def test_to_who_has_no_part_there_is_no_application(tmp_path: Path, stage: Stage) -> None:
    async with site(tmp_path, *rows(stage), committee=replace(committee(2), confirmed=True), grant=None) as s:
        before = len(s.stage.ledger.entries)
        for who in STRANGERS:
            for path in (REVIEW, HERE):
                assert (await call(s, who, "GET", path))[0] == 404, (who, path)
            for method, path, body in CALLS.values():
                status, _ = await call(s, who, method, path, body)
                assert status in (403, 404), (who, path, status)
        assert len(s.stage.ledger.entries) == before
