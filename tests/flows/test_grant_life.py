"""A grant after it was given: suspended, resumed, renewed, revoked, closed; who may, and what a use meets then."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.access.grants import GRANT_TRANSITIONS, USED, GrantCommand, GrantStage
from broker.core.duties import carried_on
from broker.core.grants import stage as stage_now
from broker.core.ids import Issuer, PersonId
from broker.core.outcome import Reason
from broker.core.rows import Committee, Grant, IdentityLink, Person, Report, Revocation, Role
from broker.core.rows.obligations import Obligation
from broker.core.rows.reports import Told
from broker.core.time import Seconds, add_months
from broker.flows.decide_request import NotPossible
from broker.flows.deliver import still_permitted
from broker.flows.grants.desk import Held, at_grant, ending, own, waiting
from broker.flows.grants.end import close, stop
from broker.flows.grants.renew import ask_renewal, decline, extend
from broker.flows.revoke import revoke
from broker.flows.use_data import Refused, Ticket, ask
from tests import builders as b
from tests.fakes import START
from tests.flows.test_use_and_deliver import opened
from tests.flows.worlds import MEI, PIA, Stage, caller, stage

DAY = 86_400
TOLD = Told(summary="We found why.", publications=("doi:10.1/x",))
GONE = replace(TOLD, destroyed="All copies, on the 3rd, by shredding.")
LEE = Person(id=PersonId("usr_lee"), log_key="dd" * 32, created=START)


def seat(role: str, scope: str = f"committee:{b.DAC}") -> Role:
    return Role(id=f"s-{role}", role=role, scope=scope, iss=b.HOME, sub="mei")


def mei(role: str = "committee_member", scope: str = f"committee:{b.DAC}") -> Any:
    return caller(MEI, roles=(seat(role, scope),), ends=Seconds(START + 10**9))


MEMBER = mei()
WHO = {
    "member": MEMBER,
    "chair": mei("committee_chair"),
    "handler": mei("handler"),
    "custodian": mei("custodian", f"dataset:{b.HEART}"),
    "admin": mei("admin", "service"),
    "auditor": mei("auditor", "service"),
    "elsewhere": mei(scope="committee:https://other.example"),
    "nobody": caller(LEE),
    "participant": caller(PIA),
}
ada = caller(ends=Seconds(START + 10**9))


def here(s: Stage) -> GrantStage:
    found = s.live.current().get(Grant, b.GRANT)
    assert found is not None
    return stage_now(found, s.live.current(), s.clock.now())


async def used(s: Stage) -> str | None:
    """The code that refuses a use by Ada now; None: it is permitted."""
    done = await ask(s.world, ada, b.ONE)
    if isinstance(done, Ticket):
        return None
    assert isinstance(done, Refused)
    return done.decision.reasons[0].code


@pytest.mark.row("WF-GRANT-SUSPEND")
async def test_a_suspension_cuts_what_runs_and_a_resumption_lets_it_go_on() -> None:
    s = stage()
    running = await opened(s)
    done = await stop(s.world, MEMBER, b.GRANT, GrantCommand.SUSPEND, "An incident.")
    assert isinstance(done, Revocation)
    assert not still_permitted(running, s.live.current(), s.clock.now())
    assert (await used(s), here(s)) == ("AUTH-GRANT-SUSPENDED", GrantStage.SUSPENDED)
    s.clock.advance(5)
    assert isinstance(await stop(s.world, MEMBER, b.GRANT, GrantCommand.RESUME, "It was none."), Revocation)
    assert (await used(s), here(s)) == (None, GrantStage.ACTIVE)
    s.clock.advance(5)
    await stop(s.world, MEMBER, b.GRANT, GrantCommand.SUSPEND, "Another.")
    assert await used(s) == "AUTH-GRANT-SUSPENDED"
    await stop(s.world, MEMBER, b.GRANT, GrantCommand.REVOKE, "Misuse.")
    assert (await used(s), here(s)) == ("AUTH-GRANT-REVOKED", GrantStage.REVOKED)
    kinds = [kind for kind in s.kinds() if kind.startswith("grant.")]
    assert kinds == ["grant.suspended", "grant.resumed", "grant.suspended", "grant.revoked"]


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("member", {"suspend", "revoke"}),
        ("chair", {"suspend", "revoke"}),
        ("admin", {"suspend", "revoke"}),
        ("custodian", {"suspend"}),
        ("handler", set()),
        ("auditor", set()),
        ("elsewhere", set()),
        ("nobody", set()),
        ("participant", set()),
    ],
)
@pytest.mark.row("WF-GRANT-SUSPEND")
async def test_who_stops_a_grant(who: str, may: set[str]) -> None:
    for command in (GrantCommand.SUSPEND, GrantCommand.REVOKE):
        s = stage()
        done = await stop(s.world, WHO[who], b.GRANT, command, "So.")
        assert isinstance(done, Revocation) is (command.value in may)
        assert (await used(s) is not None) is (command.value in may)
    sees = at_grant(WHO[who], b.GRANT, GrantCommand.SEE, stage().live.current(), START)
    assert isinstance(sees, Held) is (who not in ("elsewhere", "nobody", "participant"))


@pytest.mark.row("WF-GRANT-OWN")
async def test_nobody_decides_about_their_own_grant_under_any_identity() -> None:
    link = IdentityLink(
        id="lnk", persons=(b.ADA, MEI.id), identities=((b.HOME, "ada"), (Issuer(b.HOME), "mei")), since=START,
    )  # fmt: skip
    everything = tuple(one.roles[0] for one in WHO.values() if one.roles)
    for who, more in ((caller(roles=everything), ()), (caller(MEI, roles=everything, grants=(b.GRANT,)), (link,))):
        s = stage(*more)
        for command in (GrantCommand.SUSPEND, GrantCommand.REVOKE, GrantCommand.RESUME):
            assert await stop(s.world, who, b.GRANT, command, "So.") == Reason(code="REQ-OWN")
        await ask_renewal(s.world, ada, b.GRANT, 6, TOLD)
        assert await extend(s.world, who, b.GRANT, "So.", {}) == Reason(code="REQ-OWN")
        assert await decline(s.world, who, b.GRANT, "So.") == Reason(code="REQ-OWN")


@pytest.mark.row("WF-GRANT-END")
async def test_a_grant_ends_by_itself_and_no_row_is_written_for_it() -> None:
    s = stage()
    grant = s.live.current().get(Grant, b.GRANT)
    assert grant is not None
    s.clock.advance(grant.ends - START - 60 * DAY)
    assert here(s) is GrantStage.EXPIRING
    s.clock.advance(60 * DAY - 1)
    assert here(s) in USED
    s.clock.advance(1)
    assert here(s) is GrantStage.EXPIRED
    assert await used(s) == "AUTH-GRANT-ENDED"
    assert not [kind for kind in s.kinds() if kind.startswith("grant.")]


@pytest.mark.row("WF-GRANT-RENEW")
async def test_a_renewal_is_a_report_an_answer_and_every_gate_again() -> None:
    s = stage()
    before = s.live.current().get(Grant, b.GRANT)
    assert before is not None
    s.clock.advance(before.ends - START - 10 * DAY)
    asked = await ask_renewal(s.world, ada, b.GRANT, 6, TOLD)
    assert isinstance(asked, Report)
    assert [one.grant.id for one in waiting(MEMBER, s.live.current(), s.clock.now())] == [b.GRANT]
    again = await ask_renewal(s.world, ada, b.GRANT, 6, TOLD)
    assert again == Reason(code="REQ-STATE", facts=(("state", "a renewal waits for its answer"),))
    s.clock.advance(20 * DAY)
    assert await used(s) == "AUTH-GRANT-ENDED", "silence is no yes"
    done = await extend(s.world, MEMBER, b.GRANT, "Well done.", {})
    assert isinstance(done, Report), done
    after = s.live.current().get(Grant, b.GRANT)
    assert after is not None
    assert after.ends == add_months(s.clock.now(), 6)
    assert str(after.ends) in after.document, "the signed permission says the new end"
    assert (await used(s), here(s)) == (None, GrantStage.ACTIVE)
    assert (done.answer, done.answered_by, done.decision) == (
        "extended",
        MEI.id,
        s.ledger.entries[-2].about["decision"],
    )
    assert not waiting(MEMBER, s.live.current(), s.clock.now())


@pytest.mark.row("WF-GRANT-RENEW")
async def test_what_a_gate_forbids_by_now_no_committee_extends() -> None:
    s = stage()
    await ask_renewal(s.world, ada, b.GRANT, 6, TOLD)
    late = Obligation(id="r.1", cls="account", text="t", holder="researcher", due=Seconds(START - 1))
    held = s.live.current().get(Grant, b.GRANT)
    assert held is not None
    s.ledger.rows["grant", b.GRANT] = owing = replace(held, version=held.version + 1, obligations=(late,))
    s.live.committed([owing], 99)
    done = await extend(s.world, MEMBER, b.GRANT, "Never mind.", {})
    assert isinstance(done, NotPossible)
    assert [one.code for one in done.decision.reasons] == ["OPS-DUTY-OVERDUE"]
    kept = s.live.current().get(Grant, b.GRANT)
    assert kept is not None
    assert kept.ends == held.ends
    assert len(waiting(MEMBER, s.live.current(), START)) == 1, "it waits still"


@pytest.mark.row("WF-GRANT-RENEW")
async def test_a_time_limit_of_the_codes_counts_from_the_beginning() -> None:
    """TS 24: two renewals of a year do not make three years."""
    limited = b.dataset(duo=(*b.dataset().duo, *b.codes({"code": "DUO:0000025", "months": 24})), grant_months=18)
    s = stage(dataset=limited)
    grant = s.live.current().get(Grant, b.GRANT)
    assert grant is not None
    latest = add_months(grant.begins, 24)
    s.clock.advance(grant.ends - START - 1)
    for _ in range(2):
        await ask_renewal(s.world, ada, b.GRANT, 18, TOLD)
        done = await extend(s.world, MEMBER, b.GRANT, "Go on.", {})
        s.clock.advance(30 * DAY)
    found = s.live.current().get(Grant, b.GRANT)
    assert found is not None
    assert found.ends <= latest
    assert isinstance(done, Reason)
    assert done.code == "GRANT-NO-LONGER"


@pytest.mark.row("WF-GRANT-RENEW")
async def test_of_a_committee_that_votes_the_chair_answers() -> None:
    votes = Committee(id=b.DAC, name="C", contact="dac@bank.example", voters=("bank",), quorum=2)
    s = stage(committee=votes)
    await ask_renewal(s.world, ada, b.GRANT, 6, TOLD)
    for who, code in (("member", "REQ-NOT-YOUR-PART"), ("handler", "REQ-NOT-YOUR-PART"), ("nobody", "REQ-NOT-FOUND")):
        for done in (
            await extend(s.world, WHO[who], b.GRANT, "Yes.", {}),
            await decline(s.world, WHO[who], b.GRANT, "N"),
        ):
            assert isinstance(done, Reason)
            assert done.code == code
    done = await decline(s.world, WHO["chair"], b.GRANT, "Nothing came of it.")
    assert isinstance(done, Report)
    assert (done.answer, s.kinds()[-1], await used(s)) == ("declined", "grant.renewal_declined", None)
    assert await decline(s.world, WHO["chair"], b.GRANT, "So.") == Reason(
        code="REQ-STATE", facts=(("state", "no renewal waits"),)
    )


@pytest.mark.parametrize(
    ("months", "told"), [(0, TOLD), (121, TOLD), (-1, TOLD), (6, replace(TOLD, summary=" "))], ids=str
)
async def test_a_renewal_says_for_how_long_and_what_was_done(months: int, told: Told) -> None:
    s = stage()
    done = await ask_renewal(s.world, ada, b.GRANT, months, told)
    assert isinstance(done, Reason)
    assert (done.code, s.kinds()) == ("REQ-INVALID", [])


async def test_a_declared_grant_is_renewed_where_it_is_declared() -> None:
    s = stage(grant=b.grant(request=""))
    done = await ask_renewal(s.world, ada, b.GRANT, 6, TOLD)
    assert done == Reason(code="REQ-STATE", facts=(("state", "declared in a catalogue"),))


@pytest.mark.row("WF-GRANT-CLOSE")
@pytest.mark.parametrize("before", ["active", "suspended", "expired", "revoked"])
async def test_a_holder_closes_with_an_attestation_and_for_good(before: str) -> None:
    s = stage()
    if before == "suspended":
        await stop(s.world, MEMBER, b.GRANT, GrantCommand.SUSPEND, "So.")
    if before == "revoked":
        await revoke(s.world, MEMBER, "grant", str(b.GRANT), "So.")
    grant = s.live.current().get(Grant, b.GRANT)
    assert grant is not None
    if before == "expired":
        s.clock.advance(grant.ends - START)
    assert here(s).value == before
    done = await close(s.world, ada, b.GRANT, TOLD)
    assert isinstance(done, Reason), "without the attestation it is none"
    assert await close(s.world, MEMBER, b.GRANT, GONE) == Reason(code="REQ-NOT-YOUR-PART", facts=(("step", "close"),))
    assert isinstance(await close(s.world, ada, b.GRANT, GONE), Held)
    assert here(s) is GrantStage.CLOSED
    assert s.kinds()[-1] == "grant.closed"
    assert await used(s) is not None
    assert s.live.current().reports(b.GRANT)[-1].told.destroyed == GONE.destroyed
    for command in (GrantCommand.RESUME, GrantCommand.REVOKE, GrantCommand.SUSPEND):
        again = await stop(s.world, MEMBER, b.GRANT, command, "So.")
        assert again == Reason(code="REQ-STATE", facts=(("state", "closed"),))
    assert await close(s.world, ada, b.GRANT, GONE) == Reason(code="REQ-STATE", facts=(("state", "closed"),))


@pytest.mark.row("WF-GRANT-CLOSE")
async def test_a_closing_cuts_what_runs_and_takes_a_waiting_renewal_back() -> None:
    s = stage()
    running = await opened(s)
    await ask_renewal(s.world, ada, b.GRANT, 6, TOLD)
    await close(s.world, ada, b.GRANT, GONE)
    assert not still_permitted(running, s.live.current(), s.clock.now())
    assert not waiting(MEMBER, s.live.current(), s.clock.now())
    assert [one.answer for one in s.live.current().reports(b.GRANT)] == ["withdrawn", None]


COMMANDS = st.lists(
    st.tuples(st.sampled_from(["suspend", "resume", "revoke", "close", "renew", "extend", "wait"]), st.integers(1, 90)),
    max_size=8,
)


@settings(max_examples=40)
@given(COMMANDS)
@pytest.mark.row("WF-GRANT-END")
@pytest.mark.row("WF-I5")
async def test_whatever_is_done_the_stage_follows_the_table_and_use_follows_the_stage(
    commands: list[tuple[str, int]],
) -> None:
    """I1 and I5: after every step, a use is permitted exactly in the stages of use."""
    s = stage()
    for name, days in commands:
        before = here(s)
        s.clock.advance(days * DAY if name == "wait" else 1)
        by_time = here(s)
        done: Any = None
        if name in ("suspend", "resume", "revoke"):
            done = await stop(s.world, MEMBER, b.GRANT, GrantCommand(name), "So.")  # type: ignore[arg-type]
        elif name == "close":
            done = await close(s.world, ada, b.GRANT, GONE)
        elif name == "renew":
            await ask_renewal(s.world, ada, b.GRANT, 6, TOLD)
        elif name == "extend":
            done = await extend(s.world, MEMBER, b.GRANT, "So.", {})
        after = here(s)
        happened = done is not None and not isinstance(done, Reason | NotPossible)
        target = GRANT_TRANSITIONS[by_time].get(GrantCommand(name)) if name != "wait" and happened else by_time
        assert target is not None, (before, name)
        later = {target, *GRANT_TRANSITIONS[target].values()} if target is GrantStage.ACTIVE else {target}
        assert after in later | ({GrantStage.EXPIRED} if target is GrantStage.ACTIVE else set()), (before, name, after)
        assert (await used(s) is None) is (after in USED), (name, after)


async def test_the_calendar_shows_what_ends_soon_to_who_sits_there_and_to_nobody_else() -> None:
    s = stage()
    grant = s.live.current().get(Grant, b.GRANT)
    assert grant is not None
    at = Seconds(grant.ends - 30 * DAY)
    for who in ("member", "chair", "handler"):
        assert [one.grant.id for one in ending(WHO[who], s.live.current(), at)] == [b.GRANT]
    for who in ("custodian", "elsewhere", "nobody", "participant"):
        assert not ending(WHO[who], s.live.current(), at)
    assert not ending(MEMBER, s.live.current(), Seconds(grant.ends - 100 * DAY))
    assert not ending(MEMBER, s.live.current(), grant.ends)
    await stop(s.world, MEMBER, b.GRANT, GrantCommand.REVOKE, "So.")
    assert not ending(MEMBER, s.live.current(), at)


async def test_a_holder_sees_their_grants_as_far_as_the_program_was_shown_them() -> None:
    s = stage()
    assert [one.grant.id for one in own(ada, s.live.current(), START)] == [b.GRANT]
    unshown = caller(grants=())
    assert not own(unshown, s.live.current(), START)
    assert at_grant(unshown, b.GRANT, GrantCommand.SEE, s.live.current(), START) == Reason(code="REQ-NOT-FOUND")


def test_what_was_recorded_of_a_duty_is_kept_when_a_grant_is_extended() -> None:
    duty = Obligation(id="a.1", cls="account", text="t", holder="researcher", due=Seconds(10))
    done, keep = replace(duty, at=Seconds(5), by=MEI.id, proof="p"), replace(duty, id="keep", due=None)
    new = (replace(duty, due=Seconds(99)), replace(duty, id="a.2", due=Seconds(200)), keep)
    assert carried_on((done, keep), new) == (done, keep, new[1])
    assert carried_on((duty,), new)[0].due == 99, "a duty that counts from the end moves with it"
    assert carried_on((replace(duty, id="gone"),), ())[0].id == "gone", "what was owed stays owed"
