"""A drawn case of a decision, put to the product: rows, a picture of the world and a question; and what it answers.

The only file of the comparison that knows what the product's rows look like. It decides nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from broker.core.consent.reading import read_certificate, read_version
from broker.core.decision import Question, evaluate
from broker.core.decision.case import case_of
from broker.core.decision.entitlement import entitlements
from broker.core.decision.findings import inputs_digest
from broker.core.decision.gates.jurisdiction import jurisdiction
from broker.core.decision.weighing import weighed
from broker.core.duo.ontology import Ontology
from broker.core.duo.terms import parse_terms
from broker.core.ids import DatasetId, GrantId, Issuer, ObjectId, PersonId, RequestId, SubjectRef
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.outcome import Gate
from broker.core.passport.trust import TrustRow
from broker.core.passport.visa import Visa
from broker.core.purpose import Modality, Purpose, read_purpose
from broker.core.rows import (
    ConsentRow,
    Dataset,
    DrsObject,
    Evidence,
    Grant,
    Organisation,
    Revocation,
    Row,
    Sanction,
    VisaIssuer,
)  # fmt: skip
from broker.core.rows.access import Finding
from broker.core.rows.catalogue import Envelope
from broker.core.rows.obligations import Obligation
from broker.core.rows.safeguards import (
    ApprovedPolicy,
    Duty,
    Embargo,
    Engagement,
    Notice,
    Raci,
    Responsible,
    Safeguards,
    Sustainability,
)  # fmt: skip
from broker.core.rows.sanctions import Lift
from broker.core.snapshot import Snapshot, empty, follow
from broker.core.time import EPOCH, FOREVER, Seconds, parse_rfc3339

US, HOME, SOCIETY = Issuer("https://broker.example"), Issuer("https://idp.example/"), Issuer("https://society.example")
ADA, MEI, OLD = PersonId("usr_ada"), PersonId("usr_mei"), GrantId("G-old")
THIS, OTHER = DatasetId("https://bank.example/datasets/this"), DatasetId("https://bank.example/datasets/other")
FILE, EVERYBODY = ObjectId("obj-1"), ObjectId("obj-all")
DATASETS = {"this": THIS, "other": OTHER}
SAFEGUARDS = Safeguards(
    responsible=Responsible(role="officer", contact="dpo@bank.example"),
    governance="https://bank.example/governance",
    custodian="head",
    return_of_results=ApprovedPolicy(approval="R-1", on=date(2024, 1, 1), version="1"),
    benefit_sharing="told in plain words",
    sustainability=Sustainability(funder="bank", until=date(2034, 1, 1), then="archive"),
    raci=Raci(responsible="a", accountable="b", consulted="c", informed="d"),
    public_notice=Notice(url="https://bank.example/news", on=date(2025, 1, 1)),
)
GATE_OF = {"PUR": Gate.PURPOSE, "DUO": Gate.DUO, "CON": Gate.CONSENT, "JUR": Gate.JURISDICTION}
Case = Mapping[str, Any]


def ask(case: Case, ontology: Ontology, rules: Rulebook) -> dict[str, Any]:
    """What the product says: its outcome, the first code of every gate that does not permit, and until when."""
    decision = evaluate(*put(case, ontology, rules))
    blocking = {str(one.gate): one.reasons[0].code for one in decision.gates if not one.outcome.permits}
    left_out = sorted(decision.excluded) if decision.permits else []
    return {
        "outcome": decision.outcome.name, "gates": blocking, "grant": _short(decision.grant), "left_out": left_out,
        "until": None if decision.until >= FOREVER else int(decision.until),
    }  # fmt: skip


def put(
    case: Case, ontology: Ontology, rules: Rulebook, order: Callable[[list[Row]], list[Row]] = list
) -> tuple[Question, Snapshot]:
    """The question of a case, and the world of which it asks. `order`: in which its rows are told."""
    question, world = _question(case), _world(order(_rows(case)), ontology, rules)
    return _with_findings(case, question, world)


def _short(grant: str | None) -> str | None:
    """The names that a case has for what is not a grant of ours."""
    if grant is None:
        return None
    return next(
        (name for start, name in (("visa:", "foreign"), ("registered:", "registered")) if grant.startswith(start)),
        grant,
    )


def _at(text: str) -> Seconds:
    return parse_rfc3339(text if "T" in text else f"{text}T00:00:00Z")


def _tuples(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}


def _purpose(raw: Mapping[str, Any] | None, case: Case) -> Purpose | None:
    return None if raw is None else replace(read_purpose(raw), modality=Modality(case["way"]))


# ------------------------------------------------------------------ rows


def _world(rows: list[Row], ontology: Ontology, rules: Rulebook) -> Snapshot:
    own = TrustRow(iss=US, is_us=True, is_broker=True)
    return follow(empty(ontology, rules, own), rows)


def _rows(case: Case) -> list[Row]:
    rows: list[Row] = [_dataset(case), *_issuers(case), *(_grant(one, case) for one in case["grants"])]
    if case["organisation"] is not None:
        rows.append(_organisation(case["organisation"]))
    if case["samples"] is not None:
        rows.append(_file(case, FILE, case["samples"]))
    rows.append(_file(case, EVERYBODY, sorted(case["consents"])))
    if case["stage"] != "use" and case["duties"]:
        rows.append(_old_grant(case))
    for name, versions in [*case["consents"].items(), *case["communities"].items()]:
        level = "community" if name in case["communities"] else "participant"
        for number, one in enumerate(versions):  # two versions with one number are two rows
            record = read_version({"consent_id": name, "level": level} | one, name)
            rows.append(ConsentRow(id=f"{name}/{number}", datasets=frozenset({THIS}), consent=record))
    rows += [_sanction(one, number) for number, one in enumerate(case["sanctions"])]
    rows += [Revocation(id=f"grant:{one['id']}", since=EPOCH) for one in case["grants"] if one["revoked"]]
    rows += [Revocation(id="family:fam", since=EPOCH)] if case["revoked"] else []
    return rows


def _dataset(case: Case) -> Dataset:
    raw = case["dataset"]
    codes = [{"code": one} if isinstance(one, str) else dict(one) for one in raw["duo"]]
    permitted = [one for one in codes if one["code"] in ("NRES", "GRU", "HMB", "DS", "POA")]
    said = {"permissions": permitted, "modifiers": [one for one in codes if one not in permitted], "ethics_ref": "E-1"}
    profile = raw["registered_profile"]
    return Dataset(
        id=THIS, title="This", committee="https://bank.example/dac", repository="bank", access=raw["access"],
        duo=parse_terms(codes), certificate=read_certificate(said | raw["certificate"]), facts=_tuples(raw["facts"]),
        terms_of_use=raw["terms_of_use"], training=raw["training"], evidence=_evidence(raw["evidence"]),
        registered_profile=profile, safeguards=_safeguards(raw["safeguards"]), security_level=raw["security_level"],
        plaintext=raw["plaintext"],
    )  # fmt: skip


def _safeguards(raw: Mapping[str, Any]) -> Safeguards:
    gone = {name: None for name in raw if raw[name] is None and name != "embargo"}
    embargo = raw["embargo"] and Embargo(
        declared=date.fromisoformat(raw["embargo"]["until"]).replace(year=2026, month=1),
        until=date.fromisoformat(raw["embargo"]["until"]),
    )
    return replace(
        SAFEGUARDS, **gone, embargo=embargo or None,
        engagements=tuple(Engagement(on=date.fromisoformat(one["date"]), who="w", summary="s") for one in raw["engagements"]),
        duties=tuple(Duty(id=one["class"], cls=one["class"], text="t", holder="h") for one in raw["duties"]),
    )  # fmt: skip


def _evidence(raw: list[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(id=one["id"], valid_to=_at(one["valid_to"]) if one.get("valid_to") else FOREVER) for one in raw
    )


def _organisation(raw: Mapping[str, Any]) -> Organisation:
    return Organisation(
        id="uni", name="University", scopes=frozenset({"uni.example"}), organisation=raw["organisation"],
        facts=_tuples(raw["facts"]), evidence=_evidence(raw["evidence"]), recourse=tuple(raw["recourse"]),
    )  # fmt: skip


def _issuers(case: Case) -> list[Row]:
    row = TrustRow(iss=SOCIETY, jku=(f"{SOCIETY}/jwks",), values=(THIS,), grant_profile=case["foreign_profile"])
    return [VisaIssuer(id=SOCIETY, trust=row)]


def _grant(raw: Mapping[str, Any], case: Case) -> Grant:
    purpose = _purpose(raw["purpose"], case)
    assert purpose is not None
    owed = [one for one in case["duties"] if one["grant"] == raw["id"]]
    return Grant(
        id=GrantId(raw["id"]), request=RequestId("req_1"), person=ADA if raw["whose"] == "me" else MEI,
        dataset=DATASETS[raw["dataset"]], duo=parse_terms(["GRU"]), purpose=purpose, begins=_at(raw["begins"]),
        ends=_at(raw["ends"]), committee="https://bank.example/dac", document="", obligations=_obligations(owed),
    )  # fmt: skip


def _old_grant(case: Case) -> Grant:
    """One that is over: what is owed under it stops the next."""
    purpose = _purpose(case["purpose"], case)
    assert purpose is not None
    return Grant(
        id=OLD, request=RequestId("req_0"), person=ADA, dataset=THIS, duo=parse_terms(["GRU"]), purpose=purpose,
        begins=EPOCH, ends=Seconds(EPOCH + 1), committee="https://bank.example/dac", document="",
        obligations=_obligations(case["duties"]),
    )  # fmt: skip


def _obligations(owed: list[Mapping[str, Any]]) -> tuple[Obligation, ...]:
    return tuple(
        Obligation(
            id=f"o{number}", cls="account", text="t", holder="h", due=_at(one["due"]), late=one["late"],
            at=EPOCH if one["done"] else None,
        ) for number, one in enumerate(owed)
    )  # fmt: skip


def _file(case: Case, id: ObjectId, samples: list[str]) -> DrsObject:
    return DrsObject(
        id=id, dataset=THIS, name="f", path="f", size=10, checksums={"sha-256": "0" * 64}, mime_type="a/b",
        created=_at("2024-01-01"), subjects=frozenset(SubjectRef(one) for one in samples),
        envelope=Envelope(header=10, size=100, sha256="0" * 64) if case["stored_sealed"] else None,
    )  # fmt: skip


def _sanction(raw: Mapping[str, Any], number: int) -> Sanction:
    lifts = tuple(
        Lift(person=PersonId(f"usr_{role}"), role=role, at=EPOCH, ground="g") for role in ("admin", "auditor")
    )
    person = raw["kind"] == "person"
    return Sanction(
        id=f"sn{number}", case="c", step=raw["step"], kind="person" if person else "organisation",
        whom=ADA if person else "uni", ground="g", begins=_at(raw["begins"]), ends=_at(raw["ends"]), appeal="a",
        by=MEI, role="admin", lifts=lifts if raw["lifted"] else (),
    )  # fmt: skip


# ------------------------------------------------------------------ the question


def _question(case: Case) -> Question:
    use, trusted = case["stage"] == "use", case["trusted"]
    stated = {**case["purpose"]} if case["purpose"] is not None else None
    if use and case["stated"] is not None:
        stated = (stated or {}) | case["stated"]
    identities = frozenset({(US, str(ADA)), (HOME, "ada"), (SOCIETY, "ada")}) if trusted else frozenset()
    return Question(
        stage=case["stage"], at=_at(case["at"]), known_at=_at(case["at"]), person=ADA,
        identities=identities, family="fam", affiliations=(f"faculty@{case['affiliation']}",), location=case["location"],
        visas=tuple(_visa(one, number) for number, one in enumerate(case["visas"])),
        grants=tuple(GrantId(one["id"]) for one in case["grants"] if one["whose"] == "me") if use else (),
        grant=case["named"], purpose=_purpose(stated, case), dataset=THIS,
        object=FILE if case["samples"] is not None else None, modality=Modality(case["way"]),
        sealed=case["asked_sealed"],
    )  # fmt: skip


def _visa(raw: Mapping[str, Any], number: int) -> Visa:
    return Visa(
        iss=SOCIETY, sub="ada", jti=f"v{number}", type=raw["type"], value=THIS if raw["value"] == "this" else raw["value"],
        source=SOCIETY, by=raw["by"], asserted=_at("2025-12-01"), iat=_at("2025-12-01"), exp=_at(raw["ends"]),
        conditions=None, linked=(), jku=f"{SOCIETY}/jwks", kid="k", key="0" * 64, algorithm="ES256", digest=f"d{number}",
    )  # fmt: skip


# ------------------------------------------------------------------ findings


def _with_findings(case: Case, question: Question, world: Snapshot) -> tuple[Question, Snapshot]:
    """The same with the answers that were given: to the inputs of now, unless the case says that they were others."""
    if case["stage"] != "use":
        given = _findings(case["findings"], question, None, world)
        return replace(question, findings=given), world
    rows: list[Row] = []
    for raw in case["grants"]:
        if raw["findings"] and raw["whose"] == "me" and raw["dataset"] == "this":
            row = world.get(Grant, GrantId(raw["id"]))
            assert row is not None
            rows.append(replace(row, findings=_findings(raw["findings"], question, raw["id"], world)))
    return question, follow(world, rows) if rows else world


def _findings(
    given: list[Mapping[str, Any]], question: Question, grant: str | None, world: Snapshot
) -> tuple[Finding, ...]:
    visas = weighed(question, world)
    held = [one for one in entitlements(replace(question, grant=grant), visas, world) if one.id == grant]
    looked = case_of(question, held[0] if held else None, visas, world)
    read = jurisdiction(looked).read
    made = []
    for number, one in enumerate(given):
        gate = GATE_OF[one["code"][:3]]
        about: dict[str, Any] = {
            "consent_class": one.get("class"),
            "keys": frozenset(one.get("keys", ())),
            "form": one.get("form"),
        }
        inputs = inputs_digest(looked, gate, read=read if gate is Gate.JURISDICTION else (), code=one["code"], **about)
        made.append(Finding(
            gate=gate, code=one["code"], dataset=THIS, project=looked.purpose.project if looked.purpose else None,
            role=one["role"], person=PersonId(f"usr_f{number}"), ground="g", begins=_at(one["from"]), ends=_at(one["until"]),
            inputs="0" * 64 if one.get("changed") else inputs, **about,
        ))  # fmt: skip
    return tuple(made)
