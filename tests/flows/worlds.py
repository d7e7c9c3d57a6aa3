"""The flows' world in memory, with everything of tests/builders.py in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from broker.adapters.alone import Locks
from broker.adapters.names import SivNames
from broker.adapters.snapshots import LiveSnapshot
from broker.core.ids import PersonId
from broker.core.notices import Channels
from broker.core.rows import Person, Role, Row
from broker.core.time import Seconds
from broker.flows.notices.ledger import TellingLedger
from broker.flows.world import Caller, World
from broker.ports import Use
from tests import builders as b
from tests.fakes import (
    START,
    CountingEntropy,
    FakeClock,
    MemoryLedger,
    MemoryMailer,
    MemoryProbe,
    MemoryRows,
    MemoryScratch,
)

ADA = Person(id=b.ADA, log_key="aa" * 32, created=START)
MEI = Person(id=b.MEI, log_key="bb" * 32, created=START)
PIA = Person(id=PersonId("usr_pia"), log_key="cc" * 32, created=START, subject=b.PIA)
ROLE = Role(id="r1", role="committee_member", scope=f"committee:{b.DAC}", iss=b.HOME, sub="mei")


HOOKS = {"desk": frozenset({"desk", "answer", "stopped", "clock", "choices"})}
"""A webhook, and of which topics it would hear."""


class FakeSigner:
    """Shows what was signed, in the clear."""

    async def sign(self, use: Use, typ: str, claims: Mapping[str, Any]) -> str:
        return json.dumps({"use": use, "typ": typ, "claims": dict(claims)}, sort_keys=True, default=str)


@dataclass
class Stage:
    """A world and the hands that move it."""

    world: World
    ledger: MemoryLedger
    clock: FakeClock
    live: LiveSnapshot
    told: list[str] = field(default_factory=list)
    probe: MemoryProbe = field(default_factory=MemoryProbe)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)

    def kinds(self) -> list[str]:
        return self.ledger.kinds()


def stage(*more: Row, **changes: Any) -> Stage:
    """Everything of the builders' world stored, Ada's request waiting; `changes` as in `builders.snapshot`."""
    ledger, clock = MemoryLedger(), FakeClock()
    live = LiveSnapshot(b.snapshot(*more, **changes))
    for row in (*b.rows(**changes), *more, ADA, MEI, PIA):
        ledger.rows[row.KIND, row.id] = row
    ledger.on_commit = lambda stored: live.committed(stored, len(ledger.entries))
    world = World(
        issuer=b.US,
        clock=clock,
        entropy=CountingEntropy(),
        ledger=TellingLedger(ledger, live, Channels(hooks=HOOKS, letters=True)),
        rows=MemoryRows(ledger),
        scratch=MemoryScratch(),
        snapshots=live,
        signer=FakeSigner(),
        names=SivNames(),
        alone=Locks(),
    )
    return Stage(world=world, ledger=ledger, clock=clock, live=live)


def caller(person: Person = ADA, **changes: Any) -> Caller:
    made = Caller(
        person=person,
        identities=frozenset({(b.US, str(person.id)), (b.HOME, str(person.id).removeprefix("usr_"))}),
        session="ses",
        family="fam",
        affiliations=("faculty@rhine.example",) if person is ADA else (),
        location="DE",
        grants=(b.GRANT,) if person is ADA else (),
        roles=(ROLE,) if person is MEI else (),
        ends=Seconds(START + 3600),
    )
    return replace(made, **changes)
