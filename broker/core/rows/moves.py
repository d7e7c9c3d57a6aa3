"""Why something that is administered was suspended, resumed or removed: by whom, when, and in whose words."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.ids import ClientId, PersonId
from broker.core.time import Seconds

Verb = Literal["suspend", "resume", "remove"]
MOST = 100
"""So many of the last are kept in the row; every version of it is in the log by its digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One step. `by`, `client`: the person, or the service, that took it; neither: the operator, at the machine.

    `role`: as what they acted. `ground`: why; empty where a program said nothing.
    """

    verb: Verb
    at: Seconds
    by: PersonId | None = None
    client: ClientId | None = None
    role: str
    ground: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """All steps with one row, in order. `id` is `moves_id(word, id)` of that row."""

    KIND: ClassVar[str] = "moves"
    id: str
    version: int = 1
    moves: tuple[Move, ...]


def moves_id(word: str, id: str) -> str:
    """Under which id the steps with the row `id` are kept. `word`: of its sort (core/administration.py)."""
    return f"{word}:{id}"
