"""Consents as FHIR R4 wrote them: known by its own names, turned into R5 whole or refused whole."""

import copy
from typing import Any

import pytest

from broker.core.consent.fhir_r4 import is_r4
from broker.core.consent.fhir_reading import read_consent
from broker.core.consent.judge import ConsentOutcome, judge
from broker.core.consent.model import Subject
from broker.core.ids import SubjectRef
from tests.core.consent.consent_world import ONTOLOGY, asking
from tests.core.consent.test_consent_fhir import GIVEN, URN, WHOLE, leaves

R4: dict[str, Any] = {
    "resourceType": "Consent",
    "status": "active",
    "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}]},
    "category": [{"coding": [{"code": "59284-0"}]}],
    "identifier": GIVEN["identifier"],
    "patient": GIVEN["subject"],
    "dateTime": "2026-03-01",
    "performer": GIVEN["grantor"],
    "policy": [{"uri": "https://site-a.example/consent/templates/T12/4"}],
    "provision": {
        "type": "permit",
        "period": {"start": "2026-03-01"},
        "purpose": GIVEN["provision"][0]["purpose"],
        "provision": [{"type": "deny", "purpose": [{"system": f"{URN}answer", "code": "ai_training"}]}],
    },
}


def test_a_root_that_permits_is_converted_and_waits_for_a_person() -> None:
    found = read_consent(R4)
    assert found.review is not None
    assert (found.version.status, found.version.scope.answers) == ("suspended", {"ai_training": "deny"})
    assert [term.name for term in found.version.scope.permissions] == ["HMB"]
    subject = Subject(ref=SubjectRef("sub_9t2k"), versions=(found.version,))
    answer = judge(asking(), [subject], None, ONTOLOGY)
    assert answer.outcome is ConsentOutcome.HOLD


def test_a_root_that_denies_is_r5s_own_form() -> None:
    inner = {"type": "permit", "purpose": R4["provision"]["purpose"], "extension": GIVEN["provision"][0]["extension"]}
    said = R4 | {"provision": {"type": "deny", "period": {"start": "2026-03-01"}, "provision": [inner]}}
    assert read_consent(said) == read_consent(GIVEN)


R4_REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no sign": ({"type": None}, "Consent.provision.type"),
    "an exception that permits": (
        {"provision": [{"type": "permit", "purpose": []}]}, r"Consent.provision.provision\[0\].type",
    ),
    "an exception that we cannot say": (
        {"provision": [{"type": "deny", "purpose": [{"system": "urn:x", "code": "HMARKT"}]}]},
        r"provision\[0\].purpose\[0\].code",
    ),
    "an exception for one actor": (
        {"provision": [{"type": "deny", "actor": [{}], "purpose": [{}]}]}, r"provision\[0\].actor",
    ),
    "a second level": (
        {"provision": [{"type": "deny", "provision": [{}], "purpose": [{}]}]}, r"provision\[0\].provision",
    ),
    "an exception from nothing": ({"provision": [{"type": "deny"}]}, r"provision\[0\].purpose"),
    "everything": ({"purpose": None}, r"provision\[0\].purpose"),
}  # fmt: skip


@pytest.mark.parametrize("case", R4_REFUSED)
def test_an_exception_of_r4_is_kept_or_the_whole_refused(case: str) -> None:
    members, place = R4_REFUSED[case]
    with pytest.raises(ValueError, match=place):
        read_consent(R4 | {"provision": R4["provision"] | members})


@pytest.mark.parametrize(("name", "value"), [
    ("scope", {"coding": [{"code": "treatment"}]}),
    ("scope", {}),
    ("policyRule", {"coding": [{"code": "OPTIN"}]}),
    ("policy", []),
    ("organization", [{"reference": "Organization/1"}]),
])  # fmt: skip
def test_what_r4_says_besides_is_read_or_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"Consent.*{name}"):
        read_consent(R4 | {name: value})


@pytest.mark.parametrize("name", ["patient", "dateTime", "performer", "scope", "policyRule", "policy"])
def test_r4_is_told_by_each_name_that_r5_no_longer_has(name: str) -> None:
    assert is_r4({name: R4.get(name, {})})


def test_r4_is_told_by_a_provision_that_is_no_list() -> None:
    assert is_r4({"provision": {"type": "permit"}})
    assert not is_r4({"provision": [{"type": "permit"}]})
    assert not is_r4(GIVEN)


