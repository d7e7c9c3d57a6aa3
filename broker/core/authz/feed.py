"""What does a repository hear of a change? That something has ended of what it holds or asked about, and no more.

Each change becomes events of a closed list. Who is meant is named as the repository knows them: a grant for its data, a
`sub` that it asked about, a key or issuer on which an answer to it rested, and the pseudonyms of participants in its
own objects. Why a participant's consent changed is never said (settled question 10): asking again tells what holds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from broker.core.authz.scope import Asker
from broker.core.ids import PersonId
from broker.core.rows import ConsentRow, Grant, Revocation, Row, Sanction, VisaIssuer
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds, rfc3339

KINDS: tuple[type[Row], ...] = (ConsentRow, Revocation, Sanction, VisaIssuer)
"""The kinds of rows whose changes a feed tells of."""
MOST_NAMED = 1_000
"""Objects, and participants, that one event names; of more than that the whole dataset has to be asked about again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A version of a row, as the log has it: the `place`-th change of entry `seq`, at `at`."""

    seq: int
    place: int
    at: Seconds
    row: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Hears:
    """What the repository may hear of. `about`: was it told something that rests on this (`person:…`, `key:…`)?"""

    asker: Asker
    about: Callable[[str], bool]
    persons: dict[str, str] = field(default_factory=dict)
    """Of revoked sessions and authorisations (`session:…`, `family:…`): whose they were."""


def events(change: Change, hears: Hears, snapshot: Snapshot) -> list[dict[str, Any]]:
    """What the repository is told of one change; nothing, if it does not concern it."""
    found = [one for one in _events(change, hears, snapshot) if one]
    return [{"id": f"{change.seq}.{change.place}.{n}", "at": rfc3339(change.at), **one} for n, one in enumerate(found)]


def taking_effect(
    asker: Asker, snapshot: Snapshot, after: Seconds, until: Seconds, most: int
) -> tuple[list[dict[str, Any]], Seconds]:
    """What the repository is told of consents that were announced, and took effect later than `after`, up to `until`;
    and the last moment of which it was told, `after` if of none.

    Nothing happens in the log then, and who heard of it before has to act now. What takes effect at one moment is told
    together, of `most` moments at once.
    """
    announced = cast("Iterable[ConsentRow]", snapshot.index.get(("announced",), {}).values())
    rows = [row for row in announced if after < row.consent.effective_from <= until]
    moments = sorted({row.consent.effective_from for row in rows})[:most]
    told = list[dict[str, Any]]()
    for at in moments:
        found = _together([row for row in rows if row.consent.effective_from == at], asker, snapshot)
        told += [{"id": f"effect.{at}.{n}", "at": rfc3339(at), **one} for n, one in enumerate(found)]
    return told, moments[-1] if moments else after


def names_of(change: Change) -> tuple[str, ...]:
    """Under which names it must be looked up whether the repository was told something that rests on it."""
    row = change.row
    if isinstance(row, Revocation):
        what, _, value = row.id.partition(":")
        return (row.id, f"issuer:{value.partition(' ')[0]}") if what == "visa" else (row.id,)
    if isinstance(row, Sanction):
        return (f"person:{row.whom}",)
    return (f"issuer:{row.id}",) if isinstance(row, VisaIssuer) else ()


def _events(change: Change, hears: Hears, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    match change.row:
        case Revocation() as row:
            yield _revoked(row, hears, snapshot)
        case Sanction() as row:
            yield _sanctioned(row, change.at, hears, snapshot)
        case VisaIssuer() as row:
            if row.status != "active" and hears.about(f"issuer:{row.id}"):
                yield _again("issuer", issuer=row.id)
        case ConsentRow() as row:
            yield from _consents(row, change.at, hears.asker, snapshot)
        case _:
            return


def _revoked(row: Revocation, hears: Hears, snapshot: Snapshot) -> dict[str, Any]:
    what, _, value = row.id.partition(":")
    match what:
        case "grant":
            grant = snapshot.get(Grant, value)
            mine = grant is not None and hears.asker.dataset(grant.dataset, snapshot) is not None
            stopped = "grant-suspended" if row.pausing else "grant-ended"
            event = stopped if row.lifted == FOREVER else "grant-resumed"
            return {} if grant is None or not mine else {"event": event, **_grant(grant)}
        case "person":
            return {"event": "person-suspended", "subject": value} if _knows(value, hears, snapshot) else {}
        case "session" | "family":
            person = hears.persons.get(row.id, "")
            return _again("sign-in", subject=person) if _knows(person, hears, snapshot) else {}
        case "key" | "token" | "issuer":
            return _again(what, **{what: value}) if hears.about(row.id) else {}
        case "visa":
            issuer, _, jti = value.partition(" ")
            if jti == "":  # known by its digest alone: nobody can say whose answers rested on it
                return _again("visa")
            return _again("visa", issuer=issuer) if hears.about(f"issuer:{issuer}") else {}
        case _:
            return {}


def _sanctioned(row: Sanction, at: Seconds, hears: Hears, snapshot: Snapshot) -> dict[str, Any]:
    if not row.suspends:
        return {}
    if row.kind == "organisation":  # whose people hold what is nothing that a repository is told
        return _again("institution")
    if not _knows(row.whom, hears, snapshot):
        return {}
    return {"event": "person-suspended" if row.lifted > at else "person-resumed", "subject": row.whom}


def _consents(row: ConsentRow, at: Seconds, asker: Asker, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """For each of its datasets the objects in which somebody is whose consent got a new version."""
    later = {"from": rfc3339(row.consent.effective_from)} if row.consent.effective_from > at else {}
    for one in _together([row], asker, snapshot):
        yield {**one, **later}


def _together(rows: Sequence[ConsentRow], asker: Asker, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    for id in sorted(frozenset().union(*(row.datasets for row in rows))):
        dataset = asker.dataset(id, snapshot)
        if dataset is None:
            continue
        people = frozenset().union(*(snapshot.concerned(row) for row in rows if id in row.datasets))
        touched = [one for one in snapshot.objects(id) if one.subjects & people]
        inside = people & frozenset().union(*(one.subjects for one in touched))
        if not touched:
            continue
        said: dict[str, Any] = {"event": "consents-changed", "dataset": dataset.id}
        if len(touched) > MOST_NAMED or len(inside) > MOST_NAMED:
            yield said
        else:
            yield said | {"objects": [one.id for one in touched], "subjects": sorted(inside)}


def _grant(row: Grant) -> dict[str, Any]:
    return {"grant": row.id, "dataset": row.dataset, "subject": row.person}


def _again(because: str, **what: str) -> dict[str, Any]:
    return {"event": "ask-again", "because": because, **what}


def _knows(person: str, hears: Hears, snapshot: Snapshot) -> bool:
    """Did the repository ask about this person, or do they hold something for its data?"""
    if person == "":
        return False
    if hears.about(f"person:{person}"):
        return True
    held = snapshot.grants_of(PersonId(person))
    return any(hears.asker.dataset(grant.dataset, snapshot) is not None for grant in held)
