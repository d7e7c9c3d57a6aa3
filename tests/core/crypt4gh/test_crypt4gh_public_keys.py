"""Public keys of people, in the forms that they have them; malformed and weak ones are refused."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.crypt4gh.key_files import read_secret_key
from broker.core.crypt4gh.public_keys import PublicKeyError, fingerprint, from_ed25519, is_weak, read, write

KEY = X25519PrivateKey.from_private_bytes(b"k" * 32).public_key().public_bytes_raw()
B64 = base64.b64encode(KEY).decode()
P = 2**255 - 19
LOW_ORDER = {
    "zero": 0,
    "one": 1,
    "minus one": P - 1,
    "of order 8": 325606250916557431795983626356110631294008115727848805560023387167927233504,
    "of order 8, the other": 39382357235489614581723060781553021112529911719440698176882885853963445705823,
    "zero, written otherwise": P,
    "one, written otherwise": P + 1,
    "zero with the highest bit": 2**255,
    "one with the highest bit": 2**255 + 1,
}


@pytest.mark.parametrize("text", [write(KEY), B64, f"  {B64}\n", write(KEY).replace("\n", "\r\n")])
def test_a_key_is_read_as_people_have_it(text: str) -> None:
    assert read(text) == KEY


@given(seed=st.binary(min_size=32, max_size=32))
def test_an_ssh_key_is_the_same_key_on_the_other_curve(seed: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    line = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    file = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    assert read(line.decode() + " ada@rhine") == read_secret_key(file, lambda: b"").public


WRONG = {
    "nothing": "",
    "words": "my key",
    "31 bytes": base64.b64encode(KEY[:31]).decode(),
    "33 bytes": base64.b64encode(KEY + b"x").decode(),
    "no base64": B64[:-2] + "!=",
    "two keys": write(KEY) + write(KEY),
    "two lines": f"{B64}\n{B64}",
    "a secret key": write(KEY).replace("PUBLIC", "PRIVATE"),
    "another label": write(KEY).replace("CRYPT4GH", "SSH"),
    "no end": "\n".join(write(KEY).splitlines()[:2]),
    "beyond ASCII": B64 + "\N{ZERO WIDTH SPACE}",
    "too long": B64 + " " * 3000,
    "an RSA key": "ssh-rsa " + B64,
    "an SSH key that is none": "ssh-ed25519 " + B64,
    "an SSH key without a key": "ssh-ed25519",
    "an SSH key with something behind": "ssh-ed25519 "
    + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(33)).decode(),
}


@pytest.mark.row("T101")
@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_key_is_refused_without_being_repeated(name: str) -> None:
    with pytest.raises(PublicKeyError) as told:
        read(WRONG[name])
    assert B64[:20] not in str(told.value)


@pytest.mark.row("T101")
@pytest.mark.parametrize("name", LOW_ORDER)
def test_a_weak_key_is_refused(name: str) -> None:
    key = LOW_ORDER[name].to_bytes(32, "little")
    assert is_weak(key)
    with pytest.raises(PublicKeyError, match="weak"):
        read(base64.b64encode(key).decode())
    with pytest.raises(ValueError, match="shared key"):
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(key))


@given(key=st.binary(min_size=32, max_size=32))
def test_weak_is_what_the_cipher_finds_weak(key: bytes) -> None:
    try:
        X25519PrivateKey.from_private_bytes(b"k" * 32).exchange(X25519PublicKey.from_public_bytes(key))
    except ValueError:
        assert is_weak(key)
    else:
        assert not is_weak(key)


@pytest.mark.parametrize("y", [1, 2, P, P - 1, 2**255 - 1])
def test_points_that_nobody_can_have_are_refused(y: int) -> None:
    """y = 1 is the neutral point; 2 is on no point of the curve; P and above are written wrongly; P - 1 is of order 2."""
    point = y.to_bytes(32, "little")
    with pytest.raises(PublicKeyError):
        read("ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + point).decode())


def test_the_highest_bit_of_a_point_says_nothing_of_its_y() -> None:
    point = Ed25519PrivateKey.from_private_bytes(b"s" * 32).public_key().public_bytes_raw()
    mirrored = point[:31] + bytes([point[31] ^ 0x80])
    assert from_ed25519(point) == from_ed25519(mirrored)


def test_keys_are_told_apart_by_their_digest() -> None:
    assert fingerprint(KEY) != fingerprint(KEY[::-1])
    assert len(fingerprint(KEY)) == 64


FRAME = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
POINT = Ed25519PrivateKey.from_private_bytes(b"s" * 32).public_key().public_bytes_raw()


def ssh(blob: bytes) -> str:
    return "ssh-ed25519 " + base64.b64encode(blob).decode()


def test_a_good_point_is_a_key_only_in_its_own_frame() -> None:
    assert read(ssh(FRAME + POINT)) == from_ed25519(POINT)
    for blob in (FRAME + POINT + b"x", FRAME.replace(b"25519", b"25518") + POINT, FRAME + POINT[:-1], POINT):
        with pytest.raises(PublicKeyError, match="not an Ed25519 key"):
            read(ssh(blob))


@pytest.mark.parametrize("text", [B64, ssh(FRAME + POINT)])
def test_what_is_not_base64_is_not_passed_over(text: str) -> None:
    with pytest.raises(PublicKeyError, match="not base64"):
        read(text[:20] + "!" + text[20:])


def test_a_text_is_read_up_to_its_bound() -> None:
    assert read(B64.ljust(2048)) == KEY
    with pytest.raises(PublicKeyError, match="too long"):
        read(B64.ljust(2049))


@pytest.mark.parametrize(("y", "why"), [(1, "weak"), (P - 1, "weak"), (P, "not a point"), (P + 1, "not a point"), (2, "not a point")])  # fmt: skip
def test_why_a_point_is_refused_is_told(y: int, why: str) -> None:
    with pytest.raises(PublicKeyError, match=why):
        read(ssh(FRAME + y.to_bytes(32, "little")))