DENIES: dict[str, Any] = R4 | {
    "provision": {
        "type": "deny",
        "period": {"start": "2026-03-01"},
        "provision": [{"type": "permit", "purpose": R4["provision"]["purpose"]}],
    }
}


def at(resource: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        resource = resource[part]
    return resource


OBJECTS = [
    (sign, whole, path)
    for sign, whole in (("permits", R4), ("denies", DENIES))
    for path in leaves(whole)
    if isinstance(at(whole, path), dict) and path[:1] != ("category",)
]


@pytest.mark.parametrize(
    ("whole", "path"), [one[1:] for one in OBJECTS], ids=[".".join(map(str, (one[0], *one[2]))) for one in OBJECTS]
)
def test_a_member_that_nobody_knows_refuses_an_r4_consent_wherever_it_stands(
    whole: dict[str, Any], path: tuple[Any, ...]
) -> None:
    less = copy.deepcopy(whole)
    at(less, path)["colour"] = "red"
    with pytest.raises(ValueError, match=r"^Consent"):
        read_consent(less)


LISTS: dict[str, tuple[str, ...]] = {
    "Consent.scope.coding": ("scope", "coding"),
    "Consent.policy": ("policy",),
    "Consent.provision.provision": ("provision", "provision"),
    "Consent.provision.extension": ("provision", "extension"),
    "purpose": ("provision", "provision", 0, "purpose"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("place", LISTS)
@pytest.mark.parametrize("junk", [{}, {"a": 1}, "x", 7, True])
def test_where_r4_has_a_list_nothing_else_is_read(place: str, junk: Any) -> None:
    whole = copy.deepcopy(R4)
    *above, last = LISTS[place]
    at(whole, tuple(above))[last] = junk
    with pytest.raises(ValueError, match=rf"{place}: (not|missing)"):
        read_consent(whole)


@pytest.mark.parametrize("above", [("scope", "coding"), ("provision", "provision", 0, "purpose")])
def test_what_must_name_something_names_it(above: tuple[Any, ...]) -> None:
    whole = copy.deepcopy(R4)
    at(whole, above[:-1])[above[-1]] = []
    with pytest.raises(ValueError, match=rf"{above[-1]}: missing"):
        read_consent(whole)


def with_purpose(**members: Any) -> dict[str, Any]:
    """The consent whose exception names one question, with other `members`."""
    whole = copy.deepcopy(R4)
    whole["provision"]["provision"][0]["purpose"][0] |= members
    return whole


def test_words_for_people_are_left_aside_in_r4_too() -> None:
    whole = with_purpose(display="training of models")
    whole["scope"]["text"] = "research"
    whole["scope"]["coding"][0] |= {"display": "Research", "version": "1.0"}
    assert read_consent(whole) == read_consent(R4)


@pytest.mark.parametrize("code", ["research", "patient-privacy"])
def test_a_consent_to_research_or_to_privacy_as_a_whole_is_read(code: str) -> None:
    assert read_consent(R4 | {"scope": {"coding": [{"code": code}]}}).version == read_consent(R4).version
    assert read_consent({name: value for name, value in R4.items() if name != "scope"}) == read_consent(R4)


@pytest.mark.parametrize("other", [{"system": f"{URN}modality"}, {"code": "moon_use"}])
def test_an_exception_names_a_question_of_ours_by_its_system_and_its_code(other: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"purpose\[0\].code: no question"):
        read_consent(with_purpose(**other))


def test_conditions_stand_beside_exceptions() -> None:
    stays = [{"url": f"{URN}hosting", "valueCode": "FR"}]
    found = read_consent(R4 | {"provision": R4["provision"] | {"extension": stays}})
    assert found.version.scope.hosting == frozenset({"FR"})
    assert found.version.scope.answers == {"ai_training": "deny"}


def test_the_form_is_read_beside_the_address_of_the_policy() -> None:
    form = WHOLE["policyBasis"]["extension"]
    version = read_consent(R4 | {"policy": [R4["policy"][0] | {"extension": form}]}).version
    assert version.template is not None
    assert (version.template.id, version.template.sha256) == ("T12", "ab")


def test_two_periods_must_be_the_same() -> None:
    same = {"start": "2026-03-01"}
    assert read_consent(R4 | {"period": same}) == read_consent(R4)
    with pytest.raises(ValueError, match=r"provision\[0\].period.start: another time"):
        read_consent(R4 | {"period": {"start": "2026-04-01"}})
