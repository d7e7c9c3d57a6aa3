"""The published schema of consent records against the records that the code writes and reads."""

from typing import Any

import pytest

from broker.core.consent.answers import unreadable
from broker.core.consent.reading import read_version
from broker.core.consent.record_files import SCHEMA, read_records
from broker.core.consent.writing import write_version
from tests.core.consent.test_consent_fhir import VERSIONS
from tests.core.consent.test_consent_records import FULL
from tests.docs.test_schemas import faults


def whole(record: Any) -> dict[str, Any]:
    return {"schema": SCHEMA, "consents": [{"datasets": ["https://bank.example/heart"], "consent": record}]}


def test_what_the_code_writes_passes_the_schema() -> None:
    records = [write_version(version) for version in VERSIONS if not unreadable(version.scope.answers)]
    assert len(records) > 500
    assert faults("consent", {**whole(FULL), "consents": [whole(one)["consents"][0] for one in records]}) == []


@pytest.mark.parametrize("members", [
    {"name": "Ada"},
    {"birth_date": "1990-01-01"},
    {"version": "3"},
    {"effective_from": None},
    {"status": "deleted"},
    {"grantor": {"ref": "g"}},
    {"template": {"id": "T12", "version": "4"}},
    {"withdrawal": {"approved_limits": []}},
    {"scope": {"answers": {"hosting": ["France"]}}},
    {"scope": {"answers": {"modalities": ["courier"]}}},
    {"communication": {"channel": "mail"}},
    {"supersedes": {"consent_id": "c-1"}},
    {"maturity_review_on": "soon"},
])  # fmt: skip
def test_what_the_schema_refuses_the_reader_refuses_too(members: dict[str, Any]) -> None:
    record = write_version(read_version(FULL)) | members
    assert faults("consent", whole(record))
    _, wrong = read_records(whole(record), "native", lambda index: f"line {index}")
    assert [fault.place for fault in wrong] == ["line 0"]
