"""A policy pack that somebody writes in place of one in force, or beside them, and a second person puts in force."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.ids import PersonId
from broker.core.time import Seconds

ProposalState = Literal["draft", "proposed", "activated", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Who wrote which text of it: SHA-256 over pack and cases."""

    by: PersonId
    at: Seconds
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackProposal:
    """One of them. `base`: SHA-256 of the pack in force from which it was begun; empty: there was none.

    `text` and `cases` are the two files as they are written; `written` says by whom, each writing once, in order.
    `files`: the digest of the whole set that was proposed, and in the end of the one that was put in force;
    `document`: under which id that set is kept.
    """

    KIND: ClassVar[str] = "pack_proposal"
    id: str
    version: int = 1
    pack: str
    base: str
    text: str
    cases: str
    ground: str = ""
    written: tuple[Written, ...]
    state: ProposalState = "draft"
    release: str = ""
    """The version of the pack, once it is proposed."""
    files: str = ""
    document: str = ""
    proposed: Seconds | None = None
    proposed_by: PersonId | None = None
    ended: Seconds | None = None
    ended_by: PersonId | None = None
    proposed_as: str | None = None
    """In which role; this is what everybody reads of who it was."""
    ended_as: str | None = None

    @property
    def authors(self) -> frozenset[PersonId]:
        """Whose work it is: whoever wrote any of it, or proposed it."""
        named = {one.by for one in self.written}
        return frozenset(named | ({self.proposed_by} if self.proposed_by is not None else set()))
