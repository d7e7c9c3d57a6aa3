"""How a batch of wishes becomes one transaction of one process: rows, and entries that wait for their place.

All rows of a kind in one statement. Where somebody was faster with one of them, everything is taken back and each
wish is tried for itself. A row is written before its entry: so whoever changes it next has a later number.
"""

from collections.abc import Sequence
from itertools import groupby

from broker.adapters.storage.codec import Stored, Verb, receipt_bytes
from broker.adapters.storage.postgres.connections import LOST, UNDONE, WRITERS, Connection, lock
from broker.adapters.storage.postgres.tables import CHANNEL_WAITING, WRITE, many
from broker.adapters.storage.writer import Answer, Wish, stale
from broker.core.plain import canonical
from broker.core.rows import SNAPSHOT_KINDS, Erasure
from broker.ports import LedgerDownError, StaleError

ATTEMPTS = 4
"""The first one, and three after the server said that it took everything back."""
_TAKEN = "SELECT count(*) FROM receipt WHERE id = ANY($1)"
_BEGIN = f"BEGIN; {lock('pg_advisory_xact_lock_shared', WRITERS)}"


class UnknownOutcomeError(Exception):
    """The server was asked to commit, and did not answer."""


def followed(wish: Wish) -> bool:
    """Does it store something that decisions read? Then its caller hears when all of this process follow it."""
    return any(type(each.row) in SNAPSHOT_KINDS for each in wish.stored)


async def commit(db: Connection, wishes: Sequence[Wish]) -> list[Answer]:
    """One transaction. For each wish 0, or why it alone was not stored; durable on return.

    UnknownOutcomeError: nobody knows. Any other error: nothing was stored.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _attempt(db, wishes)
        except UNDONE:
            await db.execute("ROLLBACK")
            if attempt == ATTEMPTS:
                raise
    raise LedgerDownError("not reached")


async def _attempt(db: Connection, wishes: Sequence[Wish]) -> list[Answer]:
    await db.execute(_BEGIN)
    answers: list[Answer] = [0] * len(wishes)
    if not await _all_at_once(db, wishes):
        await db.execute(f"ROLLBACK; {_BEGIN}")
        answers = [await _one(db, wish) for wish in wishes]
    if any(answer == 0 and followed(wish) for wish, answer in zip(wishes, answers, strict=True)):
        await db.execute(f"NOTIFY {CHANNEL_WAITING}")
    try:
        await db.execute("COMMIT")
    except UNDONE:
        raise
    except LOST as failure:
        raise UnknownOutcomeError from failure
    return answers


async def _all_at_once(db: Connection, wishes: Sequence[Wish]) -> bool:
    """A statement for each kind. False, with something half done, if one of them did not do all."""
    rows = sorted((each for wish in wishes for each in wish.stored), key=_order)
    if len({(each.effect.kind, each.effect.id) for each in rows}) < len(rows):
        return False
    for (kind, verb), group in groupby(rows, key=_statement):
        stored = list(group)
        statement = WRITE[verb](kind)
        if not _did(await db.execute(statement, *_arrays([each.columns for each in stored])), len(stored)):
            return False
    return await put_aside(db, wishes)


async def _one(db: Connection, wish: Wish) -> Answer:
    """One wish among others, whole or not at all."""
    await db.execute("SAVEPOINT wish")
    for each in wish.stored:
        statement = WRITE[each.verb](each.effect.kind)
        if not _did(await db.execute(statement, *_arrays([each.columns])), 1):
            await db.execute("ROLLBACK TO wish")
            return stale(wish)
    if not await put_aside(db, [wish]):
        await db.execute("ROLLBACK TO wish")
        return StaleError(f"entry {wish.entry.id} is recorded already")
    await db.execute("RELEASE wish")
    return 0


async def put_aside(db: Connection, wishes: Sequence[Wish]) -> bool:
    """Put the entries where they wait for their place in the log. False if one of their ids is taken."""
    rows = [(w.entry.id, w.entry.at, w.entry.kind, w.body, _more(w)) for w in wishes]
    if not _did(await db.execute(many("pending"), *_arrays(rows)), len(rows)):
        return False
    # Asked afterwards: whoever had the id waits no longer now, and so is in the log or was never stored.
    taken: int = await db.fetchval(_TAKEN, [receipt_bytes(wish.entry.id) for wish in wishes])
    return taken == 0


def _more(wish: Wish) -> str:
    """What the sequencer writes beside an entry, as JSON: effects, versions to keep, to empty, and to follow."""
    if not wish.stored:
        return ""
    effects = [e for each in wish.stored for e in each.effects]
    return canonical({
        "effects": [[e.kind, e.id, e.version, e.digest] for e in effects],
        "history": [[s.effect.kind, s.effect.id, s.effect.version, s.kept] for s in wish.stored if s.kept is not None],
        "erased": [[s.row.kind, s.row.row, s.row.before] for s in wish.stored if isinstance(s.row, Erasure)],
        "feed": [[s.effect.kind, s.columns[2]] for s in wish.stored if type(s.row) in SNAPSHOT_KINDS],
    }).decode()  # fmt: skip


def _order(each: Stored) -> tuple[str, Verb, str]:
    """The same in every process, so that two seldom wait for each other."""
    return each.effect.kind, each.verb, each.effect.id


def _statement(each: Stored) -> tuple[str, Verb]:
    return each.effect.kind, each.verb


def _arrays(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return list(zip(*rows, strict=True))


def _did(status: str, count: int) -> bool:
    return int(status.rpartition(" ")[2]) == count
