"""What families and communities say beside the person, and what a community's authority decides by itself."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.importing import Incoming, plan
from broker.core.consent.judge import ConsentAnswer, ConsentOutcome, judge_communities
from broker.core.consent.model import ConsentVersion, Layer
from broker.core.consent.question import Settled
from broker.core.ids import SubjectRef
from broker.core.purpose import LADDER, Modality
from tests.core.consent.consent_world import (
    NOW,
    ONTOLOGY,
    asking,
    codes,
    judged,
    on,
    person,
    questions,
    record,
)

DECIDED: dict[str, Any] = {
    "authority": "council",
    "rule": "two thirds",
    "members": "who is enrolled",
    "decision": "approved",
    "local_only": False,
}


def decided(scope: dict[str, Any] | None = None, *, version: int = 1, **members: Any) -> ConsentVersion:
    """A community's record; `members` of the decision, or of the version."""
    own = {name: members.pop(name) for name in list(members) if name not in DECIDED | {"review_on": None}}
    return record("c1", level="community", version=version, scope=scope or {}, community=DECIDED | members, **own)


def said(version: ConsentVersion | None, **asked: Any) -> tuple[ConsentOutcome, list[str]]:
    """What the community itself says."""
    layer = Layer(level="community", ref="c1", versions=(version,) if version else ())
    answer = judge_communities(asking(**asked), [layer], ONTOLOGY)
    return answer.outcome, codes(answer)


P, H, D = ConsentOutcome.PERMIT, ConsentOutcome.HOLD, ConsentOutcome.DENY

CASES: list[tuple[str, ConsentVersion | None, dict[str, Any], ConsentOutcome, list[str]]] = [
    ("it agreed", decided(), {}, P, []),
    ("it said no", decided(decision="refused"), {}, D, ["COM-REFUSED"]),
    ("it has not decided", decided(decision="undecided"), {}, H, ["COM-APPROVAL-NEEDED"]),
    ("nothing is on record", None, {}, H, ["COM-APPROVAL-NEEDED"]),
    ("a record without a decision", record("c1", level="community", scope={}), {}, H, ["COM-APPROVAL-NEEDED"]),
    ("to be decided anew today", decided(review_on="2026-06-01"), {}, H, ["COM-APPROVAL-NEEDED"]),
    ("to be decided anew tomorrow", decided(review_on="2026-06-02"), {}, P, []),
    ("its term is over", decided(effective_to="2026-06-01"), {}, H, ["COM-APPROVAL-NEEDED"]),
    ("it begins later", decided(effective_from="2026-06-02"), {}, H, ["COM-APPROVAL-NEEDED"]),
    ("revoked", decided(status="withdrawn"), {}, D, ["COM-REFUSED"]),
    ("suspended", decided(status="suspended"), {}, H, ["COM-APPROVAL-NEEDED"]),
    ("another purpose", decided({"permissions": ["POA"]}), {}, D, ["COM-REFUSED"]),
    ("a purpose that it permits", decided({"permissions": ["HMB"]}), {}, P, []),
    ("a code that nobody knows", decided({"permissions": ["DUO:0000099"]}), {}, H, ["COM-APPROVAL-NEEDED"]),
    ("commercial use refused", decided({"modifiers": ["NCU"]}), {"commercial": True}, D, ["COM-REFUSED"]),
    ("linkage refused", decided({"answers": {"linkage": "deny"}}), {"linkage": True}, D, ["COM-REFUSED"]),
    ("linkage: ask", decided({"answers": {"linkage": "ask"}}), {"linkage": True}, H, ["COM-APPROVAL-NEEDED"]),
    ("silence is no refusal", decided(), {"linkage": True}, P, []),
    ("an answer that nobody knows", decided({"answers": {"moon": "permit"}}), {}, H, ["COM-APPROVAL-NEEDED"]),
    ("not in this country", decided({"answers": {"hosting": ["DE"]}}), {}, D, ["COM-REFUSED"]),
    ("the data stay, a copy is asked", decided(local_only=True), {}, D, ["COM-LOCAL-ONLY"]),
    ("no and stay: no", decided(local_only=True, decision="refused"), {}, D, ["COM-REFUSED"]),
]


