"""How one person's codes fit a purpose: which objection is told, and in which words."""

from typing import Any

import pytest

from broker.core.consent.matching import Fit, fit
from broker.core.consent.verdict import Place, Verdict
from broker.core.purpose import Kind
from broker.core.time import day_of
from tests.core.consent.consent_world import DIABETES, NOW, ONTOLOGY, asking, record

HELD, OUT = Place.HOLD, Place.EXCLUDE


def fits(permissions: list[Any], modifiers: Any = (), **purpose: Any) -> Fit:
    scope = record(scope={"permissions": permissions, "modifiers": list(modifiers)}).scope
    return fit(scope, asking(**purpose).purpose, ONTOLOGY, day_of(NOW))


def said(verdict: Verdict | None) -> tuple[Place, str, dict[str, str]] | None:
    return None if verdict is None else (verdict.place, verdict.reason.code, dict(verdict.reason.facts))


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.ANCESTRY])
def test_ancestry_beside_another_kind_of_research_is_a_condition_and_no_purpose(kind: Kind) -> None:
    """Beside a way of working or a kind of person alone it is the purpose itself, which R8 judges."""
    research = kind not in {Kind.POPULATION, Kind.GENETIC, Kind.AGE_CATEGORY, Kind.GENDER_CATEGORY}
    found = fits(["HMB"], kinds=[kind.value, "ancestry"], diseases=[DIABETES] if kind is Kind.DISEASE else [])
    assert (said(found.conditions) == (OUT, "CON-ANCESTRY", {})) is research
    if not research:
        assert said(found.purpose) == (OUT, "CON-PURPOSE", {"purpose": ", ".join(sorted([kind.value, "ancestry"]))})
    assert fits(["NRES"], kinds=[kind.value, "ancestry"]).conditions is None


def test_ancestry_beside_care_is_a_condition_too() -> None:
    assert said(fits(["HMB"], ["CC"], kinds=["ancestry"], clinical_care=True).conditions) == (OUT, "CON-ANCESTRY", {})


def test_a_refusal_names_every_kind_and_care() -> None:
    purpose = fits(["HMB"], kinds=["general", "population"], clinical_care=True).purpose
    assert said(purpose) == (OUT, "CON-PURPOSE", {"purpose": "general, population, clinical care"})
    assert said(fits(["POA"], kinds=["hmb"]).purpose) == (OUT, "CON-PURPOSE", {"purpose": "hmb"})


def test_a_modifier_among_the_permissions_carries_nothing_and_is_no_riddle() -> None:
    assert said(fits(["NPU"], kinds=["hmb"]).purpose) == (OUT, "CON-PURPOSE", {"purpose": "hmb"})
    unread = said(fits(["DUO:0000099"], kinds=["hmb"]).purpose)
    assert unread is not None
    assert unread[:2] == (HELD, "CON-UNKNOWN-CODE")


DS = [{"code": "DS", "disease": DIABETES}]
OPEN: list[tuple[dict[str, Any], str, dict[str, str]]] = [
    ({"kinds": ["methods"]}, "CON-METHODS-UNCLEAR", {}),
    ({"kinds": ["methods", "disease"]}, "CON-METHODS-UNCLEAR", {}),
    ({"kinds": ["disease"]}, "CON-UNDECLARED", {"keys": "purpose.diseases"}),
    (
        {"kinds": ["disease"], "clinical_care": None}, "CON-UNDECLARED",
        {"keys": "purpose.clinical_care, purpose.diseases"},
    ),
    (
        {"kinds": ["methods", "disease"], "diseases": [DIABETES], "clinical_care": None}, "CON-UNDECLARED",
        {"keys": "purpose.clinical_care"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("purpose", "code", "facts"), OPEN, ids=map(str, range(len(OPEN))))
def test_an_open_question_is_whose_it_is_to_answer(purpose: dict[str, Any], code: str, facts: dict[str, str]) -> None:
    """The committee's, if a method may be for something else; the asker's, if they left something out."""
    found = said(fits(DS, **purpose).purpose)
    assert found is not None
    assert found[:2] == (HELD, code)
    assert facts.items() <= found[2].items()


CODES: list[tuple[list[Any], list[Any], tuple[Place, str, dict[str, str]] | None]] = [
    (["GRU", "POA"], ["NPOA"], (HELD, "CON-UNKNOWN-CODE", {"condition": "DUO-CONTRADICTION"})),
    (["GRU"], [{"code": "NPU", "months": 6}], (HELD, "CON-UNKNOWN-CODE", {"condition": "NPU"})),
    (["GRU"], ["DUO:0000099"], (HELD, "CON-UNKNOWN-CODE", {"condition": "DUO:0000099"})),
    (["GRU"], ["IRB"], (HELD, "CON-CONDITION-OPEN", {"condition": "DUO-ETHICS-MISSING"})),
    (["GRU", "HMB"], [], None),
    (["GRU"], ["DUO:0000002"], None),
]


@pytest.mark.parametrize(("permissions", "modifiers", "wanted"), CODES, ids=map(str, range(len(CODES))))
def test_codes_that_cannot_be_relied_on_wait_for_a_person(
    permissions: list[Any], modifiers: list[Any], wanted: tuple[Place, str, dict[str, str]] | None
) -> None:
    """Several permissions mean "or", and a heading of DUO says nothing."""
    assert said(fits(permissions, modifiers).conditions) == wanted
