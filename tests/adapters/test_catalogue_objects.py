"""Objects in catalogue files: files that are there, files that are not yet, bundles, and everything said about them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.catalogue import CatalogueError, read_catalogue
from broker.adapters.crypt4gh.packets import SecretKey, sealed
from broker.core.catalogue import Fault
from broker.core.crypt4gh.header import Contents
from broker.core.ids import DatasetId, ObjectId
from broker.core.rows import DrsObject
from broker.core.rows.catalogue import Envelope, Member
from broker.core.time import parse_rfc3339

BYTES = b"reads"
SET = "https://bank.example/datasets/1"
DATASET: dict[str, Any] = {
    "id": SET, "title": "One", "committee": "https://bank.example/dac", "repository": "bank", "duo": ["DUO:0000004"],
}  # fmt: skip
FILE: dict[str, Any] = {"id": "a", "dataset": SET, "name": "a.bam", "path": "a.bam", "unrestricted": True}
BUNDLE: dict[str, Any] = {
    "id": "b", "dataset": SET, "name": "run-1", "created": "2026-02-09", "members": [{"name": "a.bam", "object": "a"}],
}  # fmt: skip
AWAY = {"availability": "staging", "path": "gone.bam", "size": 7, "created": "2026-02-09"}
DIGEST = hashlib.sha256(BYTES).hexdigest()


def written(folder: Path, *objects: dict[str, Any]) -> Path:
    (folder / "a.bam").write_bytes(BYTES)
    said = {
        "schema": "broker.catalogue/1",
        "repositories": [{"id": "bank", "name": "The bank", "root": str(folder)}],
        "datasets": [DATASET],
        "objects": list(objects),
    }
    path = folder / "catalogue.yaml"
    path.write_text(json.dumps(said, indent=1), "utf-8")
    return path


def row(folder: Path, *objects: dict[str, Any]) -> DrsObject:
    """The last of `objects`."""
    found = [one for one in read_catalogue(written(folder, *objects)).rows if isinstance(one, DrsObject)]
    return found[-1]


def test_everything_that_can_be_said_of_a_file(tmp_path: Path) -> None:
    said: dict[str, Any] = {
        "aliases": ["EGAF1", "doi:10.1/x"], "content_version": "2", "created": "2026-02-09", "updated": "2026-02-10",
        "size": len(BYTES), "checksums": {"sha-512": hashlib.sha512(BYTES).hexdigest(), "crc32c": "0a1b2c3d"},
    }  # fmt: skip
    made = row(tmp_path, FILE | said)
    assert made.checksums == said["checksums"] | {"sha-256": DIGEST, "md5": hashlib.md5(BYTES).hexdigest()}
    assert (made.aliases, made.content_version, made.updated) == (
        ("EGAF1", "doi:10.1/x"),
        "2",
        parse_rfc3339("2026-02-10"),
    )


@pytest.mark.parametrize("id", ["a/b", "a:b", "50%", "Größe", "~.-_", "x" * 256])
def test_an_id_may_be_anything_that_clients_can_reach(tmp_path: Path, id: str) -> None:
    assert row(tmp_path, FILE | {"id": id}).id == id


def test_a_file_that_is_not_there_yet_is_taken_at_its_word(tmp_path: Path) -> None:
    made = row(tmp_path, FILE | AWAY | {"checksums": {"sha-256": DIGEST}, "ready": "2026-11-30T08:00:00Z"})
    assert (made.size, made.checksums, made.availability) == (7, {"sha-256": DIGEST}, "staging")
    assert made.ready == parse_rfc3339("2026-11-30T08:00:00Z")


def test_a_bundle_has_members_and_nothing_of_its_own(tmp_path: Path) -> None:
    made = row(tmp_path, FILE, BUNDLE)
    assert made.members == (Member(name="a.bam", object=ObjectId("a")),)
    assert (made.is_bundle, made.path, made.size, made.checksums) == (True, "", 0, {})


SEALED = sealed(Contents(keys=(b"d" * 32,)), [SecretKey.of(b"a" * 32).public], b"s" * 32) + bytes(28 + 5)
ENCRYPTED: dict[str, Any] = {"path": "a.c4gh", "encrypted": True, "size": 5, "checksums": {"sha-256": DIGEST}}


def test_of_an_encrypted_file_the_content_is_said_and_the_file_is_measured(tmp_path: Path) -> None:
    (tmp_path / "a.c4gh").write_bytes(SEALED)
    made = row(tmp_path, FILE | ENCRYPTED)
    assert (made.size, made.checksums) == (5, {"sha-256": DIGEST})
    whole, header = (hashlib.sha256(each).hexdigest() for each in (SEALED, SEALED[:124]))
    assert made.envelope == Envelope(header=124, size=len(SEALED), sha256=whole, header_sha256=header)


@pytest.mark.parametrize(
    ("file", "said", "why"),
    [
        (SEALED, {"encrypted": False}, "encrypted: true of this file"),
        (BYTES, {}, "encrypted: false of this file"),
        (SEALED[:100], {}, "path: the header is cut off"),
        (SEALED, {"checksums": {}}, "size: of what is encrypted"),
        (SEALED, {"index": "a.bai"}, "index: of an encrypted file"),
        (SEALED, AWAY | {"path": "away.c4gh"}, "encrypted: of a file that is not there"),
    ],
)
def test_what_is_wrong_with_an_encrypted_file_is_told(
    tmp_path: Path, file: bytes, said: dict[str, Any], why: str
) -> None:
    (tmp_path / "a.c4gh").write_bytes(file)
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(written(tmp_path, FILE | ENCRYPTED | said))
    assert why in str(caught.value)


AROUND = {"header": 124, "header_sha256": "1" * 64, "size": 124 + 28 + 7, "sha256": "2" * 64}
ELSEWHERE: dict[str, Any] = FILE | AWAY | {"checksums": {"sha-256": DIGEST}, "encrypted": AROUND}
INDEX = {"path": "a.bai.c4gh", "kind": "BAI", "size": 9, "sha256": "3" * 64}


@pytest.mark.row("HT-SEALED")
def test_of_an_encrypted_file_elsewhere_it_is_said_what_it_is(tmp_path: Path) -> None:
    around = AROUND | {"size": 124 + 28 + 9}
    made = row(tmp_path, ELSEWHERE | {"format": "BAM", "index": INDEX | {"encrypted": around}})
    assert made.envelope == Envelope(header=124, size=159, sha256="2" * 64, header_sha256="1" * 64)
    assert made.index is not None
    assert made.index.envelope == Envelope(header=124, size=161, sha256="2" * 64, header_sha256="1" * 64)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"encrypted": True}, "encrypted: of a file that is not there"),
        ({"encrypted": AROUND | {"size": 158}}, "encrypted: a file of this size does not hold"),
        ({"encrypted": AROUND | {"size": 124 + 28}}, "encrypted: a file of this size does not hold"),
        ({"encrypted": AROUND | {"size": 7}}, "encrypted: a file of this size does not hold"),
        ({"encrypted": AROUND | {"header": 0}}, "header"),
        ({"encrypted": AROUND | {"sha256": "x"}}, "sha256"),
        ({"format": "BAM", "index": INDEX}, "index: is encrypted if its file is"),
        ({"encrypted": False, "format": "BAM", "index": INDEX | {"encrypted": AROUND}}, "index: is encrypted if"),
        ({"format": "BAM", "index": INDEX | {"encrypted": AROUND}}, "encrypted: a file of this size does not hold"),
        ({"path": "a.bam", "availability": "online", "created": None}, "encrypted: false of this file"),
    ],
)
def test_what_is_wrong_with_an_encrypted_file_elsewhere_is_told(tmp_path: Path, said: dict[str, Any], why: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(written(tmp_path, {k: v for k, v in (ELSEWHERE | said).items() if v is not None}))
    assert why in str(caught.value)


WRONG: list[tuple[dict[str, Any], str]] = [
    (FILE | {"id": "access"}, "id: no object"),
    (FILE | {"id": ".."}, "id: no object"),
    (FILE | {"id": "a b"}, "id: no object"),
    (FILE | {"id": "a\nb"}, "id: no object"),
    (FILE | {"path": None}, "path: a file has one"),
    (FILE | {"path": "gone.bam"}, "No such file"),
    (FILE | {"size": 4}, "size: the file has 5 bytes"),
    (FILE | {"checksums": {"sha-256": "0" * 64}}, "checksums: sha-256: the file's is"),
    (FILE | {"checksums": {"sha-512": "0" * 128}}, "checksums: sha-512: the file's is"),
    (FILE | {"checksums": {"sha256": DIGEST}}, "checksums: sha256"),
    (FILE | {"ready": "2026-11-30T08:00:00Z"}, "ready: the bytes are there"),
    (FILE | AWAY, "sha-256"),
    (FILE | AWAY | {"size": None, "checksums": {"sha-256": DIGEST}}, "size: of a file"),
    (FILE | AWAY | {"created": None, "checksums": {"sha-256": DIGEST}}, "created must be said"),
    (FILE | AWAY | {"path": "../x", "checksums": {"sha-256": DIGEST}}, "leaves the repository"),
    (BUNDLE | {"path": "a.bam"}, "path: a bundle has none"),
    (BUNDLE | {"unrestricted": True}, "unrestricted: a bundle has none"),
    (BUNDLE | {"subjects": ["sub_x"]}, "subjects: a bundle has none"),
    (BUNDLE | {"availability": "offline"}, "availability: a bundle has none"),
    (BUNDLE | {"created": None}, "created: a bundle"),
]


@pytest.mark.parametrize(("said", "why"), WRONG)
def test_what_is_wrong_with_an_object_is_told(tmp_path: Path, said: dict[str, Any], why: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(written(tmp_path, {name: value for name, value in said.items() if value is not None}))
    assert why in str(caught.value)
    assert "objects.0" in str(caught.value)


def test_a_fault_of_a_bundle_is_told_with_file_and_line(tmp_path: Path) -> None:
    path = written(tmp_path, FILE, BUNDLE)
    declared = read_catalogue(path)
    line = next(n for n, text in enumerate(path.read_text("utf-8").splitlines(), 1) if '"members"' in text)
    fault = Fault(DatasetId(SET), "members", "b contains itself", ObjectId("b"))
    assert declared.where(fault) == f"{path}:{line}: objects.1.members: b contains itself"
