"""For which keys of theirs may data be encrypted? What a person registered, having shown that they can read with it."""

from dataclasses import dataclass
from typing import ClassVar

from broker.core.ids import PersonId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientKey:
    """A public key for Crypt4GH. `public`: its 32 bytes in hexadecimal. A removed one never counts again.

    Its removal is also a Revocation of `key:<id>`: what was encrypted for it and is still running ends.
    """

    KIND: ClassVar[str] = "recipient_key"
    id: str
    version: int = 1
    person: PersonId
    public: str
    name: str
    """What the person calls it."""
    made: Seconds
    removed: Seconds | None = None
