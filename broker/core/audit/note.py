"""A text and who signs it (c2sp.org/signed-note); the text that fixes a log (c2sp.org/tlog-checkpoint).

The algorithms themselves are an argument. Several keys may sign one note, of several kinds, so that one can take the
place of another and witnesses can add theirs; who does not know a key passes over its line.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from broker.core.audit.merkle import HASH_BYTES
from broker.core.audit.signature_kinds import ED25519, PUBLIC_BYTES, packed, to_sign, unpacked

MAX_BYTES = 100_000
MAX_SIGNATURES = 100
_ID_BYTES = 4
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_KEY = re.compile(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")

Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature) -> is it good? Ed25519 (RFC 8032) for 32 bytes, ML-DSA-44 (FIPS 204) for 1312."""


class NoteError(ValueError):
    """Not a note, or not one that a known key signed. Its text counts for nothing."""


@dataclass(frozen=True, slots=True)
class Key:
    """A name and a public key. ValueError for a name that a signature line cannot carry, or another length of key."""

    name: str
    public: bytes
    kind: int = ED25519
    """What its signature lines are (`signature_kinds`)."""

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() or not c.isprintable() for c in self.name):
            raise ValueError("a key's name has neither spaces nor + in it")
        if len(self.public) != PUBLIC_BYTES.get(self.kind):
            raise ValueError("an Ed25519 public key has 32 bytes, one of ML-DSA-44 has 1312")

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart; not a fingerprint that anything may rest on."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """`name+id+key`, as Go's sumdb/note and the witness tools write it."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"


def first_log(issuer: str) -> str:
    """The name of the first log of the broker `issuer`: its address without the scheme (C2SP: a schema-less URL)."""
    return issuer.partition("://")[2] + "/audit"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key and the function that signs with its private half."""

    key: Key
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A log at one size: nothing below `size` can change without changing `root`."""

    origin: str
    size: int
    root: bytes


def parse_key(text: str) -> Key:
    """The key that `name+id+key` says. ValueError for another form, algorithm or a false id."""
    match = _KEY.fullmatch(text)
    raw = _unbase64(match[3]) if match else None
    if match is None or not raw or raw[0] not in PUBLIC_BYTES:
        raise ValueError("not a key of a note: name+id+key is wanted, Ed25519 or ML-DSA-44")
    key = Key(match[1], raw[1:], raw[0])
    if key.id.hex() != match[2]:
        raise ValueError("the key does not have the id that stands before it")
    return key


def sign_note(text: str, signers: Iterable[Signer]) -> bytes:
    """The signed note of `text`, one line for each signer. ValueError for what is no text of a note."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("a note ends in a newline and has no other control characters")
    message = text.encode()
    lines = [_line(each.key, each.sign(message)) for each in signers]
    if not lines:
        raise ValueError("a note has at least one signature")
    return (text + "\n" + "".join(lines)).encode()


def cosign_note(raw: bytes, signer: Signer, at: int) -> bytes:
    """The note with one line more, by `signer` at `at` (seconds). NoteError or ValueError for no signed checkpoint."""
    text, _ = _split(raw)
    signature = signer.sign(to_sign(signer.key.kind, signer.key.name, text, at))
    return raw + _line(signer.key, packed(signer.key.kind, signature, at)).encode()


def open_note(raw: bytes, keys: Sequence[Key], verify: Verify) -> str:
    """The text of a note that at least one of `keys` signed. NoteError otherwise.

    Lines of unknown keys are passed over; one false signature of a known key spoils the whole note.
    """
    if not signed_lines(raw, keys, verify):
        raise NoteError("no known key has signed this note")
    return _split(raw)[0]


def signed_lines(raw: bytes, keys: Sequence[Key], verify: Verify) -> tuple[str, ...]:
    """The lines of `keys` below a note. NoteError if one of them is false."""
    text, lines = _split(raw)
    known = {(key.name, key.id): key for key in keys}
    good = list[str]()
    for line in lines:
        name, key_id, signature = _parse_line(line)
        key = known.get((name, key_id))
        if key is None:
            continue
        try:
            message, bare = unpacked(key.kind, name, text, signature)
        except ValueError:
            raise NoteError(f"the signature of {name} is of another kind") from None
        if not verify(key.public, message, bare):
            raise NoteError(f"the signature of {name} is false")
        good.append(line + "\n")
    return tuple(good)


def unverified_text(raw: bytes) -> str:
    """The text of a note whose signatures nobody has looked at. NoteError if it is not a note."""
    return _split(raw)[0]


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """The text to be signed: origin, size and root, a line each."""
    if not checkpoint.origin or "\n" in checkpoint.origin or len(checkpoint.root) != HASH_BYTES:
        raise ValueError("a checkpoint has an origin of one line and a root of 32 bytes")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{b64encode(checkpoint.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """What a checkpoint's text says; extension lines are passed over. NoteError for another text."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):  # noqa: PLR2004 (three lines, each ended)
        raise NoteError("a checkpoint has three lines or more, none of them empty")
    root = _unbase64(lines[2])
    if not _SIZE.fullmatch(lines[1]) or root is None or len(root) != HASH_BYTES:
        raise NoteError("a checkpoint's second line is its size, the third its root")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def open_checkpoint(raw: bytes, origin: str, keys: Sequence[Key], verify: Verify) -> Checkpoint:
    """The checkpoint of the log `origin` in a note that one of `keys` signed. NoteError otherwise."""
    checkpoint = parse_checkpoint(open_note(raw, keys, verify))
    if checkpoint.origin != origin:
        raise NoteError("a checkpoint of another log")
    return checkpoint


def _line(key: Key, signature: bytes) -> str:
    return f"\N{EM DASH} {key.name} {b64encode(key.id + signature).decode()}\n"


def _split(raw: bytes) -> tuple[str, list[str]]:
    """Text (with its last newline) and signature lines, parted at the last empty line."""
    if len(raw) > MAX_BYTES:
        raise NoteError(f"a note of more than {MAX_BYTES} bytes")
    try:
        whole = raw.decode()
    except UnicodeDecodeError:
        raise NoteError("a note is UTF-8") from None
    text, gap, signatures = whole.rpartition("\n\n")
    if not gap or not signatures.endswith("\n") or _CONTROL.search(whole):
        raise NoteError("a note is a text, an empty line and signatures")
    lines = signatures.split("\n")[:-1]
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"more than {MAX_SIGNATURES} signatures")
    return text + "\n", lines


def _parse_line(line: str) -> tuple[str, bytes, bytes]:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _unbase64(encoded)
    if mark != "\N{EM DASH}" or not name or "+" in name or raw is None or len(raw) <= _ID_BYTES:
        raise NoteError("a line below a note that is no signature")
    return name, raw[:_ID_BYTES], raw[_ID_BYTES:]


def _unbase64(text: str) -> bytes | None:
    """The bytes that `text` encodes, in their one canonical spelling (RFC 4648 section 4), or None."""
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if b64encode(raw).decode() == text else None
