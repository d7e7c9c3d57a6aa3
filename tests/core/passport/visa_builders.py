"""Makes signed tokens, good ones and bad ones, with keys of its own."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broker.adapters.jose import PrivateKey, check_signature, public_jwk, signature
from broker.core.outcome import Reason
from broker.core.passport.trust import Jwk, Trust, TrustRow
from broker.core.passport.verify import verify_passport, verify_visa
from broker.core.passport.visa import Passport, Visa
from broker.core.time import Seconds

NOW = Seconds(1_800_000_000)
ISSUER = "https://visas.example/"
JKU = "https://visas.example/jwks.json"
BROKER = "https://broker.example/"
BROKER_JKU = "https://broker.example/jwks.json"
US = frozenset({"https://clearinghouse.example"})
DATASET = "https://data.example/datasets/DS1"
DAC = "https://data.example/dacs/DAC1"


class _Drop:
    """Leaves a member out. It has a name, so that test ids are the same in every process."""

    def __repr__(self) -> str:
        return "DROP"


DROP: Any = _Drop()
"""As a member's value: leave the member out."""

EC = ec.derive_private_key(0x1234567, ec.SECP256R1())
OTHER_EC = ec.derive_private_key(0x7654321, ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)

KEYS: dict[tuple[str, str], tuple[Jwk, ...]] = {
    (ISSUER, JKU): (public_jwk(EC, "v-1", "ES256"), public_jwk(RSA, "v-2", "RS256")),
    (BROKER, BROKER_JKU): (public_jwk(OTHER_EC, "b-1", "ES256"),),
}


def issuer_row(**members: Any) -> TrustRow:
    values = {"iss": ISSUER, "jku": (JKU,), "values": ("https://data.example/datasets/*",), **members}
    return TrustRow(**values)


def broker_row(**members: Any) -> TrustRow:
    return TrustRow(**{"iss": BROKER, "jku": (BROKER_JKU,), "is_broker": True, **members})


TRUST = Trust([issuer_row(), broker_row()])


def _with(base: Mapping[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in {**base, **(changes or {})}.items() if value is not DROP}


def visa_payload(payload: Mapping[str, Any] | None = None, visa: Mapping[str, Any] | None = None) -> dict[str, Any]:
    said = {"type": "ControlledAccessGrants", "asserted": NOW - 86_400, "value": DATASET, "source": DAC, "by": "dac"}
    base = {"iss": ISSUER, "sub": "alice", "iat": NOW - 60, "exp": NOW + 3600, "jti": "v-1"}
    return _with({**base, "ga4gh_visa_v1": _with(said, visa)}, payload)


def visa_token(
    header: Mapping[str, Any] | None = None,
    payload: Mapping[str, Any] | None = None,
    visa: Mapping[str, Any] | None = None,
    key: PrivateKey = EC,
) -> str:
    base = {"alg": "ES256", "typ": "vnd.ga4gh.visa+jwt", "kid": "v-1", "jku": JKU}
    return signed(_with(base, header), visa_payload(payload, visa), key)


def passport_token(
    visas: Any = (),
    header: Mapping[str, Any] | None = None,
    payload: Mapping[str, Any] | None = None,
    key: PrivateKey = OTHER_EC,
) -> str:
    base = {"alg": "ES256", "typ": "vnd.ga4gh.passport+jwt", "kid": "b-1"}
    claims = {"iss": BROKER, "sub": "u-1", "iat": NOW - 60, "exp": NOW + 3000, "jti": "p-1", "ga4gh_passport_v1": visas}
    return signed(_with(base, header), _with(claims, payload), key)


def signed(header: Mapping[str, Any], claims: Any, key: PrivateKey) -> str:
    """Signed by `key` for what `key` is, whatever the header says."""
    return signed_raw(json.dumps(header).encode(), json.dumps(claims).encode(), key)


def signed_raw(header: bytes, payload: bytes, key: PrivateKey = EC) -> str:
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    return sign_text(f"{b64(header)}.{b64(payload)}", key, algorithm)


def sign_text(text: str, key: PrivateKey, algorithm: str = "ES256") -> str:
    return f"{text}.{b64(signature(algorithm, key, text.encode()))}"


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def verify(token: str, trust: Trust = TRUST, at: int = NOW, **options: Any) -> Visa | Reason:
    """As the product does it, real signatures included."""
    given = {"keys_of": KEYS, "us": US, "check": check_signature, **options}
    return verify_visa(token, trust, at=Seconds(at), **given)


def verify_p(token: str, trust: Trust = TRUST, at: int = NOW, **options: Any) -> Passport | Reason:
    given = {"keys_of": KEYS, "us": US, "check": check_signature, **options}
    return verify_passport(token, trust, at=Seconds(at), **given)


def visa_of(
    payload: Mapping[str, Any] | None = None, visa: Mapping[str, Any] | None = None, trust: Trust = TRUST
) -> Visa:
    """A verified visa. For tests of what comes after the verification."""
    header = {"jku": f"{payload['iss']}jwks.json"} if payload and "iss" in payload else {}
    found = verify(visa_token(header, payload, visa), trust, NOW - 60, check=lambda *_: True, keys_of=_AnyKeys())
    assert isinstance(found, Visa), found
    return found


class _AnyKeys(dict[tuple[str, str], tuple[Jwk, ...]]):
    def get(self, _: Any, __: Any = None) -> Any:
        return KEYS[(ISSUER, JKU)]


def code(found: object) -> str | None:
    return found.code if isinstance(found, Reason) else None
