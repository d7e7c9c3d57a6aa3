"""The reasons, the facts in them, and what a match says besides its verdict."""

import re
from typing import Any

import pytest

from broker.core.duo.asked import Asked
from broker.core.duo.match import Verdict, match
from broker.core.duo.modifiers import MODIFIERS, modifier_opinions
from broker.core.duo.opinion import SILENT, combine
from broker.core.duo.permissions import PERMISSIONS, permission_verdict
from broker.core.duo.release import Stanza, build
from broker.core.duo.terms import Term
from broker.core.duo.vocabulary import DS, ENTRIES, HMB, NMDS, POA, TermKind, canonical_code
from broker.core.purpose import Kind
from broker.core.reasons import REASONS, sentence
from broker.core.time import Day
from tests.core.duo.duo_world import ALZHEIMER, CANCER, MELANOMA, NOWHERE, ONTOLOGY, ROOT, asking, codes, judged

DS_CANCER = {"code": "DS", "diseases": [CANCER]}


def test_the_tables_have_a_row_for_every_permission_and_modifier_and_a_column_for_every_kind() -> None:
    of = {kind: {code for code, entry in ENTRIES.items() if entry.kind is kind} for kind in TermKind}
    assert PERMISSIONS.keys() == of[TermKind.PERMISSION]
    assert MODIFIERS.keys() == of[TermKind.MODIFIER]
    assert all(row.keys() == set(Kind) for row in PERMISSIONS.values())


