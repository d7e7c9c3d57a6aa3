"""A real release has 30,000 terms: what its closure takes in memory."""

import tracemalloc
from random import Random

import pytest

from broker.core.duo.closure import decode, encode
from broker.core.duo.ontology import covers
from broker.core.duo.release import Stanza, build

TERMS = 30_000
MOST = 60 * 1024 * 1024


def stanzas() -> list[Stanza]:
    """A release of the size and shape of MONDO: one to three parents, other vocabularies' ids for most terms."""
    random = Random(7)
    found = [Stanza(id="MONDO:0000000", label="disease")]
    for n in range(1, TERMS):
        near = range(n // 8, max(n // 2, n // 8 + 1))
        parents = {f"MONDO:{random.choice(near):07}" for _ in range(random.choice([1, 1, 2, 3]))}
        same = (f"OMIM:{n}", f"Orphanet:{n}") if n % 2 else ()
        label = f"a disease with a name of usual length, number {n}"
        found.append(Stanza(id=f"MONDO:{n:07}", label=label, parents=tuple(parents), same=same))
    return found


@pytest.fixture(scope="module")
def raw() -> bytes:
    return encode(build("v", stanzas()), "s")


def test_a_closure_of_30000_terms_is_read_within_60_megabytes(raw: bytes) -> None:
    tracemalloc.start()
    try:
        found = decode(raw, "s")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < MOST
    assert len(found.names) == TERMS
    assert len(raw) < 4 * 1024 * 1024
    assert covers(found, "MONDO:0000000", f"Orphanet:{TERMS - 1}") is True
