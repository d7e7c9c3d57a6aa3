"""Does a use go beyond what a grant was given for, in volume or place? Counting, and rules that are data.

A rule tells people; it ends nothing. Where the dataset says so for a rule, the grant also rests until a person
resumes it (rows/uses.py). Unknown places are no country: where somebody sits is asked by the decision itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from broker.core.ids import GrantId
from broker.core.rows.access import Delivery, Grant
from broker.core.rows.uses import Limits, Rule, UseTally
from broker.core.time import Seconds

_DAY = 86_400
_IN_ALL = frozenset[Rule]({"bytes_in_all", "times_in_all"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """A rule that a use went beyond. `key`: the same for the same thing, however often it is found."""

    rule: Rule
    key: str
    found: int
    limit: int
    countries: tuple[str, ...] = ()


def left(one: Delivery) -> int:
    """Bytes that left, or, where nobody knows, that may have left at most."""
    known = one.state in ("complete", "incomplete", "cut") and one.way == "broker"
    return one.sent if known else max(one.sent, one.last - one.first + 1, 0)


def counted(before: UseTally | None, grant: GrantId, one: Delivery, country: str | None) -> UseTally:
    """The tally with one delivery more. What is of an earlier day than the tally's counts for the whole alone."""
    tally, day = before or UseTally(id=grant), one.started // _DAY
    size = left(one)
    tally = replace(tally, bytes=tally.bytes + size)
    if day < tally.day:
        return tally
    if day > tally.day:
        tally = replace(tally, day=day, day_bytes=0, day_downloads=0, day_countries=frozenset(), day_pieces=0)
    return replace(
        tally,
        day_bytes=tally.day_bytes + size,
        day_downloads=tally.day_downloads + (one.first == 0),
        day_countries=tally.day_countries | ({country} if country else set()),
        day_pieces=tally.day_pieces + 1,
    )


def beyond(tally: UseTally, grant: Grant, limits: Limits, held: int = 0) -> Iterator[Beyond]:
    """Each rule beyond which the use is, on the tally's day or in all. `held`: bytes of the dataset."""
    day, stated = tally.day, grant.purpose.countries
    amounts: tuple[tuple[Rule, int, int | None], ...] = (
        ("bytes_a_day", tally.day_bytes, limits.bytes_a_day),
        ("downloads_a_day", tally.day_downloads, limits.downloads_a_day),
        ("pieces_a_day", tally.day_pieces, limits.pieces_a_day),
        ("countries_a_day", len(tally.day_countries), limits.countries_a_day),
    )
    for rule, found, limit in amounts:
        if limit is not None and found > limit:
            places = tuple(sorted(tally.day_countries)) if rule == "countries_a_day" else ()
            yield Beyond(rule=rule, key=f"{rule} {grant.id} {day}", found=found, limit=limit, countries=places)
    several = limits.times_in_all * held if limits.times_in_all is not None and held else None
    wholes: tuple[tuple[Rule, int | None], ...] = (("bytes_in_all", limits.bytes_in_all), ("times_in_all", several))
    for rule, limit in wholes:
        if limit is not None and tally.bytes > limit:
            times = tally.bytes // max(limit, 1)  # told again when it is twice as much, thrice, …
            yield Beyond(rule=rule, key=f"{rule} {grant.id} {times}", found=tally.bytes, limit=limit)
    foreign = tuple(sorted(tally.day_countries - stated)) if limits.elsewhere and stated else ()
    if foreign:
        key = f"elsewhere {grant.id} {day} {' '.join(foreign)}"
        yield Beyond(rule="elsewhere", key=key, found=len(foreign), limit=0, countries=foreign)


def is_over(one: Beyond, tally: UseTally, now: Seconds) -> bool:
    """Is it of a day that has long passed? Where counting begins late, nobody is told of each day of last year."""
    return one.rule not in _IN_ALL and now // _DAY - tally.day > 1


def settled(one: Delivery, now: Seconds) -> bool:
    """Is it known what left? What runs for a day is counted by what may have left, so that nobody hides by slowness."""
    return one.state != "open" or now - one.started >= _DAY
