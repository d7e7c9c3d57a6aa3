"""The tables of section 3 as they were decided, cell by cell, whatever the code's own tables say."""

from typing import Any

import pytest

from broker.core.duo.match import Verdict
from broker.core.duo.vocabulary import ENTRIES, TermKind, canonical_code
from tests.core.duo.duo_world import ALZHEIMER, CANCER, MELANOMA, judged

LETTERS = {"P": Verdict.PERMIT, "R": Verdict.REVIEW, "D": Verdict.DENY}
DS_CANCER = {"code": "DS", "diseases": [CANCER]}
PURPOSES: list[tuple[str, dict[str, Any]]] = [
    ("general", {"kinds": ["general"]}),
    ("health", {"kinds": ["hmb"]}),
    ("melanoma", {"kinds": ["disease"], "diseases": [MELANOMA]}),
    ("melanoma, kind left out", {"kinds": [], "diseases": [MELANOMA]}),
    ("alzheimer", {"kinds": ["disease"], "diseases": [ALZHEIMER]}),
    ("both diseases", {"kinds": ["disease"], "diseases": [ALZHEIMER, MELANOMA]}),
    ("ancestry", {"kinds": ["ancestry"]}),
    ("health and ancestry", {"kinds": ["hmb", "ancestry"]}),
    ("methods", {"kinds": ["methods"]}),
    ("methods for melanoma", {"kinds": ["methods"], "diseases": [MELANOMA]}),
    ("methods for health", {"kinds": ["methods", "hmb"]}),
    ("control set", {"kinds": ["control"]}),
    ("control set for melanoma", {"kinds": ["control"], "diseases": [MELANOMA]}),
    ("genetic", {"kinds": ["genetic"]}),
    ("genetic on melanoma", {"kinds": ["genetic"], "diseases": [MELANOMA]}),
    ("drugs", {"kinds": ["drug_development"]}),
    ("drugs for melanoma", {"kinds": ["drug_development"], "diseases": [MELANOMA]}),
    ("population", {"kinds": ["population"]}),
    ("an age group", {"kinds": ["age_category"]}),
    ("melanoma of an age group", {"kinds": ["age_category"], "diseases": [MELANOMA]}),
    ("a gender", {"kinds": ["gender_category"]}),
    ("nothing said", {"kinds": []}),
    ("care", {"kinds": [], "clinical_care": True}),
    ("care and health", {"kinds": ["hmb"], "clinical_care": True}),
    ("care of melanoma", {"kinds": ["disease"], "diseases": [MELANOMA], "clinical_care": True}),
    ("care not answered", {"kinds": ["disease"], "diseases": [MELANOMA], "clinical_care": None}),
]
ROWS: list[tuple[str, list[Any], str]] = [
    #                       g hmmabah mmmcc ggddp aag - c ccc
    ("NRES", ["NRES"],     "P PPRPPPP PPPPP PPPPP PPP R P PPP"),
    ("GRU", ["GRU"],       "P PPRPPPP PPPPP PPPPP PPP R D DDR"),
    ("GRU CC", ["GRU-CC"], "P PPRPPPP PPPPP PPPPP PPP R P PPP"),
    ("HMB", ["HMB"],       "D PPRPPDD RPPPP PPPPR RPR R D DDR"),
    ("HMB CC", ["HMB", "CC"], "D PPRPPDD RPPPP PPPPR RPR R P PPP"),
    ("DS", [DS_CANCER],    "D DPRDDDD RPDDP DPDPR RPR R D DDR"),
    ("DS CC", [DS_CANCER, "CC"], "D DPRDDDD RPDDP DPDPR RPR R R DPP"),
    ("POA", ["POA"],       "D DDDDDPD RDDDD RDDDR RDR R D DDD"),
    ("POA CC", ["POA", "CC"], "D DDDDDPD RDDDD RDDDR RDR R P DDD"),
    ("nothing", [],        "R RRRRRRR RRRRR RRRRR RRR R R RRR"),
]  # fmt: skip
CELLS = [
    (terms, asked, letter, f"{name} / {purpose}")
    for name, terms, letters in ROWS
    for (purpose, asked), letter in zip(PURPOSES, letters.replace(" ", ""), strict=True)
]


