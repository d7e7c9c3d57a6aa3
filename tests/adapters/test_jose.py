"""The door to JOSE: which signatures count, by which keys, and what ours look like (adversarial T003 to T016)."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.jose import check_signature, public_jwk, sign, thumbprint

EC = ec.derive_private_key(0xABCDEF, ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_JWK, RSA_JWK = public_jwk(EC, "e", "ES256"), public_jwk(RSA, "r", "RS256")
TEXT = b"header.payload"


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def signature(token: str) -> tuple[bytes, bytes]:
    text, _, last = token.rpartition(".")
    return text.encode(), urlsafe_b64decode(last + "==")


ES = signature(sign("ES256", EC, {"kid": "e"}, {"a": 1}))
RS = signature(sign("RS256", RSA, {"kid": "r"}, {"a": 1}))


def rsa_jwk(numbers: rsa.RSAPublicNumbers) -> dict[str, str]:
    size = (numbers.n.bit_length() + 7) // 8
    exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8)
    return {"kty": "RSA", "kid": "w", "n": b64(numbers.n.to_bytes(size)), "e": b64(exponent)}


def rsa_signed(key: rsa.RSAPrivateKey) -> bytes:
    return key.sign(TEXT, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.row("V2", "P2")
def test_what_we_sign_we_accept_and_so_does_a_library() -> None:
    assert check_signature("ES256", EC_JWK, *ES)
    assert check_signature("RS256", RSA_JWK, *RS)
    for algorithm, key in (("ES256", EC), ("RS256", RSA)):
        token = sign(algorithm, key, {"kid": "k", "typ": "x+jwt"}, {"sub": "é"})
        assert jwt.decode(token, key.public_key(), algorithms=[algorithm]) == {"sub": "é"}
        assert jwt.get_unverified_header(token) == {"kid": "k", "typ": "x+jwt", "alg": algorithm}


def test_what_a_library_signs_we_accept() -> None:
    for algorithm, key, jwk in (("ES256", EC, EC_JWK), ("RS256", RSA, RSA_JWK)):
        assert check_signature(algorithm, jwk, *signature(jwt.encode({"a": 1}, key, algorithm)))


def test_es256_is_deterministic() -> None:
    assert sign("ES256", EC, {"kid": "e"}, {"a": 1}) == sign("ES256", EC, {"kid": "e"}, {"a": 1})


@pytest.mark.row("T015")
@given(st.binary(max_size=80))
def test_no_other_bytes_are_a_signature(raw: bytes) -> None:
    assert not check_signature("ES256", EC_JWK, ES[0], raw)
    assert not check_signature("RS256", RSA_JWK, RS[0], raw)


@given(st.integers(0, 63), st.integers(1, 255))
def test_no_changed_signature_counts(place: int, change: int) -> None:
    raw = bytearray(ES[1])
    raw[place] ^= change
    assert not check_signature("ES256", EC_JWK, ES[0], bytes(raw))


@pytest.mark.row("T015")
@pytest.mark.parametrize(
    "raw",
    [
        EC.sign(ES[0], ec.ECDSA(hashes.SHA256(), deterministic_signing=True)),
        bytes(64),
        ES[1][:32] + bytes(32),
        bytes(32) + ES[1][32:],
        b"\x00" + ES[1],
        ES[1] + b"\x00",
        b"\xff" * 64,
    ],
    ids=["DER", "r and s zero", "s zero", "r zero", "longer in front", "longer behind", "over the order"],
)
def test_an_es256_signature_is_64_bytes_of_r_and_s(raw: bytes) -> None:
    assert not check_signature("ES256", EC_JWK, ES[0], raw)


@pytest.mark.row("T002")
@pytest.mark.parametrize(
    "algorithm", ["none", "None", "", "HS256", "ES384", "RS384", "RS512", "PS256", "EdDSA", "es256"]
)
def test_no_other_algorithm_exists(algorithm: str) -> None:
    for jwk in (EC_JWK, RSA_JWK, {**EC_JWK, "alg": algorithm}, {"kty": "oct", "k": "AAAA", "alg": algorithm}):
        assert not check_signature(algorithm, jwk, *ES)
        assert not check_signature(algorithm, jwk, ES[0], b"")


@pytest.mark.row("T003")
def test_a_public_key_is_never_a_shared_secret() -> None:
    """T003: HS256 over the public key, in every spelling."""
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = RSA.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, der, json.dumps(RSA_JWK).encode(), b""):
        mac = hmac.digest(secret, TEXT, hashlib.sha256)
        for algorithm in ("HS256", "RS256", "ES256"):
            assert not check_signature(algorithm, RSA_JWK, TEXT, mac)


P384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
UNFIT: dict[str, dict[str, Any]] = {
    "another kty": {**EC_JWK, "kty": "RSA"},
    "another alg": {**EC_JWK, "alg": "ES384"},
    "alg null": {**EC_JWK, "alg": None},
    "for encryption": {**EC_JWK, "use": "enc"},
    "use null": {**EC_JWK, "use": None},
    "for signing only": {**EC_JWK, "key_ops": ["sign"]},
    "key_ops empty": {**EC_JWK, "key_ops": []},
    "key_ops a string": {**EC_JWK, "key_ops": "verify"},
    "another curve": {**EC_JWK, "crv": "P-384"},
    "another curve's point": {
        "kty": "EC",
        "crv": "P-384",
        "x": b64(P384.x.to_bytes(48)),
        "y": b64(P384.y.to_bytes(48)),
    },
    "secp256k1": {**EC_JWK, "crv": "secp256k1"},
    "a point off the curve": {**EC_JWK, "y": EC_JWK["x"]},
    "the point at nought": {**EC_JWK, "x": b64(bytes(32)), "y": b64(bytes(32))},
    "a short coordinate": {**EC_JWK, "x": b64(bytes(31))},
    "no y": {name: value for name, value in EC_JWK.items() if name != "y"},
    "a number for x": {**EC_JWK, "x": 5},
    "padded": {**EC_JWK, "x": EC_JWK["x"] + "="},
    "not base64": {**EC_JWK, "x": "*" * 43},
    "not ASCII": {**EC_JWK, "x": "é" * 43},
    "huge": {**EC_JWK, "x": "A" * 1_000_000},
    "private": {**EC_JWK, "d": b64(bytes(31) + b"\x01")},
    "empty": {},
    "an RSA key": dict(RSA_JWK),
}


@pytest.mark.row("T004")
@pytest.mark.parametrize("name", UNFIT)
def test_a_key_that_does_not_fit_verifies_nothing(name: str) -> None:
    assert not check_signature("ES256", UNFIT[name], *ES)


@pytest.mark.row("T004")
def test_an_ec_key_is_no_rsa_key() -> None:
    assert not check_signature("RS256", EC_JWK, *RS)
    assert not check_signature("RS256", {**RSA_JWK, "alg": "PS256"}, *RS)


def test_key_ops_that_allow_verifying_are_fine() -> None:
    assert check_signature("ES256", {**EC_JWK, "key_ops": ["verify"]}, *ES)


@pytest.mark.row("T016")
@pytest.mark.parametrize(("bits", "wanted"), [(1024, False), (2047, False), (2048, True)])
def test_an_rsa_key_has_2048_bits_at_least(bits: int, wanted: object) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    assert check_signature("RS256", rsa_jwk(key.public_key().public_numbers()), TEXT, rsa_signed(key)) is wanted


@pytest.mark.row("T016")
def test_an_rsa_exponent_is_odd_and_not_small() -> None:
    key = rsa.generate_private_key(public_exponent=3, key_size=2048)
    assert not check_signature("RS256", rsa_jwk(key.public_key().public_numbers()), TEXT, rsa_signed(key))
    n = RSA.public_key().public_numbers().n
    for exponent in (0, 1, 2, 65536, 65538, 2**64 + 1):
        numbers = rsa_jwk(rsa.RSAPublicNumbers(e=exponent, n=n)) if exponent else {**RSA_JWK, "e": b64(b"\x00")}
        assert not check_signature("RS256", numbers, *RS)


@pytest.mark.row("T016")
@pytest.mark.parametrize(("exponent", "wanted"), [(65539, True), (2**63 + 29, True), (2**64 + 13, False)])
def test_an_rsa_exponent_has_64_bits_at_most(exponent: int, wanted: object) -> None:
    """A huge exponent makes each check of a signature a thousand times as dear."""
    p, q = RSA.private_numbers().p, RSA.private_numbers().q
    public = rsa.RSAPublicNumbers(e=exponent, n=p * q)
    d = pow(exponent, -1, (p - 1) * (q - 1))
    private = rsa.RSAPrivateNumbers(
        p=p, q=q, d=d, dmp1=d % (p - 1), dmq1=d % (q - 1), iqmp=pow(q, -1, p), public_numbers=public
    ).private_key()
    assert check_signature("RS256", rsa_jwk(public), TEXT, rsa_signed(private)) is wanted


@pytest.mark.row("T015")
@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()], ids=lambda curve: curve.name)
def test_a_good_signature_on_another_curve_is_no_es256(curve: ec.EllipticCurve) -> None:
    key = ec.derive_private_key(0x1234567, curve)
    size = (curve.key_size + 7) // 8
    numbers = key.public_key().public_numbers()
    names = {"secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "secp256k1"}
    jwk = {
        "kty": "EC",
        "crv": names[curve.name],
        "x": b64(numbers.x.to_bytes(size)),
        "y": b64(numbers.y.to_bytes(size)),
    }
    r, s = decode_dss_signature(key.sign(TEXT, ec.ECDSA(hashes.SHA256())))
    assert not check_signature("ES256", jwk, TEXT, r.to_bytes(size) + s.to_bytes(size))


@pytest.mark.row("T016")
def test_with_exponent_one_a_padded_digest_is_no_signature() -> None:
    """T016: with e = 1 the signature is the padded digest itself, which anybody can write."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(TEXT)
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest.finalize()
    forged = b"\x00\x01" + b"\xff" * (256 - 3 - len(info)) + b"\x00" + info
    assert not check_signature("RS256", {**RSA_JWK, "e": "AQ"}, TEXT, forged)


