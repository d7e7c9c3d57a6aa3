"""What the consent tests share: the demo ontology, a question that nothing is wrong with, people, and strategies."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st

from broker.adapters.ontology import load_ontology
from broker.adapters.yaml_files import load_yaml
from broker.core.consent.judge import ConsentAnswer, judge
from broker.core.consent.model import ConsentVersion, DatasetCertificate, Layer, Subject
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.reading import read_certificate, read_history, read_version
from broker.core.ids import SubjectRef
from broker.core.purpose import read_purpose
from broker.core.time import Seconds, parse_rfc3339

ROOT = Path(__file__).parents[3]
ONTOLOGY = load_ontology(ROOT / "config" / "ontology" / "mondo-demo.obo")
FILE: Mapping[str, Any] = load_yaml(ROOT / "tests" / "cases" / "consent_cases.yaml", anchors=True).value
NOW = parse_rfc3339("2026-06-01")
DIABETES = "MONDO:0005015"

PLAIN: dict[str, Any] = {
    "organisation": "non_profit",
    "commercial": False,
    "clinical_care": False,
    "genetic_data": True,
    "kinds": ["hmb"],
    "countries": ["FR"],
    "ai_use": "none",
    "linkage": False,
    "recontact": False,
    "sensitive": [],
}


def on(day: str) -> Seconds:
    return parse_rfc3339(day)


def asking(at: Seconds = NOW, known_at: Seconds | None = None, **members: Any) -> ConsentQuestion:
    """The plain question; `members` are its own, or those of its purpose."""
    own = {name: members.pop(name) for name in list(members) if name in _QUESTION}
    purpose = {name: value for name, value in (PLAIN | members).items() if value is not None}
    question: dict[str, Any] = {"recipient_country": "FR", "processing_country": "FR", **own}
    return ConsentQuestion(
        purpose=read_purpose(purpose), at=at, known_at=at if known_at is None else known_at, **question
    )


_QUESTION = frozenset(ConsentQuestion.__dataclass_fields__) - {"purpose", "at", "known_at"}


def record(ref: str = "s1", **members: Any) -> ConsentVersion:
    """One version: GRU since 2024, with `members` as a file writes them."""
    members.setdefault("scope", {"permissions": ["GRU"]})
    return read_version({"version": 1, "effective_from": "2024-01-01", **members}, ref)


def person(ref: str = "s1", *versions: ConsentVersion, family: str | None = None, layers: Any = ()) -> Subject:
    """A participant who names each group of which `layers` has a history."""
    return linked(SubjectRef(ref), versions or (record(ref),), family, layers)


def linked(ref: SubjectRef, versions: Any, family: str | None, histories: Any) -> Subject:
    above = tuple(Layer(level=one[0].level, ref=str(one[0].subject_ref), versions=tuple(one)) for one in histories)
    of_family = next((one.ref for one in above if one.level == "family"), None)
    communities = tuple(one.ref for one in above if one.level == "community")
    own = tuple(replace(one, family_ref=of_family, community_refs=communities) for one in versions)
    return Subject(ref=ref, versions=own, family=family or of_family, layers=above)


def certified(**members: Any) -> DatasetCertificate:
    return read_certificate({"permissions": ["GRU"], "min_group": 1, **members})


def judged(question: ConsentQuestion, *people: Subject, **certificate: Any) -> ConsentAnswer:
    return judge(question, people, certified(**certificate), ONTOLOGY)


def codes(answer: ConsentAnswer) -> list[str]:
    return [reason.code for reason in answer.reasons]


DAYS = ("2024-01-01", "2026-01-01", "2026-05-31", "2026-06-01", "2026-06-02", "2027-01-01")
KEYS = (
    "for_profit_org",
    "commercial_use",
    "ai_training",
    "linkage",
    "recontact",
    "family_analysis",
    "topic:paediatric",
)
_PERMISSIONS = ("NRES", "NRES", "GRU", "GRU", "GRU", "HMB", "HMB", "HMB", "POA", {"code": "DS", "disease": DIABETES})
_EARLY = (DAYS[0],) * 40 + DAYS[1:]
_WORDS = (*["permit"] * 8, "deny", "ask")
_DAY = st.sampled_from(DAYS)
_POOL = 500


def _answers(draw: Random) -> dict[str, Any]:
    answers: dict[str, Any] = {key: draw.choice(_WORDS) for key in KEYS if draw.random() < 0.85}
    if draw.random() < 0.04:
        answers["moon_use"] = "permit"
    if draw.random() < 0.1:
        answers["hosting"] = draw.choice(([], ["FR"], ["DE"]))
    return answers


def _scope(draw: Random) -> dict[str, Any]:
    modifiers = draw.sample(("NPU", "NCU", "NMDS", "NPOA", "GSO", "IRB"), draw.choice((*[0] * 9, 1, 2)))
    permissions: list[Any] = draw.sample(_PERMISSIONS, draw.choice((1, 2)))
    return {
        "permissions": ["DUO:0000099", *permissions] if draw.random() < 0.03 else permissions,
        "modifiers": modifiers,
        "answers": _answers(draw),
    }


def _version(draw: Random) -> dict[str, Any]:
    rare: dict[str, Any] = {
        "effective_to": draw.choice(DAYS),
        "status": draw.choice(("suspended", "withdrawn", "superseded", "entered_in_error")),
        "withdrawal": {"kind": draw.choice(("no_further_use", "no_further_access", "no_further_contact"))},
        "grantor": {"kind": draw.choice(("self", "parent", "representative")), "valid_to": draw.choice(DAYS)},
        "maturity_review_on": draw.choice(DAYS),
        "deceased_on": draw.choice(DAYS),
        "after_death": draw.choice(("stop", "family_decides")),
        "capacity": "regained",
    }
    often = {"effective_from": draw.choice(_EARLY), "recorded_at": draw.choice(_EARLY), "scope": _scope(draw)}
    return {**often, **{name: value for name, value in rare.items() if draw.random() < 0.04}}


def _histories() -> tuple[tuple[ConsentVersion, ...], ...]:
    """Histories of one person, drawn once: hypothesis then draws among them, which is a hundred times faster."""
    draw = Random(7)
    raw = [[_version(draw) for _ in range(draw.choice((0, *[1] * 10, 2, 2, 3)))] for _ in range(_POOL)]
    return tuple(read_history([{"version": n, **one} for n, one in enumerate(history)], "s") for history in raw)


HISTORIES = _histories()
_GROUPS = {
    level: tuple(
        read_version({"version": 1, "level": level, "effective_from": day, "scope": {"answers": answers}}, "group")
        for day in ("2024-01-01", "2026-06-02")
        for answers in ({}, {"linkage": "deny"}, {"ai_training": "ask"})
    )
    for level in ("family", "community")
}


@st.composite
def people(draw: st.DrawFn) -> tuple[Subject, ...]:
    """Up to three participants with any history, and perhaps a family or community above each."""
    found = []
    for index, history in enumerate(draw(st.lists(st.sampled_from(HISTORIES), min_size=1, max_size=3))):
        ref = SubjectRef(f"s{index}")
        above = draw(st.sampled_from([*[None] * 24, *_GROUPS["family"], *_GROUPS["community"]]))
        own = tuple(replace(version, subject_ref=ref) for version in history)
        found.append(linked(ref, own, None, [(above,)] if above else []))
    return tuple(found)


def _question(draw: Random) -> ConsentQuestion:
    kinds = (*([["hmb"]] * 12), ["general"], ["ancestry"], ["methods"], ["hmb", "ancestry"])
    members: dict[str, Any] = {"kinds": draw.choice(kinds)}
    rare: dict[str, Any] = {
        "organisation": draw.choice(("for_profit", None)),
        "commercial": draw.choice((True, None)),
        "ai_use": draw.choice(("training", None)),
        "linkage": draw.choice((True, True, None)),
        "recontact": draw.choice((True, None)),
        "flags": ["family_analysis"],
        "sensitive": ["paediatric"],
        "processing_country": draw.choice(("DE", None)),
        "needs_new_data": draw.choice((True, False)),
    }
    members |= {name: value for name, value in rare.items() if draw.random() < 0.08}
    return asking(at=on(draw.choice(DAYS[1:])), known_at=on(draw.choice(DAYS[2:])), **members)


def _pool_of_questions() -> tuple[ConsentQuestion, ...]:
    draw = Random(11)
    return tuple(_question(draw) for _ in range(_POOL))


questions = st.sampled_from(_pool_of_questions())
certificates = st.builds(
    lambda **members: read_certificate({key: value for key, value in members.items() if value is not None}),
    permissions=st.sampled_from([["GRU"], ["GRU"], ["NRES"], ["NRES"], ["HMB"], ["HMB"], []]),
    filterable=st.booleans(),
    min_group=st.sampled_from([0, 0, 1, 1, 2, 3]),
    answers=st.sampled_from([{}, {"linkage": "permit"}, {"ai_training": "deny"}, {"commercial_use": "ask"}]),
    valid_to=st.sampled_from([None, None, None, None, None, "2026-06-02", "2026-06-01"]),
)
denials = st.sampled_from([*KEYS, "moon_use"])
