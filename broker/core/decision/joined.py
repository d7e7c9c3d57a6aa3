"""Who else is the person of a question? Their linked identities, as the picture of that moment has them.

Looked up here and nowhere before, so that ending a link reaches everything that rests on it at once: a ticket and a
running download ask the same question again, and the answer is no longer the same.
"""

from dataclasses import replace

from broker.core.decision.question import Question
from broker.core.ids import Issuer
from broker.core.snapshot import Snapshot


def joined(question: Question, snapshot: Snapshot) -> Question:
    """The question with everybody whom its person is known to be."""
    if question.person is None:
        return question
    linked = snapshot.linked(question.person, question.at)
    if not linked:
        return question
    us = Issuer(snapshot.own.iss)
    theirs = frozenset(pair for one in linked for pair in ((one.iss, one.sub), (us, str(one.person))))
    return replace(
        question,
        identities=question.identities | theirs,
        persons=frozenset({question.person, *(one.person for one in linked)}),
    )
