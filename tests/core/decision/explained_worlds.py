"""Questions for explanations: the rows of the given case files, each as a question to the whole broker."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from broker.adapters.policy_files import load_cases
from broker.core.decision import Decision, Explanation, Question
from broker.core.duo.terms import parse_terms
from broker.core.ids import DecisionId
from broker.core.jurisdiction.case import facts_of, time_of
from broker.core.jurisdiction.facts import FactValue
from broker.core.passport.trust import TrustRow
from broker.core.purpose import Modality, Purpose, read_purpose
from broker.core.rows import Evidence, Put
from broker.core.snapshot import Snapshot, empty, follow
from broker.core.time import Seconds
from broker.flows.traces import kept, written
from tests import builders as b
from tests.core.jurisdiction.jurisdiction_world import CASES as LAW_FILE
from tests.core.jurisdiction.jurisdiction_world import shipped_book

World = tuple[Question, Snapshot]
_LAW = load_cases(LAW_FILE).value
LAW_ROWS: list[Mapping[str, Any]] = _LAW["cases"]
DUO_ROWS: list[Mapping[str, Any]] = json.loads((b.CONFIG.parent / "tests/cases/duo_cases.json").read_text("utf-8"))[
    "cases"
]
GRU = b.codes("DUO:0000042")


def world(*rows: Any) -> Snapshot:
    """A picture with every shipped pack in force."""
    own = TrustRow(iss=b.US, is_us=True, is_broker=True)
    return follow(empty(b.ontology(), shipped_book(), own), rows)


def by_law(row: Mapping[str, Any]) -> World:
    """A jurisdiction row: a person of an organisation with these facts foresees a use of data with these facts."""
    return asked_by_law(facts_of(row, _LAW["defaults"], _LAW["profiles"]), time_of(row, _LAW["at"]))


def asked_by_law(facts: Mapping[str, FactValue], at: Seconds, stage: Any = "foresee") -> World:
    of = {part: {k: v for k, v in facts.items() if k.startswith(f"{part}.")} for part in ("recipient", "data")}
    location = of["recipient"].pop("recipient.individual_location", None)
    aside = {"request.modality", "request.purpose_flags", "request.ai_use", "request.processing_country"}
    others = {k: v for k, v in facts.items() if k.startswith("request.") and k not in aside}
    held: Any = facts.get("evidence", ())
    rows = b.rows(
        dataset=b.dataset(duo=GRU, facts={**of["data"], **others}),
        organisation=b.organisation(facts=of["recipient"], evidence=tuple(Evidence(id=each) for each in held)),
    )
    place, flags, ai_use = (facts.get(f"request.{name}") for name in ("processing_country", "purpose_flags", "ai_use"))
    said: dict[str, Any] = {"ai_use": ai_use, "flags": frozenset(flags if isinstance(flags, tuple) else ())}
    purpose = replace(b.PURPOSE, countries=frozenset({place} if isinstance(place, str) else ()), **said)
    where = location if isinstance(location, str) else None
    modality = Modality(str(facts.get("request.modality", "download")))
    return foreseen(purpose, at=at, location=where, modality=modality, stage=stage), world(*rows)


def by_codes(row: Mapping[str, Any]) -> World:
    """A DUO row: its codes on German data, its purpose by an organisation of the kind that it names."""
    purpose = read_purpose(row["purpose"])
    organisation = b.organisation(organisation=purpose.organisation or "non_profit")
    rows = b.rows(dataset=b.dataset(duo=parse_terms(row["dataset"])), organisation=organisation)
    return foreseen(purpose), world(*rows)


def foreseen(purpose: Purpose, **changes: Any) -> Question:
    asked: dict[str, Any] = {"stage": "foresee", "purpose": purpose, "grants": (), "object": None} | changes
    at = asked.get("at")
    return b.question(**(asked | ({"known_at": at} if at is not None else {})))


def traced(question: Question, decision: Decision, explanation: Explanation | None, snapshot: Snapshot) -> Put:
    """The trace as the flows keep it, with nothing hidden of who asked."""
    return kept(DecisionId("dec_1"), question, written(str, question, decision, explanation, snapshot))


@cache
def every() -> tuple[tuple[str, World], ...]:
    law = ((str(row["id"]), by_law(row)) for row in LAW_ROWS)
    return (*law, *((str(row["id"]), by_codes(row)) for row in DUO_ROWS))
