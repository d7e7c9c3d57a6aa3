"""Sanctions as they are stored: one row for each step that was taken against somebody (WHO 2024, 3.3-4)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.ids import PersonId
from broker.core.time import FOREVER, Seconds

SanctionStep = Literal["warn", "suspend_person", "suspend_institution", "publish", "notify_funder"]
TargetKind = Literal["person", "organisation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """One of the two who lift a sanction: in which role, when and why."""

    person: PersonId
    role: str
    at: Seconds
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanction:
    """One step of the ladder. `case` joins the steps of one affair; `whom` is the id of a person or organisation.

    It holds from `begins` until `ends`, or until the second of two roles has lifted it.
    """

    KIND: ClassVar[str] = "sanction"
    id: str
    version: int = 1
    case: str
    step: SanctionStep
    kind: TargetKind
    whom: str
    ground: str
    begins: Seconds
    ends: Seconds
    appeal: str
    """Where and until when it can be challenged."""
    by: PersonId
    role: str
    lifts: tuple[Lift, ...] = ()

    @property
    def over(self) -> Seconds:
        """The first second at which it holds no longer."""
        return min(self.ends, self.lifted)

    @property
    def lifted(self) -> Seconds:
        """When the second role lifted it; FOREVER: it was not."""
        return self.lifts[1].at if len(self.lifts) > 1 else FOREVER

    @property
    def suspends(self) -> bool:
        """Does this step take rights away, or only say something?"""
        return self.step in ("suspend_person", "suspend_institution")

    def holds(self, at: Seconds) -> bool:
        """Is it in force at `at`?"""
        return self.begins <= at < self.over
