"""What was worked out before, as long as everything that it was worked out from is still the same.

For pure functions only: what comes back is what would be worked out again, and a test compares the two. It is
bounded by weight; what was put in first goes first.
"""

from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """Values by key. Each is kept with its witnesses: the objects that it followed from.

    One is found again only if every witness is the same object as then, or equal to it.
    """

    __slots__ = ("_held", "_limit", "_weight")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._weight = 0
        self._held: dict[object, tuple[tuple[object, ...], T, int]] = {}

    def recall(self, key: object, witnesses: tuple[object, ...]) -> T | None:
        """The value that was put under `key` with these witnesses. Tuples compare identity before equality."""
        found = self._held.get(key)
        if found is None or found[0] != witnesses:
            return None
        self._held[key] = (witnesses, *found[1:])  # whoever asks again comes with these very objects
        return found[1]

    def keep(self, key: object, witnesses: tuple[object, ...], value: T, weight: int = 1) -> None:
        """Remember `value`. Nothing that is heavier than all that may be kept."""
        self._forget(key)
        if weight > self._limit:
            return
        self._held[key] = (witnesses, value, weight)
        self._weight += weight
        while self._weight > self._limit:
            self._forget(next(iter(self._held)))

    def _forget(self, key: object) -> None:
        found = self._held.pop(key, None)
        self._weight -= found[2] if found is not None else 0

    def __len__(self) -> int:
        return len(self._held)
