"""What is a bundle, all in all: its size, its checksums, and what is in it? (DRS 1.5.0, `contents`)

A bundle has no bytes. Its size is the sum of its members'; a checksum is the hash of the members' hexadecimal
checksums of that kind, sorted and joined. Who may not know of a member gets the bundle that it is without that one.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

MOST_CONTENTS = 10_000
"""Entries of a bundle with everything that is nested in it."""
DEEPEST = 16
"""Bundles within bundles, the outermost included."""

HASHES: Mapping[str, Callable[..., Any]] = {
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
    "sha3-224": hashlib.sha3_224,
    "sha3-256": hashlib.sha3_256,
    "sha3-384": hashlib.sha3_384,
    "sha3-512": hashlib.sha3_512,
    "blake2s-256": hashlib.blake2s,
    "blake2b-256": partial(hashlib.blake2b, digest_size=32),
    "blake2b-512": hashlib.blake2b,
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
}
"""The kinds of checksum (objects.HEX_DIGITS) that can be worked out here."""


class UnboundedError(ValueError):
    """A bundle that is in itself, or that has no end worth telling. The text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One object: a file, or a bundle of `members` (name, id). Of a bundle `size` and `checksums` mean nothing."""

    size: int = 0
    checksums: Mapping[str, str]
    members: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An object with all that is in it. `count`: entries below it; `depth`: 0 for a file."""

    id: str
    size: int
    checksums: Mapping[str, str]
    members: tuple[tuple[str, "Whole"], ...] = ()
    count: int = 0
    depth: int = 0


Look = Callable[[str], Node | None]
"""An object by its id; None: there is none, as far as the asker may know."""


def whole(id: str, look: Look) -> Whole | None:
    """The object with all that is in it. None: there is none, or nothing in it that may be shown.

    UnboundedError for one in itself, nested deeper than DEEPEST, or with more than MOST_CONTENTS entries.
    """
    return _whole(id, look, {}, ())


def _whole(id: str, look: Look, known: dict[str, Whole | None], above: tuple[str, ...]) -> Whole | None:
    if id in above:
        raise UnboundedError(f"{id}: contains itself ({' > '.join((*above[above.index(id) :], id))})")
    if id in known:
        return known[id]
    node = look(id)
    if node is None or not node.members:
        known[id] = None if node is None else Whole(id=id, size=node.size, checksums=node.checksums)
        return known[id]
    if len(above) == DEEPEST:
        raise UnboundedError(f"{above[0]}: bundles nested more than {DEEPEST} deep")
    found = ((name, _whole(inner, look, known, (*above, id))) for name, inner in node.members)
    members = tuple((name, member) for name, member in found if member is not None)
    known[id] = _summed(id, members) if members else None
    return known[id]


def _summed(id: str, members: tuple[tuple[str, Whole], ...]) -> Whole:
    count = sum(1 + member.count for _, member in members)
    depth = 1 + max(member.depth for _, member in members)
    if count > MOST_CONTENTS:
        raise UnboundedError(f"{id}: more than {MOST_CONTENTS} entries in all")
    if depth > DEEPEST:  # what is known already was reached by a shorter way
        raise UnboundedError(f"{id}: bundles nested more than {DEEPEST} deep")
    wholes = [member for _, member in members]
    return Whole(
        id=id,
        size=sum(member.size for member in wholes),
        checksums=combined([member.checksums for member in wholes]),
        members=members,
        count=count,
        depth=depth,
    )


def combined(checksums: list[Mapping[str, str]]) -> dict[str, str]:
    """The checksums of a bundle from its direct members': of every kind that all of them have and we can make."""
    kinds = [kind for kind in HASHES if all(kind in each for each in checksums)]
    return {kind: hashed(kind, "".join(sorted(each[kind] for each in checksums)).encode()) for kind in kinds}


def hashed(kind: str, content: bytes) -> str:
    """The checksum of this kind, hexadecimal. KeyError for a kind that cannot be worked out here."""
    return str(HASHES[kind](content).hexdigest())


def wrong_with(id: str, look: Look) -> str | None:
    """Why this bundle cannot be registered; None if it can."""
    node = look(id)
    members = node.members if node is not None else ()
    twice = next((name for name, times in Counter(name for name, _ in members).items() if times > 1), None)
    if twice is not None:
        return f"members: two are called {twice}"
    missing = next((inner for _, inner in members if look(inner) is None), None)
    if missing is not None:
        return f"members: {missing} is not declared"
    try:
        found = whole(id, look)
    except UnboundedError as unbounded:
        return f"members: {unbounded}"
    if found is None or not found.checksums:
        return "members: they have no kind of checksum in common from which the bundle's could be made"
    return None
