"""One row, two judges: the product's own code, as `broker check` calls it, and the second reading."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from broker.adapters.ontology import load_ontology
from broker.adapters.policy_files import load_packs
from broker.core.consent.case import judge_case as judge_consent
from broker.core.duo.case import judge_case as judge_duo
from broker.core.jurisdiction.case import judge_case as judge_law
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.time import parse_rfc3339
from tests.differential import asking_decision, drawing, reading_consent, reading_decision, reading_duo, reading_law
from tests.differential.ontology import Diseases

ROOT = Path(__file__).resolve().parents[2]
MONDO = ROOT / "config" / "ontology" / "mondo-demo.obo"
PACKS = ROOT / "config" / "policies"

Answer = dict[str, Any]
"""What both must say: `outcome`, and beside it what the rules settle."""


class Both:
    """Loads once what both judge against, each with its own reader."""

    def __init__(self, mondo: Path = MONDO, packs: Path = PACKS) -> None:
        self.ontology, self.diseases = load_ontology(mondo), Diseases(mondo)
        rules = rulebook(load_packs(packs), "example")
        assert isinstance(rules, Rulebook), rules
        self.rules = rules
        self.packs: list[Mapping[str, Any]] = [
            yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(packs.glob("*.yaml"))
        ]
        self.dates = reading_decision.turning_points(self.packs)

    def ask(self, kind: str, row: Mapping[str, Any]) -> tuple[Answer, Answer]:
        """What the product and the reading say to a row of `kind`: duo, consent, law or decision."""
        judges = {"duo": self.duo, "consent": self.consent, "law": self.law, "decision": self.decision}
        return judges[kind](row)

    def duo(self, row: Mapping[str, Any]) -> tuple[Answer, Answer]:
        read, owed = reading_duo.judge(row, self.diseases)
        try:
            verdict, duties = judge_duo(row, self.ontology)
        except ValueError:  # a word that the product does not read must not be one that the reading permits
            return {"outcome": "unreadable"}, {"outcome": "unreadable" if read != "PERMIT" else read}
        product: Answer = {"outcome": str(verdict)}
        reading: Answer = {"outcome": read}
        if str(verdict) == read == "PERMIT":
            product["obligations"] = sorted(set(duties))
            reading["obligations"] = sorted(owed)
        return product, reading

    def consent(self, row: Mapping[str, Any]) -> tuple[Answer, Answer]:
        product = dict(judge_consent(row, drawing.DEFAULTS, parse_rfc3339(drawing.AT), self.ontology))
        reading = reading_consent.judge(row, drawing.DEFAULTS, drawing.AT, self.diseases)
        if "outcome" not in reading:
            return product, reading
        names = ("outcome", "reasons", "included", "excluded", "held")
        reading["reasons"] = {_OPEN.get(code, code) for code in reading["reasons"]}
        product["reasons"] = {_OPEN.get(code, code) for code in product["reasons"]}  # type: ignore[attr-defined]
        return {name: _plain(product[name]) for name in names}, {name: _plain(reading[name]) for name in names}

    def law(self, row: Mapping[str, Any]) -> tuple[Answer, Answer]:
        at = str(row.get("at", drawing.AT))
        answer = judge_law(row, drawing.ORDINARY, {}, at, self.rules)
        facts = reading_law.facts_of(row, {"defaults": drawing.ORDINARY})
        reading = reading_law.judge(facts, self.packs, at)
        product: Answer = {
            "outcome": answer.outcome.name,
            "reasons": _plain({one.code for one in answer.reasons}),
            "obligations": _plain(set(answer.obligations)),
            "evidence": _plain(set(answer.evidence)),
            "alternatives": _plain(answer.alternatives),
        }
        return product, {name: _plain(reading[name]) for name in product}

    def decision(self, row: Mapping[str, Any]) -> tuple[Answer, Answer]:
        """Outcome, the first code of each gate that blocks; of a permit the grant, who is left out, and the end.

        An end is right if nothing that the reading knows of turns before it, and if something turns at it.
        """
        product = asking_decision.ask(row, self.ontology, self.rules)
        until, said = product.pop("until"), reading_decision.judge(row, self.diseases, self.packs)
        gates = product.pop("gates")
        reading: Answer = {"outcome": said.outcome, "grant": said.grant, "left_out": sorted(said.left_out)}
        for gate, one in said.blocking.items():
            reading[gate] = gates[gate] if gates.get(gate) in one.codes else "|".join(sorted(one.codes))
        product |= gates
        if not (said.permits and product["outcome"] == said.outcome):
            del reading["grant"], reading["left_out"], product["grant"], product["left_out"]
            return product, reading
        dates = self.dates | reading_decision.turning_points(row)
        ends = None if until is None else datetime.fromtimestamp(until, UTC)
        turn = reading_decision.turns_before(row, ends, self.diseases, self.packs, dates)
        reading["end"] = product["end"] = str(ends)
        if turn is not None or (ends is not None and ends not in dates):
            reading["end"] = str(turn) if turn is not None else "when something turns"
        return product, reading


_OPEN = {"CON-UNKNOWN-CODE": "CON-CONDITION-OPEN"}
"""Both say that R10 waits for somebody; the text does not say which is told first where both hold."""


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list | tuple | set | frozenset) else value
