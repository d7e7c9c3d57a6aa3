"""Was exactly this asked before, by the same repository about the same credentials, and does the yes still hold?

A repository asks the same question for every range that somebody reads. The answer follows from the picture, from a few
rows that are not in it (who somebody is, their session), from verified tokens, and from the time. So a yes is used
again while the picture and those rows are the very same objects, every token of somebody else's is still verified, and
no second has come at which anything may turn by itself; as a running download, which is asked again just then. A no is
worked out each time. Whatever is used again is on record each time, under the decision that it repeats.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from broker.core import jws
from broker.core.audit.entry import Entry, Value
from broker.core.authz.asked import Asked, Entity
from broker.core.authz.scope import Asker
from broker.core.copied import copied
from broker.core.decision import Decision, Question
from broker.core.ids import DecisionId, SubjectRef
from broker.core.plain import digest
from broker.core.rows import Row
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds
from broker.flows.foreign_tokens import us_of
from broker.flows.verified import Verifier
from broker.flows.world import Caller, World
from broker.ports import Rows

R = TypeVar("R", bound=Row)
Name = tuple[str | None, ...]
MOST = 20_000
"""Answers; the one that was given first goes first."""
LONGEST = 3600
"""Seconds for which a yes is used again at most."""

_SAID = ("decision", "trace", "client", "object")
"""What the entry of a repetition says too; all else is with the decision that it names."""


class Reads:
    """A ports.Rows that notes what it gave. `whole`: can what was read be asked for again, one by one?"""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.whole = True
        self.got: dict[tuple[type[Row], str], Row | None] = {}
        self.found: dict[tuple[type[Row], str, str], tuple[Row, ...]] = {}

    async def get(self, kind: type[R], id: str) -> R | None:
        row = await self._rows.get(kind, id)
        self.got[kind, id] = row
        return row

    def scan(self, kind: type[R]) -> AsyncIterator[R]:
        self.whole = False
        return self._rows.scan(kind)

    def newest(self, kind: type[R], member: str, value: str, most: int) -> AsyncIterator[R]:
        self.whole = False
        return self._rows.newest(kind, member, value, most)

    def newest_of(self, kind: type[R], member: str, values: Sequence[str], most: int) -> AsyncIterator[R]:
        self.whole = False
        return self._rows.newest_of(kind, member, values, most)

    def each(self, kind: type[R], ids: Sequence[str]) -> AsyncIterator[R]:
        self.whole = False
        return self._rows.each(kind, ids)

    async def find(self, kind: type[R], member: str, value: str) -> AsyncIterator[R]:
        found = tuple([row async for row in self._rows.find(kind, member, value)])
        self.found[kind, member, value] = found
        for row in found:
            yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A question with its answer, not yet recorded. `seen`: is there such a thing with this repository at all?"""

    id: DecisionId
    name: Name
    asker: Asker
    caller: Caller
    question: Question
    decision: Decision
    snapshot: Snapshot
    seen: bool
    excluded: frozenset[SubjectRef]
    """Whom the repository has to leave out of just what it asked about."""
    passports: tuple[str, ...]
    """Those that were shown."""
    shown_until: Seconds
    """When what was shown ends by what it says itself: an access token before the caller whom it is for."""
    reads: Reads
    """The rows by which it is known who asks."""
    before: "Yes | None" = None
    """The same answer, as it was given before; `id` is that of the decision then."""

    @property
    def permits(self) -> bool:
        return self.decision.permits

    @property
    def until(self) -> Seconds:
        """The first second at which the answer may have stopped to be true."""
        return Seconds(min(self.decision.until, self.caller.ends))


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes:
    """A yes that was recorded and told. `said`: what the entry of a repetition says; `context`: what was told."""

    judged: Judged
    who: str | None
    """By which pseudonym the log knows whom it is about."""
    said: Mapping[str, Value]
    context: Mapping[str, Any]
    ends: Seconds
    """From then on it is worked out anew."""
    theirs: tuple[str, ...]
    """Passports that were shown with anything in them that another issuer signed: their keys are in no picture."""


