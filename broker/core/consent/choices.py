"""What may somebody choose about their own consent, and what does the next version say then?

Everybody may always take less, at once: no to a use, a shorter list, a pause. More needs who may speak: the person
with full or supported capacity, from maturity on; before that, who speaks for them within a written scope and until
a day. What a person chose for themselves is never undone by who speaks for them. A change is a new version.
(docs/reference/consent-rules.md, "Choices")
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

from broker.core.consent.answers import unreadable
from broker.core.consent.model import Communication, ConsentVersion, Grantor, MadeBy, ReturnOfResults, Status
from broker.core.consent.writing import version_hash
from broker.core.ids import SubjectRef
from broker.core.outcome import Reason
from broker.core.purpose import Modality
from broker.core.time import Seconds, start_of

Act = Literal["choose", "affirm", "pause", "resume", "reopen"]
"""`affirm`: own word in place of a parent's or representative's. `reopen`: take a withdrawal back."""
Voice = Literal["own", "own_narrow", "for_them"]
"""Who speaks: the person; the person, who can only take less for now; who speaks for them."""

AFTER: Mapping[tuple[Status, Act], Status] = MappingProxyType({
    ("active", "choose"): "active",
    ("active", "affirm"): "active",
    ("active", "pause"): "suspended",
    ("suspended", "choose"): "suspended",
    ("suspended", "affirm"): "suspended",
    ("suspended", "resume"): "active",
})  # fmt: skip
"""(status, act) to the status of the next version; `reopen` leads back to where a withdrawal came from. What is not
listed cannot happen."""

_HELD: tuple[Status, ...] = ("active", "suspended")
_FOR_OTHERS = frozenset({"parent", "guardian", "representative"})
_LISTS = ("hosting", "modalities", "recipient_countries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is to change. `answers`: by key. The three lists: only those that are named; None lifts the limit."""

    answers: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[Literal["hosting", "modalities", "recipient_countries"], frozenset[str] | None] = field(
        default_factory=dict
    )
    return_of_results: ReturnOfResults | None = None
    communication: Communication | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """What of a history is the person's own word, and who made it rest.

    `words`: members that only the person takes back. `paused_by`, `withdrawn_by`: who began the pause or withdrawal
    in which the newest version is; `source` where several withdrew. `back_to`: the status in which a withdrawal found
    the consent; None: nothing that ever held, so nothing comes back.
    """

    words: frozenset[str] = frozenset()
    paused_by: MadeBy = "source"
    withdrawn_by: MadeBy = "source"
    back_to: Status | None = "active"


NOTHING = Choice()


def voice(version: ConsentVersion, by: SubjectRef, now: Seconds) -> Voice | None:
    """As whom `by` speaks about this consent; None: not at all."""
    grantor = version.grantor
    if version.level != "participant":
        return None
    if by == version.subject_ref:
        return "own" if of_age(version, now) else "own_narrow"
    if grantor is None or grantor.ref != by or grantor.kind not in _FOR_OTHERS:
        return None
    mature = version.maturity_review_on is not None and now >= start_of(version.maturity_review_on)
    over = grantor.valid_to is not None and now >= start_of(grantor.valid_to)
    written = bool(grantor.scope_of_authority) or grantor.kind == "parent"
    return "for_them" if written and not (mature or over or version.capacity == "regained") else None


def of_age(version: ConsentVersion, now: Seconds) -> bool:
    """May the person say yes to more? A parent's consent without a date never says when."""
    if version.capacity == "lacking":
        return False
    if version.grantor is None or version.grantor.kind not in ("parent", "guardian"):
        return True
    if version.maturity_review_on is None:
        return version.capacity == "regained"
    return now >= start_of(version.maturity_review_on)


def chosen(
    before: ConsentVersion, act: Act, choice: Choice, speaks: Voice, now: Seconds, theirs: Theirs
) -> ConsentVersion | Reason:
    """The next version, in force at once, or why there is none. `before`: the newest version.

    While that waits for its day nothing is chosen: it would hold before its time, or be lost.
    """
    if waits(before, now):
        return Reason(code="REQ-STATE", facts=(("state", "not in force yet"),))
    status = _status(before, act, theirs)
    if status is None or (act == "affirm" and speaks != "own"):
        return Reason(code="REQ-STATE", facts=(("state", before.status),))
    if unreadable(choice.answers):
        return Reason(code="REQ-INVALID", facts=(("problem", "answers: a key or a word that is not known"),))
    if act == "resume" and theirs.paused_by == "source":
        return Reason(code="RGT-NOT-YOUR-PAUSE")
    after = _next(before, act, choice, status, speaks, now)
    more = set(wider(before, after))
    own_rest = (act, "person") in (("resume", theirs.paused_by), ("reopen", theirs.withdrawn_by))
    if speaks == "own_narrow" and more - ({"status"} if own_rest else set()):
        return Reason(code="RGT-NARROW-ONLY")
    not_theirs = own_rest or (act == "reopen" and theirs.withdrawn_by != "representative")
    if speaks == "for_them" and more & (theirs.words | ({"status"} if not_theirs else set())):
        return Reason(code="RGT-THEIR-OWN-WORD")
    return after