@pytest.mark.parametrize(("_what", "version", "asked", "outcome", "told"), CASES, ids=[case[0] for case in CASES])
def test_a_community_decides(
    _what: str, version: ConsentVersion | None, asked: dict[str, Any], outcome: ConsentOutcome, told: list[str]
) -> None:
    assert said(version, **asked) == (outcome, told)


@pytest.mark.parametrize("way", LADDER)
def test_data_that_stay_are_reached_by_code_and_by_counts_alone(way: Modality) -> None:
    passes = way in (Modality.CODE_TO_DATA, Modality.AGGREGATE)
    assert said(decided(local_only=True), modality=way) == ((P, []) if passes else (D, ["COM-LOCAL-ONLY"]))


def test_of_several_communities_each_must_agree() -> None:
    yes = Layer(level="community", ref="c1", versions=(decided(),))
    no = Layer(level="community", ref="c2")
    assert judge_communities(asking(), [yes, yes], ONTOLOGY).outcome is P
    assert judge_communities(asking(), [yes, no], ONTOLOGY).outcome is H


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_refusals_is_told_the_one_that_no_other_way_of_access_avoids(*, turned: bool) -> None:
    stays = Layer(level="community", ref="c1", versions=(decided(local_only=True),))
    no = Layer(level="community", ref="c1", versions=(decided(decision="refused"),))
    answer = judge_communities(asking(), [no, stays] if turned else [stays, no], ONTOLOGY)
    assert codes(answer) == ["COM-REFUSED"]


def test_an_answer_ends_with_the_review() -> None:
    layer = Layer(level="community", ref="c1", versions=(decided(review_on="2026-07-01"),))
    assert judge_communities(asking(), [layer], ONTOLOGY).until == on("2026-07-01")


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        (decided(decision="refused"), "COM-REFUSED"),
        (decided(decision="undecided"), "COM-APPROVAL-NEEDED"),
        (decided(local_only=True), "COM-LOCAL-ONLY"),
        (decided(), "DUO-GRU"),
    ],
)
def test_the_community_of_a_participant_speaks_for_that_participant(version: ConsentVersion, wanted: str) -> None:
    answer = judged(asking(), person("s1", layers=[(version,)]), person("s2"))
    assert answer.verdicts[SubjectRef("s1")].reason.code == wanted
    assert answer.verdicts[SubjectRef("s2")].reason.code == "DUO-GRU"


def test_a_community_that_is_named_and_has_no_record_has_not_agreed() -> None:
    one = person("s1", record("s1", community_refs=["c9"]))
    named = replace(
        one,
        versions=tuple(replace(version, community_refs=("c9",)) for version in one.versions),
        layers=(Layer(level="community", ref="c9"),),
    )
    assert codes(judged(asking(), named)) == ["COM-APPROVAL-NEEDED"]


def test_a_group_counts_for_who_is_of_it_by_the_version_that_governs() -> None:
    no = decided(decision="refused")
    left = person("s1", layers=[(no,)])
    after = replace(record("s1", version=2, effective_from="2026-05-01"), community_refs=())
    assert codes(judged(asking(), left)) == ["COM-REFUSED"]
    assert codes(judged(asking(), replace(left, versions=(*left.versions, after)))) == ["DUO-GRU"]


FORM = {"id": "T12", "version": "4", "sha256": "ab" * 32}


def test_no_finding_speaks_for_a_community_or_a_family() -> None:
    """An ethics committee answers for a class of consents; a community's form with the same name is none of it."""
    scope = {"permissions": [{"code": "DS", "disease": "MONDO:0005015"}]}
    settled = frozenset({Settled(code="CON-METHODS-UNCLEAR", consent_class="T12", form="ab" * 32)})
    above = decided(scope, template=FORM)
    question = asking(kinds=["methods"], settled=settled)
    layer = Layer(level="community", ref="c1", versions=(above,))
    assert judge_communities(question, [layer], ONTOLOGY).outcome is H
    own = record("s1", scope=scope, template=FORM)
    assert codes(judged(question, person("s1", own))) == ["DUO-DS"]
    assert codes(judged(question, person("s1", own, layers=[(above,)]))) == ["COM-APPROVAL-NEEDED"]


