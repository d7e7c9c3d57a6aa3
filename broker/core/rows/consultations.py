"""People are asked about a change of the rules before it comes into force, and answered (WHO 2024, 3.1-8 and 3.5-1)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.ids import PersonId, SubjectRef
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """About one text of a proposal. `digest`: of pack and cases, as `rows.proposals.Written` has it.

    `communities`: whose authorities are asked; `public`: is everybody else who signs in? Everybody reads it.
    """

    KIND: ClassVar[str] = "consultation"
    id: str
    version: int = 1
    proposal: str
    pack: str
    release: str
    digest: str
    text: str
    """The pack, as it was proposed when people were asked."""
    ground: str
    """What changes, and why."""
    communities: tuple[SubjectRef, ...]
    public: bool
    opened: Seconds
    opened_by: PersonId
    until: Seconds
    state: Literal["open", "closed"] = "open"
    closed: Seconds | None = None
    closed_by: PersonId | None = None
    result: str = ""
    """What was made of what people said."""
    said: int | None = None
    """How many comments there were when it was closed, and how many of them object."""
    objected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody said to it. `objects` never changes: an objection that was answered is still one.

    `side`: the community for which they spoke; None: for themselves. `answer`: by who writes the rules.
    """

    KIND: ClassVar[str] = "comment"
    id: str
    version: int = 1
    consultation: str
    person: PersonId
    side: SubjectRef | None = None
    objects: bool
    text: str
    at: Seconds
    answer: str = ""
    answered: Seconds | None = None
    answered_by: PersonId | None = None
