"""What everything is measured against: operations of `cryptography` alone, and what they took where goals were set."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.bench.measure import Yardstick

_KEY = ec.derive_private_key(0x1234567, ec.SECP256R1())
_PUBLIC = _KEY.public_key()
_ALGORITHM = ec.ECDSA(hashes.SHA256())
_SAID = [f"{n:04}".encode() + b"x" * 860 for n in range(300)]
"""Different ones, each as long as a visa's header and claims."""
_SIGNED = [(_KEY.sign(said, _ALGORITHM), said) for said in _SAID]


def _verify() -> None:
    for signature, said in _SIGNED:
        _PUBLIC.verify(signature, said, _ALGORITHM)


VERIFY_ES256 = Yardstick(name="bare ES256 verification", reference=41.7, run=_verify, times=len(_SIGNED))
