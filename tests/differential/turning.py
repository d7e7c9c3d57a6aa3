"""What can be turned in a case of a decision, gate by gate, and now and then who may answer it does."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.differential import drawing
from tests.differential.drawing import Row, _maybe, _one, _some
from tests.differential.fitting import CLASSES, FAR, LATER, PAST, SAFEGUARDS, SOON, version_of
from tests.differential.reading_gates import REGISTERED

TERMS, TRAINING = "https://bank.example/terms/2", "https://bank.example/training"
Turn = Callable[[Random, Row], None]


def _purposes(case: Row) -> list[Row]:
    """Every statement of a purpose that the case may be judged by."""
    return [case["purpose"], *(one["purpose"] for one in case["grants"])]


def _findings(case: Row) -> list[list[Row]]:
    return [case["findings"], *(one["findings"] for one in case["grants"])]


def _answer(draw: Random, case: Row, code: str, *roles: str, **more: Any) -> None:
    """Mostly answered as it must be; else late, for other inputs, by half of who must, or by somebody else."""
    wrong = _one(draw, (6, ""), (1, "late"), (1, "early"), (1, "changed"), (1, "role"), (1, "half"))
    for role in roles[: 1 if wrong == "half" and len(roles) > 1 else None]:
        one: Row = {"code": code, "role": role, "from": PAST, "until": SOON} | more
        if wrong == "late":
            one["until"] = "2026-02-04T00:00:00Z"
        if wrong == "early":
            one["from"] = SOON
        if wrong == "changed":
            one["changed"] = True
        if wrong == "role":
            one["role"] = draw.choice([
                other for other in ("committee_member", "legal_officer", "ethics_committee") if other not in roles
            ])  # fmt: skip
        for held in _findings(case):
            held.append(dict(one))


def _untrusted(draw: Random, case: Row) -> None:  # noqa: ARG001
    case["trusted"] = False


def _access(draw: Random, case: Row) -> None:
    case["dataset"]["access"] = draw.choice(["open", "registered", "registered"])
    if case["dataset"]["access"] == "registered":
        case["dataset"]["registered_profile"] = draw.choice([case["purpose"]] * 4 + [None])
        case["grants"] = []
        for kind in ("AcceptedTermsAndPolicies", "ResearcherStatus"):
            if draw.random() < 0.85:
                case["visas"].append(_visa(draw, kind, REGISTERED))
    if draw.random() < 0.7:
        case["grants"] = []


def _visa(draw: Random, kind: str, value: str, by: str = "so") -> Row:
    """Ended, in the leeway, or good; `at` is to the second what the edge is."""
    return {
        "type": kind,
        "value": value,
        "by": by,
        "ends": draw.choice([SOON, FAR, LATER, PAST, "2026-06-01T11:59:45Z"]),
    }


def _grants(draw: Random, case: Row) -> None:
    if not case["grants"]:
        return
    one = draw.choice(case["grants"])
    turns: list[dict[str, list[Any]]] = [
        {"whose": ["other"]}, {"dataset": ["other"]}, {"revoked": [True]},
        {"ends": [case["at"], "2026-06-01T12:00:01Z"]}, {"begins": [case["at"], "2026-12-01T00:00:00Z"]},
    ]  # fmt: skip
    for name, values in draw.choice(turns).items():
        one[name] = draw.choice(values)
    if one["begins"] >= one["ends"]:  # no grant ends before it begins
        one["ends"] = LATER


def _named(draw: Random, case: Row) -> None:
    case["named"] = draw.choice(["G-0", "G-0", "G-1", "G-9"]) if case["stage"] == "use" else None


def _no_grant(draw: Random, case: Row) -> None:
    case["grants"] = []
    if draw.random() < 0.7:
        case["visas"].append(_visa(draw, "ControlledAccessGrants", "this", "dac"))
        case["foreign_profile"] = draw.choice([case["purpose"], case["purpose"], None])


def _terms(draw: Random, case: Row) -> None:
    case["dataset"]["terms_of_use"] = TERMS
    if draw.random() < 0.7:
        case["visas"].append(
            _visa(draw, "AcceptedTermsAndPolicies", draw.choice([TERMS] * 5 + ["https://bank.example/terms/1"]))
        )


def _training(draw: Random, case: Row) -> None:
    case["dataset"]["training"] = TRAINING
    if draw.random() < 0.8:
        case["visas"].append(_visa(draw, "ResearcherStatus", TRAINING, draw.choice(["so", "so", "system", "self"])))


def _flag(draw: Random, case: Row) -> None:
    flag = draw.choice(["prohibited", "dual_use", "dual_use", "other"])
    for one in _purposes(case):
        one["flags"] = [flag]
    if flag == "dual_use":
        _answer(draw, case, "PUR-DUAL-USE", "committee_member")
    elif draw.random() < 0.2:
        _answer(draw, case, "PUR-PROHIBITED", "committee_member")


def _stated(draw: Random, case: Row) -> None:
    case["stated"] = draw.choice([{"project": "P-1"}, {"project": "P-2"}, {"project": "P-1", "flags": ["prohibited"]}])


def _record(draw: Random, case: Row) -> None:
    case["dataset"]["safeguards"][draw.choice(SAFEGUARDS)] = None


def _engagement(draw: Random, case: Row) -> None:
    case["dataset"]["safeguards"]["engagements"] = draw.choice([[], [{"date": "2021-06-01"}], [{"date": "2020-01-01"}]])


def _embargo(draw: Random, case: Row) -> None:
    case["dataset"]["safeguards"]["embargo"] = {"until": draw.choice(["2026-06-01", "2026-12-01", "2026-06-02"])}


def _duty_classes(draw: Random, case: Row) -> None:
    case["dataset"]["safeguards"]["duties"] = [{"class": one} for one in _some(draw, CLASSES, 3)]


def _unfit(draw: Random, case: Row) -> None:
    """The purpose is another than the codes allow, or lacks an answer."""
    shares: list[tuple[str, list[Any]]] = [
        ("commercial", [True, None]), ("clinical_care", [True, None]), ("kinds", [["general"], ["ancestry"], ["methods"]]),
        ("genetic_data", [False]), ("organisation", ["for_profit"]), ("duration_months", [13, 12]), ("project", ["P-2", None]),
    ]  # fmt: skip
    name, values = draw.choice(shares)
    value = draw.choice(values)
    for one in _purposes(case):
        _maybe(draw, one, name, 1, [value])
    if value is None and name in ("commercial", "clinical_care"):
        _answer(draw, case, f"DUO-{'COMMERCIAL' if name == 'commercial' else 'CLINICAL'}-UNSTATED", "committee_member")


def _topic(draw: Random, case: Row) -> None:
    topics = _some(draw, ["paediatric", "ethnicity"], 2)
    for one in _purposes(case):
        one["sensitive"] = topics
    if topics:
        for versions in case["consents"].values():
            for one in versions:
                one["scope"]["answers"] = one["scope"].get("answers", {}) | {
                    f"topic:{topic}": "permit" for topic in topics if draw.random() < 0.9
                }
        _answer(draw, case, "DUO-SENSITIVE", "committee_member")


def _code(draw: Random, case: Row) -> None:
    code = draw.choice(
        ["NPU", "NCU", "NMDS", "GSO", "NPOA", "IRB", "COL", "PUB", "RTN", "CC", "XYZ", "HMB", "RS", "TS"]
    )
    case["dataset"]["duo"] = [*case["dataset"]["duo"], {"code": code}]
    if code == "COL":
        _answer(draw, case, "DUO-COLLABORATION-MISSING", "committee_member")


def _refusing(draw: Random, case: Row) -> None:
    """One participant, or each, whose record says something else."""
    names = sorted(case["consents"])
    for name in names if draw.random() < 0.2 else [draw.choice(names)]:
        version = case["consents"][name][-1]
        version |= draw.choice([
            {"status": "suspended"}, {"status": "withdrawn", "withdrawal": {"kind": "no_further_use"}},
            {"effective_to": draw.choice([SOON, "2026-06-01", "2026-03-01"])}, {"effective_from": draw.choice([SOON, "2026-06-01", "2026-06-02"])},
            {"scope": {"permissions": [{"code": "POA"}]}}, {"scope": {"permissions": [{"code": "DS", "diseases": [drawing.DIABETES]}]}},
            {"scope": version["scope"] | {"modifiers": [{"code": "NPU"}, {"code": "IRB"}]}},
            {"grantor": {"kind": "parent"}, "maturity_review_on": draw.choice(["2026-03-01", "2025-10-01", "2026-12-24"])},
            {"grantor": {"kind": "representative", "valid_to": draw.choice(["2026-06-01", "2026-12-24"])}},
            {"deceased_on": "2026-05-01", "after_death": draw.choice(["stop", "continue", "family_decides"])},
            {"scope": version["scope"] | {"answers": version["scope"].get("answers", {}) | draw.choice([
                {"hosting": ["FR", "DE"]}, {"modalities": ["tre_remote", "aggregate"]}, {"recipient_countries": ["DE", "FR"]},
            ])}},
        ])  # fmt: skip


_USES = (
    ("ai_use", "ai_training"), ("linkage", "linkage"), ("recontact", "recontact"), ("commercial", "commercial_use"),
)  # fmt: skip


def _silent(draw: Random, case: Row) -> None:
    """Something is asked for that not everybody was asked about."""
    use, key = draw.choice(_USES)
    for one in _purposes(case):
        one[use] = "training" if use == "ai_use" else True
    for versions in case["consents"].values():
        said = draw.choice(["permit", "permit", "deny", "ask", None])
        answers = versions[-1]["scope"].setdefault("answers", {})
        answers.pop(key, None)
        if said:
            answers[key] = said
    _answer(draw, case, "CON-SILENT", "ethics_committee", **{
        "class": "T1", "form": draw.choice(["a" * 64] * 4 + ["b" * 64]), "keys": draw.choice([[key], [key], ["other"]]),
    })  # fmt: skip


def _history(draw: Random, case: Row) -> None:
    """A second version since the grant began, or still to come, which widens, narrows or withdraws."""
    name = draw.choice(sorted(case["consents"]))
    day = draw.choice(["2026-01-10", "2026-02-01", "2026-05-01", SOON])
    fresh = version_of(draw, _purposes(case)[-1], 2, day)
    old = case["consents"][name][-1]
    narrow: Row = draw.choice([
        {"scope": {"permissions": [{"code": "POA"}]}}, {"status": "withdrawn", "withdrawal": {"kind": "no_further_use"}},
        {"status": "suspended"}, {"scope": {**fresh["scope"], "answers": {**fresh["scope"]["answers"], "modalities": ["aggregate"]}}},
    ])  # fmt: skip
    if draw.random() < 0.5:
        old |= narrow
    else:
        fresh |= narrow
    case["consents"][name] = [old, fresh]


def _certified(draw: Random, case: Row) -> None:
    if draw.random() < 0.3:
        _certified_answer(draw, case)
        return
    case["dataset"]["certificate"] |= draw.choice([
        {"valid_to": draw.choice(["2026-06-01", SOON])}, {"valid_from": "2026-06-02"}, {"answers": {"ai_training": "deny"}},
        {"answers": {"modalities": ["tre_remote", "code_to_data"]}}, {"answers": {"hosting": ["DE", "FR"]}}, {"min_group": 5},
    ])  # fmt: skip
    if case["dataset"]["certificate"]["min_group"] == 5:
        _refusing(draw, case)
        _answer(draw, case, "CON-TOO-FEW", "committee_member")


def _certified_answer(draw: Random, case: Row) -> None:
    """The institution answers for who was not asked, or refuses whatever they said."""
    use, key = draw.choice(_USES)
    for one in _purposes(case):
        one[use] = draw.choice(["training", "model_release"]) if use == "ai_use" else draw.choice([True, True, None])
    said = draw.choice(["deny", "deny", "ask", "permit"])
    case["dataset"]["certificate"]["answers"] = {key: said, draw.choice(_USES)[1]: draw.choice(["deny", "ask"])}


def _some_samples(draw: Random, case: Row) -> None:
    case["samples"] = sorted(draw.sample(sorted(case["consents"]), draw.randint(1, len(case["consents"]))))
    _refusing(draw, case)


def _governed(draw: Random, case: Row) -> None:
    for number in range(_one(draw, (4, 1), (1, 2))):
        said: Row = {
            "authority": "council", "rule": "assembly", "members": "the clan",
            "decision": _one(draw, (5, "approved"), (1, "refused"), (1, "undecided")), "local_only": draw.random() < 0.25,
        }  # fmt: skip
        _maybe(draw, said, "review_on", 0.3, [SOON[:10], "2026-06-01", "2026-03-01"])
        version: Row = {
            "version": 1, "effective_from": "2025-01-01", "community": said,
            "scope": draw.choice([
                {}, {}, {"permissions": [{"code": "HMB"}]}, {"answers": {"modalities": ["tre_remote", "code_to_data"]}},
                {"answers": {"recipient_countries": ["DE", "FR"]}}, {"modifiers": [{"code": "NCU"}]},
            ]),
        }  # fmt: skip
        if draw.random() < 0.15:
            version |= draw.choice(
                [
                    {"effective_to": SOON},
                    {"effective_to": "2026-02-01"},
                    {"status": "withdrawn"},
                    {"status": "suspended"},
                ]
            )
        case["communities"][f"c{number}"] = [version]


def _elsewhere(draw: Random, case: Row) -> None:
    """Another country, owner or person's place; and mostly what its law asks for."""
    place = draw.choice(["US", "CN", "JP", "BR", "CA", "GB"])
    row = case["organisation"]
    if draw.random() < 0.3:
        case["location"] = draw.choice([place, None])
    elif draw.random() < 0.3:
        for one in _purposes(case):
            one["countries"] = sorted(draw.choice([{place}, {place, *one["countries"]}, set()]))
    elif row:
        row["facts"] |= {"recipient.country": place, "recipient.can_sign_scc": draw.choice([True, False])}
        case["location"] = place
        for one in _purposes(case):
            one["countries"] = [place]