DECISIONS = st.builds(
    lambda decision, local, review, scope, status: decided(
        scope, decision=decision, local_only=local, status=status, **({"review_on": review} if review else {})
    ),
    st.sampled_from(["approved", "approved", "refused", "undecided"]),
    st.booleans(),
    st.sampled_from([None, "2026-06-01", "2027-01-01"]),
    st.sampled_from([{}, {"permissions": ["GRU"]}, {"permissions": ["POA"]}, {"answers": {"linkage": "deny"}}]),
    st.sampled_from(["active", "active", "suspended", "withdrawn"]),
)


@given(questions, DECISIONS)
def test_what_the_community_of_a_participant_refuses_no_consent_permits(question: Any, version: ConsentVersion) -> None:
    everything = record("s1", scope={"permissions": ["NRES"], "answers": {"linkage": "permit"}})
    layer = Layer(level="community", ref="c1", versions=(version,))
    own = judge_communities(question, [layer], ONTOLOGY)
    answer = judged(question, person("s1", everything, layers=[(version,)]), permissions=["NRES"])
    if own.outcome is not P:
        assert not answer.included
    alone = judged(question, person("s1", everything), permissions=["NRES"])
    assert answer.included <= alone.included, "and what it permits repairs nothing"


NO = {"permissions": ["GRU"], "answers": {"family_analysis": "deny"}}


@pytest.mark.parametrize(
    ("families", "left_out"),
    [
        (("f1", "f1", "f2"), {"s0", "s1"}),
        (("f1", "f2", "f2"), {"s0"}),
        ((None, None, "f2"), {"s0", "s1"}),
        ((None, None, None), {"s0", "s1", "s2"}),
    ],
)
def test_who_may_be_a_relative_of_who_objects_is_left_out(families: tuple[str | None, ...], left_out: set[str]) -> None:
    """The institution leaves out families whole; where nobody says whose family it is, everybody may be of it."""
    people = [person("s0", record("s0", scope=NO), family=families[0])]
    people += [person(f"s{n}", family=families[n]) for n in (1, 2)]
    answer = judged(asking(flags=["family_analysis"]), *people, family_objection="block_family")
    assert answer.left_out == left_out
    alone = judged(asking(flags=["family_analysis"]), *people, family_objection="remove_relative")
    assert alone.left_out == {"s0"}


ACT = {"type": "public_interest_law", "instrument": "Act 7", "approval_ref": "HDB-12"}
OPT_OUT: dict[str, Any] = {
    "model": "opt_out",
    "legal_basis": ACT,
    "scope": {"permissions": ["GRU"], "answers": {"linkage": "deny"}},
}
LAW = {"law": "Act 7", "authority": "health data body", "ends": "2026-07-01"}


def test_an_opt_out_wins_unless_a_named_law_overrides_it_for_a_time() -> None:
    assert codes(judged(asking(linkage=True), person("s1", record(**OPT_OUT)))) == ["CON-LINKAGE"]
    overridden = judged(asking(linkage=True), person("s1", record(**OPT_OUT, override=LAW)))
    assert (codes(overridden), overridden.obligations) == (["DUO-GRU"], ("overridden_by:Act 7",))
    assert overridden.until == on("2026-07-01")
    ended = judged(asking(at=on("2026-07-01"), linkage=True), person("s1", record(**OPT_OUT, override=LAW)))
    assert codes(ended) == ["CON-LINKAGE"]


def test_an_override_reaches_no_withdrawal_no_certificate_and_no_question_to_ask() -> None:
    gone = record(**OPT_OUT, override=LAW, status="withdrawn")
    assert codes(judged(asking(linkage=True), person("s1", gone))) == ["CON-WITHDRAWN"]
    one = person("s1", record(**OPT_OUT, override=LAW))
    assert codes(judged(asking(linkage=True), one, answers={"linkage": "deny"})) == ["DUO-DATASET-NARROWER"]
    ask = {"permissions": ["GRU"], "answers": {"linkage": "ask"}}
    asked = record(model="opt_out", legal_basis=ACT, scope=ask, override=LAW)
    assert codes(judged(asking(linkage=True), person("s1", asked))) == ["CON-ASK"]


