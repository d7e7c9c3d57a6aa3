"""What exactly do the kinds of signature lines below a checkpoint sign? (c2sp.org/signed-note, tlog-cosignature)

A line's signature is Ed25519 over the note's text (kind 1, a log's own), or a cosignature: eight bytes of time, then
Ed25519 over the time and the text (kind 4, witnesses), or ML-DSA-44 over the time, the name, and what the checkpoint
says (kind 6: witnesses, and a log that wants to be believed when Ed25519 no longer is).
"""

from base64 import b64decode

from broker.core.audit.merkle import HASH_BYTES

ED25519, COSIGNED, COSIGNED_ML_DSA = 1, 4, 6
PUBLIC_BYTES = {ED25519: 32, COSIGNED: 32, COSIGNED_ML_DSA: 1312}
"""Kind of signature line to the length of its public keys."""
_TIME_BYTES = 8
_LABEL = b"subtree/v1\n\0"
_MAX_NAME = 255


def unpacked(kind: int, name: str, text: str, signature: bytes) -> tuple[bytes, bytes]:
    """Message and bare signature of a line. ValueError for what cannot be signed in this way."""
    if kind == ED25519:
        return text.encode(), signature
    if len(signature) <= _TIME_BYTES:
        raise ValueError("a cosignature begins with its time")
    at = int.from_bytes(signature[:_TIME_BYTES], "big")
    return to_sign(kind, name, text, at), signature[_TIME_BYTES:]


def packed(kind: int, signature: bytes, at: int) -> bytes:
    """A bare signature as it stands in a line."""
    return signature if kind == ED25519 else at.to_bytes(_TIME_BYTES, "big") + signature


def to_sign(kind: int, name: str, text: str, at: int) -> bytes:
    """The message that a key called `name` signs at `at` for a note of `text`. ValueError for no checkpoint."""
    if kind == ED25519:
        return text.encode()
    if kind == COSIGNED:
        return f"cosignature/v1\ntime {at}\n{text}".encode()
    lines = text.split("\n")
    if len(lines) < 4 or not lines[1].isdecimal():  # noqa: PLR2004 (three lines, each ended)
        raise ValueError("only checkpoints are cosigned")
    root = b64decode(lines[2], validate=True)
    if len(root) != HASH_BYTES:
        raise ValueError("a root has 32 bytes")
    ends = bytes(8) + int(lines[1]).to_bytes(8, "big")
    return _LABEL + _opaque(name) + at.to_bytes(_TIME_BYTES, "big") + _opaque(lines[0]) + ends + root


def _opaque(text: str) -> bytes:
    raw = text.encode()
    if not 0 < len(raw) <= _MAX_NAME:
        raise ValueError("a name or origin has 1 to 255 bytes")
    return len(raw).to_bytes(1, "big") + raw
