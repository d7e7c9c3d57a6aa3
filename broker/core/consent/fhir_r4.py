"""A FHIR R4 Consent as R5 would write it; where it permits at the root, a person must look at it.

R4 had the sign in `provision.type` at the root, R5 has it in `decision`. A root that permits becomes `decision:
permit` with exceptions that deny, and each exception must be one that a consent of ours can say: else it would be
lost. IHE Privacy Consent on FHIR allows one level of exceptions; so do we.
FHIR R4 (4.0.1) and R5 (5.0.0), Consent.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.consent import fhir
from broker.core.consent.members import Members

_NAMES = {"patient": "subject", "dateTime": "date", "performer": "grantor"}
_REVIEW = "converted from R4, where everything that no exception names was permitted"
_SCOPES = frozenset({"research", "patient-privacy"})


def is_r4(raw: Mapping[str, Any]) -> bool:
    """Has it what only R4 has: a provision that is no list, or one of the names that R5 changed?"""
    return isinstance(raw.get("provision"), Mapping) or bool(raw.keys() & {*_NAMES, "scope", "policyRule", "policy"})


def to_r5(raw: Mapping[str, Any], place: str) -> tuple[dict[str, Any], str | None]:
    """The resource as R5 writes it, and why it must be reviewed, if it must. ValueError with the path of a member."""
    given = Members(raw, place)
    made: dict[str, Any] = {}
    for old, new in _NAMES.items():
        value = given.take(old)
        if value is not None:
            made[new] = value
    _scope(given)
    made |= _policy(given)
    root = Members(given.take("provision"), f"{place}.provision")
    made |= given.rest()
    if "period" not in made:
        made["period"] = root.take("period")
    sign = root.take("type")
    if sign == "permit":
        made["decision"] = "permit"
        made["provision"] = [_permitted(root)]
    elif sign == "deny":
        made["decision"] = "deny"
        made["provision"] = _exceptions(root)
    else:
        raise root.wrong("type", "neither permit nor deny: the sign of the whole consent")
    return made, _REVIEW if sign == "permit" else None


def _scope(given: Members) -> None:
    """For research, or for privacy as a whole. A consent to treatment says nothing about research."""
    raw = given.take("scope")
    if raw is None:
        return
    scope = Members(raw, f"{given.place}.scope")
    coding = scope.take("coding")
    if not isinstance(coding, list | tuple) or not coding:
        raise scope.wrong("coding", "missing")
    for index, one in enumerate(coding):
        code = Members(one, f"{scope.place}.coding[{index}]")
        if code.text("code") not in _SCOPES:
            raise code.wrong("code", f"not {', '.join(sorted(_SCOPES))}")
        for name in ("system", "version", "display"):
            code.text(name)
        code.done()
    scope.text("text")
    scope.done()


def _policy(given: Members) -> dict[str, Any]:
    """The address of the policy. R4's `policyRule` would be a second sign, which could contradict the first."""
    raw = given.take("policy")
    if raw is None:
        return {}
    if not isinstance(raw, list | tuple) or len(raw) != 1:
        raise given.wrong("policy", "not one policy")
    policy = Members(raw[0], f"{given.place}.policy[0]")
    url = policy.needed("uri")
    more = policy.take("extension")
    policy.done()
    return {"policyBasis": {"url": url, **({"extension": more} if more is not None else {})}}


def _exceptions(root: Members) -> list[Any]:
    """A root that denies is R5's form already, but for the type of each exception."""
    found = []
    for index, one in enumerate(_nested(root)):
        exception = Members(one, f"{root.place}.provision[{index}]")
        if exception.take("type") != "permit":
            raise exception.wrong("type", "not permit, and so no exception from a denial")
        found.append(dict(exception.rest()))
    root.done()
    return found


def _permitted(root: Members) -> dict[str, Any]:
    """What the root permits, with every exception as an answer or a modifier that denies."""
    denials = [_denial(Members(one, f"{root.place}.provision[{index}]")) for index, one in enumerate(_nested(root))]
    own = root.take("extension")
    if own is not None and not isinstance(own, list | tuple):
        raise root.wrong("extension", "not a list")
    return {**root.rest(), "extension": [*(own or ()), *(one for denial in denials for one in denial)]}


def _nested(root: Members) -> list[Any]:
    raw = root.take("provision")
    if raw is not None and not isinstance(raw, list | tuple):
        raise root.wrong("provision", "not a list")
    return list(raw or ())


def _denial(exception: Members) -> list[dict[str, Any]]:
    """An exception names questions of ours, by their own codes, and nothing else that would make it smaller."""
    if exception.take("type") != "deny":
        raise exception.wrong("type", "not deny, and so no exception from a permission")
    purposes = exception.take("purpose")
    if not isinstance(purposes, list | tuple) or not purposes:
        raise exception.wrong("purpose", "missing: what is denied?")
    for name in sorted(exception.names()):
        raise exception.wrong(name, "cannot be read, and would make the exception smaller")
    found = []
    for index, raw in enumerate(purposes):
        code = Members(raw, f"{exception.place}.purpose[{index}]")
        system, key = code.needed("system"), code.needed("code")
        code.text("display")
        code.done()
        if system != f"{fhir.URN}answer" or not fhir.is_answer(key):
            raise code.wrong("code", "no question that a consent here can answer")
        found.append({"url": f"{fhir.URN}{key}", "valueCode": "deny"})
    return found
