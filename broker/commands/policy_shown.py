"""What `broker policy` prints: tables for people, JSON for programs. Colour alone says nothing."""

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from broker.core.decision.other_law import EFFECTS, Difference, Said, counted
from broker.core.jurisdiction.needs import Answerer, answerer, read_by
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.rulebook import overdue
from broker.core.outcome import Reason
from broker.core.plain import digest, plain

_ANSWERED: Mapping[Answerer, str] = {
    "custodian": "the custodian, when the data set is registered",
    "institution": "the registry of institutions",
    "person": "the person, at sign-in",
    "applicant": "the request",
    "documents": "documents on file",
    "derived": "worked out from other facts",
}
_WIDE = 200
_SHORT = 12
"""Digits of a digest in a table."""


def listed(packs: Iterable[Pack], today: date, *, as_json: bool) -> None:
    """Many packs, in a line each; a review that is due is said so."""
    found = sorted(packs, key=lambda pack: pack.id)
    if as_json:
        _json({"packs": [_summary(pack) | {"overdue": overdue(pack, today) or None} for pack in found]})
        return
    table = _table("id", "version", "digest", "status", "law", "in force", "reviewed", "next review", "answers for")
    for pack in found:
        said = _summary(pack)
        table.add_row(
            pack.id,
            pack.version,
            said["digest"][:_SHORT],
            pack.status,
            pack.law_status,
            f"{pack.effective_from} to {pack.effective_to or 'now on'}",
            f"{pack.review.reviewed_on or 'never'}",
            f"{pack.review.next_review_due}" + (" OVERDUE" if overdue(pack, today) else ""),
            ", ".join(said["answers_for"]) or "no country",
        )
    _print(table)


def one_pack(pack: Pack, *, as_json: bool) -> None:
    """One pack: what it is, its rules, and which facts it needs from whom."""
    facts = [{"fact": fact, "answered_by": answerer(fact), "rules": list(by)} for fact, by in read_by(pack).items()]
    if as_json:
        _json(plain(pack) | {"needs": facts})
        return
    about = _table("member", "value")
    for name, value in _summary(pack).items():
        about.add_row(name, Text(", ".join(value) if isinstance(value, list) else str(value)))
    for source in pack.sources.values():
        about.add_row(f"source {source.id}", Text(f"{source.cite} ({source.quality}) {source.url}".strip()))
    rules = _table("rule", "effect", "reason", "rests on", "asks for", "mandatory")
    for rule in pack.rules:
        wants = (*rule.evidence, *rule.obligations, *rule.modalities)
        rests = f"{rule.basis.source} {rule.basis.pinpoint}".strip()
        rules.add_row(rule.id, rule.effect, rule.reason, Text(rests), ", ".join(wants), "yes" if rule.mandatory else "")
    rules.add_row("default", pack.default_effect, pack.default_reason, "", "", "")
    needed = _table("needs the fact", "answered by", "for the rules")
    for one in facts:
        needed.add_row(str(one["fact"]), _ANSWERED[answerer(str(one["fact"]))], ", ".join(one["rules"]))
    for part in (about, rules, needed):
        _print(part)


def _summary(pack: Pack) -> dict[str, Any]:
    review = pack.review
    return {
        "id": pack.id,
        "version": pack.version,
        "digest": digest(pack),
        "title": pack.title,
        "instrument": pack.instrument,
        "kind": pack.kind,
        "status": pack.status,
        "law_status": pack.law_status,
        "confidence": pack.confidence,
        "effective_from": str(pack.effective_from),
        "effective_to": str(pack.effective_to) if pack.effective_to is not None else None,
        "as_of": str(pack.as_of),
        "owner": review.owner,
        "reviewed_by": review.reviewed_by,
        "reviewed_on": str(review.reviewed_on) if review.reviewed_on is not None else None,
        "next_review_due": str(review.next_review_due),
        "answers_for": sorted(pack.answers_for),
        "disclaimer": pack.disclaimer,
    }


def differences(found: list[Difference], about: dict[str, Any], *, as_json: bool) -> None:
    """Who would gain, lose or see something else, and why; then how many, by dataset and all together."""
    told = [each for each in found if each.effect != "same"]
    if as_json:
        by_dataset = {name: counted(each for each in found if each.dataset == name) for name in _datasets(found)}
        rows = [_row(each) for each in told]
        _json({**about, "summary": counted(found), "datasets": by_dataset, "differences": rows})
        return
    if told:
        table = _table("", "what", "id", "dataset", "country", "now", "then", "why")
        for each in sorted(told, key=lambda one: (EFFECTS.index(one.effect), one.dataset, one.id)):
            now, then = (_outcome(said) for said in (each.before, each.after))
            why = "\n".join(_reason(reason) for reason in each.why) or _other(each)
            table.add_row(each.effect, each.kind, each.id, each.dataset, each.country or "?", now, then, Text(why))
        _print(table)
    summary = _table("dataset", *EFFECTS)
    for name in _datasets(found):
        counts = counted(each for each in found if each.dataset == name)
        summary.add_row(name or "cases", *(str(counts[effect]) for effect in EFFECTS))
    total = counted(found)
    summary.add_row("all", *(str(total[effect]) for effect in EFFECTS))
    _print(summary)


def _datasets(found: list[Difference]) -> list[str]:
    return sorted({each.dataset for each in found})


def _row(each: Difference) -> dict[str, Any]:
    return {
        "effect": each.effect,
        "kind": each.kind,
        "id": each.id,
        "dataset": each.dataset,
        "country": each.country,
        "before": _said(each.before),
        "after": _said(each.after),
        "why": [plain(reason) for reason in each.why],
    }


def _said(said: Said) -> dict[str, Any]:
    return {
        "outcome": said.outcome.name,
        "reasons": [plain(reason) for reason in said.reasons],
        "obligations": list(said.obligations),
        "missing": list(said.missing),
    }


def _outcome(said: Said) -> str:
    return said.outcome.name + (f"\nmissing: {', '.join(said.missing)}" if said.missing else "")


def _reason(reason: Reason) -> str:
    """`JUR-EU-SCC-NEEDED (eu-gdpr-ch5 safeguards-needed; recipient.country US)`."""
    rule = f"{reason.norm.source} {reason.norm.rule}" if reason.norm is not None else "no pack"
    facts = [f"{name} {value}" for name, value in reason.facts]
    return f"{reason.code} ({'; '.join([rule, *facts])})"


def _other(each: Difference) -> str:
    """Where the reasons are the same: which obligations came or went."""
    came = sorted(set(each.after.obligations) - set(each.before.obligations))
    went = sorted(set(each.before.obligations) - set(each.after.obligations))
    return " ".join([*(f"+{name}" for name in came), *(f"-{name}" for name in went)])


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(table: Table) -> None:
    width = None if sys.stdout.isatty() else _WIDE
    Console(width=width, highlight=False, soft_wrap=False).print(table)


def _json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
