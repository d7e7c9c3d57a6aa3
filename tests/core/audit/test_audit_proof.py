"""Receipts (c2sp.org/tlog-proof): made, read, believed only when everything fits."""

from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.audit.merkle import inclusion_ranges, leaf_hash, prove, root_of
from broker.core.audit.note import Checkpoint, checkpoint_text, sign_note
from broker.core.audit.proof import (
    MAX_BYTES,
    Proof,
    ProofError,
    format_proof,
    parse_proof,
    verify_proof,
)
from tests.core.audit.test_audit_note import KEY, ORIGIN, OTHER, SIGNERS, ed25519

ENTRIES = [str(n).encode() for n in range(11)]
LEAVES = [leaf_hash(each) for each in ENTRIES]
NOTE = sign_note(checkpoint_text(Checkpoint(origin=ORIGIN, size=11, root=root_of(LEAVES))), SIGNERS[:1])


def receipt(index: int) -> Proof:
    hashes = prove(inclusion_ranges(index, 11), lambda s: root_of(LEAVES[s[1] << s[0] : (s[1] + 1) << s[0]]))
    return Proof(index=index, hashes=hashes, checkpoint=NOTE, extra=ENTRIES[index])


@pytest.mark.parametrize("index", range(11))
def test_a_receipt_is_read_back_and_believed(index: int) -> None:
    proof = parse_proof(format_proof(receipt(index)))
    assert proof == receipt(index)
    assert verify_proof(proof, ENTRIES[index], ORIGIN, [KEY], ed25519).size == 11


def test_the_file_looks_as_the_specification_shows_it() -> None:
    lines = format_proof(receipt(10)).decode().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra MTA=", "index 10"]
    assert lines[3:5] == [b64encode(each).decode() for each in receipt(10).hashes]
    assert "\n".join(lines[5:]).encode() == b"\n" + NOTE
    assert b"extra" not in format_proof(replace(receipt(10), extra=None))


def test_another_entry_place_key_or_log_is_not_believed() -> None:
    proof = receipt(3)
    wrong = [
        (proof, b"33", ORIGIN, KEY),
        (replace(proof, index=2), ENTRIES[3], ORIGIN, KEY),
        (replace(proof, hashes=proof.hashes[1:]), ENTRIES[3], ORIGIN, KEY),
        (replace(proof, checkpoint=NOTE.replace(b"\n11\n", b"\n12\n")), ENTRIES[3], ORIGIN, KEY),
        (proof, ENTRIES[3], ORIGIN, OTHER),
        (proof, ENTRIES[3], "another.example.org", KEY),
        (replace(proof, checkpoint=b""), ENTRIES[3], ORIGIN, KEY),
    ]
    for each, entry, origin, key in wrong:
        with pytest.raises(ProofError):
            verify_proof(each, entry, origin, [key], ed25519)


GOOD = format_proof(receipt(3))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        GOOD.replace(b"@v1", b"@v2"),
        GOOD.replace(b"index 3", b"index 03"),
        GOOD.replace(b"index 3", b"index -3"),
        GOOD.replace(b"index 3", b"index"),
        GOOD.replace(b"index 3\n", b""),
        GOOD.replace(b"extra Mw==", b"extra Mx=="),
        GOOD.replace(b"extra Mw==", b"extra M"),
        GOOD.replace(b"=\n", b"\n"),
        GOOD.replace(b"index 3\n", b"index 3\nAAAA\n"),
        GOOD.replace(b"\n\n", b"\n", 1)[: len(GOOD) - len(NOTE)],
        GOOD.replace(b"index 3\n", b"index 3\n" + (b64encode(bytes(32)) + b"\n") * 64),
        GOOD.replace(b"c2sp", b"\xff"),
        GOOD + b"x" * MAX_BYTES,
    ],
)
def test_what_is_not_a_proof_is_refused(raw: bytes) -> None:
    with pytest.raises(ProofError):
        parse_proof(raw)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 7))
@settings(max_examples=150)
def test_a_receipt_with_any_bit_flipped_is_refused(at: int, bit: int) -> None:
    """Only `extra` is covered by nothing: there the entry must be told apart by hashing it."""
    changed = GOOD[:at] + bytes([GOOD[at] ^ 1 << bit]) + GOOD[at + 1 :]

    def believe() -> None:
        proof = parse_proof(changed)
        verify_proof(proof, proof.extra or b"", ORIGIN, [KEY], ed25519)

    with pytest.raises(ProofError):
        believe()
