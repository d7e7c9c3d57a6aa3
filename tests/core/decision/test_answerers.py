"""Every code that can leave a question open has exactly one answer to "who answers it?" (ruling 1)."""

import ast
from pathlib import Path

import pytest

from broker.adapters.policy_files import load_packs
from broker.core.decision.answerers import ANSWERERS, FAMILIES, NINETY_DAYS, ROLES, answerer, may_answer
from broker.core.jurisdiction.lint_rules import NEVER_EXCEPTED
from broker.core.reasons import REASONS
from tests.builders import CONFIG

CORE = Path(__file__).parents[3] / "broker" / "core"


def said_by(function: str, folder: str) -> set[str]:
    """The codes that the code under `folder` says by calls of `function`, f-strings by every code that fits them."""
    found: set[str] = set()
    for path in (CORE / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == function
                and node.args
            ):
                found |= _codes(node.args[0])
    return found


def _codes(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
        return {code for code in REASONS if code.startswith(parts[0]) and code.endswith(parts[-1])}
    return set()


PACKS = load_packs(CONFIG / "policies")
REFERRED = {rule.reason for pack in PACKS for rule in pack.rules if rule.effect == "refer" and not rule.mandatory}
OPEN = (
    said_by("hold", "consent")
    | said_by("review", "duo")
    | {"CON-TOO-FEW", "PUR-DUAL-USE", "JUR-NO-PACK", "JUR-FACT-MISSING", "GOV-SAFEGUARD-MISSING", "GOV-DUTIES-MISSING"}
    | REFERRED
)


@pytest.mark.parametrize("code", sorted(OPEN))
def test_an_open_question_has_one_answerer(code: str) -> None:
    assert code in REASONS
    who = answerer(code)
    assert who is not None
    assert who.roles
    assert (who.by == "finding") == bool(who.roles <= ROLES)
    assert {role for role in ROLES if may_answer(role, code)} == (who.roles if who.by == "finding" else set())


def test_the_table_has_no_row_for_what_nobody_says() -> None:
    assert set(ANSWERERS) <= OPEN | {"COM-APPROVAL-NEEDED"}
    assert set(ANSWERERS) <= set(REASONS)
    for start in FAMILIES:
        assert [code for code in OPEN if code.startswith(start) and code not in ANSWERERS]


@pytest.mark.parametrize(
    ("code", "roles", "by"),
    [
        ("DUO-SENSITIVE", {"committee_member"}, "finding"),
        ("CON-TOO-FEW", {"committee_member"}, "finding"),
        ("CON-SILENT", {"ethics_committee"}, "finding"),
        ("CON-METHODS-UNCLEAR", {"ethics_committee"}, "finding"),
        ("CON-ASK", {"participant"}, "record"),
        ("CON-REAFFIRM-DUE", {"participant"}, "record"),
        ("CON-CAPACITY-REGAINED", {"participant"}, "record"),
        ("CON-REPRESENTATIVE-LAPSED", {"participant"}, "record"),
        ("CON-SUSPENDED", {"who suspended it"}, "record"),
        ("COM-APPROVAL-NEEDED", {"community authority"}, "record"),
        ("JUR-NO-PACK", {"legal_officer"}, "finding"),
        ("JUR-FACT-MISSING", {"legal_officer"}, "finding"),
        ("JUR-EU-ART49", {"legal_officer", "committee_member"}, "finding"),
    ],
)
def test_who_answers_is_as_it_was_settled(code: str, roles: set[str], by: str) -> None:
    who = answerer(code)
    assert who is not None
    assert (set(who.roles), str(who.by)) == (roles, by)
    assert (who.longest == NINETY_DAYS) == code.startswith("JUR-")


@pytest.mark.row("EXP-NO-BLANK")
@pytest.mark.parametrize(
    "code",
    ["COM-REFUSED", "DUO-DATASET-NARROWER", "PUR-PROHIBITED", "AUTH-NO-GRANT", "CON-WITHDRAWN", "SEC-CANNOT-PROTECT"],
)
def test_a_no_has_no_answerer(code: str) -> None:
    assert answerer(code) is None


def test_what_knows_no_exception_is_never_answered_by_a_finding() -> None:
    """A mandatory rule that refers is no question for people (gates/jurisdiction.py); these codes are such rules'."""
    rules = {rule.reason: rule for pack in PACKS for rule in pack.rules if rule.reason in NEVER_EXCEPTED}
    assert rules
    assert all(rule.mandatory for rule in rules.values())
