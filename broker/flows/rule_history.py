"""Which versions of a policy pack were ever in force, and what did they say? Read only (WHO 2024, 3.7)."""

from dataclasses import dataclass

from broker.core.documents import read_pack
from broker.core.jurisdiction.pack import Pack
from broker.core.rows import Document
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


async def releases(w: World, pack: str) -> tuple[Release, ...]:
    """Every version of a pack that was ever in force, the newest first."""
    kept = [row async for row in w.rows.find(Document, "name", pack) if row.what == "pack" and row.part == 0]
    found = [Release(version=row.release, digest=row.digest, since=row.since) for row in kept]
    return tuple(sorted(found, key=lambda one: (one.since or 0, one.version), reverse=True))


async def pack_of(w: World, pack: str, version: str) -> Pack | None:
    """A pack as it stood in a version that was in force once. None: it never was, or cannot be read any more."""
    first = await w.rows.get(Document, document_id("pack", pack, version))
    if first is None:
        return None
    try:
        return read_pack(await kept_text(w, first))
    except ValueError:
        return None
