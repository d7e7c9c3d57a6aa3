"""Who may says something of somebody, corrects it, ends it; and a person accepts terms. Visas are minted from it.

A correction or an end reaches the visas that were minted before: they name the assertion and its version, and
that name is revoked in the same record.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from broker.core.audit.entry import Value
from broker.core.ids import Issuer, PersonId
from broker.core.outcome import Reason
from broker.core.passport.assertions import NO_ORGANIZATION, Stated, fault
from broker.core.passport.linked import is_name
from broker.core.passport.visa import AFFILIATION, TERMS, is_url, role_and_affiliation
from broker.core.plain import digest
from broker.core.rows import Assertion, CustomType, Identity, Put, Revocation, changed
from broker.core.rows.identity import identity_id
from broker.core.rows.revocation import revocation_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.administer import Actor
from broker.flows.visas import VISA_SECONDS
from broker.flows.world import Caller, World

ROLE = "issuer_admin"
TERMS_SECONDS = 366 * 86_400
"""Terms that a person accepted here hold for a year; then they are asked again."""
MOST_OF_ONE = 500
"""Live assertions about one identity: as many visas as a Passport carries."""
_SHA256 = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Of whom it is said, and on what ground."""

    iss: str
    sub: str
    evidence: str = ""


async def make(w: World, actor: Actor, about: About, said: Stated) -> Assertion | Reason:
    """A source says something. Steps: 1 gather, 2 decide who may and whether it can be said, 3 record, 4 answer."""
    async with w.alone.at("assertions", about.iss, about.sub):
        # 1. Gather.
        now, snapshot = w.clock.now(), w.snapshots.current()
        # 2. Decide.
        refused = _may(actor, said, snapshot) or await _about(w, actor, about) or fault(said, _custom(snapshot), now)
        if refused is not None:
            return refused
        if len(snapshot.assertions([(Issuer(about.iss), about.sub)], now)) >= MOST_OF_ONE:
            return _invalid(f"more than {MOST_OF_ONE} assertions about one identity")
        row = Assertion(
            id=w.new_id("asr", now),
            iss=Issuer(about.iss),
            sub=about.sub,
            evidence=about.evidence,
            entered_by=_name(actor),
            **_members(said),
        )
        # 3. Record.
        await w.ledger.record(w.entry("assertion.made", now, actor.person, _told(row, actor)), Put(row))
        # 4. Answer.
        return row


async def correct(
    w: World, actor: Actor, id: str, versions: Collection[int], changes: Mapping[str, Any]
) -> Assertion | Reason:
    """What was said was wrong: a new version takes its place. Steps: 1 gather, 2 decide, 3 record, 4 answer.

    `changes`: of value, by, asserted, ends, conditions, extra, evidence. Type, source and whom it is about stay:
    who is wrong about these ends the assertion and makes another. `versions`: those that the caller would change.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    row = snapshot.get(Assertion, id)
    # 2. Decide.
    if row is None or not may_see(actor, row):
        return Reason(code="REQ-NOT-FOUND")
    if row.version not in versions or row.ended is not None:
        return Reason(code="REQ-STALE")
    after = changed(row, **changes)
    about = About(iss=row.iss, sub=row.sub, evidence=after.evidence)
    refused = (
        _may(actor, after.said, snapshot) or await _about(w, actor, about) or fault(after.said, _custom(snapshot), now)
    )
    if refused is not None:
        return refused
    # 3. Record.
    entry = w.entry("assertion.changed", now, actor.person, _told(after, actor))
    await w.ledger.record(entry, Put(after), _revoked(w, f"{row.id}.{row.version}", now))
    # 4. Answer.
    return after


async def end(w: World, actor: Actor, id: str, versions: Collection[int]) -> Assertion | Reason:
    """It holds no longer. Steps: 1 gather, 2 decide, 3 record, 4 answer. Twice is once.

    Who speaks for its source may end it, and whom it is about may take back what they accepted themselves.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    row = snapshot.get(Assertion, id)
    # 2. Decide.
    own = row is not None and (row.by, row.source) == ("self", w.issuer) and await is_about(w, actor, row.iss, row.sub)
    if row is None or not (own or may_see(actor, row)):
        return Reason(code="REQ-NOT-FOUND")
    if row.ended is not None:
        return row
    if row.version not in versions:
        return Reason(code="REQ-STALE")
    # 3. Record.
    after = changed(row, ended=now)
    entry = w.entry("assertion.ended", now, actor.person, _told(after, actor))
    await w.ledger.record(entry, Put(after), _revoked(w, row.id, now))
    # 4. Answer.
    return after


