"""Uses beyond what a grant was given for are noticed: counted from the deliveries on record, told, and looked into.

Every minute, by one process at a time. A rule of the dataset may also let the grant rest (core/misuse.py);
nothing else stops by itself. After a crash the same deliveries are counted once, and the same alerts are raised once.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from broker.core.access.grants import GrantCommand
from broker.core.audit.entry import Value
from broker.core.grants import after
from broker.core.ids import DatasetId, GrantId
from broker.core.misuse import Beyond, beyond, counted, is_over, settled
from broker.core.oidc.opaque import stored_id
from broker.core.rows import Access, Alert, Dataset, Delivery, Grant, Put, Row, UseMark, UseTally, changed
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows import volumes
from broker.flows.world import World
from broker.ports import StaleError

R = TypeVar("R", bound=Row)
CLAIM_SECONDS = 300
LATE_SECONDS = 10
"""What began later is left for the next look: it may be on its way to the record, in another process."""
_AT_ONCE = 500
"""Deliveries of one record, and rows of one read."""
_MARK = "deliveries"
_CLAIM = "use.claim"


async def look(w: World) -> int:
    """How many deliveries were counted. StaleError of another process that looks too ends this look."""
    now, whole = w.clock.now(), 0
    if not await w.scratch.add(_CLAIM, _MARK, {}, Seconds(now + CLAIM_SECONDS), now):
        return 0
    try:
        while (done := await _some(w, now)) is not None:
            whole += done
            await w.clock.give_way()
    except StaleError:
        return whole
    finally:
        await w.scratch.take(_CLAIM, _MARK, now)
    return whole


async def _some(w: World, now: Seconds) -> int | None:
    """Count the next ones. Steps: 1 gather, 2 decide, 3 record. None: there is nothing new."""
    # 1. Gather.
    mark = await w.rows.get(UseMark, _MARK)
    known = mark or UseMark(id=_MARK)
    ran = [one async for one in _each(w, Delivery, known.running)]
    fresh = [one async for one in w.rows.after(Delivery, known.upto, _AT_ONCE)]
    fresh = fresh[: next((n for n, one in enumerate(fresh) if one.started > now - LATE_SECONDS), len(fresh))]
    ended = [one for one in (*ran, *fresh) if settled(one, now)]
    if not fresh and not ended:
        return None
    uses = await _uses(w, ended)
    tallies = {row.id: row async for row in _each(w, UseTally, sorted({grant for grant, *_ in uses}))}
    # 2. Decide.
    over = {one.id for one in ended}
    running = tuple(one.id for one in (*ran, *fresh) if one.id not in over)
    now_counted = _tallies(tallies, uses)
    puts = [Put(changed(row) if row.id in tallies else row) for row in now_counted.values()]
    upto = fresh[-1].id if fresh else known.upto
    moved = replace(known, upto=upto, running=running)
    puts.append(Put(changed(moved) if mark is not None else moved))
    volume = await volumes.count(w, ended, [(grant, one) for grant, one, _ in uses])
    # 3. Record: who is beyond a limit first, for it is found again until what was counted is on record.
    sizes = dict[DatasetId, int]()
    for tally in now_counted.values():
        await _raise(w, tally, now, sizes)
    await w.ledger.record(
        w.entry("use.counted", now, None, {"deliveries": len(ended), "upto": upto}), *puts, *volume.puts
    )
    await volumes.tell(w, volume.again, now)
    return len(ended)


async def _uses(w: World, ended: Sequence[Delivery]) -> list[tuple[GrantId, Delivery, str | None]]:
    """Under which grant each was, and where its person sat; those that rest on no grant of ours are left out."""
    found = {row.id: row async for row in _each(w, Access, sorted({one.access for one in ended}))}
    snapshot = w.snapshots.current()
    known = ((found[one.access], one) for one in ended if one.access in found)
    return [
        (GrantId(access.grant), one, access.location)
        for access, one in known
        if access.grant is not None and snapshot.get(Grant, access.grant) is not None
    ]


async def _each(w: World, kind: type[R], ids: Sequence[str]) -> AsyncIterator[R]:
    """The rows with these ids, in as many reads as it takes."""
    for at in range(0, len(ids), _AT_ONCE):
        async for row in w.rows.each(kind, ids[at : at + _AT_ONCE]):
            yield row


def _tallies(
    before: dict[GrantId, UseTally], uses: Iterable[tuple[GrantId, Delivery, str | None]]
) -> dict[GrantId, UseTally]:
    made: dict[GrantId, UseTally] = {}
    for grant, one, country in uses:
        made[grant] = counted(made.get(grant) or before.get(grant), grant, one, country)
    return made


async def _raise(w: World, tally: UseTally, now: Seconds, sizes: dict[DatasetId, int]) -> None:
    """An entry, a row and notices for each rule that the use is beyond, and that nobody was told of yet.

    `sizes`: of datasets, as far as this look has added them up.
    """
    snapshot = w.snapshots.current()
    grant = snapshot.get(Grant, tally.id)
    dataset = snapshot.get(Dataset, grant.dataset) if grant is not None else None
    if grant is None or dataset is None:
        return
    if dataset.limits.times_in_all is not None and dataset.id not in sizes:
        sizes[dataset.id] = sum(one.size for one in snapshot.objects(dataset.id))
    for one in beyond(tally, grant, dataset.limits, sizes.get(dataset.id, 0)):
        if is_over(one, tally, now):
            continue
        id = f"alt_{stored_id(one.key)[:40]}"
        if await w.rows.get(Alert, id) is not None:
            continue
        stop = _stop(grant, one, dataset, w.snapshots.current(), now)
        row = Alert(
            id=id, grant=grant.id, dataset=dataset.id, rule=one.rule, day=tally.day, found=one.found, limit=one.limit,
            countries=one.countries, held=stop is not None, raised=now,
        )  # fmt: skip
        about: dict[str, Value] = {
            "alert": id, "grant": grant.id, "dataset": dataset.id, "rule": one.rule, "found": one.found,
            "limit": one.limit, "held": int(row.held),
        }  # fmt: skip
        beside: list[Put] = [] if stop is None else [Put(stop)]
        await w.ledger.record(w.entry("alert.raised", now, None, about), Put(row), *beside)


def _stop(grant: Grant, one: Beyond, dataset: Dataset, snapshot: Snapshot, now: Seconds) -> Row | None:
    """The row that lets the grant rest, where the dataset says so; None, too, where it rests or is over already."""
    if one.rule not in dataset.limits.holds:
        return None
    return after(GrantCommand.SUSPEND, grant, snapshot, now, f"{one.rule}: {one.found} > {one.limit}", "limit")
