"""A FHIR Consent as a consent version. One member that we cannot read, and the whole resource is refused.

ValueErrors name the path of the member, never its value. R5 is read; R4 is turned into R5 first (fhir_r4.py).
What restricts a consent and is not known here (an actor, an unknown extension, a nested provision) can never be
left out: it would make the consent wider than it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from broker.core.consent import fhir
from broker.core.consent.fhir_extensions import extensions
from broker.core.consent.fhir_provisions import Found, condition, objects, provisions, times
from broker.core.consent.fhir_r4 import is_r4, to_r5
from broker.core.consent.members import Members
from broker.core.consent.model import ConsentVersion
from broker.core.consent.reading import read_version
from broker.core.consent.writing import write_version
from broker.core.time import rfc3339

_ID = re.compile(r"(.+)/(0|[1-9][0-9]{0,9})", re.DOTALL)
_FAULT = re.compile(r"record(.*?): (.*)", re.DOTALL)
_HARMLESS = ("id", "meta", "language", "text", "category", "date")
"""Members of the resource that say nothing about what is allowed; they are not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a resource says. `review`: why a person must look at it before it may permit anything."""

    version: ConsentVersion
    datasets: tuple[str, ...] = ()
    review: str | None = None


def read_consent(raw: object, place: str = "Consent") -> Read:
    """The version that a resource (R5, or R4) says. ValueError with the path of the member that is wrong."""
    review = None
    if isinstance(raw, Mapping) and is_r4(raw):
        raw, review = to_r5(raw, place)
    given = Members(raw, place)
    if given.take("resourceType") != "Consent":
        raise given.wrong("resourceType", "not Consent")
    found, datasets = Found(), list[str]()
    _no_restriction(given)
    digest = _identifiers(given, found)
    _subject(given, found)
    _period(given, found)
    _grantor(given, found)
    _basis(given, found)
    _policy(given, found)
    _decision(given, permitted=review is not None)
    labelled = provisions(given, found)
    for name, value, path in extensions(given):
        if name == "dataset":
            datasets.append(_text(value, path))
        elif name in fhir.SEVERAL and name in fhir.ROOT:
            found.entries((name,), path).append(value)
        elif name in (*fhir.ROOT, "status"):
            found.put((name,), value, path)
        else:
            condition(found, name, value, path)
    _status(given, found, place)
    given.done()
    version = _version(found, place)
    if labelled and digest is None:
        raise given.wrong("identifier", "the conditions of a provision are told apart by a digest, and there is none")
    if digest is not None and digest != fhir.digest_of(write_version(version)):
        raise given.wrong("identifier", "the digest is of another record: something was lost or changed on the way")
    if review is not None and version.status == "active":
        version = replace(version, status="suspended")
    return Read(version=version, datasets=tuple(datasets), review=review)


def _no_restriction(given: Members) -> None:
    """What is harmless is dropped; a meta that labels the resource would restrict it."""
    for name in _HARMLESS:
        value = given.take(name)
        if name == "meta" and isinstance(value, Mapping) and value.keys() - {"versionId", "lastUpdated", "profile"}:
            raise given.wrong("meta", "only versionId, lastUpdated and profile can be read")


def _identifiers(given: Members, found: Found) -> str | None:
    """The consent's id and version; the digest of the whole record, where it has one."""
    digest = None
    for path, one in objects(given, "identifier"):
        system, value = one.text("system"), one.needed("value")
        one.done()
        if system == fhir.DIGEST:
            digest = value
            continue
        match = _ID.fullmatch(value)
        if system != fhir.CONSENT_ID or match is None:
            raise ValueError(f"{path}: not <id>/<version> in the system {fhir.CONSENT_ID}")
        found.put(("consent_id",), match[1], f"{path}.value")
        found.put(("version",), int(match[2]), f"{path}.value")
    if "version" not in found.paths:
        raise given.wrong("identifier", f"none in the system {fhir.CONSENT_ID}")
    return digest


