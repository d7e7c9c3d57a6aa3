"""Keys appeared in the folder, or are there no more: recorded before one of them signs, or counts for nothing.

Whoever can write to the folder and knows the passphrase can add a key; what they did is on record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.core.audit.entry import Value
from broker.core.oidc.key_life import PREPUBLISH
from broker.core.rows import Put, SigningKey, changed
from broker.core.time import Seconds
from broker.flows.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """A key in the folder. `urgent`: it signs at once, because the one before it is in other hands."""

    kid: str
    use: str
    made: Seconds
    urgent: bool = False


async def note_keys(w: World, found: Iterable[FoundKey]) -> Mapping[str, Seconds]:
    """When each key signs, by `kid`; one that was taken away before is not among them.

    Steps: 1 gather, 2 decide, 3 record. Keys of a use that the record does not know at all have signed since they
    were made: those of a new broker, or of one older than this record.
    """
    # 1. Gather.
    now, keys = w.clock.now(), {key.kid: key for key in found}
    known = {row.id: row async for row in w.rows.scan(SigningKey)}
    uses = {row.use for row in known.values()}
    # 2. Decide, 3. record.
    for key in sorted(keys.values(), key=lambda key: (key.made, key.kid)):
        if key.kid not in known:
            first = key.use not in uses
            begins = key.made if first else now if key.urgent else Seconds(now + PREPUBLISH)
            row = SigningKey(id=key.kid, use=key.use, made=key.made, begins=begins)
            await _record(w, "key.made" if first else "key.rotated", row, now)
            known[key.kid] = row
    for row in [one for one in known.values() if one.id not in keys and one.ended is None]:
        await _record(w, "key.revoked", changed(row, ended=now), now)
    return {kid: known[kid].begins for kid in keys if known[kid].ended is None}


async def _record(w: World, kind: str, row: SigningKey, now: Seconds) -> None:
    about: dict[str, Value] = {"use": row.use, "key": row.id, "from": row.begins}
    await w.ledger.record(w.entry(kind, now, None, about), Put(row))
