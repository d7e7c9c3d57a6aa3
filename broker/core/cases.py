"""What may somebody do with a challenge or a complaint? The tables (access/cases.py) meet the rows."""

from collections.abc import Callable

from broker.core.access.cases import ANSWERED_BY, CASE_TRANSITIONS, OUTSIDE, CaseCommand, answered_in
from broker.core.ids import PersonId
from broker.core.rows import Application, Case, Request, Review
from broker.core.snapshot import Snapshot

Has = Callable[[str, str], bool]
_OF_COMMITTEES = ("committee_member", "committee_chair", "handler")
_TAKES_UP = frozenset({CaseCommand.SEE, CaseCommand.ACKNOWLEDGE, CaseCommand.ANSWER})


def may(case: Case, persons: frozenset[PersonId], has: Has, snapshot: Snapshot) -> frozenset[CaseCommand]:
    """Whoever opened it sees it and takes it back; who has the role answers it, unless they had a part in what it is
    about. Nothing for anybody else. `persons`: everybody whom the caller was ever shown to be.
    """
    can = CASE_TRANSITIONS[case.stage].keys() | {CaseCommand.SEE}
    if case.person in persons:
        return frozenset({CaseCommand.SEE, CaseCommand.WITHDRAW} & can)
    sits = case.committee != "" and any(has(role, f"committee:{case.committee}") for role in _OF_COMMITTEES)
    if case.kind in OUTSIDE and sits:
        return frozenset()
    if has(ANSWERED_BY[case.kind], answered_in(case.kind, case.committee)) and not persons & had_a_part(case, snapshot):
        return frozenset(_TAKES_UP & can)
    return frozenset({CaseCommand.SEE}) if has("auditor", "service") else frozenset()


def had_a_part(case: Case, snapshot: Snapshot) -> frozenset[PersonId]:
    """Who decided, voted, weighed or spoke in what the case is about, or applied for it together with others."""
    request = snapshot.get(Request, case.about)
    review = snapshot.get(Review, request.review) if request is not None and request.review is not None else None
    found: set[PersonId | None] = {request.decided_by} if request is not None else set()
    if review is not None:
        found |= {one.person for one in review.votes} | {one.person for one in review.assessed}
        found |= {one.person for one in review.remarks} | review.apart
        application = snapshot.get(Application, review.application)
        found |= application.ever if application is not None else set()
    return frozenset(one for one in found if one is not None)
