"""Who speaks for the place that data come from, and is a request theirs to comment on? The table of access/origin.py
meets the rows (WHO 2024, 3.2-1, 3.5-2).

A community that governs the data speaks through its authority; in the committee, whoever has a seat for it or for a
country of origin. Nobody speaks for whom they were not named.
"""

from collections.abc import Collection, Iterable, Iterator

from broker.core.access.origin import NEEDS, Need, Window, opened
from broker.core.access.votes import Opinion, tally
from broker.core.duties import needs_a_benefit
from broker.core.outcome import Reason
from broker.core.rows import Committee, Dataset, Request, Review, Role
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds

AUTHORITY = "community_authority"
SEATED = frozenset({"committee_member", "committee_chair"})
COMMUNITY, PLACE = "community:", "origin:"
OBJECTED = "REQ-ORIGIN-OBJECTED"
"""The question that an objection puts to the committee; it is answered like other open questions, by its code."""


def told_side(side: str, mine: str = "") -> str:
    """A side, for others than who speaks for `mine`: a community's pseudonym is told to nobody else."""
    return side if side == mine or not side.startswith(COMMUNITY) else COMMUNITY.rstrip(":")


def window(
    dataset: Dataset | None,
    countries: Collection[str],
    location: str | None,
    snapshot: Snapshot,
    now: Seconds,
    before: Window | None = None,
) -> Window | None:
    """The time for a request that is handed in now; None: it crosses no border."""
    if dataset is None or not needs_a_benefit(dataset.facts, countries, location):
        return None
    return opened(sides(dataset, snapshot, now), dataset.origin_days, now, before)


def sides(dataset: Dataset, snapshot: Snapshot, at: Seconds) -> tuple[str, ...]:
    """For whom somebody could speak at `at`, each once."""
    of_origin = _of_origin(dataset, snapshot)
    seats = snapshot.seats(f"committee:{dataset.committee}", at)
    voices = (role.scope for side in of_origin for role in snapshot.seats(side, at) if role.role == AUTHORITY)
    return tuple(sorted({*voices, *(role.seat for role in seats if role.seat is not None and role.seat in of_origin)}))


def speaks(roles: Iterable[Role], dataset: Dataset, asked: Collection[str]) -> frozenset[str]:
    """Of the sides that were `asked`, those for which whoever holds `roles` may speak."""
    return frozenset(_spoken(roles, f"committee:{dataset.committee}")) & frozenset(asked)


def _spoken(roles: Iterable[Role], committee: str) -> Iterator[str]:
    for role in roles:
        if role.role == AUTHORITY:
            yield role.scope
        elif role.role in SEATED and role.scope == committee and role.seat is not None:
            yield role.seat


def _of_origin(dataset: Dataset, snapshot: Snapshot) -> frozenset[str]:
    """The names of the sides that the data have, whether or not somebody speaks for them."""
    stated = dataset.facts.get("data.origin_countries")
    countries = stated if isinstance(stated, tuple) else ()
    communities = (f"{COMMUNITY}{layer.ref}" for layer in snapshot.communities(dataset.id))
    return frozenset({*communities, *(f"{PLACE}{country}" for country in countries)})


def hindrance(
    request: Request, review: Review | None, committee: Committee | None, answer: str, now: Seconds
) -> Reason | None:
    """Why the committee may not say yes yet, for what the place of origin says, or may still say. None: it may.

    Said in the order in which it can be mended. A request made alone has no vote: it needs papers first.
    """
    if request.origin is None:
        return None
    needs = NEEDS[request.origin.standing(now)]
    if Need.TIME in needs:
        return Reason(code="REQ-ORIGIN-OPEN", facts=(("date", request.origin.last_day.isoformat()),))
    if Need.VOTE in needs:
        if review is None or committee is None:
            return Reason(code="REQ-APPLICATION-NEEDED")
        count = tally(review.votes, request.dataset, request.turn, review.apart)
        if count.opinion(max(1, committee.quorum)) is not Opinion.YES:
            return Reason(code="REQ-ORIGIN-VOTE")
    if Need.ANSWER in needs and not answer.strip():
        return Reason(code=OBJECTED)
    return None
