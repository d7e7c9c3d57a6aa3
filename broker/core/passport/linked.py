"""Which identities are one person? (Passport 1.2.1 "LinkedIdentities")

A link says that its visa's (`iss`, `sub`) and every pair that it lists are the same person. What is asked is
never "are all these one", but "does a chain of trusted links lead from the caller to this one", and how long
does that chain hold.
"""

import heapq
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar
from urllib.parse import quote, unquote

from broker.core.passport import limits
from broker.core.time import FOREVER, Seconds

Identity = tuple[str, str]
"""(`iss`, `sub`). The pair is compared byte by byte, never one half of it, never normalised."""

_ENCODED = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+=]|%[0-9A-Fa-f]{2})+")
"""URI characters without the separators `,` and `;`. Encoders differ in what else they escape."""

L = TypeVar("L")


def read_pairs(value: str) -> tuple[Identity, ...] | None:
    """The pairs that `<sub>,<iss>;<sub>,<iss>…` lists, decoded; None if any entry is malformed.

    One bad entry refuses the whole: who wrote it meant something that we cannot read.
    """
    pairs = tuple(_pair(entry) for entry in value.split(";"))
    return None if None in pairs else tuple(pair for pair in pairs if pair is not None)


def linked_value(identities: Iterable[Identity]) -> str:
    """The value that `read_pairs` reads: each half percent-encoded whole, so that no separator is in one."""
    return ";".join(f"{quote(sub, safe='')},{quote(iss, safe='')}" for iss, sub in identities)


def _pair(entry: str) -> Identity | None:
    halves = entry.split(",")
    if len(halves) != len(("sub", "iss")) or not all(_ENCODED.fullmatch(half) for half in halves):
        return None
    sub, iss = (_decoded(half) for half in halves)
    return (iss, sub) if iss and sub else None


def _decoded(half: str) -> str | None:
    try:
        text = unquote(half, errors="strict")
    except UnicodeDecodeError:
        return None
    return text if is_name(text) else None


def is_name(text: str) -> bool:
    """Can `text` be an `iss`, a `sub` or another name? Not empty, not long, nothing invisible but blanks.

    No control, bidirectional or surrogate character: names are compared by machines and read by people.
    """
    return 0 < len(text) <= limits.TEXT and text.isprintable()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Generic[L]):
    """One trusted statement that `members` are one person, good until `ends`; `by` is who said so."""

    members: frozenset[Identity]
    ends: Seconds
    by: L


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach(Generic[L]):
    """How the caller is known to be this identity: until when, by which link, from which identity before it."""

    ends: Seconds = FOREVER
    link: L | None = None
    before: "Reach[L] | None" = None

    def chain(self) -> tuple[L, ...]:
        """The links that lead here, the last one first; empty where none was needed."""
        found: list[L] = []
        step: Reach[L] | None = self
        while step is not None and step.link is not None:
            found.append(step.link)
            step = step.before
        return tuple(found)


def reach(start: Iterable[Identity], links: Iterable[Link[L]]) -> Mapping[Identity, Reach[L]]:
    """Every identity that is the caller's, each by the chain that holds longest.

    `start`: who the caller is known to be without any link. A widest path with a heap: no recursion, so that
    neither a chain of a thousand links nor a ring of them costs more than its length.
    """
    here: Reach[L] = Reach()
    found: dict[Identity, Reach[L]] = {}
    touching: dict[Identity, list[Link[L]]] = {}
    for link in links:
        for member in link.members:
            touching.setdefault(member, []).append(link)
    if not touching:
        return dict.fromkeys(start, here)
    number = count()
    waiting = [(-FOREVER, next(number), identity, here) for identity in sorted(start)]
    while waiting:
        _, _, identity, here = heapq.heappop(waiting)
        if identity in found:
            continue
        found[identity] = here
        for link in touching.pop(identity, ()):
            step = Reach(ends=min(here.ends, link.ends), link=link.by, before=here)
            for member in sorted(link.members - found.keys()):
                heapq.heappush(waiting, (-step.ends, next(number), member, step))
    return found