def _origin(draw: Random, case: Row) -> None:
    case["dataset"]["facts"] |= draw.choice([
        {"data.origin_countries": ["MG"]}, {"data.origin_countries": ["DE", "MG"]}, {"data.controller_country": "US"},
        {"data.origin_countries": ["US"]}, {"data.identifiability": "anonymous"}, {"data.community_governed": True},
    ])  # fmt: skip
    _answer(draw, case, "JUR-NO-PACK", "legal_officer", "committee_member")


def _unstated(draw: Random, case: Row) -> None:
    facts = draw.choice([case["dataset"]["facts"], (case["organisation"] or {"facts": {}})["facts"]])
    facts.pop(draw.choice(sorted(facts) or ["none"]), None)
    if draw.random() < 0.5:
        _answer(draw, case, "JUR-FACT-MISSING", "legal_officer", "committee_member")


def _referral(draw: Random, case: Row) -> None:
    """The participants' consent to a transfer alone: a pack refers it, and two named roles answer, or not both."""
    row = case["organisation"]
    if row is None:
        return
    row["evidence"] = [one for one in row["evidence"] if one["id"] not in ("scc.signed", "tia.done")]
    row["evidence"].append({"id": "explicit_consent.transfer"})
    row["facts"] |= {"recipient.country": "US"}
    case["location"] = "US"
    for one in _purposes(case):
        one["countries"] = ["US"]
    who = draw.choice([("legal_officer", "committee_member")] * 2 + [("legal_officer",), ("committee_member",)])
    _answer(draw, case, "JUR-EU-ART49", *who)


