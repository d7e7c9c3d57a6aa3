"""A finding reaches the custodian; the researcher learns nothing by it; nobody is told who chose not to be."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.results import ResultCommand, ResultStage
from broker.core.consent.model import Grantor, Scope, Withdrawal
from broker.core.ids import ObjectId, PersonId, SubjectRef
from broker.core.notices import Channels
from broker.core.outcome import Reason
from broker.core.rows import Person, ResultReport
from broker.core.rows.results import as_told
from broker.core.rows.retention import DAY, Keeping
from broker.core.time import Seconds
from broker.flows.drop import drop
from broker.flows.notices.inbox import inbox
from broker.flows.notices.remind import remind
from broker.flows.people import export, hold
from broker.flows.results import MOST, MOST_DAYS, OWN_DAYS, Found, Step, desk, own, report, retract, take
from broker.flows.world import Caller
from tests import builders as b
from tests.fakes import START
from tests.flows.test_grant_life import WHO, ada, seat
from tests.flows.worlds import MEI, PIA, Stage, caller, stage

CUSTODIAN = WHO["custodian"]
ETHICS = caller(MEI, roles=(seat("ethics_committee"),), ends=Seconds(START + 10**9))
TEXT = "CANARY variant"
FOUND = Found(subject=b.PIA, text=TEXT, onset="adult", actionable="yes")
CHECK = Step(command=ResultCommand.VALIDATE, text="CANARY checked", onset="adult", actionable="yes")
FORWARD = Step(command=ResultCommand.FORWARD, text="The clinic of genetics.")
ALLOW = Step(command=ResultCommand.ALLOW, text="Not to the parents.", approval="ETH-9")
KEEPING = Keeping(sign_ins=0, uses=0, messages=0, results=365)


class _Nothing:
    """A log in which nobody is."""

    async def theirs(self, who: str, count: int, before: int | None = None) -> tuple[tuple[Any, ...], None]:
        del who, count, before
        return (), None

    async def of_kind(self, kind: str, count: int, before: int | None = None) -> tuple[tuple[Any, ...], None]:
        del kind, count, before
        return (), None


NO_LOG: Any = _Nothing()


def consenting(wish: Any, **said: Any) -> Any:
    return b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), return_of_results=wish), **said)


def world(wish: Any = "all", **said: Any) -> Stage:
    return stage(pia=consenting(wish, **said))


async def reported(s: Stage, found: Found = FOUND, by: Caller = ada) -> ResultReport:
    made = await report(s.world, by, b.GRANT, found)
    assert isinstance(made, ResultReport), made
    return made


async def took(s: Stage, id: str, step: Step, by: Caller = CUSTODIAN) -> str:
    """In which stage it is then, or which code refuses."""
    done = await take(s.world, by, id, step)
    return done.code if isinstance(done, Reason) else done.stage.value


def row_of(s: Stage, id: str) -> ResultReport:
    row = s.ledger.rows[ResultReport.KIND, id]
    assert isinstance(row, ResultReport)
    return row


@pytest.mark.row("WHO-3.2-2")
async def test_a_finding_reaches_the_clinical_route_by_the_custodian_and_no_entry_holds_a_word_of_it() -> None:
    s = world()
    row = await reported(s)
    (seen,) = await desk(s.world, CUSTODIAN)
    assert (seen.report.subject, seen.text) == (b.PIA, TEXT)
    assert "result.reported" in [one.notice.what for one in await inbox(s.world, CUSTODIAN)]
    assert [await took(s, row.id, step) for step in (FORWARD, CHECK, FORWARD, FORWARD)] == [
        "REQ-STATE",
        "validated",
        "forwarded",
        "REQ-STATE",
    ]
    assert s.kinds() == ["result.reported", "result.validated", "result.forwarded"]
    assert "CANARY" not in str(s.ledger.entries)
    assert b.PIA not in str(s.ledger.entries)


@pytest.mark.row("WHO-3.2-2")
async def test_neither_the_person_nor_anybody_else_sees_it() -> None:
    s = world()
    row = await reported(s)
    for name, who in WHO.items():
        if name == "custodian":
            continue
        assert await desk(s.world, who) == (), name
        assert await took(s, row.id, CHECK, who) == "REQ-NOT-FOUND", name
    assert await desk(s.world, ETHICS) == (), "nothing waits for them"
    assert await inbox(s.world, caller(PIA)) == ()


@pytest.mark.row("WHO-3.2-2")
async def test_who_found_it_takes_no_step_also_as_custodian_nor_sees_that_one_was_taken() -> None:
    s = world()
    both = replace(ada, roles=(replace(seat("custodian", f"dataset:{b.HEART}"), sub="ada"),))
    row = await reported(s, by=both)
    assert await desk(s.world, both) == ()
    assert await took(s, row.id, CHECK, both) == "REQ-NOT-FOUND"


@pytest.mark.row("WHO-3.2-3")
async def test_without_an_approved_policy_nothing_is_taken_in() -> None:
    s = stage(dataset=b.dataset(safeguards=replace(b.SAFEGUARDS, return_of_results=None)))
    refused = await report(s.world, ada, b.GRANT, FOUND)
    assert isinstance(refused, Reason)
    assert refused.code == "REQ-NO-RESULTS-POLICY"
    assert not [one for one in s.ledger.rows if one[0] == ResultReport.KIND]
    assert s.kinds() == []


CHOICES: dict[str, tuple[Any, dict[str, Any], Found]] = {
    "wants to know": ("all", {}, FOUND),
    "does not want to know": ("none", {}, FOUND),
    "was never asked": (None, {}, FOUND),
    "withdrew": ("all", {"withdrawal": Withdrawal(kind="no_further_use"), "status": "withdrawn"}, FOUND),
    "a child": ("all", {"grantor": Grantor(kind="parent")}, FOUND),
    "nobody": ("all", {}, replace(FOUND, subject="sub_none")),
    "in other data": ("all", {}, replace(FOUND, subject="sub_elsewhere")),
}


async def _life(name: str, taken_back: str, *, looked_at: bool = True) -> list[object]:
    """Everything that who reports it is ever told, while the custodian does what the rules want."""
    wish, said, found = CHOICES[name]
    s = stage(
        b.drs_object(ObjectId("obj-x"), (SubjectRef("sub_elsewhere"),), dataset="https://bank.example/datasets/lung"),
        b.consent(SubjectRef("sub_elsewhere")),
        pia=consenting(wish, **said),
    )
    row = await reported(s, found)
    told: list[object] = [as_told(row)]

    async def look() -> None:
        told.append([as_told(one) for one in await own(s.world, ada)])
        told.append([(one.notice.what, one.notice.about) for one in await inbox(s.world, ada)])

    for step, who in ((CHECK, CUSTODIAN), (ALLOW, ETHICS), (FORWARD, CUSTODIAN)):
        await look()
        if looked_at:
            await took(s, row.id, step, who)
    for days in (1, OWN_DAYS - 2, 400, 400):
        s.clock.advance(days * DAY)
        await drop(s.world, KEEPING)
        await look()
        if days == 1 and taken_back == "taken back":
            done = await retract(s.world, ada, row.id)
            assert isinstance(done, ResultReport)
            told.append(as_told(done))
    told.append(len([one for one in s.ledger.entries if one.kind == "result.reported"]))
    again = await retract(s.world, ada, row.id)
    assert isinstance(again, Reason)
    return [*told, again.code]


@pytest.mark.row("WHO-3.2-2", "WHO-3.2-3")
@pytest.mark.parametrize("taken_back", ["taken back", "left"])
@pytest.mark.parametrize("name", CHOICES)
async def test_whoever_reports_is_told_the_same_whoever_it_is_about_and_whatever_becomes_of_it(
    name: str, taken_back: str
) -> None:
    assert await _life(name, taken_back) == await _life("wants to know", taken_back, looked_at=False)


@pytest.mark.row("WHO-3.2-2")
async def test_what_is_kept_of_a_report_is_the_same_whoever_it_is_about() -> None:
    """Nobody is looked up while it is taken in, so neither what is stored nor how long it takes can tell."""
    kept = []
    for wish, said, found in CHOICES.values():
        s = world(wish, **said)
        row = await reported(s, found)
        kept.append((replace(row_of(s, row.id), subject=""), s.ledger.entries))
    assert all(one == kept[0] for one in kept)


@pytest.mark.row("WHO-3.2-3")
@pytest.mark.parametrize("step", [CHECK, replace(CHECK, text="", onset=None, actionable=None)])
async def test_who_chose_not_to_know_is_not_told_and_the_finding_is_gone(step: Step) -> None:
    s = world("none")
    row = await reported(s)
    (seen,) = await desk(s.world, CUSTODIAN)
    assert (seen.says.why, seen.text) == ("not_wanted", ""), "no more people than need be read it"
    assert await took(s, row.id, step) == "closed"
    assert (row_of(s, row.id).why, "CANARY" in str(s.ledger.rows)) == ("not_wanted", False)
    assert await took(s, row.id, FORWARD) == "REQ-STATE"


@pytest.mark.row("WHO-3.2-3")
async def test_a_choice_that_is_made_while_it_waits_counts() -> None:
    s = world("all")
    row = await reported(s)
    assert await took(s, row.id, CHECK) == "validated"
    s.live.committed([consenting("none", version=2, effective_from=START)])
    assert "CANARY" not in str(await desk(s.world, CUSTODIAN)), "nor is what was written at a step read on"
    assert await took(s, row.id, FORWARD) == "closed"
    assert "CANARY" not in str(row_of(s, row.id))


@pytest.mark.row("WHO-3.2-2")
async def test_of_what_is_taken_back_no_word_is_kept() -> None:
    s = world("all")
    row = await reported(s)
    assert await took(s, row.id, CHECK) == "validated"
    assert not isinstance(await retract(s.world, ada, row.id), Reason)
    assert "CANARY" not in str(row_of(s, row.id))


@pytest.mark.row("WHO-3.1-10")
async def test_what_concerns_a_child_as_an_adult_goes_to_ethics_and_not_to_who_decides_for_it() -> None:
    s = world("all", grantor=Grantor(kind="parent"))
    row = await reported(s)
    childhood = replace(CHECK, onset="childhood")
    assert await took(s, row.id, childhood) == "at_ethics", "the custodian's other word does not lift it"
    assert row_of(s, row.id).why == "adult_onset"
    assert await took(s, row.id, FORWARD) == "REQ-STATE"
    assert await took(s, row.id, ALLOW) == "REQ-NOT-YOUR-PART"
    (seen,) = await desk(s.world, ETHICS)
    assert seen.text == TEXT
    assert "result.referred" in [one.notice.what for one in await inbox(s.world, ETHICS)]
    assert await took(s, row.id, replace(ALLOW, approval=" "), ETHICS) == "REQ-INVALID"
    assert await took(s, row.id, ALLOW, ETHICS) == "validated"
    assert await desk(s.world, ETHICS) == ()
    assert await took(s, row.id, FORWARD) == "forwarded"
    assert row_of(s, row.id).approval == "ETH-9"


@pytest.mark.row("WHO-3.1-10")
async def test_an_approval_is_for_what_was_asked_and_nothing_that_comes_later() -> None:
    s = world("all", grantor=Grantor(kind="parent"))
    row = await reported(s)
    await took(s, row.id, CHECK)
    await took(s, row.id, ALLOW, ETHICS)
    s.live.committed([consenting(None, version=2, effective_from=START, grantor=Grantor(kind="parent"))])
    assert await took(s, row.id, FORWARD) == "at_ethics"
    assert row_of(s, row.id).why == "never_asked"
    assert await took(s, row.id, ALLOW, ETHICS) == "validated"
    s.live.committed([consenting("none", version=3, effective_from=START, grantor=Grantor(kind="parent"))])
    assert await took(s, row.id, FORWARD) == "closed", "no committee speaks over a no"


async def test_the_participant_is_found_by_the_name_that_the_file_has_for_them() -> None:
    s = stage(one=b.drs_object(samples={"S-1": b.PIA}), pia=consenting("all"))
    row = await reported(s, replace(FOUND, subject=" S-1 "))
    assert await took(s, row.id, CHECK) == "validated"


async def test_a_name_that_two_files_have_for_different_people_names_nobody() -> None:
    """What was found in one must not be told to another."""
    files = {
        "one": b.drs_object(samples={"S-1": b.PIA}),
        "two": b.drs_object(b.TWO, (b.PIA, b.PAUL), samples={"S-1": b.PAUL, str(b.PIA): b.PAUL}),
    }
    s = stage(**files, pia=consenting("all"), paul=consenting("all", subject=b.PAUL))
    for name in ("S-1", str(b.PIA)):
        row = await reported(s, replace(FOUND, subject=name))
        assert await took(s, row.id, CHECK) == "closed"
        assert row_of(s, row.id).why == "not_in_data"


async def test_what_is_taken_back_goes_no_further_and_what_is_with_the_clinic_is_marked() -> None:
    s = world()
    one, two = await reported(s), await reported(s)
    await took(s, two.id, CHECK)
    await took(s, two.id, FORWARD)
    for row in (one, two):
        done = await retract(s.world, ada, row.id)
        assert isinstance(done, ResultReport)
        assert await retract(s.world, ada, row.id) == done, "twice is once"
    assert [row_of(s, row.id).stage for row in (one, two)] == [ResultStage.CLOSED, ResultStage.FORWARDED]
    assert s.kinds().count("result.retracted") == 2
    assert [one.notice.what for one in await inbox(s.world, CUSTODIAN)].count("result.retracted") == 2
    refused = await retract(s.world, caller(Person(id=PersonId("usr_lee"), log_key="dd" * 32, created=START)), one.id)
    assert isinstance(refused, Reason)
    assert refused.code == "REQ-NOT-FOUND"


@pytest.mark.row("WHO-3.2-2")
async def test_nobody_reports_under_the_grant_of_another() -> None:
    s = world()
    lee = caller(Person(id=PersonId("usr_lee"), log_key="dd" * 32, created=START), grants=())
    for who, code in ((lee, "REQ-NOT-FOUND"), (WHO["member"], "REQ-NOT-YOUR-PART")):
        refused = await report(s.world, who, b.GRANT, FOUND)
        assert isinstance(refused, Reason)
        assert refused.code == code


@pytest.mark.row("WHO-3.2-2")
async def test_the_limit_counts_what_was_reported_and_not_what_became_of_it() -> None:
    s = world("none")
    for n in range(MOST):
        row = await reported(s)
        if n % 2:
            assert await took(s, row.id, CHECK) == "closed"
    refused = await report(s.world, ada, b.GRANT, FOUND)
    assert isinstance(refused, Reason)
    assert refused.code == "REQ-TOO-LARGE"
    s.clock.advance(MOST_DAYS * DAY)
    await reported(s)


@pytest.mark.parametrize(
    "found", [replace(FOUND, subject=" "), replace(FOUND, text=""), replace(FOUND, text="x" * 20_001)]
)
async def test_what_says_nothing_or_too_much_is_refused(found: Found) -> None:
    refused = await report(world().world, ada, b.GRANT, found)
    assert isinstance(refused, Reason)
    assert refused.code == "REQ-INVALID"


@pytest.mark.row("KEEP1", "KEEP3")
async def test_what_is_over_is_dropped_after_a_year_and_what_waits_is_not() -> None:
    s = world()
    over, waits = await reported(s), await reported(s)
    await took(s, over.id, CHECK)
    await took(s, over.id, FORWARD)
    s.clock.advance(364 * DAY)
    assert await drop(s.world, KEEPING) == {}
    s.clock.advance(2 * DAY)
    await hold(s.world, b.ADA, "Court order 7", None)
    assert await drop(s.world, KEEPING) == {}
    s.clock.advance(DAY)
    assert (ResultReport.KIND, waits.id) in s.ledger.rows


async def test_a_copy_of_ones_data_tells_of_it_no_more_than_the_page() -> None:
    s = world("none")
    row = await reported(s)
    before: Any = await export(s.world, NO_LOG, b.ADA)
    await took(s, row.id, CHECK)
    after: Any = await export(s.world, NO_LOG, b.ADA)
    assert before["rows"][ResultReport.KIND] == after["rows"][ResultReport.KIND] == [as_told(row)]


@pytest.mark.row("WHO-3.2-2")
async def test_whoever_lets_a_finding_wait_is_reminded_and_who_reported_it_is_not() -> None:
    s = world("all", grantor=Grantor(kind="parent"))
    row = await reported(s)
    told = []
    for days in (13, 14, 27, 28, 40):
        s.clock.time = Seconds(START + days * DAY)
        await remind(s.world, Channels())
        if days == 27:
            await took(s, row.id, CHECK)
        told.append([await reminded(s, one) for one in (CUSTODIAN, ETHICS, ada)])
    assert told == [[0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0]]


async def reminded(s: Stage, who: Caller) -> int:
    return [one.notice.what for one in await inbox(s.world, who)].count("reminder.finding")
