"""Cosignatures (c2sp.org/tlog-cosignature): what is signed is laid out as the document says, byte by byte."""

from base64 import b64encode

import pytest

from broker.adapters.note_keys import verify
from broker.core.audit.note import NoteError, cosign_note, open_note, parse_key, signed_lines
from broker.core.audit.signature_kinds import COSIGNED, COSIGNED_ML_DSA, ED25519, to_sign
from tests.core.audit.test_audit_note import HEAD, KEY, NOTE, ORIGIN, TEXT
from tests.witness import NAME, TIME, signer

KINDS = [COSIGNED, COSIGNED_ML_DSA]


def test_an_ed25519_cosignature_is_over_its_time_and_the_text() -> None:
    assert to_sign(COSIGNED, NAME, TEXT, 1679315147) == b"cosignature/v1\ntime 1679315147\n" + TEXT.encode()
    assert to_sign(ED25519, NAME, TEXT, 5) == TEXT.encode()


@pytest.mark.row("AL4")
def test_an_ml_dsa_cosignature_is_over_a_structure_that_names_who_signs_what_and_when() -> None:
    assert to_sign(COSIGNED_ML_DSA, "w", TEXT + "extension\n", 258) == b"".join((
        b"subtree/v1\n\0",
        b"\x01w",
        b"\0\0\0\0\0\0\x01\x02",
        bytes([len(ORIGIN)]) + ORIGIN.encode(),
        bytes(8),
        HEAD.size.to_bytes(8, "big"),
        HEAD.root,
    ))  # fmt: skip


@pytest.mark.row("AL4")
@pytest.mark.parametrize("kind", KINDS)
def test_a_line_is_added_and_believed_by_who_has_the_key(kind: int) -> None:
    one = signer(kind)
    note = cosign_note(NOTE, one, TIME)
    assert note.startswith(NOTE)
    assert parse_key(str(one.key)) == one.key
    assert open_note(note, [KEY], verify) == open_note(note, [one.key], verify) == TEXT
    assert len(signed_lines(note, [KEY, one.key], verify)) == 2
    later = note.replace(b64encode(one.key.id + TIME.to_bytes(8, "big"))[:14], b64encode(one.key.id + bytes(8))[:14])
    assert later != note
    with pytest.raises(NoteError, match="false"):
        open_note(later, [one.key], verify)
    with pytest.raises(NoteError):
        open_note(note.replace(b"\n7\n", b"\n8\n"), [one.key], verify)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cosignature_without_its_time_is_refused(kind: int) -> None:
    one = signer(kind)
    line = f"\N{EM DASH} {NAME} {b64encode(one.key.id + b'short').decode()}\n".encode()
    with pytest.raises(NoteError, match="another kind"):
        open_note(NOTE + line, [one.key], verify)


@pytest.mark.parametrize(
    "text", ["a note\n", "a\nb\nc\n", "o\n1\nAAAA\n", f"{'o' * 256}\n1\n{b64encode(bytes(32)).decode()}\n"]
)
def test_only_checkpoints_are_cosigned_by_ml_dsa(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        to_sign(COSIGNED_ML_DSA, NAME, text, 1)
