"""Administrators register, change, suspend, resume and remove visa issuers, clients and identity providers.

Every change is one record: the row's next version, and an entry that says who, what and which version. What rests on
a row that is suspended or removed (sessions, tokens, visas, running downloads) ends with the same commit, because
everything asks for the row's state again.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TypeVar

from broker.core.administration import (
    ENTRIES,
    EVERY,
    SORTS,
    STATES,
    Managed,
    Noun,
    Sort,
    acting,
    beyond,
    may_write,
    told,
    unfit,
)
from broker.core.audit.entry import Value
from broker.core.ids import ClientId
from broker.core.jurisdiction.rulebook import Mode
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.outcome import Reason
from broker.core.questions import NOTHING
from broker.core.rows import Client, Moves, Person, Put, Role, changed
from broker.core.rows.moves import MOST, Move, Verb, moves_id
from broker.core.time import Seconds
from broker.flows.world import World
from broker.ports import StaleError

M = TypeVar("M", bound=Managed)
_SECRET_BYTES = 32
MOST_GROUND = 2_000
"""Characters of the words that say why."""
OPERATOR_ROLE = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who administers: a person, a service in its own name, or (neither) the operator at the machine itself."""

    person: Person | None = None
    client: ClientId | None = None
    roles: tuple[Role, ...] = ()
    operator: bool = False

    def may_write(self, sort: Sort, id: str) -> bool:
        return self.operator or may_write(self.roles, sort, id)

    def may_have(self, sort: Sort, row: Managed, before: Managed | None) -> Reason | None:
        """Why the actor may not put `row` in the place of `before`; None: they may.

        Who administers one row neither makes it nor says what it is believed (core/administration.beyond).
        """
        if not self.may_write(sort, row.id):
            return forbidden(sort)
        if self.may_write(sort, EVERY) or (before is not None and not beyond(sort, row, before)):
            return None
        return service_wide(sort)

    def told(self) -> dict[str, Value]:
        """What an entry says of a service: a person is in it by pseudonym."""
        return {"client": self.client} if self.client is not None else {}


OPERATOR = Actor(operator=True)
"""Whoever can read the state folder. Trusted: they could write the database."""


async def register(w: World, actor: Actor, noun: Noun, row: Managed, mode: Mode) -> Managed | Reason:
    """A new row. Steps: 1 gather, 2 decide, 3 record, 4 answer."""
    # 1. Gather.
    sort = SORTS[noun]
    before = await w.rows.get(sort.kind, row.id)
    others = [one async for one in w.rows.scan(sort.kind)]
    # 2. Decide.
    refused = actor.may_have(sort, row, None)
    if refused is not None:
        return refused
    if before is not None:
        return Reason(code="REQ-STATE", facts=(("state", f"{before.status} already, in version {before.version}"),))
    wrong = unfit(row, others, mode, w.issuer)
    if wrong is not None:
        return wrong
    # 3. Record. 4. Answer.
    return await _put(w, actor, sort, "register", replace(row, version=1), None)


