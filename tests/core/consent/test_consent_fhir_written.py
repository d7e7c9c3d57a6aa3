"""The form in which consents leave and come, member by member: others read it, so it changes only on purpose."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from broker.core.consent.fhir_reading import read_consent
from broker.core.consent.fhir_writing import write_consent
from broker.core.consent.reading import read_version
from tests.core.consent.test_consent_fhir import GIVEN, URN, altered, leaves

ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "cases" / "consent_fhir_r5.json").read_text("utf-8")
)
"""Records, the data that they are for, and each as a resource."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_record_is_written_so_and_read_back(row: dict[str, Any]) -> None:
    version = read_version(row["record"])
    assert write_consent(version, row["datasets"]) == row["resource"]
    found = read_consent(row["resource"])
    assert (found.version, found.datasets, found.review) == (version, tuple(row["datasets"]), None)


def bare(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource without digest and label: by itself, not by comparing, must a reader notice what is wrong."""
    less = copy.deepcopy(resource)
    del less["identifier"][1]
    for one in less.get("provision", ()):
        del one["securityLabel"]
    return less


def put(resource: Any, path: tuple[Any, ...], value: Any) -> Any:
    at = resource
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return resource


def at(resource: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        resource = resource[part]
    return resource


Place = tuple[int, tuple[Any, ...]]
HARMED: list[Place] = [(n, path) for n in (0, 1, 2) for path in leaves(bare(ROWS[n]["resource"])) if path]
OBJECTS = [(n, path) for n, path in HARMED if isinstance(at(ROWS[n]["resource"], path), dict)]


def name(place: Any) -> str:
    return ".".join(map(str, place)) if isinstance(place, tuple) else str(place)


@pytest.mark.parametrize(("number", "path"), HARMED, ids=name)
def test_what_is_of_no_type_anywhere_refuses_the_whole(number: int, path: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=f"^Consent.*{path[0]}"):
        read_consent(put(bare(ROWS[number]["resource"]), path, 7.5))


@pytest.mark.parametrize(("number", "path"), OBJECTS, ids=name)
def test_a_member_that_nobody_knows_refuses_the_whole_wherever_it_stands(number: int, path: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=f"^Consent.*{path[0]}"):
        read_consent(put(bare(ROWS[number]["resource"]), (*path, "colour"), "red"))


@pytest.mark.parametrize(("number", "path"), OBJECTS, ids=name)
def test_an_extension_that_is_not_ours_refuses_the_whole_wherever_it_stands(number: int, path: tuple[Any, ...]) -> None:
    less = bare(ROWS[number]["resource"])
    strange = {"url": "http://example.org/limits", "valueCode": "x"}
    with pytest.raises(ValueError, match=r"^Consent"):
        read_consent(put(less, (*path, "extension"), [*at(less, path).get("extension", ()), strange]))


def test_ids_of_elements_and_words_for_people_are_left_aside() -> None:
    whole = bare(ROWS[0]["resource"]) | {"id": "1", "language": "en", "date": "2026-03-01", "text": {"div": "x"}}
    whole["meta"] = {"versionId": "1", "lastUpdated": "2026-03-01T00:00:00Z", "profile": ["x"]}
    whole["category"] = [{"text": "x"}]
    whole["provision"][0]["id"] = "p"
    whole["provision"][0]["extension"][0]["id"] = "e"
    whole["provision"][0]["purpose"][0]["display"] = "disease specific research"
    whole["subject"]["type"] = "Patient"
    assert read_consent(whole).version == read_version(ROWS[0]["record"])


TYPES = {
    "valueString": "broad",
    "valueCode": "broad",
    "valueUri": "broad",
}


@pytest.mark.parametrize("name", TYPES)
def test_a_word_may_be_written_as_another_type_of_text(name: str) -> None:
    found = read_consent(altered("extension", [{"url": f"{URN}model", name: TYPES[name]}]))
    assert found.version.model == "broad"


@pytest.mark.parametrize("name", ["valueDateTime", "valueInstant", "valueDate"])
def test_a_moment_may_be_written_as_another_type_of_time(name: str) -> None:
    found = read_consent(altered("extension", [{"url": f"{URN}maturity_review_on", name: "2026-08-01"}]))
    assert str(found.version.maturity_review_on) == "2026-08-01"


@pytest.mark.parametrize("name", ["valueInteger", "valuePositiveInt"])
def test_a_number_may_be_written_as_another_type_of_number(name: str) -> None:
    before = {"url": f"{URN}supersedes", "extension": [{"url": "consent_id", "valueString": "c-1"}, {"url": "version", name: 2}]}  # fmt: skip
    found = read_consent(altered("extension", [before]))
    assert found.version.supersedes == ("c-1", 2)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("modalities", "modalities has an extension of its own"),
        ("hosting", "hosting has an extension of its own"),
        ("recipient_countries", "recipient_countries has an extension of its own"),
        ("return_of_results", "return_of_results has an extension of its own"),
    ],
)
def test_what_has_an_extension_of_its_own_is_no_answer_in_words(key: str, said: str) -> None:
    pair = [{"url": "key", "valueString": key}, {"url": "word", "valueString": "deny"}]
    with pytest.raises(ValueError, match=said):
        read_consent(altered("provision.0.extension", [{"url": f"{URN}answer", "extension": pair}]))


@pytest.mark.parametrize("missing", [0, 1])
def test_an_answer_in_words_has_a_key_and_a_word(missing: int) -> None:
    pair = [{"url": "key", "valueString": "moon_use"}, {"url": "word", "valueString": "deny"}]
    whole = read_consent(altered("provision.0.extension", [{"url": f"{URN}answer", "extension": pair}]))
    assert whole.version.scope.answers == {"moon_use": "deny"}
    del pair[missing]
    with pytest.raises(ValueError, match=r"^Consent\.provision\[0\]\.extension\[0\]"):
        read_consent(altered("provision.0.extension", [{"url": f"{URN}answer", "extension": pair}]))


def test_a_topic_needs_a_name() -> None:
    with pytest.raises(ValueError, match="unknown extension, which may restrict"):
        read_consent(altered("provision.0.extension", [{"url": f"{URN}topic:", "valueCode": "deny"}]))
    with pytest.raises(ValueError, match="unknown extension, which may restrict"):
        read_consent(altered("provision.0.extension", [{"url": f"{URN}a-long-word", "valueCode": "deny"}]))


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"url": "what", "valueCode": "published"}
    for n in range(depth):
        inner = {"url": f"{URN}withdrawal" if n == depth - 1 else "kind", "extension": [inner]}
    return inner


def test_extensions_are_read_to_a_depth_and_a_number_and_no_further() -> None:
    with pytest.raises(ValueError, match=r"nested deeper than 4"):
        read_consent(altered("extension", [nested(4)]))
    with pytest.raises(ValueError, match=r"Consent\.extension\[0\]: (?!nested)"):
        read_consent(altered("extension", [nested(3)]))
    for count, said in ((1000, None), (1001, "Consent.extension: not a list of at most 1000")):
        data = [{"url": f"{URN}dataset", "valueString": "https://bank.example/heart"}] * count
        if said is None:
            assert len(read_consent(altered("extension", data)).datasets) == count
        else:
            with pytest.raises(ValueError, match=said):
                read_consent(altered("extension", data))


@pytest.mark.parametrize("raw", [7, "x", []])
def test_a_list_of_elements_has_one_at_least_and_not_too_many(raw: Any) -> None:
    with pytest.raises(ValueError, match=r"Consent\.provision: not a list of 1 to 100"):
        read_consent(altered("provision", raw))
    many = [GIVEN["provision"][0]] * 100
    assert read_consent(GIVEN | {"provision": many[:50]}).version.scope.permissions
    with pytest.raises(ValueError, match=r"Consent\.provision: not a list of 1 to 100"):
        read_consent(GIVEN | {"provision": [*many, many[0]]})
