"""Somebody else signs our checkpoints: from then on even we cannot tell two people two histories (tlog-witness).

What a witness signed may be lost without anybody losing a right, so it is kept in scratch, the newest of each.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from broker.core.audit.note import NoteError, Verify
from broker.core.audit.witness import Cosigned, Witness, asked, lines_of, other_size
from broker.core.time import Seconds
from broker.ports import Scratch, UpstreamError
from broker.ports.log import AuditReads, PublishedHead
from broker.ports.witnesses import WitnessDoor

_KIND = "cosignature"
_KEPT = 400 * 86_400
"""Seconds: until the next year's log has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What asking needs from the world."""

    scratch: Scratch
    audit: AuditReads
    door: WitnessDoor
    verify: Verify


async def ask_witness(a: Asking, witness: Witness, now: Seconds) -> Cosigned | str:
    """What the witness has signed, now or before; or why it has not. Steps: 1 gather, 2 decide, 3 act, 4 keep."""
    # 1. Gather.
    origin, published = a.audit.origin, await a.audit.published()
    before = await _before(a.scratch, witness, origin, now)
    # 2. Decide: nothing new, nothing to ask.
    if before is not None and before.size == published.size:
        return before
    # 3. Act.
    try:
        lines = await _signed(a, witness, published, before.size if before is not None else 0)
    except (UpstreamError, NoteError) as wrong:
        return str(wrong)
    # 4. Keep.
    done = Cosigned(size=published.size, note=published.note.decode(), lines=lines, at=now)
    await a.scratch.put(_KIND, _id(witness, origin), asdict(done), Seconds(now + _KEPT))
    return done


async def cosigned(scratch: Scratch, witnesses: Sequence[Witness], origin: str, now: Seconds) -> tuple[Cosigned, ...]:
    """The newest checkpoint of the log `origin` that each witness has signed, the largest first."""
    found = [await _before(scratch, witness, origin, now) for witness in witnesses]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.size, reverse=True))


async def _signed(a: Asking, witness: Witness, published: PublishedHead, old: int) -> str:
    """The witness's lines. It may know another checkpoint than we think: then it says which, and is asked once more."""
    for _ in range(2):
        proof = await a.audit.consistency(old, published.size) if 0 < old < published.size else ()
        status, body = await a.door.add_checkpoint(witness.url, asked(old, proof or (), published.note))
        said = other_size(status, body)
        if said is None or said == old:
            return lines_of(status, body, published.note, witness, a.verify)
        if said > published.size:
            raise NoteError(f"it has signed a checkpoint of {said} entries, and here are {published.size}: another log")
        old = said
    raise NoteError("it says each time that it has signed another checkpoint")


async def _before(scratch: Scratch, witness: Witness, origin: str, now: Seconds) -> Cosigned | None:
    kept = await scratch.get(_KIND, _id(witness, origin), now)
    return Cosigned(**kept) if kept is not None else None


def _id(witness: Witness, origin: str) -> str:
    return f"{witness.key.id.hex()} {origin} {witness.key.name}"[:512]
