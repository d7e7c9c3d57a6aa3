"""Somebody challenges an answer, complains, or asks. Who complains need not say who they are."""

from dataclasses import dataclass
from typing import ClassVar

from broker.core.access.cases import CaseKind, CaseStage, Outcome
from broker.core.ids import PersonId, RequestId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One of them. `about`: the request that was answered; or what a complaint says that it is about, if anything;
    or the data about which a participant asks.

    `key`: the SHA-256 of what lets somebody who did not sign in read how it stands. `stage`: core/access/cases.py.
    """

    KIND: ClassVar[str] = "challenge"
    id: str
    version: int = 1
    kind: CaseKind
    about: RequestId | str
    committee: str = ""
    """The one concerned, if that is known: who sits in it does not answer an appeal or a complaint."""
    person: PersonId | None = None
    key: str = ""
    text: str
    opened: Seconds
    stage: CaseStage = CaseStage.RECEIVED
    acknowledged: Seconds | None = None
    answered: Seconds | None = None
    answered_by: PersonId | None = None
    outcome: Outcome | None = None
    answer: str = ""
