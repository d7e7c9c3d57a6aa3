"""Participants choose, answer, withdraw and get receipts; who speaks for them; and what running downloads hear."""

import json
from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.states import State
from broker.core.consent.choices import NOTHING, Choice
from broker.core.consent.model import Grantor, Scope, Template, TemplateRecord, Withdrawal
from broker.core.consent.writing import version_hash
from broker.core.ids import PersonId, SubjectRef
from broker.core.outcome import Reason
from broker.core.rows import ConsentRow, ConsentTemplate, Delivery, Person, Request, WithdrawalReceipt
from broker.core.rows.consents import template_id
from broker.core.time import Seconds, day_of, rfc3339, start_of
from broker.flows.choose_consent import Changed, all_held, answer, change, held, open_questions
from broker.flows.consent_receipts import receipt_of
from broker.flows.deliver import close_delivery, still_permitted
from broker.flows.withdraw_consent import Withdrawn, withdraw
from broker.ports import LedgerDownError, StaleError
from tests import builders as b
from tests.core.consent.test_consent_importing import LIMIT
from tests.docs.test_schemas import faults
from tests.fakes import START
from tests.flows.test_use_and_deliver import opened
from tests.flows.worlds import ADA, PIA, Stage, caller, stage

CONSENT = f"con-{b.PIA}"
FIRST = frozenset({1})
DAY = 86_400
MUM = Person(id=PersonId("usr_mum"), log_key="dd" * 32, created=START, subject=SubjectRef("sub_mum"))
NO_LINKAGE = Choice(answers={"linkage": "deny"})


ASK_ME = b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), answers={"recontact": "ask"}))


def waiting(**purpose: Any) -> Request:
    return b.request(purpose=replace(b.PURPOSE, **purpose))


def newest(s: Stage) -> ConsentRow:
    return s.live.current().chain(CONSENT)[-1]


@pytest.mark.row("WHO-3.1-0a")
@pytest.mark.row("WHO-3.1-1")
async def test_a_choice_is_on_record_and_running_downloads_hear_of_it() -> None:
    s = stage()
    running = await opened(s)
    lists: Any = {"modalities": frozenset({"tre_remote"})}
    done = await change(s.world, caller(PIA), CONSENT, "choose", FIRST, Choice(lists=lists))
    assert isinstance(done, Changed)
    assert s.kinds()[-1] == "consent.changed"
    assert (newest(s).consent.version, newest(s).by, done.more) == (2, "person", ())
    assert not still_permitted(running, s.live.current(), START)


async def test_a_pause_stops_what_runs_and_its_end_lets_it_begin_again() -> None:
    s = stage()
    running = await opened(s)
    assert isinstance(await change(s.world, caller(PIA), CONSENT, "pause", FIRST), Changed)
    assert not still_permitted(running, s.live.current(), START)
    s.clock.advance(10)
    done = await change(s.world, caller(PIA), CONSENT, "resume", frozenset({2}))
    assert isinstance(done, Changed)
    assert done.more == ("status",)
    assert still_permitted(running, s.live.current(), Seconds(START + 10))


async def test_taking_more_back_ends_no_pause() -> None:
    """Past hole: `no_further_access` on a consent that rested let the use of older data go on."""
    s = stage()
    await change(s.world, caller(PIA), CONSENT, "pause", FIRST, NOTHING)
    assert isinstance(await withdraw(s.world, caller(PIA), "no_further_access"), Withdrawn)
    after = newest(s).consent
    assert (after.status, after.withdrawal and after.withdrawal.kind) == ("suspended", "no_further_access")
    back = await change(s.world, caller(PIA), CONSENT, "reopen", frozenset({3}), NOTHING)
    assert isinstance(back, Changed)
    assert (newest(s).consent.status, newest(s).consent.withdrawal) == ("suspended", None)


