"""A file that is stored encrypted leaves so, unless its owner allows plaintext: asked of copies, and each time anew."""

from typing import Any

import pytest

from broker.core.decision import evaluate
from broker.core.outcome import Outcome
from broker.core.purpose import Modality
from broker.core.rows import Envelope
from broker.core.snapshot import follow
from tests import builders as b

ENVELOPE = Envelope(header=124, size=1000, sha256="0" * 64)

CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], bool]] = [
    ("stored in the clear", {}, {}, {}, True),
    ("stored encrypted, asked for in the clear", {"envelope": ENVELOPE}, {}, {}, False),
    ("the owner allows it", {"envelope": ENVELOPE}, {"plaintext": True}, {}, True),
    ("asked for encrypted", {"envelope": ENVELOPE}, {}, {"sealed": True}, True),
    ("streamed in the clear", {"envelope": ENVELOPE}, {}, {"modality": Modality.STREAM}, False),
    ("used where it lies", {"envelope": ENVELOPE}, {}, {"modality": Modality.TRE_REMOTE}, True),
    ("the dataset as a whole", {"envelope": ENVELOPE}, {}, {"object": None}, True),
    ("open data", {"envelope": ENVELOPE}, {"access": "open"}, {}, False),
]


@pytest.mark.row("C4GH-OWNER")
@pytest.mark.parametrize(("name", "object", "dataset", "asked", "permits"), CASES)
def test_who_gets_plaintext(
    name: str, object: dict[str, Any], dataset: dict[str, Any], asked: dict[str, Any], permits: Any
) -> None:
    del name
    found = evaluate(b.question(**asked), b.snapshot(one=b.drs_object(**object), dataset=b.dataset(**dataset)))
    codes = [reason.code for reason in found.reasons]
    assert (found.permits, "SEC-SEALED-ONLY" in codes) == (permits, not permits)


def test_both_forms_are_judged_apart_also_when_one_is_remembered() -> None:
    picture = b.snapshot(one=b.drs_object(envelope=ENVELOPE))
    for _ in range(2):
        assert evaluate(b.question(sealed=True), picture).permits
        assert evaluate(b.question(), picture).outcome is Outcome.ALTERNATIVE


def test_the_owner_changes_their_mind() -> None:
    picture = b.snapshot(one=b.drs_object(envelope=ENVELOPE), dataset=b.dataset(plaintext=True))
    assert evaluate(b.question(), picture).permits
    assert not evaluate(b.question(), follow(picture, [b.dataset(version=2)])).permits
