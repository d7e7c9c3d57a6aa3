"""The flows' world on a real database, with everything of tests/builders.py recorded in it, and its replay."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.adapters.alone import Locks
from broker.adapters.names import SivNames
from broker.adapters.ontology import load_ontology
from broker.adapters.snapshots import LiveSnapshot, load
from broker.adapters.storage.history import open_history
from broker.adapters.storage.ledger import SqliteLedger
from broker.adapters.storage.reads import open_rows
from broker.core.documents import ontology_text, own_text
from broker.core.duo.ontology import Ontology
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.passport.trust import TrustRow
from broker.core.reasons import REASONS
from broker.core.rows import Put, Row
from broker.core.snapshot import empty, on_texts
from broker.flows.put_in_force import put_in_force, put_rules_in_force
from broker.flows.replay import Replayed, replay
from broker.flows.world import World
from tests import builders as b
from tests.adapters.storage.support import Place
from tests.fakes import MemoryScratch
from tests.flows.worlds import ADA, MEI, PIA, FakeSigner

DEMO = b.CONFIG / "ontology" / "mondo-demo.obo"
OWN = TrustRow(iss=b.US, is_us=True, is_broker=True)


@dataclass
class Recorded:
    """A world whose record can be replayed."""

    place: Place
    world: World
    ledger: SqliteLedger
    live: LiveSnapshot

    async def put(self, *rows: Row, kind: str = "catalogue.applied") -> None:
        """Store these rows."""
        await self.world.ledger.record(self.world.entry(kind, self.world.clock.now(), None), *map(Put, rows))

    async def stand_on(
        self,
        rules: Rulebook | None = None,
        ontology: Path | None = None,
        own: TrustRow | None = None,
    ) -> None:
        """From now on these texts decide; they are kept first."""
        now = self.live.current()
        read: Ontology = load_ontology(ontology) if ontology is not None else now.ontology
        if rules is not None:
            assert await put_rules_in_force(self.world, rules) == ()
        if ontology is not None:
            await put_in_force(self.world, ontology_text(read, ontology.read_bytes))
        if own is not None:
            await put_in_force(self.world, own_text(own))
        self.live._tell(on_texts(now, read, rules or now.rulebook, own or now.own))

    def replays(self) -> list[Replayed]:
        """Every decision made again, in one way through the log."""
        with open_history(self.place.database, load_ontology) as history:
            return [made(one.trace, history) for one in history.decisions()]

    def each_by_itself(self) -> list[Replayed]:
        """The same, each from a picture made for it."""
        with open_history(self.place.database, load_ontology) as history:
            ids = [one.id for one in history.decisions()]
        with open_history(self.place.database, load_ontology) as history:
            return [made(getattr(history.decision(id), "trace", None), history) for id in ids]


def made(trace: Any, history: Any) -> Replayed:
    return Replayed(id="", result="missing") if trace is None else replay(trace, history, SivNames())


@contextmanager
def other_words(code: str) -> Iterator[None]:
    """As if the researcher's sentence of `code` were another one."""
    spec = REASONS[code]
    before = spec.researcher
    object.__setattr__(spec, "researcher", "Something else.")
    try:
        yield
    finally:
        object.__setattr__(spec, "researcher", before)


def differ(found: list[Replayed]) -> list[Replayed]:
    """Those that are not the same."""
    return [one for one in found if one.result != "same"]


@asynccontextmanager
async def recorded(place: Place, *more: Row, **changes: Any) -> AsyncIterator[Recorded]:
    """The builders' world, recorded; `changes` as in `builders.rows`."""
    async with place.open() as ledger, open_rows(place.database) as rows:
        nothing = empty(b.ontology(), b.rules(), OWN)
        live = LiveSnapshot(await load(nothing, rows, ledger.size))
        ledger.on_commit = lambda stored: live.committed(stored, ledger.size)
        world = World(
            issuer=b.US,
            clock=place.clock,
            entropy=place.entropy,
            ledger=ledger,
            rows=rows,
            scratch=MemoryScratch(),
            snapshots=live,
            signer=FakeSigner(),
            names=SivNames(),
            alone=Locks(),
        )
        found = Recorded(place, world, ledger, live)
        await found.stand_on(b.rules(), DEMO, OWN)
        if await rows.get(type(ADA), ADA.id) is None:
            await found.put(*b.rows(**changes), *more, ADA, MEI, PIA)
        yield found
