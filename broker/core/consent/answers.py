"""Which questions does a consent answer besides its permissions, and which use asks which of them?

One table. `permit` and `deny` speak for themselves, `ask` wants to be asked each time, a missing key was
never asked. A key that is not in the table, or another word than these three, holds: never ignored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from broker.core.consent.question import FAMILY_ANALYSIS, TOPIC, ConsentQuestion
from broker.core.purpose import Kind, Purpose, Sensitive

WORDS = frozenset({"permit", "deny", "ask"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerKey:
    """One answer: what refuses when it is `deny`, and what its absence means.

    `asked`: does this purpose need it? `None`: the purpose does not say. `silence`: `hold` where nobody may
    read a yes into an old form; `allow` where the person can object but need not have been asked.
    """

    key: str
    code: str
    member: str
    """Where the purpose says whether this is asked."""
    asked: Callable[[Purpose], bool | None]
    silence: Literal["hold", "allow"] = "hold"


def _for_profit(purpose: Purpose) -> bool | None:
    return None if purpose.organisation is None else purpose.organisation == "for_profit"


def _ai_training(purpose: Purpose) -> bool | None:
    return None if purpose.ai_use is None else purpose.ai_use != "none"


def _ai_release(purpose: Purpose) -> bool | None:
    return None if purpose.ai_use is None else purpose.ai_use in {"model_release", "generative_release"}


KEYS = (
    AnswerKey(key="for_profit_org", member="purpose.organisation", code="CON-FORPROFIT-ORG", asked=_for_profit),
    AnswerKey(
        key="commercial_use",
        member="purpose.commercial",
        code="CON-COMMERCIAL-USE",
        asked=lambda purpose: purpose.commercial,
    ),
    AnswerKey(key="ai_training", member="purpose.ai_use", code="CON-AI-TRAINING", asked=_ai_training),
    AnswerKey(key="ai_model_release", member="purpose.ai_use", code="CON-AI-MODEL-RELEASE", asked=_ai_release),
    AnswerKey(key="linkage", member="purpose.linkage", code="CON-LINKAGE", asked=lambda purpose: purpose.linkage),
    AnswerKey(
        key="recontact", member="purpose.recontact", code="CON-NO-CONTACT", asked=lambda purpose: purpose.recontact
    ),
    AnswerKey(
        key="family_analysis",
        member="purpose.flags",
        code="CON-FAMILY",
        asked=lambda purpose: FAMILY_ANALYSIS in purpose.flags,
        silence="allow",
    ),
    AnswerKey(
        key="ancestry_reporting",
        member="purpose.kinds",
        code="CON-ANCESTRY",
        asked=lambda purpose: Kind.ANCESTRY in purpose.named_kinds,
        silence="allow",
    ),
)

_KNOWN = frozenset(row.key for row in KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One answer that a question needs. `stated` is false where the asker left it open."""

    key: str
    code: str
    member: str
    stated: bool
    silence: Literal["hold", "allow"]


def asked_by(question: ConsentQuestion) -> tuple[Asked, ...]:
    """Every answer that `question` needs, in the order of the table, topics last and sorted."""
    found = [
        Asked(key=row.key, code=row.code, member=row.member, stated=asked is not None, silence=row.silence)
        for row in KEYS
        if (asked := row.asked(question.purpose)) is not False
    ]
    topics = dict.fromkeys(sorted(question.topics), True)
    if question.purpose.sensitive is None:  # not answered: it may be any of them
        topics |= {key: False for topic in Sensitive if (key := f"{TOPIC}{topic}") not in topics}
    of_topics = (
        Asked(key=key, code="CON-TOPIC", member="purpose.sensitive", stated=stated, silence="hold")
        for key, stated in topics.items()
    )
    return (*found, *of_topics)


def unreadable(answers: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of `answers` that no rule reads, or whose word is none of the three; sorted."""
    return tuple(
        sorted(
            key
            for key, word in answers.items()
            if word not in WORDS or not (key in _KNOWN or (key.startswith(TOPIC) and len(key) > len(TOPIC)))
        )
    )
