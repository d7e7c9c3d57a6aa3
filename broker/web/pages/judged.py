"""What a committee reads beside a request: each gate with its answer, each fact with its source, each way of access."""

import re
from collections.abc import Mapping
from typing import Any

from broker.core.equity import IncomeGroups
from broker.core.jurisdiction.facts import is_place
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.reasons import REASONS, in_general, title
from broker.core.reasons.language import EVERY_WORD, Tongue
from broker.core.rows import Dataset, Request
from broker.core.snapshot import Snapshot
from broker.flows.figures import country_of, origins_of


def judged(explanation: Mapping[str, Any] | None, rules: Rulebook, tongue: Tongue) -> dict[str, Any]:
    """From the committee's view of a decision (schemas/explanation.schema.json); empty where there is none.

    `rules`: those in force, which say what a rule that nearly fitted would have said.
    """
    told = explanation or {}
    return {
        "gates": [
            {
                "name": tongue.word(f"gate.{one['gate']}"),
                "state": tongue.word("judged.state." + one["state"]),
                "passes": one["state"] == "pass",
                "bars": one["state"] == "fail",
                "why": [_why(each, rules, tongue) for each in one["why"]],
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


def _why(reason: Mapping[str, Any], rules: Rulebook, tongue: Tongue) -> dict[str, Any]:
    """A reason with what it rests on: each fact with its value, who said so, and of when that is."""
    found = [
        tongue.word("judged.one", fact=named(one["name"], tongue), value=_shown(one["name"], one["value"], tongue),
                    source=one["source"])
        for one in reason["facts"]
    ]  # fmt: skip
    return {"sentence": reason["sentence"], "code": reason["code"], "found": found, **_rule(reason, rules, tongue)}


_YOU = re.compile(r"\b[Yy]ou")
_SAID = frozenset({"request", "sign_in"})
"""Sources that are somebody's own word."""


def _rule(reason: Mapping[str, Any], rules: Rulebook, tongue: Tongue) -> dict[str, Any]:
    """By which rule, and which ones of the same pack nearly said yes. `pack`: there is a page about it."""
    norm = reason["norm"] or {}
    law = norm.get("law") or {}
    text = norm.get("cite") or law.get("title")
    pack = rules.packs.get(norm.get("pack", "")) if law else None
    reasons = {rule.id: rule.reason for rule in pack.rules} if pack is not None else {}
    return {
        "rule": text,
        "id": norm["rule"] if text else "",
        "says": _title(reason["code"], tongue),
        "pack": norm["pack"] if law else None,
        "near": [
            {"id": id, "says": _title(reasons[id], tongue) if id in reasons else ""} for id in reason["not_matched"]
        ],
    }


def _title(code: str, tongue: Tongue) -> str:
    """What a rule says, for who reads of others: the applicant's sentence, or where it says `you` the committee's."""
    to_them = _YOU.search(REASONS[code].researcher)
    return title(code, tongue.language) if to_them else in_general(code, tongue.language)


def fair(row: Request, snapshot: Snapshot, income: IncomeGroups) -> dict[str, list[tuple[str, str]]]:
    """Countries and their income groups: of who asks, and of whom the data are. Empty: nobody has stated it."""
    dataset, home = snapshot.get(Dataset, row.dataset), country_of(snapshot, row)
    places = {"applicant": (home,) if home else (), "origin": origins_of(dataset) if dataset is not None else ()}
    return {name: [(one, income.of(one)) for one in found] for name, found in places.items()}


def named(fact: str, tongue: Tongue) -> str:
    """A fact in words, where there are words for it: those for whoever reads of others first, and never `your`."""
    key = next((key for key in ("theirs." + fact, "fact." + fact) if key in EVERY_WORD), None)
    return tongue.word(key) if key is not None else fact


_OF_A_LIST: Mapping[str, str] = {
    "request.modality": "way.",
    "request.ai_use": "ai.",
    "purpose.ai_use": "ai.",
    "purpose.kinds": "kind.",
    "purpose.sensitive": "topic.",
    "purpose.organisation": "org.",
}
"""Facts whose values are the answers of a form: its words are theirs."""


def word_of(fact: str, value: str) -> str | None:
    """The key of the word for what a fact says; None: somebody's own pack brought it."""
    key = "evidence." + value if fact == "evidence" else _OF_A_LIST.get(fact, f"value.{fact}.") + value
    return key if key in EVERY_WORD else None


def in_words(fact: str, value: str, tongue: Tongue) -> str:
    """What a fact says, in words; as it is where somebody's own pack brought it."""
    if is_place(fact):
        return tongue.place(value)
    key = word_of(fact, value)
    if key is None:
        return tongue.thing("evidence", value) if fact == "evidence" else value
    return tongue.word(key)


def _shown(fact: str, value: object, tongue: Tongue) -> str:
    if isinstance(value, bool):
        return tongue.word("choice.yes" if value else "choice.no")
    if isinstance(value, int):
        return tongue.language.figures.number(value)
    if isinstance(value, list | tuple):
        return ", ".join(in_words(fact, str(one), tongue) for one in value) or tongue.word("page.none")
    return tongue.word("line.not_stated") if value is None else in_words(fact, str(value), tongue)
