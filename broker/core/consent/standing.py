"""Which version of somebody's consent governs at a time, by what was known at another? (rules R1 and R2)

Versions of one `consent_id` form a chain. The highest version that has begun governs, and once it has ended
nothing governs: an earlier, wider version never comes back to life. A person may have several chains, for
example two studies; one that another consent names in `supersedes` is over when that one begins, unless a version
has begun that the other does not name: a later withdrawal is not undone. What it said before goes on to count.
What a newer version allows besides holds for new requests: a grant that runs already is held to every version in
force since it began. What a newer version forbids holds for everybody at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from broker.core.consent.model import ConsentVersion, WithdrawalKind
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.verdict import Verdict, exclude, hold
from broker.core.time import FOREVER, Seconds, rfc3339, start_of

WIDEST_FIRST: tuple[WithdrawalKind, ...] = ("no_further_use", "no_further_access", "no_further_contact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The version that governs. `withdrawal`: how far its person has withdrawn, and since when. `paused`: does the
    use rest, whatever of it was taken back meanwhile? `former`: what it said before, of which only a no counts.
    """

    version: ConsentVersion
    withdrawal: tuple[WithdrawalKind, Seconds] | None
    paused: bool = False
    former: bool = False


def standings(versions: Iterable[ConsentVersion], question: ConsentQuestion) -> tuple[Standing, ...] | Verdict:
    """What governs, one Standing for each living chain; a Verdict where nothing does."""
    versions = tuple(versions)
    if len(versions) == 1 and versions[0].known_from <= question.known_at:  # by far the most
        only = _governing([versions[0]], question.at)
        return only if isinstance(only, Verdict) else (only,)
    known = [one for one in versions if one.known_from <= question.known_at]
    begun = [one for one in known if one.effective_from <= question.at]
    replaced = _replaced(begun)
    chains = {one.consent_id: _chain(known, one.consent_id) for one in known if one.consent_id not in replaced}
    if not chains:
        return exclude("CON-NO-RECORD").by("R1")
    found = [_governing(chain, question.at) for chain in chains.values()]
    standing = tuple(one for one in found if isinstance(one, Standing))
    conflicts = [one for one in found if isinstance(one, Verdict) and one.held]
    lines = {one.version.consent_id: _lines(begun, one.version.consent_id, replaced) for one in standing}
    former = tuple(
        old
        for one in standing
        for line in lines[one.version.consent_id]
        for old in _former(line, one.version, question)
    )
    standing = tuple(replace(one, withdrawal=_widest(lines[one.version.consent_id])) for one in standing)
    return (
        conflicts[0]
        if conflicts
        else (*standing, *former) or _worst([one for one in found if isinstance(one, Verdict)])
    )


def _replaced(begun: list[ConsentVersion]) -> frozenset[str]:
    """Which consents are over because another names the last of their versions that has begun."""
    last: dict[str, int] = {}
    for one in begun:
        last[one.consent_id] = max(one.version, last.get(one.consent_id, 0))
    named = [(one.consent_id, *one.supersedes) for one in begun if one.supersedes]
    return frozenset(old for own, old, number in named if old != own and last.get(old, 0) <= number)


def _lines(begun: list[ConsentVersion], id: str, replaced: frozenset[str]) -> list[list[ConsentVersion]]:
    """The versions of a consent that have begun; and again after those of each consent whose place it takes."""
    own = _chain(begun, id)
    found, seen = [own], {id}
    waiting = [(one.supersedes[0], own[place:]) for place, one in enumerate(own) if one.supersedes]
    while waiting:
        old, after = waiting.pop()
        if old in seen or old not in replaced:
            continue
        seen.add(old)
        chain = _chain(begun, old)
        found.append([*chain, *after])
        waiting += [(one.supersedes[0], [*chain[place:], *after]) for place, one in enumerate(chain) if one.supersedes]
    return found


def _former(begun: list[ConsentVersion], head: ConsentVersion, question: ConsentQuestion) -> Iterator[Standing]:
    """What `head` said before, since the running grant began, as far as it refused: waiting may end, a no stays."""
    began = question.grant_began
    if began is None or len(begun) == 1:
        return
    if max(head.known_from, head.effective_from) <= began:
        return
    known = [place for place, one in enumerate(begun) if max(one.known_from, one.effective_from) <= began]
    older, settled = begun[:-1], _settled(head)
    waits = settled != head or _paused(begun)
    for place, old in enumerate(older):
        counts = max(known, default=0) <= place and old.status not in ("entered_in_error", "superseded")
        withdrawal = furthest(older[: place + 1]) if counts else None
        if counts and (waits or old.scope != head.scope or withdrawal is not None):
            yield Standing(version=replace(settled, scope=old.scope), withdrawal=withdrawal, former=True)


