"""A tally is the same whether everybody is counted at once, in groups, or one change after the other."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.tally import ConsentOutcome, Said, Tally
from broker.core.consent.verdict import Verdict, exclude, hold, include
from broker.core.ids import SubjectRef
from broker.core.outcome import Norm
from broker.core.time import FOREVER, Seconds
from tests.core.consent.consent_world import certified

SAYS = (
    include("DUO-GRU", ("a",)),
    include("DUO-GRU", ("b",)),
    hold("CON-ASK", keys="linkage").by("R11"),
    exclude("CON-WITHDRAWN", date="x").by("R3"),
)
said = st.builds(Said, verdict=st.sampled_from(SAYS), until=st.sampled_from([Seconds(7), Seconds(9), FOREVER]))
REFS = tuple(SubjectRef(f"s{n}") for n in range(6))
sets = st.dictionaries(st.sampled_from(REFS), said)


def same(one: Tally, two: Tally) -> bool:
    return (dict(one.counts), dict(one.left_out), dict(one.untils)) == (
        dict(two.counts), dict(two.left_out), dict(two.untils),
    )  # fmt: skip


@given(sets, st.dictionaries(st.sampled_from(REFS), said))
def test_changes_come_to_what_counting_anew_does(before: dict[SubjectRef, Said], later: dict[SubjectRef, Said]) -> None:
    changes = [(ref, before[ref], after) for ref, after in later.items() if ref in before]
    after = before | {ref: one for ref, _, one in changes}
    assert same(Tally.of(before).changed(changes), Tally.of(after))


@given(sets, sets, said)
def test_a_group_that_joins_comes_to_what_counting_everybody_does(
    before: dict[SubjectRef, Said], joining: dict[SubjectRef, Said], one: Said
) -> None:
    refs = frozenset(joining) - frozenset(before)
    if refs:
        everybody = before | dict.fromkeys(refs, one)
        assert same(Tally.of(before).joined(one, refs), Tally.of(everybody))


ASKED, GONE = Said(verdict=SAYS[2], until=Seconds(9)), Said(verdict=SAYS[3], until=Seconds(7))


def test_who_is_let_in_again_is_left_out_no_longer() -> None:
    tally = Tally.of({REFS[0]: GONE, REFS[1]: ASKED})
    assert tally.until == 7
    back = replace(GONE, verdict=SAYS[0], until=FOREVER)
    after = tally.changed([(REFS[0], GONE, back)])
    assert (dict(after.left_out), after.until) == ({REFS[1]: ASKED.verdict}, 9)
    assert dict(after.counts) == {SAYS[0]: 1, SAYS[2]: 1}


def test_groups_that_join_are_added_to_who_is_there() -> None:
    tally = Tally.of({REFS[0]: GONE}).joined(ASKED, frozenset(REFS[1:3])).joined(ASKED, frozenset(REFS[3:]))
    assert set(tally.left_out) == set(REFS)
    assert (dict(tally.counts), dict(tally.untils)) == ({SAYS[3]: 1, SAYS[2]: 5}, {7: 1, 9: 5})
    assert tally.until == 7


def test_what_is_said_of_the_set_is_a_rule_of_the_set() -> None:
    outcome, (reason,) = Tally.of({}).outcome(certified(), frozenset())
    assert (outcome, reason.code, reason.norm) == (
        ConsentOutcome.DENY, "CON-NO-RECORD", Norm(source="consent-record", rule="set"),
    )  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
def test_of_one_code_by_several_rules_the_first_rule_is_told_and_the_facts_that_all_share(turned: bool) -> None:  # noqa: FBT001
    one, two = exclude("CON-FAMILY", ref="x", date="1").by("R11"), exclude("CON-FAMILY", ref="x", date="2").by("R7")
    bare = Verdict(place=one.place, reason=replace(one.reason, norm=None))
    verdicts = [one, two, two]
    people = dict(zip(REFS, verdicts[::-1] if turned else verdicts, strict=False))
    tally = Tally.of({ref: Said(verdict=verdict, until=FOREVER) for ref, verdict in people.items()})
    (reason,) = tally.reasons(ConsentOutcome.DENY)
    assert (reason.facts, reason.norm.rule if reason.norm else "") == ((("n", "3"), ("ref", "x")), "R11")
    unnamed = Tally.of({REFS[0]: Said(verdict=bare, until=FOREVER), REFS[1]: Said(verdict=one, until=FOREVER)})
    (reason,) = unnamed.reasons(ConsentOutcome.DENY)
    assert reason.norm is None


def test_duties_are_added_to_those_that_are_there() -> None:
    assert include("DUO-GRU", ("b",)).also("c", "a").obligations == ("a", "b", "c")
