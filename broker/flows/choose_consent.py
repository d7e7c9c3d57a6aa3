"""A participant, or who speaks for them, changes a consent; and what they may know about it.

The next version is on record, and in force, before they are told. Running downloads hear of it by the same commit.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from broker.core.access.states import State
from broker.core.audit.entry import Value
from broker.core.consent.answers import asked_by
from broker.core.consent.choices import NOTHING, Act, Choice, Voice, chosen, theirs, voice, wider
from broker.core.consent.model import ConsentVersion, MadeBy, WithdrawalKind
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.standing import as_it_counts, furthest
from broker.core.ids import DatasetId, SubjectRef
from broker.core.outcome import Reason
from broker.core.purpose import Purpose
from broker.core.rows import ConsentRow, Dataset, Put, Request
from broker.core.rows.consents import consent_row_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.world import Caller, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One consent in which somebody has a say: every version, and as whom they speak about the newest."""

    rows: tuple[ConsentRow, ...]
    speaks: Voice

    @property
    def newest(self) -> ConsentRow:
        return self.rows[-1]

    @property
    def counted(self) -> ConsentVersion:
        """What the newest version says, with the widest withdrawal of all that count."""
        return as_it_counts([row.consent for row in self.rows])

    @property
    def withdrawn(self) -> tuple[WithdrawalKind, Seconds] | None:
        """How far it is withdrawn, and since when."""
        return furthest([row.consent for row in self.rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The new version. `more`: what it allows that the one before did not; that holds for new requests only."""

    row: ConsentRow
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """Somebody asks for something that a participant wants to be asked about. It does not say who asks."""

    id: str
    consent_id: str
    dataset: DatasetId
    purpose: Purpose
    keys: tuple[str, ...]
    since: Seconds


def held(snapshot: Snapshot, caller: Caller, consent_id: str, now: Seconds) -> Held | Reason:
    """The consent, if the caller has a say in it; to everybody else it is not there."""
    subject = caller.person.subject
    if subject is None:
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "participant"),))
    rows = snapshot.chain(consent_id)
    speaks = voice(rows[-1].consent, subject, now) if rows else None
    return Held(rows=rows, speaks=speaks) if speaks is not None else Reason(code="REQ-NOT-FOUND")


def all_held(snapshot: Snapshot, subject: SubjectRef, now: Seconds) -> list[Held]:
    """Every consent of a participant, and of those for whom they speak."""
    ids = {row.consent.consent_id: None for row in (*snapshot.consents(subject), *snapshot.represented(subject))}
    chains = (snapshot.chain(id) for id in ids)
    return [
        Held(rows=rows, speaks=said) for rows in chains if (said := voice(rows[-1].consent, subject, now)) is not None
    ]


async def change(
    w: World, caller: Caller, consent_id: str, act: Act, seen: frozenset[int], choice: Choice = NOTHING
) -> Changed | Reason:
    """Make the next version. Steps: 1 gather, 2 decide, 3 record, 4 answer.

    `seen`: the versions that the caller is willing to change. StaleError: somebody else was faster.
    """
    # 1. Gather.
    snapshot, now = w.snapshots.current(), w.clock.now()
    found = held(snapshot, caller, consent_id, now)
    if isinstance(found, Reason):
        return found
    before = found.newest
    if before.consent.version not in seen:
        return Reason(code="REQ-STALE")
    # 2. Decide.
    own = theirs([(row.consent, row.by) for row in found.rows])
    own = replace(own, words=own.words | _earlier_words(snapshot, found.rows))
    after = chosen(before.consent, act, choice, found.speaks, now, own)
    if isinstance(after, Reason):
        return after
    by: MadeBy = "representative" if found.speaks == "for_them" else "person"
    row = replace(before, id=consent_row_id(after), version=1, consent=after, by=by)
    # 3. Record.
    more = wider(before.consent, after)
    told: dict[str, Value] = {"consent": row.id, "act": act, "by": by, "wider": len(more)}
    await w.ledger.record(w.entry("consent.changed", now, caller.person, told), Put(row))
    # 4. Answer.
    return Changed(row=row, more=more)


def _earlier_words(snapshot: Snapshot, rows: tuple[ConsentRow, ...]) -> frozenset[str]:
    """What the person changed themselves in the consents whose place this one takes."""
    seen = {rows[-1].consent.consent_id}
    waiting, words = list(rows), frozenset[str]()
    while waiting:
        replaced = waiting.pop().consent.supersedes
        if replaced is None or replaced[0] in seen:
            continue
        seen.add(replaced[0])
        chain = snapshot.chain(replaced[0])
        words |= theirs([(row.consent, row.by) for row in chain]).words
        waiting += chain
    return words


def open_questions(snapshot: Snapshot, subject: SubjectRef, at: Seconds) -> Iterator[OpenQuestion]:
    """What waits for the participant's answer: open requests for something that they want to be asked about."""
    for one in all_held(snapshot, subject, at):
        version = one.newest.consent
        if one.speaks == "own_narrow" or version.status != "active":
            continue
        for request in _open_requests(snapshot, one.newest):
            keys = tuple(key for key in _keys(request.purpose, at) if version.scope.answers.get(key) == "ask")
            if keys:
                yield OpenQuestion(
                    id=_question_id(request, version),
                    consent_id=version.consent_id,
                    dataset=request.dataset,
                    purpose=public_purpose(request.purpose),
                    keys=keys,
                    since=request.created,
                )


async def answer(w: World, caller: Caller, question: str, word: str) -> Changed | Reason:
    """Answer an open question with permit or deny: a new version, which answers it for every request."""
    subject = caller.person.subject
    if subject is None:
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "participant"),))
    snapshot, now = w.snapshots.current(), w.clock.now()
    found = next((one for one in open_questions(snapshot, subject, now) if one.id == question), None)
    if found is None:
        return Reason(code="REQ-NOT-FOUND")
    seen = frozenset({snapshot.chain(found.consent_id)[-1].consent.version})
    return await change(w, caller, found.consent_id, "choose", seen, Choice(answers=dict.fromkeys(found.keys, word)))


def _open_requests(snapshot: Snapshot, row: ConsentRow) -> Iterator[Request]:
    for dataset in sorted(row.datasets):
        if snapshot.get(Dataset, dataset) is not None:
            yield from (one for one in snapshot.requests_for(dataset) if one.state is State.SUBMITTED)


def _keys(purpose: Purpose, at: Seconds) -> tuple[str, ...]:
    """The answers that a purpose needs."""
    question = ConsentQuestion(purpose=purpose, recipient_country=None, processing_country=None, at=at, known_at=at)
    return tuple(one.key for one in asked_by(question) if one.stated)


def public_purpose(purpose: Purpose) -> Purpose:
    """The purpose without who has it: a participant decides about a use, and learns no name."""
    return replace(purpose, user=None, institution=None, project=None)


def _question_id(request: Request, version: ConsentVersion) -> str:
    said = f"{request.id}\0{version.consent_id}"
    return "ask_" + hashlib.sha256(said.encode()).hexdigest()[:32]
