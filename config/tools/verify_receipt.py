"""Check a receipt of an audit log, without the service that gave it and without its code.

    verify_receipt.py RECEIPT --key 'name+id+key' [--key …] [--entry FILE] [--older CHECKPOINT --proof FILE]

RECEIPT is a C2SP tlog-proof file. Each --key is a key that the log's operator (or a witness) gave you on another way:
every one of them must have signed. --older is a checkpoint that you kept, --proof the answer of the log's
/audit/proof/consistency?old=…&new=… for both sizes: the log must not have been rewritten in between.

Standard library, and `cryptography` for the signatures. Formats: c2sp.org/tlog-proof, tlog-checkpoint, signed-note,
tlog-cosignature; RFC 6962 section 2.1. Prints the entry and ends with status 0, or says why not and ends with 1.
"""

import argparse
import hashlib
import json
import sys
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Key = tuple[str, bytes, int, bytes]
Checkpoint = tuple[str, str, int, bytes, list[str]]
ED25519, COSIGNED_ED25519, COSIGNED_ML_DSA_44 = 1, 4, 6


class Wrong(Exception):
    """The receipt does not prove what it says."""


def unbase64(text: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        raise Wrong(f"not base64: {text[:40]}") from None
    if b64encode(raw).decode() != text:
        raise Wrong("base64 that is not in its one canonical spelling")
    return raw


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def parse_key(text: str) -> Key:
    """(name, id, algorithm, public key) of `name+id+key`."""
    name, _, rest = text.partition("+")
    said, _, encoded = rest.partition("+")
    raw = unbase64(encoded)
    if not name or not raw:
        raise Wrong(f"not a key: {text[:60]}")
    key_id = sha256(name.encode(), b"\n", raw)[:4]
    if key_id.hex() != said:
        raise Wrong(f"the key of {name} does not have the id that stands before it")
    return name, key_id, raw[0], raw[1:]


def parse_checkpoint(note: bytes) -> Checkpoint:
    """(text, origin, size, root, signature lines) of a signed checkpoint; nothing of it is verified."""
    text, gap, signatures = note.decode().rpartition("\n\n")
    lines = text.split("\n")
    if not gap or not signatures.endswith("\n") or len(lines) < 3 or str(int(lines[1])) != lines[1]:
        raise Wrong("not a checkpoint")
    root = unbase64(lines[2])
    return text + "\n", lines[0], int(lines[1]), root, signatures.split("\n")[:-1]


def signed_by(key: Key, checkpoint: Checkpoint) -> None:
    """Wrong unless `key` signed the checkpoint."""
    name, key_id, algorithm, public = key
    text, origin, size, root, lines = checkpoint
    for line in lines:
        mark, _, rest = line.partition(" ")
        signer, _, encoded = rest.rpartition(" ")
        raw = unbase64(encoded)
        if mark != "\N{EM DASH}" or (signer, raw[:4]) != (name, key_id):
            continue
        signature, message = raw[4:], text.encode()
        if algorithm in (COSIGNED_ED25519, COSIGNED_ML_DSA_44):
            time, signature = signature[:8], signature[8:]
            if algorithm == COSIGNED_ED25519:
                message = b"cosignature/v1\ntime %d\n" % int.from_bytes(time, "big") + message
            else:
                names = [len(each).to_bytes(1, "big") + each for each in (name.encode(), origin.encode())]
                message = b"subtree/v1\n\0" + names[0] + time + names[1] + bytes(8) + size.to_bytes(8, "big") + root
        try:
            if algorithm == COSIGNED_ML_DSA_44:
                from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

                MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
            elif algorithm in (ED25519, COSIGNED_ED25519):
                Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
            else:
                raise Wrong(f"the key of {name} is of an unknown kind")
        except (InvalidSignature, ValueError):
            raise Wrong(f"the signature of {name} is false") from None
        return
    raise Wrong(f"{name} has not signed this checkpoint")


def root_from(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root over `size` leaves when `leaf` is number `index` (RFC 9162 section 2.1.3.2)."""
    if index >= size:
        raise Wrong("there is no such place in a log of this size")
    place, last, node = index, size - 1, leaf
    for other in path:
        if last == 0:
            raise Wrong("the proof is too long")
        if place & 1 or place == last:
            node = sha256(b"\1", other, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = sha256(b"\1", node, other)
        place, last = place >> 1, last >> 1
    if last:
        raise Wrong("the proof is too short")
    return node


def continues(old: int, old_root: bytes, size: int, root: bytes, path: list[bytes]) -> None:
    """Wrong unless the log of `old` entries is the beginning of the one of `size` (RFC 9162 section 2.1.4.2)."""
    if old == size and not path and old_root == root:
        return
    path = path if old & (old - 1) else [old_root, *path]
    if not 0 < old < size or not path:
        raise Wrong("the older checkpoint is not the beginning of this log")
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for other in path[1:]:
        if last and (place & 1 or place == last):
            before, after = sha256(b"\1", other, before), sha256(b"\1", other, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = sha256(b"\1", after, other)
        place, last = place >> 1, last >> 1
    if last or (before, after) != (old_root, root):
        raise Wrong("the log was rewritten: it does not begin with the older checkpoint")


def verify(receipt: bytes, keys: list[str], entry: bytes | None = None) -> tuple[bytes, int, Checkpoint]:
    """(entry, index, checkpoint) of a receipt that proves that `entry` (or the one it carries) is in the log."""
    head, gap, note = receipt.partition(b"\n\n")
    lines = head.decode().split("\n")
    if not gap or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Wrong("not a receipt")
    if lines and lines[0].startswith("extra "):
        carried = unbase64(lines.pop(0)[len("extra ") :])
        entry = carried if entry is None else entry
    if entry is None:
        raise Wrong("the receipt does not carry its entry: give it with --entry")
    word, _, number = lines.pop(0).partition(" ") if lines else ("", "", "")
    if word != "index" or not number.isdecimal() or str(int(number)) != number:
        raise Wrong("the receipt names no place")
    path = [unbase64(line) for line in lines]
    if any(len(each) != 32 for each in path):
        raise Wrong("a hash has 32 bytes")
    checkpoint = parse_checkpoint(note)
    if not keys:
        raise Wrong("without a key nothing is proved")
    for key in keys:
        signed_by(parse_key(key), checkpoint)
    if root_from(sha256(b"\0", entry), int(number), checkpoint[2], path) != checkpoint[3]:
        raise Wrong("this entry is not in the log at that place")
    return entry, int(number), checkpoint


def main(arguments: list[str] | None = None) -> int:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("receipt", type=Path)
    asked.add_argument("--key", action="append", required=True)
    for option in ("--entry", "--older", "--proof"):
        asked.add_argument(option, type=Path)
    said = asked.parse_args(arguments)
    try:
        entry = said.entry.read_bytes() if said.entry else None
        entry, index, checkpoint = verify(said.receipt.read_bytes(), said.key, entry)
        if said.older:
            older = parse_checkpoint(said.older.read_bytes())
            signed_by(parse_key(said.key[0]), older)
            if older[1] != checkpoint[1]:
                raise Wrong("the older checkpoint is of another log")
            path = [unbase64(line) for line in said.proof.read_text().split()] if said.proof else []
            continues(older[2], older[3], checkpoint[2], checkpoint[3], path)
        told = json.dumps(json.loads(entry), indent=2, ensure_ascii=True)
    except (Wrong, ValueError) as wrong:
        print(f"NOT proved: {wrong}")
        return 1
    print(f"entry {index} of {checkpoint[1]}, one of {checkpoint[2]}:\n{told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
