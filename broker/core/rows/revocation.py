"""What was ended before its time. One mechanism for everything that can be revoked."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.time import FOREVER, Seconds

What = Literal["family", "session", "person", "grant", "visa", "key", "issuer", "token", "access"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """`what`:`value` counts for nothing from `since` on. `id` is `<what>:<value>`.

    `until`: when the revoked thing would have ended anyway, so that the row may be forgotten.
    """

    KIND: ClassVar[str] = "revocation"
    id: str
    version: int = 1
    since: Seconds
    until: Seconds = FOREVER
    ground: str = ""


def revocation_id(what: What, value: str) -> str:
    """The id under which `value` is looked up among the revocations."""
    return f"{what}:{value}"
