"""What was done under which Idempotency-Key, so that it is done once (draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from broker.core.ids import ReceiptId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A request that took effect; stored in one record with what it did. `id` is `done_id(caller, key)`.

    `request`: digest of method, address and body. `receipt`: the entry of what was done. The answer itself lies in
    Scratch: losing it loses nobody a right, and the request is still not done twice.
    """

    KIND: ClassVar[str] = "done"
    id: str
    version: int = 1
    request: str
    receipt: ReceiptId
    expires: Seconds


def done_id(caller: str, key: str) -> str:
    """Under which id it is stored: a key means something only beside who sent it."""
    return hashlib.sha256(f"{len(caller)}:{caller}{key}".encode()).hexdigest()
