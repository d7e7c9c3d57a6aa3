"""Whole files, in one pass each: encrypted for the repository, and measured with what is in them.

Nothing half done is left behind: a file appears under its name when all of it is on disk, or not at all.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from broker.adapters.crypt4gh.bodies import Opener, Sealer
from broker.adapters.crypt4gh.packets import SecretKey, sealed, unsealed
from broker.core.crypt4gh.edits import kept
from broker.core.crypt4gh.header import KEY_BYTES, MAGIC, MAX_HEADER, NONCE_BYTES, Contents
from broker.core.crypt4gh.segments import PLAIN, SEALED, plain_size
from broker.core.rows import Envelope

Tell = Callable[[int], object]
"""Told how many bytes of the file were just done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is in a file: size and checksums of the content, and the Crypt4GH file around it, if there is one."""

    size: int
    checksums: dict[str, str]
    envelope: Envelope | None = None


class ChangedFileError(ValueError):
    """The file changed while it was read; what came of it is of no use."""


class _Digests:
    """Size and checksums of what passes."""

    def __init__(self) -> None:
        self.size = 0
        self._sha256, self._md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)

    def add(self, piece: bytes | bytearray | memoryview) -> None:
        self.size += len(piece)
        self._sha256.update(piece)
        self._md5.update(piece)

    @property
    def checksums(self) -> dict[str, str]:
        return {"sha-256": self._sha256.hexdigest(), "md5": self._md5.hexdigest()}


def encrypt_file(
    source: Path, target: Path, readers: Sequence[bytes], random: Callable[[int], bytes], tell: Tell
) -> Measured:
    """Write `source` as a Crypt4GH file for `readers` (public keys). FileExistsError, OSError, ChangedFileError.

    The data key is for this one file and is nowhere kept but in the file's header.
    """
    if target.exists():
        raise FileExistsError(f"{target}: is there already")
    said = Contents(keys=(random(KEY_BYTES),))
    header = sealed(said, readers, random(KEY_BYTES))
    sealer = Sealer(said.keys[0], lambda _: random(NONCE_BYTES))
    content, whole = _Digests(), hashlib.sha256(header)
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        with source.open("rb") as file, unfinished.open("wb") as out:
            out.write(header)
            for number, piece in enumerate(_read(file, PLAIN)):
                body = sealer.seal(piece, number)
                content.add(piece)
                whole.update(body)
                out.write(body)
                tell(len(piece))
            size = out.tell()
            out.flush()
            os.fsync(out.fileno())
        os.link(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    return Measured(size=content.size, checksums=content.checksums, envelope=_envelope(header, size, whole.hexdigest()))


def decrypt_file(
    source: Path, target: Path, keys: Sequence[SecretKey], tell: Tell, *, size: int, checksums: Mapping[str, str]
) -> None:
    """Write what is in `source` as `target`, if it is the content that was promised. ValueError, OSError.

    The format does not tell whether segments are missing at the end; size and digest do. Nobody else may read it.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as out, source.open("rb") as file:
            found = _sealed(file, keys, tell, out.write)
            out.flush()
            os.fsync(out.fileno())
        differs = [kind for kind, value in found.checksums.items() if checksums.get(kind, value) != value]
        if found.size != size or differs:
            raise ValueError("what is in it is not what was promised")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def measure(path: Path, keys: Callable[[], Sequence[SecretKey]], tell: Tell) -> Measured:
    """What is in the file. `keys`: asked for only if it is encrypted. OSError; ValueError: it cannot be decrypted."""
    with path.open("rb") as file:
        start = file.read(len(MAGIC))
        file.seek(0)
        return _sealed(file, keys(), tell, len) if start == MAGIC else _clear(file, tell)


def _clear(file: BinaryIO, tell: Tell) -> Measured:
    content = _Digests()
    for piece in _read(file, PLAIN):
        content.add(piece)
        tell(len(piece))
    return Measured(size=content.size, checksums=content.checksums)


def _sealed(file: BinaryIO, keys: Sequence[SecretKey], tell: Tell, take: Callable[[memoryview], object]) -> Measured:
    """`take`: gets the content, piece by piece, before anybody knows whether it is all of it."""
    found, said = unsealed(file.read(MAX_HEADER), keys)
    file.seek(0)
    header = file.read(found.length)
    whole, content, opener = hashlib.sha256(header), _Digests(), Opener(said.keys)
    tell(len(header))
    size = os.fstat(file.fileno()).st_size
    pieces, at = kept(said.edits, plain_size(size - len(header))), 0
    for body in _read(file, SEALED):
        whole.update(body)
        plain = memoryview(opener.open(body, at // PLAIN))
        for one in pieces:
            begin, end = max(one.first - at, 0), min(one.last + 1 - at, len(plain))
            if begin < end:
                content.add(plain[begin:end])
                take(plain[begin:end])
        at += len(plain)
        tell(len(body))
    return Measured(size=content.size, checksums=content.checksums, envelope=_envelope(header, size, whole.hexdigest()))


def _envelope(header: bytes, size: int, sha256: str) -> Envelope:
    return Envelope(header=len(header), size=size, sha256=sha256, header_sha256=hashlib.sha256(header).hexdigest())


def _read(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Pieces of `size`, but for the last one. ChangedFileError when the file was written to meanwhile."""
    before = os.fstat(file.fileno())
    while piece := file.read(size):
        if file.tell() > before.st_size:  # it grows, and might do so for ever
            break
        yield piece
    after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ChangedFileError("changed while it was read")
