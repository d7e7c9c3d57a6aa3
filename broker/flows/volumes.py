"""How much leaves, in whole files and in slices, and who fetches again what their project has (WHO 2024, 3.6-2).

Counted with the uses, apart from every download, so that none waits for it. Whoever fetches a whole file again is told
once a day; nothing is refused for it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from broker.core.grants import project
from broker.core.ids import GrantId
from broker.core.misuse import left
from broker.core.oidc.opaque import stored_id
from broker.core.rows import Delivery, DrsObject, Grant, Put, UseVolume, UseWhole, changed
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, day_of
from broker.flows.world import World

_DAY = 86_400
_AT_ONCE = 500
_TOLD = "use.repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is to be recorded with the uses, and under which grants a whole file was fetched again."""

    puts: tuple[Put, ...]
    again: tuple[GrantId, ...]


async def count(w: World, ended: Sequence[Delivery], grants: Sequence[tuple[GrantId, Delivery]]) -> Counted:
    """Of these deliveries. `grants`: those that rest on one. Steps: 1 gather, 2 decide."""
    # 1. Gather.
    snapshot = w.snapshots.current()
    taken = [(grant, one, _key(grant, one, snapshot)) for grant, one in grants if _whole(one, snapshot)]
    ids = sorted({key for *_, key in taken})
    parts = [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
    had = {row.id: row for part in parts async for row in w.rows.each(UseWhole, part)}
    years = sorted({_year(one) for one in ended})
    volumes = {row.id: row async for row in w.rows.each(UseVolume, years)}
    # 2. Decide.
    times, again, repeated = Counter({key: row.times for key, row in had.items()}), dict[GrantId, None](), set[str]()
    for grant, one, key in taken:
        times[key] += 1
        if times[key] > 1:
            again[grant] = None
            repeated.add(one.id)
    puts = [
        Put(changed(had[key], times=times[key]) if key in had else UseWhole(id=key, times=times[key])) for key in ids
    ]
    for year in years:
        before = volumes.get(year)
        after = _moved(before or UseVolume(id=year), (one for one in ended if _year(one) == year), repeated, snapshot)
        puts.append(Put(changed(after) if before is not None else after))
    return Counted(puts=tuple(puts), again=tuple(again))


async def tell(w: World, again: Iterable[GrantId], now: Seconds) -> None:
    """Each once a day. It is a hint: a crash before it loses it."""
    for grant in again:
        if await w.scratch.add(_TOLD, f"{grant} {now // _DAY}", {}, Seconds(now + 2 * _DAY), now):
            await w.ledger.record(w.entry("use.repeated", now, None, {"grant": grant}))


def _moved(volume: UseVolume, ended: Iterable[Delivery], repeated: set[str], snapshot: Snapshot) -> UseVolume:
    for one in ended:
        size = left(one)
        if _whole(one, snapshot):
            volume = replace(volume, whole=volume.whole + size, again=volume.again + size * (one.id in repeated))
        else:
            volume = replace(volume, parts=volume.parts + size)
    return volume


def _whole(one: Delivery, snapshot: Snapshot) -> bool:
    """Did all of the file leave, as far as anybody knows?"""
    row = snapshot.get(DrsObject, one.object)
    return row is not None and one.first == 0 and 0 < row.size <= left(one)


def _key(grant: GrantId, one: Delivery, snapshot: Snapshot) -> str:
    row = snapshot.get(Grant, grant)
    return stored_id(f"{project(row, snapshot) if row is not None else grant} {one.object}")


def _year(one: Delivery) -> str:
    return str(day_of(one.started).year)