def test_the_reference_page_has_the_table_of_the_code() -> None:
    page = (ROOT / "docs" / "reference" / "duo-matching.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in page if line.startswith("| ")]
    (columns,) = [line[1:] for line in table if line[0] == "dataset"]
    for code, row in PERMISSIONS.items():
        (written,) = [line[1:] for line in table if line[0] == Term(code=code).name]
        assert dict(zip(columns, written, strict=True)) == {kind.value: cell.value for kind, cell in row.items()}


def test_the_reference_page_says_how_a_code_may_be_written() -> None:
    page = (ROOT / "docs" / "reference" / "duo-matching.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.split("| written ")[1].split("\n\n")[0].splitlines()[2:]]
    for written, read in rows:
        for code in re.findall(r"`([^`]+)`", written):
            for spelt in (code, f" {code}\n", *([code.lower()] if code.isalpha() else [])):
                known = canonical_code(spelt) in ENTRIES
                assert known is ("nobody knows" not in read), code
    assert canonical_code("https://purl.obolibrary.org/obo/DUO_0000006") == canonical_code("hmb") == HMB


CAUSES: list[tuple[list[Any], dict[str, Any], list[str]]] = [
    (["NRES"], {}, ["DUO-NRES"]),
    (["GRU"], {}, ["DUO-GRU"]),
    (["HMB"], {}, ["DUO-HMB"]),
    (["POA"], {"kinds": ["ancestry"]}, ["DUO-POA"]),
    ([DS_CANCER], {"kinds": ["disease"], "diseases": [MELANOMA]}, ["DUO-DS"]),
    (["GRU", "DUO:0000002"], {}, ["DUO-CODE-IGNORED", "DUO-GRU"]),
    (["HMB"], {"kinds": ["general"]}, ["DUO-PURPOSE"]),
    ([DS_CANCER], {"kinds": ["disease"], "diseases": [ALZHEIMER]}, ["DUO-DISEASE"]),
    ([DS_CANCER], {"kinds": ["genetic"]}, ["DUO-DISEASE-NEEDED"]),
    (["HMB"], {"clinical_care": True}, ["DUO-CLINICAL-CARE"]),
    (["GRU", "NMDS"], {"kinds": ["methods"]}, ["DUO-METHODS"]),
    (["GRU", "GSO"], {"genetic_data": False}, ["DUO-GENETIC-ONLY"]),
    (["HMB", "NPU"], {"organisation": "for_profit"}, ["DUO-FORPROFIT-ORG"]),
    (["HMB", "NCU"], {"commercial": True}, ["DUO-COMMERCIAL-USE"]),
    (
        ["HMB", "NPUNCU"],
        {"organisation": "for_profit", "commercial": True},
        ["DUO-COMMERCIAL-USE", "DUO-FORPROFIT-ORG"],
    ),
    (["GRU", "NPOA"], {"kinds": ["ancestry"]}, ["DUO-ANCESTRY"]),
    (["GRU", {"code": "RS", "research_types": ["ancestry"]}], {}, ["DUO-RESEARCH-TYPE"]),
    (["GRU", {"code": "GS", "regions": ["EU"]}], {"countries": ["CA"]}, ["DUO-REGION"]),
    (["GRU", {"code": "US", "users": ["i|a"]}], {"user": "i|b"}, ["DUO-USER"]),
    (["GRU", {"code": "PS", "projects": ["P"]}], {"project": "Q"}, ["DUO-PROJECT"]),
    (["GRU", {"code": "IS", "institutions": ["u"]}], {"institution": "v"}, ["DUO-INSTITUTION"]),
    (["GRU", "IRB"], {"evidence": {"ethics_approval": "expired"}}, ["DUO-ETHICS-EXPIRED"]),
    (["GRU", "IRB"], {"evidence": {"ethics_approval": "refused"}}, ["DUO-ETHICS-REFUSED"]),
    (["GRU", "COL"], {"agreements": {"collaborate": "refused"}}, ["DUO-COLLABORATION-REFUSED"]),
    (["GRU", "PUB"], {"agreements": {"publish": False}}, ["DUO-PUBLISH-REFUSED"]),
    (["GRU", "RTN"], {"agreements": {"return_data": False}}, ["DUO-RETURN-REFUSED"]),
    (
        ["GRU", {"code": "MOR", "date": "2027-06-30"}],
        {"agreements": {"no_publication_before": "2027-01-01"}},
        ["DUO-MORATORIUM"],
    ),
    (["GRU", {"code": "TS", "months": 6}], {"duration_months": 7}, ["DUO-DURATION"]),
    (["GRU"], {"kinds": []}, ["DUO-PURPOSE-UNSTATED"]),
    (["HMB"], {"kinds": ["population"]}, ["DUO-PURPOSE-UNCLEAR"]),
    (["HMB"], {"kinds": ["age_category"]}, ["DUO-PURPOSE-UNCLEAR"]),
    ([DS_CANCER], {"kinds": ["disease"]}, ["DUO-DISEASE-UNSTATED"]),
    ([DS_CANCER], {"kinds": ["disease"], "diseases": [NOWHERE]}, ["DUO-DISEASE-UNKNOWN"]),
    (["HMB"], {"kinds": ["methods"]}, ["DUO-METHODS-UNCLEAR"]),
    ([DS_CANCER], {"kinds": ["methods"]}, ["DUO-METHODS-UNCLEAR"]),
    (["HMB", "NMDS"], {"kinds": ["hmb", "methods"]}, ["DUO-METHODS-MIXED"]),
    (["HMB"], {"clinical_care": None}, ["DUO-CLINICAL-UNSTATED"]),
    (["HMB", "GSO"], {}, ["DUO-GENETIC-UNSTATED"]),
    (["HMB", "NPU"], {"organisation": None}, ["DUO-ORGANISATION-UNSTATED"]),
    (["HMB", "NCU"], {"commercial": None}, ["DUO-COMMERCIAL-UNSTATED"]),
    (["GRU", "NPOA"], {"kinds": ["population"]}, ["DUO-POPULATION"]),
    (["GRU", "RS"], {}, ["DUO-RESEARCH-TYPE-UNCLEAR"]),
    (["GRU", {"code": "GS", "regions": ["EU"]}], {"countries": []}, ["DUO-REGION-UNSTATED"]),
    (["GRU", {"code": "GS", "regions": ["Atlantis"]}], {}, ["DUO-REGION-UNKNOWN"]),
    (["GRU", {"code": "US", "users": ["i|a"]}], {}, ["DUO-USER-UNSTATED"]),
    (["GRU", {"code": "PS", "projects": ["P"]}], {}, ["DUO-PROJECT-UNSTATED"]),
    (["GRU", {"code": "IS", "institutions": ["u"]}], {}, ["DUO-INSTITUTION-UNSTATED"]),
    (["GRU", "IRB"], {}, ["DUO-ETHICS-MISSING"]),
    (["GRU", "IRB"], {"evidence": {"ethics_approval": "supplied"}}, ["DUO-ETHICS-UNVERIFIED"]),
    (["GRU", "COL"], {}, ["DUO-COLLABORATION-MISSING"]),
    (["GRU", "COL"], {"agreements": {"collaborate": "pending"}}, ["DUO-COLLABORATION-PENDING"]),
    (["GRU", "PUB"], {}, ["DUO-PUBLISH-UNSTATED"]),
    (["GRU", "RTN"], {}, ["DUO-RETURN-UNSTATED"]),
    (["GRU"], {"sensitive": ["migration"]}, ["DUO-SENSITIVE"]),
    (["GRU"], {"sensitive": None}, ["DUO-SENSITIVE-UNSTATED"]),
    (["NRES"], {"kinds": None, "clinical_care": True}, ["DUO-PURPOSE-UNSTATED"]),
    ([], {}, ["DUO-NO-PERMISSION"]),
    (["GRU", "HMB"], {}, ["DUO-TWO-PERMISSIONS"]),
    (["NRES", "NPU"], {}, ["DUO-CONTRADICTION"]),
    (["GRU", "CC", "RU"], {}, ["DUO-CODE-OBSOLETE", "DUO-CONTRADICTION"]),
    (["GRU", {"code": "TS", "months": 0}], {}, ["DUO-CONTRADICTION"]),
    (["GRU", "XYZ"], {}, ["DUO-CODE-UNKNOWN"]),
    (["GRU", "DUO:0000017"], {}, ["DUO-CODE-UNKNOWN"]),
    (["GRU", "DUO:0000038"], {}, ["DUO-CODE-UNKNOWN"]),
    (["DS"], {"kinds": ["disease"], "diseases": [CANCER]}, ["DUO-PARAMETER-MISSING"]),
    (["GRU", "TS"], {}, ["DUO-PARAMETER-MISSING"]),
    (["GRU", {"code": "NPU", "months": 3}], {}, ["DUO-PARAMETER-STRAY"]),
    (["GRU", {"code": "NPU", "text": "only hospitals"}], {}, ["DUO-FREE-TEXT"]),
]


@pytest.mark.parametrize(("terms", "asked", "wanted"), CAUSES, ids=map(str, range(len(CAUSES))))
def test_every_cause_has_a_code_of_its_own(terms: list[Any], asked: dict[str, Any], wanted: list[str]) -> None:
    assert codes(judged(terms, **asked)) == wanted


def test_every_registered_code_has_a_cause() -> None:
    """DUO-DATASET-NARROWER is said by the consent engine, where a dataset is narrower than a person's consent."""
    registered = {code for code in REASONS if code.startswith("DUO-")} - {"DUO-DATASET-NARROWER"}
    assert registered == {code for _, _, wanted in CAUSES for code in wanted}


def test_refusals_are_told_before_open_questions_and_permits_not_beside_them() -> None:
    found = judged(["HMB", "IRB", "NCU"], commercial=True)
    assert codes(found) == ["DUO-COMMERCIAL-USE", "DUO-ETHICS-MISSING"]
    assert codes(judged(["HMB", "IRB"])) == ["DUO-ETHICS-MISSING"]


def test_a_refusal_names_the_diseases_in_words() -> None:
    (reason,) = judged([DS_CANCER], kinds=["disease"], diseases=[ALZHEIMER]).reasons
    said = sentence(reason.code, dict(reason.facts))
    assert "research on cancer (MONDO:0004992)" in said
    assert "Alzheimer disease (MONDO:0004975)" in said


def test_the_data_owner_learns_of_a_contradiction_also_where_the_answer_is_no() -> None:
    assert "DUO-CONTRADICTION" in codes(judged(["POA", "NPOA"], kinds=["ancestry"]))


def test_a_disease_code_without_its_disease_beside_a_whole_one_is_for_a_person() -> None:
    found = judged([DS_CANCER, "DS"], kinds=["disease"], diseases=[MELANOMA])
    assert (found.verdict, codes(found)) == (Verdict.REVIEW, ["DUO-PARAMETER-MISSING"])


def test_a_refusal_never_repeats_who_asks() -> None:
    (reason,) = judged(["HMB", {"code": "US", "users": ["i|a"]}], user="i|somebody").reasons
    assert reason.facts == ()


def test_a_long_list_is_told_in_short() -> None:
    many = [f"MONDO:{n:07}" for n in range(9_000_000, 9_000_009)]
    found = judged([{"code": "DS", "diseases": [*many]}], kinds=["drug_development"])
    assert any("and 4 more" in value for reason in found.reasons for _, value in reason.facts)


def test_what_was_not_answered_is_named() -> None:
    found = judged(["GRU", "NPU", "IRB", "PUB"], organisation=None)
    assert found.missing == (
        "purpose.agreements.publish",
        "purpose.evidence.ethics_approval",
        "purpose.organisation",
    )


def test_the_permission_that_carries_a_permit_is_named_and_no_other() -> None:
    assert judged(["HMB", "NPU"]).matched == (HMB,)
    assert judged(["HMB"], kinds=["general"]).matched == ()


def test_the_shortest_time_limit_caps_the_grant() -> None:
    limits = [{"code": "TS", "months": 24}, {"code": "TS", "months": 6}]
    assert judged(["HMB", *limits]).months == 6
    assert judged(["HMB"]).months is None


def test_obligations_are_kept_for_a_person_who_may_answer_yes() -> None:
    found = judged(["HMB", "IRB", {"code": "TS", "months": 6}])
    assert found.verdict is Verdict.REVIEW
    assert found.obligations == ("keep_ethics_approval", "time_limit_months:6")


@pytest.mark.parametrize(
    ("today", "verdict", "duties"),
    [
        (None, Verdict.DENY, ()),
        (Day(2027, 6, 29), Verdict.DENY, ()),
        (Day(2027, 6, 30), Verdict.PERMIT, ()),
    ],
)
def test_a_moratorium_ends_on_its_date(today: Day | None, verdict: Verdict, duties: tuple[str, ...]) -> None:
    offered = {"no_publication_before": "2026-12-31"}
    found = judged(["HMB", {"code": "MOR", "date": "2027-06-30"}], today, agreements=offered)
    assert (found.verdict, found.obligations) == (verdict, duties)


def test_a_persons_own_consent_is_read_more_strictly() -> None:
    """CONSENT_MODEL section 5: POA never allows methods, and NMDS means none at all."""
    poa, methods = Term(code=POA), asking(kinds=["methods"])
    assert permission_verdict(poa, methods, ONTOLOGY).verdict is Verdict.REVIEW
    assert permission_verdict(poa, methods, ONTOLOGY, strict=True).verdict is Verdict.DENY
    within = asking(kinds=["methods", "disease"], diseases=[MELANOMA])
    for permission in (DS, HMB):
        for strict, worst in ((False, Verdict.REVIEW), (True, Verdict.DENY)):
            asked = Asked(purpose=within, permissions=frozenset({permission}), strict=strict)
            assert combine(modifier_opinions(Term(code=NMDS), asked)).verdict <= worst
        assert combine(modifier_opinions(Term(code=NMDS), asked)).verdict is Verdict.DENY


def test_permission_and_modifier_rules_refuse_to_judge_what_is_neither() -> None:
    unknown = Term(code="XYZ")
    assert codes(permission_verdict(unknown, asking(), ONTOLOGY)) == ["DUO-CODE-UNKNOWN"]
    assert codes(combine(modifier_opinions(unknown, Asked(purpose=asking())))) == ["DUO-CODE-UNKNOWN"]


def test_no_opinion_at_all_is_no_permit() -> None:
    with pytest.raises(ValueError, match="empty"):
        combine(())
    assert combine((SILENT,)).verdict is Verdict.PERMIT


def test_two_ontologies_are_never_taken_for_each_other() -> None:
    """Answers are remembered: the same codes and purpose under another release are asked anew."""
    terms = (Term(code=DS, diseases=frozenset({CANCER})),)
    purpose = asking(kinds=["disease"], diseases=[MELANOMA])
    bare = build("bare", [Stanza(id=MELANOMA)])
    assert match(terms, purpose, ONTOLOGY).verdict is Verdict.PERMIT
    assert match(terms, purpose, bare).verdict is Verdict.REVIEW


@pytest.mark.parametrize("written", ["FR", "fr", "FRA", "250"])
def test_a_country_counts_in_each_of_its_codes(written: str) -> None:
    within = ["HMB", {"code": "GS", "regions": ["M49:155"]}]
    assert judged(within, countries=[written]).verdict is Verdict.PERMIT
    assert judged(within, countries=[written, "USA"]).verdict is Verdict.DENY
    assert judged(within, countries=[written, "France"]).verdict is Verdict.REVIEW


@pytest.mark.parametrize(
    ("own", "verdict"),
    [("D:0", Verdict.PERMIT), ("D:1", Verdict.REVIEW), ("D:2", Verdict.PERMIT), ("D:3", Verdict.DENY)],
)
def test_under_a_parent_that_nobody_has_a_disease_is_neither_permitted_nor_denied_for_what_it_may_be(
    own: str, verdict: Verdict
) -> None:
    """D:2 is a kind of D:0 and of D:9, which the release lacks: whether it is a kind of D:1, nobody can say."""
    stanzas = [Stanza(id="D:0"), Stanza(id="D:1"), Stanza(id="D:2", parents=("D:0", "D:9")), Stanza(id="D:3")]
    terms = (Term(code=DS, diseases=frozenset({own})),)
    asked = "D:0" if own == "D:3" else "D:2"
    found = match(terms, asking(kinds=["disease"], diseases=[asked]), build("v", stanzas))
    assert found.verdict is verdict
