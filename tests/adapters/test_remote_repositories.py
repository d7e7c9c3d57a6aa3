"""Repositories that are no folder: what a catalogue may say of them, their addresses, and where credentials lie."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.adapters.catalogue.objects import ObjectPart, drs_object
from broker.adapters.catalogue.repositories import RepositoryPart, repository, root_of
from broker.adapters.repositories.addresses import Addresses
from broker.core.rows import Repository
from broker.ports.sources import SourceBrokenError

GOOD = [
    {"root": "s3://bucket"},
    {"root": "s3://bucket/pre/fix", "region": "eu-central-1", "credentials": "bank"},
    {"root": "gs://bucket/pre", "credentials": "ambient"},
    {"root": "az://account/container/pre", "credentials": "bank"},
    {"root": "https://files.example/heart"},
    {"root": "http://10.0.0.5/heart", "internal": True},
    {"root": "s3://bucket", "endpoint": "http://10.0.0.5:9000", "internal": True},
]
BAD = [
    ({"root": "http://files.example/heart"}, "https is needed"),
    ({"root": "https://10.0.0.5/heart"}, "private"),
    ({"root": "https://localhost/heart"}, "private"),
    ({"root": "https://user:word@files.example/heart"}, "no place"),
    ({"root": "https://files.example/heart?token=x"}, "query"),
    ({"root": "https://files.example/../x"}, "dot"),
    ({"root": "s3://bucket/../x"}, "dot"),
    ({"root": "s3://"}, "dot"),
    ({"root": "s3://key:word@bucket"}, "bucket"),
    ({"root": "az://account"}, "container"),
    ({"root": "ftp://files.example/x"}, "web address"),
    ({"root": "file:///etc"}, "dot"),
    ({"root": "s3://bucket", "endpoint": "http://10.0.0.5:9000"}, "endpoint"),
    ({"root": ".", "credentials": "bank"}, "credentials"),
]


def made(folder: Path, said: dict[str, Any]) -> Repository:
    part = RepositoryPart(id="r", name="R", **said)
    return repository(part, {"r": root_of(part, folder)})


@pytest.mark.parametrize("said", GOOD)
def test_a_store_is_registered_by_its_address(tmp_path: Path, said: dict[str, Any]) -> None:
    row = made(tmp_path, said)
    assert row.is_remote
    assert row.root == said["root"]


@pytest.mark.row("T103")
@pytest.mark.parametrize(("said", "word"), BAD)
def test_an_address_that_must_not_be_asked_is_not_registered(tmp_path: Path, said: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        made(tmp_path, said)


OBJECT: dict[str, Any] = {
    "id": "o", "dataset": "https://a.example/d", "name": "o.bam", "path": "x/o.bam", "unrestricted": True, "size": 5,
    "checksums": {"sha-256": "0" * 64}, "created": "2026-01-01T00:00:00Z", "source_tag": "abc",
}  # fmt: skip


def test_of_a_file_elsewhere_size_and_digest_are_said() -> None:
    homes = {"https://a.example/d": "r"}
    row = drs_object(ObjectPart(**OBJECT), {"r": None}, homes)
    assert (row.size, row.source_tag, row.path) == (5, "abc", "x/o.bam")
    for left_out in ("size", "checksums", "created"):
        with pytest.raises(ValueError, match="must be said"):
            drs_object(ObjectPart(**{k: v for k, v in OBJECT.items() if k != left_out}), {"r": None}, homes)
    with pytest.raises(ValueError, match="dot components"):
        drs_object(ObjectPart(**OBJECT | {"path": "../x"}), {"r": None}, homes)


def _service_account() -> str:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    said = {"private_key": pem, "private_key_id": "1", "client_email": "a@b.example"}
    return json.dumps(said | {"gcs_base_url": "https://storage.googleapis.com", "disable_oauth": False})


SIGNED: list[tuple[dict[str, Any], Callable[[], dict[str, str]], str, str]] = [
    (
        {"root": "s3://bucket/pre", "region": "eu-central-1"},
        lambda: {"access_key_id": "AKIA", "secret_access_key": "word"},
        "https://s3.eu-central-1.amazonaws.com/bucket/pre/a%20b.bam",
        "X-Amz-Expires",
    ),
    (
        {"root": "gs://bucket/pre"},
        lambda: {"service_account_key": _service_account()},
        "https://storage.googleapis.com/bucket/pre/a%20b.bam",
        "X-Goog-Expires",
    ),
    (
        {"root": "az://account/container/pre"},
        lambda: {"account_key": "Zm9vYmFyYmF6"},
        "https://account.blob.core.windows.net/container/pre/a-b.bam",
        "se",
    ),
    (
        {"root": "s3://bucket/pre", "endpoint": "https://store.example"},
        lambda: {"access_key_id": "AKIA", "secret_access_key": "word"},
        "https://store.example/bucket/pre/a%20b.bam",
        "X-Amz-Expires",
    ),
    (
        {"root": "gs://bucket/pre", "endpoint": "https://store.example"},
        lambda: {"service_account_key": _service_account()},
        "https://store.example/bucket/pre/a%20b.bam",
        "X-Goog-Expires",
    ),
    (
        {"root": "az://account/container/pre", "endpoint": "https://store.example"},
        lambda: {"account_key": "Zm9vYmFyYmF6"},
        "https://store.example/container/pre/a-b.bam",
        "se",
    ),
]


@pytest.mark.row("ST-GCS")
@pytest.mark.parametrize(("said", "credentials", "address", "ends"), SIGNED)
async def test_each_cloud_has_its_signed_address(
    tmp_path: Path, said: dict[str, Any], credentials: Callable[[], dict[str, str]], address: str, ends: str
) -> None:
    secret = credentials()
    (tmp_path / "bank.json").write_text(json.dumps(secret))
    (tmp_path / "bank.json").chmod(0o600)
    name = "a b.bam" if "%20" in address else "a-b.bam"
    url, fields = await Addresses(tmp_path).of(made(tmp_path, said | {"credentials": "bank"}), name, 60)
    assert url.partition("?")[0] == address
    assert parse_qs(urlsplit(url).query)[ends]
    assert fields == {}
    assert not [word for word in secret.values() if word in url and word != "AKIA"]


@pytest.mark.parametrize(("said", "_", "address", "ends"), SIGNED)
async def test_without_credentials_the_address_is_the_public_one(
    said: dict[str, Any], _: object, address: str, ends: str, tmp_path: Path
) -> None:
    del ends
    name = "a b.bam" if "%20" in address else "a-b.bam"
    assert await Addresses(None).of(made(tmp_path, said), name, 60) == (address, {})


@pytest.mark.row("ST-AZURE")
@pytest.mark.parametrize("name", ["a b.bam", "a%20b.bam", "naïve.bam", "a#b.bam"])
async def test_what_azure_would_not_take_is_said_and_not_tried(tmp_path: Path, name: str) -> None:
    (tmp_path / "bank.json").write_text('{"account_key": "Zm9vYmFyYmF6"}')
    (tmp_path / "bank.json").chmod(0o600)
    row = made(tmp_path, {"root": "az://account/container/pre", "credentials": "bank"})
    with pytest.raises(SourceBrokenError, match="no address is signed for a name"):
        await Addresses(tmp_path).of(row, name, 60)


async def test_an_http_store_gets_its_own_authorization(tmp_path: Path) -> None:
    (tmp_path / "bank.json").write_text('{"authorization": "Basic eHg="}')
    (tmp_path / "bank.json").chmod(0o600)
    row = made(tmp_path, {"root": "https://files.example/heart", "credentials": "bank"})
    found = await Addresses(tmp_path).of(row, "a.bam", 60)
    assert found == ("https://files.example/heart/a.bam", {"authorization": "Basic eHg="})


@pytest.mark.parametrize(
    ("text", "mode", "word"),
    [
        ('{"access_key_id": "SECRETX", "secret_access_key": "SECRETX"}', 0o644, "others can read"),
        ('{"access_key_id": "SECRETX", "endpoint": "http://evil.example"}', 0o600, "say endpoint"),
        ('{"access_key_id": 5}', 0o600, "strings"),
        ('["SECRETX"]', 0o600, "strings"),
        ("SECRETX", 0o600, "no credentials"),
        (None, 0o600, "no credentials"),
    ],
)
async def test_credentials_that_are_not_as_they_must_be_give_no_address(
    tmp_path: Path, text: str | None, mode: int, word: str
) -> None:
    if text is not None:
        (tmp_path / "bank.json").write_text(text)
        (tmp_path / "bank.json").chmod(mode)
    row = made(tmp_path, {"root": "s3://bucket", "credentials": "bank"})
    with pytest.raises(SourceBrokenError, match=word) as caught:
        await Addresses(tmp_path).of(row, "a.bam", 60)
    assert not re.search("SECRETX", str(caught.value))
