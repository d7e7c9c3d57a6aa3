"""Whoever is concerned is told, in the record of what happened; and nobody hears what they could not see themselves."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.access.grants import GrantCommand
from broker.core.access.parts import Part
from broker.core.access.states import State
from broker.core.applications import answer_due
from broker.core.audit.kinds import KINDS
from broker.core.happened import Told, person_box
from broker.core.ids import DecisionId, PersonId, make_id
from broker.core.notices import CAN_BE_OFF, CANNOT_WAIT, TABLE, TO_NOBODY_ELSE, TOPICS, Channels
from broker.core.outcome import Reason
from broker.core.reasons.notice_words import NOTICE_WORDS
from broker.core.rows import Identity, IdentityLink, Mailbox, Notice
from broker.core.rows.identity import identity_id
from broker.core.rows.obligations import Obligation
from broker.core.time import Seconds
from broker.flows import decide_request, incidents
from broker.flows.applications.review import Said, give_back, invite, remark
from broker.flows.cases import complain
from broker.flows.grants.end import close, stop
from broker.flows.notices.inbox import inbox, mark_read
from broker.flows.notices.mailbox import MOST_CODES, MOST_TRIES, Wish, ask, choose, confirm, remove
from broker.flows.notices.remind import remind
from broker.flows.notices.send import CLAIM_SECONDS, DELAYS, Post, send_letters, tell_hook
from broker.flows.people import erase
from broker.flows.withdraw_consent import withdraw
from broker.flows.world import Caller
from broker.ports import LedgerDownError
from tests import builders as b
from tests.fakes import START, MemoryHooks, MemoryVault
from tests.flows.test_applications import (
    CHAIR,
    HANDLER,
    MEMBER,
    ODA,
    OTHER_MEMBER,
    SAM,
    handed,
    request_of,
    seat,
    who,
    world,
)
from tests.flows.test_grant_life import GONE, ada
from tests.flows.test_grant_life import MEMBER as MEI_SITS
from tests.flows.worlds import HOOKS, MEI, PIA, Stage, caller, stage
from tests.web.site import languages

DAY = 86_400
ADMIN = who(SAM, seat("admin", "sam", "service"))


def post(s: Stage) -> Post:
    return Post(mailer=s.mailer, vault=MemoryVault(), languages=languages())


def box(person: PersonId, **changes: Any) -> Mailbox:
    sealed = MemoryVault().shut(f"{person}@mail.example", person)
    return replace(Mailbox(id=person, person=person, sealed=sealed, language="en", since=START), **changes)


def identity(name: str) -> Identity:
    return Identity(id=identity_id(b.HOME, name), person=PersonId(f"usr_{name}"), iss=b.HOME, sub=name)


async def heard(s: Stage, who: Caller) -> list[str]:
    """What is in somebody's inbox, the oldest first."""
    return [one.notice.what for one in reversed(await inbox(s.world, who))]


def stored(s: Stage) -> list[Notice]:
    return [row for row in s.ledger.rows.values() if isinstance(row, Notice)]


@pytest.mark.row("WF-TOLD")
async def test_both_sides_hear_of_an_application_on_its_way() -> None:
    s = world()
    made = await handed(s)
    assert await heard(s, caller(grants=())) == []
    assert await heard(s, HANDLER) == await heard(s, MEMBER) == await heard(s, CHAIR) == ["application.submitted"]
    await give_back(s.world, MEMBER, made.reviews[0], [Said(text="Whose hearts?")])
    assert await heard(s, caller()) == ["review.returned"]
    assert (await inbox(s.world, caller()))[0].notice.about == made.id
    await decide_request.reject(s.world, MEMBER, request_of(s, made).id, "No.")
    assert await heard(s, who(ODA)) == [], "no role, no news"


@pytest.mark.row("WF-TOLD-IN-THE-RECORD")
@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_what_is_told_is_in_the_record_of_what_happened(breaks: Any) -> None:
    """One write: where it is lost there is no notice; where it is stored, though nobody hears of that, there is."""
    s = stage()
    s.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.SUSPEND, "So.")
    assert [one.what for one in stored(s) if one.to == person_box(b.ADA)] == ["grant.suspended"] * (breaks == "stored")