@pytest.mark.parametrize(
    ("before", "less"),
    [("no_further_use", "no_further_access"), ("no_further_use", "no_further_contact"),
     ("no_further_access", "no_further_contact")],
)  # fmt: skip
async def test_a_smaller_withdrawal_hides_no_wider_one(before: Any, less: Any) -> None:
    """Past hole: the receipt then spoke of the smaller one alone, and taking that back took both back."""
    s = stage()
    assert isinstance(await withdraw(s.world, caller(PIA), before), Withdrawn)
    told = await withdraw(s.world, caller(PIA), less)
    assert isinstance(told, Reason)
    assert (told.code, newest(s).consent.version) == ("REQ-STATE", 2)
    withdrawal = newest(s).consent.withdrawal
    assert withdrawal is not None
    assert withdrawal.kind == before
    assert isinstance(await withdraw(s.world, caller(PIA), "no_further_use"), Withdrawn)


async def test_every_version_that_was_stays() -> None:
    s = stage()
    await change(s.world, caller(PIA), CONSENT, "choose", FIRST, NO_LINKAGE)
    rows = s.live.current().chain(CONSENT)
    assert [row.consent.version for row in rows] == [1, 2]
    assert rows[0] == b.consent()


async def test_who_saw_an_old_version_changes_nothing() -> None:
    s = stage()
    await change(s.world, caller(PIA), CONSENT, "choose", FIRST, NO_LINKAGE)
    assert await change(s.world, caller(PIA), CONSENT, "choose", FIRST, NO_LINKAGE) == Reason(code="REQ-STALE")
    assert s.kinds() == ["consent.changed"]


async def test_of_two_who_choose_at_once_one_is_told_to_look_again() -> None:
    s = stage()
    old = s.live.current()
    await change(s.world, caller(PIA), CONSENT, "choose", FIRST, NO_LINKAGE)
    s.live._current = old
    with pytest.raises(StaleError):
        await change(s.world, caller(PIA), CONSENT, "choose", FIRST, NO_LINKAGE)


async def test_no_record_no_change() -> None:
    s = stage()
    s.ledger.failed = True
    with pytest.raises(LedgerDownError):
        await change(s.world, caller(PIA), CONSENT, "choose", FIRST, NO_LINKAGE)
    assert newest(s) == b.consent()


async def test_somebody_elses_consent_is_not_there() -> None:
    s = stage()
    assert await change(s.world, caller(MUM), CONSENT, "pause", FIRST) == Reason(code="REQ-NOT-FOUND")
    assert await change(s.world, caller(PIA), "con-no", "pause", FIRST) == Reason(code="REQ-NOT-FOUND")
    refused = await change(s.world, caller(ADA), CONSENT, "pause", FIRST)
    assert isinstance(refused, Reason)
    assert refused.code == "AUTH-NOT-YOURS"
    assert await withdraw(s.world, caller(MUM), "no_further_use", CONSENT) == Reason(code="REQ-NOT-FOUND")
    assert s.kinds() == []


LAST_DAY = day_of(Seconds(START + b.YEAR))
SPOKEN_FOR = b.consent(
    grantor=Grantor(kind="representative", ref="sub_mum", scope_of_authority="research", valid_to=LAST_DAY),
    capacity="lacking",
)


async def test_who_speaks_for_somebody_acts_by_name_until_their_day() -> None:
    s = stage(pia=SPOKEN_FOR)
    assert [one.speaks for one in all_held(s.live.current(), SubjectRef("sub_mum"), START)] == ["for_them"]
    done = await change(s.world, caller(MUM), CONSENT, "choose", FIRST, Choice(answers={"linkage": "permit"}))
    assert isinstance(done, Changed)
    assert (done.row.by, done.row.consent.grantor) == ("representative", SPOKEN_FOR.consent.grantor)
    s.clock.advance(start_of(LAST_DAY) - START)
    assert await change(s.world, caller(MUM), CONSENT, "choose", frozenset({2}), NO_LINKAGE) == Reason(
        code="REQ-NOT-FOUND"
    )


async def test_who_speaks_for_somebody_withdraws_only_what_they_name() -> None:
    s = stage(pia=SPOKEN_FOR)
    assert await withdraw(s.world, caller(MUM), "no_further_use") == Reason(code="REQ-NOT-FOUND")
    done = await withdraw(s.world, caller(MUM), "no_further_use", CONSENT)
    assert isinstance(done, Withdrawn)
    assert (newest(s).by, newest(s).consent.status) == ("representative", "withdrawn")


