"""What does a community's authority see, and what may it say? Its decisions, what they govern, who asks, who uses it.

For who holds the role `community_authority` for that community. Nobody in it is named or counted below ten, of a use no
more is told than the public register tells of its project, and of a request no more than a participant would be told
(WHO 2024, 3.1-7).
"""

from dataclasses import dataclass, replace

from broker.core.access.origin import Window
from broker.core.access.states import State
from broker.core.audit.entry import Value
from broker.core.consent.decisions import Said, decided_anew, opens
from broker.core.equity import told
from broker.core.ids import DatasetId, RequestId, SubjectRef
from broker.core.outcome import Reason
from broker.core.purpose import Purpose
from broker.core.rows import Application, ConsentRow, Dataset, Grant, Put, Request, Review
from broker.core.rows.consents import consent_row_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.choose_consent import public_purpose
from broker.flows.decide_request import is_own
from broker.flows.origin_words import Voice, voice
from broker.flows.register import Project, of_grant
from broker.flows.world import Caller, World

ROLE = "community_authority"
SCOPE = "community:"
MOST = 25
"""Projects that are shown, those that began last; and requests, those that wait longest."""
_THEIRS = frozenset({State.SUBMITTED, State.APPROVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that waits. `lay`: what everybody may read of it; empty where nobody asked for that."""

    id: RequestId
    title: str
    """Of the dataset."""
    lay: str
    benefit: str
    """What it gives to the people of the place of origin."""
    purpose: Purpose
    since: Seconds
    window: Window | None
    """What they may say to it, and what was said."""
    voice: Voice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """One community. `records`: of each of its decisions every version, the oldest first.

    `members`: people who named it in a consent; None: too few to be told.
    """

    ref: SubjectRef
    records: tuple[tuple[ConsentRow, ...], ...]
    datasets: tuple[tuple[DatasetId, str], ...]
    members: int | None
    asked: tuple[Asked, ...]
    waiting: int
    """Requests that wait, those that are not shown too."""
    projects: tuple[Project, ...]
    running: int
    """Uses that a no would end."""
    more: bool
    """Are there projects that are not shown?"""


def communities(caller: Caller, snapshot: Snapshot, now: Seconds) -> tuple[Community, ...]:
    """Those for which the caller speaks."""
    return tuple(_of(ref, caller, snapshot, now) for ref in sorted(speaks_for(caller)))


def speaks_for(caller: Caller) -> frozenset[SubjectRef]:
    """The pseudonyms of the communities whose authority the caller is; nobody is that for all of them."""
    scopes = (role.scope for role in caller.roles if role.role == ROLE)
    return frozenset(SubjectRef(one.removeprefix(SCOPE)) for one in scopes if one.startswith(SCOPE))


async def decide(w: World, caller: Caller, consent_id: str, seen: frozenset[int], said: Said) -> ConsentRow | Reason:
    """The authority says something anew. Steps: 1 gather, 2 decide, 3 record, 4 answer.

    `seen`: the versions that the caller is willing to replace. What runs hears of it by the same commit.
    StaleError: somebody else was faster.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    chain = snapshot.chain(consent_id)
    if not chain or chain[-1].consent.level != "community" or chain[-1].consent.subject_ref not in speaks_for(caller):
        return Reason(code="REQ-NOT-FOUND")
    newest = chain[-1]
    if newest.consent.version not in seen:
        return Reason(code="REQ-STALE")
    # 2. Decide.
    after = decided_anew(newest.consent, said, now)
    if isinstance(after, Reason):
        return after
    wider = opens(newest.consent, after, now)
    if wider and _gains(caller, newest, snapshot):
        return Reason(code="REQ-OWN")
    row = ConsentRow(id=consent_row_id(after), datasets=newest.datasets, consent=after, by="representative")
    # 3. Record.
    about: dict[str, Value] = {"consent": row.id, "word": said.word, "wider": int(wider)}
    await w.ledger.record(w.entry("community.decided", now, caller.person, about), Put(row))
    # 4. Answer.
    return row


def _gains(caller: Caller, row: ConsentRow, snapshot: Snapshot) -> bool:
    """Do they, or those with whom they apply, ask for these data or use them? Nobody lets themselves in (I2)."""
    requests = (one for dataset in row.datasets for one in snapshot.requests_for(dataset))
    return any(one.state in _THEIRS and is_own(caller, one, snapshot) for one in requests)


def _of(ref: SubjectRef, caller: Caller, snapshot: Snapshot, now: Seconds) -> Community:
    ids = {row.consent.consent_id for row in snapshot.about(ref) if row.consent.level == "community"}
    records = tuple(snapshot.chain(id) for id in sorted(ids))
    governed = sorted({dataset for chain in records for dataset in chain[-1].datasets})
    members = frozenset[SubjectRef]().union(*(snapshot.concerned(chain[-1]) for chain in records))
    requests = [one for dataset in governed for one in snapshot.requests_for(dataset)]
    waiting = sorted((one for one in requests if one.state is State.SUBMITTED), key=lambda one: (one.created, one.id))
    grants = [row for one in requests if one.grant is not None and (row := snapshot.get(Grant, one.grant)) is not None]
    newest = sorted(grants, key=lambda row: (-row.begins, row.id))
    projects = [of_grant(row, snapshot, now) for row in newest]
    return Community(
        ref=ref,
        records=records,
        datasets=tuple((id, _title(id, snapshot)) for id in governed),
        members=told(len(members)),
        asked=tuple(_asked(one, ref, caller, snapshot) for one in waiting[:MOST]),
        waiting=len(waiting),
        projects=tuple(projects[:MOST]),
        running=sum(one.running for one in projects),
        more=len(projects) > MOST,
    )


def _asked(request: Request, ref: SubjectRef, caller: Caller, snapshot: Snapshot) -> Asked:
    review = snapshot.get(Review, request.review) if request.review is not None else None
    application = snapshot.get(Application, review.application) if review is not None else None
    found = voice(caller, request, snapshot)
    mine = found.sides & {f"{SCOPE}{ref}"} if found is not None else frozenset()
    return Asked(
        id=request.id,
        title=_title(request.dataset, snapshot),
        lay=application.papers[request.turn - 1].lay if application is not None else "",
        benefit=request.benefit,
        purpose=public_purpose(request.purpose),
        since=request.created,
        window=request.origin,
        voice=replace(found, sides=mine) if found is not None and mine else None,
    )


def _title(id: DatasetId, snapshot: Snapshot) -> str:
    row = snapshot.get(Dataset, id)
    return row.title if row is not None else id