def _paper(draw: Random, case: Row) -> None:
    case["dataset"]["evidence"].append(
        {"id": draw.choice(["scc.signed", "tia.done"]), "valid_to": draw.choice([SOON, PAST])}
    )


def _level(draw: Random, case: Row) -> None:
    case["dataset"]["security_level"] = draw.choice([0, 1, 2, 3])
    row = case["organisation"]
    if row:
        row["facts"]["recipient.security_level"] = draw.choice([0, 1, 2, 3, 3])
        row["evidence"] = draw.choice([
            [], [{"id": "security.level:2"}], [{"id": "security.level:2", "valid_to": PAST}], [{"id": "security.level:3", "valid_to": SOON}],
        ])  # fmt: skip


def _unknown_institution(draw: Random, case: Row) -> None:
    if draw.random() < 0.3:
        case["organisation"] = None
    elif case["organisation"]:
        case["organisation"]["recourse"] = []


def _sealed(draw: Random, case: Row) -> None:
    case["stored_sealed"], case["asked_sealed"] = True, draw.random() < 0.4
    case["samples"] = sorted(case["consents"]) if case["samples"] is None else case["samples"]
    case["dataset"]["plaintext"] = draw.random() < 0.3


def _sanction(draw: Random, case: Row) -> None:
    case["sanctions"].append({
        "step": draw.choice(["warn", "suspend_person", "suspend_person", "suspend_institution", "publish"]), "lifted": draw.random() < 0.15,
        "kind": "person", "begins": draw.choice([PAST, PAST, SOON]), "ends": draw.choice([LATER, LATER, "2026-02-01T00:00:00Z"]),
    })  # fmt: skip
    if case["sanctions"][-1]["step"] == "suspend_institution":
        case["sanctions"][-1]["kind"] = "institution"


def _revoked(draw: Random, case: Row) -> None:  # noqa: ARG001
    case["revoked"] = True


def _owed(draw: Random, case: Row) -> None:
    case["duties"].append({
        "late": draw.choice(["stop", "stop", "no_renewal"]), "grant": "G-0", "due": draw.choice([PAST, SOON, "2026-06-01T12:00:00Z"]),
        "done": draw.random() < 0.2,
    })  # fmt: skip


TURNS: dict[str, list[Turn]] = {
    "identity": [_untrusted],
    "entitlement": [_access, _grants, _grants, _grants, _named, _named, _no_grant],
    "terms": [_terms, _training],
    "purpose": [_flag, _stated],
    "safeguards": [_record, _engagement, _embargo, _embargo, _duty_classes],
    "duo": [_unfit, _topic, _code],
    "consent": [_refusing, _refusing, _silent, _history, _certified, _some_samples],
    "community": [_governed],
    "jurisdiction": [_elsewhere, _elsewhere, _origin, _referral, _unstated, _paper],
    "security": [_level, _unknown_institution, _sealed],
    "conduct": [_sanction, _sanction, _sanction, _owed, _revoked],
}
"""What can be turned, by the gate that it concerns. A turn may as well leave all as good as it was."""
