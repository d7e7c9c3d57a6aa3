"""The published schemas against the real thing: catalogues, permissions and refusals as the code makes them."""

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from string import Template
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from broker.adapters.catalogue import CatalogueError, read_catalogue
from broker.adapters.yaml_files import load_yaml
from broker.core.decision import evaluate, explain
from broker.core.duo.terms import Term
from broker.core.ids import DecisionId, ReceiptId
from broker.core.outcome import Gate
from broker.core.purpose import Agreements, AiUse, EthicsApproval, Kind, Modality, Purpose, Sensitive
from broker.core.reasons import REASONS
from broker.core.reasons.language import ENGLISH
from broker.core.rows.access import Finding
from broker.core.rows.obligations import Obligation
from broker.core.rows.safeguards import DutyClass, Late
from broker.core.time import FOREVER, Day
from broker.flows.decide_request import permission_claims
from broker.flows.use_data import Refused
from broker.web.errors import Problem, problem_response
from broker.web.telling import refused
from tests import builders, genomic
from tests.docs.doc_blocks import ROOT
from tests.fakes import START

SCHEMAS = sorted((ROOT / "schemas").glob("*.schema.json"))


def schema(name: str) -> Any:
    return json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8"))


def faults(name: str, value: Any) -> list[str]:
    return [f"{each.json_path}: {each.message}" for each in Draft202012Validator(schema(name)).iter_errors(value)]


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_schema_is_a_schema(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))


# Permissions


FULL = Purpose(
    organisation="non_profit",
    commercial=False,
    clinical_care=True,
    genetic_data=True,
    kinds=frozenset(Kind),
    diseases=frozenset({"MONDO:0004992"}),
    countries=frozenset({"DE", "FR"}),
    project="p1",
    institution="rhine",
    user="https://home.example|ada",
    duration_months=12,
    agreements=Agreements(publish=True, return_data=True, collaborate="pending", no_publication_before=Day(2027, 1, 1)),
    ethics_approval="supplied",
    sensitive=frozenset(Sensitive),
    ai_use="training",
    linkage=False,
    recontact=True,
    modality=Modality.STREAM,
    flags=frozenset({"family_analysis"}),
)
FINDING = Finding(
    gate=Gate.DUO,
    code="DUO-SENSITIVE",
    dataset=builders.HEART,
    project="p1",
    role="committee_member",
    person=builders.MEI,
    ground="Discussed.",
    begins=START,
    ends=FOREVER,
    inputs="0" * 64,
)
CODES = builders.codes(
    {"code": "DUO:0000007", "diseases": ["MONDO:0004992"]},
    {"code": "DUO:0000024", "date": "2027-01-01"},
    {"code": "DUO:0000025", "months": 12},
    {"code": "DUO:0000022", "regions": ["EEA"]},
    {"code": "DUO:0000020", "text": "write to us"},
    "a code that nobody knows",
)
OWED = (
    Obligation(id="time_limit_months:12", cls="protect", text="time_limit_months:12", holder="recipient institution"),
    Obligation(
        id="report.1", cls="account", text="t/4", holder="researcher", due=START, evidence="a report", late="stop"
    ),
)
GRANTS = {
    "the least": builders.grant(purpose=Purpose()),
    "everything": builders.grant(purpose=FULL, duo=CODES, findings=(FINDING,), obligations=OWED),
}


@pytest.mark.parametrize("name", GRANTS)
def test_a_permission_is_what_its_schema_says(name: str) -> None:
    claims = json.loads(json.dumps(permission_claims(GRANTS[name], builders.US)))
    assert faults("duo-permission", claims) == []


def test_the_schema_of_permissions_refuses_what_no_broker_says() -> None:
    claims: dict[str, Any] = json.loads(json.dumps(permission_claims(GRANTS["everything"], builders.US)))
    assert faults("duo-permission", claims | {"scope": "x"})
    assert faults("duo-permission", {name: value for name, value in claims.items() if name != "exp"})
    inner = claims["duo_permission_v1"]
    assert faults("duo-permission", claims | {"duo_permission_v1": inner | {"codes": []}})
    assert faults("duo-permission", claims | {"duo_permission_v1": inner | {"person": "usr_mei"}})
    owed = inner["obligations"][0]
    assert faults("duo-permission", claims | {"duo_permission_v1": inner | {"obligations": [owed | {"class": "x"}]}})
    assert faults("duo-permission", claims | {"duo_permission_v1": inner | {"obligations": ["no_discrimination"]}})


