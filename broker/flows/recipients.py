"""People register the Crypt4GH keys for which data may be encrypted for them, and remove them.

Whoever registers a key shows that they can read with it: they get a small file that is encrypted for it, and answer
with what stands in there. Otherwise somebody could have data sent that they cannot open, or bind another's key to
their name.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace

from broker.core.crypt4gh.public_keys import PublicKeyError, fingerprint, read
from broker.core.ids import PersonId
from broker.core.outcome import Reason
from broker.core.rows import Put, RecipientKey, Revocation, changed
from broker.core.rows.revocation import revocation_id
from broker.core.time import Seconds
from broker.flows.world import Caller, World
from broker.ports.envelopes import Envelopes

MAX_KEYS = 10
"""Live keys of one person."""
CHALLENGE_SECONDS = 3600
_KIND = "recipient_key"
_CODE_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What has to be read to show that a key is one's own. `file`: a Crypt4GH file with the answer in it."""

    id: str
    file: bytes
    ends: Seconds


async def keys_of(w: World, person: PersonId) -> tuple[RecipientKey, ...]:
    """The live keys of a person, the oldest first."""
    return tuple([row async for row in w.rows.find(RecipientKey, "person", person) if row.removed is None])


async def begin(w: World, envelopes: Envelopes, caller: Caller, text: str, name: str) -> Challenge | Reason:
    """Somebody names a key. Nothing counts yet: what they have to answer is kept for an hour, for one try."""
    now, live = w.clock.now(), await keys_of(w, caller.person.id)
    try:
        key = read(text)
    except PublicKeyError as wrong:
        return Reason(code="REQ-RECIPIENT-KEY", facts=(("problem", str(wrong)),))
    no = _refused(key.hex(), live)
    if no is not None:
        return no
    id, code, ends = w.new_id("rck", now), w.entropy.random(_CODE_BYTES).hex(), Seconds(now + CHALLENGE_SECONDS)
    waiting = {"person": caller.person.id, "public": key.hex(), "name": name, "answer": _digest(code)}
    await w.scratch.put(_KIND, id, waiting, ends)
    return Challenge(id=id, file=envelopes.note(code.encode(), key), ends=ends)


async def confirm(w: World, caller: Caller, id: str, answer: str) -> RecipientKey | Reason:
    """They answer. Steps: 1 gather, 2 decide whether it is theirs, 3 record, 4 hand over the key's row."""
    # 1. Gather.
    now = w.clock.now()
    waiting = await w.scratch.take(_KIND, id, now)
    # 2. Decide. Who takes somebody else's challenge away gains nothing; its owner begins again.
    if waiting is None or waiting["person"] != caller.person.id or waiting["answer"] != _digest(answer.strip()):
        return Reason(code="REQ-RECIPIENT-PROOF")
    public = str(waiting["public"])
    no = _refused(public, await keys_of(w, caller.person.id))
    if no is not None:
        return no
    row = RecipientKey(id=id, person=caller.person.id, public=public, name=str(waiting["name"]), made=now)
    # 3. Record.
    await w.ledger.record(w.entry("recipient.registered", now, caller.person, _told(row)), Put(row))
    # 4. Hand over.
    return row


async def remove(w: World, caller: Caller, id: str) -> Reason | None:
    """The key counts no longer, and what was encrypted for it and is still running ends now. Twice is once.

    Steps: 1 gather, 2 decide, 3 record. Somebody else's key is one that does not exist.
    """
    # 1. Gather.
    now, row = w.clock.now(), await w.rows.get(RecipientKey, id)
    # 2. Decide.
    if row is None or row.person != caller.person.id:
        return Reason(code="REQ-NOT-FOUND")
    if row.removed is not None:
        return None
    ended = Revocation(id=revocation_id("key", row.id), since=now, ground="its owner removed it")
    # 3. Record.
    entry = w.entry("recipient.removed", now, caller.person, _told(row))
    await w.ledger.record(entry, Put(changed(row, removed=now)), Put(ended))
    return None


async def to_read_sealed(w: World, caller: Caller) -> Caller | Reason:
    """The caller, who asks for bytes that are encrypted for their newest key: they end when it is removed."""
    live = await keys_of(w, caller.person.id)
    if not live:
        return Reason(code="REQ-RECIPIENT-NONE")
    newest = max(live, key=lambda row: (row.made, row.id))
    return replace(caller, recipient=newest.id, rests_on=(*caller.rests_on, revocation_id("key", newest.id)))


def _refused(public: str, live: Collection[RecipientKey]) -> Reason | None:
    """Why one more key cannot be theirs. Asked before the challenge and after it: several may run at once."""
    problem = f"you have {MAX_KEYS}; remove one first" if len(live) >= MAX_KEYS else None
    if any(one.public == public for one in live):
        problem = "it is registered already"
    return None if problem is None else Reason(code="REQ-RECIPIENT-KEY", facts=(("problem", problem),))


def _told(row: RecipientKey) -> dict[str, str]:
    return {"recipient": row.id, "key": fingerprint(bytes.fromhex(row.public))}


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
