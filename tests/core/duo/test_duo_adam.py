"""ADA-M matrices: what each statement means, and that what is not stated is never allowed."""

from copy import deepcopy
from typing import Any

import pytest

from broker.core.duo.adam import read_matrix
from broker.core.duo.foreign import Imported
from broker.core.duo.match import Verdict, match
from broker.core.duo.terms import MAX_TEXT, Term, parse_terms
from broker.core.duo.vocabulary import RS
from tests.core.duo.duo_world import CANCER, MELANOMA, ONTOLOGY, asking

_TOPICS = (
    "Authorization Publication Timeline Security Expunging Linking Recontact IPClaim Reporting Collaboration Payment"
)
_FREE = "organisation person nonProfitOrganisation profitOrganisation academicProfessional clinicalProfessional"
_MORE = "profitProfessional nonProfessional nonProfitPurpose profitPurpose researchPurpose clinicalPurpose country"
FULL: dict[str, Any] = {
    "header": {"resourceName": "A cohort"},
    "profile": dict.fromkeys(f"{_FREE} {_MORE}".split(), "UNRESTRICTED"),
    "terms": {f"no{topic}Terms": True for topic in _TOPICS.split()},
    "metaConditions": {"sharingMode": "DISCOVERY_AND_ACCESS", "noOtherConditions": True, "uniformConsent": True},
}


def changed(section: str, **members: Any) -> dict[str, Any]:
    """The full matrix with members of one section changed; None takes one away."""
    found = deepcopy(FULL)
    for name, value in members.items():
        if value is None:
            del found[section][name]
        else:
            found[section][name] = value
    return found


def limited(*kinds: tuple[str, str | None, str], **more: Any) -> dict[str, Any]:
    said = [
        {"type": type} | ({"restriction": rule} if rule else {}) | ({"description": about} if about else {})
        for type, rule, about in kinds
    ]
    return changed("profile", researchPurpose="LIMITED", allowedResearchProfiles=said, **more)


def verdict(found: Imported, **members: Any) -> Verdict:
    return match(found.terms, asking(**members), ONTOLOGY).verdict


def test_a_matrix_without_any_limit_is_general_research_with_clinical_care() -> None:
    found = read_matrix(FULL)
    assert (found.title, set(found.terms), found.notes) == ("A cohort", set(parse_terms(["GRU", "CC"])), ())
    assert verdict(found, clinical_care=True) is Verdict.PERMIT


