"""A question and its answer without who it is: every foreign `sub` under another name (ruling 12).

Our own numbers for persons stay: they name nobody once the identities behind them are gone. Renaming is the same
everywhere in a question, so that whatever matched before matches still.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from broker.core.decision.question import Decision, Question
from broker.core.ids import Issuer
from broker.core.passport.linked import Identity
from broker.core.passport.visa import LINK, Visa
from broker.core.purpose import Purpose

Rename = Callable[[str], str]
HIDDEN = "~"
"""What a hidden name begins with."""


class Names(Protocol):
    """Hides names of a person in what is kept for ever, under that person's key (`Person.log_key`)."""

    def hide(self, key: str, name: str) -> str:
        """HIDDEN and a text that tells nobody anything without the key; the same for the same name and key.

        ValueError for a person who was erased: their key is empty.
        """
        ...

    def show(self, key: str, hidden: str) -> str | None:
        """The name; None if `key` (a destroyed one, for example) did not hide it."""
        ...


def renamed(question: Question, us: str, name: Rename) -> Question:
    """`question` with every `sub` of another issuer than `us` as `name` has it."""
    said = question.vouched
    return replace(
        question,
        identities=frozenset((Issuer(iss), sub) for iss, sub in (_pair(one, us, name) for one in question.identities)),
        visas=tuple(_visa(visa, us, name) for visa in question.visas),
        vouched=None if said is None else replace(said, members=tuple(_pair(one, us, name) for one in said.members)),
        purpose=_purpose(question.purpose, us, name),
    )


def renamed_answer(decision: Decision, us: str, name: Rename) -> Decision:
    """The same for what was answered: the purpose says by which of their identities a person is meant."""
    return replace(decision, purpose=_purpose(decision.purpose, us, name))


def _pair(identity: Identity, us: str, name: Rename) -> Identity:
    iss, sub = identity
    return identity if iss == us else (iss, name(sub))


def _visa(visa: Visa, us: str, name: Rename) -> Visa:
    if visa.iss == us and not visa.linked:
        return visa
    return replace(
        visa,
        sub=_pair(visa.identity, us, name)[1],
        linked=tuple(_pair(one, us, name) for one in visa.linked),
        value=name(visa.value) if visa.type == LINK else visa.value,
    )


def _purpose(purpose: Purpose | None, us: str, name: Rename) -> Purpose | None:
    if purpose is None or purpose.user is None:
        return purpose
    iss, bar, sub = purpose.user.partition("|")
    return replace(purpose, user=f"{iss}|{_pair((iss, sub), us, name)[1]}") if bar else purpose
