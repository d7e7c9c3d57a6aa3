"""The algebra of consents: what narrows never widens, refusals win wherever they stand, and order means nothing."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.consent.answers import asked_by
from broker.core.consent.judge import judge
from broker.core.consent.model import ConsentVersion, DatasetCertificate, Layer, Scope, Subject, Withdrawal
from broker.core.consent.public import PER_SUBJECT
from broker.core.consent.question import ConsentQuestion
from broker.core.duo.terms import parse_terms
from broker.core.ids import SubjectRef
from broker.core.purpose import Modality
from broker.core.time import Seconds
from tests.core.consent.consent_world import (
    HISTORIES,
    KEYS,
    NOW,
    ONTOLOGY,
    ROOT,
    asking,
    certificates,
    linked,
    people,
    questions,
    record,
)

ask = settings(max_examples=100)
Narrow = Callable[[ConsentVersion], ConsentVersion]


def scoped(change: Callable[[Scope], dict[str, Any]]) -> Narrow:
    return lambda version: replace(version, scope=replace(version.scope, **change(version.scope)))


def modifier(code: str) -> Narrow:
    return scoped(lambda scope: {"modifiers": (*scope.modifiers, *parse_terms([code]))})


def shorter(name: str, members: frozenset[Any]) -> Narrow:
    return scoped(lambda scope: {name: members if (had := getattr(scope, name)) is None else had & members})


def withdrawn(kind: Any) -> Narrow:
    def narrow(version: ConsentVersion) -> ConsentVersion:
        if version.withdrawal is not None or version.status == "withdrawn":
            return version
        return replace(version, status="withdrawn", withdrawal=Withdrawal(kind=kind))

    return narrow


def denying(key: str) -> Narrow:
    return scoped(lambda scope: {"answers": {**scope.answers, key: "deny"}})


NARROWINGS: dict[str, Narrow] = {
    **{
        f"modifier {code}": modifier(code) for code in ("NPU", "NCU", "NMDS", "NPOA", "GSO", "IRB", "RS", "DUO:0000099")
    },
    "no hosting": shorter("hosting", frozenset()),
    "hosting in France": shorter("hosting", frozenset({"FR"})),
    "no recipient": shorter("recipient_countries", frozenset()),
    "counts alone": shorter("modalities", frozenset({Modality.AGGREGATE})),
    "one permission less": scoped(lambda scope: {"permissions": scope.permissions[1:]}),
    **{f"deny {key}": denying(key) for key in (*KEYS, "moon_use")},
    "unreadable answer": scoped(lambda scope: {"answers": {**scope.answers, "linkage": "perhaps"}}),
    **{kind: withdrawn(kind) for kind in ("no_further_contact", "no_further_access", "no_further_use")},
    "suspended": lambda version: replace(version, status="suspended") if version.status == "active" else version,
    "in error": lambda version: replace(version, status="entered_in_error"),
    "over": lambda version: replace(version, effective_to=version.effective_from),
}


@ask
@given(questions, people(), certificates, st.sampled_from(sorted(NARROWINGS)), st.integers(0, 2), st.booleans())
def test_what_narrows_a_record_never_brings_anybody_in(
    question: ConsentQuestion,
    subjects: tuple[Subject, ...],
    certificate: DatasetCertificate,
    name: str,
    who: int,
    layer: bool,  # noqa: FBT001 (drawn)
) -> None:
    one, narrow = subjects[who % len(subjects)], NARROWINGS[name]
    if layer:
        above = tuple(replace(each, versions=tuple(map(narrow, each.versions))) for each in one.layers)
        narrowed = replace(one, layers=above)
    else:
        narrowed = replace(one, versions=tuple(map(narrow, one.versions)))
    after = judge(question, [narrowed if each is one else each for each in subjects], certificate, ONTOLOGY)
    assert after.included <= judge(question, subjects, certificate, ONTOLOGY).included


@ask
@given(
    questions,
    people(),
    st.sampled_from([True, False]),
    st.integers(0, 6),
    st.sampled_from(["linkage", "commercial_use"]),
)
def test_a_narrower_certificate_never_brings_anybody_in(
    question: ConsentQuestion,
    subjects: tuple[Subject, ...],
    filterable: bool,  # noqa: FBT001 (drawn)
    least: int,
    key: str,
) -> None:
    wide = DatasetCertificate(permissions=parse_terms(["GRU"]), filterable=True, min_group=0)
    narrow = replace(
        wide,
        filterable=filterable,
        min_group=least,
        answers={key: "deny"},
        hosting=frozenset({"FR"}),
        modifiers=parse_terms(["NPOA"]),
    )
    wider, narrower = (judge(question, subjects, one, ONTOLOGY) for one in (wide, narrow))
    assert narrower.included <= wider.included
    assert narrower.outcome.value.startswith("PERMIT") <= wider.outcome.value.startswith("PERMIT")


def layered(history: tuple[ConsentVersion, ...], *above: ConsentVersion) -> Subject:
    own = tuple(replace(one, subject_ref=SubjectRef("s1")) for one in history)
    return linked(SubjectRef("s1"), own, None, [(one,) for one in above])


EVERYTHING = {"permissions": ["NRES"], "answers": dict.fromkeys(KEYS, "permit")}
PERMITS = {level: record(f"g-{level}", level=level, scope=EVERYTHING) for level in ("family", "community")}


@ask
@given(
    questions,
    st.sampled_from(HISTORIES),
    certificates,
    st.sampled_from([("family",), ("community",), ("family", "community")]),
)
def test_a_permit_in_a_layer_repairs_nothing(
    question: ConsentQuestion,
    history: tuple[ConsentVersion, ...],
    certificate: DatasetCertificate,
    levels: tuple[str, ...],
) -> None:
    alone = judge(question, [layered(history)], certificate, ONTOLOGY)
    above = judge(question, [layered(history, *(PERMITS[level] for level in levels))], certificate, ONTOLOGY)
    assert above.included <= alone.included
    ref = SubjectRef("s1")
    left_to_family = alone.verdicts[ref].reason.code == "CON-FAMILY-DECIDES"  # that is what a family's word is for
    assert left_to_family or above.verdicts[ref].place >= alone.verdicts[ref].place


@ask
@given(questions, certificates, st.sampled_from(["own", "community", "family"]), st.data())
def test_an_explicit_refusal_wins_in_whichever_layer_it_stands(
    question: ConsentQuestion, certificate: DatasetCertificate, where: str, data: st.DataObject
) -> None:
    asked = [one.key for one in asked_by(question) if one.stated]
    if not asked or (where == "family" and not question.family_analysis):
        return
    key = data.draw(st.sampled_from(asked))
    scope = {**EVERYTHING, "answers": {**dict.fromkeys([*KEYS, *asked], "permit"), key: "deny"}}
    refusing = record("g1", level=where, scope=scope) if where != "own" else None
    own = record("s1", scope=EVERYTHING if refusing else scope)
    answer = judge(question, [layered((own,), *([refusing] if refusing else []))], certificate, ONTOLOGY)
    assert not answer.included


@ask
@given(questions, people(), certificates)
def test_duplicates_mean_nothing(
    question: ConsentQuestion, subjects: tuple[Subject, ...], certificate: DatasetCertificate
) -> None:
    def doubled(version: ConsentVersion) -> ConsentVersion:
        scope = version.scope
        return replace(
            version,
            scope=replace(scope, permissions=scope.permissions * 2, modifiers=scope.modifiers * 2),
            community_refs=version.community_refs * 2,
        )

    twice = [
        replace(one, versions=tuple(map(doubled, one.versions)) * 2, layers=tuple(
            replace(layer, versions=tuple(map(doubled, layer.versions)) * 2) for layer in one.layers
        ))
        for one in subjects
    ]  # fmt: skip
    assert judge(question, twice, certificate, ONTOLOGY) == judge(question, subjects, certificate, ONTOLOGY)


@ask
@given(questions, people(), certificates, st.lists(st.sampled_from(HISTORIES), min_size=1, max_size=3))
def test_what_is_recorded_later_changes_no_replay(
    question: ConsentQuestion,
    subjects: tuple[Subject, ...],
    certificate: DatasetCertificate,
    later: list[tuple[ConsentVersion, ...]],
) -> None:
    """Also where it links somebody to a group, or is about the group."""
    soon = Seconds(question.known_at + 1)
    more = tuple(
        replace(one, version=one.version + 50, recorded_at=soon, community_refs=("g9",), family_ref="g8")
        for history in later
        for one in history
    )
    learned = [
        replace(
            one,
            versions=(*one.versions, *(replace(each, subject_ref=one.ref) for each in more)),
            layers=tuple(
                replace(
                    layer,
                    versions=(
                        *layer.versions,
                        *(replace(each, level=layer.level, subject_ref=SubjectRef(layer.ref)) for each in more),
                    ),
                )
                for layer in one.layers
            ),
        )
        for one in subjects
    ]
    assert judge(question, learned, certificate, ONTOLOGY) == judge(question, subjects, certificate, ONTOLOGY)


@ask
@given(questions, people(), certificates)
def test_nobody_is_both_used_and_left_out(
    question: ConsentQuestion, subjects: tuple[Subject, ...], certificate: DatasetCertificate
) -> None:
    answer = judge(question, subjects, certificate, ONTOLOGY)
    assert answer.left_out == answer.excluded | answer.held
    assert answer.included.isdisjoint(answer.left_out)
    assert answer.included | answer.left_out == {one.ref for one in subjects}


def test_every_code_that_leaves_somebody_out_is_one_that_nobody_else_reads() -> None:
    """Whatever a rule says of one participant is `CON-LEFT-OUT` to others: the list cannot lag behind the rules."""
    said: set[str] = set()
    for path in (ROOT / "broker" / "core" / "consent").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"hold", "exclude"}:
                said |= {str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant)}
    assert len(said) > 15
    assert said <= PER_SUBJECT


@pytest.mark.parametrize("level", ["family", "community"])
def test_a_group_that_is_not_named_says_nothing(level: Any) -> None:
    no = record("g1", level=level, status="withdrawn")
    subject = Subject(
        ref=SubjectRef("s1"), versions=(record("s1"),), layers=(Layer(level=level, ref="g1", versions=(no,)),)
    )
    certificate = DatasetCertificate(permissions=parse_terms(["GRU"]), filterable=True, min_group=1)
    assert judge(asking(at=NOW, flags=["family_analysis"]), [subject], certificate, ONTOLOGY).included
