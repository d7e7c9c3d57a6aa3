"""May this be asserted, so that visas are minted from it? What a Visa Issuer puts its name to (AAI 1.2.1 "Visa
Issuers" 2, Passport 1.2.1 "Visa Object" and "Standard Visa Types").

What passes here is read by our own clearinghouse exactly as it was meant: the last question is always `read_object`,
which judges everybody's visas. Two types are never asserted: ControlledAccessGrants come from grants, and
LinkedIdentities from links that a person proved.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.core.ids import is_made_id
from broker.core.outcome import Reason
from broker.core.passport import limits
from broker.core.passport.visa import (
    AFFILIATION,
    GRANT,
    LINK,
    RESEARCHER,
    STANDARD_TYPES,
    TERMS,
    is_url,
    read_object,
    role_and_affiliation,
)
from broker.core.plain import canonical
from broker.core.time import Seconds

NO_ORGANIZATION = "no.organization"
"""The affiliation of who belongs to none, and (as a URL) the source of what no organisation says."""
STANDARD_ROLES = frozenset({"faculty", "student", "member"})
ASSERTION_SECONDS = 10 * 366 * 86_400
"""An assertion lives ten years at most; the visas that are minted from it a day."""
CONDITIONS_BYTES = 6 * 1024
"""Conditions, as canonical JSON: with them a visa stays below its 16 KiB."""

EXTRA_BYTES = 4 * 1024
"""All claims beside the visa object, as canonical JSON."""
RESERVED_CLAIMS = frozenset({
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "scope", "client_id", "cnf", "act", "azp", "nonce",
    "ga4gh_visa_v1", "ga4gh_passport_v1",
})  # fmt: skip
"""Claims that mean something in every token, and so can be no custom type's."""

_CUSTOM_ROLE = re.compile(r"[a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*")

