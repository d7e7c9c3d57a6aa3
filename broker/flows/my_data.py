"""What happened to a participant's data, and what do their communities say of it? (WHO 2024, 3.1-7)

Read only, for the participant alone, or who speaks for them. No researcher is named: a use is told as the public
register tells its project, also where the data themselves are hidden, because these are their own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from broker.core.consent.model import CommunityDecision, ConsentVersion
from broker.core.ids import SubjectRef
from broker.core.rows import Access, Dataset, Delivery, DrsObject, Grant
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.choose_consent import Held, all_held
from broker.flows.register import Project, of_grant
from broker.flows.world import World

MOST = 40
"""Deliveries of each file that are looked at, the newest ones."""
MOST_FILES = 25
_AT_ONCE = 500
"""Accesses of one read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Data of theirs that left under one grant. `project`: None where another place let the researcher in.

    `times`: deliveries that were counted. Whether a file left without somebody is not told: it was without whoever had
    said no, and that anybody did is theirs alone.
    """

    title: str
    """Of the dataset."""
    project: Project | None
    first: Seconds
    last: Seconds
    times: int = 1
    running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """The uses, the newest first. `whole`: were all deliveries looked at?"""

    uses: tuple[Use, ...]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a community decided, in the version that is in force."""

    ref: SubjectRef
    since: Seconds
    decision: CommunityDecision
    rests: bool
    """Has it been withdrawn or suspended?"""


async def uses(w: World, subject: SubjectRef) -> Uses:
    """What left, from the ledger's own rows; of many deliveries the newest."""
    snapshot, now = w.snapshots.current(), w.clock.now()
    files = list(_files(snapshot, all_held(snapshot, subject, now)))
    found: dict[tuple[str, str | None], Use] = {}
    whole = len(files) <= MOST_FILES
    sent: dict[str, list[Delivery]] = {file.id: [] for file in files[:MOST_FILES]}
    async for delivery in w.rows.newest_of(Delivery, "object", list(sent), MOST):
        sent[delivery.object].append(delivery)
    known = await _accesses(w, sent.values())
    for file in files[:MOST_FILES]:
        seen = sent[file.id]
        whole = whole and len(seen) < MOST
        for one in (each for each in seen if each.sent or each.state in ("open", "unknown")):
            access = known.get(one.access)
            key = (file.dataset, access.grant if access is not None else None)
            found[key] = _with(found.get(key), one, _use(snapshot, file, access, one, now))
    return Uses(uses=tuple(sorted(found.values(), key=lambda one: -one.last)), whole=whole)


async def _accesses(w: World, sent: Iterable[list[Delivery]]) -> dict[str, Access]:
    """Under which accesses these left; one or two reads."""
    ids = sorted({one.access for deliveries in sent for one in deliveries})
    parts = [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
    return {row.id: row for part in parts async for row in w.rows.each(Access, part)}


def words_of_communities(snapshot: Snapshot, subject: SubjectRef, now: Seconds) -> tuple[Word, ...]:
    """What the communities that are named in their consents decided."""
    named = {ref: None for one in all_held(snapshot, subject, now) for ref in one.newest.consent.community_refs}
    return tuple(_word(version) for ref in named for version in _standing(snapshot, SubjectRef(ref), now))


def _files(snapshot: Snapshot, held: list[Held]) -> Iterator[DrsObject]:
    """The files that hold their data."""
    theirs = {(dataset, one.newest.consent.subject_ref) for one in held for dataset in one.newest.datasets}
    for dataset in sorted({dataset for dataset, _ in theirs}):
        subjects = {ref for one, ref in theirs if one == dataset}
        yield from (one for one in snapshot.objects(dataset) if subjects & one.subjects)


def _use(snapshot: Snapshot, file: DrsObject, access: Access | None, one: Delivery, now: Seconds) -> Use:
    dataset = snapshot.get(Dataset, file.dataset)
    grant = snapshot.get(Grant, access.grant) if access is not None and access.grant is not None else None
    return Use(
        title=dataset.title if dataset is not None else file.dataset,
        project=of_grant(grant, snapshot, now) if grant is not None else None,
        first=one.started,
        last=one.started,
        running=one.state == "open",
    )


def _with(before: Use | None, delivery: Delivery, fresh: Use) -> Use:
    """What was known of it, and one delivery more."""
    if before is None:
        return fresh
    return replace(
        before,
        first=min(before.first, delivery.started),
        last=max(before.last, delivery.started),
        times=before.times + 1,
        running=before.running or fresh.running,
    )


def _standing(snapshot: Snapshot, ref: SubjectRef, now: Seconds) -> Iterator[ConsentVersion]:
    """Of each record of a community the version that has begun last."""
    chains = {row.consent.consent_id for row in snapshot.about(ref) if row.consent.level == "community"}
    for id in sorted(chains):
        begun = [row.consent for row in snapshot.chain(id) if row.consent.effective_from <= now]
        if begun and begun[-1].status not in ("entered_in_error", "superseded"):
            yield begun[-1]


def _word(version: ConsentVersion) -> Word:
    return Word(
        ref=version.subject_ref,
        since=version.effective_from,
        decision=version.community or _UNDECIDED,
        rests=version.status in ("withdrawn", "suspended"),
    )


_UNDECIDED = CommunityDecision(authority="", rule="", members="", decision="undecided", local_only=False)