@pytest.mark.row("WF-TOLD-NO-MORE")
async def test_a_remark_among_the_committee_reaches_no_applicant_and_not_who_made_it() -> None:
    s = world()
    made = await handed(s)
    await remark(s.world, MEMBER, made.reviews[0], Said(text="I know her.", to="committee"))
    assert "review.remarked" not in await heard(s, caller())
    assert "review.remarked" in await heard(s, HANDLER)
    assert "review.remarked" not in await heard(s, MEMBER)
    await remark(s.world, MEMBER, made.reviews[0], Said(text="Which hearts?"))
    assert "review.remarked" in await heard(s, caller())


@pytest.mark.row("WF-TOLD-NO-MORE")
async def test_whoever_applies_and_sits_in_the_committee_hears_what_applicants_hear() -> None:
    s = world()
    await handed(s)
    double = caller(roles=MEMBER.roles)
    assert await heard(s, double) == []
    link = IdentityLink(
        id="l",
        persons=(b.ADA, ODA.id),
        identities=((b.HOME, "ada"), (b.HOME, "oda")),
        since=START,
        ended=Seconds(START + 1),
    )
    s = world(link)
    await handed(s)
    assert await heard(s, HANDLER) == [], "nor under another identity, joined or parted"


async def test_who_is_invited_hears_of_it_and_the_last_one_alone() -> None:
    s = world()
    made = await handed(s)
    for person in (SAM, ODA):
        await invite(s.world, CHAIR, made.reviews[0], person.id, Part.REVIEWER)
    assert [one.to for one in stored(s) if one.what == "review.invited"] == [person_box(SAM.id), person_box(ODA.id)]


@pytest.mark.row("WF-TOLD-NO-MORE")
async def test_a_frozen_grants_holder_hears_that_it_rests_and_of_no_incident() -> None:
    s = stage(SAM)
    row = await incidents.report(s.world, MEI_SITS, b.HEART, "Stolen.", START)
    assert not isinstance(row, Reason)
    await incidents.freeze(s.world, MEI_SITS, row.id, [b.GRANT], "Hers.")
    double = replace(ada, roles=MEI_SITS.roles)
    assert await heard(s, ada) == ["grant.suspended"]
    assert "incident.frozen" not in await heard(s, double), "nor in the committee's inbox, if she sits there"
    assert await heard(s, ADMIN) == ["incident.reported", "incident.frozen"]


@pytest.mark.row("WF-TOLD-NO-MORE")
async def test_a_complaint_reaches_the_officer_and_nobody_of_the_committee() -> None:
    s = world()
    done = await complain(s.world, None, str(b.HEART), "They never answer.")
    assert not isinstance(done, Reason)
    assert await heard(s, who(ODA, seat("complaints_officer", "oda", "service"))) == ["case.opened"]
    assert await heard(s, MEMBER) == await heard(s, CHAIR) == []


@pytest.mark.row("WF-TOLD-NO-MORE")
async def test_a_withdrawal_is_told_to_whose_it_is_and_to_no_webhook() -> None:
    s = stage()
    pia = caller(PIA, affiliations=())
    assert not isinstance(await withdraw(s.world, pia, "no_further_use"), Reason)
    assert await heard(s, pia) == ["consent.withdrawn"]
    assert {one.to for one in stored(s)} == {f"subject:{b.PIA}"}, "though a webhook asked for `choices`"


def test_every_kind_is_one_of_the_log_and_every_topic_has_its_words() -> None:
    assert TABLE.keys() <= KINDS.keys()
    assert {f"notice.{topic}" for topic in TOPICS.values()} <= NOTICE_WORDS.keys()
    assert {f"inbox.off.{topic}" for topic in CAN_BE_OFF} <= NOTICE_WORDS.keys()
    assert not set(CAN_BE_OFF) & CANNOT_WAIT
    assert set(CAN_BE_OFF) | CANNOT_WAIT | TO_NOBODY_ELSE <= set(TOPICS.values())


async def test_without_a_mail_server_nothing_waits() -> None:
    assert Channels().notice("n", _told(), "case.opened", 1, START).state == "kept"
    assert Channels(letters=True).notice("n", _told(), "case.opened", 1, START).state == "waiting"
    assert Channels().notice("n", replace(_told(), to="hook:desk"), "case.opened", 1, START).state == "waiting"


def _told() -> Told:
    return Told(to="person:a", about="x")