async def accept_terms(w: World, caller: Caller, url: str, document: str) -> Assertion | Reason:
    """The person accepts the terms at `url`. Steps: 1 gather, 2 decide, 3 record, 4 answer.

    `document`: the SHA-256 of the text that they were shown. The same text twice is once; a new text, or an
    acceptance that is about to end, is a new acceptance.
    """
    async with w.alone.at("assertions", w.issuer, str(caller.person.id)):
        # 1. Gather.
        now, snapshot = w.clock.now(), w.snapshots.current()
        if caller.person.subject is not None:
            return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "researcher"),))
        # 2. Decide.
        about = About(iss=w.issuer, sub=caller.person.id, evidence=document)
        said = Stated(
            type=TERMS, value=url, source=w.issuer, by="self", asserted=now, ends=Seconds(now + TERMS_SECONDS)
        )
        refused = _evidence(about) or (None if is_url(url) else _invalid("url: not a URL of 255 characters at most"))
        if refused is not None:
            return refused
        before = snapshot.assertions([(w.issuer, str(caller.person.id))], now)
        for row in before:
            if (row.type, row.value, row.by, row.evidence) == (TERMS, url, "self", document) and _lasts(row, now):
                return row
        if len(before) >= MOST_OF_ONE:
            return _invalid(f"more than {MOST_OF_ONE} assertions about one identity")
        row = Assertion(
            id=w.new_id("asr", now),
            iss=w.issuer,
            sub=str(caller.person.id),
            evidence=document,
            entered_by=caller.person.id,
            **_members(said),
        )
        # 3. Record.
        await w.ledger.record(w.entry("terms.accepted", now, caller.person, _told(row, None)), Put(row))
        # 4. Answer.
        return row


def may_see(actor: Actor, row: Assertion) -> bool:
    """Does the actor administer its source?"""
    return _holds(actor, f"source:{row.source}")


async def is_about(w: World, actor: Actor, iss: str, sub: str) -> bool:
    """Is (`iss`, `sub`) an identity of the actor, whether they signed in with it or not?"""
    if actor.person is None:
        return False
    known = await w.rows.get(Identity, identity_id(Issuer(iss), sub))
    return (iss, sub) == (w.issuer, actor.person.id) or (known is not None and known.person == actor.person.id)


async def _is_their_own(w: World, actor: Actor, about: About) -> bool:
    """Is it the actor, or anybody who was ever shown to be the same human being?"""
    if actor.person is None:
        return False
    persons = w.snapshots.current().ever_linked(actor.person.id)
    known = await w.rows.get(Identity, identity_id(Issuer(about.iss), about.sub))
    ours = about.iss == w.issuer and about.sub in persons
    return ours or (known is not None and known.person in persons)


def _holds(actor: Actor, scope: str) -> bool:
    live = (role for role in actor.roles if role.status == "active" and role.role == ROLE)
    return actor.operator or any(role.scope in (scope, "service") for role in live)


def _name(actor: Actor) -> PersonId:
    """Who entered it: a person; a service or an operator is named in the record only."""
    return actor.person.id if actor.person is not None else PersonId("")


def _lasts(row: Assertion, now: Seconds) -> bool:
    return row.ends - now > TERMS_SECONDS // 2


def _may(actor: Actor, said: Stated, snapshot: Snapshot) -> Reason | None:
    """Only who administers a source speaks for it; of an organisation's people, only who administers it too."""
    if not _holds(actor, f"source:{said.source}"):
        return _not_yours(f"{ROLE} of {said.source}")
    if said.type != AFFILIATION:
        return None
    _, affiliation = role_and_affiliation(said.value)
    known = snapshot.organisations([affiliation])
    if affiliation == NO_ORGANIZATION or any(_holds(actor, f"organisation:{one.id}") for one in known):
        return None
    return _not_yours(f"{ROLE} of the organisation {affiliation}")


async def _about(w: World, actor: Actor, about: About) -> Reason | None:
    if await _is_their_own(w, actor, about):
        return Reason(code="REQ-OWN-ASSERTION")
    if not is_url(about.iss) or not is_name(about.sub):
        return _invalid("about: an `iss` and a `sub` of 255 characters at most")
    return _evidence(about)


def _evidence(about: About) -> Reason | None:
    digits = set(about.evidence) <= set("0123456789abcdef")
    return None if not about.evidence or (len(about.evidence) == _SHA256 and digits) else _invalid("not a SHA-256")


def _custom(snapshot: Snapshot) -> tuple[Any, ...]:
    return tuple(row.rule for row in snapshot.all(CustomType))


def _members(said: Stated) -> dict[str, Any]:
    names = ("type", "value", "source", "by", "asserted", "ends", "conditions")
    return {name: getattr(said, name) for name in names} | {"extra": said.extra or {}}


def _revoked(w: World, name: str, now: Seconds) -> Put:
    """Visas that were minted from it count no longer; each of them ends within a day by itself."""
    return Put(Revocation(id=revocation_id("visa", f"{w.issuer} {name}"), since=now, until=Seconds(now + VISA_SECONDS)))


def _told(row: Assertion, actor: Actor | None) -> dict[str, Value]:
    """What the entry says: never whom it is about, nor an affiliation."""
    shown = replace(row, iss=Issuer(""), sub="")
    told: dict[str, Value] = {"assertion": row.id, "version": row.version, "type": row.type, "source": row.source}
    return told | {"said": digest(shown)} | (actor.told() if actor is not None else {})


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))


def _not_yours(roles: str) -> Reason:
    return Reason(code="AUTH-NOT-YOURS", facts=(("roles", roles),))
