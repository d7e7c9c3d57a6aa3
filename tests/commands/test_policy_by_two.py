"""What two people put in force in a real broker holds there, beside the command line, and at its next start."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from broker.app import Running, opened
from broker.config import Settings
from broker.core.outcome import Reason
from broker.core.rows import PackProposal, Put
from broker.flows import propose_packs as flow
from broker.ports.packs import PackSets
from broker.web.state import BROKER
from tests.commands.test_policy import chosen, done, made, refused  # noqa: F401 (fixtures)
from tests.desk import PACK, french_only, people, same_law, who
from tests.packs import write_packs


@asynccontextmanager
async def office(settings: Settings) -> AsyncIterator[tuple[Running, PackSets]]:
    """A running broker, and its sets of packs."""
    async with opened(settings) as running:
        sets = running.app[BROKER].administration.sets
        assert sets is not None
        yield running, sets


async def proposed(running: Running, sets: PackSets, typed: dict[str, str]) -> PackProposal:
    w = running.world
    row = await flow.begin(w, sets, who("root"), PACK)
    assert isinstance(row, PackProposal)
    row = await flow.write(w, who("root"), row.id, {row.version}, **typed)
    assert isinstance(row, PackProposal)
    row = await flow.propose(w, sets, who("root"), row.id, {row.version})
    assert isinstance(row, PackProposal), row
    return row


def version(running: Running) -> str:
    return running.world.snapshots.current().rulebook.packs[PACK].version


@pytest.mark.row("PACK-SECOND")
async def test_it_holds_at_once_and_after_a_restart_and_the_command_line_knows_it(
    chosen: Settings,  # noqa: F811
    tmp_path: Path,
) -> None:
    async with office(chosen) as (running, sets):
        entry = running.world.entry("catalogue.applied", running.world.clock.now(), None, {})
        await running.world.ledger.record(entry, *map(Put, people()))
        row = await proposed(running, sets, french_only("2"))
        put = await flow.activate(running.world, sets, who("lex"), row.id, row.files)
        assert isinstance(put, PackProposal), put
        assert version(running) == "2"
    told: dict[str, Any] = json.loads(await asyncio.to_thread(done, chosen, "list", "--json"))
    assert [(pack["id"], pack["version"]) for pack in told["packs"]] == [(PACK, "2")]
    two = await asyncio.to_thread(refused, chosen, "activate", str(write_packs(tmp_path / "two", "2")))
    assert "this version was in force with another text" in two
    async with office(chosen) as (running, sets):
        assert version(running) == "2"
        kept = await running.world.rows.get(PackProposal, row.id)
        assert kept == put
        row = await proposed(running, sets, same_law("3"))
        await asyncio.to_thread(done, chosen, "activate", str(write_packs(tmp_path / "four", "4", home=True)))
        late = await flow.activate(running.world, sets, who("lex"), row.id, row.files)
        assert isinstance(late, Reason)
        assert late.code in {"REQ-STALE", "REQ-PACK-OUTDATED"}, "the operator's set is on its way, or there"
    async with office(chosen) as (running, sets):
        assert version(running) == "4"


@pytest.mark.row("PACK-SECOND")
async def test_what_stopped_between_record_and_folder_is_over_and_the_old_set_holds(
    chosen: Settings,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(_: Path) -> None:
        raise OSError("the machine stops here")

    async with office(chosen) as (running, sets):
        row = await proposed(running, sets, french_only("2"))
        with monkeypatch.context() as patched:
            patched.setattr("broker.adapters.policy_sets.point_to", stopped)
            left = await flow.activate(running.world, sets, who("lex"), row.id, row.files)
        assert isinstance(left, Reason)
        assert await flow.is_left(running.world, await _row(running, row))
    async with office(chosen) as (running, sets):
        assert version(running) == "1"
        assert not await flow.is_left(running.world, await _row(running, row))
        again = await flow.activate(running.world, sets, who("lex"), row.id, row.files)
        assert isinstance(again, Reason)
        assert again.code == "REQ-STATE"
        row = await proposed(running, sets, french_only("3"))
        assert isinstance(await flow.activate(running.world, sets, who("lex"), row.id, row.files), PackProposal)
        assert version(running) == "3"


async def _row(running: Running, row: PackProposal) -> PackProposal:
    found = await running.world.rows.get(PackProposal, row.id)
    assert found is not None
    return found