async def test_what_the_person_withdrew_stays_withdrawn_for_who_speaks_for_them() -> None:
    s = stage(pia=SPOKEN_FOR)
    await withdraw(s.world, caller(PIA), "no_further_use")
    found = await change(s.world, caller(MUM), CONSENT, "reopen", frozenset({2}))
    assert found == Reason(code="RGT-THEIR-OWN-WORD")


@pytest.mark.parametrize("status", ["entered_in_error", "superseded"])
async def test_what_never_counted_is_not_withdrawn_and_so_not_reopened(status: Any) -> None:
    s = stage(b.consent(b.PIA, 2, status=status))
    for named in (None, CONSENT):
        assert await withdraw(s.world, caller(PIA), "no_further_use", named) == Reason(code="REQ-NOT-FOUND")
    assert s.kinds() == []


async def test_an_own_word_stays_one_under_the_consent_that_takes_its_place() -> None:
    s = stage(pia=SPOKEN_FOR)
    await change(s.world, caller(PIA), CONSENT, "choose", FIRST, NO_LINKAGE)
    after = replace(newest(s).consent, consent_id="con-new", version=1, supersedes=(CONSENT, 2))
    old = s.live.current().chain(CONSENT)
    s = stage(replace(old[-1], id="con-new/1", by="source", consent=after), old[-1], pia=SPOKEN_FOR)
    yes = Choice(answers={"linkage": "permit"})
    assert await change(s.world, caller(MUM), "con-new", "choose", FIRST, yes) == Reason(code="RGT-THEIR-OWN-WORD")


async def test_a_version_that_waits_for_its_day_is_not_pulled_forward() -> None:
    later = b.consent(
        b.PIA, 2, effective_from=Seconds(START + 100), recorded_at=START, scope=Scope(answers={"linkage": "permit"})
    )
    s = stage(later)
    waits = Reason(code="REQ-STATE", facts=(("state", "not in force yet"),))
    assert await change(s.world, caller(PIA), CONSENT, "choose", frozenset({2}), NO_LINKAGE) == waits
    assert await withdraw(s.world, caller(PIA), "no_further_contact") == waits
    assert s.kinds() == []
    assert isinstance(await withdraw(s.world, caller(PIA), "no_further_use"), Withdrawn)
    stopped = newest(s).consent
    assert (stopped.version, stopped.prev_hash) == (3, version_hash(later.consent))
    assert stopped.scope == b.consent().consent.scope
    s.clock.advance(200)
    found = await change(s.world, caller(PIA), CONSENT, "reopen", frozenset({3}))
    assert found == Reason(code="REQ-STATE", facts=(("state", "withdrawn"),))


# Questions


async def test_a_question_waits_for_the_person_and_names_nobody() -> None:
    s = stage(waiting(recontact=True, project="p", institution="rhine", user="ada"), pia=ASK_ME)
    found = list(open_questions(s.live.current(), b.PIA, START))
    assert [(one.keys, one.dataset, one.consent_id) for one in found] == [(("recontact",), b.HEART, CONSENT)]
    assert (found[0].purpose.user, found[0].purpose.institution, found[0].purpose.project) == (None, None, None)
    assert list(open_questions(stage(pia=ASK_ME).live.current(), b.PIA, START)) == []


async def test_an_answer_is_a_version_and_the_question_is_gone() -> None:
    s = stage(waiting(recontact=True), pia=ASK_ME)
    question = next(open_questions(s.live.current(), b.PIA, START)).id
    assert await answer(s.world, caller(MUM), question, "deny") == Reason(code="REQ-NOT-FOUND")
    done = await answer(s.world, caller(PIA), question, "deny")
    assert isinstance(done, Changed)
    assert newest(s).consent.scope.answers == {"recontact": "deny"}
    assert list(open_questions(s.live.current(), b.PIA, START)) == []
    assert await answer(s.world, caller(PIA), question, "deny") == Reason(code="REQ-NOT-FOUND")


@pytest.mark.parametrize("members", [{"status": "suspended"}, {"capacity": "lacking"}])
async def test_who_could_not_answer_yes_is_not_asked(members: dict[str, Any]) -> None:
    row = replace(ASK_ME, consent=replace(ASK_ME.consent, **members))
    assert list(open_questions(stage(waiting(recontact=True), pia=row).live.current(), b.PIA, START)) == []


