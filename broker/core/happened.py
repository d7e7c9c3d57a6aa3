"""What is about to be recorded, and one who is told of it; the words in which receivers are named (core/notices.py)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from broker.core.audit.entry import Entry
from broker.core.ids import PersonId
from broker.core.rows import Row
from broker.core.snapshot import Snapshot

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One receiver. `to`: `person:<id>`, `subject:<ref>` or `<role>@<scope>`; `but`: who of them is left out."""

    to: str
    about: str
    but: tuple[PersonId, ...] = ()
    what: str = ""
    """What this one is told, where that is something else than the kind of entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An entry that is about to be recorded, the rows that change with it, and the picture before."""

    entry: Entry
    rows: Sequence[Row]
    before: Snapshot

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """The rows of a kind that change."""
        return tuple(row for row in self.rows if isinstance(row, kind))

    def get(self, kind: type[R], id: str) -> R | None:
        """As it will be."""
        return next((row for row in self.of(kind) if row.id == id), None) or self.before.get(kind, id)


Rule = Callable[[Happened], Iterable[Told]]


def person_box(id: PersonId) -> str:
    return f"person:{id}"


def subject_box(ref: str) -> str:
    return f"subject:{ref}"


def role_box(role: str, scope: str) -> str:
    return f"{role}@{scope}"


def hook_box(name: str) -> str:
    return f"hook:{name}"


REMINDERS: Mapping[str, str] = MappingProxyType({
    "reminder.grant_ends": "ends", "reminder.duty": "duty", "reminder.answer": "clock",
    "reminder.community": "community", "reminder.origin": "community", "reminder.silence": "clock",
    "reminder.stigma_policy": "policy", "reminder.draft": "draft", "reminder.vacancy": "seat",
    "reminder.finding": "result", "reminder.closing": "closing",
    "reminder.engagement": "engagement", "reminder.funding": "funding",
})  # fmt: skip
"""What is told because time passes, and its topic: a grant ends, a duty is due, an answer is due or late, a
community's yes ends, the time of the place of origin ends, or ended without a word, a policy against stigma is to be
looked at again, copies are not said to be destroyed, a draft is given up, many people in the holdings have no
seat, a finding about a participant waits, a talk with the people of origin gets too old, who pays for data ends."""
