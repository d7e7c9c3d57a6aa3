"""A device without a browser asks; its user answers on another one (RFC 8628).

The state machine is `STEPS`. A code that waits may be lost without harm; one that was approved is a right.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from broker.core.oidc.errors import OAuthError, Penalty
from broker.core.oidc.limits import DEVICE_INTERVAL
from broker.core.time import Seconds

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Section 6.1: no vowels, hence no words; nothing that looks like something else."""
USER_CODE_LENGTH = 8
USER_CODE_BYTES = 16
"""Random bytes for a user code: so many that every code is as likely as any other to within 2^-93."""
_PUNCTUATION = re.compile(r"[\s\-_.]")


class State(StrEnum):
    """Where the request of a device stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    SPENT = "spent"


class Event(StrEnum):
    """What can happen to it."""

    APPROVE = "approve"
    DENY = "deny"
    REDEEM = "redeem"


STEPS: Mapping[State, Mapping[Event, State]] = MappingProxyType({
    State.PENDING: {Event.APPROVE: State.APPROVED, Event.DENY: State.DENIED},
    State.APPROVED: {Event.REDEEM: State.SPENT},
    State.DENIED: {},
    State.SPENT: {},
})  # fmt: skip
"""Every step there is. Each state also ends with its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A computer that wants to become a client of its own: how it calls itself, and its public key."""

    name: str
    jwk: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A device's request before anything was approved. `polled`: when the device last asked."""

    client: str
    scope: tuple[str, ...]
    user_code: str
    expires: Seconds
    state: State = State.PENDING
    interval: int = DEVICE_INTERVAL
    polled: Seconds | None = None
    installation: Installation | None = None


class Approved(Protocol):
    """What the rules read of the row that an approval makes."""

    @property
    def expires(self) -> Seconds: ...
    @property
    def spent(self) -> Seconds | None: ...
    @property
    def device(self) -> bool:
        """False for an authorization code, which is good for another grant type."""
        ...


def user_code(random: bytes) -> str:
    """`BCDF-GHJK`: 34.5 bits, to be read aloud. ValueError for another number of random bytes."""
    if len(random) != USER_CODE_BYTES:
        raise ValueError(f"{USER_CODE_BYTES} random bytes make a user code")
    number, letters = int.from_bytes(random), ""
    for _ in range(USER_CODE_LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters += ALPHABET[letter]
    return f"{letters[:4]}-{letters[4:]}"


def normalised(typed: str) -> str | None:
    """The code that somebody typed, as `user_code` writes it: case and punctuation do not count (6.1)."""
    letters = _PUNCTUATION.sub("", typed).upper()
    if len(letters) != USER_CODE_LENGTH or not set(letters) <= set(ALPHABET):
        return None
    return f"{letters[:4]}-{letters[4:]}"


def answered(waiting: Waiting | None, event: Event, now: Seconds) -> Waiting | None:
    """`waiting` after the user's answer; None if it is not there, too late, or was answered before."""
    if waiting is None or now >= waiting.expires or event not in STEPS[waiting.state]:
        return None
    return replace(waiting, state=STEPS[waiting.state][event])


def judge_poll(waiting: Waiting | None, client_id: str, now: Seconds) -> tuple[OAuthError, Waiting | None]:
    """The answer to a device whose request was not approved (3.5), and what to remember of its asking."""
    if waiting is None or waiting.client != client_id:
        return OAuthError.DEVICE_UNKNOWN, None
    if now >= waiting.expires:
        return OAuthError.DEVICE_EXPIRED, None
    if Event.APPROVE not in STEPS[waiting.state]:
        return OAuthError.DEVICE_DENIED, None
    if waiting.polled is not None and now < waiting.polled + waiting.interval:
        slower = replace(waiting, polled=now, interval=waiting.interval + DEVICE_INTERVAL)
        return OAuthError.DEVICE_SLOW_DOWN, slower
    return OAuthError.DEVICE_PENDING, replace(waiting, polled=now)


def judge_approved(
    approved: Approved, *, owner: str | None, client_id: str, alive: bool, now: Seconds
) -> OAuthError | Penalty | None:
    """None if a device code that was approved may be turned into tokens. One use, like any other code."""
    if not approved.device or owner != client_id:
        return OAuthError.DEVICE_UNKNOWN
    if approved.spent is not None:
        return Penalty(OAuthError.DEVICE_REPLAYED)
    if now >= approved.expires:
        return OAuthError.DEVICE_EXPIRED
    return None if alive else OAuthError.AUTHORIZATION_ENDED
