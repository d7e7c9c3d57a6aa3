"""How a log asks a witness to sign a checkpoint, and what the answers mean (c2sp.org/tlog-witness, add-checkpoint)."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from broker.core.audit.note import Key, NoteError, Verify, signed_lines

MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read: several lines of ML-DSA-44 fit."""
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_DONE, _CONFLICT = 200, 409
_WHY = {
    403: "it does not know the key of this log",
    404: "it does not know this log",
    422: "it does not find this checkpoint consistent with the one that it signed before",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Somebody who signs our checkpoints, having seen that each continues the one before. `url`: their prefix."""

    key: Key
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A checkpoint (`size`, the signed `note`), and the `lines` that a witness has put below it at `at`."""

    size: int
    note: str
    lines: str
    at: int


def asked(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The request: the checkpoint of `note` continues the one of `old` entries that this witness signed last."""
    lines = [f"old {old}", *(b64encode(each).decode() for each in proof)]
    return ("\n".join(lines) + "\n\n").encode() + note


def other_size(status: int, body: bytes) -> int | None:
    """The size of the checkpoint that the witness signed last, if it says that it is another one than we said."""
    match = _SIZE.fullmatch(body) if status == _CONFLICT else None
    return int(match[1]) if match is not None else None


def lines_of(status: int, body: bytes, note: bytes, witness: Witness, verify: Verify) -> str:
    """What the witness has put below `note`. NoteError, with the reason, for anything else."""
    if status != _DONE:
        raise NoteError(_WHY.get(status, f"it answered {status}"))
    lines = signed_lines(note + body, [witness.key], verify)
    if not lines:
        raise NoteError("it answered without a signature of its own")
    return "".join(lines)
