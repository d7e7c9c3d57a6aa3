"""The one door to JOSE: checks signatures, makes signatures, writes public keys. (RFC 7515, 7517, 7518, 8725)

The only module that imports PyJWT; parsing of tokens is `broker/core/passport/compact.py`. The algorithm is bound
to the key: a key that says, or is, something else than the token's algorithm needs never gets to verify.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError
from jwt.utils import der_to_raw_signature

from broker.core.passport.keys import thumbprint as thumbprint_of
from broker.core.passport.trust import Jwk

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey


class HasPublicHalf(Protocol):
    """A private key, here or elsewhere: what everybody may have of it."""

    def public_key(self) -> EllipticCurvePublicKey | RSAPublicKey: ...


_ECDSA, _ES256_BYTES = ECDSA(hashes.SHA256()), 64
_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 8192
_MIN_EXPONENT = 65537
_MAX_EXPONENT_BITS = 64
_PARSED_KEYS = 4096

_MEMBERS = {"ES256": ("kty", "crv", "x", "y"), "RS256": ("kty", "n", "e")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def check_signature(algorithm: str, jwk: Jwk, signing_input: bytes, signature: bytes) -> bool:
    """Did the owner of `jwk` sign `signing_input` with `algorithm` (ES256 or RS256)? Never raises on bad input.

    No, too, if the key is not for that algorithm (kty, crv, alg, use, key_ops), is private, or is weak. An ES256
    signature is `r || s`, 64 bytes; DER is no.
    """
    public = _public_key(algorithm, jwk)
    if isinstance(public, EllipticCurvePublicKey):
        return _is_es256(public, signing_input, signature)
    if isinstance(public, RSAPublicKey):
        return _RS256.verify(signing_input, public, signature)
    return False


def fits(algorithm: str, jwk: Jwk) -> bool:
    """Could `jwk` check signatures of `algorithm` at all? What `check_signature` asks before it looks at one."""
    return algorithm in _MEMBERS and _public_key(algorithm, jwk) is not None


def _is_es256(public: EllipticCurvePublicKey, signing_input: bytes, signature: bytes) -> bool:
    """RFC 7518 section 3.4: `r` and `s`, 32 bytes each. As PyJWT does it, without what it asks anew each time.

    The busiest path that there is (docs/decisions/0004).
    """
    if len(signature) != _ES256_BYTES:
        return False
    r, s = int.from_bytes(signature[: _ES256_BYTES // 2]), int.from_bytes(signature[_ES256_BYTES // 2 :])
    try:
        public.verify(encode_dss_signature(r, s), signing_input, _ECDSA)
    except InvalidSignature:
        return False
    return True


def _public_key(algorithm: str, jwk: Jwk) -> EllipticCurvePublicKey | RSAPublicKey | None:
    """The key, if it fits `algorithm`; parsed once per key."""
    if not _declares(algorithm, jwk):
        return None
    numbers = tuple(jwk.get(name) for name in _MEMBERS[algorithm])
    return _parsed(algorithm, numbers) if all(isinstance(text, str) for text in numbers) else None


def _declares(algorithm: str, jwk: Jwk) -> bool:
    """Does what the key says about itself allow `algorithm`? (RFC 7517 sections 4.2 to 4.4, RFC 8725 3.1)"""
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("alg", algorithm) == algorithm
        and algorithm in _MEMBERS
        and jwk.get("use", "sig") == "sig"
        and isinstance(operations, list | tuple)
        and "verify" in operations
        and _PRIVATE.isdisjoint(jwk)
    )


@lru_cache(maxsize=_PARSED_KEYS)
def _parsed(algorithm: str, numbers: tuple[str, ...]) -> EllipticCurvePublicKey | RSAPublicKey | None:
    jwk = dict(zip(_MEMBERS[algorithm], numbers, strict=True))
    if not _is_sane(jwk):
        return None
    try:
        key = (ECAlgorithm if algorithm == "ES256" else RSAAlgorithm).from_jwk(jwk)
    except (PyJWTError, ValueError, TypeError, ArithmeticError):
        return None
    if isinstance(key, EllipticCurvePublicKey):
        return key if isinstance(key.curve, SECP256R1) else None
    return key if isinstance(key, RSAPublicKey) and _is_strong(key) else None


def _is_sane(jwk: Mapping[str, str]) -> bool:
    """Small enough to parse, and canonical base64url: one key has one spelling."""
    return all(_is_canonical(text) for name, text in jwk.items() if name in {"x", "y", "n", "e"})


def _is_canonical(text: str) -> bool:
    if not text or len(text) > _MAX_RSA_BITS // 4 or not text.isascii():
        return False
    try:
        decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except Base64Error:
        return False
    return urlsafe_b64encode(decoded).rstrip(b"=").decode() == text


def _is_strong(key: RSAPublicKey) -> bool:
    """2048 bits at least (8192 at most, or checking would cost too much), an odd exponent from 65537 on."""
    exponent = key.public_numbers().e
    return (
        _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS
        and exponent >= _MIN_EXPONENT
        and exponent.bit_length() <= _MAX_EXPONENT_BITS
    )


def sign(algorithm: str, private_key: PrivateKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A compact JWS of `claims`. `header` gives `kid`, `typ` and what else; `alg` is added here.

    ES256 is deterministic (RFC 6979): a poor source of randomness cannot give the key away. ValueError for a key
    that does not fit `algorithm`, and for a header that says another `alg`.
    """
    asked = signing_input(algorithm, header, claims)
    return compact(asked, signature(algorithm, private_key, asked))