async def test_reading_marks_what_was_shown_and_nothing_later() -> None:
    s = stage()
    await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.SUSPEND, "So.")
    shown = await inbox(s.world, ada)
    s.clock.advance(1)
    await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.RESUME, "So.")
    await mark_read(s.world, ada, shown[0].notice.id)
    await mark_read(s.world, ada, "ntc_unknown")
    assert [(one.notice.what, one.read) for one in await inbox(s.world, ada)] == [
        ("grant.resumed", False), ("grant.suspended", True),
    ]  # fmt: skip


# Letters.


@pytest.mark.row("WF-LETTERS", "WHO-3.7-4")
@pytest.mark.parametrize(("language", "says"), [("en", "has stopped"), ("es", "se ha detenido")])
async def test_a_letter_says_that_something_happened_and_nothing_of_what(language: str, says: str) -> None:
    s = stage(box(b.ADA, language=language))
    await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.SUSPEND, "A laptop of Ada's was stolen.")
    assert await send_letters(s.world, post(s))
    (letter,) = s.mailer.sent
    assert (letter.to, says in letter.text, says in letter.html) == (f"{b.ADA}@mail.example", True, True)
    for secret in (str(b.GRANT), str(b.HEART), "laptop", str(b.ADA) + '"', "Heart", MEI.id, str(b.DAC)):
        assert secret not in letter.subject + letter.text + letter.html
    for page in ("inbox", "rights"):  # whoever is told of something is told what they can do about it
        assert f"{b.US}/{page}" in letter.text
        assert f'<a href="{b.US}/{page}">' in letter.html
    await send_letters(s.world, post(s))
    assert len(s.mailer.sent) == 1, "once"


@pytest.mark.row("WF-LETTERS")
async def test_a_crash_between_sending_and_marking_sends_the_same_letter_again() -> None:
    s = stage(box(b.ADA))
    await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.SUSPEND, "So.")
    before = dict(s.ledger.rows)
    s.ledger.breaks = "lost"
    with pytest.raises(LedgerDownError):
        await send_letters(s.world, post(s))
    s.ledger.failed, s.ledger.breaks, s.ledger.rows = False, None, before
    await send_letters(s.world, post(s))
    assert len(s.mailer.sent) == 2
    assert len({one.id for one in s.mailer.sent}) == 1, "whoever gets it twice can see that it is one"
    assert [one.state for one in stored(s) if one.to == person_box(b.ADA)] == ["sent"]


async def test_of_two_processes_one_sends_and_a_claim_ends_by_itself() -> None:
    s = stage(box(b.ADA))
    await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.SUSPEND, "So.")
    now = s.clock.now()
    assert await s.world.scratch.add("notice.claim", "letters", {}, Seconds(now + CLAIM_SECONDS), now)
    await send_letters(s.world, post(s))
    assert s.mailer.sent == []
    s.clock.advance(CLAIM_SECONDS)
    await send_letters(s.world, post(s))
    assert len(s.mailer.sent) == 1


async def test_a_server_that_cannot_be_reached_uses_up_no_attempt_and_one_that_refuses_does() -> None:
    s = stage(box(b.ADA))
    await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.SUSPEND, "So.")
    s.mailer.answers = ["unreachable"]
    assert not await send_letters(s.world, post(s))
    assert [one.tries for one in stored(s) if one.to == person_box(b.ADA)] == [0]
    s.mailer.answers = ["refused"] * (len(DELAYS) + 1)
    for wait in (*DELAYS, 0):
        await send_letters(s.world, post(s))
        left = len(s.mailer.answers)
        await send_letters(s.world, post(s))
        assert len(s.mailer.answers) == left, "not before its time"
        s.clock.advance(wait)
    assert [one.state for one in stored(s) if one.to == person_box(b.ADA)] == ["dead"]
    assert s.kinds().count("notice.refused") == len(DELAYS)
    assert s.kinds()[-1] == "notice.dead"


@pytest.mark.row("WF-LETTERS")
async def test_who_holds_a_role_gets_its_letters_each_once_and_who_turned_them_off_gets_none() -> None:
    lee, sam = PersonId("usr_lee"), SAM.id
    s = world(
        box(lee), box(sam), box(ODA.id, off=("desk",)), box(b.ADA), identity("lee"), identity("sam"), identity("oda"),
        identity("ada"), seat("committee_member", "lee"), seat("handler", "lee"), seat("committee_chair", "sam"),
        seat("handler", "oda"), seat("committee_member", "ada"),
    )  # fmt: skip
    await handed(s)
    s.mailer.answers = ["taken", "refused"]
    await send_letters(s.world, post(s))
    s.clock.advance(DELAYS[0])
    await send_letters(s.world, post(s))
    await send_letters(s.world, post(s))
    assert sorted(one.to for one in s.mailer.sent) == [f"{one}@mail.example" for one in (lee, sam)]
    assert {one.state for one in stored(s) if not one.to.startswith("hook:")} <= {"sent", "kept"}