def test_the_schema_of_permissions_has_every_member_and_word_of_the_code() -> None:
    parts = schema("duo-permission")["$defs"]
    assert set(parts["obligation"]["properties"]["class"]["enum"]) == set(get_args(DutyClass))
    assert set(parts["obligation"]["properties"]["late"]["enum"]) == set(get_args(Late))
    assert parts["purpose"]["properties"].keys() == {field.name for field in fields(Purpose)}
    assert parts["code"]["properties"].keys() == {field.name for field in fields(Term)}
    words = {
        "kinds": set(Kind),
        "sensitive": set(Sensitive),
        "modality": set(Modality),
        "ai_use": set(get_args(AiUse)),
        "ethics_approval": set(get_args(EthicsApproval)),
    }
    for name, known in words.items():
        member = parts["purpose"]["properties"][name]
        assert set(member.get("items", member)["enum"]) == known
    inner = schema("duo-permission")["properties"]["duo_permission_v1"]["properties"]
    assert set(inner["findings"]["items"]["properties"]["gate"]["enum"]) == set(Gate)


# Refusals


def test_every_reason_makes_a_problem_of_the_published_form() -> None:
    for code in REASONS:
        assert faults("problem", told(Problem(code))) == []


def test_a_refused_access_is_a_problem_of_the_published_form() -> None:
    """As the byte endpoint tells it, with every member that a decision adds."""
    for problem in decisions():
        assert faults("problem", told(problem)) == []


def test_a_wrong_field_is_told_in_the_published_form() -> None:
    problem = Problem("REQ-INVALID", extra={"fields": [{"field": "purpose", "problem": "missing"}]}, problem="purpose")
    assert faults("problem", told(problem)) == []


def test_the_schema_of_problems_refuses_other_forms() -> None:
    right = told(Problem("REQ-NOT-FOUND"))
    assert faults("problem", right | {"code": "REQ-SOMETHING"})
    assert faults("problem", right | {"trace": "…"})


def told(problem: Problem) -> Any:
    text = problem_response(problem, "request-1").text
    assert text is not None
    return json.loads(text)


def decisions() -> Iterator[Problem]:
    """A use without a grant, one by a withdrawn participant's data, one from where no pack permits it."""
    worlds = {
        "no grant": builders.snapshot(grant=None),
        "withdrawn": builders.snapshot(builders.consent(version=2, status="withdrawn")),
        "abroad": builders.snapshot(
            organisation=builders.organisation(facts={**builders.RECIPIENT_FACTS, "recipient.country": "US"})
        ),
    }
    for world in worlds.values():
        question = builders.question()
        decision = evaluate(question, world)
        assert not decision.permits
        explanation = explain(question, decision, world)
        ids = DecisionId("dec_" + "0" * 36), ReceiptId("rcp_" + "0" * 36)
        no = Refused(id=ids[0], decision=decision, explanation=explanation, receipt=ids[1])
        yield refused(no, ENGLISH)


# Catalogues


def demo_catalogue(folder: Path) -> Path:
    """The demo's catalogue with its words filled in, and small files in place of the genomes."""
    text = (ROOT / "config" / "demo" / "catalogue.yaml").read_text("utf-8")
    filled = Template(text).substitute(
        IDP="http://127.0.0.1:1",
        IDP_SECRET="secret",
        ISSUER="http://127.0.0.1:2",
        DATA=str(folder),
        WEB_SECRET_SHA256="0" * 64,
    )
    path = folder / "catalogue.yaml"
    path.write_text(filled, "utf-8")
    genomic.demo_files(folder)
    return path


def test_the_demo_catalogue_passes_the_published_schema(tmp_path: Path) -> None:
    path = demo_catalogue(tmp_path)
    assert faults("catalogue", load_yaml(path, anchors=False).value) == []
    assert read_catalogue(path).rows


WRONG = {
    "unknown member": ("title: Elbe heart", "titel: Elbe heart"),
    "wrong type": ("grant_months: 12", "grant_months: twelve"),
    "unknown word": ("audience: participant", "audience: everybody"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_schema_refuses_the_reader_refuses_too(case: str, tmp_path: Path) -> None:
    path = demo_catalogue(tmp_path)
    right = path.read_text("utf-8")
    assert WRONG[case][0] in right
    path.write_text(right.replace(*WRONG[case], 1), "utf-8")
    assert faults("catalogue", load_yaml(path, anchors=False).value)
    with pytest.raises(CatalogueError, match=r"catalogue\.yaml:\d+: "):
        read_catalogue(path)
