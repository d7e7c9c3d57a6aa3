"""A receipt in one text file: that an entry is in the log, for who has its key (c2sp.org/tlog-proof)."""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from broker.core.audit.merkle import HASH_BYTES, included, leaf_hash
from broker.core.audit.note import Checkpoint, Key, NoteError, Verify, open_checkpoint

MAX_BYTES = 300_000
MAX_HASHES = 63
_FIRST = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


class ProofError(ValueError):
    """Not a proof, or one that proves something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That entry number `index` is in the log as `checkpoint` (a signed note) fixes it.

    `extra` is not covered by anything: here it is the entry's own bytes, which must be hashed to count.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def format_proof(proof: Proof) -> bytes:
    """The `.tlog-proof` file."""
    lines = [_FIRST]
    if proof.extra is not None:
        lines.append(f"extra {b64encode(proof.extra).decode()}")
    lines.append(f"index {proof.index}")
    lines += [b64encode(each).decode() for each in proof.hashes]
    return ("\n".join(lines) + "\n\n").encode() + proof.checkpoint


def parse_proof(raw: bytes) -> Proof:
    """What a `.tlog-proof` file says, nothing of it verified. ProofError if it is none."""
    if len(raw) > MAX_BYTES:
        raise ProofError(f"a proof of more than {MAX_BYTES} bytes")
    head, gap, checkpoint = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise ProofError("the head of a proof is ASCII") from None
    if not gap or lines.pop(0) != _FIRST:
        raise ProofError(f"a proof begins with {_FIRST}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = _unbase64(lines.pop(0).removeprefix("extra "))
    match = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if match is None:
        raise ProofError("a proof names the index of its entry")
    if len(lines) > MAX_HASHES:
        raise ProofError(f"a proof of more than {MAX_HASHES} hashes")
    hashes = tuple(_unbase64(line) for line in lines)
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofError("a hash has 32 bytes")
    return Proof(index=int(match[1]), hashes=hashes, checkpoint=checkpoint, extra=extra)


def verify_proof(proof: Proof, entry: bytes, origin: str, keys: Sequence[Key], verify: Verify) -> Checkpoint:
    """The checkpoint under which `entry` is shown to lie. ProofError if it is not, or nobody known signed."""
    try:
        checkpoint = open_checkpoint(proof.checkpoint, origin, keys, verify)
    except NoteError as wrong:
        raise ProofError(str(wrong)) from None
    if not included(leaf_hash(entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root):
        raise ProofError("this entry is not in the log at that place")
    return checkpoint


def _unbase64(text: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        raise ProofError("not base64") from None
    if b64encode(raw).decode() != text:
        raise ProofError("base64 in another spelling than the canonical one")
    return raw
