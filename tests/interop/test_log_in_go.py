"""A Go program on golang.org/x/mod/sumdb checks our checkpoints, receipts and consistency; pymerkle the roots."""

import json
import os
import random
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymerkle import InmemoryTree

from broker.core.audit.merkle import consistency_ranges, inclusion_ranges, leaf_hash, prove, root_of
from broker.core.audit.note import Checkpoint, Signer, checkpoint_text, cosign_note, sign_note
from broker.core.audit.proof import Proof, format_proof
from broker.core.audit.signature_kinds import COSIGNED_ML_DSA
from broker.core.audit.tiles import Edge, subtree_hash, tail
from tests.adapters.storage.support import KEY, ORIGIN, SIGNER, Place
from tests.interop.serving import needed
from tests.witness import TIME, signer

SOURCE = Path(__file__).parent / "log"
LIBRARY = Path("/usr/share/gocode")
SIZES = (1, 2, 3, 255, 256, 257, 65_535, 65_536, 65_537)
ENTRIES = [b"entry %d" % n for n in range(max(SIZES))]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
_, TILES = Edge().grown(LEAVES)
Ask = Callable[..., str]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The program's answer to one question."""
    go = shutil.which("go") or ""
    there = bool(go) and (LIBRARY / "src" / "golang.org" / "x" / "mod").is_dir()
    needed("Go with golang.org/x/mod", there=there, how="apt-get install golang-go golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "go-build"
    built = {**os.environ, "GO111MODULE": "off", "GOPATH": str(LIBRARY), "GOCACHE": str(cache)}
    subprocess.run([go, "build", "-o", str(folder / "logcheck"), "main.go"], cwd=SOURCE, env=built, check=True)
    with subprocess.Popen(
        [str(folder / "logcheck")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None

        def one(do: str, **said: Any) -> str:
            question = {"do": do, "key": str(KEY), "origin": ORIGIN} | {k: text(v) for k, v in said.items()}
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write(json.dumps(question) + "\n")
            running.stdin.flush()
            return running.stdout.readline().rstrip("\n")

        yield one
        running.stdin.close()


def text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


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
