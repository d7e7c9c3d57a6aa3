"""Which single claims does a client ask for? (OpenID Connect Core section 5.5, the `claims` parameter)

Claims that we do not know are ignored, as the section demands. Asking never widens what a scope withholds:
visas need the scope `ga4gh_passport_v1` (Passport "General Requirements" 4), whatever `claims` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from broker.core import strict_json
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import VALUE_LIMITS

SCOPE_CLAIMS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "profile": ("name",),
    "eduperson_scoped_affiliation": ("eduperson_scoped_affiliation",),
})  # fmt: skip
"""Which claims a scope releases at UserInfo (section 5.4)."""

PERSONAL = frozenset(name for names in SCOPE_CLAIMS.values() for name in names)
"""The claims about a person that can be asked for one by one; a person must have agreed to each."""
_MAX_VALUES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedClaims:
    """What the parameter asks. `subject`: the only person who may answer. `acr`: the only levels that will do."""

    id_token: frozenset[str] = frozenset()
    userinfo: frozenset[str] = frozenset()
    subject: str | None = None
    acr: frozenset[str] = frozenset()


def requested_claims(text: str | None) -> RequestedClaims | OAuthError:
    """The parameter's meaning; nothing is asked when it is absent. CLAIMS when it is not what 5.5 describes."""
    if text is None:
        return RequestedClaims()
    try:
        asked = strict_json.loads(text.encode(), VALUE_LIMITS["claims"])
    except strict_json.StrictJsonError:
        return OAuthError.CLAIMS
    if not isinstance(asked, dict):
        return OAuthError.CLAIMS
    id_token, userinfo = _members(asked.get("id_token")), _members(asked.get("userinfo"))
    if id_token is None or userinfo is None:
        return OAuthError.CLAIMS
    acr = id_token.get("acr")
    subject = _only_subject(id_token, userinfo)
    if isinstance(subject, OAuthError):
        return subject
    return RequestedClaims(
        id_token=PERSONAL & id_token.keys(),
        userinfo=PERSONAL & userinfo.keys(),
        subject=subject,
        acr=frozenset(_values(acr)) if acr is not None and acr.get("essential") is True else frozenset(),
    )


def _members(asked: Any) -> dict[str, dict[str, Any] | None] | None:
    """Each claim with its conditions (None: plainly asked for). None as a whole if the form is wrong."""
    if asked is None:
        return {}
    if not isinstance(asked, dict):
        return None
    for conditions in asked.values():
        if conditions is None:
            continue
        if not isinstance(conditions, dict) or not isinstance(conditions.get("essential", False), bool):
            return None
        if not _well_formed(conditions):
            return None
    return asked


def _well_formed(conditions: dict[str, Any]) -> bool:
    values = conditions.get("values", [])
    return isinstance(values, list) and len(values) <= _MAX_VALUES


def _values(conditions: dict[str, Any]) -> tuple[str, ...]:
    listed = [*conditions.get("values", []), *([conditions["value"]] if "value" in conditions else [])]
    return tuple(value for value in listed if isinstance(value, str))


def _only_subject(*members: Mapping[str, dict[str, Any] | None]) -> str | OAuthError | None:
    """The one `sub` that is asked for, if any. Two different ones, or another type, are no request at all."""
    subjects = {value for member in members if (sub := member.get("sub")) for value in _subjects(sub)}
    if None in subjects or len(subjects) > 1:
        return OAuthError.CLAIMS
    return next(iter(subjects), None)


def _subjects(conditions: dict[str, Any]) -> tuple[str | None, ...]:
    listed = [*conditions.get("values", []), *([conditions["value"]] if "value" in conditions else [])]
    return tuple(value if isinstance(value, str) else None for value in listed)
