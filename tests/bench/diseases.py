"""The disease ontology: a closure of 30,000 terms read, and one question asked of it."""

from broker.core.duo.closure import decode, encode
from broker.core.duo.ontology import covers
from broker.core.duo.release import build
from tests.bench.measure import Goal
from tests.core.duo.test_duo_size import TERMS, stanzas

_TIMES = 1000


def goals() -> tuple[Goal, ...]:
    """Made when asked for: closing it takes a moment."""
    raw = encode(build("v", stanzas()), "s")
    held = decode(raw, "s")
    first, last = "MONDO:0000000", f"MONDO:{TERMS - 1:07}"

    def asked() -> None:
        for _ in range(_TIMES):
            covers(held, first, last)

    return (
        Goal(name=f"an ontology of {TERMS:,} terms, from its closure", micros=300_000, run=lambda: decode(raw, "s")),
        Goal(name="is one disease a kind of another", micros=1, run=asked, times=_TIMES),
    )
