"""Who else is the person of a question, or who answered it? Linked identities, as the picture of that moment has them.

Looked up here and nowhere before, so that ending a link reaches everything that rests on it at once: a ticket and a
running download ask the same question again, and the answer is no longer the same.
"""

from dataclasses import replace

from broker.core.decision.question import Question
from broker.core.ids import Issuer
from broker.core.rows.access import Finding
from broker.core.snapshot import Snapshot


def joined(question: Question, snapshot: Snapshot) -> Question:
    """The question with everybody whom its person is known to be, and its answers by the people who gave them."""
    if question.findings:
        question = replace(question, findings=by_people(question.findings, snapshot))
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


def by_people(findings: tuple[Finding, ...], snapshot: Snapshot) -> tuple[Finding, ...]:
    """The findings, each by the human being who gave it: of all identities that were ever shown to be theirs, one.

    So two roles that turn out to have been one person's are one, whenever that comes out: the question is open again.
    """
    known = [min(snapshot.ever_linked(finding.person)) for finding in findings]
    if all(finding.person == who for finding, who in zip(findings, known, strict=True)):
        return findings  # the very same, so that what was remembered of it still counts
    return tuple(replace(finding, person=who) for finding, who in zip(findings, known, strict=True))
