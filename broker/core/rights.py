"""What the law of a place gives a person about their data, as whoever runs the broker wrote it down.

Told to people on the page of rights (WHO 2024, 3.7: tell people how to exercise their rights). No decision reads it:
what holds for a use of data stands in the packs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Right = Literal[
    "access", "copy", "correction", "erasure", "restriction", "objection", "withdrawal", "complaint", "court"
]
"""What somebody may ask for, or do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawOf:
    """One jurisdiction. `rights`: each with where the law says it."""

    law: str
    rights: Mapping[Right, str]
    authority: str
    """Who takes complaints about those who hold data."""
    address: str
    answered_days: int | None = None
    """Within which whoever is asked answers, where the law names a number."""
    answered_by_law: str = ""
    """Where it names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """All that are written down, by jurisdiction as packs name it. `reviewed_by`: empty, nobody compared them."""

    as_of: date | None = None
    reviewed_by: str = ""
    laws: Mapping[str, LawOf] = field(default_factory=dict)

    def written(self, places: Iterable[str]) -> Mapping[str, LawOf]:
        """The laws of those places, in their order, as far as they are written down."""
        return {place: self.laws[place] for place in places if place in self.laws}

    def unwritten(self, places: Iterable[str]) -> list[str]:
        """The others of them."""
        return [place for place in places if place not in self.laws]