MEANINGS: list[tuple[dict[str, Any], list[Any]]] = [
    (changed("profile", profitOrganisation="FORBIDDEN"), ["GRU", "CC", "NPU"]),
    (changed("profile", nonProfitOrganisation="UNRESTRICTED_OBLIGATORY"), ["GRU", "CC", "NPU"]),
    (changed("profile", profitPurpose="forbidden"), ["GRU", "CC", "NCU"]),
    (changed("profile", profitPurpose=None), ["GRU", "CC", "NCU"]),
    (changed("profile", profitOrganisation=None), ["GRU", "CC", "NPU"]),
    (changed("profile", clinicalPurpose="FORBIDDEN"), ["GRU"]),
    (changed("profile", clinicalPurpose=None), ["GRU"]),
    (changed("profile", clinicalPurpose="LIMITED"), ["GRU"]),
    (changed("profile", researchPurpose="UNRESTRICTED_OBLIGATORY", clinicalPurpose=None), ["GRU"]),
    (
        changed("profile", country="LIMITED", allowedCountries=[{"description": "EU"}, {"description": "CH"}]),
        ["GRU", "CC", {"code": "GS", "regions": ["EU", "CH"]}],
    ),
    (changed("profile", person="LIMITED", allowedPersons=[{"description": "Ada"}]), ["GRU", "CC", "US"]),
    (
        changed("terms", noCollaborationTerms=False, whichCollaborationTerms=["with us"]),
        ["GRU", "CC", {"code": "COL", "text": "with us"}],
    ),
    (limited(("BIOMEDICAL", "UNRESTRICTED", ""), ("METHODS", "UNRESTRICTED", "")), ["HMB", "CC"]),
    (limited(("BIOMEDICAL", "UNRESTRICTED", "")), ["HMB", "CC", "NMDS"]),
    (limited(("BIOMEDICAL", "UNRESTRICTED", ""), ("METHODS", "FORBIDDEN", "")), ["HMB", "CC", "NMDS"]),
    (limited(("ANCESTRY", "UNRESTRICTED", "")), ["POA", "CC", "NMDS"]),
    (limited(("ANCESTRY", "UNRESTRICTED", ""), ("BIOMEDICAL", "UNRESTRICTED", "")), ["HMB", "CC", "NMDS"]),
    (
        limited(("DISEASE", "LIMITED", CANCER), ("DISEASE", "UNRESTRICTED", MELANOMA)),
        [{"code": "DS", "diseases": [CANCER, MELANOMA]}, "CC", "NMDS"],
    ),
    (
        limited(("BIOMEDICAL", "UNRESTRICTED", ""), ("ANCESTRY", "FORBIDDEN", ""), ("GENETIC", "UNRESTRICTED_OBLIGATORY", "")),
        ["HMB", "CC", "NMDS", "NPOA", "GSO"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("matrix", "wanted"), MEANINGS, ids=map(str, range(len(MEANINGS))))
def test_what_a_statement_means(matrix: dict[str, Any], wanted: list[Any]) -> None:
    assert set(read_matrix(matrix).terms) == set(parse_terms(wanted))


def _one_less() -> list[tuple[str, dict[str, Any]]]:
    """Each statement of the full matrix taken away, or turned into a limit that no code says."""
    own = {"profitPurpose", "profitOrganisation", "clinicalPurpose"}
    found = [(f"no {name}", changed("profile", **{name: None})) for name in FULL["profile"] if name not in own]
    found += [
        (f"{rule} {name}", changed("profile", **{name: rule}))
        for name in FULL["profile"]
        for rule in ("LIMITED", "LIMITED_OBLIGATORY")
        if name != "clinicalPurpose" and not (rule != "LIMITED" and name in {"country", "organisation", "person"})
    ]
    for name in FULL["terms"]:
        found += [(f"no {name}", changed("terms", **{name: None})), (f"not {name}", changed("terms", **{name: False}))]
        which = name.replace("no", "which", 1) if "Recontact" not in name else "compulsoryRecontactTerms"
        if "Collaboration" not in name:
            found.append((f"{which}", changed("terms", **{which: ["some"]})))
    found += [(f"no {name}", changed("metaConditions", **{name: None})) for name in FULL["metaConditions"]]
    found += [
        ("discovery only", changed("metaConditions", sharingMode="DISCOVERY")),
        ("other conditions", changed("metaConditions", whichOtherConditions=["some"])),
        ("a list beside no limit", changed("profile", allowedOrganisations=[{"description": "us"}])),
        ("an obligatory country", changed("profile", country="LIMITED", allowedCountries=[{"description": "FR", "obligatory": True}])),
        ("research kinds in words", changed("profile", allowedResearchPurposes=[{"description": "some"}])),
        ("no research", changed("profile", researchPurpose="FORBIDDEN")),
        ("a limited kind under no limit", changed("profile", allowedResearchProfiles=[{"type": "DISEASE", "restriction": "LIMITED", "description": CANCER}])),
        ("a demanded kind", changed("profile", allowedResearchProfiles=[{"type": "BIOMEDICAL", "restriction": "UNRESTRICTED_OBLIGATORY"}])),
        ("a kind without a rule", changed("profile", allowedResearchProfiles=[{"type": "AGE"}])),
        ("only clinical", changed("profile", clinicalPurpose="UNRESTRICTED_OBLIGATORY")),
        ("no kind of research", limited()),
        ("a limited kind", limited(("BIOMEDICAL", "LIMITED", ""))),
        ("a kind in words", limited(("BIOMEDICAL", "UNRESTRICTED", "in hospitals"))),
        ("wide and limited", limited(("BIOMEDICAL", "UNRESTRICTED", ""), ("DISEASE", "LIMITED", CANCER))),
        ("nothing but a header", {"Header": {}}),
    ]  # fmt: skip
    return found


@pytest.mark.parametrize("matrix", [one for _, one in _one_less()], ids=[name for name, _ in _one_less()])
def test_what_is_not_stated_or_no_code_says_is_for_a_person(matrix: dict[str, Any]) -> None:
    found = read_matrix(matrix)
    assert found.notes or any(term.text for term in found.terms) or Term(code=RS) in found.terms
    for asked in ({}, {"kinds": ["disease"], "diseases": [CANCER]}):
        assert verdict(found, **asked) is not Verdict.PERMIT


@pytest.mark.parametrize(
    ("matrix", "where"),
    [
        (changed("metaConditions", multipleObligationsRule="MEET_AT_LEAST_ONE_OBLIGATION"), "multipleObligationsRule"),
        (changed("profile", clinicalPurpose="LIMITED"), "clinicalPurpose"),
        (limited(("ANCESTRY", "UNRESTRICTED", ""), ("BIOMEDICAL", "UNRESTRICTED", "")), "allowedResearchProfiles"),
        (limited(("DISEASE", "UNRESTRICTED", "a cancer")), "allowedResearchProfiles"),
        (limited(("AGE", "UNRESTRICTED", "")), "allowedResearchProfiles[0]"),
        (changed("profile", person="LIMITED"), "person"),
        (changed("profile", country="LIMITED", allowedCountries=[{"description": "Europe"}]), "allowedCountries"),
    ],
)
def test_what_is_read_more_narrowly_is_told(matrix: dict[str, Any], where: str) -> None:
    assert any(where in note.where for note in read_matrix(matrix).notes)


def test_a_place_that_is_known_needs_no_look() -> None:
    assert read_matrix(changed("profile", country="LIMITED", allowedCountries=[{"description": "EU"}])).notes == ()


def test_nobody_who_is_named_is_repeated() -> None:
    found = read_matrix(changed("profile", person="LIMITED", allowedPersons=[{"description": "Ada Lovelace"}]))
    assert "Lovelace" not in str(found)


BROKEN: list[tuple[Any, str]] = [
    ([], "the document: not an object"),
    (FULL | {"headers": {}}, "headers: no such member"),
    (FULL | {"Header": {}}, "header: said twice"),
    (changed("header", resourceName=7), "header.resourceName: not a text"),
    (changed("header", name="x"), "header.name: no such member"),
    (changed("profile", country="FORBIDDEN"), "profile.country: none of UNRESTRICTED, LIMITED"),
    (changed("profile", profitPurpose=True), "profile.profitPurpose: none of"),
    (changed("profile", planet="x"), "profile.planet: no such member"),
    (changed("profile", allowedCountries="EU"), "profile.allowedCountries: not a list"),
    (changed("profile", allowedCountries=[{}]), r"profile.allowedCountries\[0\].description: not a text"),
    (changed("profile", allowedPersons=[{"description": "a", "obligatory": "no"}]), r"allowedPersons\[0\].obligatory"),
    (changed("profile", allowedResearchProfiles=[{"type": "MAGIC"}]), r"allowedResearchProfiles\[0\].type: none of"),
    (changed("profile", allowedClinicalProfiles=[{"type": "AGE"}]), r"allowedClinicalProfiles\[0\].type: none of"),
    (changed("terms", noLinkingTerms="true"), "terms.noLinkingTerms: neither"),
    (changed("terms", whichLinkingTerms=[1]), r"terms.whichLinkingTerms\[0\]: not a text"),
    (changed("metaConditions", uniformConsent="x"), "metaConditions.uniformConsent: neither"),
    (
        changed("metaConditions", noOtherConditions="x", whichOtherConditions=["tea"]),
        "metaConditions.noOtherConditions: neither",
    ),
    (changed("metaConditions", sensitivePopulations="x"), "metaConditions.sensitivePopulations: neither"),
    (changed("metaConditions", sharingMode="ALL"), "metaConditions.sharingMode: none of"),
    (changed("metaConditions", multipleObligationsRule="x"), "metaConditions.multipleObligationsRule: none of"),
]


@pytest.mark.parametrize(("raw", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_what_cannot_be_read_is_refused_and_named(raw: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_matrix(raw)


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (changed("terms", noPaymentTerms=None), "not stated: terms.Payment"),
        (changed("terms", noPaymentTerms=False), "terms.Payment: there are some"),
        (changed("terms", noPaymentTerms=None, whichPaymentTerms=[]), "terms.Payment: there are some"),
        (changed("terms", noPaymentTerms=None, whichPaymentTerms=["a fee", "tea"]), "terms.Payment: a fee; tea"),
        (changed("terms", allowedRecontactTerms=["once"]), "terms.Recontact: once"),
        (changed("profile", organisation=None, person=None), "not stated: organisation, person"),
        (
            changed("metaConditions", whichOtherConditions=["tea"]),
            "metaConditions.whichOtherConditions: tea",
        ),
        (
            changed("metaConditions", noOtherConditions=False),
            "metaConditions.whichOtherConditions: there may be other conditions",
        ),
        (
            changed("metaConditions", sharingMode="DISCOVERY"),
            "metaConditions.sharingMode: DISCOVERY: it is not said that the data may be accessed",
        ),
        (
            limited(("BIOMEDICAL", "UNRESTRICTED", ""), ("METHODS", "UNRESTRICTED", ""), ("AGE", None, "adults")),
            "profile.allowedResearchProfiles[2]: not stated whether AGE adults",
        ),
    ],
)
def test_the_words_that_are_kept_say_what_and_where(matrix: dict[str, Any], said: str) -> None:
    assert [term.text for term in read_matrix(matrix).terms if term.text] == [said]


def test_what_is_left_out_beside_the_widest_permission_is_told() -> None:
    both = (("ANCESTRY", "UNRESTRICTED", ""), ("BIOMEDICAL", "UNRESTRICTED", ""), ("METHODS", "UNRESTRICTED", ""))
    assert [note.says for note in read_matrix(limited(*both)).notes] == [
        "ancestry research is allowed too, and is left out",
        "UNRESTRICTED METHODS: allowed as far as the permission code allows it",
    ]


def test_lists_and_texts_are_read_up_to_their_limits() -> None:
    def of(count: int, about: str) -> dict[str, Any]:
        return changed("profile", country="LIMITED", allowedCountries=[{"description": about}] * count)

    assert read_matrix(of(200, "EU")).notes == ()
    assert read_matrix(of(1, "x" * MAX_TEXT)).terms
    with pytest.raises(ValueError, match="not a list of at most 200"):
        read_matrix(of(201, "EU"))
    with pytest.raises(ValueError, match="not a text of 1 to 2000"):
        read_matrix(of(1, "x" * (MAX_TEXT + 1)))
