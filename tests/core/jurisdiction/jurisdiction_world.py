"""The shipped packs, made ready once, questions drawn at random, and a small pack to change."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from broker.adapters.policy_files import load_packs
from broker.core.jurisdiction.facts import STATED, WORDS, FactValue
from broker.core.jurisdiction.lint import lint
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.reading import Problem, Where
from broker.core.jurisdiction.rulebook import Mode, Rulebook, rulebook
from broker.core.purpose import LADDER
from broker.core.time import Seconds, parse_rfc3339

ROOT = Path(__file__).resolve().parents[3]
POLICIES = ROOT / "config" / "policies"
CASES = ROOT / "tests" / "cases" / "jurisdiction_cases.yaml"
NOW = parse_rfc3339("2026-06-01")

Raw = dict[str, Any]


@cache
def shipped() -> tuple[Pack, ...]:
    return load_packs(POLICIES)


def book_of(*packs: Pack, mode: Mode = "example") -> Rulebook:
    made = rulebook(packs, mode)
    assert isinstance(made, Rulebook), made
    return made


@cache
def shipped_book() -> Rulebook:
    return book_of(*shipped())


HOME: Mapping[str, FactValue] = {
    "data.origin_countries": ("DE",),
    "data.controller_country": "DE",
    "data.storage_country": "DE",
    "data.category": "genomic",
    "data.identifiability": "pseudonymised",
    "data.regimes_declared": (),
    "data.community_governed": False,
    "data.community_local_only": False,
    "data.repository_class": "institutional",
    "recipient.country": "FR",
    "recipient.individual_location": "FR",
    "recipient.individual_residence": "FR",
    "recipient.institution_type": "university",
    "recipient.security_level": 3,
    "recipient.control_countries": (),
    "recipient.suspended": False,
    "request.modality": "download",
    "request.processing_country": "FR",
    "request.consideration": "none",
    "request.transaction_type": "research_collaboration",
    "request.us_gov_funded": False,
    "request.purpose_flags": (),
    "request.ai_use": "none",
    "evidence": (),
}
"""German data for a French university: a permit."""

# ---------------------------------------------------------------- questions drawn at random

_COUNTRY = st.sampled_from(["DE", "FR", "GB", "US", "CN", "HK", "BR", "PT", "ZA", "NG", "IN", "KR", "SG", "MG"])
_EVIDENCE = (
    "scc.signed",
    "tia.done",
    "explicit_consent.transfer",
    "community.approved",
    "community.refused",
    "ehds.data_permit",
    "doj.onward_clause",
    "nist_800_171.attested",
    "cn.partner_agreement",
    "cn.hgr.prior_report",
    "cn.hgr.backup_submitted",
    "cn.hgr.security_review_passed",
    "cac.scc_filed",
    "cac.security_assessment_passed",
    "pipl.separate_consent",
    "za.hrec_approval",
    "za.data_transfer_agreement",
    "za.s57_authorisation",
    "ng.transfer_contract",
    "ng.nhrec_approval",
    "in.hmsc_approval",
    "br.anpd_scc",
    "uk.idta_signed",
    "uk.transfer_risk_assessment",
)
_PAPERS = tuple(each for each in _EVIDENCE if each not in ("community.refused", "explicit_consent.transfer"))
_NUMBERS: Mapping[str, list[int]] = {
    "data.us_person_count_12m": [0, 1, 100, 101, 1000, 1001, 10000, 10001],
    "data.cn_sensitive_pi_count_ytd": [0, 9999, 10000],
    "data.n_sequenced": [0, 500, 501],
    "recipient.security_level": [0, 1, 2, 3],
}
_SOME_WORDS: Mapping[str, list[str]] = {
    "data.category": ["genomic", "transcriptomic", "proteomic", "phenotype", "imaging"],
    "data.repository_class": ["institutional", "nih_cadr"],
    "recipient.institution_type": ["university", "company"],
    "request.transaction_type": ["research_collaboration", "data_brokerage"],
    "request.encryption": ["none"],
    "data.controller_type": ["public"],
}
_LISTS: Mapping[str, list[str]] = {
    "data.regimes_declared": ["eu-ehds", "eu-gdpr"],
    "request.purpose_flags": ["prohibited", "ehds_prohibited"],
    "evidence": list(_EVIDENCE),
}


def _values(name: str) -> st.SearchStrategy[FactValue]:
    match STATED[name]:
        case "country":
            return _COUNTRY
        case "countries":
            return st.lists(_COUNTRY, max_size=2, unique=True).map(tuple)
        case "flag":
            return st.booleans()
        case "number":
            return st.sampled_from(_NUMBERS.get(name, [0, 1, 50]))
        case "word":
            return st.sampled_from(sorted(WORDS.get(name, _SOME_WORDS.get(name, []))))
        case "words":
            return st.lists(st.sampled_from(_LISTS[name]), unique=True).map(tuple)


Stated = dict[str, FactValue]

_ABROAD: list[Stated] = [
    {},
    {"recipient.country": "GB", "recipient.individual_location": "GB", "request.processing_country": "GB"},
    {"recipient.country": "US", "recipient.individual_location": "US", "request.processing_country": "US"},
    {"recipient.country": "CN", "recipient.individual_location": "CN", "request.processing_country": "CN"},
    {"recipient.country": "PT", "recipient.individual_location": "PT", "request.processing_country": "SG"},
    {"recipient.individual_location": "CN", "request.processing_country": "DE"},
]
_US: Stated = {"data.us_person_count_12m": 5000, "recipient.individual_residence": "CA"}
_CN: Stated = {
    "data.n_sequenced": 300,
    "data.important_pedigree": False,
    "data.specific_region": False,
    "data.cn_sensitive_pi_count_ytd": 300,
}


def _held_in(country: str) -> Stated:
    return {
        "data.origin_countries": (country,),
        "data.controller_country": country,
        "data.storage_country": country,
    }


_HELD: list[Stated] = [
    {},
    {"data.community_governed": True},
    {"data.regimes_declared": ("eu-ehds",)},
    *(_held_in(at) for at in ("GB", "BR", "ZA", "NG", "IN")),
    {**_held_in("US"), **_US},
    {**_held_in("CN"), **_CN},
    {"data.origin_countries": ("DE", "CN"), **_CN},
    {**_held_in("US"), **_US, "data.repository_class": "nih_cadr", "request.us_gov_funded": True},
]
_DECLARED: list[Stated] = [
    {},
    {"evidence": _EVIDENCE[:4]},
    {"evidence": _EVIDENCE[5:]},
    {"recipient.can_sign_scc": True},
    {"recipient.can_sign_scc": False},
    {"request.consideration": "license"},
]


@st.composite
def questions(draw: st.DrawFn) -> dict[str, FactValue]:
    """A likely question with up to four facts changed or left out: near to every rule, from both sides.

    Half of them bring every paper and change at most one fact, so that a fair share is permitted.
    """
    facts: dict[str, FactValue] = dict(HOME)
    for part in (_HELD, _ABROAD, _DECLARED):
        facts |= draw(st.sampled_from(part))
    likely = draw(st.booleans())
    if likely:
        facts["evidence"] = _PAPERS
    facts["request.modality"] = draw(st.sampled_from(LADDER)).value
    for name in draw(st.lists(st.sampled_from(sorted(STATED)), max_size=1 if likely else 4, unique=True)):
        value = draw(st.one_of(st.none(), _values(name), _values(name)))
        if value is None:
            facts.pop(name, None)
        else:
            facts[name] = value
    return facts


QUESTIONS = questions()

TIMES: st.SearchStrategy[Seconds] = st.sampled_from(
    [parse_rfc3339(day) for day in ("2025-04-07", "2026-01-26", "2026-06-01", "2027-05-14", "2031-06-01", "2032-01-01")]
)

# ---------------------------------------------------------------- a pack to change

PROPORTION: Raw = {"aim": "to test", "protects": ["privacy"], "alternatives": [], "residual": "none"}


def raw_pack(**changes: Any) -> Raw:
    """A pack that answers for Germany and permits; top-level members changed as told, `None` leaves one out."""
    raw: Raw = {
        "schema": "broker.policy-pack/1",
        "id": "test-pack",
        "version": "1",
        "title": "A pack for tests",
        "regime": {"jurisdiction": "DE", "instrument": "A law", "kind": "data_protection"},
        "answers_for": ["DE"],
        "status": "example",
        "law_status": "in_force",
        "effective": {"from": "2020-01-01", "to": None},
        "as_of": "2026-01-01",
        "confidence": "high",
        "review": {
            "owner": None,
            "reviewed_by": None,
            "reviewed_on": None,
            "next_review_due": "2026-12-31",
        },
        "disclaimer": "For tests.",
        "sources": [{"id": "law", "cite": "A law", "quality": "primary"}],
        "lists": {},
        "applies_when": True,
        "default_effect": "permit",
        "default_reason": "CORE-BASELINE",
        "decide": [rule("ok", "permit")],
    }
    for name, value in changes.items():
        if value is None:
            del raw[name]
        else:
            raw[name] = deepcopy(value)
    return raw


ALWAYS: Any = True


def rule(id: str, effect: str, when: Any = ALWAYS, **more: Any) -> Raw:
    """A rule with everything that its effect needs."""
    made: Raw = {"id": id, "when": when, "effect": effect, "reason": "JUR-EU-ART49", "basis": {"source": "law"}}
    if effect == "await":
        made["evidence"] = ["paper.signed"]
    if effect == "limit_modality":
        made["modalities"] = ["code_to_data", "aggregate"]
    if effect in ("deny", "limit_modality"):
        made["proportionality"] = PROPORTION
    return {**made, **more}


def no_line(_: Where) -> int:
    return 1


def linted(raw: object) -> Pack | tuple[Problem, ...]:
    return lint(raw, no_line)


def pack(**changes: Any) -> Pack:
    made = linted(raw_pack(**changes))
    assert isinstance(made, Pack), made
    return made
