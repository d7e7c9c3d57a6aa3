"""Has this very question been answered before? A bounded memory of answers, so that a permit costs little.

An answer depends on the facts that packs read and on nothing else, and it is the same all through a period in
which no pack and no list changes. So equal facts in the same period have the same answer: found once, then told.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ROOM = 2048
"""How many answers a period keeps; with one more, the oldest is forgotten. About 3 KiB each."""

Signature = tuple[tuple[object, ...], tuple[type, ...]]
"""Values and their types: Python takes True for 1, and a policy must not."""


def signature(reads: Iterable[str], facts: Mapping[str, object]) -> Signature:
    """What of `facts` an answer can depend on; `reads` are the names of those facts."""
    values = tuple(map(facts.get, reads))
    return values, tuple(map(type, values))


@dataclass(slots=True, eq=False)
class Memo:
    """Answers by signature. Equal in every way to asking again, which a test shows."""

    known: dict[Signature, Any] = field(default_factory=dict)

    def get(self, key: Signature, find: Callable[[], Any]) -> Any:
        """The answer that belongs to `key`; `find` finds it where it is not known yet."""
        try:
            answer = self.known.get(key)
        except TypeError:  # a fact without a form, such as a list: nothing to remember it by
            return find()
        if answer is None:
            answer = self.known[key] = find()
            if len(self.known) > ROOM:
                del self.known[next(iter(self.known))]
        return answer
