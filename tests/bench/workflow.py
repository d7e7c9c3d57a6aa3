"""What the workflow's commands cost: an application from its papers to the grant and its end, each step on record.

Each run is a whole life in a broker with every policy pack of ours and a record on disk; what a row counts is the CPU
of one command of it, commit and log line included. Each is another person's: nobody has a thousand applications, all of
whose copies are still to be destroyed.
"""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import process_time
from typing import TypeVar

from broker.app import opened
from broker.config import Settings
from broker.core.access.grants import GrantCommand
from broker.core.ids import PersonId, RequestId
from broker.core.outcome import Reason
from broker.core.rows import Committee, Put, Review
from broker.flows.applications.hand_in import hand_in
from broker.flows.applications.review import Said, assess, give_back, vote
from broker.flows.applications.turns import hand_in_again
from broker.flows.decide_request import NotPossible, approve
from broker.flows.grants.end import stop
from broker.flows.world import Caller, World
from broker.state import make_state
from tests import builders as b
from tests.bench.drs import logging_nowhere
from tests.bench.measure import Goal
from tests.flows.test_applications import CHAIR, LEE, MEMBER, PAPER, SIDES
from tests.flows.worlds import ADA, MEI, caller

MICROS = 5_000
"""And one commit, which is counted too."""
COMMANDS = (
    "handed in",
    "weighed",
    "given back",
    "handed in again",
    "voted on",
    "approved",
    "ended by its grant being revoked",
)
T = TypeVar("T")


@dataclass
class _Lives:
    """One application after the other, and what each command of them took so far."""

    loop: asyncio.AbstractEventLoop
    world: World
    lives: int = 0
    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def live(self) -> None:
        self.loop.run_until_complete(self._live())

    def so_far(self, name: str) -> Callable[[], float]:
        return lambda: self.spent[name]

    async def _did(self, name: str, command: Awaitable[T | Reason | NotPossible]) -> T:
        began = process_time()
        done = await command
        self.spent[name] += process_time() - began
        assert not isinstance(done, Reason | NotPossible), (name, done)
        return done

    async def _live(self) -> None:
        w, who = self.world, await self._next()
        made = (await self._did("handed in", hand_in(w, who, [b.HEART], PAPER))).application
        review = made.reviews[0]
        await self._did("given back", give_back(w, MEMBER, review, [Said(text="Which hearts?")]))
        await self._did("handed in again", hand_in_again(w, who, made.id, PAPER))
        await self._did("weighed", assess(w, CHAIR, review, b.HEART, SIDES))
        await self._did("voted on", vote(w, MEMBER, review, b.HEART, "yes", "Fine."))
        request = self._request(w.snapshots.current().get(Review, review))
        decided = await self._did("approved", approve(w, CHAIR, request, "Fine.", {}))
        assert decided.grant is not None
        await self._did(
            "ended by its grant being revoked",
            stop(w, CHAIR, decided.grant.id, GrantCommand.REVOKE, "The next one, please."),
        )

    async def _next(self) -> Caller:
        """Somebody as Ada is, who has not asked for anything yet."""
        self.lives += 1
        person = replace(ADA, id=PersonId(f"usr_{self.lives}"))
        entry = self.world.entry("catalogue.applied", self.world.clock.now(), None, {"rows": 1})
        await self.world.ledger.record(entry, Put(person))
        return replace(caller(), person=person)

    def _request(self, review: Review | None) -> RequestId:
        assert review is not None
        return review.requests[0]


async def _furnished(world: World) -> None:
    committee = Committee(
        id=b.DAC, name="The committee", contact="dac@bank.example", voters=("bank",), quorum=1, endorsed=False
    )
    rows = [*b.rows(grant=None, committee=committee), MEI, LEE]
    entry = world.entry("catalogue.applied", world.clock.now(), None, {"rows": len(rows)})
    await world.ledger.record(entry, *map(Put, rows))


@contextmanager
def goals() -> Iterator[tuple[Goal, ...]]:
    """With a broker in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, logging_nowhere():
        chosen = Settings(issuer=str(b.US), state=Path(folder) / "state", mode="example", port=0)
        make_state(chosen)
        loop = asyncio.new_event_loop()
        opening = opened(chosen)
        try:
            world = loop.run_until_complete(opening.__aenter__()).world
            loop.run_until_complete(_furnished(world))
            yield _goals(_Lives(loop, world))
        finally:
            loop.run_until_complete(opening.__aexit__(None, None, None))
            loop.close()


def _goals(lives: _Lives) -> tuple[Goal, ...]:
    return tuple(
        Goal(name=f"an application is {name}, on record", micros=MICROS, run=lives.live, spent=lives.so_far(name))
        for name in COMMANDS
    )
