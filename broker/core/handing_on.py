"""What may a proxy or a store send by itself, although nobody can stop it half-way, nor see it? (settled question 23)

Only where the dataset's owner said for how many seconds that may be, and only as much as a line of `RATE` takes in
that time. Nobody may have to be left out of the file: it is sent as it lies there.
"""

from broker.core.outcome import Reason
from broker.core.ranges import Ranges, Unsatisfiable, parse
from broker.core.rows import Dataset, DrsObject, Repository

RATE = 1_048_576
"""Bytes a second that a line is expected to take at least."""


def unseen_seconds(dataset: Dataset | None) -> int:
    """For how long its bytes may leave unseen; 0: not at all."""
    return dataset.uninterruptible_delivery or 0 if dataset is not None else 0


def most_unseen(dataset: Dataset | None) -> int:
    """The longest answer, in bytes, that may leave like that."""
    return unseen_seconds(dataset) * RATE


def length_asked(range: str | None, size: int, *, conditional: bool) -> int:
    """Bytes of a file of `size` that an answer may have: the whole, unless exactly one range is asked for.

    Of several ranges servers may send the same bytes again and again, and of a range with If-Range (`conditional`) the
    whole.
    """
    if range is None or conditional or "," in range:
        return size
    wanted = parse(range, size)
    if isinstance(wanted, Unsatisfiable):  # an error without a byte of the file
        return 0
    return wanted.spans[0].length if isinstance(wanted, Ranges) else size


def too_much(dataset: Dataset | None, length: int) -> Reason | None:
    """Why an answer of `length` bytes may not leave unseen; None: it may."""
    most = most_unseen(dataset)
    if most == 0:
        return Reason(code="ASK-UNSTOPPABLE")
    return Reason(code="ASK-RANGE", facts=(("most", str(most)),)) if length > most else None


def may_sign(repository: Repository, dataset: Dataset | None, row: DrsObject) -> bool:
    """May who may have the whole object be given an address of the store itself?

    A signed address can be bound to no range, so all of the object must fit into the time. What is stored encrypted
    is so for our key, and of use to nobody.
    """
    return repository.signs and row.envelope is None and not row.is_bundle and too_much(dataset, row.size) is None
