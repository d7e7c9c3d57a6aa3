"""What a committee reads beside a request: each gate with its answer, each fact with its source, each way of access."""

from collections.abc import Mapping
from typing import Any

from broker.core.jurisdiction.facts import is_place
from broker.core.reasons.language import EVERY_WORD, Tongue


def judged(explanation: Mapping[str, Any] | None, tongue: Tongue) -> dict[str, Any]:
    """From the committee's view of a decision (schemas/explanation.schema.json); empty where there is none."""
    told = explanation or {}
    return {
        "gates": [
            {
                "name": tongue.word(f"gate.{one['gate']}"),
                "state": tongue.word(f"state.{one['state']}"),
                "passes": one["state"] == "pass",
                "why": [each["sentence"] for each in one["why"]],
            }
            for one in told.get("gates", ())
        ],
        "facts": [
            {
                "name": named(one["name"], tongue),
                "value": _shown(one["name"], one["value"], tongue),
                "source": one["source"],
            }
            for one in told.get("facts", ())
        ],
        "ways": [
            {"name": tongue.word(f"way.{way}"), "answer": tongue.word(f"outcome.{one['outcome']}")}
            for way, one in told.get("why_not", {}).items()
        ],
    }


def named(fact: str, tongue: Tongue) -> str:
    """A fact in words, where there are words for it."""
    return tongue.word(f"fact.{fact}") if f"fact.{fact}" in EVERY_WORD else fact


def _shown(fact: str, value: object, tongue: Tongue) -> str:
    if isinstance(value, bool):
        return tongue.word("choice.yes" if value else "choice.no")
    if isinstance(value, int):
        return tongue.language.figures.number(value)
    said = tongue.place if is_place(fact) else str
    if isinstance(value, list | tuple):
        return ", ".join(said(one) for one in value) or tongue.word("page.none")
    return tongue.word("line.not_stated") if value is None else said(str(value))
