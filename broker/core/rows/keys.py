"""Signing keys as the record knows them: a key that is not recorded never signs. The private half is nowhere here."""

from dataclasses import dataclass
from typing import ClassVar

from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One key. `id` is its `kid`. `begins`: when it signs (core/oidc/key_life.py). `ended`: it was taken away."""

    KIND: ClassVar[str] = "signing_key"
    id: str
    version: int = 1
    use: str
    made: Seconds
    begins: Seconds
    ended: Seconds | None = None
