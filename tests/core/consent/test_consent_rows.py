"""One row of a consent case file: what each member of it means, and in which words a wrong one is told."""

from typing import Any

import pytest

from broker.core.consent.case import judge_case
from tests.core.consent.consent_world import NOW, ONTOLOGY

Row = dict[str, Any]
DATASET: Row = {"permissions": ["GRU"], "filterable": True, "min_group": 1}
REQUEST: Row = {"purpose": "hmb", "org_type": "non_profit", "recipient_country": "FR", "processing_country": "FR"}
DEFAULTS: Row = {"request_defaults": REQUEST, "dataset_defaults": DATASET}
STOP: Row = {"kind": "no_further_use"}


def version(**members: Any) -> Row:
    return {"version": 1, "effective_from": "2024-01-01", "scope": {"permissions": ["GRU"]}, **members}


def group(level: str, ref: str, number: int = 1, **members: Any) -> Row:
    return version(version=number, level=level, subject_ref=ref, **({"scope": {}} | members))


def judged(row: Row) -> Any:
    return judge_case(row, DEFAULTS, NOW, ONTOLOGY)


def asked(*versions: Row, dataset: Row | None = None, **request: Any) -> Any:
    row: Row = {"subjects": {"s1": list(versions or (version(),))}, "request": request}
    return judged(row | ({"dataset": dataset} if dataset else {}))


LIMITS = "published, aggregate_result, model_trained"
WRONG: list[tuple[Any, str]] = [
    (7, "case: not an object"),
    ({"subjects": {}, "x": 1}, "case: unknown member 'x'"),
    ({}, "subjects: not an object"),
    ({"subjects": {}, "request": 7}, "request: not an object"),
    ({"subjects": {}, "request": {"x": 1}}, "request: unknown member 'x'"),
    ({"subjects": {}, "dataset": 7}, "dataset: not an object"),
    ({"subjects": {}, "dataset": {"x": 1}}, "dataset: unknown member 'x'"),
    ({"subjects": {f"s{n}": [] for n in range(10_001)}}, "subjects: more than 10000 members"),
    ({"withdrawal": 7}, "withdrawal: not an object"),
    ({"grants": ["x"]}, "withdrawal: not an object"),
    ({"withdrawal": {"kind": "x"}}, "withdrawal.kind: not one of no_further_contact, no_further_access, no_further_use"),
    ({"withdrawal": STOP | {"x": 1}}, "withdrawal: unknown member 'x'"),
    ({"withdrawal": STOP, "x": 1}, "case: unknown member 'x'"),
    ({"withdrawal": STOP | {"approved_limits": 7}}, "withdrawal.approved_limits: not a list"),
    ({"withdrawal": STOP | {"approved_limits": ["moon"]}}, f"withdrawal.approved_limits.what: not one of {LIMITS}"),
    ({"withdrawal": STOP, "request": {"needs_new_data": "x"}}, "request.needs_new_data: neither true nor false"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "said"), WRONG, ids=map(str, range(len(WRONG))))
