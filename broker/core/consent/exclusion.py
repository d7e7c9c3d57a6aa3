"""Which participants did a grant leave out when it was made? A hash in it says so, and tells nobody. (rules, the set)

The hash is salted, and there whether or not anybody is left out: whoever holds the grant learns neither who they are,
nor how many, nor whether there are any. Who holds the salt and the list, as the auditor does, can show that the two
belong together. Later withdrawals do not change it: each access is judged by the consents of its own time.
"""

import hmac
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from broker.core.ids import SubjectRef
from broker.core.plain import canonical

SALT_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """`hash`: hexadecimal HMAC-SHA-256 of the list under `salt` (hexadecimal), which never leaves the broker."""

    hash: str
    salt: str


def exclusion(left_out: AbstractSet[SubjectRef], salt: str) -> Exclusion:
    """The list of a grant. `salt`: SALT_BYTES of fresh randomness, as hexadecimal; ValueError for anything else."""
    key = bytes.fromhex(salt)
    if len(key) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return Exclusion(hash=hmac.digest(key, canonical(frozenset(left_out)), "sha256").hex(), salt=salt)