def waits(newest: ConsentVersion, now: Seconds) -> bool:
    """Does the newest version of a consent hold from a later day only?"""
    return newest.effective_from > now


def _status(before: ConsentVersion, act: Act, theirs: Theirs) -> Status | None:
    if act != "reopen":
        return AFTER.get((before.status, act))
    if not _withdrawn(before):
        return None
    back = theirs.back_to if before.status == "withdrawn" else before.status
    return back if back in _HELD else None


def _withdrawn(version: ConsentVersion) -> bool:
    return version.status == "withdrawn" or version.withdrawal is not None


def theirs(history: Sequence[tuple[ConsentVersion, MadeBy]]) -> Theirs:
    """From every version, the oldest first, and who made it. Members that a person ever changed are theirs."""
    words = {
        name for (before, _), (after, by) in pairwise(history) if by == "person" for name in _differing(before, after)
    }
    return Theirs(
        words=frozenset(words),
        paused_by=_paused_by(history),
        withdrawn_by=_withdrawn_by(history),
        back_to=_back_to(history),
    )


def _paused_by(history: Sequence[tuple[ConsentVersion, MadeBy]]) -> MadeBy:
    """Who began the pause. What was withdrawn and taken back meanwhile makes it nobody else's."""
    found: MadeBy = "source"
    for version, by in reversed(history):
        if version.status == "suspended":
            found = by
        elif version.status != "withdrawn":
            break
    return found


def _begun_by(history: Sequence[tuple[ConsentVersion, MadeBy]], rests: Callable[[ConsentVersion], bool]) -> MadeBy:
    """Who made the first version of the run of resting ones that ends with the newest."""
    found: MadeBy = "source"
    for version, by in reversed(history):
        if not rests(version):
            break
        found = by
    return found


def _back_to(history: Sequence[tuple[ConsentVersion, MadeBy]]) -> Status | None:
    """The status in which a withdrawal found the consent; None where a version waited then that would now be lost."""
    found = [version for version, _ in history if version.status != "withdrawn"]
    if not found or found[-1].status not in _HELD:
        return None
    since = next((one.effective_from for one, _ in history if one.version > found[-1].version), None)
    lost = since is not None and any(waits(one, since) for one in found)
    return None if lost else found[-1].status


def _withdrawn_by(history: Sequence[tuple[ConsentVersion, MadeBy]]) -> MadeBy:
    """Who made every step of the withdrawal in which the newest version is; `source` where it was not one alone."""
    makers = {_begun_by(history, _withdrawn)}
    for (before, _), (after, by) in reversed(list(pairwise(history))):
        if not _withdrawn(after):
            break
        if (before.status == "withdrawn", before.withdrawal) != (after.status == "withdrawn", after.withdrawal):
            makers.add(by)
    return makers.pop() if len(makers) == 1 else "source"


def _next(
    before: ConsentVersion, act: Act, choice: Choice, status: Status, speaks: Voice, now: Seconds
) -> ConsentVersion:
    scope = before.scope
    modalities = choice.lists.get("modalities", scope.modalities)
    scope = replace(
        scope,
        answers={**scope.answers, **choice.answers},
        hosting=choice.lists.get("hosting", scope.hosting),
        recipient_countries=choice.lists.get("recipient_countries", scope.recipient_countries),
        modalities=None if modalities is None else frozenset(map(Modality, modalities)),
        return_of_results=choice.return_of_results or scope.return_of_results,
    )
    after = replace(
        before,
        version=before.version + 1,
        status=status,
        effective_from=now,
        recorded_at=now,
        scope=scope,
        communication=choice.communication or before.communication,
        withdrawal=None if act == "reopen" else before.withdrawal,
        signature=None,
        supersedes=None,
        prev_hash=version_hash(before),
    )
    own = speaks == "own" and act != "pause"
    return _affirmed(after) if own else after


def _affirmed(version: ConsentVersion) -> ConsentVersion:
    """The person's own word: nobody speaks for them any more, and no review of it is due."""
    capacity = "full" if version.capacity == "regained" else version.capacity
    return replace(version, grantor=Grantor(kind="self"), capacity=capacity, maturity_review_on=None)


def _differing(before: ConsentVersion, after: ConsentVersion) -> set[str]:
    one, two = before.scope, after.scope
    keys = one.answers.keys() | two.answers.keys()
    found = {key for key in keys if one.answers.get(key) != two.answers.get(key)}
    return found | {name for name in _LISTS if getattr(one, name) != getattr(two, name)}


def wider(before: ConsentVersion, after: ConsentVersion) -> tuple[str, ...]:
    """The members in which `after` allows what `before` did not; sorted."""
    one, two = before.scope, after.scope
    found = {key for key in two.answers if _rank(two.answers[key]) > _rank(one.answers.get(key))}
    found |= {name for name in _LISTS if _longer(getattr(one, name), getattr(two, name))}
    if (before.status != "active" and after.status == "active") or (_withdrawn(before) and not _withdrawn(after)):
        found.add("status")
    return tuple(sorted(found))


def _rank(word: str | None) -> int:
    """Yes is more than no word, or "ask", or what nobody can read; and that is more than no."""
    return (word == "permit") - (word == "deny")


def _longer(before: frozenset[str] | None, after: frozenset[str] | None) -> bool:
    return before is not None and (after is None or not after <= before)
