"""`broker data`: keys of the repository, files encrypted, registered and verified, as its staff would do it."""

import asyncio
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pysam
import pytest
import yaml
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.adapters.catalogue.objects import ObjectPart, drs_object
from broker.adapters.crypt4gh.files import ChangedFileError, encrypt_file, measure
from broker.adapters.crypt4gh.key_files import write_secret_key
from broker.adapters.crypt4gh.packets import SecretKey
from broker.adapters.keys import KeyStoreError, make_passphrase
from broker.adapters.storage.reads import all_of
from broker.commands.common import Fail
from broker.commands.data_register import about_index
from broker.commands.data_verify import _noted
from broker.commands.doctor import _archive
from broker.config import Settings
from broker.core.crypt4gh.edits import kept
from broker.core.crypt4gh.public_keys import fingerprint, write
from broker.core.crypt4gh.segments import PLAIN
from broker.core.rows import DrsObject
from broker.state import make_state
from tests.adapters.crypt4gh.of_the_package import decrypted, encrypted, with_edits
from tests.commands.test_duo import DATASET, catalogue
from tests.genomic import reads, write_bam

OWN = SecretKey.of(b"k" * 32)
OTHER = SecretKey.of(b"o" * 32)
READS = hashlib.shake_256(b"reads").digest(20 * PLAIN + 5)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A broker with one dataset, whose files lie in `files`, and OWN as the repository's key."""
    folder = tmp_path_factory.mktemp("data")
    here = words(folder)
    make_state(Settings(issuer="https://broker.example", mode="example", state=folder / "state"))
    (folder / "files").mkdir()
    declared, file, phrase = folder / "catalogue.yaml", folder / "own.key", folder / "phrase"
    declared.write_text(json.dumps(catalogue(folder / "files") | {"grants": []}), "utf-8")
    applied = CliRunner().invoke(cli, [*here, "apply", str(declared)])
    assert applied.exit_code == 0, (applied.output, applied.exception)
    file.write_bytes(write_secret_key(OWN.private.private_bytes_raw(), b"a phrase", os.urandom))
    phrase.write_text("a phrase", "utf-8")
    phrase.chmod(0o600)
    made = run(here, "key", "import", str(file), "--passphrase-file", str(phrase))
    assert made.output == f"sha256 {fingerprint(OWN.public)}\n{write(OWN.public)}"
    return folder


def words(folder: Path) -> list[str]:
    """What stands before every command."""
    path = folder / "broker.toml"
    path.write_text(f'issuer = "https://broker.example"\nstate = "{folder / "state"}"\nmode = "example"\n', "utf-8")
    return ["--config", str(path)]


@pytest.fixture
def keyed(base: Path) -> list[str]:
    return words(base)


@pytest.fixture
def files(base: Path) -> Iterator[Path]:
    """The repository's folder, with one file; what is put there goes again, the registrations stay."""
    folder = base / "files"
    (folder / "a.bam").write_bytes(READS)
    yield folder
    for path in folder.iterdir():
        path.unlink()


def run(here: list[str], *words: str, fails: str | None = None) -> Result:
    done = CliRunner().invoke(cli, [*here, "data", *words])
    if fails is None:
        assert done.exception is None or isinstance(done.exception, SystemExit), (done.output, done.exception)
    else:
        assert isinstance(done.exception, Fail | SystemExit), done.exception
        assert fails in str(done.exception) + done.output
    return done


def test_keys_are_made_shown_and_taken_in_and_never_made_by_the_way(tmp_path: Path) -> None:
    here, file = words(tmp_path), tmp_path / "a.bam"
    (tmp_path / "state" / "keys").mkdir(parents=True)
    chosen = Settings(issuer="https://broker.example", mode="example", state=tmp_path / "state")
    make_passphrase(chosen.passphrase_file, b"p" * 32)
    file.write_bytes(READS)
    run(here, "key", "show", fails="broker data key make")
    run(here, "encrypt", str(file), fails="broker data key make")
    made = run(here, "key", "make").output
    assert run(here, "key", "show").output == made
    run(here, "key", "import", str(file), fails="not a secret key")


