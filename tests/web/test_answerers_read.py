"""Who answers an open question reads what it is about, and nothing else: GET /api/v1/decisions/{id}."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import PersonId
from broker.core.rows import Role, Row
from tests import builders as b
from tests.flows.test_give_finding import FORM, SILENT
from tests.flows.worlds import ADA
from tests.web.site import Site, signed_in, site
from tests.web.test_decisions import WITHDRAWN, read

EVA, LEA = "usr_eva", "usr_lea"
FORMS: dict[str, Any] = {"pia": b.consent(template=FORM), "paul": b.consent(b.PAUL, template=FORM)}
NO_RULES = b.dataset(facts={**b.DATA_FACTS, "data.origin_countries": ("DE", "MG")})
WORLDS: list[dict[str, Any]] = [{}, {"x": replace(WITHDRAWN, consent=replace(WITHDRAWN.consent, template=FORM))}]
SCOPES = [f"dataset:{b.HEART}", f"committee:{b.DAC}", "service"]


def people(scope: str = SCOPES[0]) -> list[Row]:
    roles = {EVA: "ethics_committee", LEA: "legal_officer"}
    made: list[Row] = []
    for who, name in roles.items():
        made += [replace(ADA, id=PersonId(who)), *signed_in(who)]
        made.append(Role(id=f"r-{who}", role=name, scope=scope, iss=b.HOME, sub=who.removeprefix("usr_")))
    return made


async def decided(s: Site) -> str:
    """The committee's member says yes, and what is still open stands above it."""
    body = {"decision": "approve", "ground": "A good project."}
    answer = await s.http.post("/api/v1/requests/req_1/decision", headers=s.headers("usr_mei"), json=body)
    assert answer.status == 403, await answer.text()
    return str((await answer.json())["decision"])


@pytest.mark.row("RUL-ANSWERERS-READ")
@pytest.mark.parametrize("scope", SCOPES)
async def test_an_ethics_committee_reads_the_questions_that_it_answers(tmp_path: Path, scope: str) -> None:
    async with site(tmp_path, *people(scope), SILENT, grant=None, **FORMS) as s:
        id = await decided(s)
        status, told = await read(s, id, EVA)
        assert (status, told["audience"]) == (200, "answerer")
        (gate,) = told["explanation"]["gates"]
        assert (gate["gate"], [one["code"] for one in gate["why"]]) == ("consent", ["CON-SILENT"])
        assert (told["explanation"]["facts"], told["explanation"]["why_not"]) == ([], {})
        assert "trace" not in told
        for audience in ("committee", "custodian", "researcher", "auditor", "subject"):
            assert (await read(s, id, EVA, audience=audience))[0] == 404
        assert (await read(s, id, LEA))[0] == 404, "there is nothing here for a legal officer to answer"


@pytest.mark.row("RUL-ANSWERERS-READ")
async def test_a_legal_officer_reads_the_rule_and_every_fact(tmp_path: Path) -> None:
    async with site(tmp_path, *people(), b.request(), grant=None, dataset=NO_RULES) as s:
        id = await decided(s)
        status, told = await read(s, id, LEA)
        assert status == 200
        (gate,) = told["explanation"]["gates"]
        assert {one["code"] for one in gate["why"]} == {"JUR-NO-PACK"}
        assert "data.origin_countries" in {one["name"] for one in told["explanation"]["facts"]}
        assert (await read(s, id, EVA))[0] == 404


@pytest.mark.row("RUL-ANSWERERS-READ")
async def test_nothing_that_they_read_differs_by_who_withdrew(tmp_path: Path) -> None:
    told = []
    for more in WORLDS:
        async with site(tmp_path, *people(), SILENT, grant=None, **FORMS, **more) as s:
            id = await decided(s)
            _, read_ = await read(s, id, EVA)
            told.append(json.dumps(read_).replace(id, ""))
    assert told[0] == told[1]


@pytest.mark.row("RUL-ANSWERERS-READ")
async def test_a_role_for_other_data_reads_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, *people("dataset:https://bank.example/other"), SILENT, grant=None, **FORMS) as s:
        assert (await read(s, await decided(s), EVA))[0] == 404