def _settled(head: ConsentVersion) -> ConsentVersion:
    """`head` without what lets it wait for its person: what was said before does not wait, and a no stays a no."""
    grantor = replace(head.grantor, valid_to=None) if head.grantor is not None else None
    return replace(head, maturity_review_on=None, grantor=grantor, capacity="full")


def _worst(found: list[Verdict]) -> Verdict:
    """Of several chains of which none governs, the reason that was reached last in the life of a consent."""
    order = ("CON-EXPIRED", "CON-NOT-YET-EFFECTIVE", "CON-NO-RECORD")
    return min(found, key=lambda verdict: order.index(verdict.reason.code))


def _chain(known: list[ConsentVersion], consent_id: str) -> list[ConsentVersion]:
    return sorted((one for one in known if one.consent_id == consent_id), key=lambda one: one.version)


def _governing(chain: list[ConsentVersion], at: Seconds) -> Standing | Verdict:
    """R1 for what does not count as a record, R2 for what has not begun or has ended."""
    if any(one.version == two.version and one != two for one, two in pairwise(chain)):
        return hold("CON-RECORD-CONFLICT").by("R1")
    begun = [one for one in chain if one.effective_from <= at]
    if not begun:
        start = min(one.effective_from for one in chain)
        return exclude("CON-NOT-YET-EFFECTIVE", date=rfc3339(start)).by("R2")
    head = begun[-1]
    if head.status == "entered_in_error" or (head.status == "superseded" and head is chain[-1]):
        return exclude("CON-NO-RECORD").by("R1")
    if head.effective_to is not None and at >= head.effective_to:
        return exclude("CON-EXPIRED", date=rfc3339(head.effective_to)).by("R2")
    return Standing(version=head, withdrawal=furthest(begun), paused=_paused(begun))


def _paused(begun: Sequence[ConsentVersion]) -> bool:
    """A withdrawal ends no pause: who takes back more has not said that the use may go on."""
    back = next((one for one in reversed(begun) if one.status != "withdrawn"), None)
    return back is not None and back.status == "suspended"


def furthest(begun: Sequence[ConsentVersion]) -> tuple[WithdrawalKind, Seconds] | None:
    """The widest withdrawal of the unbroken run of withdrawn versions that ends with the governing one.

    A later, smaller withdrawal does not give back what a wider one took: only a version without any does. A
    withdrawal without a kind is the widest.
    """
    since: dict[WithdrawalKind, Seconds] = {}
    for version in reversed(begun):
        if version.withdrawal is None and version.status != "withdrawn":
            break
        kind = version.withdrawal.kind if version.withdrawal else "no_further_use"
        since[kind] = min(version.effective_from, since.get(kind, version.effective_from))
    widest = next((kind for kind in WIDEST_FIRST if kind in since), None)
    return None if widest is None else (widest, since[widest])


def taken_back(chain: Sequence[ConsentVersion]) -> tuple[tuple[WithdrawalKind, Seconds, Seconds], ...]:
    """The withdrawals after which the consent held again: how far each went, since when, and until when."""
    found, run = list[tuple[WithdrawalKind, Seconds, Seconds]](), list[ConsentVersion]()
    for version in chain:
        if version.withdrawal is not None or version.status == "withdrawn":
            run.append(version)
            continue
        counts = furthest(run) if version.status in ("active", "suspended") else None
        found += [(*counts, version.effective_from)] if counts is not None else []
        run.clear()
    return tuple(found)


def as_it_counts(chain: Sequence[ConsentVersion]) -> ConsentVersion:
    """The newest version with the widest withdrawal that counts: what a source sent may end with a smaller one."""
    newest, counts = chain[-1], furthest(chain)
    if newest.withdrawal is None or counts is None:
        return newest
    return replace(newest, withdrawal=replace(newest.withdrawal, kind=counts[0]))


def _widest(lines: list[list[ConsentVersion]]) -> tuple[WithdrawalKind, Seconds] | None:
    found = [one for line in lines if (one := furthest(line)) is not None]
    return min(found, key=lambda one: (WIDEST_FIRST.index(one[0]), one[1]), default=None)


def next_turn(version: ConsentVersion, at: Seconds) -> Seconds:
    """The first moment after `at` at which what governs, or what it says, may change by itself; FOREVER: none."""
    scope, grantor, community, override = version.scope, version.grantor, version.community, version.override
    days = [version.maturity_review_on, version.deceased_on]
    days += [term.date for term in (*scope.permissions, *scope.modifiers)]  # of a moratorium
    if grantor is not None:
        days.append(grantor.valid_to)
    if community is not None:
        days.append(community.review_on)
    turns = [version.effective_from, *(start_of(day) for day in days if day is not None)]
    if version.effective_to is not None:
        turns.append(version.effective_to)
    if override is not None:
        turns.append(override.ends)
    return min([turn for turn in turns if turn > at], default=FOREVER)
