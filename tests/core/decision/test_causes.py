"""What other packs would do, told by cause: what is shared once, what is somebody's own with them, the worst first."""

from dataclasses import replace

from broker.core.decision.causes import Cause, Effects, because, cause_of, effects_of, in_order
from broker.core.decision.other_law import Difference, Said
from broker.core.outcome import Norm, Outcome, Reason

PAPER = Reason(
    code="JUR-EU-SCC-NEEDED",
    norm=Norm(source="eu", version="2", rule="paper"),
    facts=(("evidence", "scc.signed"), ("recipient.country", "GB"), ("have", "3")),
)
BARE = Reason(code="JUR-NO-RULE")
YES = Said(outcome=Outcome.PERMIT, reasons=(), obligations=("cite", "old"), missing=())
WAITS = Said(outcome=Outcome.PENDING, reasons=(PAPER, BARE), obligations=(), missing=("scc.signed", "tia.done"))
NO = Said(outcome=Outcome.DENY, reasons=(BARE,), obligations=(), missing=())
DUTIES = Said(outcome=Outcome.PERMIT, reasons=(PAPER,), obligations=("cite", "new"), missing=())


def one(id: str, after: Said, before: Said = YES, **changes: str) -> Difference:
    about = {"dataset": "heart", "country": "GB", "person": "usr_1", "institution": "uni"} | changes
    return Difference(kind="grant", id=id, before=before, after=after, **about)


def test_a_cause_names_the_answers_the_rules_and_the_duties_and_nobody() -> None:
    rule = "JUR-EU-SCC-NEEDED (eu paper)"
    waits = Cause("loses", "PERMIT -> PENDING (missing: scc.signed, tia.done)", "", (rule, "JUR-NO-RULE (no pack)"))
    assert cause_of(one("1", WAITS)) == waits
    assert cause_of(one("2", YES, WAITS)) == waits._replace(
        effect="gains", outcomes="PENDING (missing: scc.signed, tia.done) -> PERMIT", duties="duties: +cite +old"
    )
    assert cause_of(one("3", DUTIES)) == Cause("changes", "PERMIT", "duties: +new -old", (rule,))
    assert cause_of(one("4", NO)).duties == "", "who is refused owes nothing"
    assert cause_of(one("5", replace(DUTIES, obligations=YES.obligations), YES)).duties == ""


def test_what_a_rule_read_of_somebody_stands_with_them_and_papers_do_not() -> None:
    assert because(one("1", WAITS)) == "recipient.country GB; have 3"
    assert because(one("2", NO)) == ""


def test_what_takes_away_comes_first_and_of_the_same_effect_what_concerns_most() -> None:
    found = effects_of([
        one("1", YES, NO), one("2", YES, NO), one("3", DUTIES), one("4", NO),
        one("5", WAITS), one("6", WAITS, person="usr_2"), one("7", WAITS, person=""), one("8", YES),
    ])  # fmt: skip
    told = [(cause.effect, each.count, len(each.persons), [line.id for line in each.lines])
            for cause, each in found.worst_first()]  # fmt: skip
    assert told == [
        ("loses", 3, 2, ["5", "6", "7"]), ("loses", 1, 1, ["4"]),
        ("gains", 2, 1, ["1", "2"]), ("changes", 1, 1, ["3"]),
    ]  # fmt: skip
    assert found.kinds == {"grant": 8}
    assert found.counted() == {"loses": 4, "gains": 2, "changes": 1, "same": 1}
    assert (found.kept, found.most) == (7, None)


def test_causes_of_the_same_size_come_in_the_order_of_their_words() -> None:
    lines = [one("1", WAITS), one("2", NO)]
    for found in (lines, lines[::-1]):
        told = [cause.outcomes for cause, _ in effects_of(found).worst_first()]
        assert told == ["PERMIT -> DENY", "PERMIT -> PENDING (missing: scc.signed, tia.done)"]


def test_of_many_the_first_lines_are_kept_and_all_are_counted() -> None:
    few = Effects(most=2)
    for n in range(3):
        few.add(one(str(n), NO, dataset=f"d{n}"))
    few.add(one("same", YES, dataset="d9"))
    assert few.counted() == {"loses": 3, "gains": 0, "changes": 0, "same": 1}
    assert few.counted("d1") == {"loses": 1, "gains": 0, "changes": 0, "same": 0}
    assert few.counted("none") == {"loses": 0, "gains": 0, "changes": 0, "same": 0}
    ((_, concerned),) = few.worst_first()
    assert (concerned.count, concerned.persons, [line.id for line in concerned.lines]) == (3, {"usr_1"}, ["0", "1"])
    assert few.kept == 2
    assert few.touched() == ["d0", "d1", "d2"]


def test_lines_come_by_dataset_then_by_person_then_by_id() -> None:
    lines = [one("3", NO, dataset="lung"), one("2", NO, person="usr_2"), one("1", NO, person="usr_2"), one("9", NO)]
    assert [line.id for line in in_order(lines)] == ["9", "1", "2", "3"]