@pytest.mark.row("WF-LETTERS")
async def test_a_daily_letter_tells_of_the_day_that_is_over_and_holds_nothing_back_that_cannot_wait() -> None:
    s = stage(box(b.ADA, daily=True))
    s.clock.advance(DAY - START % DAY)
    for command in (GrantCommand.SUSPEND, GrantCommand.RESUME, GrantCommand.SUSPEND, GrantCommand.RESUME):
        await stop(s.world, MEI_SITS, b.GRANT, command, "So.")
        s.clock.advance(60)
    await send_letters(s.world, post(s))
    assert len(s.mailer.sent) == 2, "what stopped is told at once"
    s.clock.advance(DAY)
    await send_letters(s.world, post(s))
    assert len(s.mailer.sent) == 2, "not at night"
    s.clock.advance(6 * 3600)
    await send_letters(s.world, post(s))
    assert len(s.mailer.sent) == 3, "twice resumed, one letter"
    assert {one.state for one in stored(s) if one.to == person_box(b.ADA)} == {"sent"}


@pytest.mark.row("WF-LETTERS")
async def test_who_has_said_no_address_gets_no_letter_and_what_the_law_wants_cannot_be_turned_off() -> None:
    s = stage(box(b.ADA, off=("stopped", "grant", *CAN_BE_OFF)))
    await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.SUSPEND, "So.")
    await send_letters(s.world, post(s))
    assert len(s.mailer.sent) == 1
    s = stage()
    await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.SUSPEND, "So.")
    await send_letters(s.world, post(s))
    assert (s.mailer.sent, [one.state for one in stored(s) if one.to == person_box(b.ADA)]) == ([], ["kept"])


# Addresses.


async def test_an_address_counts_only_when_its_owner_has_shown_the_code() -> None:
    s = stage()
    p = post(s)
    assert (
        await ask(s.world, p, ada, "ada@rhine.example", Wish(language="es", daily=True, off=("talk", "stopped")))
        is None
    )
    (letter,) = s.mailer.sent
    code = next(word for word in letter.text.split() if word.isdigit())
    assert isinstance(await confirm(s.world, caller(MEI), code), Reason), "somebody else's"
    done = await confirm(s.world, ada, f" {code} ")
    assert isinstance(done, Mailbox)
    assert (p.vault.open(done.sealed, done.id), done.language, done.daily, done.off) == (
        "ada@rhine.example",
        "es",
        True,
        ("talk",),
    )
    assert "rhine" not in str(s.ledger.entries) + str(done).replace(done.sealed, "")
    assert isinstance(await confirm(s.world, ada, code), Reason), "once"
    changed = await choose(s.world, ada, Wish(language="en"))
    assert isinstance(changed, Mailbox)
    assert (changed.daily, changed.off, changed.sealed) == (False, (), done.sealed)
    await remove(s.world, ada)
    assert isinstance(await choose(s.world, ada, Wish(language="en")), Reason)


async def test_codes_are_few_and_guesses_too() -> None:
    s = stage()
    for _ in range(MOST_CODES):
        assert await ask(s.world, post(s), ada, "ada@rhine.example", Wish(language="en")) is None
    refused = await ask(s.world, post(s), ada, "ada@rhine.example", Wish(language="en"))
    assert isinstance(refused, Reason)
    assert refused.code == "REQ-TOO-OFTEN"
    code = next(word for word in s.mailer.sent[-1].text.split() if word.isdigit())
    for _ in range(MOST_TRIES):
        assert isinstance(await confirm(s.world, ada, "00000000"), Reason)
    assert isinstance(await confirm(s.world, ada, code), Reason), "too many guesses"


@given(st.text(max_size=300))
async def test_nothing_becomes_an_address_that_could_break_a_header(text: str) -> None:
    s = stage()
    if await ask(s.world, post(s), ada, text, Wish(language="en")) is None:
        assert text.isascii()
        assert text.count("@") == 1
        assert not set(text) & set(' \r\n\t<>,;:"()[]\\')


