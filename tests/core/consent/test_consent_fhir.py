"""Consent records as FHIR R5: nothing is lost, nothing that cannot be read passes, and a poor reader stays safe."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.fhir_reading import Read, read_consent
from broker.core.consent.fhir_writing import write_consent
from broker.core.consent.judge import judge
from broker.core.consent.model import ConsentVersion, Subject
from broker.core.consent.reading import read_history, read_version
from broker.core.consent.writing import version_hash, write_version
from broker.core.ids import SubjectRef
from broker.core.purpose import Modality
from tests.core.consent.consent_world import FILE, HISTORIES, ONTOLOGY, certificates, questions, record
from tests.core.consent.test_consent_records import COMMUNITY, FULL, OF_COMMUNITY

URN = "urn:access-broker:"
OBO = "http://purl.obolibrary.org/obo/"
GIVEN: dict[str, Any] = {
    "resourceType": "Consent",
    "status": "active",
    "identifier": [{"system": f"{URN}consent", "value": "c-71f0/3"}],
    "subject": {"identifier": {"system": f"{URN}subject:site-a", "value": "sub_9t2k"}},
    "date": "2026-03-01",
    "period": {"start": "2026-03-01"},
    "grantor": [{"identifier": {"value": "self"}}],
    "policyBasis": {"url": "https://site-a.example/consent/templates/T12/4"},
    "decision": "deny",
    "provision": [
        {
            "purpose": [{"system": OBO, "code": "DUO_0000006"}],
            "period": {"start": "2026-03-01"},
            "extension": [
                {"url": f"{URN}modality", "valueCode": "tre_remote"},
                {"url": f"{URN}ai_training", "valueCode": "deny"},
            ],
        }
    ],
}
"""As a consent source would write it that knows our codes and no more."""


def of_cases() -> Iterator[ConsentVersion]:
    for row in FILE["cases"]:
        for name, history in row.get("subjects", {}).items():
            yield from read_history(history, name)


OF_GROUP = read_version(OF_COMMUNITY)
UNSIGNED = [{"label": "x", "modifiers": ["NCU"]}, {"label": "y", "modifiers": [{"code": "TS", "months": 6}]}]
OF_ANOTHER = read_version({**OF_COMMUNITY, "community": {**COMMUNITY, "label_defaults": UNSIGNED, "review_on": None}})
VERSIONS = [
    read_version(FULL),
    OF_GROUP,
    OF_ANOTHER,
    *of_cases(),
    *(version for history in HISTORIES for version in history),
]


# Out and in


def test_every_record_of_the_cases_comes_back_as_it_was() -> None:
    for version in VERSIONS:
        assert read_version(write_version(version)) == version
        assert read_consent(write_consent(version)) == Read(version=version)


def empty_places(value: Any) -> list[Any]:
    """Lists and objects without a member: FHIR's JSON has none."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return [] if inner is None else [value] if not inner else [one for part in inner for one in empty_places(part)]


def test_no_member_of_a_resource_is_empty() -> None:
    assert not [place for version in VERSIONS for place in empty_places(write_consent(version))]


def test_import_export_import_gives_the_same_resource() -> None:
    once = write_consent(read_consent(GIVEN).version, ["https://bank.example/heart"])
    again = read_consent(once)
    assert again.datasets == ("https://bank.example/heart",)
    assert write_consent(again.version, again.datasets) == once


@given(st.sampled_from(HISTORIES), questions, certificates)
def test_the_judgement_is_the_same_on_both_sides(history: Any, question: Any, certificate: Any) -> None:
    here = [Subject(ref=SubjectRef("s"), versions=history)]
    there = [Subject(ref=SubjectRef("s"), versions=tuple(read_consent(write_consent(one)).version for one in history))]
    assert judge(question, here, certificate, ONTOLOGY) == judge(question, there, certificate, ONTOLOGY)