def _subject(given: Members, found: Found) -> None:
    """Whom it is about: a logical identifier. A reference or a display name could say who that is."""
    path = f"{given.place}.subject"
    identifier = _identifier(given.take("subject"), path)
    system, value = identifier.needed("system"), identifier.needed("value")
    identifier.done()
    for level, prefix in fhir.SUBJECT.items():
        if system == prefix or system.startswith(f"{prefix}:"):
            found.put(("level",), level, f"{path}.identifier.system")
            if system != prefix:
                found.put(("custodian",), system.removeprefix(f"{prefix}:"), f"{path}.identifier.system")
            found.put(("subject_ref",), value, f"{path}.identifier.value")
            return
    raise ValueError(f"{path}.identifier.system: not {', '.join(fhir.SUBJECT.values())}")


def _identifier(raw: object, path: str) -> Members:
    """The identifier of a logical reference, and nothing beside it but a type."""
    reference = Members(raw, path)
    reference.take("type")
    identifier = Members(reference.take("identifier"), f"{path}.identifier")
    reference.done()
    return identifier


def _period(given: Members, found: Found) -> None:
    raw = given.take("period")
    if raw is None:
        raise given.wrong("period", "missing: from when does it hold?")
    for name, (value, path) in times(raw, f"{given.place}.period").items():
        found.put((name,), rfc3339(value), path)


def _grantor(given: Members, found: Found) -> None:
    for path, one in objects(given, "grantor"):
        for name, value, at in extensions(one):
            if name not in ("ref", "valid_to", "scope_of_authority"):
                raise ValueError(f"{at}: unknown extension")
            found.put(("grantor", name), value, at)
        identifier = _identifier(one.rest(), path)
        if identifier.text("system") not in (None, fhir.GRANTOR):
            raise identifier.wrong("system", f"not {fhir.GRANTOR}")
        found.put(("grantor", "kind"), identifier.needed("value"), f"{path}.identifier.value")
        identifier.done()


def _basis(given: Members, found: Found) -> None:
    for path, one in objects(given, "regulatoryBasis", most=1):
        for name, value, at in extensions(one):
            if name not in ("instrument", "approval_ref"):
                raise ValueError(f"{at}: unknown extension")
            found.put(("legal_basis", name), value, at)
        for at, code in objects(one, "coding"):
            if code.needed("system") != fhir.BASIS:
                raise code.wrong("system", f"not {fhir.BASIS}")
            found.put(("legal_basis", "type"), code.needed("code"), f"{at}.code")
            code.done()
        one.done()
        if "legal_basis.type" not in found.paths:
            raise ValueError(f"{path}.coding: missing")


def _policy(given: Members, found: Found) -> None:
    """The form that was used. The address of a text says nothing that could be checked; its digest does."""
    raw = given.take("policyBasis")
    if raw is None:
        return
    policy = Members(raw, f"{given.place}.policyBasis")
    policy.text("url")
    for name, value, at in extensions(policy):
        if name != "template":
            raise ValueError(f"{at}: unknown extension")
        found.put(("template",), value, at)
    policy.done()


def _decision(given: Members, *, permitted: bool) -> None:
    said = given.take("decision")
    if said == "permit" and permitted:
        return
    if said != "deny":
        raise given.wrong("decision", "not deny: whatever no provision names would be permitted")


def _status(given: Members, found: Found, place: str) -> None:
    """FHIR's word and ours must agree; `inactive` alone is a withdrawal, of everything."""
    said = given.take("status")
    if said not in fhir.STATUS.values():
        raise given.wrong("status", f"not {', '.join(sorted(set(fhir.STATUS.values())))}")
    if "status" not in found.record:
        own = "withdrawn" if said == "inactive" else str(said).replace("-", "_")
        found.put(("status",), own, f"{place}.status")
    if {str(own): word for own, word in fhir.STATUS.items()}.get(str(found.record["status"])) != said:
        raise given.wrong("status", "not what the extension says")


def _version(found: Found, place: str) -> ConsentVersion:
    """The record, read as strictly as any other. A fault is told by the path of the resource."""
    try:
        return read_version(found.record, None, "record")
    except ValueError as wrong:
        match = _FAULT.fullmatch(str(wrong))
        name = match[1].removeprefix(".") if match else ""
        known = (one for one in found.paths if name == one or name.startswith(f"{one}."))
        raise ValueError(f"{found.paths.get(next(known, ''), place)}: {match[2] if match else wrong}") from None


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{path}: not a text")  # noqa: TRY004 (what is sent wrongly is a ValueError everywhere)
    return value