@pytest.mark.parametrize(
    "text", ["a@b.example\r\nBcc: x@y.example", "a@b.example, c@d.example", "A <a@b.example>", "a@localhost"]
)
async def test_no_second_receiver_and_no_name(text: str) -> None:
    s = stage()
    assert isinstance(await ask(s.world, post(s), ada, text, Wish(language="en")), Reason)
    assert s.mailer.sent == []


async def test_of_who_is_erased_no_address_is_left() -> None:
    s = stage(box(b.ADA))
    assert not isinstance(await erase(s.world, b.ADA, "Art 17"), Reason)
    row = await s.world.rows.get(Mailbox, b.ADA)
    assert row is not None
    assert row.sealed == ""


# Webhooks.


@pytest.mark.row("WF-WEBHOOKS")
@pytest.mark.row("WF-I9")
async def test_a_webhook_hears_in_order_and_again_under_the_same_id_until_it_is_given_up() -> None:
    s, hooks = stage(), MemoryHooks()
    for command in (GrantCommand.SUSPEND, GrantCommand.RESUME, GrantCommand.SUSPEND):
        await stop(s.world, MEI_SITS, b.GRANT, command, "Somebody's laptop.")
        s.clock.advance(1)
    hooks.refuses = 1
    await tell_hook(s.world, hooks, "desk")
    await tell_hook(s.world, hooks, "desk")
    assert hooks.posted == [], "the second waits for the first, and the first for its time"
    s.clock.advance(DELAYS[0])
    await tell_hook(s.world, hooks, "desk")
    assert [body.split(b'"type":"')[1].split(b'"')[0] for _, _, body in hooks.posted] == [b"grant.suspended"] * 2
    assert len({id for _, id, _ in hooks.posted}) == 2
    assert b"laptop" not in b"".join(body for _, _, body in hooks.posted)
    await tell_hook(s.world, hooks, "desk")
    assert len(hooks.posted) == 2
    await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.REVOKE, "So.")
    hooks.refuses = len(DELAYS) + 1
    for wait in (*DELAYS, 0):
        await tell_hook(s.world, hooks, "desk")
        s.clock.advance(wait)
    assert [one.state for one in stored(s) if one.to == "hook:desk"].count("dead") == 1


async def test_a_webhook_hears_of_its_topics_alone() -> None:
    s = stage()
    await complain(s.world, None, str(b.HEART), "They never answer.")
    assert "case" not in HOOKS["desk"]
    assert not [one for one in stored(s) if one.to.startswith("hook:")]


# Reminders.


