"""What may the authority of a community say anew, and what does the next version of its record say then?

It says yes, no, or that it has not decided, and on which conditions; for which purposes, and about which data, stays as
it is on record. What another made rest, or has ended, is not let go on by another word.
(docs/reference/consent-rules.md, "Communities")
"""

from dataclasses import dataclass, replace
from datetime import date

from broker.core.consent.choices import waits
from broker.core.consent.model import CommunityDecision, CommunityWord, ConsentVersion
from broker.core.consent.writing import version_hash
from broker.core.outcome import Reason
from broker.core.time import Seconds, day_of, start_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A word of the authority, with its conditions; those of a yes are kept beside a later no.

    `review_on`: the day from which the yes is none any more, unless it is said again.
    """

    word: CommunityWord
    local_only: bool = False
    review_on: date | None = None
    benefit_terms: str = ""


def decided_anew(before: ConsentVersion, said: Said, now: Seconds) -> ConsentVersion | Reason:
    """The next version, in force at once, or why there is none. `before`: the newest version."""
    held = before.community
    if held is None or before.level != "community" or before.status != "active":
        return _state(before.status)
    if waits(before, now):
        return _state("not in force yet")
    if before.effective_to is not None and now >= before.effective_to:
        return _state("over")
    if said.word == "approved" and said.review_on is not None and said.review_on <= day_of(now):
        return Reason(code="REQ-INVALID", facts=(("problem", "review_on: a day that is still to come"),))
    return replace(
        before,
        version=before.version + 1,
        effective_from=now,
        recorded_at=now,
        signature=None,
        supersedes=None,
        prev_hash=version_hash(before),
        community=_with(held, said),
    )


def _with(held: CommunityDecision, said: Said) -> CommunityDecision:
    if said.word != "approved":
        return replace(held, decision=said.word)
    return replace(
        held,
        decision=said.word,
        local_only=said.local_only,
        review_on=said.review_on,
        benefit_terms=said.benefit_terms,
    )


def opens(before: ConsentVersion, after: ConsentVersion, now: Seconds) -> bool:
    """Does it allow what was not allowed before: is it a yes where there was none, or one with fewer conditions?"""
    one, two = before.community, after.community
    if two is None or two.decision != "approved":
        return False
    fewer = one is not None and one.local_only and not two.local_only
    longer = one is not None and one.review_on is not None and (two.review_on is None or two.review_on > one.review_on)
    return one is None or not agrees(one, now) or fewer or longer


def agrees(decision: CommunityDecision, now: Seconds) -> bool:
    """Is it a yes that holds at `now`?"""
    due = decision.review_on is not None and now >= start_of(decision.review_on)
    return decision.decision == "approved" and not due


def _state(state: str) -> Reason:
    return Reason(code="REQ-STATE", facts=(("state", state),))