@pytest.mark.row("T016")
def test_an_rsa_signature_is_as_long_as_the_modulus() -> None:
    assert not check_signature("RS256", RSA_JWK, RS[0], b"\x00" + RS[1])


@pytest.mark.row("T035", "V11")
def test_a_published_key_is_bound_and_public() -> None:
    assert set(EC_JWK) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert set(RSA_JWK) == {"kty", "n", "e", "kid", "alg", "use"}
    assert (EC_JWK["alg"], EC_JWK["use"], EC_JWK["kid"]) == ("ES256", "sig", "e")
    assert len(thumbprint(EC)) == len(thumbprint(RSA)) == 64
    assert thumbprint(EC) != thumbprint(RSA)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", RSA),
        ("RS256", EC),
        ("ES256", ec.generate_private_key(ec.SECP384R1())),
        ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
        ("none", EC),
    ],
)
def test_a_key_signs_only_with_its_own_algorithm(algorithm: str, key: Any) -> None:
    with pytest.raises(ValueError, match="cannot sign"):
        sign(algorithm, key, {"kid": "k"}, {})


def test_a_header_cannot_claim_another_algorithm() -> None:
    with pytest.raises(ValueError, match="another algorithm"):
        sign("ES256", EC, {"alg": "none"}, {})


def test_what_is_not_json_is_not_signed() -> None:
    with pytest.raises(ValueError, match="JSON"):
        sign("ES256", EC, {}, {"a": float("nan")})


_JSON = st.none() | st.integers() | st.text(max_size=50) | st.lists(st.text(max_size=6), max_size=3)
_MEMBERS = st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "key_ops"]), _JSON)


@pytest.mark.row("T018")
@given(st.sampled_from(["ES256", "RS256"]), _MEMBERS, st.booleans())
def test_any_key_is_answered(algorithm: str, members: dict[str, Any], from_good: object) -> None:
    base = (EC_JWK if algorithm == "ES256" else RSA_JWK) if from_good else {}
    assert check_signature(algorithm, {**base, **members}, TEXT, bytes(64)) is False
