"""The shipped packs pass their own lint and cases, and a gap in the cases is told."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from broker.adapters.policy_files import lint_packs, load_cases
from broker.adapters.yaml_files import load_yaml
from broker.core.jurisdiction.pack import Pack, comparisons_of
from broker.core.jurisdiction.pack_cases import check_cases
from broker.core.reasons import REASONS
from tests.core.jurisdiction.jurisdiction_world import POLICIES, ROOT, no_line, pack, raw_pack, rule, shipped

Raw = dict[str, Any]

SCHEMA = Draft202012Validator(json.loads((ROOT / "schemas" / "policy-pack.schema.json").read_text()))
FILES = sorted(POLICIES.glob("*.yaml"))


@pytest.mark.row("PK8")
def test_the_shipped_packs_and_their_cases_have_no_problem() -> None:
    assert lint_packs(POLICIES) == ()


def test_every_regime_is_there() -> None:
    assert {one.id for one in shipped()} == {
        "core-baseline",
        "br-lgpd",
        "cn-hgr-pipl",
        "community-authority",
        "eu-ehds",
        "eu-gdpr-ch5",
        "in-dpdp",
        "in-hmsc",
        "ng-ndpa",
        "uk-gdpr",
        "us-doj-28cfr202",
        "us-nih-cadr",
        "za-popia-nha",
    }


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.id)
def test_a_shipped_pack_is_an_example_until_somebody_reviews_it(one: Pack) -> None:
    assert one.status == "example"
    assert "Not legal advice" in one.disclaimer or "Only the community" in one.disclaimer


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_pack_fits_the_published_schema(path: Any) -> None:
    assert [error.message for error in SCHEMA.iter_errors(load_yaml(path, anchors=False).value)] == []


@pytest.mark.parametrize(
    "broken",
    [
        {"default_effect": "deny"},
        {"answers_for": [False]},
        {"version": 2026.02},
        {"kind": "health"},
        {"decide": [rule("no", "deny", on_unknown="skip")]},
        {"decide": [rule("ok", "permit", on_unknown="apply")]},
        {"decide": [{**rule("no", "deny"), "proportionality": None}]},
        {"decide": [{**rule("no", "await"), "evidence": []}]},
        {"decide": [rule("ok", "permit", {"fact": "recipient.country", "op": "in", "value": ["CN"], "list": "eea"})]},
        {"decide": [rule("ok", "permit", {"fact": "recipient.nationality", "op": "eq", "value": "CN"})]},
        {"decide": [rule("ok", "permit", {"all": []})]},
        {"status": "reviewed"},
    ],
)
def test_the_published_schema_refuses_what_lint_refuses(broken: Raw) -> None:
    assert SCHEMA.is_valid(raw_pack())
    assert not SCHEMA.is_valid({**raw_pack(), **broken})


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.id)
def test_adequacy_covers_every_place_where_records_can_be_seen(one: Pack) -> None:
    for each in one.rules:
        if each.effect == "permit" and "ADEQUATE" in each.reason:
            read = {test.fact for test in comparisons_of(each.when) if test.op == "all_in"}
            assert read == {"derived.personal_access_countries"}, each.id


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.id)
def test_where_the_country_counts_the_person_s_place_counts_too(one: Pack) -> None:
    for each in one.rules:
        tests = comparisons_of(each.when)
        places = {test.fact for test in tests if test.lists or test.op in ("in", "not_in", "any_in", "none_in")}
        if "recipient.country" in places:
            assert (
                places
                & {
                    "recipient.individual_location",
                    "derived.personal_access_countries",
                    "derived.access_countries",
                }
                or each.id == "own-employee-abroad"
            ), each.id


def test_a_state_s_rules_are_told_as_a_state_s() -> None:
    for one in shipped():
        if one.kind == "national_security":
            assert {REASONS[each.reason].interest for each in one.rules} == {"state"}


# ---------------------------------------------------------------- what a pack's own cases must cover

COUNTED = pack(
    effective={"from": "2026-01-01", "to": "2027-01-01"},
    lists={
        "good": {"as_of": "2026-01-01", "source": "law", "items": [{"code": "FR", "to": "2026-06-30"}]},
        "empty": {"as_of": "2026-01-01", "source": "law", "items": []},
    },
    decide=[
        rule("listed", "refer", {"fact": "recipient.country", "op": "in", "list": "empty"}),
        rule("few", "permit", {"fact": "data.n_sequenced", "op": "lte", "value": 500}, obligations=["report"]),
        rule("good", "permit", {"fact": "recipient.country", "op": "in", "list": "good"}),
        rule("paper", "await"),
    ],
)


def case(name: str, rule: str, **more: Any) -> Raw:
    """A case; `n` is the number sequenced, every other keyword a member of the row."""
    facts: Raw = {"data.n_sequenced": more.pop("n", 501), **more.pop("facts", {})}
    expect: Raw = {"rule": rule}
    for key in ("missing", "obligations", "evidence"):
        if key in more:
            expect[key] = more.pop(key)
    return {"id": name, "facts": facts, "expect": expect, **more}


FULL: Mapping[str, Any] = {
    "schema": "broker.policy-cases/1",
    "pack": "test-pack",
    "at": "2026-05-01",
    "defaults": {"recipient.country": "FR", "request.modality": "download", "evidence": []},
    "cases": [
        case("few", "few", n=500, obligations=["report"]),
        case("good", "good"),
        case("listed", "listed", lists={"empty": ["FR"]}),
        case("nobody knows", "listed", facts={"recipient.country": None}, missing=["recipient.country"]),
        case("last day of the list", "good", at="2026-06-30"),
        case("day after the list", "paper", at="2026-07-01", evidence=["paper.signed"]),
        case("day before", "none", at="2025-12-31"),
        case("first day", "good", at="2026-01-01"),
        case("last day", "paper", at="2026-12-31"),
        case("day after", "none", at="2027-01-01"),
    ],
}


def told(cases: Any) -> list[str]:
    return [problem.message for problem in check_cases(COUNTED, cases, no_line)]


def without(name: str) -> Raw:
    return {**FULL, "cases": [each for each in FULL["cases"] if each["id"] != name]}


def test_cases_that_cover_a_pack_have_no_problem() -> None:
    assert told(FULL) == []


@pytest.mark.parametrize(
    ("left_out", "gap"),
    [
        ("few", "rule few has no case"),
        ("few", "no case with data.n_sequenced 500, next to a threshold"),
        ("listed", "rule listed has no case"),
        ("nobody knows", "no case with a missing fact"),
        ("last day of the list", "no case on 2026-06-30, next to a date on which something changes"),
        ("day after the list", "no case on 2026-07-01, next to a date on which something changes"),
        ("day before", "no case on 2025-12-31, next to a date on which something changes"),
        ("first day", "no case on 2026-01-01, next to a date on which something changes"),
        ("last day", "no case on 2026-12-31, next to a date on which something changes"),
        ("day after", "no case on 2027-01-01, next to a date on which something changes"),
    ],
)
def test_a_gap_in_the_cases_is_told(left_out: str, gap: str) -> None:
    assert gap in told(without(left_out))


def test_both_sides_of_a_threshold_are_wanted() -> None:
    cases = deepcopy(dict(FULL))
    for each in cases["cases"]:
        if each["facts"]["data.n_sequenced"] == 501:
            each["facts"]["data.n_sequenced"] = 502
    assert told(cases) == ["no case with data.n_sequenced 501, next to a threshold"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expect": {"rule": "good"}}, "rule: good wanted, few decides"),
        ({"expect": {"rule": "none"}}, "rule: none wanted, few decides"),
        ({"expect": {"rule": "few", "obligations": ["publish"]}}, "obligations: publish wanted, report given"),
        ({"expect": {"rule": "few", "missing": ["evidence"]}}, "missing: evidence wanted, none given"),
        ({"expect": {"rule": "few", "missing": 3}}, "a list is wanted here"),
        ({"expect": {}}, "rule is missing"),
        ({"expect": {"rule": "few", "outcome": "PERMIT"}}, "nobody knows this member"),
        ({"expect": None}, "a mapping is wanted here"),
        ({"facts": {"data.n_sequenced": 500, "data.n_sequencd": 3}}, "no such fact"),
        ({"facts": {"data.n_sequenced": 500, "recipient.country": "UK"}}, "has not its form"),
        ({"facts": "none"}, "facts that are no mapping"),
        ({"profile": "nowhere"}, "no profile nowhere"),
        ({"at": "soon"}, "at: soon: not a date or an instant"),
        ({"lists": {"other": ["FR"]}}, "nobody knows this member"),
        ({"lists": {"good": [False]}}, "a country code"),
        ({"weight": 3}, "nobody knows this member"),
    ],
)
def test_a_case_that_is_wrong_is_told(changes: Raw, message: str) -> None:
    cases = {**FULL, "cases": [{**FULL["cases"][0], **changes}, *FULL["cases"][1:]]}
    assert any(each.startswith(message) for each in told(cases)), told(cases)


@pytest.mark.parametrize(
    "cases",
    [None, [], {**FULL, "schema": "x"}, {**FULL, "pack": "other"}, {**FULL, "cases": []}, {**FULL, "more": 1},
     {**FULL, "defaults": ["a"]}, {**FULL, "profiles": ["a"], "cases": [case("x", "good", profile="a")]},
     {**FULL, "cases": [3]}, {**FULL, "at": None, "cases": [case("x", "good")]}],
)  # fmt: skip
def test_a_case_file_of_another_form_is_told(cases: Any) -> None:
    assert told(cases)


def test_a_milder_way_that_a_case_expects_must_be_permitted() -> None:
    less = pack(decide=[rule("less", "limit_modality"), rule("ok", "permit")])
    row = {"id": "a", "facts": {"request.modality": "download"}, "expect": {"rule": "less"}}
    for way, wrong in (("aggregate", False), ("tre_remote", True)):
        row["expect"] = {"rule": "less", "alternatives": [way]}
        problems = check_cases(less, {**FULL, "defaults": {}, "cases": [row]}, no_line)
        assert any("alternatives" in each.message for each in problems) is wrong


def test_the_cases_of_shipped_packs_are_read_without_ids_and_titles() -> None:
    for one in shipped():
        document = load_cases(POLICIES / "cases" / f"{one.id}.yaml")
        renamed = {**document.value, "cases": [{**row, "id": "x", "title": "x"} for row in document.value["cases"]]}
        assert check_cases(one, renamed, no_line) == ()