async def test_a_receipt_counts_what_its_own_consent_reached() -> None:
    """Of two consents of one person, the one that was not withdrawn has no such part."""
    other = b.consent(consent_id="con-2")
    s = stage(replace(other, id="con-2/1"))
    await withdraw(s.world, caller(PIA), "no_further_use", CONSENT)
    found = {id: held(s.live.current(), caller(PIA), id, START) for id in (CONSENT, "con-2")}
    told = {id: await receipt_of(s.world, one) for id, one in found.items() if not isinstance(one, Reason)}
    assert {id: "withdrawal" in one for id, one in told.items()} == {CONSENT: True, "con-2": False}


async def test_a_question_that_nobody_asks_any_more_is_gone() -> None:
    s = stage(replace(waiting(recontact=True), state=State.WITHDRAWN), pia=ASK_ME)
    assert list(open_questions(s.live.current(), b.PIA, START)) == []


# Withdrawal and receipts


FORM = TemplateRecord(
    template=Template(id="T12", version="4", sha256="ab" * 32),
    harms_and_benefits="paragraph 5",
    approved_limits=(LIMIT,),
)
REGISTERED = ConsentTemplate(id=template_id("T12", "4"), record=FORM)


@pytest.mark.row("WHO-3.1-2")
async def test_a_withdrawal_has_the_limits_of_its_form_and_no_others() -> None:
    on_form = b.consent(template=FORM.template)
    s = stage(REGISTERED, pia=on_form)
    await withdraw(s.world, caller(PIA), "no_further_use")
    assert newest(s).consent.withdrawal == Withdrawal(kind="no_further_use", approved_limits=(LIMIT,))
    other_text = replace(FORM.template, sha256="cd" * 32)
    for forms, row in (((), on_form), ((REGISTERED,), b.consent(template=other_text)), ((REGISTERED,), b.consent())):
        s = stage(*forms, pia=row)
        await withdraw(s.world, caller(PIA), "no_further_use")
        assert newest(s).consent.withdrawal == Withdrawal(kind="no_further_use")


async def counted(s: Stage) -> dict[str, int | None]:
    done = await withdraw(s.world, caller(PIA), "no_further_use")
    assert isinstance(done, Withdrawn)
    return {one.thing: one.count for one in done.reached}


async def test_what_a_withdrawal_reaches_is_counted_from_the_ledger() -> None:
    s = stage(waiting())
    first = await opened(s)
    await close_delivery(s.world, first, "complete", 10)
    await opened(s)
    unlike = Delivery(id="rcp_x", access="a", object="obj-9", first=0, last=9, started=START, state="complete", sent=9)  # type: ignore[arg-type]
    nothing = replace(unlike, id="rcp_y", object=b.ONE, sent=0)
    for row in (unlike, nothing):
        s.ledger.rows[row.KIND, row.id] = row
    found = await counted(s)
    assert [found[one] for one in ("request_open", "visa_issued", "stream_running", "downloaded")] == [1, 1, 1, 1]
    assert (found["published"], found["model_trained"]) == (None, None)


async def test_what_was_counted_is_kept_and_the_withdrawal_does_not_wait_for_it() -> None:
    s = stage()
    done = await withdraw(s.world, caller(PIA), "no_further_use")
    assert isinstance(done, Withdrawn)
    kept = s.ledger.rows["withdrawal_receipt", done.receipt]
    assert isinstance(kept, WithdrawalReceipt)
    assert (kept.subject, kept.reached, kept.consents) == (b.PIA, done.reached, (f"{CONSENT}/2",))
    assert s.kinds() == ["consent.withdrawn", "consent.told"]