def test_what_a_source_writes_that_knows_no_digest_is_read() -> None:
    version = read_consent(GIVEN).version
    assert (version.consent_id, version.version, version.custodian) == ("c-71f0", 3, "site-a")
    assert [term.name for term in version.scope.permissions] == ["HMB"]
    assert version.scope.answers == {"ai_training": "deny"}
    assert version.scope.modalities == frozenset({Modality.TRE_REMOTE})
    assert version.template is None  # the address of a text is no digest of it


def test_the_end_of_a_period_counts_as_a_whole() -> None:
    """FHIR's end is the last that counts, ours the first that does not."""
    ends = {"2026-12-31": "2027-01-01T00:00:00Z", "2026-12-31T12:00:00Z": "2026-12-31T12:00:01Z"}
    for said, meant in ends.items():
        version = read_consent(GIVEN | {"period": {"start": "2026-03-01", "end": said}}).version
        assert write_version(version)["effective_to"] == meant


def test_inactive_without_a_word_of_ours_is_the_widest_withdrawal() -> None:
    version = read_consent(GIVEN | {"status": "inactive"}).version
    assert (version.status, version.withdrawal) == ("withdrawn", None)


def test_a_hash_is_of_what_the_source_said_and_not_of_when_we_heard_it() -> None:
    one = record()
    assert version_hash(one) == version_hash(replace(one, recorded_at=one.effective_from))
    assert version_hash(one) != version_hash(replace(one, custodian="other"))


# In, refused


def altered(path: str, value: Any) -> dict[str, Any]:
    """The resource above with the member at `path` put to `value`."""
    whole = copy.deepcopy(GIVEN)
    *above, last = path.split(".")
    at: Any = whole
    for part in above:
        at = at[int(part)] if part.isdigit() else at[part]
    at[last] = value
    return whole


