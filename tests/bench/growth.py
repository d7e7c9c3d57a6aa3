"""Does a decision cost more where there is more? The same use, in a small world and in a large one."""

import gc
from collections.abc import Iterator
from dataclasses import replace

from broker.core.copied import copied
from broker.core.decision import evaluate
from broker.core.ids import DatasetId, GrantId, PersonId, RequestId
from broker.core.memory import Memory
from broker.core.rows import Row
from broker.core.snapshot import Snapshot, follow
from tests import builders as world
from tests.bench.decision import picture, use
from tests.bench.measure import MULTIPLE, Goal, Yardstick

FEW, MANY = 1_000, 100_000
_TIMES = 100
_MOST = 1.2


def _others(count: int) -> Iterator[Row]:
    """As many datasets, and as many grants of other people for them."""
    dataset, grant = world.dataset(), world.grant()
    for n in range(count):
        id = DatasetId(f"https://bank.example/datasets/{n}")
        yield copied(dataset, id=id)
        yield copied(
            grant, id=GrantId(f"grt_of_{n}"), person=PersonId(f"usr_{n}"), dataset=id, request=RequestId(f"req_of_{n}")
        )


def _decide(snapshot: Snapshot) -> None:
    """As if nobody had asked before: what is remembered costs the same everywhere."""
    question = use()
    for _ in range(_TIMES):
        assert evaluate(question, replace(snapshot, memory=Memory(0))).permits


def goals() -> tuple[Goal, ...]:
    """One goal; making the large world takes some seconds."""
    gc.disable()  # nothing of them is garbage, and looking for some would take longer than making them
    small, large = (follow(picture(), _others(count)) for count in (FEW, MANY))
    gc.enable()
    return (
        Goal(
            name=f"a use with {MANY:,} grants and as many datasets, over one with {FEW:,}",
            micros=_MOST,
            run=lambda: _decide(large),
            times=_TIMES,
            against=Yardstick(
                name="a use in a small world", reference=MULTIPLE, run=lambda: _decide(small), times=_TIMES
            ),
        ),
    )