async def test_a_receipt_after_a_withdrawal_names_nobody() -> None:
    s = stage(REGISTERED, waiting(), pia=b.consent(template=FORM.template))
    await close_delivery(s.world, await opened(s), "complete", 10)
    await withdraw(s.world, caller(PIA), "no_further_use")
    one = held(s.live.current(), caller(PIA), CONSENT, START)
    assert not isinstance(one, Reason)
    told = await receipt_of(s.world, one)
    reached = {line["thing"]: line for line in told["withdrawal"]["reached"]}
    assert (reached["published"]["code"], reached["downloaded"]["count"]) == ("RGT-W-LIMIT", 1)
    assert told["party_identification"]["decided_by"][0]["governance"] == b.dataset().safeguards.governance
    assert told["pii_processing"]["privacy_notice"]["harms_and_benefits"] == "paragraph 5"
    assert faults("consent-receipt", told) == []
    assert faults("consent-receipt", told | {"name": "Ada"})
    text = json.dumps(told)
    assert not [name for name in ("usr_", str(b.GRANT), "req_", "rhine") if name in text]


@pytest.mark.row("WHO-3.1-5")
@pytest.mark.parametrize(
    ("said", "told"), [("https://bank.example/rules", "https://bank.example/rules"), (None, str(b.DAC))]
)
async def test_a_receipt_leads_to_who_governs_the_data(said: str | None, told: str) -> None:
    s = stage(dataset=b.dataset(safeguards=replace(b.dataset().safeguards, governance=said)))
    one = held(s.live.current(), caller(PIA), CONSENT, START)
    assert not isinstance(one, Reason)
    receipt = await receipt_of(s.world, one)
    assert receipt["party_identification"]["decided_by"][0]["governance"] == told


async def test_a_receipt_without_a_withdrawal_has_no_such_part() -> None:
    s = stage()
    one = held(s.live.current(), caller(PIA), CONSENT, START)
    assert not isinstance(one, Reason)
    told = await receipt_of(s.world, one)
    assert "withdrawal" not in told
    assert faults("consent-receipt", told) == []


async def test_a_receipt_after_a_withdrawal_was_taken_back_says_that_there_was_one_and_when() -> None:
    s = stage()
    for kind in ("no_further_access", "no_further_use"):
        await withdraw(s.world, caller(PIA), kind)
        s.clock.advance(DAY)
    assert isinstance(await change(s.world, caller(PIA), CONSENT, "reopen", frozenset({3})), Changed)
    s.clock.advance(DAY)
    await withdraw(s.world, caller(PIA), "no_further_contact")
    s.clock.advance(DAY)
    assert isinstance(await change(s.world, caller(PIA), CONSENT, "reopen", frozenset({5})), Changed)
    one = held(s.live.current(), caller(PIA), CONSENT, s.clock.now())
    assert not isinstance(one, Reason)
    told = await receipt_of(s.world, one)
    days = [(one["kind"], one["at"][:10], one["until"][:10]) for one in told["taken_back"]]
    first, second, third, fourth = (rfc3339(Seconds(START + n * DAY))[:10] for n in range(1, 5))
    assert days == [("no_further_use", first, second), ("no_further_contact", third, fourth)]
    assert faults("consent-receipt", told) == []
    assert "withdrawal" not in told


async def test_a_withdrawal_that_the_source_told_of_has_no_counts_of_ours() -> None:
    s = stage(pia=b.consent(status="withdrawn"))
    one = held(s.live.current(), caller(PIA), CONSENT, START)
    assert not isinstance(one, Reason)
    assert "withdrawal" not in await receipt_of(s.world, one)


async def test_a_withdrawal_is_taken_back_by_a_version_and_only_for_new_requests() -> None:
    s = stage()
    running = await opened(s)
    await withdraw(s.world, caller(PIA), "no_further_use")
    s.clock.advance(10)
    done = await change(s.world, caller(PIA), CONSENT, "reopen", frozenset({2}))
    assert isinstance(done, Changed)
    assert [row.consent.status for row in s.live.current().chain(CONSENT)] == ["active", "withdrawn", "active"]
    assert not still_permitted(running, s.live.current(), Seconds(START + 10))


async def test_the_log_says_what_was_done_and_not_what_was_chosen() -> None:
    s = stage()
    await change(s.world, caller(PIA), CONSENT, "choose", FIRST, NO_LINKAGE)
    told = s.ledger.entries[-1].about
    assert (told["act"], told["by"], told["wider"]) == ("choose", "person", 0)
    assert "linkage" not in json.dumps(told)
