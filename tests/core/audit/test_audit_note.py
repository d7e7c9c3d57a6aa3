"""Signed notes and checkpoints: the documents' own examples, and everything that must not pass for one."""

from base64 import b64decode, b64encode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from broker.core.audit.note import (
    Checkpoint,
    Key,
    NoteError,
    Signer,
    checkpoint_text,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    parse_key,
    sign_note,
    unverified_text,
)

ORIGIN = "log.example.org/audit"
PRIVATE = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(3)]
SIGNERS = [Signer(Key(ORIGIN, each.public_key().public_bytes_raw()), each.sign) for each in PRIVATE]
KEY, OTHER, THIRD = (each.key for each in SIGNERS)
HEAD = Checkpoint(origin=ORIGIN, size=7, root=bytes(range(32)))
TEXT = checkpoint_text(HEAD)
NOTE = sign_note(TEXT, SIGNERS[:1])
# From the documentation of golang.org/x/mod/sumdb/note.
NEUMANN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# The example of c2sp.org/tlog-checkpoint.
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
).encode()


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_a_note_of_another_implementation_is_opened() -> None:
    key = parse_key(NEUMANN_KEY)
    assert str(key) == NEUMANN_KEY
    assert open_note(NEUMANN_NOTE, [key], ed25519).startswith("If you think cryptography")
    with pytest.raises(NoteError, match="false"):
        open_note(NEUMANN_NOTE.replace(b"your problem is", b"my problem is"), [key], ed25519)


def test_the_checkpoint_of_the_specification_is_read() -> None:
    said = parse_checkpoint(unverified_text(SOFA))
    assert (said.origin, said.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert said.root == b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")


def test_what_is_signed_comes_back() -> None:
    assert open_checkpoint(NOTE, ORIGIN, [KEY], ed25519) == HEAD
    assert parse_key(str(KEY)) == KEY


def test_several_keys_may_sign_and_one_known_one_is_enough() -> None:
    both = sign_note(TEXT, SIGNERS[:2])
    for known in ([KEY], [OTHER], [KEY, OTHER], [THIRD, OTHER]):
        assert open_note(both, known, ed25519) == TEXT


def test_one_false_signature_of_a_known_key_spoils_the_note() -> None:
    liar = Signer(OTHER, lambda _: bytes(64))
    note = sign_note(TEXT, [SIGNERS[0], liar])
    assert open_note(note, [KEY], ed25519) == TEXT
    with pytest.raises(NoteError, match="false"):
        open_note(note, [KEY, OTHER], ed25519)


def test_a_key_is_known_by_name_and_id_together() -> None:
    """The same name with another id, and the same key under another name, are unknown keys."""
    for stranger in (OTHER, Key("other.example.org", KEY.public)):
        with pytest.raises(NoteError, match="no known key"):
            open_note(NOTE, [stranger], ed25519)
    with pytest.raises(NoteError, match="no known key"):
        open_note(NOTE, [], ed25519)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(NoteError, match="another log"):
        open_checkpoint(NOTE, "log.example.org", [KEY], ed25519)


@pytest.mark.parametrize("at", range(len(NOTE)))
def test_no_byte_of_a_note_can_be_changed(at: int) -> None:
    changed = NOTE[:at] + bytes([NOTE[at] ^ 1]) + NOTE[at + 1 :]
    with pytest.raises(NoteError):
        open_checkpoint(changed, ORIGIN, [KEY], ed25519)


LINE = NOTE.split(b"\n\n")[1]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"\n\n",
        TEXT.encode(),
        TEXT.encode() + b"\n",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"x\n",
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace(b"\n", b"\r\n"),
        NOTE.replace(b"log.", b"log\t", 1),
        NOTE.replace("— ".encode(), b"- "),
        NOTE.replace("— ".encode(), "—".encode()),
        NOTE.replace("— ".encode(), "—  ".encode()),
        NOTE[:-2] + b"\n",
        NOTE.replace(b"=\n", b"\n"),
        NOTE + "— a+b AAAAAAA=\n".encode(),
        NOTE + "— name AAAA\n".encode(),
        NOTE + "— name !!!!\n".encode(),
        b"\xff" + NOTE,
        TEXT.encode() + b"\n" + LINE * 101,
        b"x" * 100_001 + NOTE,
    ],
)
def test_what_is_not_a_note_is_refused(raw: bytes) -> None:
    with pytest.raises(NoteError):
        open_note(raw, [KEY], ed25519)


def test_up_to_a_hundred_signatures_are_looked_at() -> None:
    strangers = [Signer(Key(f"w{n}", KEY.public), PRIVATE[0].sign) for n in range(99)]
    assert open_note(sign_note(TEXT, [*strangers, SIGNERS[0]]), [KEY], ed25519) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n01\nAAAA\n",
        TEXT.replace("\n7\n", "\n07\n"),
        TEXT.replace("\n7\n", "\n-7\n"),
        TEXT.replace("\n7\n", "\n7 \n"),
        TEXT.replace("\n7\n", "\n\N{FULLWIDTH DIGIT SEVEN}\n"),
        TEXT.replace("\n7\n", "\n" + "9" * 20 + "\n"),
        TEXT.replace("AAEC", "AAE="),
        TEXT + "\n",
        "\n" + TEXT,
        TEXT[:-1],
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_checkpoint(text)


def test_a_note_has_at_most_100_000_bytes() -> None:
    def note(length: int) -> bytes:
        return sign_note(TEXT + "x" * length + "\n", SIGNERS[:1])

    room = 100_000 - len(note(0))
    assert open_checkpoint(note(room), ORIGIN, [KEY], ed25519) == HEAD
    with pytest.raises(NoteError, match="100000"):
        open_note(note(room + 1), [KEY], ed25519)


def test_extension_lines_are_passed_over() -> None:
    assert parse_checkpoint(TEXT + "an extension\n") == HEAD


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\0"])
def test_a_key_has_a_name_that_a_signature_line_can_carry(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Key(name, bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        NEUMANN_KEY.replace("c74f20a3", "c74f20a4"),
        NEUMANN_KEY.replace("+ARpc", "+Arpc"),
        NEUMANN_KEY + "=",
        "PeterNeumann+c74f20a3+" + b64encode(b"\2" + bytes(32)).decode(),
        "PeterNeumann+c74f20a3+" + b64encode(b"\1" + bytes(31)).decode(),
    ],
)
def test_what_is_not_a_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any refusal will do)
        parse_key(text)


@pytest.mark.parametrize("text", ["no newline", "tab\t\n", "bell\a\n", "cr\r\n"])
def test_such_a_text_is_never_signed(text: str) -> None:
    with pytest.raises(ValueError, match="newline"):
        sign_note(text, SIGNERS)


def test_a_note_needs_a_signer_and_a_checkpoint_a_whole_root_and_origin() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sign_note(TEXT, [])
    for origin, root in (("", bytes(32)), ("a\nb", bytes(32)), ("a", bytes(31))):
        with pytest.raises(ValueError, match="checkpoint"):
            checkpoint_text(Checkpoint(origin=origin, size=1, root=root))
