"""Who takes which part in an application, what moves it, and what stands between a committee and its answer.

The tables are in core/access; here they meet the rows. What the law, the codes or the participants say is asked by
`core.decision` at the answer, and no vote can stand in for it.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal

from broker.core.access.life import Command, Stage, step
from broker.core.access.parts import Part
from broker.core.access.states import State
from broker.core.access.votes import Opinion, tally
from broker.core.ids import DatasetId, PersonId, made_at
from broker.core.outcome import Reason
from broker.core.plain import plain
from broker.core.rows import Application, Committee, Dataset, Organisation, Request, Review, changed
from broker.core.rows.applications import Paper
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds

Has = Callable[[str, str], bool]
"""(role, scope): does the caller hold this role in exactly this scope, or for the whole service?"""

_DAY = 86_400
_OF_COMMITTEE = (Part.HANDLER, Part.MEMBER, Part.CHAIR)
DECIDES = frozenset({Part.CHAIR, Part.DECIDER})
"""Who gives the answer of a committee that votes."""


def parts(
    persons: frozenset[PersonId],
    has: Has,
    application: Application,
    review: Review,
    organisations: Iterable[Organisation],
) -> frozenset[Part]:
    """Which parts somebody has in an application before one committee.

    `persons`: everybody whom they were ever shown to be. `organisations`: the institutions of the applicant. Whoever
    applies has that part and no other; whoever once applied has none.
    """
    if application.person in persons:
        return frozenset({Part.APPLICANT})
    if persons & application.ever:
        return frozenset({Part.ACCESSOR}) if persons & set(application.people) else frozenset()
    scope = f"committee:{review.committee}"
    found = {part for part in _OF_COMMITTEE if has(part, scope)}
    found |= {invited.part for invited in review.invited if invited.person in persons}
    if Part.CHAIR in found:
        found.add(Part.MEMBER)
    homes = [f"organisation:{one.id}" for one in organisations]
    found |= {part for part in (Part.SIGNING_OFFICIAL, Part.IT_DIRECTOR) if any(has(part, home) for home in homes)}
    if has(Part.AUDITOR, "service"):
        found.add(Part.AUDITOR)
    return frozenset(found)


def invited(person: PersonId, snapshot: Snapshot) -> bool:
    """Did a committee ever ask this person about an application?"""
    return bool(snapshot.index.get(("invited", person)))


def moved(review: Review, *commands: Command, now: Seconds, **changes: Any) -> Review | None:
    """The review after these commands, its clock set anew where the stage is another; None: one cannot happen."""
    after = step(review.stage, *commands)
    if after is None:
        return None
    clock = review.clock.moved(review.stage, now) if after is not review.stage else review.clock
    return changed(review, stage=after, clock=clock, **changes)


def handed_in(review: Review, committee: Committee, now: Seconds) -> Review:
    """The review of a committee to which papers were handed: screened, unless the institution answers for them first.

    Who answered for older papers has not done so for these, and votes on those count no longer. After an answer they
    are an amendment.
    """
    rest = () if committee.vouched else (Command.WAIVE, Command.SCREEN)
    begins = Command.AMEND if review.stage is Stage.DECIDED else Command.SUBMIT
    made = moved(review, begins, *rest, now=now, endorsed_by=None, confirmed_by=None)
    if made is None:
        raise ValueError(f"nothing can be handed in to what is {review.stage}")
    return made


def awaited(review: Review, committee: Committee | None) -> frozenset[Part]:
    """Who of the applicant's institution must answer for the papers, and has not."""
    if committee is None:
        return frozenset()
    wanted = {Part.SIGNING_OFFICIAL} if committee.endorsed and review.endorsed_by is None else set()
    return frozenset(wanted | ({Part.IT_DIRECTOR} if committee.confirmed and review.confirmed_by is None else set()))


def hindrance(
    review: Review,
    committee: Committee,
    dataset: DatasetId,
    turn: int,
    mine: frozenset[Part],
    wanted: Literal["approve", "reject"],
) -> Reason | None:
    """Why whoever has the parts `mine` may not give this answer now; None: they may."""
    return _of_votes(review, committee, dataset, turn, mine, wanted) or _one_sided(review, dataset, turn)


def _one_sided(review: Review, dataset: DatasetId, turn: int) -> Reason | None:
    """Yes and no alike are given with both sides of the use before one's eyes (WHO 2024, 3.3-2)."""
    return Reason(code="REQ-UNASSESSED") if review.assessment(dataset, turn) is None else None


def _of_votes(
    review: Review,
    committee: Committee,
    dataset: DatasetId,
    turn: int,
    mine: frozenset[Part],
    wanted: Literal["approve", "reject"],
) -> Reason | None:
    if committee.quorum <= 1:
        return None
    if not mine & DECIDES:
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", ", ".join(sorted(DECIDES))),))
    count = tally(review.votes, dataset, turn, review.apart)
    opinion = count.opinion(committee.quorum)
    if opinion is Opinion.OPEN:
        return Reason(code="REQ-QUORUM", facts=(("votes", str(count.cast)), ("quorum", str(committee.quorum))))
    against = {"approve": Opinion.NO, "reject": Opinion.YES}
    if opinion is against[wanted]:
        return Reason(code="REQ-VOTED", facts=(("opinion", opinion.value),))
    return None


def differences(before: Paper, after: Paper) -> tuple[str, ...]:
    """Which members of the papers say something else, as paths: `statement`, `purpose.diseases`."""
    return tuple(sorted(_unequal(plain(before), plain(after), "")))


def _unequal(one: Any, other: Any, path: str) -> Iterable[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from _unequal(one.get(name), other.get(name), f"{path}.{name}" if path else name)
    elif one != other:
        yield path


def aside(row: Request | None, snapshot: Snapshot) -> frozenset[PersonId]:
    """Who stepped aside from the application of a request, in the committee that answers it."""
    review = snapshot.get(Review, row.review) if row is not None and row.review is not None else None
    return review.apart if review is not None else frozenset()


def answer_due(row: Request, snapshot: Snapshot) -> Seconds | None:
    """When its committee owes the answer: by the clock of its application, or, of a request made alone, so many days
    after it was made or its answer was taken back. None: it is not the committee's turn.
    """
    dataset = snapshot.get(Dataset, row.dataset)
    committee = snapshot.get(Committee, dataset.committee) if dataset is not None else None
    if committee is None or row.state is not State.SUBMITTED:
        return None
    if row.review is None:
        since = (made_at(row.decisions[-1]) if row.decisions else None) or row.created
        return Seconds(since + committee.answer_days * _DAY)
    review = snapshot.get(Review, row.review)
    return review.clock.due(review.stage, committee.answer_days) if review is not None else None
