"""A case of a decision in which all fits: drawn from what is harmless, so that most gates have nothing against it."""

from random import Random
from typing import Any

from tests.differential import drawing
from tests.differential.drawing import Row, _one, _some

AT = ["2026-06-01T12:00:00Z", "2026-06-01T00:00:00Z", "2026-02-05T00:00:00Z", "2026-11-30T23:59:59Z"]
SOON, LATER, PAST, FAR = "2026-12-24T00:00:00Z", "2027-03-01T00:00:00Z", "2026-01-15T00:00:00Z", "2029-01-01T00:00:00Z"
CLASSES = ["respect", "protect", "fulfil", "account"]
WAYS = ["download", "download", "download", "stream", "stream", "tre_remote", "code_to_data", "aggregate"]
SAFEGUARDS = [
    "responsible",
    "governance",
    "custodian",
    "return_of_results",
    "benefit_sharing",
    "sustainability",
    "raci",
]


def fitting(draw: Random) -> Row:
    """A dataset, somebody whom it is open to, and what they ask."""
    home = _one(draw, (5, "DE"), (2, "FR"), (1, "NO"), (2, "GB"))
    there = home if draw.random() < 0.35 else draw.choice(["FR", "DE", "NO", "CH", "JP"])
    at = draw.choice(AT)
    stage = _one(draw, (6, "use"), (3, "approve"), (2, "foresee"))
    purpose, codes = _purpose(draw, there)
    way = draw.choice(WAYS)
    names = [f"s{n}" for n in range(draw.randint(1, 5))]
    case: Row = {
        "at": at, "stage": stage, "way": way, "who": "https://idp.example/|ada", "trusted": True,
        "affiliation": "uni.example", "location": there, "visas": [],
        "purpose": purpose, "stated": None, "named": None, "samples": None, "stored_sealed": False,
        "asked_sealed": False, "foreign_profile": None, "findings": [], "sanctions": [], "revoked": False, "duties": [],
        "dataset": {
            "access": "controlled", "duo": codes, "certificate": _certificate(draw), "terms_of_use": None, "training": None,
            "registered_profile": None, "security_level": None, "plaintext": False, "evidence": [],
            "facts": _facts(home), "safeguards": _safeguards(draw),
        },
        "organisation": _organisation(draw, there),
        "grants": [], "consents": {name: [version_of(draw, purpose)] for name in names}, "communities": {},
    }  # fmt: skip
    if stage == "use":
        case["grants"] = [_grant(draw, case, f"G-{n}") for n in range(_one(draw, (6, 1), (2, 2)))]
    return case


def _purpose(draw: Random, there: str) -> tuple[Row, list[Any]]:
    permission = draw.choice(["GRU", "GRU", "HMB", "HMB", "DS", "DS", "NRES"])
    kind = {"DS": "disease", "HMB": draw.choice(["hmb", "disease"])}.get(permission) or draw.choice(
        ["general", "hmb", "disease", "methods", "ancestry"]
    )
    purpose: Row = {
        "organisation": "non_profit", "commercial": False, "clinical_care": False, "genetic_data": True,
        "kinds": [kind], "countries": [there], "sensitive": [], "ai_use": "none", "linkage": False, "recontact": False,
        "flags": [], "project": "P-1",
    }  # fmt: skip
    codes: list[Any] = [{"code": permission}]
    if permission == "DS":
        codes = [{"code": "DS", "diseases": [drawing.CANCER]}]
    if kind == "disease":
        purpose["diseases"] = [draw.choice([drawing.CANCER, drawing.MELANOMA, drawing.BREAST])]
    if permission != "NRES":
        for name in _some(draw, ["NPU", "NCU", "IRB", "COL", "PUB", "RTN", "TS", "CC", "PS", "NPOA"], 2):
            codes.append(_met(name, purpose))
    if draw.random() < 0.1:
        purpose["kinds"] = sorted({*purpose["kinds"], "genetic"})
    return purpose, codes


