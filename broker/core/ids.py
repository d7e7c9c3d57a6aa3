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
_MADE = re.compile(r"[a-z]{3}_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def make_id(prefix: str, now: int, random: bytes) -> str:
    """A UUIDv7 (RFC 9562 section 5.7) behind a type prefix: sortable by `now` (seconds), unguessable.

    `random` is 10 bytes from `ports.Entropy`. ValueError for another length: too little would be guessable.
    """
    if len(random) != _RANDOM_BYTES:
        raise ValueError("10 random bytes make an id")
    high, low = int.from_bytes(random[:2]), int.from_bytes(random[2:])
    number = (now * 1000) << 80 | 0x7 << 76 | (high & 0xFFF) << 64 | 0b10 << 62 | low & (1 << 62) - 1
    text = f"{number:032x}"
    return f"{prefix}_{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_made_id(text: str, prefix: str) -> bool:
    """Does `text` have the form of an id that `make_id` made with `prefix`?"""
    return text.startswith(f"{prefix}_") and _MADE.fullmatch(text) is not None
