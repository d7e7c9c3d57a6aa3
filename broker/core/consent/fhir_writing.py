"""A consent version as a FHIR R5 Consent. Everything is kept: fhir_reading gives the same version back."""

from collections.abc import Iterable, Mapping
from typing import Any

from broker.core.consent import fhir
from broker.core.consent.answers import WORDS
from broker.core.consent.model import ConsentVersion
from broker.core.consent.writing import write_version
from broker.core.duo.terms import Term
from broker.core.duo.vocabulary import TermKind
from broker.core.time import Seconds, rfc3339

_PARAMETERS = ("diseases", "regions", "users", "projects", "institutions", "research_types", "text", "date", "months")


def write_consent(version: ConsentVersion, datasets: Iterable[str] = ()) -> dict[str, Any]:
    """The resource. `datasets`: where this participant's data lie. No demographics: the subject is a pseudonym."""
    record = write_version(version)
    scope = _scope(version, record.get("scope", {}))
    provisions = [_provision(version, scope)] if version.scope.permissions else []
    resource: dict[str, Any] = {
        "resourceType": "Consent",
        "identifier": [
            {"system": fhir.CONSENT_ID, "value": f"{version.consent_id}/{version.version}"},
            {"system": fhir.DIGEST, "value": fhir.digest_of(record)},
        ],
        "status": fhir.STATUS[version.status],
        "subject": {"identifier": {"system": _subject_system(version), "value": version.subject_ref}},
        "period": _period(version),
        "regulatoryBasis": [_basis(record["legal_basis"])],
        "decision": "deny",
    }
    if version.grantor is not None:
        resource["grantor"] = [_grantor(record["grantor"])]
    if version.template is not None:
        place = f"{fhir.TEMPLATE}{version.template.id}:{version.template.version}"
        resource["policyBasis"] = {"extension": [extension("template", record["template"])], "url": place}
    if provisions:
        resource["provision"] = provisions
    more = [
        *(_status(version)),
        *(extension(name, one) for name in fhir.ROOT if name in record for one in _each(record[name])),
        *(extension("dataset", name) for name in sorted(datasets)),
        *(() if provisions else scope),
    ]
    return {**resource, "extension": more} if more else resource


def extension(name: str, value: Any, prefix: str = fhir.URN) -> dict[str, Any]:
    """One extension; the members of an object are extensions inside it, named without the prefix."""
    if isinstance(value, Mapping):
        inner = [extension(member, one, "") for member, said in value.items() for one in _each(said)]
        return {"url": f"{prefix}{name}", "extension": inner}
    return {"url": f"{prefix}{name}", _typed(name, value): value}


def _each(value: Any) -> list[Any]:
    """What is written once for each entry of a list."""
    return value if isinstance(value, list) else [value]


def _typed(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "valueBoolean"
    if isinstance(value, int):
        return "valueInteger"
    if name in fhir.DATES:
        return "valueDate"
    if name == "recorded_at":
        return "valueInstant"
    return "valueCode" if name in fhir.CODES else "valueString"


def _status(version: ConsentVersion) -> list[dict[str, Any]]:
    plain_words = fhir.STATUS[version.status] in ("active", "entered-in-error")
    return [] if plain_words else [extension("status", version.status)]


def _subject_system(version: ConsentVersion) -> str:
    system = fhir.SUBJECT[version.level]
    return f"{system}:{version.custodian}" if version.custodian else system


def _period(version: ConsentVersion) -> dict[str, str]:
    """FHIR's end is the last moment that counts, ours the first that does not."""
    period = {"start": rfc3339(version.effective_from)}
    if version.effective_to is not None:
        period["end"] = rfc3339(Seconds(version.effective_to - 1))
    return period


def _basis(said: Mapping[str, Any]) -> dict[str, Any]:
    more = [extension(name, said[name]) for name in ("instrument", "approval_ref") if name in said]
    basis = {"coding": [{"system": fhir.BASIS, "code": said["type"]}]}
    return {"extension": more, **basis} if more else basis


def _grantor(said: Mapping[str, Any]) -> dict[str, Any]:
    more = [extension(name, said[name]) for name in ("ref", "valid_to", "scope_of_authority") if name in said]
    who = {"identifier": {"system": fhir.GRANTOR, "value": said["kind"]}}
    return {"extension": more, **who} if more else who


def _provision(version: ConsentVersion, scope: list[dict[str, Any]]) -> dict[str, Any]:
    """One exception to the base decision: all permissions, under every condition. The label keeps others out."""
    return {
        **({"extension": scope} if scope else {}),
        "securityLabel": [{"system": fhir.CONDITIONS, "code": fhir.APPLY}],
        "purpose": [coding(term, TermKind.PERMISSION) for term in version.scope.permissions],
    }


def coding(term: Term, kind: TermKind) -> dict[str, Any]:
    """A DUO code with its parameters; one that DUO does not list as `kind` in a system of its own."""
    known = term.kind is kind
    code = term.code.replace(":", "_") if known else term.code
    made = {"system": fhir.OBO if known else fhir.UNREAD_CODE, "code": code}
    more = [extension(name, value) for name in _PARAMETERS for value in _values(term, name)]
    return {"extension": more, **made} if more else made


def _values(term: Term, name: str) -> list[Any]:
    value = getattr(term, name)
    if isinstance(value, frozenset):
        return sorted(value)
    return [] if value is None else [value.isoformat() if name == "date" else value]


def _scope(version: ConsentVersion, said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Modifiers, answers and lists: the conditions of every permission."""
    modifiers = [
        {"url": f"{fhir.URN}modifier", "valueCoding": coding(term, TermKind.MODIFIER)}
        for term in version.scope.modifiers
    ]
    answers = [_answer(key, word) for key, word in sorted(version.scope.answers.items())]
    lists = [
        {"url": f"{fhir.URN}{name}", "valueCode": entry}
        for name, member in fhir.LISTS.items()
        if member in said.get("answers", {})
        for entry in said["answers"][member] or [fhir.NONE]
    ]
    results = version.scope.return_of_results
    return [*modifiers, *answers, *lists, *([extension("return_of_results", results)] if results else ())]


def _answer(key: str, word: str) -> dict[str, Any]:
    """A plain answer under its own name; one that no rule reads as a pair, so that it still waits elsewhere."""
    if fhir.is_answer(key) and word in WORDS:
        return {"url": f"{fhir.URN}{key}", "valueCode": word}
    return extension("answer", {"key": key, "word": word})
