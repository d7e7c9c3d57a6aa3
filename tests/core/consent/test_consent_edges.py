"""Edges of judging a set: by which rule, in which words, and until when an answer holds."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.judge import judge, judge_certificate, judge_communities
from broker.core.consent.model import Layer
from broker.core.consent.reading import read_version
from broker.core.consent.reading_parts import read_legal_basis
from broker.core.time import FOREVER
from tests.core.consent.consent_world import NOW, ONTOLOGY, asking, certified, judged, on, person, record
from tests.core.consent.test_consent_records import COMMUNITY


def community(ref: str, **members: Any) -> Layer:
    written = {"version": 1, "level": "community", "community_ref": ref, "effective_from": "2024-01-01"}
    return Layer(level="community", ref=ref, versions=(read_version(written | {"community": COMMUNITY} | members),))


def test_what_communities_say_holds_until_the_first_of_them_turns() -> None:
    asked = asking(modality="aggregate")
    early, late = community("a", effective_to="2026-07-01"), community("b", effective_to="2026-09-01")
    for layers in ((early, late), (late, early)):
        assert judge_communities(asked, layers, ONTOLOGY).until == on("2026-07-01")


def test_what_the_certificate_refuses_is_refused_by_its_rule() -> None:
    (reason,) = judge_certificate(asking(kinds=["ancestry"]), certified(permissions=["HMB"]), ONTOLOGY).reasons
    assert reason.norm is not None
    assert reason.norm.rule == "R9"


def test_a_relative_who_is_left_out_with_the_family_is_told_why() -> None:
    no = record("s1", scope={"permissions": ["GRU"], "answers": {"family_analysis": "deny"}})
    people = person("s1", no, family="f"), person("s2", family="f")
    found = judged(asking(flags=["family_analysis"]), *people, family_objection="block_family").verdicts
    reason = found[people[1].ref].reason
    assert (reason.code, dict(reason.facts)["ref"]) == ("CON-FAMILY", "block_family")
    assert reason.norm is not None
    assert reason.norm.rule == "R11"


@pytest.mark.parametrize(("ends", "told"), [("2027-01-01", True), ("2026-01-01", False)])
def test_a_law_that_overrides_is_told_while_it_does(ends: str, told: bool) -> None:  # noqa: FBT001
    basis = {"type": "public_interest_law", "instrument": "Act 7", "approval_ref": "A-7"}
    law = {"law": "Act 7", "authority": "the health data body", "ends": ends}
    says_no = record(
        scope={"permissions": ["GRU"], "answers": {"linkage": "deny"}}, model="opt_out", legal_basis=basis, override=law
    )
    found = judge(asking(linkage=True), [person("s1", says_no)], certified(), ONTOLOGY)
    assert ("overridden_by:Act 7" in found.obligations) is told
    says_yes = replace(says_no, scope=replace(says_no.scope, answers={"linkage": "permit"}))
    found = judge(asking(linkage=True), [person("s1", says_yes)], certified(), ONTOLOGY)
    assert ("overridden_by:Act 7" in found.obligations) is told


def test_a_version_that_became_known_this_very_second_counts() -> None:
    heard = record(recorded_at="2026-06-01", effective_to="2026-08-01")
    assert judged(asking(), person("s1", heard)).until == on("2026-08-01")
    later = record(recorded_at="2026-06-02", effective_to="2026-08-01")
    assert judged(asking(), person("s1", record(), later)).until > on("2026-08-01")


def test_an_answer_holds_until_the_certificate_begins_or_ends() -> None:
    for name in ("valid_from", "valid_to"):
        assert judged(asking(), person("s1"), **{name: "2026-07-01"}).until == on("2026-07-01")
        assert judged(asking(at=NOW), person("s1"), **{name: "2026-06-01"}).until > on("2026-07-01")
    moratorium = [{"code": "MOR", "date": "2026-10-01"}]
    assert judged(asking(), person("s1"), modifiers=moratorium).until == on("2026-10-01")
    assert judged(asking(), person("s1"), modifiers=moratorium, valid_to="2026-07-01").until == on("2026-07-01")


def test_a_grace_that_ends_this_second_is_no_turn_any_more() -> None:
    child = record(grantor={"kind": "parent"}, maturity_review_on="2026-02-14")
    assert judged(asking(at=on("2026-08-13")), person("s1", child)).until == on("2026-08-14")
    assert judged(asking(at=on("2026-08-14")), person("s1", child)).until == FOREVER


LAW = {"instrument": "Act 7", "approval_ref": "A-7"}
MODELS: list[tuple[str, dict[str, Any], bool]] = [
    ("opt_out", {"type": "public_interest_law", **LAW}, True),
    ("opt_out", {"type": "opt_out", **LAW}, True),
    ("waiver", {"type": "ethics_waiver", **LAW}, True),
    ("broad", {"type": "public_interest_law", **LAW}, False),
    ("opt_out", {"type": "consent", **LAW}, False),
    ("opt_out", {"type": "opt_out", "instrument": "Act 7"}, False),
    ("opt_out", {"type": "opt_out", "approval_ref": "A-7"}, False),
    ("opt_out", {"type": "opt_out", "instrument": " ", "approval_ref": "A-7"}, False),
]


@pytest.mark.parametrize(("model", "basis", "may"), MODELS, ids=map(str, range(len(MODELS))))
def test_a_law_overrides_only_what_rests_on_a_named_law_with_its_approval(
    model: str, basis: dict[str, Any], *, may: bool
) -> None:
    says_no = {"permissions": ["GRU"], "answers": {"linkage": "deny"}}
    version = replace(record(scope=says_no, model=model), legal_basis=read_legal_basis(basis, "legal_basis"))
    assert version.may_be_overridden is may
