"""Texts by which decisions are made, kept for ever: policy packs, ontologies, and which of them are in force.

A text is stored once under what it is, its name and its release, and never again with another content: the same
release always says the same.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.time import Seconds

What = Literal["pack", "rules", "ontology", "own"]
"""`rules`: which packs are in force together, and in which mode; `own`: our own trust row, with our public keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text, or one part of a long one. `id` is `document_id(…)`; version 1 is the only one there ever is.

    `digest`: SHA-256 of the whole text. `body`: this part of the compressed text (zlib), in base64.
    """

    KIND: ClassVar[str] = "document"
    id: str
    version: int = 1
    what: What
    name: str
    release: str
    digest: str
    part: int = 0
    parts: int = 1
    body: str
    since: Seconds | None = None
    """When it was kept, and so came into force first. None: before that was noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Which document of a sort is in force since when. `id` is the sort."""

    KIND: ClassVar[str] = "in_force"
    id: What
    version: int = 1
    document: str
    """The Document's id."""
    since: Seconds


def document_id(what: What, name: str, release: str, part: int = 0) -> str:
    """Under which id a part of a text is stored."""
    return f"{what}:{name}@{release}" + (f"#{part}" if part else "")
