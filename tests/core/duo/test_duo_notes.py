"""What a person is told of an imported document: each place and each sentence, and the words that are kept."""

from typing import Any

import pytest

from broker.core.duo.adam import read_matrix
from broker.core.duo.duc import read_profile
from broker.core.duo.duc_form import UNSTATED_PERMITTED
from broker.core.duo.foreign import Imported
from broker.core.duo.terms import MAX_TERMS, parse_terms
from tests.core.duo.duo_world import CANCER, MELANOMA
from tests.core.duo.test_duo_adam import FULL, changed, limited
from tests.core.duo.test_duo_duc import DISEASE, FEES, MONTH, OBO, SILENT, iri, one, profile

Told = list[tuple[str, str]]
UNKNOWN_PLACE = "a place that is not known here: write its ISO 3166 code or a region"
NO_CODE, A_DISEASE = "no DUO code says this", "a disease in words: name its term"
METHODS = ("METHODS", "UNRESTRICTED", "")
HMB = ("BIOMEDICAL", "UNRESTRICTED", "")
KINDS, RESEARCH = "profile.allowedResearchProfiles", "profile.allowedResearchPurposes"
NOT_ALONE = "no DUO code permits just this: a person must choose one"
CLINICAL = ("profile.clinicalPurpose", "clinical use is allowed with limits, and is left out")
UNSAID = ("not stated", "what is not stated is not allowed until a person says so")
NO_METHODS = (KINDS, "method development is not spoken of, so forbidden")


def told(found: Imported) -> Told:
    return [(note.where, note.says) for note in found.notes]


def kept(found: Imported) -> list[str]:
    return [term.text for term in found.terms if term.text]


