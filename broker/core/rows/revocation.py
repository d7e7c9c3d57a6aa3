"""What was ended before its time. One mechanism for everything that can be revoked."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.time import FOREVER, Seconds

What = Literal["family", "session", "person", "grant", "visa", "key", "issuer", "token", "access"]
Did = Literal["approved", "extended", "suspended", "resumed", "revoked", "expired", "closed"]
By = Literal["committee", "custodian", "admin", "limit", "incident", "reopened", "left", "replaced", ""]
"""Who, or what: a use beyond a limit, an incident, an answer that is given anew, somebody who applies no longer,
another grant; empty: nobody says, or there is but one who does that.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was done with a grant. `ground`: what was said of it to its committee."""

    did: Did
    at: Seconds
    by: By = ""
    ground: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """`what`:`value` counts for nothing from `since` on, until it is `lifted`. `id` is `<what>:<value>`.

    `until`: when the revoked thing would have ended anyway, so that the row may be forgotten.
    """

    KIND: ClassVar[str] = "revocation"
    id: str
    version: int = 1
    since: Seconds
    until: Seconds = FOREVER
    ground: str = ""
    pausing: bool = False
    """Of a grant: it is suspended, and may be resumed. Nothing else that was ended comes back."""
    lifted: Seconds = FOREVER
    """When it was resumed."""
    steps: tuple[Step, ...] = ()
    """Of a grant: all that was done with it, the first first; the members above say what holds. Empty in rows of before
    this was kept.
    """

    def holds(self, at: Seconds) -> bool:
        """Does what it ended count for nothing at `at`?"""
        return self.since <= at < self.lifted


def revocation_id(what: What, value: str) -> str:
    """The id under which `value` is looked up among the revocations."""
    return f"{what}:{value}"
