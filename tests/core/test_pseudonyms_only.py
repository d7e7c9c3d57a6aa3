"""Nothing that is stored, shown, logged or measured can say who a participant is: every field name is looked at.

Rows, published schemas, catalogue parts, members of log entries, metrics, and the facts that policy packs read.
What has such a word in its name and is no person's is listed, each with its reason.
"""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from broker.core.jurisdiction.facts import KINDS as FACTS
from broker.core.purpose import Purpose
from broker.core.rows import KINDS
from broker.web.metrics import METRICS, of_issuers

ROOT = Path(__file__).parents[2]
IDENTIFYING = {
    *("name", "surname", "forename", "firstname", "lastname", "nickname", "initials"),
    *("email", "mail", "phone", "mobile", "fax", "address", "street", "city", "postcode", "zip", "contact", "orcid"),
    *("birth", "born", "dob", "birthday", "age", "sex", "gender", "marital", "photo", "picture", "ip"),
    *("ssn", "nhs", "passport_number", "insurance", "citizenship", "citizen", "nationality"),
    *("ethnicity", "ethnic", "race", "religion", "caste", "tribe"),
}
ALLOWED = {
    ("Client", "name"): "a program",
    ("Committee", "name"): "a committee",
    ("Committee", "contact"): "a committee's, for everybody who has a question",
    ("Demand", "max_age"): "seconds since a sign-in",
    ("Document", "name"): "a policy pack or an ontology",
    ("DrsObject", "name"): "a file",
    ("IdentityProvider", "name"): "an institution",
    ("Member", "name"): "what a bundle calls a file in it",
    ("Organisation", "name"): "an institution",
    ("RecipientKey", "name"): "what a researcher calls a key of theirs",
    ("Repository", "name"): "a store of files",
    ("Responsible", "contact"): "of who answers for a dataset, for everybody",
    ("Session", "name"): "a researcher's, for one session and the page; a participant's session has none",
    ("TrustRow", "max_asserted_age"): "seconds since a visa was asserted",
    ("ClientPart", "name"): "a program",
    ("CommitteePart", "name"): "a committee",
    ("CommitteePart", "contact"): "a committee's",
    ("DemandPart", "max_age"): "seconds since a sign-in",
    ("IdentityProviderPart", "name"): "an institution",
    ("ContentsObject", "name"): "what a bundle calls a file in it",
    ("MemberPart", "name"): "what a bundle calls a file in it",
    ("RecipientsNewKey", "name"): "what a researcher calls a key of theirs",
    ("ServiceInfo", "name"): "a service",
    ("ObjectPart", "name"): "a file",
    ("OrganisationPart", "name"): "an institution",
    ("RepositoryPart", "name"): "a store of files",
    ("ResponsiblePart", "contact"): "of who answers for a dataset, for everybody",
    ("VisaIssuerPart", "max_asserted_age_seconds"): "seconds since a visa was asserted",
    ("consent-receipt.schema.json", "contact"): "a committee's",
    ("consent-receipt.schema.json", "address"): "of the broker, where a consent is withdrawn",
    ("explanation.schema.json", "name"): "a fact's",
    ("Action", "name"): "a way of access (AuthZEN)",
    ("FoundActions", "name"): "a way of access (AuthZEN)",
    ("metric", "broker_issuer_keys_age_seconds"): "of an institution's keys",
    ("VisaIssuer", "max_asserted_age_seconds"): "seconds since a visa was asserted",
}
"""(type, member) that holds such a word, and whose or what it is."""


def identifying(name: str) -> bool:
    return bool(set(name.lower().replace("-", "_").replace(".", "_").split("_")) & IDENTIFYING)


def types_of(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Every dataclass that a value of type `kind` can hold."""
    for part in get_args(kind):
        types_of(part, found)
    if is_dataclass(kind) and isinstance(kind, type) and kind.__name__ not in found:
        found[kind.__name__] = kind
        for hint in get_type_hints(kind).values():
            types_of(hint, found)
    return found


def of_rows() -> Iterator[tuple[str, str]]:
    found: dict[str, Any] = {}
    for kind in (*KINDS, Purpose):
        types_of(kind, found)
    assert len(found) > 50
    return ((name, each.name) for name, kind in found.items() for each in fields(kind))


def of_schema(value: Any, within: str) -> Iterator[tuple[str, str]]:
    """Every property of a JSON Schema, with the definition in which it stands."""
    if isinstance(value, list):
        for one in value:
            yield from of_schema(one, within)
    if isinstance(value, dict):
        properties = value.get("properties")
        if isinstance(properties, dict) and "type" not in properties.get("type", ()):
            yield from ((within, name) for name in properties)
        for name, one in value.items():
            yield from of_schema(one, name if isinstance(one, dict) and name[:1].isupper() else within)


def of_schemas() -> Iterator[tuple[str, str]]:
    paths = sorted((ROOT / "schemas").glob("*.json"))
    assert len(paths) > 5
    for path in paths:
        yield from of_schema(json.loads(path.read_text("utf-8")), path.name)


def of_entries() -> Iterator[tuple[str, str]]:
    """Every name under which a story puts something into an entry of the log."""
    for path in sorted((ROOT / "broker" / "flows").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            typed = isinstance(node, ast.AnnAssign) and "Value" in ast.unparse(node.annotation)
            called = isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "entry"
            if typed or called:
                keys = (key for one in ast.walk(node) if isinstance(one, ast.Dict) for key in one.keys)
                yield from ((path.name, str(key.value)) for key in keys if isinstance(key, ast.Constant))


def of_metrics() -> Iterator[tuple[str, str]]:
    METRICS.requests.labels("GET", "/", "200")
    METRICS.recorded.labels("access.permitted")
    for registry in (METRICS.registry, of_issuers(())):
        for family in registry.collect():
            yield "metric", family.name
            yield from (("metric", label) for sample in family.samples for label in sample.labels)


def of_facts() -> Iterator[tuple[str, str]]:
    return (("fact", name) for name in FACTS)


PLACES: Mapping[str, Callable[[], Iterator[tuple[str, str]]]] = {
    "rows": of_rows,
    "schemas": of_schemas,
    "entries": of_entries,
    "metrics": of_metrics,
    "facts of policy packs": of_facts,
}


@pytest.mark.row("WHO-3.5-3")
@pytest.mark.parametrize("place", PLACES)
def test_no_field_says_who_somebody_is(place: str) -> None:
    found = list(PLACES[place]())
    assert found
    assert [one for one in found if identifying(one[1]) and one not in ALLOWED] == []


def test_what_is_allowed_is_there_and_has_a_reason() -> None:
    there = {one for place in PLACES.values() for one in place()}
    assert sorted(set(ALLOWED) - there) == []
    assert all(ALLOWED.values())


@pytest.mark.parametrize(
    "name", ["birth_date", "patient_name", "dateOf_birth", "e-mail", "home.address", "citizenship"]
)
def test_the_scan_sees_such_a_field(name: str) -> None:
    assert identifying(name)


def test_the_scan_looks_into_every_corner() -> None:
    """A property of a schema inside a list inside a definition, and a field of a part of a row."""
    schema: dict[str, Any] = {"$defs": {"Patient": {"anyOf": [{"properties": {"surname": {}}}]}}}
    assert list(of_schema(schema, "x")) == [("Patient", "surname")]
    assert ("Template", "cultural_review_ref") in set(of_rows())
    assert ("withdraw_consent.py", "withdrawal") in set(of_entries())
    assert ("metric", "route") in set(of_metrics())
