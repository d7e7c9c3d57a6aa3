"""What is asked of somebody who applies for these data? Read only: nothing is decided, and nothing recorded."""

from collections.abc import Iterable, Mapping
from typing import Any

from broker.core.ids import DatasetId
from broker.core.questions import Question, asked, needs
from broker.flows.request_access import may_know
from broker.flows.world import Caller, World


def questions(
    w: World, caller: Caller | None, datasets: Iterable[DatasetId], answers: Mapping[str, Any]
) -> tuple[Question, ...]:
    """The questions of the form that these data need; all of it where none is chosen that the caller may know of."""
    if w.form is None:
        return ()
    now, snapshot = w.clock.now(), w.snapshots.current()
    known = [one for one in datasets if caller is not None and may_know(caller, one, snapshot, now)]
    return asked(w.form, needs(known, snapshot, now) if known else None, answers)
