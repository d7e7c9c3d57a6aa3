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

FEW, GRANTS, DATASETS = 1_000, 1_000_000, 100_000
ENTRIES = 10_000_000
"""What the picture knows of the log: how many entries it follows. Deciding reads none of them (import-linter)."""
_TIMES = 100
_MOST = 1.2


def _others(grants: int, datasets: int) -> Iterator[Row]:
    """As many datasets, and as many grants of other people for them; each of `datasets` people has as many."""
    dataset, grant = world.dataset(), world.grant()
    ids = [DatasetId(f"https://bank.example/datasets/{n}") for n in range(datasets)]
    for id in ids:
        yield copied(dataset, id=id)
    for n in range(grants):
        yield copied(
            grant,
            id=GrantId(f"grt_of_{n}"),
            person=PersonId(f"usr_{n % datasets}"),
            dataset=ids[n % datasets],
            request=RequestId(f"req_of_{n}"),
        )


def _decide(snapshot: Snapshot) -> None:
    """As if nobody had asked before: what is remembered costs the same everywhere."""
    question = use()
    for _ in range(_TIMES):
        assert evaluate(question, replace(snapshot, memory=Memory(0))).permits


def goals() -> tuple[Goal, ...]:
    """One goal; the large world takes half a minute to make, and a gigabyte."""
    gc.disable()  # nothing of them is garbage, and looking for some would take longer than making them
    small = follow(picture(), _others(FEW, FEW))
    large = follow(picture(), _others(GRANTS, DATASETS), size=ENTRIES)
    gc.enable()
    return (
        Goal(
            name=f"a use with {GRANTS:,} grants and {DATASETS:,} datasets, over one with {FEW:,} of each",
            micros=_MOST,
            run=lambda: _decide(large),
            times=_TIMES,
            against=Yardstick(
                name="a use in a small world", reference=MULTIPLE, run=lambda: _decide(small), times=_TIMES
            ),
        ),
    )