def test_the_end_of_a_moratorium_is_a_turn() -> None:
    """No publication before a date is a duty until then: the answer holds until that day."""
    embargo = {"permissions": ["GRU"], "modifiers": [{"code": "MOR", "date": "2026-07-01"}]}
    answer = judged(asking(), person("s1", record(scope=embargo)))
    assert (answer.obligations, answer.until) == (("no_publication_before:2026-07-01",), on("2026-07-01"))
    of_all = judged(asking(), person(), modifiers=[{"code": "MOR", "date": "2026-07-01"}])
    assert of_all.until == on("2026-07-01")


def test_a_community_goes_on_record_with_its_decision_and_needs_no_form() -> None:
    silent = record("c1", level="community")
    for version, wrong in ((decided(), ""), (silent, "community: missing; who decided what, and by which rule?")):
        incoming = [Incoming(place="here", version=version)]
        found = plan(incoming, lambda _: (), lambda _, __: None, lambda _: (), NOW)
        assert [fault.problem for fault in found.faults] == ([wrong] if wrong else [])


def rule_of(answer: ConsentAnswer, ref: str = "s1") -> tuple[str, str]:
    """By which code somebody is left out, and by which rule."""
    reason = answer.verdicts[SubjectRef(ref)].reason
    return reason.code, reason.norm.rule if reason.norm else ""


def of_family(**members: Any) -> ConsentVersion:
    return record("f1", level="family", **{"scope": {}} | members)


LAPSED: dict[str, Any] = {"kind": "representative", "ref": "r", "valid_to": "2026-06-01"}


def test_who_no_longer_may_speak_for_a_family_speaks_no_longer() -> None:
    one = person("s1", layers=[(of_family(grantor=LAPSED),)])
    assert rule_of(judged(asking(flags=["family_analysis"]), one)) == ("CON-ASK", "R6")
    assert judged(asking(), one).included, "and where nobody looks at the family, it is not asked"


def test_an_objection_of_a_group_names_the_rule_by_which_it_objects() -> None:
    no = of_family(scope={"answers": {"linkage": "deny"}})
    asked = asking(linkage=True, flags=["family_analysis"])
    one = person("s1", record("s1", scope={"permissions": ["GRU"], "answers": {"linkage": "permit"}}), layers=[(no,)])
    assert rule_of(judged(asked, one)) == ("CON-FAMILY", "R11")


def test_a_group_that_is_not_asked_silences_no_other() -> None:
    """The family counts only where it is looked at; the community counts always, in whatever order they are listed."""
    histories = [(of_family(),), (decided(decision="refused"),)]
    for layers in (histories, histories[::-1]):
        assert codes(judged(asking(), person("s1", layers=layers))) == ["COM-REFUSED"]


DIED: dict[str, Any] = {"deceased_on": "2026-01-01", "after_death": "family_decides"}


def test_what_the_dead_left_to_their_family_no_community_decides() -> None:
    one = person("s1", record("s1", **DIED), layers=[(decided(),)])
    assert rule_of(judged(asking(), one)) == ("CON-FAMILY-DECIDES", "R7")
    agreed = person("s1", record("s1", **DIED), layers=[(decided(),), (of_family(),)])
    assert judged(asking(), agreed).included


def test_of_two_consents_one_that_leaves_it_to_the_family_is_enough() -> None:
    two = (record("s1", consent_id="a"), record("s1", consent_id="b", **DIED))
    for versions in (two, two[::-1]):
        assert codes(judged(asking(), person("s1", *versions))) == ["CON-FAMILY-DECIDES"]


def test_a_community_that_decided_in_one_of_its_records_has_decided() -> None:
    layer = Layer(
        level="community",
        ref="c1",
        versions=(decided(consent_id="a"), record("c1", level="community", scope={}, consent_id="b")),
    )
    assert judge_communities(asking(), [layer], ONTOLOGY).outcome is P
    silent = replace(layer, versions=layer.versions[1:])
    (reason,) = judge_communities(asking(), [silent], ONTOLOGY).reasons
    assert (reason.code, reason.norm.rule if reason.norm else "") == ("COM-APPROVAL-NEEDED", "decision")
