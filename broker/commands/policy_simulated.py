"""What `broker policy simulate` tells: who would gain, lose or see something else, and why.

One reason mostly explains many lines, so it is said once, above those whom it concerns.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from broker.commands.policy_shown import print_json, print_table, table_of
from broker.core.decision.causes import Cause, Concerning, Effects, because, effects_of, in_order
from broker.core.decision.other_law import EFFECTS, Difference, Effect, Said
from broker.core.plain import plain

_LINES = 20
"""Of one group, before `--all`."""
_MEANS: Mapping[Effect, str] = {
    "loses": "a yes is one no more, or a no gets harder",
    "gains": "a no gets milder, or becomes a yes",
    "changes": "the same answer, with other duties or other papers",
}
_SILENT = "-"


def differences(found: Sequence[Difference], about: Mapping[str, Any], *, as_json: bool, every: bool) -> None:
    """Group by group, worst first; then how many, by dataset and all together. `every`: no group is cut short."""
    effects = effects_of(found)
    if as_json:
        by_dataset = {name: effects.counted(name) for name in sorted(effects.datasets)}
        rows = [_row(each) for each in found if each.effect != "same"]
        print_json({**about, "summary": effects.counted(), "datasets": by_dataset, "differences": rows})
        return
    _head(effects, about)
    for cause, concerned in effects.worst_first():
        _one_cause(cause, concerned, every=every)
    _summary(effects)


def _head(effects: Effects, about: Mapping[str, Any]) -> None:
    """At what time, of how many, and which packs differ."""
    before, after = about["before"], about["after"]
    kinds = effects.kinds
    many = ", ".join(f"{kinds[kind]} {kind}s" for kind in ("grant", "request", "case") if kinds[kind])
    click.echo(f"As of {about['at']}, mode {about['mode']}: {many or 'no live grant and no open request'}.")
    for name in sorted(before.keys() | after.keys()):
        then, now = after.get(name), before.get(name)
        if then != now:
            click.echo(f"Pack {name}: {now['version'] if now else 'none'} -> {then['version'] if then else 'none'}")
    if before == after:
        click.echo("The packs are those in force.")


def _one_cause(cause: Cause, concerned: Concerning, *, every: bool) -> None:
    persons = len(concerned.persons)
    whose = f", of {_many(persons, 'person')}" if persons else ""
    click.echo(f"\n{cause.effect.upper()} {concerned.count}{whose}: {_MEANS[cause.effect]}")
    for line in (cause.outcomes, *cause.rules, cause.duties):
        if line:
            click.echo(f"  {line}")
    table = table_of("what", "id", "person", "institution", "country", "dataset", "because of")
    shown = in_order(concerned.lines)
    for each in shown if every else shown[:_LINES]:
        who = (each.person or _SILENT, each.institution or "unknown", each.country or "unknown")
        if each.kind == "case":
            who = (_SILENT, _SILENT, who[2])
        table.add_row(each.kind, each.id, *who, each.dataset or _SILENT, Text(because(each)))
    _print(table)
    if not every and len(shown) > _LINES:
        click.echo(f"  … and {len(shown) - _LINES} more: --all shows them, --json everything of each")


def _summary(effects: Effects) -> None:
    """Datasets of which nothing differs are counted at the end only."""
    summary, touched = table_of("dataset", *EFFECTS), effects.touched()
    for name in touched:
        summary.add_row(name or "cases", *(str(count) for count in effects.counted(name).values()))
    summary.add_row("all", *(str(count) for count in effects.counted().values()))
    click.echo(f"\n{len(touched)} of {_many(len(effects.datasets), 'dataset')} concerned")
    print_table(summary)


def _print(table: Table) -> None:
    padded = Table.grid()
    padded.add_row(Padding(table, (0, 0, 0, 2)))
    print_table(padded)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _row(each: Difference) -> dict[str, Any]:
    return {
        "effect": each.effect,
        "kind": each.kind,
        "id": each.id,
        "dataset": each.dataset,
        "country": each.country,
        "person": each.person,
        "institution": each.institution,
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
