"""Two persons of ours who have shown that they are one: a link, which either of them can end at any time."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from broker.core.ids import Issuer, PersonId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLink:
    """The owner of both identities signed in with each of them, in one browser, and said that they are theirs.

    Nothing moves: each side keeps its person (our `sub`), its grants, requests, roles and pseudonym, so that ending
    the link is ending this row. `id` is `link_id` of the two; `persons` and `identities` are in the same order.
    """

    KIND: ClassVar[str] = "identity_link"
    id: str
    version: int = 1
    persons: tuple[PersonId, PersonId]
    identities: tuple[tuple[Issuer, str], tuple[Issuer, str]]
    since: Seconds
    ended: Seconds | None = None

    def holds(self, at: Seconds) -> bool:
        """Does it count at `at`?"""
        return self.since <= at and (self.ended is None or at < self.ended)


def link_id(one: PersonId, other: PersonId) -> str:
    """Under which id the link of these two is stored, whoever began it."""
    return "lnk_" + hashlib.sha256(" ".join(sorted((one, other))).encode()).hexdigest()[:32]
