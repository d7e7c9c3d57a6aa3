"""A checker of logs that nobody here wrote, and that builds on none of the libraries of Go, walks our log in files.

PyPI's aics-tlog implements the C2SP formats for other logs than ours. From outside it has a folder and our public key.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.storage.log import open_log
from broker.adapters.storage.tile_folder import write_folder
from broker.core.audit.note import cosign_note
from broker.core.audit.signature_kinds import COSIGNED_ML_DSA
from tests.adapters.storage.places import new_database, place
from tests.adapters.storage.support import KEY, ORIGIN, Place
from tests.interop.serving import HERE, needed
from tests.witness import TIME, signer

__all__ = ["new_database", "place"]
_INSTALLED = HERE / ".suites" / "checker"
COUNT = 600


@pytest.fixture
def checker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    needed("aics-tlog", there=(_INSTALLED / "aics_tlog").is_dir(), how="make interop-tools")
    monkeypatch.syspath_prepend(str(_INSTALLED))
    import aics_tlog  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 (installed beside us)

    yield aics_tlog
    for name in [name for name in sys.modules if name.partition(".")[0] == "aics_tlog"]:
        del sys.modules[name]


@pytest.fixture
def log(place: Place, tmp_path: Path) -> Path:
    """A log of 600 entries, as files."""
    place.fill(COUNT - 1, at_once=True)

    async def write() -> None:
        async with open_log(place.database, place.head) as log:
            await write_folder(log, tmp_path / "log", entries=True, progress=lambda _: None)

    asyncio.run(write())
    return tmp_path / "log"


def head(checker: Any, log: Path, **more: Any) -> Any:
    """What it says of our checkpoint."""
    note = checker.parse_note((log / "checkpoint").read_bytes())
    return checker.verify_checkpoint(note, checker.parse_vkey(str(KEY)), expected_origin=ORIGIN, **more)


def said(checker: Any, log: Path) -> tuple[int, bytes]:
    """Size and root, as it reads them."""
    found = checker.parse_checkpoint(checker.parse_note((log / "checkpoint").read_bytes()).text)
    return found.size, found.root


@pytest.mark.row("AL1")
def test_it_believes_our_checkpoint_every_tile_and_every_entry(checker: Any, log: Path) -> None:
    found = head(checker, log)
    assert found.ok, found.error
    size, root = said(checker, log)
    assert size == COUNT
    reader = checker.FileSystemTileReader(log)
    checker.audit_tiles(reader, size, root)
    proven = checker.VerifiedTileReader(reader, size, root)
    for index in (0, 255, 256, COUNT - 1):
        proof = checker.inclusion_proof_from_tiles(proven, index, size)
        assert checker.verify_leaf_inclusion(proven.entry(index), index, size, proof, root)
    for old in (1, 256, 257, COUNT):
        before = checker.tree_root_from_tiles(reader, old, size)
        proof = checker.consistency_proof_from_tiles(proven, old, size)
        assert checker.verify_consistency(old, size, before, root, proof)


@pytest.mark.row("AL1", "AL4")
def test_it_counts_a_witness_and_passes_over_a_key_that_it_does_not_know(checker: Any, log: Path) -> None:
    witness = signer()
    note = cosign_note(
        cosign_note((log / "checkpoint").read_bytes(), signer(COSIGNED_ML_DSA, ORIGIN), TIME), witness, TIME
    )
    (log / "checkpoint").write_bytes(note)
    known = [checker.parse_vkey(str(witness.key))]
    assert head(checker, log, witness_keys=known, quorum=1).ok
    assert not head(checker, log, witness_keys=known, quorum=2).ok


@pytest.mark.row("AL1")
@pytest.mark.parametrize("path", ["tile/entries/001", "tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "checkpoint"])
def test_it_finds_whatever_was_changed(checker: Any, log: Path, path: str) -> None:
    file = log / path
    good = file.read_bytes()
    file.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
    try:
        found = head(checker, log)
        if found.ok:
            checker.audit_tiles(checker.FileSystemTileReader(log), *said(checker, log))
    except ValueError:
        return
    assert not found.ok