Clause = Mapping[str, str]
"""One Condition Clause: `type`, and `value`, `source` or `by` with their prefixes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a visa says of somebody, and until when. `conditions`: None where there are none."""

    type: str
    value: str
    source: str
    by: str | None
    asserted: Seconds
    ends: Seconds
    conditions: tuple[tuple[Clause, ...], ...] | None = None
    extra: Mapping[str, Any] | None = None
    """Claims beside the visa object, of a custom type that registered them (as NIH RAS has its permissions)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomClaims:
    """What a registered custom type allows: the names of claims beside the visa object."""

    type: str
    claims: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """Who has `claim` equal to, or holding, `equals` is `type` with `value`: what an operator reads into a claim.

    `value`: None: what the claim equals is the value. `source`: who is taken to say it.
    """

    claim: str
    equals: str
    type: str
    value: str | None = None
    source: str
    by: str | None = None

    def said(self, asserted: Seconds, ends: Seconds) -> "Stated":
        """What the rule makes of a claim that fits."""
        value = self.equals if self.value is None else self.value
        return Stated(type=self.type, value=value, source=self.source, by=self.by, asserted=asserted, ends=ends)


def wrong_with(rule: ClaimRule) -> str | None:
    """Why no visa could be minted from what this rule says; None: one can."""
    if not rule.claim or not rule.equals:
        return "a rule names a claim, and what it has to equal or hold"
    if rule.type not in (TERMS, RESEARCHER):
        return "a claim can say that terms were accepted, or that somebody is a researcher"
    refused = fault(rule.said(Seconds(1), Seconds(2)), (), Seconds(1))
    return None if refused is None else dict(refused.facts).get("problem", refused.code)


def stated_by(
    claims: Mapping[str, Any], rules: Sequence[ClaimRule], asserted: Seconds, ends: Seconds
) -> tuple["Stated", ...]:
    """What verified claims of a sign-in say, by the rules of its provider. A claim without a rule says nothing."""
    return tuple(rule.said(asserted, ends) for rule in rules if _holds(claims.get(rule.claim), rule.equals))


def _holds(value: Any, wanted: str) -> bool:
    """Is it `wanted`, or a list that has it? JSON's `true` is the word; numbers are nobody's words."""
    listed = value if isinstance(value, list) else [value]
    return any((one is True and wanted == "true") or (isinstance(one, str) and one == wanted) for one in listed)


def visa_object(said: Stated) -> dict[str, Any]:
    """The `ga4gh_visa_v1` claim that says it."""
    told: dict[str, Any] = {
        "type": said.type,
        "asserted": said.asserted,
        "value": said.value,
        "source": said.source,
    }
    if said.by is not None:
        told["by"] = said.by
    if said.conditions is not None:
        told["conditions"] = [[dict(clause) for clause in group] for group in said.conditions]
    return told


def visa_jti(assertion: str, version: int, unique: str) -> str:
    """The `jti` of a visa that is minted from a version of an assertion: ending either reaches the visa."""
    return f"{assertion}.{version}.{unique}"


def origins(jti: str) -> tuple[str, ...]:
    """From which assertion, and which version of it, a visa with this `jti` was minted; nothing for other visas."""
    made, _, rest = jti.partition(".")
    version, _, unique = rest.partition(".")
    return (made, f"{made}.{version}") if unique and is_made_id(made, "asr") else ()


def fault(said: Stated, custom: Sequence[CustomClaims], now: Seconds) -> Reason | None:
    """Why this cannot be asserted; None: it can. `custom`: the registered custom types."""
    return _type(said, custom) or _value(said) or _times(said, now) or _as_read(said)


def _no(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))


def _type(said: Stated, custom: Sequence[CustomClaims]) -> Reason | None:
    """One of the three standard types that people assert, or a registered custom one with its registered claims."""
    if said.type == GRANT:
        return Reason(code="REQ-VISA-GRANT")
    if said.type == LINK:
        return Reason(code="REQ-VISA-LINK")
    known = next((one for one in custom if one.type == said.type), None)
    if said.type not in STANDARD_TYPES and known is None:
        return Reason(code="REQ-VISA-TYPE")
    if said.extra and not set(said.extra) <= (known.claims if known is not None else frozenset()):
        return _no("extra: a claim that this type has not registered")
    if said.extra and (RESERVED_CLAIMS & set(said.extra) or len(canonical(said.extra)) > EXTRA_BYTES):
        return _no(f"extra: a claim of the standard, or more than {EXTRA_BYTES} bytes")
    return None


def _value(said: Stated) -> Reason | None:
    if len(said.value) > limits.TEXT:
        return _no(f"value: more than {limits.TEXT} characters")
    if not is_url(said.source):
        return _no("source: not a URL of 255 characters at most")
    return _affiliation(said.value) if said.type == AFFILIATION else None


def _affiliation(value: str) -> Reason | None:
    """`role@affiliation`: a role of the standard, or `namespace.role`; who belongs to nobody has a custom one."""
    role, affiliation = role_and_affiliation(value)
    if role not in STANDARD_ROLES and not _CUSTOM_ROLE.fullmatch(role):
        return _no("value: the role is faculty, student, member, or namespace.role in small letters")
    if affiliation == NO_ORGANIZATION and role in STANDARD_ROLES:
        return _no(f"value: nobody is {role} of {NO_ORGANIZATION}")
    return None if affiliation else _no("value: names no affiliation after the @")


def _times(said: Stated, now: Seconds) -> Reason | None:
    if said.asserted > now:
        return _no("asserted: in the future")
    if not now < said.ends:
        return _no("ends: it has ended already")
    return _no("ends: more than ten years ahead") if said.ends - now > ASSERTION_SECONDS else None


def _as_read(said: Stated) -> Reason | None:
    """Does our own clearinghouse read it as it was meant?"""
    if said.conditions is not None and not said.conditions:
        return _no("conditions: empty; leave them out where there are none")
    if len(canonical(said.conditions or ())) > CONDITIONS_BYTES:
        return _no(f"conditions: more than {CONDITIONS_BYTES} bytes")
    read = read_object(visa_object(said), {})
    if isinstance(read, Reason):
        what = {"VISA-VALUE-MALFORMED": "value", "VISA-CONDITIONS-MALFORMED": "conditions"}
        return _no(f"{dict(read.facts).get('claim') or what.get(read.code, 'type')}: not what it has to be")
    if any(not clause.wants for group in read.conditions or () for clause in group):
        return _no("conditions: a clause names no type, an unknown claim or an unknown way of matching")
    return None