@pytest.mark.parametrize(("terms", "asked", "letter"), [cell[:3] for cell in CELLS], ids=[cell[3] for cell in CELLS])
def test_a_permission_and_a_purpose(terms: list[Any], asked: dict[str, Any], letter: str) -> None:
    assert judged(terms, **asked).verdict is LETTERS[letter]


METHODS, METHODS_FOR = {"kinds": ["methods"]}, {"kinds": ["methods"], "diseases": [MELANOMA]}
WITH_DATE = {"code": "MOR", "date": "2027-06-30"}
MODIFIERS: list[tuple[list[Any], dict[str, Any], str, str]] = [
    (["GRU", "NMDS"], {}, "P", ""),
    (["GRU", "NMDS"], METHODS, "D", ""),
    (["GRU", "NMDS"], METHODS_FOR, "D", ""),
    (["HMB", "NMDS"], METHODS, "D", ""),
    (["HMB", "NMDS"], METHODS_FOR, "R", ""),
    ([DS_CANCER, "NMDS"], METHODS_FOR, "P", ""),
    ([DS_CANCER, "NMDS"], METHODS, "D", ""),
    (["GRU", "GSO"], {"kinds": ["genetic"]}, "P", ""),
    (["GRU", "GSO"], {"kinds": ["genetic"], "genetic_data": False}, "D", ""),
    (["GRU", "GSO"], {"kinds": ["genetic"], "genetic_data": None}, "R", ""),
    (["GRU", "GSO"], {"kinds": ["hmb"]}, "R", ""),
    (["GRU", "NPU"], {"commercial": True}, "P", ""),
    (["GRU", "NPU"], {"organisation": "for_profit"}, "D", ""),
    (["GRU", "NPU"], {"organisation": None}, "R", ""),
    (["GRU", "NCU"], {"organisation": "for_profit"}, "P", ""),
    (["GRU", "NCU"], {"commercial": True}, "D", ""),
    (["GRU", "NCU"], {"commercial": None}, "R", ""),
    (["GRU", "NPUNCU"], {}, "P", ""),
    (["GRU", "NPUNCU"], {"commercial": True}, "D", ""),
    (["GRU", "NPUNCU"], {"organisation": "for_profit", "commercial": None}, "D", ""),
    (["GRU", "NPUNCU"], {"commercial": None}, "R", ""),
    (["GRU", "NPOA"], {}, "P", ""),
    (["GRU", "NPOA"], {"kinds": ["hmb", "ancestry"]}, "D", ""),
    (["GRU", "NPOA"], {"kinds": ["population"]}, "R", ""),
    (["GRU", "CC"], {"clinical_care": None}, "P", ""),
    (["GRU", {"code": "RS", "research_types": ["DUO:0000037"]}], {}, "R", ""),
    (["GRU", {"code": "RS", "research_types": ["DUO:0000037"]}], {"kinds": ["ancestry"]}, "D", ""),
    (["GRU", {"code": "RS", "text": "hearts"}], {}, "R", ""),
    (["GRU", {"code": "GS", "regions": ["EU"]}], {}, "P", "process_only_in:EU"),
    (["GRU", {"code": "GS", "regions": ["EU"]}], {"countries": ["FR", "US"]}, "D", ""),
    (["GRU", {"code": "GS", "regions": ["EU"]}], {"countries": []}, "R", "process_only_in:EU"),
    (["GRU", "GS"], {}, "R", ""),
    (["GRU", {"code": "US", "users": ["i|a"]}], {"user": "i|a"}, "P", ""),
    (["GRU", {"code": "US", "users": ["i|a"]}], {"user": "i|b"}, "D", ""),
    (["GRU", {"code": "US", "users": ["i|a"]}], {"user": None}, "R", ""),
    (["GRU", "US"], {"user": "i|a"}, "R", ""),
    (["GRU", {"code": "PS", "projects": ["P"]}], {"project": "P"}, "P", "only_for_project:P"),
    (["GRU", {"code": "PS", "projects": ["P"]}], {"project": "p"}, "D", ""),
    (["GRU", {"code": "PS", "text": "the P project"}], {"project": "P"}, "R", ""),
    (["GRU", {"code": "IS", "institutions": ["u"]}], {"institution": "u"}, "P", "only_while_affiliated:u"),
    (["GRU", {"code": "IS", "institutions": ["u"]}], {"institution": "v"}, "D", ""),
    (["GRU", "IS"], {"institution": "u"}, "R", ""),
    (["GRU", "IRB"], {"evidence": {"ethics_approval": "verified"}}, "P", "keep_ethics_approval"),
    (["GRU", "IRB"], {"evidence": {"ethics_approval": "expired"}}, "D", ""),
    (["GRU", "IRB"], {"evidence": {"ethics_approval": "refused"}}, "D", ""),
    (["GRU", "IRB"], {"evidence": {"ethics_approval": "supplied"}}, "R", "keep_ethics_approval"),
    (["GRU", "COL"], {"agreements": {"collaborate": "recorded"}}, "P", "collaborate"),
    (["GRU", "COL"], {"agreements": {"collaborate": "refused"}}, "D", ""),
    (["GRU", "COL"], {"agreements": {"collaborate": "pending"}}, "R", "collaborate"),
    (["GRU", "PUB"], {"agreements": {"publish": True}}, "P", "publish_results"),
    (["GRU", "PUB"], {"agreements": {"publish": False}}, "D", ""),
    (["GRU", "PUB"], {}, "R", "publish_results"),
    (["GRU", "RTN"], {"agreements": {"return_data": True}}, "P", "return_results"),
    (["GRU", "RTN"], {"agreements": {"return_data": False}}, "D", ""),
    (["GRU", "RTN"], {}, "R", "return_results"),
    (["GRU", WITH_DATE], {}, "P", "no_publication_before:2027-06-30"),
    (["GRU", WITH_DATE], {"agreements": {"no_publication_before": "2027-06-30"}}, "P", "no_publication_before:2027-06-30"),
    (["GRU", WITH_DATE], {"agreements": {"no_publication_before": "2027-06-29"}}, "D", ""),
    (["GRU", "MOR"], {}, "R", ""),
    (["GRU", {"code": "TS", "months": 12}], {}, "P", "time_limit_months:12"),
    (["GRU", {"code": "TS", "months": 12}], {"duration_months": 12}, "P", "time_limit_months:12"),
    (["GRU", {"code": "TS", "months": 12}], {"duration_months": 13}, "D", ""),
    (["GRU", "TS"], {}, "R", ""),
    (["GRU", "DUO:0000002"], {}, "P", ""),
    (["GRU", "DUO:0000003"], {}, "P", ""),
    (["GRU", "RU"], {}, "R", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "asked", "letter", "duty"), MODIFIERS, ids=[f"{terms} {asked}" for terms, asked, _, _ in MODIFIERS]
)
def test_a_modifier_and_a_purpose(terms: list[Any], asked: dict[str, Any], letter: str, duty: str) -> None:
    found = judged(terms, **asked)
    assert found.verdict is LETTERS[letter]
    assert found.obligations == ((duty,) if duty else ())


def test_every_usable_code_has_a_row() -> None:
    usable = {code for code, entry in ENTRIES.items() if entry.kind in {TermKind.PERMISSION, TermKind.MODIFIER}}
    written = [one for _, terms, _ in ROWS for one in terms] + [one for terms, *_ in MODIFIERS for one in terms]
    assert usable <= {canonical_code(one if isinstance(one, str) else one["code"]) for one in written}


@pytest.mark.parametrize(
    "code", [code for code, entry in ENTRIES.items() if entry.kind in {TermKind.INVESTIGATION, TermKind.ROOT}]
)
def test_what_is_no_code_of_a_data_set_goes_to_a_person(code: str) -> None:
    assert judged(["GRU", code]).verdict is Verdict.REVIEW
    assert judged([code]).verdict is Verdict.REVIEW