async def change(
    w: World, actor: Actor, noun: Noun, row: Managed, expected: AbstractSet[int] | None, mode: Mode
) -> Managed | Reason:
    """Another version in place of one of the `expected` (None: whichever there is). Steps as in `register`.

    The state stays as it is: `move` changes that. A client whose row is sent without a secret keeps its own.
    """
    # 1. Gather.
    sort = SORTS[noun]
    before = await w.rows.get(sort.kind, row.id)
    others = [one async for one in w.rows.scan(sort.kind)]
    # 2. Decide.
    if not actor.may_write(sort, row.id):
        return forbidden(sort)
    if before is None:
        return Reason(code="REQ-NOT-FOUND")
    if expected is not None and before.version not in expected:
        return Reason(code="REQ-STALE")
    if before.status == "removed":
        return Reason(code="REQ-STATE", facts=(("state", "removed for good"),))
    after = kept(row, before)
    refused = actor.may_have(sort, after, before)
    if refused is not None:
        return refused
    wrong = unfit(row, others, mode, w.issuer)
    if wrong is not None:
        return wrong
    # 3. Record. 4. Answer.
    return await _put(w, actor, sort, "register", after, before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What somebody wants to do with a row, and why. `expected`: in which versions; None: whichever there is.

    `ground` None: a program that has to stop something, and says nothing; whoever is asked has to answer.
    """

    verb: Verb
    ground: str | None = None
    expected: AbstractSet[int] | None = None


async def move(w: World, actor: Actor, noun: Noun, id: str, step: Step, mode: Mode) -> Managed | Reason:
    """Suspend, resume or remove. Twice is once: the second time nothing is recorded. Steps as in `register`."""
    # 1. Gather.
    sort, verb, expected = SORTS[noun], step.verb, step.expected
    before = await w.rows.get(sort.kind, id)
    moves = await w.rows.get(Moves, moves_id(sort.word, id))
    # 2. Decide.
    if not actor.may_write(sort, id):
        return forbidden(sort)
    if before is None:
        return Reason(code="REQ-NOT-FOUND")
    if expected is not None and before.version not in expected:
        return Reason(code="REQ-STALE")
    if verb == "resume" and not actor.may_write(sort, EVERY):  # who suspended it may have meant its administrator
        return service_wide(sort)
    after = STATES.get((before.status, verb))
    if after is None:
        return Reason(code="REQ-STATE", facts=(("state", f"{before.status} for good"),))
    if after == before.status:
        return before
    if (no := _unsaid(step.ground)) is not None:
        return no
    if verb == "resume":
        others = [one async for one in w.rows.scan(sort.kind)]
        wrong = unfit(replace(before, status=after), others, mode, w.issuer)
        if wrong is not None:
            return wrong
    # 3. Record. 4. Answer.
    made = _moved(actor, sort, id, step, w.clock.now())
    with_it = Put(_with(moves, moves_id(sort.word, id), made))
    return await _put(w, actor, sort, verb, replace(before, version=before.version + 1, status=after), before, with_it)


def _unsaid(ground: str | None) -> Reason | None:
    if ground is None or 0 < len(ground.strip()) <= MOST_GROUND:
        return None
    if ground.strip():
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"ground: {MOST_GROUND} characters"),))
    return Reason(code="REQ-INVALID", facts=(("problem", f"ground: {NOTHING}"),))


def _moved(actor: Actor, sort: Sort, id: str, step: Step, now: Seconds) -> Move:
    return Move(
        verb=step.verb,
        at=now,
        by=actor.person.id if actor.person is not None else None,
        client=actor.client,
        role=OPERATOR_ROLE if actor.operator else acting(actor.roles, sort, id),
        ground=(step.ground or "").strip(),
    )


def _with(moves: Moves | None, id: str, made: Move) -> Moves:
    return Moves(id=id, moves=(made,)) if moves is None else changed(moves, moves=(*moves.moves, made)[-MOST:])


async def new_secret(
    w: World, actor: Actor, id: str, expected: AbstractSet[int] | None = None
) -> tuple[Client, str] | Reason:
    """A new secret for a client that has one; the old one is worth nothing from now on. Steps as in `register`."""
    # 1. Gather.
    sort = SORTS["clients"]
    before = await w.rows.get(Client, id)
    # 2. Decide.
    if not actor.may_write(sort, id):
        return forbidden(sort)
    if before is None:
        return Reason(code="REQ-NOT-FOUND")
    if expected is not None and before.version not in expected:
        return Reason(code="REQ-STALE")
    if before.status == "removed" or before.secret is None:
        return Reason(code="REQ-STATE", facts=(("state", "a client without a secret, or removed"),))
    secret, stored = made_secret(w)
    # 3. Record. 4. Answer.
    done = await _put(w, actor, sort, "secret", replace(before, version=before.version + 1, secret=stored), before)
    return done if isinstance(done, Reason) else (done, secret)


def made_secret(w: World) -> tuple[str, str]:
    """A random secret of 256 bits, and what is stored of it."""
    secret = opaque(w.entropy.random(_SECRET_BYTES))
    return secret, stored_id(secret)


def kept(row: Managed, before: Managed) -> Managed:
    """`row` with what no form says: its place in the row of versions, its state, whose installation it is."""
    after = replace(row, version=before.version + 1, status=before.status)
    if isinstance(after, Client) and isinstance(before, Client):
        return replace(after, parent=before.parent, owner=before.owner, created=before.created)
    return after


def forbidden(sort: Sort) -> Reason:
    """The refusal for who lacks the role; the same whether there is such a row or not."""
    return Reason(code="AUTH-NOT-YOURS", facts=(("roles", ", ".join(sort.writers)),))


def service_wide(sort: Sort) -> Reason:
    """The refusal for who administers one row and wants what concerns everybody."""
    return Reason(code="AUTH-NOT-YOURS", facts=(("roles", f"{', '.join(sort.writers)} in the scope service"),))


async def _put(
    w: World, actor: Actor, sort: Sort, verb: str, row: M, before: Managed | None, *with_it: Put
) -> M | Reason:
    about: Mapping[str, Value] = told(row, before)
    entry = w.entry(ENTRIES[sort.word, verb], w.clock.now(), actor.person, {**about, **actor.told()})
    try:
        await w.ledger.record(entry, Put(row), *with_it)
    except StaleError:  # somebody else was faster, between our look and our record
        return Reason(code="REQ-STALE")
    return row
