"""Search in the catalogue: by words, by permitted use, without a condition, by how it is opened."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from broker.core.duo.named import word_of
from broker.core.duo.vocabulary import ENTRIES, TermKind
from broker.core.rows import Dataset
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.request_access import may_know
from broker.flows.world import Caller
from broker.web.state import BROKER

ACCESS = ("open", "registered", "controlled")
LONGEST = 200
"""Characters that are searched for."""
_MOST_WORDS = 8
_PAGES = 7
"""Digits of a place in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for. `code`: a permission or none; `without`: a condition that must not be there, or none."""

    words: tuple[str, ...]
    code: str = ""
    without: str = ""
    access: str = ""


def asked(request: web.Request) -> Search:
    """The search that an address asks for; what is no word of ours is left out."""
    said = request.query
    return Search(
        words=words(said.get("q", "")),
        code=_one_of(said.get("code", ""), TermKind.PERMISSION),
        without=_one_of(said.get("without", ""), TermKind.MODIFIER),
        access=said.get("access", "") if said.get("access") in ACCESS else "",
    )


def words(text: str) -> tuple[str, ...]:
    """What is searched for."""
    return tuple(text[:LONGEST].casefold().split()[:_MOST_WORDS])


def place(request: web.Request) -> int:
    """From which place in the list on."""
    text = request.query.get("from", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < _PAGES else 0


def found(request: web.Request, who: Caller | None, wanted: Search) -> list[Dataset]:
    """The datasets that fit, in order of id; hidden ones only for whom a grant names."""
    broker = request.app[BROKER]
    snapshot, now = broker.snapshots.current(), broker.world.clock.now()
    fits = broker.searched.with_words(snapshot, wanted.words)
    if wanted.code:
        fits = [one for one in fits if wanted.code in one.codes]
    if wanted.without:
        fits = [one for one in fits if wanted.without not in one.codes]
    if wanted.access:
        fits = [one for one in fits if one.row.access == wanted.access]
    return _known((one.row for one in fits), who, snapshot, now)


def called(request: web.Request, who: Caller | None, name: str) -> list[Dataset]:
    """The datasets whose whole title or id this is, as far as who asks may know of them."""
    broker = request.app[BROKER]
    snapshot = broker.snapshots.current()
    return _known(broker.searched.called(snapshot, name), who, snapshot, broker.world.clock.now())


def _known(rows: Iterable[Dataset], who: Caller | None, snapshot: Snapshot, now: Seconds) -> list[Dataset]:
    return [
        row for row in rows if row.existence == "listed" or (who is not None and may_know(who, row.id, snapshot, now))
    ]


def every(request: web.Request, wanted: Search) -> list[Dataset]:
    """The datasets whose text has the words, hidden ones too: for who administers them."""
    broker = request.app[BROKER]
    return [one.row for one in broker.searched.with_words(broker.snapshots.current(), wanted.words)]


def choices() -> dict[str, Any]:
    """What a form of the search offers: code and the key of its word."""
    return {
        "codes": [(one.code, word_of(one)) for one in ENTRIES.values() if one.kind is TermKind.PERMISSION],
        "conditions": [(one.code, word_of(one)) for one in ENTRIES.values() if one.kind is TermKind.MODIFIER],
        "ways_in": ACCESS,
    }


def _one_of(code: str, kind: TermKind) -> str:
    return code if code in ENTRIES and ENTRIES[code].kind is kind else ""
