"""The Data Use Ontology: a purpose matched with codes; an ontology of 30,000 diseases read, and asked."""

from broker.core.duo.closure import decode, encode
from broker.core.duo.match import match
from broker.core.duo.ontology import covers
from broker.core.duo.release import build
from broker.core.duo.terms import Term, parse_terms
from broker.core.time import Day
from tests.bench.measure import Goal
from tests.core.duo.duo_world import ONTOLOGY, asking
from tests.core.duo.test_duo_size import TERMS, stanzas

_TIMES = 1000
_TODAY = Day(2026, 11, 21)
_DATASETS = 2000
"""More than are remembered, so that each is matched anew."""


def _coded(n: int) -> tuple[Term, ...]:
    place = {"code": "GS", "regions": ["EU", "CH"]}
    return parse_terms(["HMB", "NPU", place, {"code": "TS", "months": 12 + n}, "IRB", "PUB"])


def goals() -> tuple[Goal, ...]:
    """Made when asked for: closing an ontology takes a moment."""
    raw = encode(build("v", stanzas()), "s")
    held = decode(raw, "s")
    first, last = "MONDO:0000000", f"MONDO:{TERMS - 1:07}"
    purpose = asking(evidence={"ethics_approval": "verified"}, agreements={"publish": True})
    datasets = [_coded(n) for n in range(_DATASETS)]

    def matched(some: list[tuple[Term, ...]]) -> None:
        for terms in some:
            match(terms, purpose, ONTOLOGY, _TODAY)

    def asked() -> None:
        for _ in range(_TIMES):
            covers(held, first, last)

    again = datasets[:1] * _TIMES
    return (
        Goal(name="a purpose matched with six codes", micros=40, run=lambda: matched(datasets), times=_DATASETS),
        Goal(name="the same again", micros=3, run=lambda: matched(again), times=_TIMES),
        Goal(name=f"an ontology of {TERMS:,} terms, from its closure", micros=300_000, run=lambda: decode(raw, "s")),
        Goal(name="is one disease a kind of another", micros=1, run=asked, times=_TIMES),
    )
