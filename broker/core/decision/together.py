"""What do several gates come to? The most restrictive outcome, everything that they ask for, the first end."""

from collections.abc import Iterable
from typing import NamedTuple

from broker.core.ids import SubjectRef
from broker.core.outcome import GateResult, Outcome
from broker.core.time import FOREVER, Seconds


class Together(NamedTuple):
    """Several gates as one; the words in the order of the gates, each once. (A NamedTuple: it is made quickly.)"""

    outcome: Outcome
    obligations: tuple[str, ...]
    missing: tuple[str, ...]
    excluded: frozenset[SubjectRef]
    until: Seconds
    read: tuple[tuple[str, str], ...]


_EMPTY = Together(Outcome.PERMIT, (), (), frozenset(), FOREVER, ())


def together(results: Iterable[GateResult], first: Together = _EMPTY) -> Together:
    """`first` and `results` as one. On the path of every byte request: what adds nothing costs nothing.

    The order of restrictiveness is that of the outcomes' numbers; duties make of a PERMIT one with obligations.
    """
    outcome, until, excluded = first.outcome, first.until, first.excluded
    obligations, missing, read = first.obligations, first.missing, first.read
    for result in results:
        outcome = max(outcome, result.outcome)
        until = min(until, result.until)
        if result.obligations:
            obligations = tuple(dict.fromkeys((*obligations, *result.obligations)))
        if result.missing:
            missing = tuple(dict.fromkeys((*missing, *result.missing)))
        if result.read:
            read = tuple(dict.fromkeys((*read, *result.read)))
        if result.excluded:
            excluded = excluded | result.excluded if excluded else result.excluded
    if outcome is Outcome.PERMIT and obligations:
        outcome = Outcome.PERMIT_WITH_OBLIGATIONS
    return Together(outcome, obligations, missing, excluded, until, read)
