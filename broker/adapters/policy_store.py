"""Which folder of policy packs is in force: sets that were activated, side by side in the state folder.

`<state>/policies/<digest>/` holds the files of one activated set as they were, `<state>/policies/in-force` names the
set that holds. Trusted: whoever can write there writes the law that this service follows. Sets are never removed.
"""

import hashlib
import os
import re
import tempfile
from pathlib import Path, PurePosixPath

from broker.adapters.policy_files import files_in
from broker.ports.packs import Files

_POINTER = "in-force"
_NAME = re.compile(r"[0-9a-f]{64}")


class PolicyStoreError(ValueError):
    """The state folder does not say which set of packs is in force, or what it says is not there."""


def in_force(folder: Path) -> Path | None:
    """The folder of the set that was activated last; None if none ever was. PolicyStoreError, OSError."""
    pointer = folder / _POINTER
    try:
        name = pointer.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    if not _NAME.fullmatch(name) or not (folder / name).is_dir():
        raise PolicyStoreError(f"{pointer}: {name!r} is no set of packs; activate one again")
    return folder / name


def assert_untouched(kept: Path) -> None:
    """PolicyStoreError unless an activated set is what was activated. OSError."""
    if content_digest(kept) != kept.name:
        raise PolicyStoreError(f"{kept}: not the files that were activated; activate a set again")


def keep(source: Path, folder: Path) -> Path:
    """A copy of the packs and cases in `source`, as `keep_files`. OSError."""
    return keep_files(files_in(source), folder)


def keep_files(files: Files, folder: Path) -> Path:
    """A copy of a set, whole or not at all, under the digest of its files; durable on return. OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = folder / digest_of(files)
    if not kept.is_dir():
        with tempfile.TemporaryDirectory(dir=folder, prefix=".half-") as half:
            for name, said in files.items():
                target = Path(half) / "set" / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write(target, said)
            (Path(half) / "set").rename(kept)
    return kept


def point_to(kept: Path) -> None:
    """`kept`, a folder that `keep` gave, is the set in force from now on: for a running broker, and for every start."""
    with tempfile.NamedTemporaryFile("w", dir=kept.parent, prefix=".half-", delete=False) as half:
        half.write(f"{kept.name}\n")
        half.flush()
        os.fsync(half.fileno())
    Path(half.name).replace(kept.parent / _POINTER)


def content_digest(source: Path) -> str:
    """SHA-256 over the names and contents of the packs and cases in `source`."""
    return digest_of(files_in(source))


def digest_of(files: Files) -> str:
    """SHA-256 over the names and contents of a set."""
    whole = hashlib.sha256()
    for name, content in sorted(files.items(), key=lambda each: PurePosixPath(each[0]).parts):
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _write(path: Path, said: bytes) -> None:
    with path.open("xb") as file:
        file.write(said)
        file.flush()
        os.fsync(file.fileno())