@pytest.mark.row("WF-REMINDERS")
async def test_the_end_of_a_grant_is_told_sixty_thirty_and_seven_days_before_each_once() -> None:
    s = stage()
    ends = b.grant().ends
    for day in range(64, -2, -1):
        s.clock.time = Seconds(ends - day * DAY + 5)
        for _ in range(2):
            await remind(s.world, Channels())
    told = [one for one in stored(s) if one.what == "reminder.grant_ends"]
    assert sorted((ends - one.at) // DAY for one in told) == [6, 29, 59]


@pytest.mark.row("WF-REMINDERS")
async def test_after_a_crash_nobody_is_reminded_twice() -> None:
    """The mark of the day is lost with Scratch, or another process looks: the ids are the same."""
    s = stage()
    s.clock.advance(b.grant().ends - 20 * DAY - START)
    assert await remind(s.world, Channels()) == 2, "of the grant, and of a seat that nobody has"
    assert await remind(s.world, Channels()) == 0
    await s.world.scratch.take("reminder.done", str(s.clock.now() // DAY), s.clock.now())
    assert await remind(s.world, Channels()) == 0
    assert s.kinds().count("notice.reminded") == 1


@pytest.mark.row("WF-REMINDERS")
async def test_a_duty_is_told_before_it_is_due_and_when_it_is_late_and_not_when_it_is_done() -> None:
    due = Seconds(START + 40 * DAY)
    duty = Obligation(id="report", cls="fulfil", text="report", holder="you", due=due)
    done = replace(duty, id="other", at=START)
    s = stage(grant=b.grant(obligations=(duty, done)))
    told = []
    for days in (0, 9, 11, 34, 41):
        s.clock.time = Seconds(START + days * DAY)
        await remind(s.world, Channels())
        told.append([one.what for one in stored(s)].count("reminder.duty"))
    assert told == [0, 0, 1, 2, 3]


@pytest.mark.row("WF-REMINDERS", "WHO-3.6-5")
async def test_an_answer_that_is_late_is_told_to_both_sides_and_to_who_runs_the_broker_and_is_no_yes() -> None:
    s = world()
    made = await handed(s)
    s.clock.advance(12 * DAY)
    await remind(s.world, Channels())
    assert "reminder.answer" in await heard(s, HANDLER)
    assert "reminder.answer" not in await heard(s, caller())
    s.clock.advance(3 * DAY)
    await remind(s.world, Channels())
    for one in (HANDLER, MEMBER, caller(), ADMIN):
        assert "reminder.answer" in await heard(s, one)
    assert request_of(s, made).state.value == "submitted"


@pytest.mark.row("WF-REMINDERS", "WHO-3.6-5")
async def test_the_answer_to_a_request_made_alone_is_due_too_and_late_it_is_told_to_both_sides() -> None:
    row = b.request(state=State.SUBMITTED, created=START, decision=None, grant=None)
    s = stage(row)
    assert answer_due(row, s.live.current()) == START + 14 * DAY
    sides = {"committee": MEI_SITS, "asker": caller(), "admin": ADMIN}
    said = []
    for day in (10, 12, 15):
        s.clock.time = Seconds(START + day * DAY)
        await remind(s.world, Channels())
        said.append({name: (await heard(s, one)).count("reminder.answer") for name, one in sides.items()})
    assert said == [
        {"committee": 0, "asker": 0, "admin": 0},
        {"committee": 1, "asker": 0, "admin": 0},
        {"committee": 2, "asker": 1, "admin": 1},
    ]
    taken_back = replace(row, decisions=(DecisionId(make_id("dec", START + 5 * DAY, bytes(10))),))
    assert answer_due(taken_back, s.live.current()) == START + 19 * DAY
    assert answer_due(replace(row, state=State.REJECTED), s.live.current()) is None


async def test_a_challenge_that_nobody_acknowledges_is_told_again() -> None:
    s = world()
    await complain(s.world, None, "", "Nobody answers.")
    s.clock.advance(10 * DAY)
    await remind(s.world, Channels())
    assert await heard(s, who(ODA, seat("complaints_officer", "oda", "service"))) == ["case.opened", "reminder.answer"]
    assert await heard(s, OTHER_MEMBER) == []


@pytest.mark.row("WF-REMINDERS", "WHO-P-9")
async def test_who_does_not_say_what_became_of_the_copies_is_reminded_and_then_others_hear_of_it() -> None:
    """A month after the end those hear of it who may take the first step against misuse; nobody else, and no clock."""
    s = stage()
    lawyer = who(ODA, seat("legal_officer", "oda", "service"))
    over = b.grant().ends
    heard_by = {"holder": caller(), "committee": MEI_SITS, "admin": ADMIN, "lawyer": lawyer}
    said = []
    for day in (-1, 0, 29, 30, 31):
        s.clock.time = Seconds(over + day * DAY + 5)
        await remind(s.world, Channels())
        said.append({name: (await heard(s, one)).count("reminder.closing") for name, one in heard_by.items()})
    nobody = dict.fromkeys(heard_by, 0)
    everybody = {"holder": 2, "committee": 1, "admin": 1, "lawyer": 1}
    assert said == [nobody, nobody | {"holder": 1}, nobody | {"holder": 1}, everybody, everybody]


@pytest.mark.row("WHO-P-9")
@pytest.mark.parametrize(
    ("how", "days", "told"),
    [("closed", 40, 0), ("declared", 40, 0), ("used", -1, 0), ("revoked", -1, 1), ("suspended", -1, 0),
     ("suspended", 0, 1), ("long ago", 400, 0)],
)  # fmt: skip
async def test_copies_are_asked_after_once_a_grant_is_over_and_until_it_is_closed(
    how: str, days: int, told: int
) -> None:
    s = stage(grant=b.grant(request="") if how == "declared" else b.grant())
    s.clock.time = Seconds(b.grant().ends - 2 * DAY)
    if how == "closed":
        assert not isinstance(await close(s.world, caller(), b.GRANT, GONE), Reason)
    if how == "revoked":
        await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.REVOKE, "Over.")
    if how == "suspended":
        await stop(s.world, MEI_SITS, b.GRANT, GrantCommand.SUSPEND, "Wait.")
    s.clock.time = Seconds(b.grant().ends + days * DAY)
    await remind(s.world, Channels())
    assert (await heard(s, caller())).count("reminder.closing") == told
