"""Names for strings that must never be mixed up, and how the ids that we make look.

Imports nothing of ours, so anything may import it.
"""

import re
from typing import NewType

PersonId = NewType("PersonId", str)
"""The broker's own `sub`: random, never reused, never an e-mail address or an upstream `sub`."""

DatasetId = NewType("DatasetId", str)
"""A URL; what a ControlledAccessGrants visa's `value` names."""

ObjectId = NewType("ObjectId", str)
"""A DRS object. One dataset holds many objects."""

ClientId = NewType("ClientId", str)
"""An OAuth 2.0 client of this broker."""

RequestId = NewType("RequestId", str)
"""One access request, for its whole life (`req_…`)."""

ApplicationId = NewType("ApplicationId", str)
"""What somebody asks for one project: requests for one or more datasets (`app_…`)."""

ReviewId = NewType("ReviewId", str)
"""One application before one committee (`rev_…`)."""

GrantId = NewType("GrantId", str)
"""One grant: dataset, person, project (`grt_…`)."""

DecisionId = NewType("DecisionId", str)
"""One answer of `core.decision.evaluate`, as recorded (`dec_…`)."""

ReceiptId = NewType("ReceiptId", str)
"""One entry of the log, as told to those whom it concerns (`rcp_…`)."""

SubjectRef = NewType("SubjectRef", str)
"""A participant, as the consent source names them: a pseudonym, never a name."""

Issuer = NewType("Issuer", str)
"""An `iss`: compared byte by byte, never normalised."""

_MILLIS_BITS, _RANDOM_BYTES = 48, 10
UUID7 = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
"""What stands behind the prefix of an id that we make, as a pattern."""
_MADE = re.compile(f"[a-z]{{3}}_{UUID7}")


def make_id(prefix: str, now: int, random: bytes) -> str:
    """A UUIDv7 (RFC 9562 section 5.7) behind a type prefix: sortable by `now` (seconds), unguessable.

    `random`: 10 bytes, `ports.Entropy.for_id`. ValueError for another length: too little would be guessable.
    """
    if len(random) != _RANDOM_BYTES:
        raise ValueError("10 random bytes make an id")
    millis, drawn = f"{now * 1000:012x}", random.hex()
    variant = "89ab"[random[2] >> 4 & 0b11]
    return f"{prefix}_{millis[:8]}-{millis[8:]}-7{drawn[1:4]}-{variant}{drawn[5:8]}-{drawn[8:]}"


def made_at(id: str) -> int | None:
    """The second in which `make_id` made it; None for an id that it did not make."""
    if _MADE.fullmatch(id) is None:
        return None
    return int(id[4:12] + id[13:17], 16) // 1000


def is_made_id(text: str, prefix: str) -> bool:
    """Does `text` have the form of an id that `make_id` made with `prefix`?"""
    return text.startswith(f"{prefix}_") and _MADE.fullmatch(text) is not None
