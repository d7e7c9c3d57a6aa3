"""Two processes put rules in force at the same moment: one of them does, and the other hears that it was too late."""

import asyncio
from pathlib import Path

import pytest

from broker.adapters.alone import Locks
from broker.adapters.names import SivNames
from broker.adapters.snapshots import LiveSnapshot
from broker.adapters.storage.postgres.reads import open_postgres_rows
from broker.config import Settings
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.passport.trust import TrustRow
from broker.core.rows import InForce
from broker.core.snapshot import empty
from broker.flows.put_in_force import Agreed, put_rules_in_force
from broker.flows.world import World
from broker.policies import policy_folder, rules_in
from broker.ports import Ledger, Rows, StaleError
from tests import builders as b
from tests.adapters.storage.places import cluster, postgres_database, shared_place
from tests.adapters.storage.support import SharedPlace
from tests.desk import person
from tests.fakes import MemoryScratch
from tests.flows.worlds import FakeSigner
from tests.packs import write_packs

__all__ = ["cluster", "postgres_database", "shared_place"]
ROUNDS = 5
OWN = TrustRow(iss=b.US, is_us=True, is_broker=True)


def _rules(folder: Path, version: str) -> Rulebook:
    packs = write_packs(folder / version, version)
    settings = Settings(issuer=b.US, mode="example", state=folder / f"state-{version}", policies=packs)
    return rules_in(policy_folder(settings), settings)


def _process(place: SharedPlace, ledger: Ledger, rows: Rows) -> World:
    live = LiveSnapshot(empty(b.ontology(), b.rules(), OWN))
    return World(
        issuer=b.US, clock=place.clock, entropy=place.entropy, ledger=ledger, rows=rows, scratch=MemoryScratch(),
        snapshots=live, signer=FakeSigner(), names=SivNames(),
        alone=Locks(),
    )  # fmt: skip


@pytest.mark.row("PACK-SEEN")
async def test_of_two_processes_one_puts_its_rules_in_force_and_the_other_is_too_late(
    shared_place: SharedPlace, tmp_path: Path
) -> None:
    async with (
        shared_place.open() as one,
        shared_place.open() as other,
        open_postgres_rows(shared_place.url) as rows,
        open_postgres_rows(shared_place.url) as others,
    ):
        worlds = (_process(shared_place, one, rows), _process(shared_place, other, others))
        assert await put_rules_in_force(worlds[0], _rules(tmp_path, "1.0")) == ()
        for turn in range(ROUNDS):
            before = await rows.get(InForce, "rules")
            assert before is not None
            sets = [_rules(tmp_path, f"{2 + turn}.{n}") for n in range(2)]
            done = await asyncio.gather(
                *(
                    put_rules_in_force(w, rules, Agreed(by=person(name), instead_of=before))
                    for w, rules, name in zip(worlds, sets, ("root", "lex"), strict=True)
                ),
                return_exceptions=True,
            )
            assert sorted(type(one).__name__ for one in done) == [StaleError.__name__, "tuple"], done
            after = await rows.get(InForce, "rules")
            assert after is not None
            assert after.version == before.version + 1, "one change, once"
