"""`broker policy simulate FOLDER`: who would gain, lose or see something else under other packs, and why.

Read beside a running broker, over connections that cannot write; nothing is changed.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from broker.adapters.clock import SystemClock
from broker.adapters.ontology import open_ontology
from broker.adapters.policy_files import lint_packs, load_cases
from broker.adapters.snapshots import load
from broker.commands.common import Fail, settings, telling
from broker.commands.policy_simulated import differences
from broker.config import Settings
from broker.core.decision.other_law import Difference, difference, of_answer
from broker.core.jurisdiction.case import facts_of, time_of
from broker.core.jurisdiction.judge import judge
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.passport.trust import TrustRow
from broker.core.snapshot import empty
from broker.core.time import Seconds, parse_rfc3339, rfc3339
from broker.database import rows_of
from broker.flows.simulate_packs import concerned
from broker.policies import load_rules, policy_folder

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--cases", type=_FILE, multiple=True, help="A case file, judged as well; may be given again.")
@click.option("--at", help="As of this time (RFC 3339 or a date) instead of now: when a law begins, for example.")
@click.option("--mode", type=click.Choice(["example", "production"]), help="As if the settings said so.")
@click.option("--all", "every", is_flag=True, help="Every line; else of each reason the first twenty.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def simulate(
    config: Path | None,
    folder: Path,
    cases: tuple[Path, ...],
    at: str | None,
    mode: Any,
    *,
    every: bool,
    as_json: bool,
) -> None:
    """Judge every live grant and open request by the packs in force and by those of FOLDER; nothing is changed."""
    chosen = settings(config, mode=mode)
    with telling():
        if problems := lint_packs(folder):
            raise Fail("\n".join(problems))
        when = parse_rfc3339(at) if at is not None else SystemClock().now()
        now = load_rules(policy_folder(chosen), chosen.packs, chosen.mode)
        then = load_rules(folder, chosen.packs, chosen.mode)
        found = [each for path in cases for each in _cases(path, now, then)]
        found += asyncio.run(_stored(chosen, now, then, when))
    about = {"at": rfc3339(when), "mode": chosen.mode, "before": _versions(now), "after": _versions(then)}
    differences(found, about, as_json=as_json, every=every)


def _versions(rules: Rulebook) -> dict[str, dict[str, str]]:
    return {id: {"version": pack.version, "digest": rules.digests[id]} for id, pack in sorted(rules.packs.items())}


async def _stored(chosen: Settings, now: Rulebook, then: Rulebook, at: Seconds) -> list[Difference]:
    """Every live grant and open request of the database."""
    ontology = open_ontology(chosen.ontology_file, chosen.ontologies)
    async with rows_of(chosen.store) as rows:
        snapshot = await load(empty(ontology, now, TrustRow(iss=chosen.issuer, is_us=True)), rows)
        asked = [each async for each in concerned(rows, snapshot, at)]
    shown = track(asked, "judging", console=Console(stderr=True), transient=True)
    return [difference(each, snapshot, then) for each in shown]


def _cases(path: Path, now: Rulebook, then: Rulebook) -> Iterator[Difference]:
    """The rows of a case file, each at its own time."""
    file = load_cases(path).value
    if not isinstance(file, dict) or not isinstance(file.get("cases"), list):
        raise Fail(f"{path}: a case file has a list of cases")
    for place, row in enumerate(file["cases"]):
        if not isinstance(row, dict):
            raise Fail(f"{path}: row {place} is no mapping")
        facts = facts_of(row, file.get("defaults") or {}, file.get("profiles") or {})
        at = time_of(row, file.get("at", ""))
        yield Difference(
            kind="case",
            id=str(row.get("id", f"row {place}")),
            dataset="",
            country=str(facts.get("recipient.country", "")),
            person="",
            institution="",
            before=of_answer(judge(now, facts, at)),
            after=of_answer(judge(then, facts, at)),
        )