def test_what_cannot_be_read_is_named_in_full(row: Any, said: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as wrong:
        judged(row)
    assert str(wrong.value) == said


@pytest.mark.parametrize("name", ["request_defaults", "dataset_defaults"])
def test_defaults_that_are_no_object_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: not an object"):
        judge_case({"subjects": {}}, {name: 7}, NOW, ONTOLOGY)


def test_a_row_of_ten_thousand_people_is_read() -> None:
    found = judged({"subjects": {f"s{n}": [] for n in range(10_000)}})
    assert len(found["excluded"]) + len(found["held"]) == 10_000


def test_a_withdrawal_says_a_code_for_each_thing() -> None:
    assert judged({"withdrawal": STOP}) == {}
    found = judged({"withdrawal": STOP, "grants": ["running_grant", "published"]})
    assert sorted(found) == ["published", "running_grant"]
    limited = {"kind": "no_further_use", "approved_limits": ["published"]}
    other = judged({"withdrawal": limited, "grants": ["running_grant", "published"]})
    assert (found["running_grant"], found["published"] != other["published"]) == (other["running_grant"], True)


PERSON: list[tuple[Row, Row]] = [
    ({"project": "P-1"}, {"modifiers": [{"code": "PS", "projects": ["P-1"]}]}),
    ({"institution": "u1"}, {"modifiers": [{"code": "IS", "institutions": ["u1"]}]}),
    ({"user": "i|a"}, {"modifiers": [{"code": "US", "users": ["i|a"]}]}),
]


@pytest.mark.parametrize(("request_", "dataset"), PERSON, ids=[str(one) for one, _ in PERSON])
def test_what_a_request_says_of_itself_is_held_against_the_certificate(request_: Row, dataset: Row) -> None:
    assert asked(dataset=dataset, **request_)["included"] == ["s1"]
    assert asked(dataset=dataset)["included"] == []


def test_who_asks_for_longer_than_the_certificate_allows_is_refused() -> None:
    half_a_year = {"modifiers": [{"code": "TS", "months": 6}]}
    assert asked(dataset=half_a_year, duration_months=6)["included"] == ["s1"]
    assert asked(dataset=half_a_year, duration_months=12)["included"] == []


def test_a_genetic_study_is_one_if_the_request_says_so() -> None:
    only = {"modifiers": ["GSO"]}
    assert asked(dataset=only, genetic_study=True)["included"] == ["s1"]
    assert asked(dataset=only)["included"] == []


@pytest.mark.parametrize(
    ("request_", "outcome"),
    [
        ({}, "included"),
        ({"ai_training": True}, "excluded"),
        ({"ai_model_release": True}, "excluded"),
        ({"ai_training": False, "ai_model_release": False}, "included"),
        ({"ai_training": None}, "held"),
        ({"ai_model_release": None}, "held"),
    ],
    ids=str,
)
def test_what_is_left_open_is_no_no(request_: Row, outcome: str) -> None:
    says_no = version(scope={"permissions": ["GRU"], "answers": {"ai_training": "deny"}})
    assert asked(says_no, **request_)[outcome] == ["s1"]


def test_a_request_without_a_purpose_is_read_and_carried_by_no_consent() -> None:
    assert asked(purpose=None)["included"] == []


def test_release_is_more_than_training() -> None:
    trained = version(scope={"permissions": ["GRU"], "answers": {"ai_training": "permit", "ai_model_release": "deny"}})
    assert asked(trained, ai_training=True)["included"] == ["s1"]
    assert asked(trained, ai_training=True, ai_model_release=True)["excluded"] == ["s1"]


REFUSED = {"authority": "council", "decision": "refused", "local_only": False, "rule": "vote", "members": "all"}
APPROVED = {"authority": "council", "decision": "approved", "local_only": False, "rule": "vote", "members": "all"}


def test_records_of_a_group_that_stand_beside_a_person_s_are_that_group_s_history() -> None:
    yes = group("community", "c1", community=APPROVED)
    no = group("community", "c1", 2, effective_from="2025-01-01", community=REFUSED)
    assert asked(version(), yes)["included"] == ["s1"]
    assert asked(version(), yes, no)["excluded"] == ["s1"]
    later = no | {"effective_from": "2026-12-01"}
    for written in ((yes, later), (later, yes)):
        assert asked(version(), *written)["included"] == ["s1"]


def test_a_community_that_a_person_names_and_of_which_nothing_is_on_record_has_not_agreed() -> None:
    named = version(community_refs=["c2"])
    yes = group("community", "c1", community=APPROVED)
    assert asked(named)["held"] == ["s1"]
    assert asked(named, yes)["held"] == ["s1"]
    assert asked(version(community_refs=["c1"]), yes)["included"] == ["s1"]


def test_a_family_is_the_one_that_is_written_or_named_and_never_two() -> None:
    says_no = group("family", "f1", scope={"permissions": ["GRU"], "answers": {"family_analysis": "deny"}})
    assert asked(version(), says_no, family_analysis=True)["excluded"] == ["s1"]
    assert asked(version(family_ref="f2"), says_no, family_analysis=True)["included"] == ["s1"]
    with pytest.raises(ValueError, match=r"^subjects\.s1: records of more than one family"):
        asked(version(), says_no, group("family", "f2"))
    blocking = {"family_objection": "block_family"}
    no = version(family_ref="f1", scope={"permissions": ["GRU"], "answers": {"family_analysis": "deny"}})
    for ref, excluded in (("f1", ["s1", "s2"]), ("f9", ["s1"])):
        row = {"subjects": {"s1": [no], "s2": [version(family_ref=ref)]}, "request": {"family_analysis": True}}
        assert judged(row | {"dataset": blocking})["excluded"] == excluded
