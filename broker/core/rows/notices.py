"""What somebody is told because something happened, and where they want to be told. Never what was said or decided."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.ids import PersonId, SubjectRef
from broker.core.time import EPOCH, Seconds

NoticeState = Literal["waiting", "sent", "kept", "dead"]
"""`kept`: read here and told nowhere else; `dead`: whoever should have taken it refused it too often."""
PERIOD = 60 * 86_400
"""Seconds of one box: whoever looks into their inbox reads this box and the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something happened, for one receiver (core/notices.py). `id` never changes: it names what is sent.

    Made in the record of what it tells, so that neither is there without the other. `what`: the kind of entry, or a
    reminder; `about`: the id of what it is about; `sequence`: which version of that this tells of.
    """

    KIND: ClassVar[str] = "notice"
    id: str
    version: int = 1
    to: str
    box: str
    """The receiver and the period: `box_of`."""
    what: str
    about: str
    sequence: int
    at: Seconds
    but: tuple[PersonId, ...] = ()
    """Persons who are not told, whatever role they have: who applies hears what applicants hear."""
    state: NoticeState = "waiting"
    done: tuple[PersonId, ...] = ()
    """To whom of several a letter went."""
    tries: int = 0
    due: Seconds = EPOCH
    """Not before this is it tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where somebody gets letters, as they themselves said and have shown. `id` is that of the person.

    `sealed`: the address, encrypted; empty: they have none any more. `off`: kinds for which they want no letter.
    """

    KIND: ClassVar[str] = "mailbox"
    id: PersonId
    version: int = 1
    person: PersonId
    subject: SubjectRef | None = None
    """Set for participants, as in `Person`."""
    sealed: str
    language: str
    daily: bool = False
    """One letter a day, but for what cannot wait."""
    off: tuple[str, ...] = ()
    since: Seconds


def box_of(to: str, at: Seconds) -> str:
    """Under which word the notices of one receiver and one period are found."""
    return f"{to} {at // PERIOD}"
