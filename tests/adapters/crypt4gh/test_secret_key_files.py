"""Secret keys in files: those of the Crypt4GH tools and of OpenSSH, under a passphrase or not, and hostile ones."""

import base64
import contextlib
import hashlib
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from crypt4gh import keys as package
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.crypt4gh.archive_keys import ArchiveKeys, save_key
from broker.adapters.crypt4gh.key_files import KeyFileError, read_secret_key, write_secret_key
from broker.adapters.crypt4gh.packets import SecretKey
from broker.adapters.keys import KeyStoreError, make_passphrase, read_passphrase

RAW = b"k" * 32
PHRASE = b"a phrase"


def words(*each: bytes) -> bytes:
    return b"".join(len(one).to_bytes(2, "big") + one for one in each)


def pem(blob: bytes) -> bytes:
    return (
        b"-----BEGIN CRYPT4GH PRIVATE KEY-----\n" + base64.b64encode(blob) + b"\n-----END CRYPT4GH PRIVATE KEY-----\n"
    )


def locked(kdf: bytes, rounds: int, derived: bytes, *, cipher: bytes = b"chacha20_poly1305") -> bytes:
    secret = bytes(12) + ChaCha20Poly1305(derived).encrypt(bytes(12), RAW, None)
    return pem(b"c4gh-v1" + words(kdf, rounds.to_bytes(4, "big") + b"salt" * 4, cipher, secret))


def never() -> bytes:
    raise AssertionError("nobody had to be asked")


def test_a_key_in_the_clear_asks_for_no_passphrase() -> None:
    assert read_secret_key(pem(b"c4gh-v1" + words(b"none", b"none", RAW)), never).private.private_bytes_raw() == RAW


@pytest.mark.parametrize("phrase", [b"", b"a phrase"])
def test_a_key_that_the_package_made_is_read_here(tmp_path: Path, phrase: bytes) -> None:
    secret, public = tmp_path / "sec", tmp_path / "pub"
    package.c4gh.generate(str(secret), str(public), phrase, b"Ada")
    read = read_secret_key(secret.read_bytes(), lambda: phrase)
    assert read.public == package.get_public_key(str(public))


def test_a_key_that_we_wrote_is_read_there(tmp_path: Path) -> None:
    path = tmp_path / "sec"
    path.write_bytes(write_secret_key(RAW, PHRASE, lambda n: b"x" * n))
    assert package.get_private_key(str(path), PHRASE.decode) == RAW
    assert read_secret_key(path.read_bytes(), lambda: PHRASE).private.private_bytes_raw() == RAW
    with pytest.raises(ValueError, match="passphrase"):
        write_secret_key(RAW, b"", lambda n: b"x" * n)


def test_bcrypt_and_pbkdf2_open_too() -> None:
    salt = b"salt" * 4
    for kdf, rounds, derived in (
        (b"bcrypt", 4, bcrypt.kdf(PHRASE, salt, 32, 4, ignore_few_rounds=True)),
        (b"pbkdf2_hmac_sha256", 1000, hashlib.pbkdf2_hmac("sha256", PHRASE, salt, 1000, 32)),
    ):
        assert read_secret_key(locked(kdf, rounds, derived), lambda: PHRASE).private.private_bytes_raw() == RAW
        with pytest.raises(KeyFileError, match="passphrase"):
            read_secret_key(locked(kdf, rounds, derived), lambda: b"another")


def ssh(key: Any, phrase: bytes = b"") -> bytes:
    how = serialization.BestAvailableEncryption(phrase) if phrase else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, how))