UNKNOWN = [{"url": "http://example.org/limits", "valueCode": "x"}]
REFUSED: dict[str, tuple[str, Any, str]] = {
    "base permits": ("decision", "permit", "Consent.decision"),
    "no base": ("decision", None, "Consent.decision"),
    "draft": ("status", "draft", "Consent.status"),
    "modifier extension of the resource": ("modifierExtension", UNKNOWN, "Consent.modifierExtension"),
    "modifier extension of a provision": ("provision.0.modifierExtension", UNKNOWN, r"Consent.provision\[0\].modifier"),
    "modifier extension of a code": ("provision.0.purpose.0.modifierExtension", UNKNOWN, r"purpose\[0\].modifierExten"),
    "unknown extension of the resource": ("extension", UNKNOWN, r"Consent.extension\[0\].url"),
    "unknown extension of a provision": ("provision.0.extension", UNKNOWN, r"Consent.provision\[0\].extension\[0\]"),
    "unknown extension of ours": ("extension", [{"url": f"{URN}moon", "valueCode": "deny"}], r"extension\[0\]"),
    "unknown extension of the grantor": ("grantor.0.extension", UNKNOWN, r"Consent.grantor\[0\].extension\[0\]"),
    "nested provision": ("provision.0.provision", [{"purpose": []}], r"Consent.provision\[0\].provision"),
    "an actor": ("provision.0.actor", [{"role": {}}], r"Consent.provision\[0\].actor"),
    "an action": ("provision.0.action", [{}], r"Consent.provision\[0\].action"),
    "a label of somebody else": ("provision.0.securityLabel", [{"code": "R"}], r"provision\[0\].securityLabel\[0\]"),
    "another period": ("provision.0.period", {"start": "2026-04-01"}, r"Consent.provision\[0\].period.start"),
    "no purpose": ("provision.0.purpose", None, r"Consent.provision\[0\].purpose"),
    "unknown code": ("provision.0.purpose.0.code", "DUO_0000099", r"Consent.provision\[0\].purpose\[0\].code"),
    "a modifier as a purpose": ("provision.0.purpose.0.code", "DUO_0000018", r"purpose\[0\].code"),
    "unknown code system": ("provision.0.purpose.0.system", "urn:x", r"purpose\[0\].code"),
    "unknown word": ("provision.0.extension.1.valueCode", "perhaps", r"Consent.provision\[0\].extension\[1\]"),
    "unknown way": ("provision.0.extension.0.valueCode", "courier", r"Consent.provision\[0\].extension\[0\]"),
    "two values": ("provision.0.extension.0.valueString", "x", r"Consent.provision\[0\].extension\[0\]"),
    "a name": ("subject.display", "Ada", "Consent.subject"),
    "a reference": ("subject.reference", "Patient/1", "Consent.subject"),
    "a contained patient": ("contained", [{"resourceType": "Patient"}], "Consent: unknown member 'contained'"),
    "a grantee": ("grantee", [{"identifier": {"value": "x"}}], "Consent: unknown member 'grantee'"),
    "a file": ("sourceAttachment", [{"data": "…"}], "Consent: unknown member 'sourceAttachment'"),
    "verification": ("verification", [{"verified": False}], "Consent: unknown member 'verification'"),
    "implicit rules": ("implicitRules", "http://x.example", "Consent: unknown member 'implicitRules'"),
    "labels": ("meta", {"security": [{"code": "R"}]}, "Consent.meta"),
    "part of a date": ("period.start", "2026-03", "Consent.period"),
    "no start": ("period.start", None, "Consent.period.start"),
    "two grantors": ("grantor", [{"identifier": {"value": "self"}}] * 2, "Consent.grantor"),
    "unknown grantor": ("grantor.0.identifier.value", "friend", r"Consent.grantor\[0\].identifier.value"),
    "no id": ("identifier", None, "Consent.identifier"),
    "no version": ("identifier.0.value", "c-71f0", r"Consent.identifier\[0\]"),
    "unknown system of the subject": ("subject.identifier.system", "urn:ssn", "Consent.subject.identifier.system"),
    "another resource": ("resourceType", "Patient", "Consent.resourceType"),
    "status against the extension": ("extension", [{"url": f"{URN}status", "valueCode": "suspended"}], "Consent.status"),
    "a date that is none": (
        "extension", [{"url": f"{URN}maturity_review_on", "valueDate": "soon"}], r"Consent.extension\[0\]: not a date",
    ),
    "two values of the same": (
        "extension", [{"url": f"{URN}model", "valueCode": "broad", "valueString": "broad"}], r"extension\[0\]: not one value",
    ),
    "a value of a type that is not read": (
        "extension", [{"url": f"{URN}model", "valueMarkdown": "broad"}], r"extension\[0\]: not one value",
    ),
    "no value": ("extension", [{"url": f"{URN}model"}], r"extension\[0\]: not one value"),
    "a label with more to it": (
        "provision.0.securityLabel", [{"system": f"{URN}conditions", "code": "apply", "version": "2"}],
        r"securityLabel\[0\]: unknown member",
    ),
    "a parameter twice": (
        "provision.0.purpose.0.extension", [{"url": f"{URN}text", "valueString": "x"}] * 2, r"purpose\[0\].extension\[1\]",
    ),
    "a parameter that no code has": (
        "provision.0.purpose.0.extension", [{"url": f"{URN}moon", "valueString": "x"}],
        r"purpose\[0\].extension\[0\]: unknown extension",
    ),
    "half of a basis in another": (
        "regulatoryBasis",
        [
            {"coding": [{"system": f"{URN}legal-basis", "code": "opt_out"}]},
            {"extension": [{"url": f"{URN}instrument", "valueString": "x"}]},
        ],
        "Consent.regulatoryBasis",
    ),
    "two codes of a basis": (
        "regulatoryBasis", [{"coding": [{"system": f"{URN}legal-basis", "code": "opt_out"}] * 2}], "said before",
    ),
    "the same twice": ("extension", [{"url": f"{URN}model", "valueCode": "broad"}] * 2, r"extension\[1\]: said before"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_refuses_the_whole_and_is_named(case: str) -> None:
    path, value, place = REFUSED[case]
    with pytest.raises(ValueError, match=place):
        read_consent(altered(path, value))


def test_conditions_that_differ_between_provisions_are_refused() -> None:
    one = GIVEN["provision"][0]
    other = one | {"extension": []}
    with pytest.raises(ValueError, match=r"provision\[1\].extension"):
        read_consent(GIVEN | {"provision": [one, other]})
    said = {"url": f"{URN}ai_training", "valueCode": "deny"}
    for differs in (said | {"url": f"{URN}linkage"}, said | {"valueCode": "permit"}):
        with pytest.raises(ValueError, match=r"provision\[1\].extension"):
            read_consent(GIVEN | {"provision": [one | {"extension": [said]}, one | {"extension": [differs]}]})


def test_a_message_never_holds_what_was_sent() -> None:
    for secret in (altered("subject.display", "Ada Byron"), altered("grantor.0.identifier.value", "Ada Byron")):
        with pytest.raises(ValueError, match="Consent") as told:
            read_consent(secret)
        assert "Byron" not in str(told.value)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in inner:
        yield from leaves(member, (*path, name))


WHOLE = write_consent(read_version(FULL), ["https://bank.example/heart"])
PLACES = [path for path in leaves(WHOLE) if path]
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 7, True, "x", "", [], [[]], {}, {"a": 1}, [{"url": 1}], [{"url": f"{URN}hosting"}], 1.5]
)


