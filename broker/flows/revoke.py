"""Somebody who may ends a right before its time: a grant, a session, a person's access, a key, an issuer."""

import re
from collections.abc import Mapping

from broker.core.access.grants import GrantCommand
from broker.core.ids import GrantId, PersonId, is_made_id
from broker.core.outcome import Reason
from broker.core.passport.keys import THUMBPRINT, named, thumbprint
from broker.core.rows import Put, Revocation, Session
from broker.core.rows.revocation import What, revocation_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.grants.end import stop
from broker.flows.sign_out import farewells, live_sessions
from broker.flows.world import Caller, World

_SHA256 = "[0-9a-f]{64}"
_NOT_THEIRS = frozenset({"REQ-NOT-FOUND", "REQ-OWN", "REQ-NOT-YOUR-PART"})
_NAMES: Mapping[str, re.Pattern[str]] = {"visa": re.compile(f"{_SHA256}|[^ ]+ .+"), "key": re.compile(THUMBPRINT)}
"""By what a visa and a key are known (core/passport/counts.py): `<iss> <jti>` or the digest; the thumbprint."""


async def revoke(w: World, caller: Caller, what: What, value: str, ground: str) -> Revocation | Reason:
    """End `what`:`value` now. Steps: 1 gather, 2 decide who may, 3 record, 4 answer. Twice is once.

    A key is named by its thumbprint; one of our own also by its `kid`.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    # 2. Decide.
    if what == "grant":
        return await _revoke_grant(w, caller, GrantId(value), ground)
    if not caller.has_role("admin", "service"):
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "admin"),))
    value = f"{w.issuer} {value}" if what == "visa" and is_made_id(value, "vis") else value
    own = named(snapshot.own.keys, value) if what == "key" else None
    value = thumbprint(own) if own is not None else value
    if what in _NAMES and not _NAMES[what].fullmatch(value):
        return Reason(code="REQ-INVALID", facts=(("problem", f"value: names no {what}, so nothing would end"),))
    before = snapshot.get(Revocation, revocation_id(what, value))
    if before is not None:
        return before
    row = Revocation(id=revocation_id(what, value), since=now, ground=ground)
    told = await _told(w, what, value, snapshot, now)
    # 3. Record.
    entry = w.entry("revocation.made", now, caller.person, {"what": what, "value": value})
    await w.ledger.record(entry, Put(row), *told)
    # 4. Answer.
    return row


async def _told(w: World, what: What, value: str, snapshot: Snapshot, now: Seconds) -> tuple[Put, ...]:
    """What will tell clients that a session of theirs has ended with this."""
    session = await w.rows.get(Session, value) if what == "session" else None
    ended = [session] if session is not None and session.ended is None else []
    if what == "person":
        persons = sorted(snapshot.ever_linked(PersonId(value)))
        ended = [one for person in persons async for one in live_sessions(w, person, now)]
    return tuple([put for one in ended for put in await farewells(w, one, now)])


async def _revoke_grant(w: World, caller: Caller, id: GrantId, ground: str) -> Revocation | Reason:
    """As flows/grants/end.py does it; here twice is once, and who may not see it hears what everybody hears."""
    before = w.snapshots.current().get(Revocation, revocation_id("grant", id))
    made = await stop(w, caller, id, GrantCommand.REVOKE, ground)
    if not isinstance(made, Reason):
        return made
    if made.code == "REQ-STATE" and before is not None and not before.pausing:
        return before
    if made.code in _NOT_THEIRS and not caller.has_role("admin", "service"):
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "admin, or the grant's committee"),))
    return made
