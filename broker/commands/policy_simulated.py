"""What `broker policy simulate` tells: who would gain, lose or see something else, and why.

One reason mostly explains many lines, so it is said once, above those whom it concerns.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from broker.commands.policy_shown import print_json, print_table, table_of
from broker.core.decision.other_law import EFFECTS, Difference, Effect, Said, counted
from broker.core.outcome import Reason
from broker.core.plain import plain

_LINES = 20
"""Of one group, before `--all`."""
_MEANS: Mapping[Effect, str] = {
    "loses": "a yes is one no more, or a no gets harder",
    "gains": "a no gets milder, or becomes a yes",
    "changes": "the same answer, with other duties or other papers",
}
_SILENT = "-"


class _Group(NamedTuple):
    """What differences must share to be told together; the rule and its words, without anybody's own facts."""

    effect: Effect
    outcomes: str
    duties: str
    rules: tuple[str, ...]


def differences(found: Sequence[Difference], about: Mapping[str, Any], *, as_json: bool, every: bool) -> None:
    """Group by group, worst first; then how many, by dataset and all together. `every`: no group is cut short."""
    told = [each for each in found if each.effect != "same"]
    if as_json:
        by_dataset = {name: counted(each for each in found if each.dataset == name) for name in _datasets(found)}
        rows = [_row(each) for each in told]
        print_json({**about, "summary": counted(found), "datasets": by_dataset, "differences": rows})
        return
    _head(found, about)
    for group, members in sorted(_groups(told).items(), key=_worst_first):
        _one_group(group, members, every=every)
    _summary(found)


def _head(found: Sequence[Difference], about: Mapping[str, Any]) -> None:
    """At what time, of how many, and which packs differ."""
    before, after = about["before"], about["after"]
    kinds = [each.kind for each in found]
    many = ", ".join(f"{kinds.count(kind)} {kind}s" for kind in ("grant", "request", "case") if kind in kinds)
    click.echo(f"As of {about['at']}, mode {about['mode']}: {many or 'no live grant and no open request'}.")
    for name in sorted(before.keys() | after.keys()):
        then, now = after.get(name), before.get(name)
        if then != now:
            click.echo(f"Pack {name}: {now['version'] if now else 'none'} -> {then['version'] if then else 'none'}")
    if before == after:
        click.echo("The packs are those in force.")


def _groups(told: Iterable[Difference]) -> dict[_Group, list[Difference]]:
    found: dict[_Group, list[Difference]] = {}
    for each in told:
        rules = tuple(_rule(reason) for reason in each.why)
        found.setdefault(_Group(each.effect, _outcomes(each), _duties(each), rules), []).append(each)
    return found


def _worst_first(item: tuple[_Group, list[Difference]]) -> tuple[int, int, _Group]:
    return EFFECTS.index(item[0].effect), -len(item[1]), item[0]


def _one_group(group: _Group, members: list[Difference], *, every: bool) -> None:
    persons = len({each.person for each in members if each.person})
    whose = f", of {_many(persons, 'person')}" if persons else ""
    click.echo(f"\n{group.effect.upper()} {len(members)}{whose}: {_MEANS[group.effect]}")
    for line in (group.outcomes, *group.rules, group.duties):
        if line:
            click.echo(f"  {line}")
    table = table_of("what", "id", "person", "institution", "country", "dataset", "because of")
    shown = sorted(members, key=lambda one: (one.dataset, one.person, one.id))
    for each in shown if every else shown[:_LINES]:
        who = (each.person or _SILENT, each.institution or "unknown", each.country or "unknown")
        if each.kind == "case":
            who = (_SILENT, _SILENT, who[2])
        because = "; ".join(f"{name} {value}" for reason in each.why for name, value in _facts(reason))
        table.add_row(each.kind, each.id, *who, each.dataset or _SILENT, Text(because))
    _print(table)
    if not every and len(shown) > _LINES:
        click.echo(f"  … and {len(shown) - _LINES} more: --all shows them, --json everything of each")


def _summary(found: Sequence[Difference]) -> None:
    """Datasets of which nothing differs are counted at the end only."""
    summary, touched = table_of("dataset", *EFFECTS), 0
    for name in _datasets(found):
        counts = counted(each for each in found if each.dataset == name)
        if counts["same"] < sum(counts.values()):
            touched += 1
            summary.add_row(name or "cases", *(str(counts[effect]) for effect in EFFECTS))
    total = counted(found)
    summary.add_row("all", *(str(total[effect]) for effect in EFFECTS))
    click.echo(f"\n{touched} of {_many(len(_datasets(found)), 'dataset')} concerned")
    print_table(summary)


def _print(table: Table) -> None:
    padded = Table.grid()
    padded.add_row(Padding(table, (0, 0, 0, 2)))
    print_table(padded)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _datasets(found: Iterable[Difference]) -> list[str]:
    return sorted({each.dataset for each in found})


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


def _outcomes(each: Difference) -> str:
    """`PERMIT -> PENDING (missing: scc.signed)`."""
    now, then = (_outcome(said) for said in (each.before, each.after))
    return f"{now} -> {then}" if now != then else now


def _outcome(said: Said) -> str:
    return said.outcome.name + (f" (missing: {', '.join(said.missing)})" if said.missing else "")


def _rule(reason: Reason) -> str:
    """`JUR-EU-SCC-NEEDED (eu-gdpr-ch5 safeguards-needed)`."""
    where = f"{reason.norm.source} {reason.norm.rule}" if reason.norm is not None else "no pack"
    return f"{reason.code} ({where})"


def _facts(reason: Reason) -> list[tuple[str, str]]:
    """What the rule read of this one; which papers it wants is told above."""
    return [(name, str(value)) for name, value in reason.facts if name != "evidence"]


def _duties(each: Difference) -> str:
    """Which obligations came or went."""
    came = sorted(set(each.after.obligations) - set(each.before.obligations))
    went = sorted(set(each.before.obligations) - set(each.after.obligations))
    signed = [*(f"+{name}" for name in came), *(f"-{name}" for name in went)]
    return f"duties: {' '.join(signed)}" if signed and each.after.outcome.permits else ""
