"""What is kept of repositories that serve their own bytes: about whom they asked, and what they reported."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.ids import ClientId, DecisionId, ObjectId, ReceiptId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAbout:
    """A repository was told something that rests on `about`: it hears when that ends, and nobody else does.

    `id` is `asked_about_id(client, about)`; `about`: `person:<id>`, `key:<thumbprint>`, `token:<jti>` or
    `issuer:<iss>`, as revocations name them. Written once for each.
    """

    KIND: ClassVar[str] = "asked_about"
    id: str
    version: int = 1
    client: ClientId
    about: str
    since: Seconds


def asked_about_id(client: str, about: str) -> str:
    """Under which id it is kept. Ids of clients hold no space."""
    return f"{client} {about}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A download that a repository reported. `id` is `usage_id(client, its own name for it)`.

    `decision`: on which answer of ours it says it acted. `covered`: does that answer cover it? If not, `why` says in
    what it does not. `receipt`: the entry. Reported once; the same again changes nothing.
    """

    KIND: ClassVar[str] = "usage"
    id: str
    version: int = 1
    client: ClientId
    decision: DecisionId
    object: ObjectId
    started: Seconds
    ended: Seconds
    bytes: int
    end: Literal["complete", "incomplete", "cut", "unknown"]
    covered: bool
    why: str = ""
    reported: Seconds
    receipt: ReceiptId


def usage_id(client: str, name: str) -> str:
    """Under which id a report is kept: another repository's can never take its place."""
    return f"{client} {name}"
