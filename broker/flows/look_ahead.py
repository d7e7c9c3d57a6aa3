"""What do the rules of data say to a purpose? For everybody, also for nobody: read only, and nobody is told apart.

It gives nobody anything, so nothing is recorded; what holds for one person is asked by a pre-check (pre_check.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.core.access.stated import as_stated
from broker.core.decision import Question
from broker.core.decision.of_data import OfData, of_data_each
from broker.core.ids import DatasetId
from broker.core.outcome import Outcome
from broker.core.purpose import Purpose
from broker.core.rows import Committee, Dataset
from broker.flows.world import World

MOST = 100
"""Datasets that are looked at at once."""
_AT_ONCE = 25
"""Datasets after which others get their turn."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """One dataset, what is said of it, and who would decide."""

    dataset: Dataset
    said: OfData
    committee: Committee | None

    @property
    def answer_days(self) -> int | None:
        """Within how many days its committee means to answer. None: nobody is asked, or no answer could be yes."""
        if self.committee is None or self.dataset.access != "controlled" or self.said.outcome is Outcome.DENY:
            return None
        return self.committee.answer_days


async def look_ahead(w: World, purpose: Purpose, datasets: Sequence[DatasetId]) -> tuple[Ahead, ...]:
    """The answers, the best first. ValueError for more than `MOST` datasets. Steps: 1 gather, 2 ask.

    `datasets`: only those of which whoever looks may know.
    """
    if len(datasets) > MOST:
        raise ValueError(f"{MOST} datasets at once are enough")
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    question = Question(
        stage="foresee",
        at=now,
        known_at=now,
        person=None,
        purpose=as_stated(purpose),
        dataset=DatasetId(""),
        modality=purpose.modality,
    )
    # 2. Ask.
    found: list[Ahead] = []
    for id, said in zip(datasets, of_data_each(question, datasets, snapshot), strict=True):
        row = snapshot.get(Dataset, id)
        if row is not None:
            found.append(Ahead(row, said, snapshot.get(Committee, row.committee)))
        if len(found) % _AT_ONCE == 0:
            await w.clock.give_way()
    return tuple(sorted(found, key=lambda one: one.said.outcome))
