"""Which words does a consent record have as a FHIR R5 Consent? The one table that reading and writing share.

The base decision is deny, and one level of provisions permits: a reader that ignores what it does not know stays
on the safe side. What FHIR has no element for is an extension `urn:access-broker:<member>`. A provision that
rests on such conditions carries a security label, so that to a reader without them it covers nothing; and the
second identifier is a digest of the whole record, so that what was lost or changed on the way is noticed.
FHIR R5 (5.0.0), Consent. docs/how-to/exchange-consents.md
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from broker.core.consent.answers import KEYS
from broker.core.consent.model import Level, Status
from broker.core.consent.question import TOPIC
from broker.core.plain import canonical

URN = "urn:access-broker:"
OBO = "http://purl.obolibrary.org/obo/"
CONSENT_ID = f"{URN}consent"
DIGEST = f"{URN}digest"
CONDITIONS = f"{URN}conditions"
APPLY = "apply"
UNREAD_CODE = f"{URN}unread-code"
"""A code that we hold and cannot read: it waits for a person, here as there."""
GRANTOR = f"{URN}grantor"
BASIS = f"{URN}legal-basis"
TEMPLATE = f"{URN}template:"
NONE = "none"
"""In place of the members of a list that is empty: nothing is allowed."""

STATUS: Mapping[Status, str] = MappingProxyType(
    {
        "active": "active",
        "suspended": "inactive",
        "withdrawn": "inactive",
        "superseded": "inactive",
        "entered_in_error": "entered-in-error",
    }
)
"""Our status to FHIR's. `inactive` that says no more is read as withdrawn: the widest that it can mean."""

SUBJECT: Mapping[Level, str] = MappingProxyType(
    {"participant": f"{URN}subject", "family": f"{URN}family", "community": f"{URN}community"}
)
"""The identifier system of whom it is about; `:<custodian>` follows where one is known."""

ANSWERS = frozenset(row.key for row in KEYS)
LISTS: Mapping[str, str] = MappingProxyType(
    {"modality": "modalities", "hosting": "hosting", "recipient_country": "recipient_countries"}
)
"""Extension, one for each entry, to our member."""
ROOT = (
    *("model", "capacity", "maturity_review_on", "after_death", "deceased_on", "evidence", "communication"),
    *("withdrawal", "signature", "prev_hash", "supersedes", "recorded_at"),
    *("family_ref", "community_refs", "override", "community"),
)
"""Members of a version that are extensions of the resource itself."""
SEVERAL = frozenset(
    {
        *("duo_clause_ids", "approved_limits", "community_refs", "labels", "label_defaults", "modifiers"),
        *("diseases", "regions", "users", "projects", "institutions", "research_types"),
    }
)
"""Members that are lists wherever they stand."""
CODES = frozenset(
    {"model", "capacity", "after_death", "kind", "what", "status", "language", "return_of_results", "decision"}
)
DATES = frozenset({"maturity_review_on", "deceased_on", "valid_to", "date", "review_on"})


def is_answer(key: str) -> bool:
    """Is `key` a question that a rule reads?"""
    return key in ANSWERS or (key.startswith(TOPIC) and len(key) > len(TOPIC))


def digest_of(record: Mapping[str, Any]) -> str:
    """SHA-256 of the native record in RFC 8785 form."""
    return hashlib.sha256(canonical(record)).hexdigest()
