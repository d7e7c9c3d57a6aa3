"""What did the texts say by which a decision was made? Packs, the set in force, the ontology, our own trust row.

A decision names the set, the ontology and the trust row (`Standing`), and the set names its packs: few characters in
each trace, and every text is kept once. What is kept of a pack is its content in canonical JSON, of an ontology the
file as it was.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from broker.core.duo.ontology import Ontology
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.rulebook import Mode, Rulebook
from broker.core.passport.trust import TrustRow
from broker.core.plain import canonical, digest
from broker.core.rows import Document
from broker.core.rows.documents import What, document_id
from broker.core.typed import typed

PART_BYTES = 4 * 1024 * 1024
"""Compressed bytes in one row: in base64, and with the rest, below the limit of a row."""
RULES, DISEASES, OURSELVES = "rules", "diseases", "ourselves"
"""Names of texts of which there is one sort only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text that may have to be kept. `read`: its bytes, asked for only if it is not kept yet."""

    what: What
    name: str
    release: str
    read: Callable[[], bytes]

    @property
    def id(self) -> str:
        """The id of its first row."""
        return document_id(self.what, self.name, self.release)


@dataclass(frozen=True, slots=True)
class Standing:
    """On which texts a picture of the world stands: the releases of the set of packs, the ontology, our trust row."""

    rules: str
    ontology: str
    own: str

    def ids(self) -> tuple[str, str, str]:
        """Under which ids these texts are kept."""
        return (
            document_id("rules", RULES, self.rules),
            document_id("ontology", DISEASES, self.ontology),
            document_id("own", OURSELVES, self.own),
        )


def standing(ontology: Ontology, rulebook: Rulebook, own: TrustRow) -> Standing:
    """What a picture with these stands on."""
    return Standing(rules_text(rulebook).release, ontology.version, digest(own))


def rules_text(rulebook: Rulebook) -> Text:
    """Which packs are in force together, by id and version, and in which mode."""
    versions = [[pack.id, pack.version] for _, pack in sorted(rulebook.packs.items())]
    said = canonical({"mode": rulebook.mode, "packs": versions})
    return Text(what="rules", name=RULES, release=sha256(said).hexdigest(), read=lambda: said)


def pack_text(pack: Pack) -> Text:
    """One pack."""
    return Text(what="pack", name=pack.id, release=pack.version, read=lambda: canonical(pack))


def ontology_text(ontology: Ontology, read: Callable[[], bytes]) -> Text:
    """The file that `ontology` was made of."""
    return Text(what="ontology", name=DISEASES, release=ontology.version, read=read)


def own_text(own: TrustRow) -> Text:
    """Our own trust row, public keys included: visas of ours were judged by it."""
    return Text(what="own", name=OURSELVES, release=digest(own), read=lambda: canonical(own))


def rows_of(text: Text) -> tuple[Document, ...]:
    """The rows that keep a text."""
    said = text.read()
    packed = zlib.compress(said, 9)
    pieces = [packed[at : at + PART_BYTES] for at in range(0, len(packed), PART_BYTES)]
    return tuple(
        Document(
            id=document_id(text.what, text.name, text.release, part),
            what=text.what,
            name=text.name,
            release=text.release,
            digest=sha256(said).hexdigest(),
            part=part,
            parts=len(pieces),
            body=b64encode(piece).decode(),
        )
        for part, piece in enumerate(pieces)
    )


def text_of(rows: Sequence[Document]) -> bytes:
    """The text that these rows keep, in order of their parts. ValueError if it is not the one that was kept."""
    try:
        said = zlib.decompress(b"".join(b64decode(row.body, validate=True) for row in rows))
    except zlib.error as wrong:
        raise ValueError(f"{rows[0].id}: {wrong}") from None
    if sha256(said).hexdigest() != rows[0].digest or [row.part for row in rows] != list(range(rows[0].parts)):
        raise ValueError(f"{rows[0].id}: not the text that was kept")
    return said


def read_pack(said: bytes) -> Pack:
    """The pack of a kept text. ValueError for one that this program cannot read any more."""
    return typed(Pack, json.loads(said))


def read_own(said: bytes) -> TrustRow:
    """Our trust row of a kept text. ValueError as above."""
    return typed(TrustRow, json.loads(said))


def read_rules(said: bytes) -> tuple[Mode, tuple[tuple[str, str], ...]]:
    """Mode, and (id, version) of the packs of a set. ValueError as above."""
    found = typed(_Rules, json.loads(said))
    return found.mode, found.packs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    mode: Mode
    packs: tuple[tuple[str, str], ...]
