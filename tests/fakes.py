"""The ports in memory: what flows are tested with. tests/conformance runs the same tests on these and on SQLite."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from broker.adapters.storage.log import Published
from broker.core.audit.entry import GONE, Effect, Entry, encode
from broker.core.audit.merkle import inclusion_ranges, leaf_hash, root_of
from broker.core.audit.note import Checkpoint, checkpoint_text, sign_note
from broker.core.audit.note import Signer as NoteSigner
from broker.core.audit.proof import Proof
from broker.core.authz.feed import Change
from broker.core.letters import Letter
from broker.core.passport.health import Concerns, IssuerReport, Refusals
from broker.core.passport.userinfo import Answer
from broker.core.plain import canonical, digest, plain
from broker.core.rows import Change as RowChange
from broker.core.rows import Drop, Row
from broker.core.rows.retention import DROPPED
from broker.core.time import Seconds
from broker.ports import (
    LedgerDownError,
    Signer,
    SourceHealth,
    StaleError,
    UpstreamError,
    Use,
    Wanted,
)
from broker.ports.letters import Taken
from broker.ports.log import AuditReads, PublishedHead

R = TypeVar("R", bound=Row)
T = TypeVar("T")
START = Seconds(1_800_000_000)
SCRATCH_BYTES = 64 * 1024
SCRATCH_ID = 512
SCRATCH_KIND = re.compile(r"[a-z][a-z0-9_.]{0,39}")


@dataclass
class FakeClock:
    """Stands still until it is told to go on."""

    time: Seconds = START

    def now(self) -> Seconds:
        return self.time

    async def give_way(self) -> None:
        return None

    def advance(self, seconds: int) -> Seconds:
        self.time = Seconds(self.time + seconds)
        return self.time


@dataclass
class CountingEntropy:
    """1, 2, 3, … as bytes: different every time, and the same in every run."""

    drawn: int = 0

    def random(self, nbytes: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(nbytes, "big")

    def for_id(self) -> bytes:
        return self.random(10)


@dataclass
class MemoryLedger:
    """Keeps the promises of ports.Ledger, but for durability.

    `breaks`: how the next commit goes wrong: nothing is stored (`lost`), or it is, and nobody hears of it
    (`stored`). Afterwards the ledger is dead, like the real one.
    """

    entries: list[Entry] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    on_commit: Callable[[tuple[Row, ...]], None] = lambda _: None
    breaks: Literal["lost", "stored"] | None = None
    failed: bool = False
    changes: list[tuple[int, Row]] = field(default_factory=list)
    """Which entry stored which version of which row, in the order of the log."""

    async def record(self, entry: Entry, *changes: RowChange) -> int:
        effects = [_effect(change) for change in changes]
        body = encode(entry, effects)
        if self.failed:
            raise LedgerDownError("the ledger is closed")
        self.failed = self.breaks is not None
        if self.breaks == "lost":
            raise LedgerDownError("nobody knows whether this was recorded")
        after = self._after(entry, changes)
        self.rows = after
        stored = sorted((change.row for change in changes), key=lambda row: (row.KIND, row.id))
        self.changes += [(len(self.entries), row) for row in stored]
        self.entries.append(entry)
        self.bodies.append(body)
        if self.breaks == "stored":
            raise LedgerDownError("nobody knows whether this was recorded")
        if changes:
            self.on_commit(tuple(change.row for change in changes))
        return len(self.entries) - 1

    async def record_each(self, records: Sequence[tuple[Entry, Sequence[RowChange]]]) -> None:
        for entry, puts in records:
            await self.record(entry, *puts)

    def kinds(self) -> list[str]:
        """The kinds of the entries, in order."""
        return [entry.kind for entry in self.entries]

    def _after(self, entry: Entry, changes: tuple[RowChange, ...]) -> dict[tuple[str, str], Row]:
        if any(entry.id == other.id for other in self.entries):
            raise StaleError(f"entry {entry.id} is recorded already")
        after = dict(self.rows)
        for change in changes:
            row, before = change.row, after.get((change.row.KIND, change.row.id))
            if isinstance(change, Drop):
                if type(row) not in DROPPED:
                    raise ValueError(f"a {row.KIND} is kept")
                if before is None or before.version != row.version:
                    raise StaleError(f"{row.KIND} {row.id}")
                del after[row.KIND, row.id]
                continue
            if row.version != (before.version + 1 if before is not None else 1):
                raise StaleError(f"{row.KIND} {row.id}")
            after[row.KIND, row.id] = row
        return after


def _few(values: Sequence[str]) -> None:
    if len(values) > 500:
        raise ValueError("more than 500 at once")


@dataclass
class MemoryRows:
    """Reads of what a MemoryLedger holds."""

    ledger: MemoryLedger

    async def get(self, kind: type[R], id: str) -> R | None:
        found = self.ledger.rows.get((kind.KIND, id))
        return found if isinstance(found, kind) else None

    async def scan(self, kind: type[R]) -> AsyncIterator[R]:
        for _, row in sorted(self.ledger.rows.items()):
            if isinstance(row, kind):
                yield row

    async def find(self, kind: type[R], member: str, value: str) -> AsyncIterator[R]:
        async for row in self.scan(kind):
            if plain(row).get(member) == value:
                yield row

    async def newest(self, kind: type[R], member: str, value: str, most: int) -> AsyncIterator[R]:
        found = [row async for row in self.find(kind, member, value)]
        for row in found[::-1][:most]:
            yield row

    async def newest_of(self, kind: type[R], member: str, values: Sequence[str], most: int) -> AsyncIterator[R]:
        _few(values)
        for value in values:
            async for row in self.newest(kind, member, value, most):
                yield row

    async def after(self, kind: type[R], id: str, most: int) -> AsyncIterator[R]:
        found = [row async for row in self.scan(kind) if row.id > id]
        for row in found[:most]:
            yield row

    async def each(self, kind: type[R], ids: Sequence[str]) -> AsyncIterator[R]:
        _few(ids)
        for id in sorted(set(ids)):
            if (row := await self.get(kind, id)) is not None:
                yield row


@dataclass(frozen=True)
class MemoryEntry:
    """A ports.KeptEntry."""

    seq: int
    body: bytes


@dataclass
class MemoryChanges:
    """Keeps the promises of `Changes` (flows/repositories/feed.py) over a MemoryLedger."""

    ledger: MemoryLedger
    origin: str = "broker.example/audit"
    first: int = 0
    signer: NoteSigner | None = None
    """Who signs the log; None: nobody, and nothing has a proof."""

    async def ended(self) -> list[AuditReads]:
        return []

    async def head(self) -> int:
        return len(self.ledger.entries)

    async def published(self) -> PublishedHead:
        return Published(size=len(self.ledger.entries), note=b"")

    async def newest(self, count: int, before: int | None = None) -> list[MemoryEntry]:
        kept = list(enumerate(self.ledger.bodies))[:before]
        return [MemoryEntry(seq, body) for seq, body in kept[::-1][:count]]

    async def entry(self, receipt: str) -> MemoryEntry | None:
        found = (seq for seq, entry in enumerate(self.ledger.entries) if entry.id == receipt)
        return next((MemoryEntry(seq, self.ledger.bodies[seq]) for seq in found), None)

    async def proof(self, receipt: str) -> Proof | None:
        """None, too, where nobody signs."""
        kept, leaves = await self.entry(receipt), [leaf_hash(body) for body in self.ledger.bodies]
        if kept is None or self.signer is None:
            return None
        size = len(leaves)
        hashes = [root_of(leaves[begin:end]) for begin, end in inclusion_ranges(kept.seq, size)]
        point = Checkpoint(origin=self.signer.key.name, size=size, root=root_of(leaves))
        note = sign_note(checkpoint_text(point), [self.signer])
        return Proof(index=kept.seq, hashes=tuple(hashes), checkpoint=note, extra=kept.body)

    async def at(self, seq: int) -> Seconds | None:
        return self.ledger.entries[seq].at if 0 <= seq < len(self.ledger.entries) else None

    async def since(self, seq: int, place: int, until: int, kinds: Collection[type[Row]], most: int) -> list[Change]:
        found, count = list[Change](), dict[int, int]()
        for number, row in self.ledger.changes:
            if not seq <= number < until or type(row) not in kinds:
                continue
            nth = count[number] = count.get(number, -1) + 1
            if number > seq or nth >= place:
                found.append(Change(seq=number, place=nth, at=self.ledger.entries[number].at, row=row))
        return found[:most]


@dataclass
class MemoryScratch:
    """Keeps the promises of ports.Scratch."""

    limit: int = 10_000
    marks: int = 200_000
    values: dict[tuple[str, str], tuple[dict[str, Any], Seconds]] = field(default_factory=dict)

    async def put(self, kind: str, id: str, value: Mapping[str, Any], expires: Seconds) -> None:
        if not SCRATCH_KIND.fullmatch(kind) or len(canonical(value)) > SCRATCH_BYTES or len(id) > SCRATCH_ID:
            raise ValueError(f"scratch {kind}: no word of ours, or too large")
        self.values.pop((kind, id), None)
        self.values[kind, id] = (plain(value), expires)
        same = [key for key in self.values if key[0] == kind]
        for oldest in same[: -self.limit]:
            del self.values[oldest]

    async def add(self, kind: str, id: str, value: Mapping[str, Any], expires: Seconds, now: Seconds) -> bool:
        if not SCRATCH_KIND.fullmatch(kind) or len(canonical(value)) > SCRATCH_BYTES or len(id) > SCRATCH_ID:
            raise ValueError(f"scratch {kind}: no word of ours, or too large")
        if _alive(self.values.get((kind, id)), now) is not None:
            return False
        if sum(1 for key, (_, end) in self.values.items() if key[0] == kind and now < end) >= self.marks:
            raise LedgerDownError(f"scratch {kind}: full")
        self.values.pop((kind, id), None)
        self.values[kind, id] = (plain(value), expires)
        return True

    async def get(self, kind: str, id: str, now: Seconds) -> Mapping[str, Any] | None:
        return _alive(self.values.get((kind, id)), now)

    async def take(self, kind: str, id: str, now: Seconds) -> Mapping[str, Any] | None:
        return _alive(self.values.pop((kind, id), None), now)

    async def ending(self, kind: str, now: Seconds, before: Seconds) -> list[tuple[str, Seconds]]:
        found = [(id, ends) for (of, id), (_, ends) in self.values.items() if of == kind and now < ends < before]
        return sorted(found, key=lambda one: (one[1], one[0]))


@dataclass
class MemoryEndpoints:
    """Keeps the promises of ports.Endpoints. `answers`: by (issuer, token); an issuer in `down` does not answer."""

    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    issuers: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    status: int = 401
    asked: list[tuple[str, str]] = field(default_factory=list)

    def says(self, iss: str, token: str, members: Mapping[str, Any] | str) -> None:
        """From now on `iss` says this to `token`: members as JSON, or a signed JWT."""
        self.issuers.add(iss)
        if isinstance(members, str):
            self.answers[iss, token] = Answer(media="application/jwt", body=members.encode())
        else:
            self.answers[iss, token] = Answer(media="application/json", body=canonical(members))

    async def userinfo(self, iss: str, token: str) -> Answer | None:
        if iss not in self.issuers:
            raise UpstreamError("not registered for UserInfo")
        self.asked.append((iss, token))
        if iss in self.down:
            raise UpstreamError("status 503")
        return self.answers.get((iss, token))

    async def poll(self, iss: str, token: str) -> Answer | int:
        if iss not in self.issuers:
            return 0
        self.asked.append((iss, token))
        return 0 if iss in self.down else self.answers.get((iss, token), self.status)


@dataclass
class MemoryVault:
    """Keeps the promises of ports.Vault, but for secrecy from who reads this."""

    key: str = "k"
    times: int = 0

    def shut(self, secret: str, about: str) -> str:
        self.times += 1
        return f"{self.times}:{secret[::-1]}:{self._bound(self.times, secret, about)}"

    def open(self, shut: str, about: str) -> str | None:
        times, _, rest = shut.partition(":")
        secret, _, bound = rest.rpartition(":")
        return secret[::-1] if bound == self._bound(times, secret[::-1], about) else None

    def _bound(self, times: object, secret: str, about: str) -> str:
        return digest([self.key, str(times), secret, about])


@dataclass
class MemoryIssuerHealth:
    """Keeps the promises of ports.IssuerHealth for issuers whose addresses nobody asks."""

    issuers: tuple[str, ...] = ()
    counts: dict[tuple[str, str], tuple[int, Seconds]] = field(default_factory=dict)
    seen: list[Concerns] = field(default_factory=list)

    def refused(self, concerns: Concerns, at: Seconds) -> None:
        if concerns.iss in self.issuers:
            count, _ = self.counts.get((concerns.iss, concerns.code), (0, at))
            self.counts[concerns.iss, concerns.code] = (count + 1, at)
            self.seen.append(concerns)

    def reports(self) -> tuple[IssuerReport, ...]:
        return tuple(self._report(iss) for iss in self.issuers)

    async def refresh(self, iss: str) -> IssuerReport | None:
        return self._report(iss) if iss in self.issuers else None

    def _report(self, iss: str) -> IssuerReport:
        mine = [one for one in self.seen if one.iss == iss]
        counted = sorted((code, *found) for (of, code), found in self.counts.items() if of == iss)
        return IssuerReport(
            iss=iss,
            refusals=tuple(Refusals(code=code, count=count, last=last) for code, count, last in counted),
            last_code=mine[-1].code if mine else None,
            hints=tuple(dict.fromkeys(one.hint for one in mine if one.hint is not None)),
        )


@dataclass
class FakeMessenger:
    """Keeps what was sent; `refuses` counts down how many messages are not taken."""

    sent: list[tuple[str, dict[str, str], bool]] = field(default_factory=list)
    refuses: int = 0

    async def send(self, url: str, form: Mapping[str, str], *, internal: bool) -> bool:
        if not url.startswith("https://") and not (internal and url.startswith("http://")):
            return False
        self.sent.append((url, dict(form), internal))
        self.refuses -= 1
        return self.refuses < 0


@dataclass
class MemoryProbe:
    """Keeps the promises of ports.Probe for the addresses that a test lays out; elsewhere nobody answers."""

    documents: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def look(self, url: str, *, internal: bool) -> bytes | str:
        if not url.startswith("https://") and not internal:
            return "not an https address"
        self.asked.append(url)
        return self.documents.get(url, "no connection: nobody answers there")


@dataclass
class MemorySources:
    """Keeps the promises of ports.VisaSources: what each (issuer, sub) says; who is not in it does not answer."""

    says: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    asked: list[Wanted] = field(default_factory=list)

    async def visas(self, wanted: Collection[Wanted]) -> dict[Wanted, tuple[str, ...]]:
        self.asked += wanted
        return {one: self.says[one.issuer, one.sub] for one in wanted if (one.issuer, one.sub) in self.says}

    def health(self) -> tuple[SourceHealth, ...]:
        return tuple(SourceHealth(issuer=issuer) for issuer in sorted({one.issuer for one in self.asked}))


def _effect(change: RowChange) -> Effect:
    row = change.row
    if row.version < 1:
        raise ValueError("versions count from 1")
    if isinstance(change, Drop):
        return Effect(kind=row.KIND, id=row.id, version=row.version + 1, digest=GONE)
    return Effect(kind=row.KIND, id=row.id, version=row.version, digest=digest(row))


def _alive(found: tuple[dict[str, Any], Seconds] | None, now: Seconds) -> Mapping[str, Any] | None:
    return found[0] if found is not None and now < found[1] else None


def at_once(story: Coroutine[Any, Any, T]) -> T:
    """What a story that waits for nobody comes to; so a test need not wait for it either."""
    try:
        story.send(None)
    except StopIteration as done:
        came: T = done.value
        return came
    raise RuntimeError("it waits for somebody")


def signed(signer: Signer, use: Use, typ: str, claims: Mapping[str, Any]) -> str:
    """A token of a signer whose keys are at hand."""
    return at_once(signer.sign(use, typ, claims))


@dataclass
class MemoryMailer:
    """Keeps letters. `answers`: what is said to the next ones, one after another; then that they were taken."""

    sent: list[Letter] = field(default_factory=list)
    answers: list[Taken] = field(default_factory=list)

    async def send(self, letter: Letter) -> Taken:
        said: Taken = self.answers.pop(0) if self.answers else "taken"
        if said == "taken":
            self.sent.append(letter)
        return said


@dataclass
class MemoryHooks:
    """Keeps what was posted: (name, id, body). `refuses`: so many posts are not taken."""

    posted: list[tuple[str, str, bytes]] = field(default_factory=list)
    refuses: int = 0

    async def post(self, name: str, id: str, at: Seconds, body: bytes) -> bool:
        del at
        self.refuses -= 1
        if self.refuses >= 0:
            return False
        self.posted.append((name, id, body))
        return True
