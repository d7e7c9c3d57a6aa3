"""Which versions of a policy pack were ever in force, what did they say, and who decided that? Read only (WHO 2024,
3.5-1, 3.7).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.core.consultations import settled
from broker.core.documents import read_pack
from broker.core.jurisdiction.pack import Pack
from broker.core.rows import Consultation, Document, PackProposal
from broker.core.rows.documents import document_id
from broker.core.time import Seconds
from broker.flows.put_in_force import kept_text
from broker.flows.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version. `digest`: SHA-256 of its text in canonical JSON. `since`: None: kept before that was noted."""

    version: str
    digest: str
    since: Seconds | None
    made: PackProposal | None = None
    """How people put it in force; None: the operator did, at the machine."""
    asked: Consultation | None = None
    """In which people were asked about it, and a person closed."""


async def releases(w: World, pack: str) -> tuple[Release, ...]:
    """Every version of a pack that was ever in force, the newest first."""
    kept = [row async for row in w.rows.find(Document, "name", pack) if row.what == "pack" and row.part == 0]
    rows = [row async for row in w.rows.find(PackProposal, "pack", pack) if row.state == "activated"]
    asked = [row async for row in w.rows.find(Consultation, "pack", pack)]
    made = {row.release: row for row in rows}
    found = [_release(row, made.get(row.release), asked) for row in kept]
    return tuple(sorted(found, key=lambda one: (one.since or 0, one.version), reverse=True))


def _release(row: Document, made: PackProposal | None, asked: Sequence[Consultation]) -> Release:
    about = settled(made, asked) if made is not None else None
    return Release(version=row.release, digest=row.digest, since=row.since, made=made, asked=about)


async def pack_of(w: World, pack: str, version: str) -> Pack | None:
    """A pack as it stood in a version that was in force once. None: it never was, or cannot be read any more."""
    first = await w.rows.get(Document, document_id("pack", pack, version))
    if first is None:
        return None
    try:
        return read_pack(await kept_text(w, first))
    except ValueError:
        return None
