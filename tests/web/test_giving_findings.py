"""Answering an open question over HTTP: who may, what they send, and what others read of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.access.states import State
from broker.core.ids import PersonId, RequestId
from broker.core.outcome import Gate
from broker.core.rows import Role
from broker.core.rows.access import Finding
from broker.core.time import Seconds, rfc3339
from tests import builders as b
from tests.fakes import START
from tests.flows.test_give_finding import FORM, SILENT
from tests.web.site import Site, site

ROLE = Role(id="r-ethics", role="ethics_committee", scope=f"dataset:{b.HEART}", iss=b.HOME, sub="pia")
BODY: dict[str, Any] = {
    "role": "ethics_committee", "code": "CON-SILENT", "ground": "The form spoke of registers.", "until": "2027-06-01",
    "consent_class": "T12", "form_sha256": "ab" * 32, "keys": ["linkage"], "approval": "EC-7",
}  # fmt: skip
PLACE = f"/api/v1/requests/{SILENT.id}"


def waiting(folder: Path) -> Any:
    return site(folder, SILENT, ROLE, pia=b.consent(template=FORM), paul=b.consent(b.PAUL, template=FORM), grant=None)


async def sent(s: Site, person: str = "usr_pia", **changes: Any) -> tuple[int, dict[str, Any]]:
    body = {name: value for name, value in (BODY | changes).items() if value is not None}
    answer = await s.http.post(f"{PLACE}/findings", json=body, headers=s.headers(person))
    return answer.status, await answer.json()


async def test_an_ethics_committee_answers_and_the_committee_can_say_yes(tmp_path: Path) -> None:
    async with waiting(tmp_path) as s:
        approval = {"decision": "approve", "ground": "Good."}
        before = await s.http.post(f"{PLACE}/decision", json=approval, headers=s.headers("usr_mei"))
        assert before.status == 403
        status, told = await sent(s)
        assert status == 201
        assert "usr_pia" not in str(told)
        assert (told["code"], told["role"], told["until"]) == ("CON-SILENT", "ethics_committee", "2027-06-01T00:00:00Z")
        assert (told["consent_class"], told["keys"], told["approval"]) == ("T12", ["linkage"], "EC-7")
        assert s.stage.kinds()[-1] == "finding.given"
        done = await s.http.post(f"{PLACE}/decision", json=approval, headers=s.headers("usr_mei"))
        assert done.status == 200
        assert "keep_to_finding" in str((await done.json())["granted"]["obligations"])


async def test_who_may_answer_may_read_the_request(tmp_path: Path) -> None:
    async with waiting(tmp_path) as s:
        read = await s.http.get(PLACE, headers=s.headers("usr_pia"))
        assert read.status == 200


@pytest.mark.parametrize(
    ("person", "changes", "status", "code"),
    [
        ("usr_mei", {}, 403, "AUTH-NOT-YOURS"),
        ("usr_ada", {}, 403, "AUTH-NOT-YOURS"),
        ("usr_pia", {"approval": None}, 409, "REQ-NOT-OPEN"),
        ("usr_pia", {"consent_class": None}, 409, "REQ-NOT-OPEN"),
        ("usr_pia", {"until": "soon"}, 400, "REQ-INVALID"),
        ("usr_pia", {"until": "2020-01-01"}, 409, "REQ-NOT-OPEN"),
        ("usr_pia", {"role": "auditor"}, 400, "REQ-INVALID"),
        ("usr_pia", {"role": "legal_officer"}, 403, "AUTH-NOT-YOURS"),
        ("usr_pia", {"ground": ""}, 400, "REQ-INVALID"),
        ("usr_pia", {"code": "CON-WITHDRAWN"}, 409, "REQ-NOT-OPEN"),
        ("usr_pia", {"nonsense": 1}, 400, "REQ-INVALID"),
    ],
)
async def test_anything_else_is_refused_and_leaves_nothing(
    tmp_path: Path, person: str, changes: dict[str, Any], status: int, code: str
) -> None:
    async with waiting(tmp_path) as s:
        got, told = await sent(s, person, **changes)
        assert (got, told["code"], s.stage.kinds()) == (status, code, [])


async def test_answers_about_the_law_are_public_without_anybodys_name(tmp_path: Path) -> None:
    law = Finding(
        gate=Gate.JURISDICTION, code="JUR-NO-PACK", dataset=b.HEART, project="p1", role="legal_officer",
        person=PersonId("usr_eva"), ground="Eva read the law.", begins=START, ends=Seconds(START + 9), inputs="0" * 64,
    )  # fmt: skip
    other = replace(law, gate=Gate.DUO, code="DUO-SENSITIVE", role="committee_member")
    given = b.request(state=State.APPROVED, grant=b.GRANT, findings=(law, other))
    waits = replace(given, id=RequestId("req_2"), grant=None, state=State.SUBMITTED)
    async with site(tmp_path, given, waits) as s:
        told = await (await s.http.get("/api/v1/exceptions")).json()
        assert told == {
            "exceptions": [
                {
                    "dataset": b.HEART, "code": "JUR-NO-PACK", "role": "legal_officer",
                    "from": rfc3339(START), "until": rfc3339(law.ends),
                }
            ]
        }  # fmt: skip
    async with site(tmp_path, given, dataset=b.dataset(existence="hidden")) as s:
        assert await (await s.http.get("/api/v1/exceptions")).json() == {"exceptions": []}
