"""The life of an access request, as a table.

To learn what can happen, read TRANSITIONS. No other code changes a state.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    REPLACED = "replaced"
    """Approved, until an amendment was approved that took its place."""


class Event(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    REOPEN = "reopen"
    REPLACE = "replace"


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.SUBMITTED: {
        Event.APPROVE: State.APPROVED,
        Event.REJECT: State.REJECTED,
        Event.WITHDRAW: State.WITHDRAWN,
    },
    State.APPROVED: {
        Event.REVOKE: State.REVOKED,
        Event.REOPEN: State.SUBMITTED,
        Event.REPLACE: State.REPLACED,
    },
    State.REJECTED: {Event.REOPEN: State.SUBMITTED},
    State.WITHDRAWN: {},
    State.REVOKED: {},
    State.REPLACED: {},
}


def step(state: State, event: Event) -> State | None:
    """Where `event` takes a request that is in `state`; None if it cannot happen there."""
    return TRANSITIONS[state].get(event)