MATRICES: list[tuple[dict[str, Any], Told, list[str]]] = [
    (changed("profile", profitPurpose=None), [("profile.profitPurpose", "not stated, so forbidden")], []),
    (changed("profile", person=None), [UNSAID], ["not stated: person"]),
    (
        changed("profile", country="LIMITED", allowedCountries=[{"description": "EU"}, {"description": "Europe"}]),
        [("profile.allowedCountries", UNKNOWN_PLACE)],
        [],
    ),
    (changed("profile", person="LIMITED"), [("profile.person", "name the persons as `issuer|subject`")], []),
    (
        changed("profile", organisation="LIMITED", allowedOrganisations=[{"description": "us"}, {"description": "you"}]),
        [("profile.organisation", NO_CODE)],
        ["profile.organisation: LIMITED; us; you"],
    ),
    (
        changed("profile", allowedOrganisations=[{"description": "us"}]),
        [("profile.organisation", NO_CODE)],
        ["profile.organisation: UNRESTRICTED; us"],
    ),
    (
        changed("profile", researchPurpose="FORBIDDEN"),
        [("profile.researchPurpose", "no research is allowed, or nobody says so: a person must say what the data may be used for")],
        [],
    ),
    (
        changed("profile", allowedResearchPurposes=[{"description": "tea"}, {"description": "milk"}]),
        [(RESEARCH, NO_CODE)],
        [f"{RESEARCH}: tea; milk"],
    ),
    (limited(HMB), [NO_METHODS], []),
    (limited(METHODS), [(KINDS, NOT_ALONE), (f"{KINDS}[0]", "UNRESTRICTED METHODS: allowed as far as the permission code allows it")], []),
    (limited(METHODS, HMB), [(f"{KINDS}[0]", "UNRESTRICTED METHODS: allowed as far as the permission code allows it")], []),
    (
        limited(HMB, ("ANCESTRY", "UNRESTRICTED", "")),
        [(KINDS, "ancestry research is allowed too, and is left out"), NO_METHODS],
        [],
    ),
    (limited(("ANCESTRY", "UNRESTRICTED", "")), [NO_METHODS], []),
    (limited(("DISEASE", "UNRESTRICTED", "a cancer")), [(KINDS, A_DISEASE), NO_METHODS], []),
    (limited(("DISEASE", "UNRESTRICTED", CANCER)), [NO_METHODS], []),
    (limited(("DISEASE", "UNRESTRICTED", "https://e.example/1")), [NO_METHODS], []),
    (limited(("DISEASE", "UNRESTRICTED", CANCER), ("DISEASE", "LIMITED", "a cancer")), [(KINDS, A_DISEASE), NO_METHODS], []),
    (limited(("DISEASE", "UNRESTRICTED", ""), HMB), [NO_METHODS, (f"{KINDS}[0]", "UNRESTRICTED DISEASE: allowed as far as the permission code allows it")], []),
    (
        limited(("BIOMEDICAL", "UNRESTRICTED_OBLIGATORY", "")),
        [NO_METHODS, (f"{KINDS}[0]", NO_CODE)],
        [f"{KINDS}[0]: UNRESTRICTED_OBLIGATORY BIOMEDICAL"],
    ),
    (
        limited(("DISEASE", "FORBIDDEN", CANCER)),
        [(KINDS, NOT_ALONE), NO_METHODS, (f"{KINDS}[0]", NO_CODE)],
        [f"{KINDS}[0]: FORBIDDEN DISEASE {CANCER}"],
    ),
    (
        limited(("DISEASE", None, CANCER)),
        [(KINDS, NOT_ALONE), NO_METHODS, (f"{KINDS}[0]", NO_CODE)],
        [f"{KINDS}[0]: not stated whether DISEASE {CANCER}"],
    ),
    (changed("profile", clinicalPurpose="LIMITED"), [CLINICAL], []),
    (changed("profile", clinicalPurpose="UNRESTRICTED_OBLIGATORY"), [CLINICAL], ["only clinical purposes"]),
    (changed("profile", clinicalPurpose="LIMITED_OBLIGATORY"), [CLINICAL], ["only clinical purposes"]),
    (changed("profile", allowedClinicalPurpose=[{"description": "surgery"}]), [CLINICAL], []),
    (changed("profile", clinicalPurpose="FORBIDDEN", allowedClinicalPurpose=[{"description": "surgery"}]), [CLINICAL], []),
    (changed("profile", clinicalPurpose=None, allowedClinicalProfiles=[{"type": "OTHER"}]), [CLINICAL], []),
    (changed("profile", clinicalPurpose=None), [], []),
    (changed("profile", clinicalPurpose="FORBIDDEN"), [], []),
    (
        changed("terms", noPaymentTerms=False, whichPaymentTerms=["a fee", "tea"]),
        [("terms.Payment", NO_CODE)],
        ["terms.Payment: a fee; tea"],
    ),
    (changed("terms", noCollaborationTerms=False, whichCollaborationTerms=["with us", "with you"]), [], ["with us; with you"]),
    (
        changed("metaConditions", whichOtherConditions=["tea", "milk"]),
        [("metaConditions.whichOtherConditions", "a person must look")],
        ["metaConditions.whichOtherConditions: tea; milk"],
    ),
    (
        changed("metaConditions", uniformConsent=False),
        [("metaConditions.uniformConsent", "a person must look")],
        ["metaConditions.uniformConsent: not all participants gave the same consent"],
    ),
    (changed("metaConditions", sharingMode="ACCESS", sensitivePopulations=True), [], []),
    (
        changed("metaConditions", multipleObligationsRule="MEET_AT_LEAST_ONE_OBLIGATION"),
        [("metaConditions.multipleObligationsRule", "one obligation would do; all of them are asked")],
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("matrix", "notes", "words"), MATRICES, ids=map(str, range(len(MATRICES))))
def test_what_is_told_and_kept_of_a_matrix(matrix: dict[str, Any], notes: Told, words: list[str]) -> None:
    found = read_matrix(matrix)
    assert (told(found), kept(found)) == (notes, words)


ADAM_CODES: list[tuple[dict[str, Any], list[Any]]] = [
    (changed("profile", nonProfitPurpose="UNRESTRICTED_OBLIGATORY"), ["GRU", "CC", "NCU"]),
    (
        changed("profile", researchPurpose="LIMITED_OBLIGATORY", allowedResearchProfiles=[{"type": "BIOMEDICAL", "restriction": "UNRESTRICTED"}, {"type": "METHODS", "restriction": "UNRESTRICTED"}]),
        ["HMB", "CC"],
    ),
    (changed("profile", clinicalPurpose=None, allowedClinicalPurpose=[{"description": "surgery"}]), ["GRU"]),
]  # fmt: skip


@pytest.mark.parametrize(("matrix", "wanted"), ADAM_CODES, ids=map(str, range(len(ADAM_CODES))))
def test_what_else_a_statement_means(matrix: dict[str, Any], wanted: list[Any]) -> None:
    assert set(read_matrix(matrix).terms) == set(parse_terms(wanted))


def _many(count: int) -> dict[str, Any]:
    """As many different codes as asked for: a permission, clinical care, and the rest in words."""
    words = [{"type": "OTHER", "restriction": "LIMITED", "description": f"{n}"} for n in range(count - 2)]
    return changed("profile", allowedResearchProfiles=words)


def test_a_matrix_has_no_more_codes_than_a_data_set_may_have() -> None:
    assert len(read_matrix(_many(MAX_TERMS)).terms) == MAX_TERMS
    with pytest.raises(ValueError, match=f"more than {MAX_TERMS} codes"):
        read_matrix(_many(MAX_TERMS + 1))


HEADER = (
    *("matrixName", "matrixVersion", "matrixReferences", "matrixProfileCreateDate", "matrixProfileUpdates"),
    *("resourceName", "resourceReferences", "resourceDescription", "resourceDataLevel"),
    *("resourceContactNames", "resourceContactOrganisations"),
)
RESEARCH_TYPES = "OTHER METHODS CONTROL POPULATION ANCESTRY BIOMEDICAL FUNDAMENTAL GENETIC DRUG DISEASE GENDER AGE"


def test_every_word_of_the_form_is_known() -> None:
    assert told(read_matrix(FULL | {"header": dict.fromkeys(HEADER, "x")})) == []
    for kind in RESEARCH_TYPES.split():
        assert f"FORBIDDEN {kind} x" in str(kept(read_matrix(limited((kind, "FORBIDDEN", "x")))))
    for kind in ("OTHER", "DECISION_SUPPORT", "DISEASE"):
        found = read_matrix(changed("profile", allowedClinicalProfiles=[{"type": kind, "restriction": "LIMITED"}]))
        assert told(found) == [CLINICAL]


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ({"header": {"matrixName": "M", "resourceName": "R"}}, "R"),
        ({"header": {"matrixName": "M"}}, "M"),
        ({"Header": {"resourceName": "R"}}, "R"),
        ({"header": {}}, ""),
    ],
    ids=str,
)
def test_a_matrix_is_called_as_its_resource(header: dict[str, Any], title: str) -> None:
    assert read_matrix({name: said for name, said in FULL.items() if name != "header"} | header).title == title


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (FULL | {"header": []}, "header: not an object"),
        (FULL | {"profile": []}, "profile: not an object"),
        (FULL | {"terms": []}, "terms: not an object"),
        (FULL | {"metaConditions": []}, "metaConditions: not an object"),
        (changed("header", resourceName=" "), "header.resourceName: not a text of 1 to 2000 characters"),
        (
            changed("metaConditions", multipleObligationsRule="x"),
            "metaConditions.multipleObligationsRule: none of MEET_ALL_OBLIGATIONS, MEET_AT_LEAST_ONE_OBLIGATION",
        ),
        (
            changed("metaConditions", sharingMode="x"),
            "metaConditions.sharingMode: none of UNKNOWN, DISCOVERY, ACCESS, DISCOVERY_AND_ACCESS",
        ),
        (changed("metaConditions", whichOtherConditions="x"), "metaConditions.whichOtherConditions: not a list of at most 200"),
        (changed("metaConditions", noOtherConditions="x"), "metaConditions.noOtherConditions: neither true nor false"),
        (changed("metaConditions", sensitivePopulations="x"), "metaConditions.sensitivePopulations: neither true nor false"),
        (changed("metaConditions", uniformConsent="x"), "metaConditions.uniformConsent: neither true nor false"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_cannot_be_read_is_named_in_full(matrix: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as wrong:
        read_matrix(matrix)
    assert str(wrong.value) == said


C, P = "conditions[4]", "conditions[4].conditionParameter"
LETTER = "compared letter by letter: is it the name that we use?"
PROFILES: list[tuple[dict[str, Any], Told, list[str]]] = [
    (one("GS", scope="Part of asset"), [(C, "holds for a part of the data only: split the dataset, or decide for all of it")], ["Permitted (part of the data): geographical restriction"]),
    (FEES, [(C, NO_CODE)], ["Obligatory: Fees"]),
    (one("DUO:0000017", "Obligatory"), [(C, NO_CODE)], ["Obligatory: data use modifier"]),
    (one("DUO:0000032", "Forbidden"), [(C, NO_CODE)], ["Forbidden: population research"]),
    (one("HMB", "Forbidden"), [(C, "health or medical or biomedical research has a direction of its own: what does it mean to forbid it?")], ["Forbidden: health or medical or biomedical research"]),
    (one("CC", "Obligatory"), [(C, "DUO can allow clinical care, not demand it")], ["Obligatory: clinical care use"]),
    (one("NPU"), [(f"{C}.rule", "not for profit organisation use only restricts: read as binding")], []),
    (one("CC"), [], []),
    (one("PS", value="P-1"), [(P, LETTER)], []),
    (one("US", value="i|a"), [(P, LETTER)], []),
    (one("GS", value="EU"), [], []),
    (one("GS", value="Europe"), [(P, UNKNOWN_PLACE)], []),
    (one("RS", uri=iri("DUO:0000033")), [], []),
    (one("DS", "Obligatory", label="a cancer"), [(P, A_DISEASE)], []),
    (one("DUO:0000038"), [(C, "genetic research is allowed as far as the permission code allows it")], []),
    (one("GRU-CC", value="x"), [(C, "obsolete general research use and clinical care takes no parameter")], ["Permitted: obsolete general research use and clinical care (x)"]),
    (one("PUB", "Obligatory", value="soon"), [(P, "publication required has no such parameter: a person reads it")], ["soon"]),
    (one("COL", "Obligatory", value="Ada"), [], ["Ada"]),
    (one("TS", "Obligatory", value=1.5, **MONTH), [(f"{P}.value", "rounded down to whole months")], []),
    (one("TS", "Obligatory", value=1.5, label="years"), [], []),
    (one("TS", "Obligatory", value=3, label="months"), [], []),
    (one("GS"), [], []),
    (one("TS", "Obligatory", value=0.5, label="year"), [], []),
    (one("TS", "Obligatory", value="soon", **MONTH), [(C, "not a number of months or years")], ["Obligatory: time limit on use (soon)"]),
    (one("MOR", "Obligatory", value="soon"), [(C, "not a date, YYYY-MM-DD")], ["Obligatory: publication moratorium (soon)"]),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "notes", "words"), PROFILES, ids=map(str, range(len(PROFILES))))
def test_what_is_told_and_kept_of_a_condition(condition: dict[str, Any], notes: Told, words: list[str]) -> None:
    found = read_profile(profile(one("GRU"), *SILENT, condition))
    assert (told(found), kept(found)) == (notes, words)


@pytest.mark.parametrize(
    ("parameter", "months"),
    [
        ({"value": 3, "label": "month"}, 3),
        ({"value": 3, "label": "Months"}, 3),
        ({"value": 3, "label": "year"}, 36),
        ({"value": 3, "label": "years"}, 36),
        ({"value": 1.5, "label": "years"}, 18),
        ({"value": 3, "uri": OBO + "UO_0000036"}, 36),
        ({"value": 3, "uri": OBO + "UO_0000033", "label": "month"}, None),
        ({"value": 100_000, "label": "month"}, 100_000),
        ({"value": 100_001, "label": "month"}, None),
        ({"value": "soon", "label": "month"}, None),
        ({"label": "month"}, None),
    ],
    ids=str,
)
def test_a_time_limit_is_read_in_months_and_stays_one_if_it_cannot_be(
    parameter: dict[str, Any], months: int | None
) -> None:
    found = read_profile(profile(one("NRES"), one("TS", "Obligatory", **parameter)))
    assert [term.months for term in found.terms if term.name == "TS"] == [months]


def test_a_moratorium_without_a_date_stays_one() -> None:
    found = read_profile(profile(one("NRES"), one("MOR", "Obligatory", value="soon")))
    assert [term.date for term in found.terms if term.name == "MOR"] == [None]


NOT_SPOKEN = (
    ("permissionMode", "for-profit organisations are not spoken of, so forbidden"),
    ("permissionMode", "commercial use is not spoken of, so forbidden"),
    ("permissionMode", "method development is not spoken of, so forbidden"),
)
MODE = ("permissionMode", "allowed is only what a permission code says, not all that is unstated")
NO_PERMISSION = ("conditions", "no permission: a person must say what the data may be used for")


@pytest.mark.parametrize(
    ("written", "notes"),
    [
        (profile(one("HMB")), list(NOT_SPOKEN)),
        (profile(one("HMB"), one("NMDS", "Obligatory")), list(NOT_SPOKEN[:2])),
        (profile(one("HMB"), one("NPUNCU", "Obligatory")), [NOT_SPOKEN[2]]),
        (profile(one("HMB"), permissionMode=UNSTATED_PERMITTED), [MODE]),
        (profile(*SILENT), [NO_PERMISSION]),
        (profile(*SILENT, permissionMode=UNSTATED_PERMITTED), [NO_PERMISSION, MODE]),
        (
            profile(*SILENT, one("DS", value=CANCER), one("DUO:0000040", "Obligatory", value=MELANOMA)),
            [("conditions", "a disease is obligatory beside another one: which use is meant?")],
        ),
        (profile(*SILENT, one("DS", "Obligatory", value=CANCER)), []),
    ],
    ids=str,
)
def test_what_is_told_of_a_profile_as_a_whole(written: dict[str, Any], notes: Told) -> None:
    assert told(read_profile(written)) == notes


def test_two_diseases_of_which_one_is_obligatory_are_kept_in_words() -> None:
    written = profile(*SILENT, one("DS", value=CANCER), one("DS", "Obligatory", value=MELANOMA))
    assert kept(read_profile(written)) == ["Obligatory for one disease beside others"]


def test_texts_that_are_permitted_one_by_one_stand_beside_each_other() -> None:
    found = read_profile(profile(one("GRU"), *SILENT, one("RS", value="tea"), one("RS", value="milk"), one("RS")))
    assert kept(found) == ["milk; tea; and one that is not named"]
    assert DISEASE["label"] == "cancer"