def _met(name: str, purpose: Row) -> Row:
    """A modifier, and what the purpose must say to meet it."""
    agreed = purpose.setdefault("agreements", {})
    if name == "IRB":
        purpose["evidence"] = {"ethics_approval": "verified"}
    elif name == "COL":
        agreed["collaborate"] = "recorded"
    elif name in ("PUB", "RTN"):
        agreed["publish" if name == "PUB" else "return_data"] = True
    elif name == "TS":
        purpose["duration_months"] = 6
        return {"code": name, "months": 12}
    elif name == "PS":
        return {"code": name, "projects": ["P-1"]}
    return {"code": name}


def _certificate(draw: Random) -> Row:
    joint = draw.random() < 0.3
    return {
        "granularity": "multi_sample" if joint else "per_sample", "filterable": not joint or draw.random() < 0.4,
        "min_group": _one(draw, (8, 1), (1, 2), (1, 3)),
    }  # fmt: skip


def _facts(home: str) -> Row:
    return {
        "data.controller_country": home, "data.storage_country": home, "data.origin_countries": [home],
        "data.category": "genomic", "data.identifiability": "pseudonymised", "data.repository_class": "institutional",
        "data.regimes_declared": [], "data.community_governed": False, "data.community_local_only": False,
        "data.controller_type": "university", "data.us_person_count_12m": 0, "data.n_individuals": 100,
        "data.storage_operator_control": [home],
        "request.consideration": "none", "request.transaction_type": "research_collaboration",
        "request.us_gov_funded": False,
    }  # fmt: skip


def _safeguards(draw: Random) -> Row:
    return {
        **dict.fromkeys(SAFEGUARDS, True), "public_notice": True, "embargo": None,
        "engagements": [{"date": draw.choice(["2025-03-12", "2022-01-01"])}],
        "duties": [{"class": one} for one in CLASSES],
    }  # fmt: skip


def _organisation(draw: Random, there: str) -> Row:
    return {
        "organisation": "non_profit", "recourse": ["contract"],
        "evidence": [{"id": "security.level:3", "valid_to": draw.choice([SOON, FAR])}, *({"id": one} for one in (
            "scc.signed", "tia.done", "uk.idta_signed", "uk.transfer_risk_assessment",
        ) if draw.random() < 0.8)],
        "facts": {
            "recipient.country": there, "recipient.institution_type": "university", "recipient.security_level": 3,
            "recipient.control_countries": [], "recipient.suspended": False, "recipient.can_sign_scc": True,
            "recipient.dpf_certified": False, "recipient.individual_residence": there,
        },
    }  # fmt: skip


def version_of(draw: Random, purpose: Row, number: int = 1, begins: str = "2025-01-01") -> Row:
    permission: Row = draw.choice([{"code": "GRU"}, {"code": "NRES"}])
    if purpose["kinds"] == ["disease"] and draw.random() < 0.6:
        permission = draw.choice([{"code": "DS", "diseases": [drawing.CANCER]}, {"code": "HMB"}])
    return {
        "version": number, "effective_from": begins, "model": draw.choice(["specific", "specific", "tiered", "broad"]),
        "template": {"id": draw.choice(["T1", "T2"]), "version": "1", "sha256": "a" * 64},
        "scope": {"permissions": [permission], "answers": dict.fromkeys(
            ["for_profit_org", "commercial_use", "ai_training", "ai_model_release", "linkage", "recontact"], "permit"
        )},
    }  # fmt: skip


def _grant(draw: Random, case: Row, name: str) -> Row:
    return {
        "id": name, "whose": "me", "dataset": "this", "begins": "2026-01-20T00:00:00Z",
        "ends": draw.choice([SOON, LATER]), "revoked": False, "purpose": dict(case["purpose"]), "findings": [],
    }  # fmt: skip
