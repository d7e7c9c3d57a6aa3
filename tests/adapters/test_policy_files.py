"""Packs and cases come from one folder, and whatever is wrong names file and line."""

import shutil
from pathlib import Path

import pytest

from broker.adapters.policy_files import PolicyError, lint_packs, load_cases, load_packs

POLICIES = Path(__file__).resolve().parents[2] / "config" / "policies"
EU = "eu-gdpr-ch5.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of one shipped pack with its cases, to change."""
    (tmp_path / "cases").mkdir()
    for name in (EU, f"cases/{EU}"):
        shutil.copyfile(POLICIES / name, tmp_path / name)
    return tmp_path


def change(path: Path, old: str, new: str) -> int:
    """Replace `old`, which stands once in the file; gives its line."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def refusals(folder: Path) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as caught:
        load_packs(folder)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_the_shipped_folder_is_loaded_in_the_order_of_its_files() -> None:
    packs = load_packs(POLICIES)
    assert len(packs) == 13
    assert packs[0].id == "core-baseline"


def test_norway_without_quotes_is_refused_with_file_and_line(folder: Path) -> None:
    line = change(folder / EU, '"NO"', "NO")
    why = "NO means different things to different readers: quote it"
    assert refusals(folder) == (f"{folder / EU}:{line}: {why}",)
    assert lint_packs(folder) == (f"{folder / EU}:{line}: {why}",)


def test_what_lint_finds_is_told_with_file_line_and_field(folder: Path) -> None:
    line = change(folder / EU, "reason: JUR-EU-ART49", "reason: JUR-EU-ART50")
    told = f"{folder / EU}:{line}: decide[8].reason: JUR-EU-ART50 is not in the registry of reasons"
    assert refusals(folder) == (told,)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("id: eu-gdpr-ch5", "id: &id eu-gdpr-ch5", "an anchor"),
        ("id: eu-gdpr-ch5", "id: !!str eu-gdpr-ch5", "a tag"),
        ("id: eu-gdpr-ch5", "id: eu-gdpr-ch5\nid: other", "id twice"),
    ],
)
def test_a_pack_uses_no_anchor_no_tag_and_no_key_twice(folder: Path, old: str, new: str, why: str) -> None:
    change(folder / EU, old, new)
    assert any(why in each for each in refusals(folder))


def test_one_bad_pack_keeps_every_other_from_being_used(folder: Path) -> None:
    shutil.copyfile(POLICIES / "uk-gdpr.yaml", folder / "uk-gdpr.yaml")
    change(folder / EU, "status: example", "status: fine")
    assert len(refusals(folder)) == 1


def test_the_same_pack_in_two_files_is_refused(folder: Path) -> None:
    shutil.copyfile(folder / EU, folder / "zz.yaml")
    assert refusals(folder) == (f"{folder / 'zz.yaml'}:1: id: eu-gdpr-ch5 is in {folder / EU}",)


def test_a_folder_without_packs_is_refused(tmp_path: Path) -> None:
    assert refusals(tmp_path) == (f"{tmp_path}: no packs here",)


def test_a_pack_without_cases_fails_lint_but_loads(folder: Path) -> None:
    assert lint_packs(folder) == ()
    (folder / "cases" / EU).unlink()
    missing = folder / "cases" / EU
    assert lint_packs(folder) == (f"{folder / EU}:1: eu-gdpr-ch5: rules without cases, {missing} is missing",)
    assert len(load_packs(folder)) == 1


def test_a_case_that_does_not_hold_is_told_with_its_line(folder: Path) -> None:
    path = folder / "cases" / EU
    line = change(path, "expect: {rule: consent-derogation}", "expect: {rule: cannot-sign}")
    assert lint_packs(folder) == (
        f"{path}:{line}: cases[31].expect: rule: cannot-sign wanted, consent-derogation decides",
    )


def test_a_rule_without_a_case_fails_lint(folder: Path) -> None:
    path = folder / "cases" / EU
    kept = [line for line in path.read_text().splitlines() if "consent-derogation" not in line]
    path.write_text("\n".join(kept))
    assert any("rule consent-derogation has no case" in each for each in lint_packs(folder))


def test_cases_that_cannot_be_read_fail_lint(folder: Path) -> None:
    path = folder / "cases" / EU
    path.write_text("cases: [NO]")
    assert lint_packs(folder) == (f"{path}:1: NO means different things to different readers: quote it",)


def test_case_files_may_use_anchors(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text("a: &x {b: 1}\nc: *x\n")
    assert load_cases(path).value == {"a": {"b": 1}, "c": {"b": 1}}
