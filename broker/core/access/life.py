"""The life of an application before one committee, as a table.

To learn what can happen, read TRANSITIONS; who may make it happen is core/access/parts.py. No other code changes a
stage. An application for data of several committees has one life before each: one may return it while another decides.
"""

from collections.abc import Mapping
from enum import StrEnum


class Stage(StrEnum):
    DRAFT = "draft"
    """Seen by its author alone; not stored for ever (ruling 27)."""
    SUBMITTED = "submitted"
    """Waits for the signing official and the IT director, where the committee wants them; the last one moves it on."""
    SCREENING = "screening"
    """The gates are asked beforehand, for every dataset; passed within the same record."""
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    """Back with the applicant; the committee's clock stands still."""
    DECIDED = "decided"
    """Every dataset has its yes or no."""
    WITHDRAWN = "withdrawn"


class Command(StrEnum):
    SEE = "see"
    SAVE = "save"
    DELETE = "delete"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    COPY = "copy"
    BRING = "bring"
    """Ask somebody to apply with them, for a grant of their own."""
    REMOVE = "remove"
    """Go on without somebody who applies with them; that person's grants end."""
    LEAVE = "leave"
    """Apply with them no longer; one's own grants end."""
    AMEND = "amend"
    """After an answer: other data, other people, another purpose. The answers before hold until there are others."""
    ENDORSE = "endorse"
    CONFIRM = "confirm"
    """The IT director says that the data will be kept and computed where and how the papers say."""
    DECLINE = "decline"
    REMARK = "remark"
    INVITE = "invite"
    ASSESS = "assess"
    """Write down both sides of a use."""
    VOTE = "vote"
    DELAY = "delay"
    """Say why the answer comes later, and by when."""
    STEP_ASIDE = "step_aside"
    RETURN = "return"
    DECIDE = "decide"
    REOPEN = "reopen"
    WAIVE = "waive"
    """By the broker: the committee wants nobody of the institution to answer for it."""
    SCREEN = "screen"
    """By the broker: the gates were asked, and what they said is told to both sides."""
    FINISH = "finish"
    """By the broker: the last dataset has its answer."""
    STAND = "stand"
    """By the broker: what was asked besides was taken back, and the answers before stand."""


TRANSITIONS: Mapping[Stage, Mapping[Command, Stage]] = {
    Stage.DRAFT: {Command.SUBMIT: Stage.SUBMITTED},
    Stage.SUBMITTED: {
        Command.SUBMIT: Stage.SUBMITTED,
        Command.WAIVE: Stage.SCREENING,
        Command.ENDORSE: Stage.SCREENING,
        Command.CONFIRM: Stage.SCREENING,
        Command.DECLINE: Stage.RETURNED,
        Command.WITHDRAW: Stage.WITHDRAWN,
        Command.STAND: Stage.DECIDED,
    },
    Stage.SCREENING: {Command.SCREEN: Stage.IN_REVIEW},
    Stage.IN_REVIEW: {
        Command.SUBMIT: Stage.SUBMITTED,
        Command.RETURN: Stage.RETURNED,
        Command.FINISH: Stage.DECIDED,
        Command.WITHDRAW: Stage.WITHDRAWN,
        Command.STAND: Stage.DECIDED,
    },
    Stage.RETURNED: {
        Command.SUBMIT: Stage.SUBMITTED,
        Command.WITHDRAW: Stage.WITHDRAWN,
        Command.STAND: Stage.DECIDED,
    },
    Stage.DECIDED: {Command.REOPEN: Stage.IN_REVIEW, Command.AMEND: Stage.SUBMITTED},
    Stage.WITHDRAWN: {},
}
"""Stage, and what moves an application out of it. A command that is not here leaves the stage as it is.

New papers reach every committee that has not answered, also one that did not give them back: it begins anew with them.
"""


def step(stage: Stage, *commands: Command) -> Stage | None:
    """Where these commands, one after another, take an application that is in `stage`; None if one cannot happen."""
    for command in commands:
        after = TRANSITIONS[stage].get(command)
        if after is None:
            return None
        stage = after
    return stage
