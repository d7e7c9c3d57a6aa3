"""The verifier that we hand out: one file, none of our code, and it believes what is true and nothing else."""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.adapters.storage.log import open_log
from broker.config import shared_folder
from broker.core.audit.note import Checkpoint, checkpoint_text, cosign_note, sign_note
from broker.core.audit.proof import Proof, format_proof
from broker.core.audit.signature_kinds import COSIGNED_ML_DSA
from tests.adapters.storage.support import KEY, ORIGIN, SIGNER, Place, receipt
from tests.witness import TIME, signer

SCRIPT = shared_folder("config") / "tools" / "verify_receipt.py"
SECOND, WITNESS = signer(COSIGNED_ML_DSA, ORIGIN), signer()


class Kept:
    """A receipt, a checkpoint from before, and the proof that one continues the other, as files."""

    def __init__(self, folder: Path, proof: Proof, older: bytes, hashes: tuple[bytes, ...]) -> None:
        self.folder, self.proof = folder, proof
        (folder / "older").write_bytes(older)
        (folder / "proof").write_text("".join(b64encode(each).decode() + "\n" for each in hashes))

    def run(self, raw: bytes, *more: str, keys: tuple[str, ...] = (str(KEY),)) -> tuple[int, str]:
        (self.folder / "receipt").write_bytes(raw)
        command = [sys.executable, "-I", str(SCRIPT), "receipt", *more, *(f"--key={key}" for key in keys)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
async def kept(place: Place, tmp_path: Path) -> Kept:
    place.fill_more(299)
    async with open_log(place.database, place.head) as log:
        older = (await log.published()).note
    place.fill_more(41)
    async with open_log(place.database, place.head) as log:
        proof, hashes = await log.proof(receipt(257)), await log.consistency(300, 341)
    assert proof is not None
    assert hashes is not None
    return Kept(tmp_path, proof, older, hashes)


def changed(proof: Proof, **members: object) -> bytes:
    return format_proof(Proof(**{name: getattr(proof, name) for name in Proof.__slots__} | members))


@pytest.mark.row("AL2")
def test_a_true_receipt_is_believed_and_told(kept: Kept) -> None:
    status, said = kept.run(format_proof(kept.proof), "--older=older", "--proof=proof")
    assert (status, f"entry 257 of {ORIGIN}, one of 341:" in said, receipt(257) in said) == (0, True, True)


def test_a_receipt_without_its_entry_is_believed_of_the_entry_that_is_given(kept: Kept) -> None:
    (kept.folder / "entry").write_bytes(kept.proof.extra or b"")
    bare = changed(kept.proof, extra=None)
    assert kept.run(bare)[0] == 1
    assert kept.run(bare, "--entry=entry")[0] == 0


def test_every_key_that_is_named_must_have_signed(kept: Kept) -> None:
    note = cosign_note(cosign_note(kept.proof.checkpoint, SECOND, TIME), WITNESS, TIME)
    keys = (str(KEY), str(SECOND.key), str(WITNESS.key))
    assert kept.run(changed(kept.proof, checkpoint=note), keys=keys)[0] == 0
    for key in keys[1:]:
        status, said = kept.run(format_proof(kept.proof), keys=(str(KEY), key))
        assert (status, "has not signed" in said) == (1, True)
    later = note.replace(
        b64encode(WITNESS.key.id + TIME.to_bytes(8, "big"))[:14], b64encode(WITNESS.key.id + bytes(8))[:14]
    )
    assert "is false" in kept.run(changed(kept.proof, checkpoint=later), keys=keys)[1]


TAMPERED: dict[str, Callable[[Proof], bytes]] = {
    "entry": lambda p: changed(p, extra=(p.extra or b"").replace(b"decision", b"Decision")),
    "place": lambda p: changed(p, index=p.index + 1),
    "beyond": lambda p: changed(p, index=10**6),
    "hash": lambda p: changed(p, hashes=(bytes(32), *p.hashes[1:])),
    "a hash less": lambda p: changed(p, hashes=p.hashes[:-1]),
    "a hash more": lambda p: changed(p, hashes=(*p.hashes, bytes(32))),
    "size": lambda p: changed(p, checkpoint=p.checkpoint.replace(b"\n341\n", b"\n342\n")),
    "unsigned": lambda p: changed(p, checkpoint=p.checkpoint.partition(b"\n\n")[0] + b"\n\n"),
    "not base64": lambda p: format_proof(p).replace(b"extra ", b"extra !"),
    "cut": lambda p: format_proof(p)[:200],
    "empty": lambda _: b"",
    "bytes": lambda _: bytes(range(256)),
}


@pytest.mark.row("AL2")
@pytest.mark.parametrize("how", TAMPERED)
def test_a_receipt_that_was_tampered_with_is_not_believed(kept: Kept, how: str) -> None:
    status, said = kept.run(TAMPERED[how](kept.proof))
    assert (status, said.startswith("NOT proved: "), "Traceback" in said) == (1, True, False)


def test_a_log_that_was_rewritten_is_told_by_the_older_checkpoint(kept: Kept) -> None:
    other = sign_note(checkpoint_text(Checkpoint(origin=ORIGIN, size=300, root=bytes(32))), [SIGNER])
    (kept.folder / "older").write_bytes(other)
    status, said = kept.run(format_proof(kept.proof), "--older=older", "--proof=proof")
    assert (status, "rewritten" in said) == (1, True)
    assert kept.run(format_proof(kept.proof), "--older=older")[0] == 1


@pytest.mark.row("AL2")
def test_it_is_one_short_file_and_imports_nothing_of_ours() -> None:
    lines = SCRIPT.read_text("utf-8").splitlines()
    assert len(lines) < 200
    imported = {line.split()[1].partition(".")[0] for line in lines if line.lstrip().startswith(("import ", "from "))}
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
