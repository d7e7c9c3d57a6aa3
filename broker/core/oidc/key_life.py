"""When does a signing key sign, and for how long does what it signed still count? A table, and nothing else decides.

A key is published before it signs, so that nobody meets it first in a token: everybody who caches our keys for as
long as we say has read it by then. It retires when the next one begins, and stays published until the last thing
that it can have signed has ended.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from broker.core.oidc.limits import ACCESS_TOKEN_LIFE, PASSPORT_LIFE, TASK_LIFE
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP, ID_TOKEN_TYP, PASSPORT_TYP, PERMISSION_TYP, TASK_TYP
from broker.core.time import FOREVER, Seconds

JWKS_SECONDS = 300
"""For how long others may keep our published keys (`max-age`)."""
PREPUBLISH = 2 * JWKS_SECONDS
"""For so long a new key is published before it signs."""
DAY = 86_400

LIVES: Mapping[str, int] = MappingProxyType({
    ACCESS_TOKEN_TYP: ACCESS_TOKEN_LIFE,
    ID_TOKEN_TYP: DAY,  # ten minutes, but an expired one still says who is to be signed out
    PASSPORT_TYP: PASSPORT_LIFE,
    TASK_TYP: TASK_LIFE,
    PERMISSION_TYP: 3660 * DAY,  # the longest grant
})  # fmt: skip
"""Seconds for which a token of each `typ` can count, from when it was signed."""


class State(StrEnum):
    """What a key is for at one time."""

    PUBLISHED = "published"
    """Others can read it; it does not sign yet."""
    SIGNING = "signing"
    RETIRED = "retired"
    """It signs no more; what it signed still counts."""
    GONE = "gone"
    """Nothing that it signed can still count: it is neither published nor believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One key among those of its use. `begins`: when it signs; `ends`: when the next one does."""

    kid: str
    begins: Seconds
    ends: Seconds = FOREVER

    def state(self, now: Seconds, life: int) -> State:
        """`life`: seconds for which what it signs can count."""
        if now < self.begins:
            return State.PUBLISHED
        if now < self.ends:
            return State.SIGNING
        return State.RETIRED if now < self.ends + life else State.GONE


def terms(keys: Iterable[tuple[str, Seconds]]) -> tuple[Term, ...]:
    """The terms of the keys of one use, given as (kid, begins). The oldest has always signed: one of them does.

    Of two that begin at once the one whose name is later signs.
    """
    ordered = sorted(keys, key=lambda key: (key[1], key[0]))
    nexts = [*(begins for _, begins in ordered[1:]), FOREVER]
    return tuple(
        Term(kid=kid, begins=Seconds(0) if first else begins, ends=ends)
        for first, (kid, begins), ends in zip((True, *(False,) * len(ordered)), ordered, nexts, strict=False)
    )


def signing(found: Sequence[Term], now: Seconds) -> Term:
    """The key that signs now. IndexError without any key."""
    return next((term for term in reversed(found) if term.begins <= now), found[0])
