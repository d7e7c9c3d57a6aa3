"""What is a visa, once it is verified, and is the object inside well formed? (Passport 1.2.1 "Visa Object")

`Visa` and `Passport` are made by `verify.py` and nowhere else: whoever holds one need not ask whether the
signature, the issuer's key, the times and the form were right. Whether a visa counts is `evaluate.py`'s answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from broker.core.outcome import Reason
from broker.core.passport import claims, conditions, limits
from broker.core.passport.conditions import Conditions
from broker.core.passport.linked import Identity, read_pairs
from broker.core.time import Seconds

By = Literal["self", "peer", "system", "so", "dac"]

GRANT = "ControlledAccessGrants"
LINK = "LinkedIdentities"
AFFILIATION = "AffiliationAndRole"
TERMS = "AcceptedTermsAndPolicies"
RESEARCHER = "ResearcherStatus"
STANDARD_TYPES = frozenset({GRANT, LINK, AFFILIATION, TERMS, RESEARCHER})

_BY = frozenset({"self", "peer", "system", "so", "dac"})
_BY_NEEDED = frozenset({GRANT, TERMS})
_URL_VALUE = frozenset({GRANT, TERMS, RESEARCHER})
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_AFFILIATION = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)?@[^@\s]\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisaObject:
    """A well-formed `ga4gh_visa_v1`. `conditions` is None only where the claim is absent; `()` is not absent."""

    type: str
    asserted: Seconds
    value: str
    source: str
    by: str | None
    conditions: Conditions | None
    linked: tuple[Identity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visa:
    """One verified visa: what `iss` asserts about `sub`. Times are as in the token, without leeway.

    `linked`: the decoded pairs of a LinkedIdentities visa. `jku`: None for a Visa Access Token. `key`: the
    thumbprint of the key that signed it, `digest`: of what was signed; both are names for revocation.
    """

    iss: str
    sub: str
    jti: str | None
    type: str
    value: str
    source: str
    by: str | None
    asserted: Seconds
    iat: Seconds
    exp: Seconds
    conditions: Conditions | None
    linked: tuple[Identity, ...]
    jku: str | None
    kid: str
    key: str
    algorithm: str
    digest: str

    @property
    def identity(self) -> Identity:
        """Whom it is about: the pair, never one half."""
        return (self.iss, self.sub)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """One verified Passport. Its visas are still text: each stands or falls by itself (`verify.visas_of`)."""

    iss: str
    sub: str
    jti: str | None
    iat: Seconds
    exp: Seconds
    visas: tuple[str, ...]
    kid: str
    key: str
    digest: str
    sid: str | None = None
    """The authorisation from which one of our own descends; of another broker's it means nothing."""
    jkt: str | None = None
    """The key whose holder alone may show it (RFC 7800, RFC 9449 section 6.1); None: whoever has it."""

    @property
    def identity(self) -> Identity:
        """Whom the broker says it is about."""
        return (self.iss, self.sub)


def read_object(raw: Any, aliases: Mapping[str, str]) -> VisaObject | Reason:
    """The visa object, or what is wrong with it. `aliases`: values of this issuer that need not be URLs.

    Unknown members are ignored (Passport "Visa Object Claims").
    """
    if not isinstance(raw, dict):
        return claims.wrong("VISA", "ga4gh_visa_v1")
    kind, asserted = claims.text(raw.get("type")), claims.seconds(raw.get("asserted"))
    value, source, by = raw.get("value"), raw.get("source"), raw.get("by")
    if kind is None:
        return claims.wrong("VISA", "type")
    if kind not in STANDARD_TYPES and not is_url(kind):
        return Reason(code="VISA-TYPE-UNKNOWN")
    if asserted is None:
        return claims.wrong("VISA", "asserted")
    if not isinstance(source, str) or not is_url(source):
        return claims.wrong("VISA", "source")
    if ("by" in raw or kind in _BY_NEEDED) and (not isinstance(by, str) or by not in _BY):
        return claims.wrong("VISA", "by")
    if not isinstance(value, str):
        return claims.wrong("VISA", "value")
    linked = read_pairs(value) if kind == LINK else ()
    if linked is None or not _is_value(kind, value, aliases):
        return Reason(code="VISA-VALUE-MALFORMED")
    stated = conditions.read(raw["conditions"]) if "conditions" in raw else None
    if stated is None and "conditions" in raw:
        return Reason(code="VISA-CONDITIONS-MALFORMED")
    return VisaObject(type=kind, asserted=asserted, value=value, source=source, by=by, conditions=stated, linked=linked)


def is_url(value: str) -> bool:
    """Is it a URL claim: an absolute URI of printable ASCII, 255 characters at most? It is never fetched."""
    return len(value) <= limits.TEXT and _URL.fullmatch(value) is not None


def _is_value(kind: str, value: str, aliases: Mapping[str, str]) -> bool:
    if kind in _URL_VALUE:
        return is_url(value) or (kind == GRANT and value in aliases)
    if kind == AFFILIATION and not _AFFILIATION.fullmatch(value):
        return False
    return bool(value) and value.isprintable()


def role_and_affiliation(value: str) -> tuple[str, str]:
    """An AffiliationAndRole value split at the first `@`: `faculty@a@b.example` is of `a@b.example`."""
    role, _, affiliation = value.partition("@")
    return role, affiliation