@pytest.mark.parametrize("phrase", [b"", PHRASE])
def test_an_ssh_key_is_read_as_the_package_reads_it(tmp_path: Path, phrase: bytes) -> None:
    path = tmp_path / "id"
    path.write_bytes(ssh(ed25519.Ed25519PrivateKey.from_private_bytes(RAW), phrase))
    theirs = package.get_private_key(str(path), phrase.decode)
    ours = read_secret_key(path.read_bytes(), lambda: phrase)
    assert ours.public == SecretKey.of(bytes(theirs)[:32]).public


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "words": b"a key",
    "too long": b"-----BEGIN CRYPT4GH PRIVATE KEY-----\n" + b"A" * 70_000,
    "no end": pem(b"c4gh-v1").rpartition(b"\n-----END")[0],
    "no base64": pem(b"c4gh-v1").replace(b"Yz", b"!!"),
    "another magic": pem(b"c4gh-v2" + words(b"none", b"none", RAW)),
    "cut within a word": pem(b"c4gh-v1" + words(b"none", b"none", RAW)[:-1]),
    "a short key": pem(b"c4gh-v1" + words(b"none", b"none", RAW[:31])),
    "a long key": pem(b"c4gh-v1" + words(b"none", b"none", RAW + b"x")),
    "an unknown way of deriving": locked(b"argon2", 1, RAW),
    "an unknown cipher": locked(b"scrypt", 0, RAW, cipher=b"aes"),
    "a cipher without a passphrase": pem(b"c4gh-v1" + words(b"none", b"chacha20_poly1305", RAW)),
    "more rounds than anybody waits for": locked(b"bcrypt", 1_001, RAW),
    "no rounds": locked(b"bcrypt", 0, RAW),
    "endless rounds": locked(b"pbkdf2_hmac_sha256", 2**32 - 1, RAW),
    "a broken SSH key": b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    "an SSH key of another kind": ssh(ec.generate_private_key(ec.SECP256R1())),
}


@pytest.mark.row("T101")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_key_file_is_refused_and_not_shown(name: str) -> None:
    with pytest.raises(KeyFileError) as told:
        read_secret_key(HOSTILE[name], lambda: PHRASE)
    assert "kkkk" not in str(told.value)


def test_a_locked_key_without_passphrase_is_refused() -> None:
    with pytest.raises(KeyFileError, match="passphrase"):
        read_secret_key(write_secret_key(RAW, PHRASE, lambda n: b"x" * n), lambda: b"")
    with pytest.raises(KeyFileError, match="passphrase"):
        read_secret_key(ssh(ed25519.Ed25519PrivateKey.generate(), PHRASE), lambda: b"")


@given(blob=st.binary(max_size=80))
def test_no_bytes_do_more_than_be_refused(blob: bytes) -> None:
    for tried in (blob, pem(blob), pem(b"c4gh-v1" + blob)):
        with contextlib.suppress(KeyFileError):
            read_secret_key(tried, lambda: b"")


def folder(path: Path) -> tuple[Path, Path, bytes]:
    secret = path / "passphrase"
    make_passphrase(secret, b"p" * 32)
    return path / "crypt4gh", secret, read_passphrase(secret)


def test_the_newest_key_comes_first_and_new_ones_are_seen(tmp_path: Path) -> None:
    where, secret, phrase = folder(tmp_path)
    keys = ArchiveKeys(where, secret)
    with pytest.raises(KeyStoreError, match="broker data key make"):
        keys.all()
    first = save_key(where, b"1" * 32, phrase, 100)
    assert [one.public for one in keys.all()] == [first.public]
    second = save_key(where, b"2" * 32, phrase, 200)
    assert [one.public for one in keys.all()] == [second.public, first.public]
    with pytest.raises(FileExistsError):
        save_key(where, b"1" * 32, phrase, 300)


def test_keys_lie_encrypted_and_unreadable_for_others(tmp_path: Path) -> None:
    where, secret, phrase = folder(tmp_path)
    save_key(where, RAW, phrase, 100)
    (path,) = where.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in path.read_bytes()
    path.chmod(0o640)
    with pytest.raises(KeyStoreError, match="chmod"):
        ArchiveKeys(where, secret).all()
    path.chmod(0o600)
    path.rename(path.with_name("000000000100.00.pem"))
    with pytest.raises(KeyStoreError, match="does not fit"):
        ArchiveKeys(where, secret).all()