@given(st.sampled_from(PLACES), JUNK)
def test_junk_anywhere_is_refused_or_read_and_never_breaks_the_reader(path: tuple[Any, ...], junk: Any) -> None:
    whole = copy.deepcopy(WHOLE)
    at: Any = whole
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = junk
    try:
        read_consent(whole)
    except ValueError:
        return


# A reader that knows less than we do


def stripped(value: Any) -> Any:
    """What a reader sees that ignores every extension."""
    if isinstance(value, dict):
        return {name: stripped(one) for name, one in value.items() if name not in ("extension", "modifierExtension")}
    return [stripped(one) for one in value] if isinstance(value, list) else value


def one_is_lost(resource: Any) -> Iterator[Any]:
    """The resource without one of its extensions, for each of them."""
    for path in leaves(resource):
        if len(path) > 1 and path[-2] == "extension":
            less = copy.deepcopy(resource)
            at: Any = less
            for part in path[:-1]:
                at = at[part]
            del at[path[-1]]
            yield less


def permitted_without_extensions(resource: Any) -> set[str]:
    """A reader that knows FHIR alone: purposes of active consents, where every label of a provision is one of its own."""
    if resource["status"] != "active" or resource["decision"] != "deny":
        return set()
    open_ones = [one for one in resource.get("provision", ()) if not one.get("securityLabel")]
    return {code["code"] for one in open_ones for code in one["purpose"]}


def test_who_ignores_extensions_is_never_wider_and_we_refuse_what_was_stripped() -> None:
    for version in VERSIONS:
        poor = stripped(write_consent(version))
        assert permitted_without_extensions(poor) == set()
        if poor != write_consent(version):
            try:
                found = read_consent(poor).version
            except ValueError:
                continue
            assert write_version(found) == write_version(version)  # the extensions said what was clear without them


def test_no_single_extension_can_be_lost_unnoticed() -> None:
    lost = list(one_is_lost(WHOLE))
    assert len(lost) > 25
    for less in lost:
        try:
            found = read_consent(less)
        except ValueError:
            continue
        assert found.version == read_version(FULL)  # the datasets alone, which permit nothing


def test_a_label_without_its_digest_is_refused() -> None:
    whole = write_consent(record())
    with pytest.raises(ValueError, match=r"Consent.identifier"):
        read_consent(whole | {"identifier": whole["identifier"][:1]})


def test_the_order_of_identifiers_does_not_matter() -> None:
    assert read_consent(WHOLE | {"identifier": WHOLE["identifier"][::-1]}) == read_consent(WHOLE)
