"""What has ended since a repository last looked: signed pages, one after another, each at least once.

Pages are read off the log itself: what was committed is in it, and nothing is. A cursor says how far a repository has
read; it goes on from there after any crash of either side. Nothing is recorded: it gives nobody anything.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from broker.core.authz.exclusions import left_out_under
from broker.core.authz.feed import KINDS, Change, Hears, events, names_of, taking_effect
from broker.core.authz.scope import Asker
from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.plain import digest
from broker.core.rows import AskedAbout, Family, Grant, Revocation, Row, Session
from broker.core.rows.repositories import asked_about_id
from broker.core.time import Seconds
from broker.flows.world import World

TYPE = "repository-feed+jwt"
KEPT_SECONDS = 400 * 86_400
"""A cursor is good for this long; who stayed away for longer asks about everything again."""
PAGE = 100
"""Changes that one page tells of at most."""
REACH = 20_000
"""Entries of the log that one page looks through at most: a page may be empty and still go on."""
JUDGED = 60
"""Questions that one event asks, to say under which grants somebody is left out now."""
_CHECK, _LONGEST = 12, 80
"""Characters of a cursor: of what binds it, and of the whole."""


class Place(NamedTuple):
    """How far a repository has read: `place` changes of entry `seq`, and what took effect up to `at`."""

    seq: int
    place: int
    at: Seconds


class Changes(Protocol):
    """What changed, in the order of the log."""

    async def head(self) -> int:
        """How many entries the log has."""
        ...

    async def at(self, seq: int) -> Seconds | None:
        """When entry `seq` was made; None: there is none."""
        ...

    async def since(
        self, seq: int, place: int, until: int, kinds: Collection[type[Row]], most: int
    ) -> Sequence[Change]:
        """Changes of rows of these kinds by entries `seq` to before `until`, the first `place` of `seq` left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page. `quiet`: nothing concerned this repository, and the end of the log is reached."""

    token: str
    next: str
    quiet: bool


async def read(w: World, changes: Changes, asker: Asker, cursor: str | None) -> Page | Reason:
    """The page after `cursor`; None: from now on. Steps: 1 gather, 2 decide what concerns the repository, 4 tell."""
    # 1. Gather.
    now, head = w.clock.now(), await changes.head()
    began = Place(head, 0, now) if cursor is None else _place(asker, cursor)
    if began is None or began.seq > head:
        return Reason(code="REQ-INVALID", facts=(("problem", "cursor: not one that came with this feed"),))
    made = await changes.at(began.seq)
    if made is not None and now - made > KEPT_SECONDS:
        return Reason(code="ASK-FEED-OLD", facts=(("days", str(KEPT_SECONDS // 86_400)),))
    until = min(head, began.seq + REACH)
    found = await changes.since(began.seq, began.place, until, KINDS, PAGE)
    seq, place = (found[-1].seq, found[-1].place + 1) if len(found) == PAGE else (until, 0)
    # 2. Decide.
    told: list[dict[str, Any]] = []
    for change in found:
        hears = await _hears(w, asker, change)
        snapshot = w.snapshots.current()
        told += [await _with_exclusions(w, one, now) for one in events(change, hears, snapshot)]
    effects, at = taking_effect(asker, w.snapshots.current(), began.at, now, PAGE)
    told += [await _with_exclusions(w, one, now) for one in effects]
    # 4. Tell.
    next = _cursor(asker, Place(seq, place, at))
    claims = {
        "iss": w.issuer,
        "aud": asker.client,
        "iat": now,
        "after": _cursor(asker, began),
        "next": next,
        "events": told,
    }
    quiet = not told and (seq, place) == (head, 0)
    return Page(token=await w.signer.sign("oidc-es256", TYPE, claims), next=next, quiet=quiet)


async def _hears(w: World, asker: Asker, change: Change) -> Hears:
    """What this repository was told about, of what the change concerns."""
    known = set()
    names, persons = list(names_of(change)), {}
    if isinstance(change.row, Revocation):
        person = await _whose(w, change.row.id)
        if person is not None:
            persons[change.row.id] = person
            names.append(f"person:{person}")
    for name in names:
        if await w.rows.get(AskedAbout, asked_about_id(asker.client, name)) is not None:
            known.add(name)
    return Hears(asker=asker, about=known.__contains__, persons=persons)


async def _whose(w: World, name: str) -> str | None:
    what, _, value = name.partition(":")
    row: Session | Family | None = None
    if what == "session":
        row = await w.rows.get(Session, value)
    elif what == "family":
        row = await w.rows.get(Family, value)
    return None if row is None else row.person


async def _with_exclusions(w: World, event: dict[str, Any], now: Seconds) -> dict[str, Any]:
    """Of changed consents: whom each live grant leaves out now. Left away where there is too much to ask."""
    if event["event"] != "consents-changed" or "objects" not in event:
        return event
    held = [row async for row in w.rows.find(Grant, "dataset", event["dataset"]) if row.begins <= now < row.ends]
    snapshot = w.snapshots.current()
    live = [row for row in held if not snapshot.revoked("grant", row.id, now)]
    if len(live) * len(event["objects"]) > JUDGED:
        return event
    people, out = frozenset(event["subjects"]), list[dict[str, Any]]()
    for grant in live:
        found = frozenset[str]().union(
            *(left_out_under(grant, ObjectId(one), snapshot, now) for one in event["objects"])
        )
        if found & people:
            out.append({"grant": grant.id, "code": "CON-LEFT-OUT", "subjects": sorted(found & people)})
    return event | {"left_out": out}


def _cursor(asker: Asker, reached: Place) -> str:
    """Bound to the repository, so that a mix-up is noticed. It opens nothing: what is told depends on who asks."""
    said = ".".join(map(str, reached))
    return f"{said}.{digest([asker.client, *reached])[:_CHECK]}"


def _place(asker: Asker, cursor: str) -> Place | None:
    parts = cursor.split(".")[:-1]
    if len(cursor) > _LONGEST or len(parts) != len(Place._fields):
        return None
    if not all(part.isdecimal() and part.isascii() for part in parts):
        return None
    seq, place, at = map(int, parts)
    found = Place(seq, place, Seconds(at))
    return found if _cursor(asker, found) == cursor else None
