"""The facts behind one reason, each once and with its day; and which of a pack's rules stand in the way."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision.explanation.challenge import _answers
from broker.core.decision.explanation.facts import holds_up, not_matched, read_by
from broker.core.jurisdiction.pack import DEFAULT, Pack, comparisons_of
from broker.core.outcome import Gate, Norm, Reason
from broker.core.rows import Evidence
from tests import builders as b
from tests.core.decision.test_looked_up import looked_up
from tests.core.decision.test_written import paper, slots
from tests.fakes import START

ASKED = looked_up()
PACK = ASKED.snapshot.rulebook.packs["eu-gdpr-ch5"]


def reason(rule: str, code: str = "JUR-EU-NO-SAFEGUARD") -> Reason:
    return Reason(code=code, norm=Norm(source=PACK.id, version="1", rule=rule, cite="Art. 46"))


@pytest.mark.parametrize("n", range(len(PACK.rules)))
def test_the_yes_of_a_rule_that_came_before_was_nearly_there_and_its_facts_were_read(n: int) -> None:
    told, before = reason(PACK.rules[n].id), [one for one in PACK.rules[:n] if one.effect == "permit"]
    assert not_matched(told, ASKED) == tuple(one.id for one in before)
    names = {test.fact for one in before for test in comparisons_of(one.when)}
    assert {one.name for one in read_by(told, Gate.JURISDICTION, ASKED)} == names & ASKED.facts.keys()


PAPERS: list[tuple[tuple[Evidence, ...], tuple[Evidence, ...], int | None]] = [
    ((paper("a", -5),), (paper("b", -9),), START - 5),
    ((paper("a", -9),), (paper("b", -5),), START - 5),
    ((paper("a", 0),), (), START),
    ((paper("a", 1),), (), None),
    ((Evidence(id="a"),), (Evidence(id="b"),), None),
]


@pytest.mark.parametrize(("ours", "theirs", "at"), PAPERS, ids=map(str, range(len(PAPERS))))
def test_evidence_is_told_once_with_the_last_day_on_which_either_side_got_some(
    ours: Any, theirs: Any, at: int | None
) -> None:
    world = {"dataset": b.dataset(evidence=ours), "organisation": b.organisation(evidence=theirs)}
    (found,) = read_by(slots(evidence="none"), Gate.JURISDICTION, looked_up(world=world))
    assert (found.name, found.value, found.source, found.at) == ("evidence", [], "evidence", at)


@pytest.mark.parametrize(
    ("effect", "code", "stands"),
    [
        ("permit", PACK.default_reason, False),
        ("permit", "JUR-FACT-MISSING", True),
        ("deny", PACK.default_reason, True),
        ("deny", "JUR-FACT-MISSING", True),
    ],
)
def test_where_no_rule_decides_a_pack_stands_in_the_way_unless_it_permits(
    effect: Any, code: str, *, stands: bool
) -> None:
    pack = replace(PACK, default_effect=effect)
    book = replace(ASKED.snapshot.rulebook, packs={**ASKED.snapshot.rulebook.packs, PACK.id: pack})
    asked = replace(ASKED, snapshot=replace(ASKED.snapshot, rulebook=book))
    assert holds_up(reason(DEFAULT, code), asked) is stands


@pytest.mark.parametrize(
    ("pack", "home", "member"),
    [
        (PACK, False, True),
        (replace(PACK, answers_for=frozenset({"GB"})), True, False),
        (replace(PACK, answers_for=frozenset({"GB", "EEA"})), True, True),
        (replace(PACK, answers_for=frozenset({"GB", "EEA"}), lists={}), True, False),
    ],
    ids=map(str, range(4)),
)
def test_a_pack_answers_for_the_countries_that_it_names_and_for_its_list_if_it_says_so(
    pack: Pack, *, home: bool, member: bool
) -> None:
    assert (_answers(pack, "GB"), _answers(pack, "NO"), _answers(pack, None)) == (home, member, False)
