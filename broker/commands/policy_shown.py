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

from broker.core.jurisdiction.needs import Answerer, answerer, read_by
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.rulebook import overdue
from broker.core.plain import digest, plain

_ANSWERED: Mapping[Answerer, str] = {
    "custodian": "the custodian, when the dataset is registered",
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
        print_json({"packs": [_summary(pack) | {"overdue": overdue(pack, today) or None} for pack in found]})
        return
    table = table_of("id", "version", "digest", "status", "law", "in force", "reviewed", "next review", "answers for")
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
    print_table(table)


def one_pack(pack: Pack, *, as_json: bool) -> None:
    """One pack: what it is, its rules, and which facts it needs from whom."""
    facts = [{"fact": fact, "answered_by": answerer(fact), "rules": list(by)} for fact, by in read_by(pack).items()]
    if as_json:
        print_json(plain(pack) | {"needs": facts})
        return
    about = table_of("member", "value")
    for name, value in _summary(pack).items():
        about.add_row(name, Text(", ".join(value) if isinstance(value, list) else str(value)))
    for source in pack.sources.values():
        about.add_row(f"source {source.id}", Text(f"{source.cite} ({source.quality}) {source.url}".strip()))
    rules = table_of("rule", "effect", "reason", "rests on", "asks for", "mandatory")
    for rule in pack.rules:
        wants = (*rule.evidence, *rule.obligations, *rule.modalities)
        rests = f"{rule.basis.source} {rule.basis.pinpoint}".strip()
        rules.add_row(rule.id, rule.effect, rule.reason, Text(rests), ", ".join(wants), "yes" if rule.mandatory else "")
    rules.add_row("default", pack.default_effect, pack.default_reason, "", "", "")
    needed = table_of("needs the fact", "answered by", "for the rules")
    for one in facts:
        needed.add_row(str(one["fact"]), _ANSWERED[answerer(str(one["fact"]))], ", ".join(one["rules"]))
    for part in (about, rules, needed):
        print_table(part)


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


def table_of(*columns: str) -> Table:
    """An empty table without lines, whose cells fold."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_table(table: Table) -> None:
    """As wide as the terminal, or wide enough for what reads a pipe."""
    width = None if sys.stdout.isatty() else _WIDE
    Console(width=width, highlight=False, soft_wrap=False).print(table)


def print_json(value: Any) -> None:
    """One document, for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
