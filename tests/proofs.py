"""A client's own key, and the DPoP proofs that it makes: what tests of RFC 9449 send."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broker.adapters import jose
from broker.core.oidc.dpop import ath
from tests.fakes import START


@dataclass
class ClientKey:
    """One key pair. Every proof has a `jti` of its own unless it is told another."""

    algorithm: str = "ES256"
    made: int = 0
    private: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.private is None:
            is_ec = self.algorithm == "ES256"
            self.private = ec.generate_private_key(ec.SECP256R1()) if is_ec else rsa.generate_private_key(65537, 2048)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key and nothing else."""
        public = jose.public_jwk(self.private, "", self.algorithm)
        return {name: value for name, value in public.items() if name not in ("kid", "alg", "use")}

    @property
    def jkt(self) -> str:
        """RFC 7638, written down here once more."""
        text = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()

    def proof(
        self, method: str, url: str, token: str | None = None, *, header: Any = None, at: int = START, **claims: Any
    ) -> str:
        """A proof for this request. `claims` and `header` change it; a member that is None is left out."""
        self.made += 1
        said = {
            "jti": f"proof-{id(self)}-{self.made}", "htm": method, "htu": url, "iat": at,
            "ath": None if token is None else ath(token),
        } | claims  # fmt: skip
        top = {"typ": "dpop+jwt", "jwk": self.jwk} | (header or {})
        return jose.sign(
            self.algorithm,
            self.private,
            {name: value for name, value in top.items() if value is not None},
            {name: value for name, value in said.items() if value is not None},
        )
