"""A Go program on golang.org/x/mod/sumdb checks our checkpoints, receipts and consistency; pymerkle the roots."""

import asyncio
import random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pymerkle import InmemoryTree

from broker.adapters.storage.log import open_log
from broker.adapters.storage.tile_folder import write_folder
from broker.core.audit.merkle import consistency_ranges, inclusion_ranges, leaf_hash, prove, root_of
from broker.core.audit.note import Checkpoint, Signer, checkpoint_text, cosign_note, open_checkpoint, sign_note
from broker.core.audit.proof import Proof, format_proof
from broker.core.audit.signature_kinds import COSIGNED_ML_DSA
from broker.core.audit.tiles import Edge, subtree_hash, tail, unbundle
from tests.adapters.storage.support import KEY, ORIGIN, SIGNER, Place, ed25519
from tests.interop.go import Ask, go_asked
from tests.witness import TIME, signer

SIZES = (1, 2, 3, 255, 256, 257, 65_535, 65_536, 65_537)
ENTRIES = [b"entry %d" % n for n in range(max(SIZES))]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
_, TILES = Edge().grown(LEAVES)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The program's answer to one question about our log."""
    with go_asked(tmp_path_factory.mktemp("go"), key=str(KEY), origin=ORIGIN) as one:
        yield one


def checkpoint(size: int, by: Signer = SIGNER) -> bytes:
    root = prove([(0, size)], subtree)[0]
    return sign_note(checkpoint_text(Checkpoint(origin=ORIGIN, size=size, root=root)), [by])


def subtree(wanted: tuple[int, int]) -> bytes:
    return subtree_hash(wanted, TILES)


def consistency(old: int, size: int) -> list[str]:
    return [b64encode(each).decode() for each in prove(consistency_ranges(old, size), subtree)]


def receipt(index: int, size: int) -> Proof:
    hashes = prove(inclusion_ranges(index, size), subtree)
    return Proof(index=index, hashes=hashes, checkpoint=checkpoint(size), extra=ENTRIES[index])


@pytest.mark.row("AL1")
def test_roots_are_those_of_pymerkle() -> None:
    tree = InmemoryTree(algorithm="sha256")
    for entry in ENTRIES:
        tree.append_entry(entry)
    assert root_of([]) == tree.get_root(0)
    for size in SIZES:
        assert prove([(0, size)], subtree)[0] == tree.get_root(size)


@pytest.mark.row("AL1")
@pytest.mark.parametrize("size", SIZES)
def test_go_believes_checkpoints_receipts_and_consistency_of_every_size(ask: Ask, size: int) -> None:
    root = b64encode(prove([(0, size)], subtree)[0]).decode()
    assert ask("checkpoint", new=checkpoint(size)) == f"ok {size} {root}"
    for index in {0, size // 2, size - 1}:
        assert ask("receipt", receipt=format_proof(receipt(index, size))) == f"ok {index}"
    for old in (each for each in SIZES if each <= size):
        said = ask("consistency", old=checkpoint(old), new=checkpoint(size), proof=consistency(old, size))
        assert said == f"ok {size}"


@pytest.mark.row("AL1")
def test_go_believes_a_thousand_random_pairs(ask: Ask) -> None:
    drawn = random.Random(74)
    for _ in range(1_000):
        old, size = sorted(drawn.randrange(1, len(ENTRIES) + 1) for _ in range(2))
        index = drawn.randrange(size)
        said = ask("consistency", old=checkpoint(old), new=checkpoint(size), proof=consistency(old, size))
        assert said == f"ok {size}"
        assert ask("receipt", receipt=format_proof(receipt(index, size))) == f"ok {index}"


@pytest.mark.row("AL1")
def test_go_believes_nothing_that_was_tampered_with(ask: Ask) -> None:
    good = receipt(7, 300)
    forged = Signer(KEY, lambda _: bytes(64))
    for wrong in (
        replace(good, extra=b"entry 8"),
        replace(good, index=8),
        replace(good, hashes=good.hashes[:-1]),
        replace(good, checkpoint=checkpoint(301)),
        replace(good, checkpoint=checkpoint(300, forged)),
    ):
        assert ask("receipt", receipt=format_proof(wrong)).startswith("no ")
    pair = {"old": checkpoint(5), "new": checkpoint(9)}
    assert ask("consistency", **pair, proof=consistency(5, 9)) == "ok 9"
    assert ask("consistency", **pair, proof=consistency(4, 9)).startswith("no ")
    assert ask("consistency", **pair, proof=[]).startswith("no ")
    other = sign_note(checkpoint_text(Checkpoint(origin=ORIGIN, size=9, root=bytes(32))), [SIGNER])
    assert ask("consistency", old=checkpoint(5), new=other, proof=consistency(5, 9)).startswith("no ")


def test_lines_that_go_does_not_know_are_passed_over(ask: Ask) -> None:
    note = cosign_note(cosign_note(checkpoint(9), signer(COSIGNED_ML_DSA, ORIGIN), TIME), signer(), TIME)
    assert ask("checkpoint", new=note).startswith("ok 9 ")


def test_go_believes_what_a_database_hands_out(ask: Ask, tmp_path: Path) -> None:
    place = Place(tmp_path).create()
    place.fill(300)
    notes: dict[int, bytes] = dict(place.ask("SELECT size, note FROM checkpoint"))
    last = tail(place.ask("SELECT size, leaves FROM checkpoint WHERE size > 256 ORDER BY size"), 1)
    leaves = place.ask("SELECT data FROM tile WHERE l = 0")[0][0] + last
    _, tiles = Edge().grown([leaves[at : at + 32] for at in range(0, len(leaves), 32)])
    for old in (old for old in notes if old < 301):
        hashes = prove(consistency_ranges(old, 301), lambda wanted: subtree_hash(wanted, tiles))
        proof = [b64encode(each).decode() for each in hashes]
        assert ask("consistency", old=notes[old], new=notes[301], proof=proof) == "ok 301"


@pytest.mark.row("AL1")
def test_go_and_pymerkle_walk_a_log_in_files_and_find_what_was_changed(ask: Ask, tmp_path: Path) -> None:
    place = Place(tmp_path).create()
    place.fill(599, at_once=True)

    async def write() -> None:
        async with open_log(place.database, place.head) as log:
            await write_folder(log, tmp_path / "log", entries=True, progress=lambda _: None)

    asyncio.run(write())
    assert ask("walk", at=str(tmp_path / "log")) == "ok 600 600"
    bundles = sorted((tmp_path / "log" / "tile" / "entries").rglob("*[0-9]"))
    tree = InmemoryTree(algorithm="sha256")
    for bundle in (each for each in bundles if each.is_file()):
        for entry in unbundle(bundle.read_bytes()):
            tree.append_entry(entry)
    head = open_checkpoint((tmp_path / "log" / "checkpoint").read_bytes(), ORIGIN, [KEY], ed25519)
    assert (tree.get_size(), tree.get_root(600)) == (head.size, head.root)
    for path in ("tile/entries/001", "tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "checkpoint"):
        file = tmp_path / "log" / path
        good = file.read_bytes()
        file.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
        assert ask("walk", at=str(tmp_path / "log")).startswith("no "), path
        file.write_bytes(good)