@dataclass(slots=True)
class Told:
    """What repositories were told. Bounded; what is forgotten is only worked out again."""

    held: dict[Name, Judged] = field(default_factory=dict)
    """As they are used again: each with what was said `before`."""

    def keep(self, yes: Yes) -> None:
        name = yes.judged.name
        self.held.pop(name, None)
        self.held[name] = copied(yes.judged, before=yes)
        while len(self.held) > MOST:
            del self.held[next(iter(self.held))]

    async def again(self, w: World, v: Verifier, asker: Asker, name: Name) -> Judged | None:
        """The yes to this very question, if it would be given now as it was then."""
        judged = self.held.get(name)
        if judged is None or judged.before is None:
            return None
        same = await _reads_the_same(w.rows, judged.reads)
        # After the last wait: what was withdrawn meanwhile must count.
        now = w.clock.now()
        same = same and judged.snapshot is w.snapshots.current() and judged.asker == asker
        if same and judged.question.at <= now < judged.before.ends and _verified(w, v, judged.before, now):
            return judged
        self.held.pop(name, None)
        return None


def name_of(asker: Asker, asked: Asked) -> Name:
    """Everything of a question that an answer to it can hang on."""
    grant = asked.context.get("grant")
    what = (asked.action.name, asked.resource.type, asked.resource.id, grant if isinstance(grant, str) else None)
    return (asker.client, *who_of(asked.subject), *what)


def who_of(subject: Entity) -> Name:
    """Everything of a subject by which somebody is told from anybody else."""
    given = subject.properties
    if not given:
        return (subject.type, subject.id)
    shown = [given.get(name) for name in ("iss", "access_token", "passports")]
    return (subject.type, subject.id, *(one if isinstance(one, str | None) else digest([one]) for one in shown))


def passports_in(subject: Entity) -> tuple[str, ...]:
    """The Passports among what a subject shows."""
    found = [subject.id] if subject.type == "passport" else subject.properties.get("passports")
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def end_in(subject: Entity) -> Seconds:
    """The first second at which something that a subject shows has ended. It was verified already."""
    token = subject.id if subject.type == "access_token" else subject.properties.get("access_token")
    texts = (*passports_in(subject), token)
    parsed = [jws.read(text) for text in texts if isinstance(text, str)]
    said = [one.payload.get("exp") for one in parsed if one is not None]
    return Seconds(min((exp for exp in said if type(exp) is int), default=FOREVER))


def used_again(w: World, judged: Judged, first: Entry, context: Mapping[str, Any]) -> Yes | None:
    """What is kept of an answer that was given and recorded (`first`); None if it must be worked out each time.

    So is every no, and what rests on a Visa Access Token, whose issuer is asked again and again.
    """
    caller, reads = judged.caller, judged.reads
    lasting = reads.whole and None not in reads.got.values() and all(visa.jku is not None for visa in caller.visas)
    if not (judged.permits and judged.seen and lasting):
        return None
    of_visas = (visa.exp for visa in caller.visas)
    ends = min(judged.until, judged.shown_until, caller.visas_end, judged.question.at + LONGEST, *of_visas)
    foreign = caller.family is None or any(visa.iss != w.issuer for visa in caller.visas)
    said = {name: first.about[name] for name in _SAID if name in first.about} | {"judged": judged.question.at}
    theirs = judged.passports if foreign else ()
    return Yes(judged=judged, who=first.who, said=said, context=context, ends=Seconds(ends), theirs=theirs)


async def _reads_the_same(rows: Rows, reads: Reads) -> bool:
    for (kind, id), row in reads.got.items():
        if await rows.get(kind, id) is not row:
            return False
    for (kind, member, value), before in reads.found.items():
        now = [row async for row in rows.find(kind, member, value)]
        if len(now) != len(before) or any(one is not other for one, other in zip(now, before, strict=True)):
            return False
    return True


def _verified(w: World, v: Verifier, yes: Yes, now: Seconds) -> bool:
    """Are the Passports with anything foreign in them, and their visas, still verified with the keys of now?"""
    if not yes.theirs:
        return True
    trust, doors = yes.judged.snapshot.trust, us_of(w)
    for token in yes.theirs:
        passport = v.passports.at(token, trust, now, yes.judged.asker.serves, v.keys)
        if passport is None or any(v.visas.at(visa, trust, now, doors, v.keys) is None for visa in passport.visas):
            return False
    return True
