"""Case rows drawn by their types, such that a fair share is permitted: a row that fits, with a few things wrong.

Everything hangs on the `Random` that is passed in: the same seed draws the same rows.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, TypeVar

Row = dict[str, Any]
T = TypeVar("T")

CANCER, MELANOMA, BREAST, OVARY = "MONDO:0004992", "MONDO:0005105", "MONDO:0007254", "MONDO:0008170"
ALZHEIMER, DIABETES, TYPE_2, OBSOLETE = "MONDO:0004975", "MONDO:0005015", "MONDO:0005148", "MONDO:0000126"
DISEASES = [CANCER, MELANOMA, BREAST, OVARY, ALZHEIMER, DIABETES, TYPE_2]
ODD_DISEASES = [OBSOLETE, "MONDO:9999999", "http://purl.obolibrary.org/obo/MONDO_0005105"]
TRISTATE = [True, False, None]


def _one(draw: Random, *weighted: tuple[int, T]) -> T:
    return draw.choices([value for _, value in weighted], [weight for weight, _ in weighted])[0]


def _some(draw: Random, of: Sequence[T], most: int) -> list[T]:
    return draw.sample(list(of), draw.randint(0, min(most, len(of))))


def _maybe(draw: Random, row: Row, name: str, share: float, values: Sequence[Any]) -> None:
    """Sets a member now and then; None among `values` stands for a member that is not there."""
    if draw.random() < share:
        value = draw.choice(values)
        row.pop(name, None)
        if value is not None:
            row[name] = value


# ------------------------------------------------------------------ DUO

_KINDS = [
    "general", "hmb", "disease", "ancestry", "methods", "control", "genetic", "drug_development", "population",
    "age_category", "gender_category",
]  # fmt: skip
_FITTING = {
    "NRES": _KINDS, "GRU": _KINDS, "HMB": ["hmb", "disease", "control", "genetic", "drug_development"],
    "DS": ["disease", "genetic", "drug_development", "control"], "POA": ["ancestry"],
}  # fmt: skip
_USERS, _PROJECTS, _HOMES = (
    ["https://idp.example/|a", "https://idp.example/|b"],
    ["P-1", "P-2"],
    ["https://uni.example"],
)
_ODD_CODES = ["DUO:0000099", "XYZ", "DUO:0000001", "DUO:0000031", "DUO:0000002", "RU", "GRU-CC", "DUO:0000005"]
_MODIFIERS = [
    "NPU", "NCU", "NPUNCU", "NMDS", "GSO", "NPOA", "GS", "IRB", "COL", "PUB", "RTN", "MOR", "TS", "US", "PS", "IS",
    "RS", "CC",
]  # fmt: skip
_PLACES = ["FR", "DE", "NO", "CH", "GB", "US", "CA", "JP", "XX"]


def duo(draw: Random) -> Row:
    """One row of a DUO case file."""
    permission = draw.choice(list(_FITTING))
    kinds = draw.sample(_FITTING[permission], _one(draw, (6, 1), (2, 2)) if len(_FITTING[permission]) > 1 else 1)
    kinds += [draw.choice(_KINDS)] if draw.random() < 0.2 else []
    asked = _some(draw, DISEASES, 2) if draw.random() < 0.5 else []
    purpose: Row = {
        "organisation": "non_profit", "commercial": False, "clinical_care": False, "genetic_data": True,
        "countries": ["FR"], "sensitive": [], "kinds": sorted(set(kinds)),
    }  # fmt: skip
    dataset: list[Any] = [{"code": permission}]
    if permission == "DS":
        dataset = [{"code": "DS", "diseases": draw.sample(DISEASES, draw.randint(1, 3))}]
        asked = [draw.choice(dataset[0]["diseases"])] if draw.random() < 0.7 else asked
    if permission == "POA" and draw.random() < 0.8:
        asked = []
    if asked or draw.random() < 0.1:
        purpose["diseases"] = asked
    for name in _some(draw, _MODIFIERS, _one(draw, (3, 0), (3, 1), (2, 2), (1, 4))):
        dataset.append(_modifier(draw, name, purpose))
    _spoil(draw, dataset, purpose)
    draw.shuffle(dataset)
    return {"dataset": dataset, "purpose": purpose}


def _modifier(draw: Random, name: str, purpose: Row) -> Any:
    """A modifier, met by the purpose three times out of four."""
    met = draw.random() < 0.75
    agreed: Row = purpose.setdefault("agreements", {})
    if name == "GS":
        if not met:
            purpose["countries"] = _some(draw, _PLACES, 3)
        return {
            "code": name,
            "regions": draw.choice([["EU"], ["EEA"], ["FR"], ["FR", "CA"], ["UK", "EU"], ["EFTA", "FR"]]),
        }
    if name == "GSO" and met:
        purpose["kinds"] = sorted({*purpose["kinds"], "genetic"})
    if name == "IRB":
        purpose["evidence"] = {
            "ethics_approval": "verified" if met else draw.choice(["supplied", "expired", "refused"])
        }
    if name == "COL":
        agreed["collaborate"] = "recorded" if met else draw.choice(["refused", "pending"])
    if name in ("PUB", "RTN"):
        agreed["publish" if name == "PUB" else "return_data"] = met
    if name == "MOR":
        _maybe(draw, agreed, "no_publication_before", 0.6, ["2027-06-30", "2027-06-29", "2028-01-01"])
        return {"code": name, "date": "2027-06-30"}
    if name == "TS":
        _maybe(draw, purpose, "duration_months", 0.7, [1, 12, 13])
        return {"code": name, "months": draw.choice([12, 12, 24, 0])}
    if name == "RS":
        return {"code": name} | draw.choice([{"text": "oncology"}, {"research_types": [draw.choice(_KINDS)]}, {}])
    for code, member, names, own in (
        ("US", "users", _USERS, "user"), ("PS", "projects", _PROJECTS, "project"), ("IS", "institutions", _HOMES, "institution"),
    ):  # fmt: skip
        if name == code:
            purpose[own] = names[0] if met else draw.choice([*names, "another"])
            return {"code": name, member: [names[0]]}
    return draw.choice([{"code": name}, name])


def _spoil(draw: Random, dataset: list[Any], purpose: Row) -> None:
    """Now and then one thing is missing, unknown, or the other way round."""
    _maybe(draw, purpose, "organisation", 0.12, ["for_profit", "for_profit", None])
    _maybe(draw, purpose, "commercial", 0.12, TRISTATE)
    _maybe(draw, purpose, "clinical_care", 0.12, TRISTATE)
    _maybe(draw, purpose, "genetic_data", 0.12, TRISTATE)
    _maybe(draw, purpose, "countries", 0.08, [["FR", "US"], ["XX"], ["XX", "FR"], ["XX", "US"], [], None])
    _maybe(draw, purpose, "sensitive", 0.06, [["paediatric"], ["control"], ["single_gender", "migration"], None])
    _maybe(draw, purpose, "kinds", 0.03, [[], None, ["cloning"], ["hmb", "cloning"]])
    _maybe(draw, purpose, "diseases", 0.06, [[one] for one in ODD_DISEASES])
    if draw.random() < 0.04:
        purpose.pop(draw.choice(["sensitive", "kinds"]), None)
        purpose["clinical_care"] = draw.choice([True, purpose.get("clinical_care")])
    if draw.random() < 0.04:
        dataset.append({"code": draw.choice(_ODD_CODES)})
    if draw.random() < 0.04:
        dataset.append({"code": draw.choice(list(_FITTING))})
    if draw.random() < 0.03:
        dataset.pop(draw.randrange(len(dataset)))
    if draw.random() < 0.03 and dataset and isinstance(dataset[0], dict):
        dataset[0] |= draw.choice([{"diseases": [ODD_DISEASES[1], CANCER]}, {"text": "as agreed"}, {"months": 3}])


# ------------------------------------------------------------------ consent

DEFAULTS: Mapping[str, Any] = {
    "request_defaults": {
        "purpose": "hmb", "diseases": [], "org_type": "non_profit", "commercial_use": False, "ai_training": False,
        "modality": "download", "recipient_country": "FR", "processing_country": "FR",
    },
    "dataset_defaults": {
        "permissions": [{"code": "GRU"}], "modifiers": [], "granularity": "per_sample", "filterable": True,
        "min_group": 1,
    },
}  # fmt: skip
AT = "2026-06-01"
_DAYS = ["2020-01-01", "2024-01-01", "2026-03-01", "2026-05-31", "2026-06-01", "2026-06-02", "2026-07-01"]
_ANSWERS = [
    "for_profit_org", "commercial_use", "ai_training", "ai_model_release", "linkage", "recontact", "family_analysis",
    "ancestry_reporting", "topic:psychological_traits", "topic:cloning",
]  # fmt: skip
_WAYS = ["download", "stream", "tre_remote", "code_to_data", "aggregate"]


def consent(draw: Random) -> Row:
    """One row of a consent case file: a request about a few persons, now and then a withdrawal."""
    if draw.random() < 0.05:
        return _withdrawal(draw)
    request = _request(draw)
    row: Row = {"request": request, "dataset": _dataset(draw)}
    number = _one(draw, (5, 1), (3, 2), (2, 3), (1, 5))
    row["subjects"] = {f"s{n}": _person(draw, request) for n in range(number)}
    if draw.random() < 0.15:
        row["at"] = draw.choice(["2026-02-01", "2026-03-01", "2026-05-31T23:59:59Z", "2026-06-02"])
    if draw.random() < 0.1:
        row["known_at"] = draw.choice(["2026-02-01", "2026-06-01", "2026-07-15"])
    return row


def _request(draw: Random) -> Row:
    request: Row = {}
    if draw.random() < 0.5:
        request["purpose"] = draw.choice(["general", "hmb", "hmb", "ds", "ds", "ds", "poa", "methods", "clinical"])
        if request["purpose"] in ("ds", "methods", "clinical") and draw.random() < 0.85:
            request["diseases"] = draw.sample(DISEASES, _one(draw, (4, 1), (1, 2)))
    if draw.random() < 0.05:
        request["diseases"] = [draw.choice([*DISEASES, *ODD_DISEASES])]
    for name in ("linkage", "recontact", "family_analysis", "ai_training", "ancestry", "genetic_study"):
        if draw.random() < 0.1:
            request[name] = True
    if request.get("ai_training") and draw.random() < 0.5:
        request["ai_model_release"] = True
    if draw.random() < 0.15:
        request["org_type"] = draw.choice(["for_profit", "for_profit", None])
    if draw.random() < 0.12:
        request["commercial_use"] = draw.choice([True, True, None])
    if draw.random() < 0.12:
        request["topics"] = draw.choice(
            [_some(draw, ["psychological_traits", "cloning", "paediatric"], 2)] * 7 + [None]
        )
    if draw.random() < 0.2:
        request["modality"] = draw.choice(_WAYS)
    if draw.random() < 0.05:
        request[draw.choice(["linkage", "recontact", "ai_training"])] = None
    for name in ("recipient_country", "processing_country"):
        if draw.random() < 0.12:
            request[name] = draw.choice(["DE", "US", "CA", "NO", None])
    _maybe(draw, request, "data_generated_on", 0.15, ["2024-06-01", "2026-02-28", "2026-03-01", "2026-04-01"])
    _maybe(draw, request, "needs_new_data", 0.1, [True, False])
    _maybe(draw, request, "duration_months", 0.1, [6, 12, 24])
    _maybe(draw, request, "project", 0.1, ["P-1", "P-2"])
    return request


def _answers(draw: Random, request: Row, yes: float) -> Row:
    """Answers, mostly to what is asked, mostly yes."""
    asked = [key for key in _ANSWERS if request.get(key) or key.removeprefix("topic:") in (request.get("topics") or ())]
    asked += ["for_profit_org"] if request.get("org_type", "x") != "x" else []
    answers: Row = {}
    for key in [*asked, *(_some(draw, _ANSWERS, 2) if draw.random() < 0.3 else [])]:
        if draw.random() < 0.85:
            answers[key] = "permit" if draw.random() < yes else draw.choice(["deny", "ask"])
    if draw.random() < 0.06:
        answers["hosting"] = draw.choice([["FR", "DE"], ["US"], []])
    if draw.random() < 0.04:
        answers["modalities"] = _some(draw, _WAYS, 4)
    if draw.random() < 0.06:
        answers["recipient_countries"] = draw.choice([["FR"], ["DE", "FR"], ["CA"]])
    if draw.random() < 0.02:
        answers |= draw.choice([{"moon_use": "deny"}, {"linkage": "perhaps"}, {"return_of_results": "actionable"}])
    return answers


def _permission(draw: Random, request: Row) -> Row:
    if request.get("purpose") == "ds" and draw.random() < 0.6 and request.get("diseases"):
        return {"code": "DS", "disease": request["diseases"][0]}
    if request.get("purpose") == "poa" and draw.random() < 0.5:
        return {"code": "POA"}
    return _one(
        draw, (4, {"code": "GRU"}), (3, {"code": "HMB"}), (1, {"code": "NRES"}), (1, {"code": "POA"}),
        (2, {"code": "DS", "disease": draw.choice(DISEASES)}),
    )  # fmt: skip


def _consent_modifier(draw: Random) -> Any:
    return draw.choice([
        "NPU", "NCU", "NPUNCU", "NMDS", "NPOA", "GSO", "CC", "CC", "CC", "IRB", "COL", "PUB", "RTN",
        {"code": "GS", "regions": ["EU"]}, {"code": "GS", "regions": ["FR", "CA"]}, {"code": "TS", "months": 12},
        {"code": "MOR", "date": "2027-06-30"}, {"code": "PS", "projects": ["P-1"]}, {"code": "RS", "text": "oncology"},
    ])  # fmt: skip


def _scope(draw: Random, request: Row, yes: float = 0.8) -> Row:
    scope: Row = {"permissions": [_permission(draw, request)]}
    if draw.random() < 0.12:
        scope["permissions"].append(_permission(draw, request))
    if draw.random() < 0.02:
        scope["permissions"].append({"code": draw.choice(["DUO:0000099", "RU"])})
    if request.get("purpose") == "clinical" and draw.random() < 0.7:
        scope["modifiers"] = ["CC"]
    if draw.random() < 0.18:
        scope["modifiers"] = [
            *scope.get("modifiers", []),
            *(_consent_modifier(draw) for _ in range(draw.randint(1, 2))),
        ]
    if draw.random() < 0.01:
        scope["modifiers"] = [*scope.get("modifiers", []), draw.choice(["XYZ", "GRU"])]
    answers = _answers(draw, request, yes)
    if answers:
        scope["answers"] = answers
    return scope


def _version(draw: Random, request: Row, number: int, begins: str) -> Row:
    version: Row = {"version": number, "effective_from": begins}
    if draw.random() < 0.95:
        version["scope"] = _scope(draw, request)
    if draw.random() < 0.1:
        version["recorded_at"] = draw.choice(_DAYS)
    if draw.random() < 0.05:
        version["effective_to"] = draw.choice(["2026-06-01", "2026-06-01T00:00:01Z", "2026-07-01", "2026-01-01"])
    if draw.random() < 0.08:
        version["status"] = _one(draw, (3, "withdrawn"), (2, "suspended"), (1, "entered_in_error"), (1, "active"))
    if version.get("status") == "withdrawn" or draw.random() < 0.03:
        kind = draw.choice(["no_further_use", "no_further_access", "no_further_access", "no_further_contact"])
        version["withdrawal"] = {"kind": kind}
    if draw.random() < 0.06:
        version["grantor"] = {"kind": draw.choice(["self", "parent", "guardian", "representative"])}
        _maybe(draw, version["grantor"], "valid_to", 0.4, ["2026-06-01", "2026-06-02", "2027-01-01"])
        _maybe(draw, version, "maturity_review_on", 0.6, ["2026-06-01", "2026-06-02", "2026-02-14"])
        _maybe(draw, version, "capacity", 0.4, ["full", "lacking", "regained"])
    if draw.random() < 0.05:
        version["deceased_on"] = draw.choice(["2026-04-01", "2026-06-01", "2026-06-02"])
        version["after_death"] = draw.choice(["continue", "stop", "family_decides"])
    return version


_LESS = ["no_further_access", "no_further_contact"]


def _person(draw: Random, request: Row) -> list[Row]:
    number = _one(draw, (12, 1), (3, 2), (1, 3), (1, 0))
    days = sorted(
        draw.choices(["2020-01-01", "2024-01-01", "2024-01-01", "2026-03-01", "2026-06-01", "2026-07-01"], k=number)
    )
    versions = [_version(draw, request, n + 1, begins) for n, begins in enumerate(days)]
    if number > 1 and draw.random() < 0.08:  # a pause, and what was taken back while it lasted
        versions[-2]["status"] = "suspended"
        versions[-1] |= {"status": "withdrawn", "withdrawal": {"kind": draw.choice(_LESS)}}
    if draw.random() < 0.05:
        other = _version(draw, request, 1, draw.choice(["2024-01-01", "2026-07-01"]))
        versions.append({"consent_id": "another"} | other)
    if draw.random() < 0.08:
        layer: Row = {"level": draw.choice(["family", "community"]), "version": 1, "effective_from": "2024-01-01"}
        if draw.random() < 0.8:
            layer["scope"] = draw.choice([_scope(draw, request), {"answers": _answers(draw, request, 0.7)}])
        if draw.random() < 0.15:
            layer |= draw.choice([{"effective_to": "2026-01-01"}, {"status": "withdrawn"}, {"status": "suspended"}])
        versions.append(layer)
    draw.shuffle(versions)
    return versions


def _dataset(draw: Random) -> Row:
    dataset: Row = {}
    if draw.random() < 0.25:
        dataset["permissions"] = [
            _one(draw, (3, {"code": "NRES"}), (1, {"code": "HMB"}), (1, {"code": "DS", "disease": CANCER}))
        ]
    if draw.random() < 0.12:
        dataset["modifiers"] = [_consent_modifier(draw)]
    if draw.random() < 0.15:
        dataset["answers"] = {draw.choice(_ANSWERS): draw.choice(["permit", "deny", "ask"])}
    if draw.random() < 0.03:
        dataset.setdefault("answers", {})["modalities"] = _some(draw, _WAYS, 4)
    if draw.random() < 0.14:
        dataset["granularity"] = draw.choice(["multi_sample", "multi_sample", "per_sample"])
        dataset["filterable"] = draw.choice(TRISTATE)
    if draw.random() < 0.1:
        dataset["min_group"] = draw.choice([2, 3])
    if draw.random() < 0.04:
        dataset |= draw.choice(
            [{"valid_to": "2026-06-01"}, {"valid_from": "2026-06-02"}, {"valid_to": "2027-01-01"}, {"permissions": []}]
        )
    return dataset


def _withdrawal(draw: Random) -> Row:
    things = [
        "request_open",
        "visa_issued",
        "stream_running",
        "tre_workspace",
        "downloaded",
        "derivative",
        "model_trained",
        "aggregate_result",
        "published",
    ]
    row: Row = {
        "withdrawal": {"kind": draw.choice(["no_further_use", "no_further_access", "no_further_contact"])},
        "grants": _some(draw, things, 5),
    }  # fmt: skip
    limits = _some(draw, ["published", "aggregate_result", "model_trained"], 3)
    if limits:
        row["withdrawal"]["approved_limits"] = [
            draw.choice([one, {"what": one}, {"what": one, "approval_ref": "E-1", "told_in_template_paragraph": "4"}])
            for one in limits
        ]
    if draw.random() < 0.3:
        row["request"] = {"needs_new_data": draw.choice([True, False])}
    return row


# ------------------------------------------------------------------ law

ORDINARY: Mapping[str, Any] = {
    "request.modality": "download", "request.consideration": "none",
    "request.transaction_type": "research_collaboration", "request.us_gov_funded": False, "request.purpose_flags": [],
    "request.ai_use": "none", "data.category": "genomic", "data.identifiability": "pseudonymised",
    "data.regimes_declared": [], "data.community_governed": False, "data.repository_class": "institutional",
    "recipient.institution_type": "university", "recipient.security_level": 3, "recipient.control_countries": [],
    "recipient.suspended": False, "evidence": [],
}  # fmt: skip
_HOLDERS = ["DE", "FR", "NO", "GB", "US", "CN", "ZA", "NG", "IN", "BR", "MG"]
_RECEIVERS = [
    "FR",
    "DE",
    "NO",
    "GB",
    "US",
    "CA",
    "JP",
    "KR",
    "CN",
    "HK",
    "RU",
    "BR",
    "PT",
    "ZA",
    "NG",
    "IN",
    "UG",
    "SG",
]
_DATES = [
    "2026-06-01", "2026-06-01", "2026-06-01", "2025-04-07", "2025-04-08", "2026-01-26", "2026-01-27", "2026-02-04",
    "2026-02-05", "2027-05-13", "2027-05-14", "2031-03-25", "2031-03-26", "2031-12-27", "2031-12-28",
    "2026-01-26T23:59:59Z", "2026-01-27T00:00:00Z", "2023-06-30", "2021-06-27",
]  # fmt: skip
_PROOFS = [
    ["scc.signed", "tia.done"], ["uk.idta_signed", "uk.transfer_risk_assessment"], ["br.anpd_scc"],
    ["cn.partner_agreement", "cn.hgr.prior_report", "cn.hgr.backup_submitted", "cac.scc_filed", "pipl.separate_consent"],
    ["cn.hgr.security_review_passed", "cac.security_assessment_passed", "cac.certified"], ["in.hmsc_approval"],
    ["ng.transfer_contract", "ng.nhrec_approval"], ["za.hrec_approval", "za.data_transfer_agreement", "za.s57_authorisation"],
    ["nist_800_171.attested"], ["community.approved"], ["community.refused"], ["doj.onward_clause"],
    ["ehds.data_permit"], ["explicit_consent.transfer"],
]  # fmt: skip


def law(draw: Random) -> Row:
    """One row of a jurisdiction case file; its facts are to be laid over ORDINARY."""
    holder = draw.choice(_HOLDERS)
    receiver = holder if draw.random() < 0.25 else draw.choice(_RECEIVERS)
    facts: Row = {
        "data.controller_country": holder, "data.storage_country": holder, "data.origin_countries": [holder],
        "recipient.country": receiver, "recipient.individual_location": receiver,
        "recipient.individual_residence": receiver, "request.processing_country": receiver,
        "recipient.can_sign_scc": draw.choice(TRISTATE), "recipient.dpf_certified": draw.choice(TRISTATE),
        "recipient.dpf_uk_extension": draw.choice(TRISTATE),
    }  # fmt: skip
    if holder == "US" or draw.random() < 0.1:
        facts["data.us_person_count_12m"] = draw.choice([0, 1, 100, 101, 1000, 1001, 10000, 10001, 5000])
    if holder == "CN" or draw.random() < 0.1:
        facts |= {
            "data.n_sequenced": draw.choice([10, 500, 501]), "data.important_pedigree": draw.random() < 0.1,
            "data.specific_region": draw.random() < 0.1, "data.cn_sensitive_pi_count_ytd": draw.choice([300, 9999, 10000]),
        }  # fmt: skip
    facts["evidence"] = [one for proofs in _some(draw, _PROOFS, 4) for one in proofs if draw.random() < 0.9]
    own = {"DE": 0, "FR": 0, "NO": 0, "GB": 1, "BR": 2, "CN": 3, "IN": 5, "NG": 6, "ZA": 7}.get(holder)
    if own is not None and draw.random() < 0.6:
        facts["evidence"] += _PROOFS[own]
    facts["evidence"] = sorted(set(facts["evidence"]))
    _turn(draw, facts, holder)
    row: Row = {"facts": facts}
    if draw.random() < 0.4:
        row["at"] = draw.choice(_DATES)
    return row


def _turn(draw: Random, facts: Row, holder: str) -> None:
    """A few facts the other way round, unknown, or elsewhere."""
    for name, share, values in (
        ("request.modality", 0.45, _WAYS),
        ("request.consideration", 0.2, ["fee", "license", "cost_recovery", "other_value"]),
        ("request.transaction_type", 0.1, ["data_brokerage", "vendor"]),
        ("request.us_gov_funded", 0.15, [True, False]),
        ("request.purpose_flags", 0.08, [["prohibited"], ["ehds_prohibited"], ["other"]]),
        ("request.ai_use", 0.1, ["training", "model_release", "generative_release"]),
        ("data.category", 0.2, ["epigenomic", "transcriptomic", "proteomic", "phenotype", "imaging"]),
        ("data.identifiability", 0.1, ["identified", "anonymous"]),
        ("data.regimes_declared", 0.15, [["eu-gdpr"], ["eu-ehds"], ["eu-gdpr", "eu-ehds"]]),
        ("data.community_governed", 0.15, [True]),
        ("data.community_local_only", 0.3, [True, False]),
        ("data.repository_class", 0.12, ["nih_cadr"]),
        ("recipient.institution_type", 0.25, ["company", "hospital", "government"]),
        ("recipient.security_level", 0.15, [0, 1, 2]),
        ("recipient.control_countries", 0.3, [["CN"], [holder], ["CA", "HK"], ["cn"], ["FR", "XX"]]),
        ("recipient.suspended", 0.05, [True]),
        ("recipient.country", 0.05, ["UK", "cn"]),
        ("recipient.individual_location", 0.15, [*_RECEIVERS, "cn"]),
        ("recipient.individual_residence", 0.1, _RECEIVERS),
        ("request.processing_country", 0.35, [holder, holder, *_RECEIVERS]),
        ("data.storage_country", 0.05, ["DE", "US", "CN"]),
        ("data.origin_countries", 0.12, [["DE"], ["US"], ["CN"], ["DE", "MG"], ["IN", "BR"], [holder, "US"], []]),
    ):
        if draw.random() < share:
            facts[name] = draw.choice(values)
    if draw.random() < 0.2:
        facts[draw.choice([*ORDINARY, *facts])] = None