def test_what_is_encrypted_opens_with_the_repositorys_key_alone(keyed: list[str], files: Path) -> None:
    source, target = files / "a.bam", files / "a.bam.c4gh"
    told = run(keyed, "encrypt", str(source)).output
    made = target.read_bytes()
    assert decrypted(made, OWN) == READS
    assert hashlib.sha256(READS).hexdigest() in told
    assert hashlib.sha256(made).hexdigest() in told
    assert source.read_bytes() == READS
    again = run(keyed, "encrypt", str(source)).output
    assert "is there already" in again
    assert target.read_bytes() == made
    assert sorted(path.name for path in target.parent.iterdir()) == ["a.bam", "a.bam.c4gh"]


def test_two_files_have_nothing_in_common(tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(READS)
    for name in ("1", "2"):
        encrypt_file(source, tmp_path / name, [OWN.public], os.urandom, lambda _: None)
    first, second = ((tmp_path / name).read_bytes() for name in ("1", "2"))
    assert not {first[n : n + 12] for n in range(124, len(first), 65_564)} & {second[124:136]}
    assert first[16:] != second[16:]


def test_nothing_half_done_is_left_behind(tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(READS)

    def written_to(_: int) -> None:
        with source.open("ab") as file:
            file.write(b"more")

    with pytest.raises(ChangedFileError):
        encrypt_file(source, tmp_path / "a.c4gh", [OWN.public], os.urandom, written_to)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


EDITS = (3, 100, PLAIN, 17 * PLAIN, 1, 5)


@pytest.mark.row("T104")
def test_what_is_in_a_file_is_measured_in_one_pass(tmp_path: Path) -> None:
    sealed = with_edits(encrypted(READS, [OWN], OTHER), OWN, EDITS)
    (tmp_path / "a").write_bytes(sealed)
    passed: list[int] = []
    found = measure(tmp_path / "a", lambda: [OTHER, OWN], passed.append)
    content = b"".join(READS[one.first : one.last + 1] for one in kept(EDITS, len(READS)))
    assert (found.size, found.checksums["sha-256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert found.envelope is not None
    assert (found.envelope.size, found.envelope.sha256) == (len(sealed), hashlib.sha256(sealed).hexdigest())
    assert sum(passed) == len(sealed)


def test_files_are_registered_with_what_is_in_them(keyed: list[str], base: Path, files: Path) -> None:
    file = files / "a.bam"
    run(keyed, "encrypt", str(file))
    said = ("register", "--dataset", DATASET, str(file) + ".c4gh")
    run(keyed, *said, fails="say whose data")
    run(keyed, *said, "--subject", "s1", "--unrestricted", fails="not both")
    planned = run(keyed, *said, "--subject", "s1", "--plan")
    assert "+ drs_object a.bam" in planned.output
    assert "no index beside it" in planned.output
    assert run(keyed, *said, "--subject", "s1").output.endswith("1 changed\n")
    assert run(keyed, *said).output.endswith("0 changed\n"), "what is registered keeps its participants"
    row = objects(base)["a.bam"]
    assert (row.size, row.path, set(row.subjects)) == (len(READS), "a.bam.c4gh", {"s1"})
    assert row.checksums["sha-256"] == hashlib.sha256(READS).hexdigest()
    assert row.envelope is not None
    assert row.envelope.size == (files / "a.bam.c4gh").stat().st_size
    settings = Settings(issuer="https://broker.example", mode="example", state=base / "state")
    assert _archive(settings).startswith("1 keys, ")
    held = settings.keys / "crypt4gh"
    away = held.rename(base / "away")
    with pytest.raises(KeyStoreError, match="broker data key make"):
        _archive(settings)
    away.rename(held)


def objects(base: Path) -> dict[str, DrsObject]:
    settings = Settings(issuer="https://broker.example", mode="example", state=base / "state")
    return {row.id: row for row in asyncio.run(all_of(settings.database, DrsObject))}


def test_what_cannot_be_registered_is_told(keyed: list[str], files: Path, tmp_path: Path) -> None:
    file, away = files / "a.bam", tmp_path / "b.bam"
    away.write_bytes(b"")
    run(keyed, "register", "--dataset", "https://else.example/d", str(file), fails="no such dataset")
    run(keyed, "register", "--dataset", DATASET, "--unrestricted", str(away), fails="not in the folder")
    run(keyed, "register", "--dataset", DATASET, "--unrestricted", "--id", "access", str(file), fails="--id")
    run(keyed, "register", "--dataset", DATASET, "--id", "x", str(file), str(away), fails="more than one file")
    foreign = files / "c.bam.c4gh"
    foreign.write_bytes(encrypted(READS, [OTHER], OWN))
    run(keyed, "register", "--dataset", DATASET, "--unrestricted", str(foreign), fails="no packet with a data key")


def test_one_id_keeps_its_content(keyed: list[str], files: Path) -> None:
    """The same content in another envelope is the same object; other content is not."""
    file = files / "same.bam.c4gh"
    said = ("register", "--dataset", DATASET, str(file))
    file.write_bytes(encrypted(READS, [OWN], OTHER))
    run(keyed, *said, "--unrestricted")
    file.write_bytes(encrypted(READS, [OWN], OTHER))
    assert "~ drs_object same.bam  (envelope)" in run(keyed, *said).output
    file.write_bytes(encrypted(READS[1:], [OWN], OTHER))
    run(keyed, *said, fails="has other content than before")


def test_an_index_is_encrypted_where_its_file_is(tmp_path: Path) -> None:
    file, index = tmp_path / "a.bam", tmp_path / "a.bam.bai"
    sealed = tmp_path / "a.bam.c4gh"
    index.write_bytes(b"BAI")
    assert list(about_index(file)) == []
    (bare, missing) = sorted(about_index(sealed), key=len, reverse=True)
    assert "regions of it cannot" in bare
    assert "a.bam.bai is not encrypted" in missing
    index.rename(tmp_path / "a.bam.bai.c4gh")
    assert list(about_index(sealed)) == []
    assert list(about_index(tmp_path / "notes.txt")) == []


def test_regions_can_be_asked_for_where_an_index_lies_beside_the_file(
    keyed: list[str], base: Path, files: Path
) -> None:
    file = write_bam(files / "regions.bam", reads(20))
    said = ("register", "--dataset", DATASET, "--unrestricted", str(file))
    pysam.index(str(file))
    assert run(keyed, *said).output.endswith("1 changed\n")
    row = objects(base)["regions.bam"]
    assert row.index is not None
    assert (row.format, row.index.kind, row.index.path) == ("BAM", "BAI", "regions.bam.bai")
    Path(f"{file}.bai").write_bytes(b"BAI")
    run(keyed, *said, fails="index: ")


def _turned(held: bytes) -> bytes:
    return held[:500] + bytes([held[500] ^ 1]) + held[501:]


VERDICTS: list[tuple[str, Callable[[bytes], bytes | None], str]] = [
    ("nothing", lambda held: held, "as registered"),
    ("gone", lambda _: None, "No such file"),
    ("turned", _turned, "segment 0 does not open"),
    ("cut", lambda held: held[:-30], "cut off"),
    ("cut at a segment", lambda held: held[: 124 + 65_564], "another file around the content"),
    ("other content", lambda _: encrypted(READS[::-1], [OWN], OTHER), "another file around the content"),
    ("another's", lambda _: encrypted(READS, [OTHER], OTHER), "no packet with a data key"),
    ("decrypted", lambda _: READS, "encrypted otherwise"),
]


@pytest.mark.row("T104")
def test_files_are_verified_to_the_last_byte(keyed: list[str], files: Path) -> None:
    plain, sealed = files / "plain.bam", files / "sealed.bam.c4gh"
    plain.write_bytes(READS)
    held = encrypted(READS, [OWN], OTHER)
    sealed.write_bytes(held)
    run(keyed, "register", "--dataset", DATASET, "--unrestricted", str(plain), str(sealed))
    for name, change, verdict in VERDICTS:
        after = change(held)
        sealed.unlink() if after is None else sealed.write_bytes(after)
        done = run(keyed, "verify", "sealed.bam")
        assert (verdict in done.output, done.exit_code) == (True, int(name != "nothing")), (name, done.output)
        sealed.write_bytes(held)
    assert run(keyed, "verify", "plain.bam", "sealed.bam").exit_code == 0
    for after, verdict in ((READS + b"x", "instead of"), (READS[::-1], "other content")):
        plain.write_bytes(after)
        done = run(keyed, "verify", "plain.bam")
        assert (verdict in done.output, done.exit_code) == (True, 1), done.output
    assert run(keyed, "verify", "--dataset", DATASET).exit_code == 1
    run(keyed, "verify", "nobody", fails="not registered: nobody")


def test_regions_of_an_encrypted_file_too_where_its_index_is_encrypted_as_well(
    keyed: list[str], base: Path, files: Path
) -> None:
    file = write_bam(files / "vault.bam", reads(20))
    pysam.index(str(file))
    index, content = files / "vault.bam.bai", file.read_bytes()
    plain = index.read_bytes()
    run(keyed, "encrypt", str(file), str(index))
    file.unlink()
    index.unlink()
    said = ("register", "--dataset", DATASET, "--unrestricted", str(files / "vault.bam.c4gh"))
    assert run(keyed, *said).output.endswith("1 changed\n")
    row = objects(base)["vault.bam"]
    assert row.index is not None
    assert (row.format, row.index.kind, row.index.path) == ("BAM", "BAI", "vault.bam.bai.c4gh")
    assert (row.size, row.index.size) == (len(content), len(plain))
    assert row.index.sha256 == hashlib.sha256(plain).hexdigest()
    assert row.index.envelope is not None
    (files / "vault.bam.bai.c4gh").write_bytes(encrypted(b"BAI\1" + b"\xff" * 40, [OWN], OTHER))
    run(keyed, *said, fails="index:")
    (files / "vault.bam.bai.c4gh").unlink()
    assert "(format, index)" in run(keyed, *said).output


def test_what_will_lie_elsewhere_is_described_as_it_would_be_registered_here(
    keyed: list[str], base: Path, files: Path
) -> None:
    file = write_bam(files / "far.bam", reads(20))
    pysam.index(str(file))
    run(keyed, "encrypt", str(file), str(files / "far.bam.bai"))
    both = [str(files / name) for name in ("far.bam.c4gh", "far.bam")]
    said = yaml.safe_load(run(keyed, "describe", "--dataset", DATASET, *both).stdout)["objects"]
    sealed, plain = (
        drs_object(ObjectPart(**one), {"far": None}, {DATASET: "far"})
        for one in said  # as of a bucket
    )
    for described, path, id in ((sealed, both[0], "far.bam"), (plain, both[1], "far-plain")):
        run(keyed, "register", "--dataset", DATASET, "--unrestricted", "--id", id, path)
        row = objects(base)[id]
        assert (described.size, described.format, described.envelope) == (row.size, row.format, row.envelope)
        assert (described.index, described.checksums) == (row.index, row.checksums)
    assert sealed.envelope is not None
    assert sealed.envelope.header_sha256 == hashlib.sha256((files / "far.bam.c4gh").read_bytes()[:124]).hexdigest()


def test_files_in_a_store_elsewhere_are_neither_read_nor_registered_as_if_they_were_here(
    tmp_path: Path, keyed: list[str], base: Path, files: Path
) -> None:
    del files
    far, dataset = catalogue(base / "files") | {"grants": []}, "https://data.example/far"
    far["repositories"] = [far["repositories"][0] | {"id": "far", "root": "https://far.example/files"}]
    far["datasets"] = [far["datasets"][0] | {"id": dataset, "repository": "far"}]
    far["objects"] = [
        {"id": "far-1", "dataset": dataset, "name": "a", "path": "a", "size": 1, "unrestricted": True,
         "checksums": {"sha-256": "0" * 64}, "created": "2026-01-01T00:00:00Z"},
    ]  # fmt: skip
    (tmp_path / "far.yaml").write_text(json.dumps(far), "utf-8")
    applied = CliRunner().invoke(cli, [*keyed, "apply", str(tmp_path / "far.yaml")])
    assert applied.exit_code == 0, (applied.output, applied.exception)
    done = run(keyed, "verify", "far-1")
    assert (done.exit_code, done.output.splitlines()[-2:]) == (
        0, ["1 lie in a store elsewhere and were not read", "0 read, 0 not as registered"],
    )  # fmt: skip
    (tmp_path / "a").write_bytes(b"x")
    run(keyed, "register", "--dataset", dataset, "--unrestricted", str(tmp_path / "a"), fails="broker data describe")


def test_what_was_registered_before_headers_were_noted_still_fits(keyed: list[str], base: Path, files: Path) -> None:
    (files / "old.bam.c4gh").write_bytes(encrypted(READS, [OWN], OTHER))
    run(keyed, "register", "--dataset", DATASET, "--unrestricted", str(files / "old.bam.c4gh"))
    row = objects(base)["old.bam"]
    assert row.envelope is not None
    assert _noted(replace(row.envelope, header_sha256=""), row.envelope) == row.envelope
    assert _noted(row.envelope, replace(row.envelope, header_sha256="0" * 64)) == row.envelope
    assert _noted(None, row.envelope) is None
