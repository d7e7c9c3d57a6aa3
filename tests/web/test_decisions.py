"""Who may read a decision, as what, in which language; and that it stays as it was told."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core import reasons
from broker.core.consent.model import Withdrawal
from broker.core.decision.explanation import texts, written
from broker.core.ids import DecisionId, PersonId
from broker.core.plain import plain
from broker.core.purpose import purpose_json
from broker.core.rows import Put, Role, Trace
from broker.core.time import Seconds
from broker.flows.tell_decision import AUDIENCES
from tests import builders as b
from tests.core.decision.test_example_stamp import reviewed
from tests.fakes import START
from tests.flows.worlds import ADA
from tests.web.site import Site, signed_in, site

ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"
DECISIONS = "/api/v1/decisions"
PIA, MEI, OTTO, ORI = "usr_pia", "usr_mei", "usr_otto", "usr_ori"
WITHDRAWN = b.consent(
    b.PIA, 2, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"), effective_from=START, recorded_at=START
)
AUDITOR = Role(id="r8", role="auditor", scope="service", iss=b.HOME, sub="otto")
CUSTODIAN = Role(id="r9", role="custodian", scope=f"dataset:{b.HEART}", iss=b.HOME, sub="ori")
OTHERS = (*signed_in(OTTO), *signed_in(ORI), AUDITOR, CUSTODIAN)
ABROAD = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "US", "recipient.can_sign_scc": False})


def people() -> list[Any]:
    return [replace(ADA, id=PersonId(id_)) for id_ in (OTTO, ORI)]


async def refused(s: Site) -> str:
    """Ada asks for the object, and is refused."""
    answer = await s.http.get(ACCESS, headers=s.headers())
    assert answer.status == 403, await answer.text()
    said = await answer.json()
    id = answer.headers["Decision-Id"]
    assert (said["decision"], answer.headers["Link"]) == (id, f'<{DECISIONS}/{id}>; rel="describedby"')
    return id


async def read(s: Site, id: str, who: str = str(b.ADA), **query: str) -> tuple[int, Any]:
    answer = await s.http.get(f"{DECISIONS}/{id}", headers=s.headers(who), params=query)
    return answer.status, await answer.json()


@pytest.mark.row("EXP-WHO")
async def test_each_reads_their_own_view_and_nobody_another(tmp_path: Path) -> None:
    async with site(tmp_path, *OTHERS, *people(), x=WITHDRAWN) as s:
        id = await refused(s)
        mine = {str(b.ADA): "researcher", OTTO: "auditor", ORI: "custodian", MEI: "committee", PIA: "subject"}
        for who, audience in mine.items():
            status, told = await read(s, id, who)
            assert (status, told["audience"]) == (200, audience)
        unknown = await read(s, "dec_00000000-0000-7000-8000-000000000000", MEI)
        for who, own in mine.items():
            for audience in (*AUDIENCES, "everybody"):
                status, told = await read(s, id, who, audience=audience)
                assert status == (200 if audience == own else 404)
                if status == 404:
                    assert {**told, "request_id": ""} == {**unknown[1], "request_id": ""}


async def test_the_true_code_is_for_the_custodian_the_auditor_and_the_person(tmp_path: Path) -> None:
    async with site(tmp_path, *OTHERS, *people(), x=WITHDRAWN) as s:
        id = await refused(s)
        views = {who: (await read(s, id, who))[1] for who in (str(b.ADA), OTTO, ORI, MEI, PIA)}
        text = {who: json.dumps(told) for who, told in views.items()}
        for who in (str(b.ADA), MEI):
            assert "CON-WITHDRAWN" not in text[who]
            assert "CON-LEFT-OUT" in text[who]
        for who in (OTTO, ORI):
            assert "CON-WITHDRAWN" in text[who]
        assert "You withdrew" in text[PIA]
        for who in (str(b.ADA), MEI, PIA):  # a pseudonym is for nobody but the custodian and the auditor
            assert str(b.PIA) not in text[who]
        assert '"1"' not in text[MEI]


@pytest.mark.row("EXP-WHO")
async def test_a_participant_knows_of_their_own_no_and_of_uses_and_of_no_other_refusal(tmp_path: Path) -> None:
    async with site(tmp_path, grant=b.grant(ends=START)) as s:
        assert (await read(s, await refused(s), PIA))[0] == 404
    async with site(tmp_path) as s:
        answer = await s.http.get(ACCESS, headers=s.headers())
        id = answer.headers["Decision-Id"]
        status, told = await read(s, id, PIA)
        assert (status, told["explanation"]["left_out"]) == (200, False)
        assert "It was allowed." in told["explanation"]["audience_texts"]["subject"]
        assert "why" not in told["explanation"]
    async with site(tmp_path) as s:  # a pre-check touches nobody's record
        said = await s.http.post(
            DECISIONS, headers=s.headers(), json={"dataset": b.HEART, "purpose": purpose_json(b.PURPOSE)}
        )
        assert (await read(s, (await said.json())["decision"], PIA))[0] == 404


async def test_a_permit_is_explained_on_demand(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.get(ACCESS, headers=s.headers())
        _, told = await read(s, answer.headers["Decision-Id"])
        explanation = told["explanation"]
        assert explanation["outcome"] == "PERMIT_WITH_OBLIGATIONS"
        assert {"CORE-BASELINE"} <= {one["code"] for one in explanation["why"]}
        assert explanation["audience_texts"]["researcher"].startswith("Download: yes")
        _, told = await read(s, answer.headers["Decision-Id"], MEI)
        assert {gate["state"] for gate in told["explanation"]["gates"]} == {"pass"}


async def test_the_committee_sees_every_gate_and_where_each_fact_comes_from(tmp_path: Path) -> None:
    checked = replace(ABROAD, checked=Seconds(START - 86_400))
    async with site(tmp_path, organisation=checked) as s:
        _, told = await read(s, await refused(s), MEI)
        explanation = told["explanation"]
        states = {gate["gate"]: gate["state"] for gate in explanation["gates"]}
        assert states["jurisdiction"] == "fail"
        assert set(states.values()) == {"pass", "fail"}
        facts = {one["name"]: one["source"] for one in explanation["facts"]}
        assert facts["recipient.can_sign_scc"] == "institution registry, checked 14 January 2027"
        assert facts["data.storage_country"] == "registration of the dataset"
        assert len(explanation["why_not"]) == 5
        assert "safeguards-in-place" in explanation["audience_texts"]["dac"]
        assert "person" not in told
        assert str(b.ADA) not in json.dumps(told)


@pytest.mark.row("EXP-FAITHFUL")
async def test_what_was_told_stays_as_it_was_when_rules_and_texts_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(tmp_path, organisation=ABROAD) as s:
        id = await refused(s)
        before = {who: await read(s, id, who) for who in (str(b.ADA), MEI)}
        changed = {code: replace(spec, researcher="New.", dac="New.", subject="New.") for code, spec in _all().items()}
        for module in (reasons, texts, written):
            monkeypatch.setattr(module, "REASONS", changed)
        s.stage.live._current = replace(s.stage.live.current(), rulebook=reviewed())
        assert {who: await read(s, id, who) for who in (str(b.ADA), MEI)} == before
        _, spanish = await read(s, id, lang="es")
        assert (
            spanish["explanation"]["why"][0]["sentence"] == before[str(b.ADA)][1]["explanation"]["why"][0]["sentence"]
        )
        assert spanish["explanation"]["reviewed"] is False
        assert "están en inglés" in " ".join(spanish["explanation"]["notes"])


def _all() -> Mapping[str, Any]:
    return dict(reasons.REASONS)


@pytest.mark.row("EXP-FAITHFUL")
async def test_another_trace_is_another_explanation(tmp_path: Path) -> None:
    """Faithful: nothing but the trace is told."""
    async with site(tmp_path, organisation=ABROAD) as s:
        id = await refused(s)
        trace = s.stage.ledger.rows["trace", id]
        assert isinstance(trace, Trace)
        body: Any = plain(trace.body)
        body["explanation"]["why"][0]["sentences"]["researcher"] = "Because."
        body["committee"]["gates"][7]["state"] = "hold"
        s.stage.ledger.rows["trace", id] = replace(trace, body=body)
        _, told = await read(s, id)
        assert told["explanation"]["why"][0]["sentence"] == "Because."
        assert "Because." in told["explanation"]["audience_texts"]["researcher"]
        _, told = await read(s, id, MEI)
        assert told["explanation"]["gates"][7]["state"] == "hold"


async def test_a_committees_ground_is_told_with_its_decision(tmp_path: Path) -> None:
    async with site(tmp_path, b.request(), organisation=ABROAD) as s:
        body = {"decision": "approve", "ground": "A good project."}
        answer = await s.http.post("/api/v1/requests/req_1/decision", headers=s.headers(MEI), json=body)
        told = await answer.json()
        assert (answer.status, told["code"]) == (403, "JUR-EU-NO-SAFEGUARD")
        assert told["explanation"]["human"]["reasons_text"] == "A good project."
        status, view = await read(s, DecisionId(answer.headers["Decision-Id"]))
        assert (status, view["explanation"]["human"]["decided_by"]) == (200, "rules, and a member of the committee")


@pytest.mark.row("EXP-REJECTED", "WHO-3.7-4")
async def test_who_was_rejected_reads_the_committees_reason_and_how_to_challenge_it(tmp_path: Path) -> None:
    async with site(tmp_path, b.request()) as s:
        body = {"decision": "reject", "ground": "The plan is too thin."}
        answer = await s.http.post("/api/v1/requests/req_1/decision", headers=s.headers(MEI), json=body)
        said = await answer.json()
        assert (answer.status, said["state"], said["explanation"]["outcome"]) == (200, "rejected", "DENY")
        mine = await (await s.http.get("/api/v1/requests/req_1", headers=s.headers())).json()
        assert mine["decision"] == said["decision"]
        status, told = await read(s, mine["decision"])
        explanation = told["explanation"]
        assert (status, told["audience"], explanation["why"][0]["code"]) == (200, "researcher", "REQ-REJECTED")
        assert explanation["human"]["reasons_text"] == "The plan is too thin."
        assert (explanation["challenge"]["appeal"], explanation["challenge"]["merits"]) == (
            "merits",
            "dac@bank.example",
        )
        assert "ask for another look until 14 February 2027" in explanation["audience_texts"]["researcher"]
        assert MEI not in json.dumps(told)
        assert (await read(s, mine["decision"], PIA))[0] == 404


LANGUAGES = [
    ({}, {}, "en"),
    ({"lang": "es"}, {}, "es"),
    ({"lang": "es-MX"}, {"Accept-Language": "en"}, "es"),
    ({"lang": "fr"}, {}, "en"),
    ({}, {"Accept-Language": "es"}, "es"),
    ({}, {"Accept-Language": "fr, es;q=0.5, en;q=0.4"}, "es"),
    ({}, {"Accept-Language": "es;q=0.1, en;q=0.9"}, "en"),
    ({}, {"Accept-Language": "es;q=0, en;q=0"}, "en"),
    ({}, {"Accept-Language": "es;q=x"}, "en"),
]


async def test_the_language_is_the_one_asked_for(tmp_path: Path) -> None:
    async with site(tmp_path, organisation=ABROAD) as s:
        id = await refused(s)
        for query, headers, tag in LANGUAGES:
            answer = await s.http.get(f"{DECISIONS}/{id}", headers=s.headers() | headers, params=query)
            told = (await answer.json())["explanation"]
            assert (answer.headers["Content-Language"], told["language"]) == (tag, tag), (query, headers)
            assert "Accept-Language" in answer.headers["Vary"]


async def test_spanish_is_whole_and_says_that_nobody_reviewed_it(tmp_path: Path) -> None:
    async with site(tmp_path, organisation=ABROAD) as s:
        told = (await read(s, await refused(s), lang="es"))[1]["explanation"]
        assert told["audience_texts"]["researcher"].startswith("Descarga: no. Su organización no puede firmar")
        assert told["you_can"][0]["do"] == "Envío de un análisis a los datos"
        assert (told["reviewed"], told["notes"]) == (False, ["Nadie ha revisado todavía esta traducción."])
        assert told["why"][0]["facts"][0]["source"].startswith("registro de instituciones")


async def test_a_pre_check_of_many_is_no_decision_about_any_of_them(tmp_path: Path) -> None:
    async with site(tmp_path, *OTHERS, *people()) as s:
        body: Any = {"question": {"dataset": "", "stage": "foresee"}, "datasets": [b.HEART]}
        put = Put(Trace(id=DecisionId("dec_many"), at=START, person=b.ADA, body=body))
        s.stage.ledger.rows["trace", "dec_many"] = put.row
        assert [(await read(s, "dec_many", who))[0] for who in (PIA, MEI, ORI)] == [404] * 3
        assert (await read(s, "dec_many"))[1]["explanation"] is None
        assert (await read(s, "dec_many", OTTO))[1]["trace"]["datasets"] == [b.HEART]
