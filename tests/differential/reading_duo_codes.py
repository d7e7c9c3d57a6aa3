"""Which rule of DUO matching may be told as the reason? Read from the sentences of the closed list of reasons.

reading_duo.py says the verdict. Here each rule is asked by itself, and the codes of those that come to that verdict
are gathered: the text does not say which of several rules that come to the same verdict is told first.
"""

from collections.abc import Mapping
from typing import Any

from tests.differential.ontology import Diseases
from tests.differential.reading_duo import (
    AFTERWARDS,
    DENY,
    PARAMETERS,
    PERMISSIONS,
    PERMIT,
    REVIEW,
    _diseases_of,
    _modifier,
    _permission,
    permitted_diseases,
    read_code,
)  # fmt: skip

CODES: Mapping[str, tuple[set[str], set[str]]] = {
    "NMDS": ({"DUO-METHODS", "DUO-DISEASE"}, {"DUO-METHODS-MIXED", "DUO-METHODS-UNCLEAR", "DUO-DISEASE-UNKNOWN"}),
    "GSO": ({"DUO-GENETIC-ONLY"}, {"DUO-GENETIC-UNSTATED"}),
    "NPU": ({"DUO-FORPROFIT-ORG"}, {"DUO-ORGANISATION-UNSTATED"}),
    "NCU": ({"DUO-COMMERCIAL-USE"}, {"DUO-COMMERCIAL-UNSTATED"}),
    "NPUNCU": ({"DUO-FORPROFIT-ORG", "DUO-COMMERCIAL-USE"}, {"DUO-ORGANISATION-UNSTATED", "DUO-COMMERCIAL-UNSTATED"}),
    "NPOA": ({"DUO-ANCESTRY"}, {"DUO-POPULATION"}),
    "RS": ({"DUO-RESEARCH-TYPE"}, {"DUO-RESEARCH-TYPE-UNCLEAR", "DUO-FREE-TEXT", "DUO-PARAMETER-MISSING"}),
    "GS": ({"DUO-REGION"}, {"DUO-REGION-UNKNOWN", "DUO-REGION-UNSTATED", "DUO-PARAMETER-MISSING", "DUO-FREE-TEXT"}),
    "IRB": ({"DUO-ETHICS-EXPIRED", "DUO-ETHICS-REFUSED"}, {"DUO-ETHICS-MISSING", "DUO-ETHICS-UNVERIFIED"}),
    "COL": ({"DUO-COLLABORATION-REFUSED"}, {"DUO-COLLABORATION-MISSING", "DUO-COLLABORATION-PENDING"}),
    "PUB": ({"DUO-PUBLISH-REFUSED"}, {"DUO-PUBLISH-UNSTATED"}),
    "RTN": ({"DUO-RETURN-REFUSED"}, {"DUO-RETURN-UNSTATED"}),
    "MOR": ({"DUO-MORATORIUM"}, {"DUO-PARAMETER-MISSING"}),
    "TS": ({"DUO-DURATION"}, {"DUO-PARAMETER-MISSING", "DUO-CONTRADICTION"}),
    "US": ({"DUO-USER"}, {"DUO-USER-UNSTATED", "DUO-PARAMETER-MISSING", "DUO-FREE-TEXT"}),
    "PS": ({"DUO-PROJECT"}, {"DUO-PROJECT-UNSTATED", "DUO-PARAMETER-MISSING", "DUO-FREE-TEXT"}),
    "IS": ({"DUO-INSTITUTION"}, {"DUO-INSTITUTION-UNSTATED", "DUO-PARAMETER-MISSING", "DUO-FREE-TEXT"}),
    "CC": (set(), set()),
}
"""Of each modifier: how its refusal is told, and how what it leaves open is."""

OF_PERMISSION = (
    {"DUO-PURPOSE", "DUO-DISEASE", "DUO-DISEASE-NEEDED", "DUO-CLINICAL-CARE"},
    {
        "DUO-PURPOSE-UNCLEAR", "DUO-METHODS-UNCLEAR", "DUO-DISEASE-UNKNOWN", "DUO-DISEASE-UNSTATED",
        "DUO-CLINICAL-UNSTATED",
    },
)  # fmt: skip


def told(verdict: str, written: list[Any], purpose: Mapping[str, Any], diseases: Diseases) -> set[str]:
    """The codes that may stand first for `verdict`, which the matcher gave."""
    if verdict == PERMIT:
        return set()
    entries = [{"code": one} if isinstance(one, str) else dict(one) for one in written]
    read = [(read_code(one["code"]), {key: one[key] for key in one.keys() - {"code"}}) for one in entries]
    names = {name for name, _ in read}
    codes = _of_the_coding(read, names) | _of_the_purpose(purpose) if verdict == REVIEW else set()
    permitted, at = permitted_diseases(read), 0 if verdict == DENY else 1
    permissions = [one for one in PERMISSIONS if one in names]
    for permission in permissions:
        if _permission(permission, permitted, {str(one) for one in names}, dict(purpose), diseases) == verdict:
            codes |= OF_PERMISSION[at]
    for name, extra in read:
        if (
            name is not None
            and name in CODES
            and _modifier(name, extra, permissions, permitted, dict(purpose), diseases)[0] == verdict
        ):
            codes |= CODES[name][at]
    return codes


def _of_the_coding(read: list[tuple[str | None, dict[str, Any]]], names: set[str | None]) -> set[str]:
    """Faults of the coding, always REVIEW."""
    found = set()
    for name, extra in read:
        if name is None:
            found.add("DUO-CODE-UNKNOWN")
        elif extra.keys() - PARAMETERS.get(name, set()):
            found |= {"DUO-PARAMETER-STRAY", "DUO-FREE-TEXT"}
        elif name == "DS" and not _diseases_of(extra):
            found.add("DUO-PARAMETER-MISSING")
        elif name == "RU":
            found.add("DUO-CODE-OBSOLETE")
    several = len(names & set(PERMISSIONS))
    if several != 1:
        found.add("DUO-TWO-PERMISSIONS" if several else "DUO-NO-PERMISSION")
    narrowed = "NRES" in names and names - {"NRES", "", None} - AFTERWARDS
    if narrowed or {"POA", "NPOA"} <= names or {"CC", "RU"} <= names:
        found.add("DUO-CONTRADICTION")
    return found


def _of_the_purpose(purpose: Mapping[str, Any]) -> set[str]:
    found, kinds, topics = set(), purpose.get("kinds"), purpose.get("sensitive")
    if kinds is None or (not kinds and purpose.get("clinical_care") is not True):
        found.add("DUO-PURPOSE-UNSTATED")
    if topics is None:
        found.add("DUO-SENSITIVE-UNSTATED")
    elif topics:
        found.add("DUO-SENSITIVE")
    return found
