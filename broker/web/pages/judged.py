"""What a committee reads beside a request: each gate with its answer, each fact with its source, each way of access."""

from collections.abc import Mapping
from typing import Any

from broker.core.equity import IncomeGroups
from broker.core.jurisdiction.facts import is_place
from broker.core.reasons.language import EVERY_WORD, Tongue
from broker.core.rows import Dataset, Request
from broker.core.snapshot import Snapshot
from broker.flows.figures import country_of, origins_of


def judged(explanation: Mapping[str, Any] | None, tongue: Tongue) -> dict[str, Any]:
    """From the committee's view of a decision (schemas/explanation.schema.json); empty where there is none."""
    told = explanation or {}
    return {
        "gates": [
            {
                "name": tongue.word(f"gate.{one['gate']}"),
                "state": tongue.word(f"state.{one['state']}"),
                "passes": one["state"] == "pass",
                "bars": one["state"] == "fail",
                "why": [{"says": each["sentence"], **_rule(each)} for each in one["why"]],
            }
            for one in told.get("gates", ())
        ],
        "facts": [
            {
                "name": named(one["name"], tongue),
                "value": _shown(one["name"], one["value"], tongue),
                "source": one["source"],
                "unchecked": one["origin"] in _SAID,
            }
            for one in told.get("facts", ())
        ],
        "ways": [
            {"name": tongue.word(f"way.{way}"), "answer": tongue.word(f"outcome.{one['outcome']}")}
            for way, one in told.get("why_not", {}).items()
        ],
    }


_SAID = frozenset({"request", "sign_in"})
"""Sources that are somebody's own word."""


def _rule(reason: Mapping[str, Any]) -> dict[str, Any]:
    """By which rule, and which ones of the same pack nearly said yes. `pack`: there is a page about it."""
    norm = reason["norm"] or {}
    law = norm.get("law") or {}
    text = norm.get("cite") or law.get("title")
    rule = ": ".join(one for one in (text, norm["rule"]) if one) if text else ""
    return {"rule": rule, "pack": norm["pack"] if law else None, "near": ", ".join(reason["not_matched"])}


def fair(row: Request, snapshot: Snapshot, income: IncomeGroups) -> dict[str, list[tuple[str, str]]]:
    """Countries and their income groups: of who asks, and of whom the data are. Empty: nobody has stated it."""
    dataset, home = snapshot.get(Dataset, row.dataset), country_of(snapshot, row)
    places = {"applicant": (home,) if home else (), "origin": origins_of(dataset) if dataset is not None else ()}
    return {name: [(one, income.of(one)) for one in found] for name, found in places.items()}


def named(fact: str, tongue: Tongue) -> str:
    """A fact in words, where there are words for it: those for whoever reads of others first, and never `your`."""
    key = next((key for key in ("theirs." + fact, "fact." + fact) if key in EVERY_WORD), None)
    return tongue.word(key) if key is not None else fact


def _shown(fact: str, value: object, tongue: Tongue) -> str:
    if isinstance(value, bool):
        return tongue.word("choice.yes" if value else "choice.no")
    if isinstance(value, int):
        return tongue.language.figures.number(value)
    said = tongue.place if is_place(fact) else str
    if isinstance(value, list | tuple):
        return ", ".join(said(one) for one in value) or tongue.word("page.none")
    return tongue.word("line.not_stated") if value is None else said(str(value))