def signing_input(algorithm: str, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bytes:
    """What is signed (RFC 7515 section 5.1, steps 1 to 5). ValueError for a header that says another `alg`."""
    if header.get("alg", algorithm) != algorithm:
        raise ValueError("the header names another algorithm")
    return _part({**header, "alg": algorithm}) + b"." + _part(claims)


def compact(signing_input: bytes, signature: bytes) -> str:
    """The compact JWS of the two."""
    return (signing_input + b"." + _encoded(signature)).decode()


def signature(algorithm: str, key: PrivateKey, signing_input: bytes) -> bytes:
    """The signature as JWS writes it. ValueError for a key that does not fit `algorithm`."""
    if algorithm == "ES256" and isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        der = key.sign(signing_input, ECDSA(hashes.SHA256(), deterministic_signing=True))
        return der_to_raw_signature(der, key.curve)
    if algorithm == "RS256" and isinstance(key, RSAPrivateKey) and _is_strong(key.public_key()):
        return key.sign(signing_input, PKCS1v15(), hashes.SHA256())
    raise ValueError(f"the key cannot sign with {algorithm}")


def _part(members: Mapping[str, Any]) -> bytes:
    return _encoded(json.dumps(members, separators=(",", ":"), allow_nan=False).encode())


def _encoded(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def public_jwk(private_key: HasPublicHalf, kid: str, algorithm: str) -> dict[str, str]:
    """The public half, ready for a JWK Set: bound to `algorithm`, for signatures only."""
    public = private_key.public_key()
    if isinstance(public, EllipticCurvePublicKey):
        numbers = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        numbers = RSAAlgorithm.to_jwk(public, as_dict=True)
    jwk = {name: str(numbers[name]) for name in _MEMBERS[algorithm]}
    return {**jwk, "kid": kid, "alg": algorithm, "use": "sig"}


def thumbprint(private_key: PrivateKey) -> str:
    """The RFC 7638 thumbprint (SHA-256, hexadecimal) of the public half: a `kid` that nobody can mix up."""
    algorithm = "ES256" if isinstance(private_key, EllipticCurvePrivateKey) else "RS256"
    return thumbprint_of(public_jwk(private_key, "", algorithm))
