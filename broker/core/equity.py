"""Is access fair? Answers by income group, in figures that point at nobody (HUMAN_RIGHTS section 4).

A figure of 1 to 9 cases is left out, and so is whatever would give it away: a share that would tell the few others,
a sum from which it could be taken off. An alarm says that a named person has to look, and nothing else.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from broker.core.time import Seconds, add_months, day_of, start_of

SMALL = 10
"""From how many cases on a figure is told; none at all is told too."""
GROUPS = ("high", "upper_middle", "lower_middle", "low", "unknown")
"""Income groups of countries, as the World Bank calls them; `unknown`: of a country without one, or of none."""
RATIO = 0.8
"""Below which part of the share of high-income countries somebody has to look."""
SLOWER = 1.5
"""From how many times the median of everybody on somebody has to look."""
_SURE = 1.96
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeGroups:
    """The income group of countries (ISO 3166-1 alpha-2). `reviewed_by`: who compared it with `source`, if somebody."""

    year: str = ""
    source: str = ""
    reviewed_by: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)

    def of(self, country: object) -> str:
        """The group of a country; `unknown` where there is none."""
        return self.groups.get(country, _UNKNOWN) if isinstance(country, str) else _UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer to a request. `days`: from the request on; None, where it was not noted."""

    group: str
    approved: bool
    days: int | None


def closed(cases: Iterable[Seconds], now: Seconds) -> Seconds:
    """Until when figures of a year are told: the start of a month, the last one to which they may have moved on.

    They move on by whole months, and only where nothing or at least SMALL cases come and go: who keeps the figures of
    before, and takes them off, then finds no few cases either. `cases`: when each was.
    """
    times, last = sorted(cases), start_of(day_of(now).replace(day=1))
    told = start_of(day_of(times[0]).replace(day=1)) if times else last
    end = told
    while end < last:
        end = add_months(end, 1)
        came, went = _between(times, told, end), _between(times, add_months(told, -12), add_months(end, -12))
        if came + went == 0 or came + went >= SMALL:
            told = end
    return told


def _between(times: Sequence[Seconds], since: Seconds, until: Seconds) -> int:
    return bisect_left(times, until) - bisect_left(times, since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The answers of one group. None: too few to be told."""

    group: str
    decided: int | None
    share: int | None
    """Of a hundred, how many were approved, in whatever way of access."""
    median: int | None
    """Days until the answer."""
    slowest: int | None
    """Days within which nine of ten were answered."""
    alarm: bool = False


def told(count: int) -> int | None:
    """A count as it may be told."""
    return count if count == 0 or count >= SMALL else None


def lines(answers: Iterable[Answer], groups: Sequence[str] = GROUPS) -> tuple[Line, ...]:
    """A line for each group, and one for `all`."""
    every = list(answers)
    found = {group: [one for one in every if one.group == group] for group in groups}
    high = _share(found.get("high", []))
    overall = _middle([one.days for one in every if one.days is not None])
    made = [_line(group, rows, high, overall) for group, rows in found.items()]
    small = [len(rows) for rows in found.values() if told(len(rows)) is None]
    whole = _line("all", every, None, None)
    if small and sum(small) < SMALL:  # what is left out could be taken off the sum
        whole = Line(group="all", decided=None, share=None, median=None, slowest=None)
    elif any(line.share is None and line.decided for line in made):
        whole = Line(group="all", decided=whole.decided, share=None, median=whole.median, slowest=whole.slowest)
    return (*made, whole)


def hidden_alike(*tables: tuple[Line, ...]) -> tuple[tuple[Line, ...], ...]:
    """Tables of the same answers, grouped otherwise: what the sum of one leaves out, that of none tells."""
    sums = [table[-1] for table in tables]
    counted, shared = all(one.decided is not None for one in sums), all(one.share is not None for one in sums)
    made = []
    for table in tables:
        whole = table[-1]
        decided, share = (whole.decided, whole.share if shared else None) if counted else (None, None)
        days = (whole.median, whole.slowest) if counted else (None, None)
        made.append((*table[:-1], replace(whole, decided=decided, share=share, median=days[0], slowest=days[1])))
    return tuple(made)


def told_parts(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Parts of a sum that others may know, as they may be told: if all that is left out is fewer than `SMALL`, the
    smallest of the others is left out too.
    """
    found = {name: told(count) for name, count in counts.items()}
    left_out = sum(count for name, count in counts.items() if found[name] is None)
    others = [name for name, count in found.items() if count]
    if 0 < left_out < SMALL and others:
        found[min(others, key=lambda name: counts[name])] = None
    return found


def _line(group: str, rows: Sequence[Answer], high: tuple[int, int] | None, overall: int | None) -> Line:
    days = sorted(one.days for one in rows if one.days is not None)
    enough = len(days) >= SMALL
    yes, of = _share(rows)
    median = _middle(days) if enough else None
    share = round(100 * yes / of) if of >= SMALL and told(yes) is not None and told(of - yes) is not None else None
    unfair = high is not None and group != "high" and share is not None and _lower(yes, of, *high) < RATIO
    slow = median is not None and overall is not None and median > SLOWER * overall
    return Line(
        group=group,
        decided=told(of),
        share=share,
        median=median,
        slowest=days[math.ceil(0.9 * len(days)) - 1] if enough else None,
        alarm=unfair or slow,
    )


def _share(rows: Sequence[Answer]) -> tuple[int, int]:
    return sum(one.approved for one in rows), len(rows)


def _lower(yes: int, of: int, high_yes: int, high_of: int) -> float:
    """The lower bound of the 95 % interval of the ratio of two shares; 1 where there is nothing to compare with."""
    if high_of < SMALL or high_yes == 0:
        return 1.0
    if yes == 0:
        return 0.0
    ratio = (yes / of) / (high_yes / high_of)
    error = math.sqrt(1 / yes - 1 / of + 1 / high_yes - 1 / high_of)
    return ratio * math.exp(-_SURE * error)


def _middle(days: Sequence[int]) -> int | None:
    return sorted(days)[(len(days) - 1) // 2] if days else None
