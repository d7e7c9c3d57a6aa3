"""What must hold for every combination of codes and purposes."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from broker.core.duo.match import Verdict, _match, match
from broker.core.duo.terms import Term, parse_terms
from broker.core.duo.vocabulary import CC, DS, ENTRIES, GSO, MOR, TermKind
from broker.core.purpose import Kind, Purpose, Sensitive, purpose_json, read_purpose
from broker.core.reasons import REASONS, sentence
from broker.core.time import Day
from tests.core.duo.duo_world import (
    ALZHEIMER,
    CANCER,
    MELANOMA,
    NOWHERE,
    ONTOLOGY,
    any_code,
    coded,
    likely,
    modifier,
    plainly_coded,
    purposes,
    wider,
)

Terms = tuple[Term, ...]
few = settings(max_examples=60)
_WAYS = frozenset({Kind.METHODS, Kind.AGE_CATEGORY, Kind.GENDER_CATEGORY, Kind.GENETIC})


def verdict(terms: Terms, purpose: Purpose) -> Verdict:
    return match(terms, purpose, ONTOLOGY).verdict


@few
@given(terms=coded, more=any_code, purpose=purposes)
def test_one_more_code_never_widens_save_permissions_and_clinical_care_which_are_made_to(
    terms: Terms, more: Term, purpose: Purpose
) -> None:
    assume(more.code != CC and more.kind is not TermKind.PERMISSION)
    assert verdict((*terms, more), purpose) >= verdict(terms, purpose)


@few
@given(terms=st.lists(any_code, max_size=5), purpose=purposes, random=st.randoms(use_true_random=False))
def test_order_and_repetition_of_codes_never_matter(terms: list[Term], purpose: Purpose, random: object) -> None:
    shuffled = [*terms, *terms[:2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert match(tuple(shuffled), purpose, ONTOLOGY) == match(tuple(terms), purpose, ONTOLOGY)


@few
@given(terms=coded, purpose=purposes, kind=st.sampled_from(Kind))
def test_one_more_kind_never_widens_what_was_not_an_open_question(terms: Terms, purpose: Purpose, kind: Kind) -> None:
    """Methods, an age group, … are asked "for what?"; GSO asks for a declaration. More kinds can answer these."""
    before, after = verdict(terms, purpose), verdict(terms, wider(purpose, kinds=[kind]))
    if before is Verdict.REVIEW and (not purpose.kinds or purpose.kinds & _WAYS or GSO in {t.code for t in terms}):
        return
    assert after >= before


@few
@given(terms=coded, purpose=purposes, disease=st.sampled_from([CANCER, MELANOMA, ALZHEIMER, NOWHERE]))
def test_one_more_disease_beside_another_never_widens(terms: Terms, purpose: Purpose, disease: str) -> None:
    assume(purpose.diseases)
    assert verdict(terms, wider(purpose, diseases=[disease])) >= verdict(terms, purpose)


@few
@given(purpose=purposes, modifiers=st.lists(modifier, max_size=2), own=st.sampled_from([CANCER, MELANOMA, NOWHERE]))
def test_an_unknown_disease_is_never_permitted_under_a_disease_code(
    purpose: Purpose, modifiers: list[Term], own: str
) -> None:
    term = Term(code=DS, diseases=frozenset({own}))
    assert verdict((term, *modifiers), wider(purpose, diseases=[NOWHERE])) is not Verdict.PERMIT
    unknown = Term(code=DS, diseases=frozenset({own, NOWHERE}))
    assert verdict((unknown, *modifiers), wider(purpose, diseases=[MELANOMA])) is not Verdict.PERMIT


@few
@given(purpose=purposes, modifiers=st.lists(modifier, max_size=2))
def test_a_purpose_without_a_disease_is_never_permitted_under_a_disease_code(
    purpose: Purpose, modifiers: list[Term]
) -> None:
    written = purpose_json(purpose) | {"diseases": None}
    term = Term(code=DS, diseases=frozenset({CANCER}))
    assert verdict((term, *modifiers), read_purpose(written)) is not Verdict.PERMIT


@few
@given(terms=st.lists(any_code, max_size=4), purpose=purposes)
def test_without_exactly_one_kind_of_permission_nothing_is_permitted(terms: list[Term], purpose: Purpose) -> None:
    permissions = {term.code for term in terms if term.kind is TermKind.PERMISSION}
    if len(permissions) != 1:
        assert verdict(tuple(terms), purpose) is not Verdict.PERMIT


@few
@given(terms=coded, purpose=purposes, topic=st.sampled_from(Sensitive))
def test_a_sensitive_topic_is_never_permitted_without_a_person(
    terms: Terms, purpose: Purpose, topic: Sensitive
) -> None:
    touching = read_purpose(purpose_json(purpose) | {"sensitive": [topic]})
    assert verdict(terms, touching) is not Verdict.PERMIT


@few
@given(terms=st.lists(any_code, max_size=4), purpose=purposes)
def test_every_answer_has_reasons_whose_sentences_are_complete(terms: list[Term], purpose: Purpose) -> None:
    found = match(tuple(terms), purpose, ONTOLOGY)
    assert found.reasons
    for reason in found.reasons:
        facts = dict(reason.facts)
        spec = REASONS[reason.code]
        assert "not stated" not in sentence(reason.code, facts) or "not stated" in facts.values()
        for text in (spec.dac, spec.subject):
            text.format_map(facts)
    assert found.matched or found.verdict is not Verdict.PERMIT


@few
@given(terms=coded, purpose=purposes)
def test_a_moratorium_that_has_passed_only_ever_lifts_its_own_rule(terms: Terms, purpose: Purpose) -> None:
    rest = tuple(term for term in terms if term.code != MOR or term.date is None)
    passed = match(terms, purpose, ONTOLOGY, Day(2027, 6, 30))
    assert passed.verdict >= match(rest, purpose, ONTOLOGY).verdict
    assert not any(duty.startswith("no_publication") for duty in passed.obligations)


both = st.one_of(purposes, likely)


def test_the_generators_make_a_fair_share_of_permits() -> None:
    """What never permits cannot show that a permit is narrowed."""
    found: list[Verdict] = []

    @settings(max_examples=200, database=None)
    @given(terms=plainly_coded, purpose=likely)
    def collect(terms: Terms, purpose: Purpose) -> None:
        found.append(verdict(terms, purpose))

    collect()
    assert found.count(Verdict.PERMIT) >= 0.25 * len(found)
    assert found.count(Verdict.DENY) >= 0.1 * len(found)


@few
@given(terms=plainly_coded, more=modifier, purpose=likely)
def test_one_more_modifier_never_widens_and_takes_no_duty_away(terms: Terms, more: Term, purpose: Purpose) -> None:
    before, after = match(terms, purpose, ONTOLOGY), match((*terms, more), purpose, ONTOLOGY)
    assert set(before.obligations) <= set(after.obligations)
    if more.code != CC:
        assert after.verdict >= before.verdict
    if before.months is not None:
        assert after.months is not None
        assert after.months <= before.months


@few
@given(terms=plainly_coded, purpose=both)
def test_without_its_permission_a_data_set_is_never_permitted(terms: Terms, purpose: Purpose) -> None:
    rest = tuple(term for term in terms if term.kind is not TermKind.PERMISSION)
    assert verdict(rest, purpose) is not Verdict.PERMIT


@few
@given(terms=plainly_coded, purpose=likely)
def test_a_narrower_disease_of_a_permitted_one_is_permitted(terms: Terms, purpose: Purpose) -> None:
    assume(purpose.diseases)
    narrow, broad = (read_purpose(purpose_json(purpose) | {"diseases": [one]}) for one in (MELANOMA, CANCER))
    assert verdict(terms, narrow) <= verdict(terms, broad)


@few
@given(terms=plainly_coded, purpose=likely)
def test_a_broader_disease_on_the_data_set_never_narrows(terms: Terms, purpose: Purpose) -> None:
    def on(disease: str) -> Terms:
        return tuple(Term(code=DS, diseases=frozenset({disease})) if term.code == DS else term for term in terms)

    assert verdict(on(CANCER), purpose) <= verdict(on(MELANOMA), purpose)


_spelling = st.sampled_from([str.lower, str.upper, str.title, lambda text: f" {text}\n"])


@few
@given(
    codes=st.lists(st.sampled_from(sorted(code for code, entry in ENTRIES.items() if entry.shorthand)), max_size=4),
    spell=_spelling,
    purpose=both,
)
def test_how_a_code_is_written_never_matters(codes: list[str], spell: Callable[[str], str], purpose: Purpose) -> None:
    iris = [f"http://purl.obolibrary.org/obo/{code.replace(':', '_')}" for code in codes]
    short = [spell(ENTRIES[code].shorthand) for code in codes]
    wanted = match(parse_terms(codes), purpose, ONTOLOGY)
    assert match(parse_terms(iris), purpose, ONTOLOGY) == wanted
    assert match(parse_terms(short), purpose, ONTOLOGY) == wanted
    assert match(parse_terms([*short, *iris]), purpose, ONTOLOGY) == wanted


@few
@given(terms=coded, purpose=both, today=st.sampled_from([None, Day(2026, 1, 1), Day(2028, 1, 1)]))
def test_what_is_remembered_is_what_would_be_found_anew(terms: Terms, purpose: Purpose, today: Day | None) -> None:
    again = tuple(replace(term) for term in terms), replace(purpose)
    assert match(*again, ONTOLOGY, today) == _match.__wrapped__(terms, purpose, ONTOLOGY, today)


@few
@given(terms=plainly_coded, purpose=likely, country=st.sampled_from(["US", "XX", "DE", "NO"]))
def test_one_more_country_never_widens(terms: Terms, purpose: Purpose, country: str) -> None:
    assert verdict(terms, wider(purpose, countries=[country])) >= verdict(terms, purpose)


@few
@given(
    terms=plainly_coded,
    purpose=likely,
    member=st.sampled_from(
        [
            "commercial",
            "organisation",
            "kinds",
            "sensitive",
            "countries",
            "project",
            "institution",
            "user",
            "agreements",
            "evidence",
            "clinical_care",
        ]
    ),
)
def test_an_answer_that_is_taken_back_is_never_taken_for_a_yes(terms: Terms, purpose: Purpose, member: str) -> None:
    silent = read_purpose(purpose_json(purpose) | {member: None})
    if verdict(terms, purpose) is Verdict.REVIEW:
        return  # a refusal may have been the only thing that was missing
    assert verdict(terms, silent) is not Verdict.PERMIT or verdict(terms, purpose) is Verdict.PERMIT
