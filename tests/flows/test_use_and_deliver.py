"""From the question to the bytes: tickets, deliveries, withdrawals and revocations, and every way to break them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from broker.core.ids import DatasetId, ObjectId
from broker.core.outcome import Reason
from broker.core.ranges import Span
from broker.core.rows import Access, ConsentRow, Delivery, Put, Revocation, changed
from broker.core.snapshot import follow
from broker.core.time import Seconds
from broker.flows.deliver import Opened, close_delivery, close_left_open, open_delivery, show, still_permitted
from broker.flows.revoke import revoke
from broker.flows.use_data import Refused, Ticket, ask
from broker.flows.use_many import ask_each
from broker.flows.withdraw_consent import Withdrawn, withdraw
from broker.ports import LedgerDownError
from tests import builders as b
from tests.fakes import START, MemoryRows, R
from tests.flows.worlds import MEI, PIA, ROLE, Stage, caller, stage

ADMIN = replace(ROLE, role="admin", scope="service")


async def ticket(s: Stage, **changes: Any) -> Ticket:
    found = await ask(s.world, caller(**changes), b.ONE)
    assert isinstance(found, Ticket)
    return found


async def opened(s: Stage) -> Opened:
    found = await open_delivery(s.world, (await ticket(s)).access.id, b.ONE, [Span(0, 9)])
    assert isinstance(found, Opened)
    return found


@pytest.mark.row("WHO-3.8-4b")
async def test_the_story_of_one_download() -> None:
    s = stage()
    delivery = await opened(s)
    assert s.kinds() == ["access.permitted", "download.authorised"]
    assert s.ledger.rows["delivery", delivery.delivery.id] == delivery.delivery
    await close_delivery(s.world, delivery, "complete", 10)
    assert s.kinds()[-1] == "download.end"
    assert s.ledger.entries[-1].about["sent"] == 10


@pytest.mark.row("WHO-3.8-4b")
async def test_a_refusal_is_on_record_and_says_why() -> None:
    s = stage()
    found = await ask(s.world, caller(grants=()), b.ONE)
    assert isinstance(found, Refused)
    assert found.explanation.reasons[0].code == "AUTH-NO-GRANT"
    assert s.kinds() == ["access.refused"]


async def test_an_unknown_object_is_not_there() -> None:
    assert await ask(stage().world, caller(), ObjectId("no-such")) == Reason(code="REQ-NOT-FOUND")


async def test_hidden_data_are_not_there_for_who_holds_no_grant() -> None:
    s = stage(dataset=b.dataset(existence="hidden"))
    assert await ask(s.world, caller(grants=()), b.ONE) == Reason(code="REQ-NOT-FOUND")
    assert s.kinds() == ["access.refused"], "the auditor still sees it"
    assert isinstance(await ask(s.world, caller(), b.ONE), Ticket)


@pytest.mark.row("DR4", "T089")
async def test_an_object_that_is_named_twice_is_judged_and_recorded_once() -> None:
    s = stage()
    found = await ask_each(s.world, caller(), [b.ONE, b.TWO, b.ONE, b.ONE])
    assert list(found) == [b.ONE, b.TWO]
    assert [entry.about["object"] for entry in s.ledger.entries] == [b.ONE, b.TWO]


async def test_a_ticket_ends_with_what_it_rests_on() -> None:
    s = stage()
    assert (await ticket(s)).access.expires == START + 3600
    assert (await ticket(s, ends=Seconds(START + 50))).access.expires == START + 50


@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_no_record_no_ticket_and_no_bytes(breaks: Any) -> None:
    s = stage()
    held = await ticket(s)
    s.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await open_delivery(s.world, held.access.id, b.ONE, [Span(0, 9)])
    fresh = stage()
    fresh.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await ask(fresh.world, caller(), b.ONE)


async def test_a_ticket_opens_its_own_object_only() -> None:
    s = stage()
    held = await ticket(s)
    assert await show(s.world, held.access.id, b.TWO) == Reason(code="AUTH-TICKET-INVALID")
    assert await show(s.world, "acc_no", b.ONE) == Reason(code="AUTH-TICKET-INVALID")


async def test_a_ticket_is_for_the_dataset_in_which_its_object_was() -> None:
    s = stage()
    running = await opened(s)
    now, there = s.world.clock.now(), s.world.snapshots.current()
    assert still_permitted(running, there, now)
    moved = b.drs_object(dataset=DatasetId("https://bank.example/datasets/lungs"))
    assert not still_permitted(running, follow(there, [moved]), now)
    await s.ledger.record(
        s.world.entry("catalogue.applied", now, None, {}), Put(changed(b.drs_object(), dataset=moved.dataset))
    )
    assert await show(s.world, running.access.id, b.ONE) == Reason(code="AUTH-TICKET-INVALID")


async def test_a_ticket_is_dead_in_the_second_in_which_it_ends() -> None:
    s = stage()
    held = await ticket(s)
    s.clock.advance(3599)
    assert not isinstance(await show(s.world, held.access.id, b.ONE), Reason)
    s.clock.advance(1)
    assert await show(s.world, held.access.id, b.ONE) == Reason(code="AUTH-TICKET-EXPIRED")


@pytest.mark.row("WHO-3.1-0a")
@pytest.mark.row("WHO-3.1-2")
async def test_a_withdrawal_stops_what_runs_and_what_comes() -> None:
    s = stage()
    running = await opened(s)
    assert still_permitted(running, s.live.current(), START)
    done = await withdraw(s.world, caller(PIA), "no_further_use")
    assert isinstance(done, Withdrawn)
    assert s.kinds()[-2:] == ["consent.withdrawn", "consent.told"]
    assert not still_permitted(running, s.live.current(), START)
    again = await open_delivery(s.world, running.access.id, b.ONE, [Span(0, 9)])
    assert isinstance(again, Refused)
    assert [reason.code for reason in again.explanation.reasons] == ["CON-LEFT-OUT"]
    assert s.kinds()[-1] == "download.refused"


async def test_a_withdrawal_is_a_new_version_and_the_old_one_stays() -> None:
    s = stage()
    await withdraw(s.world, caller(PIA), "no_further_use")
    kept = [row for row in s.ledger.rows.values() if isinstance(row, ConsentRow) and row.consent.subject_ref == b.PIA]
    assert [(row.consent.version, row.consent.status) for row in kept] == [(1, "active"), (2, "withdrawn")]


async def test_no_further_contact_changes_nothing_in_use() -> None:
    s = stage()
    await withdraw(s.world, caller(PIA), "no_further_contact")
    assert isinstance(await ask(s.world, caller(), b.ONE), Ticket)


async def test_only_a_participant_withdraws() -> None:
    found = await withdraw(stage().world, caller(), "no_further_use")
    assert isinstance(found, Reason)
    assert found.code == "AUTH-NOT-YOURS"


@pytest.mark.parametrize(
    ("what", "value"),
    [("grant", str(b.GRANT)), ("session", "ses"), ("family", "fam"), ("person", str(b.ADA)), ("access", None)],
)
@pytest.mark.row("WHO-3.8-3")
async def test_what_is_revoked_stops_running_downloads_at_once(what: Any, value: str | None) -> None:
    s = stage()
    running = await opened(s)
    done = await revoke(s.world, caller(MEI, roles=(ADMIN,)), what, value or running.access.id, "Test.")
    assert isinstance(done, Revocation)
    assert not still_permitted(running, s.live.current(), START)


async def test_who_may_not_revoke_does_not() -> None:
    s = stage()
    for who in (caller(), caller(PIA), caller(MEI, roles=(replace(ROLE, scope="committee:https://other.example"),))):
        found = await revoke(s.world, who, "grant", str(b.GRANT), "No.")
        assert isinstance(found, Reason)
        assert found.code == "AUTH-NOT-YOURS"
    assert isinstance(await revoke(s.world, caller(MEI), "grant", str(b.GRANT), "Misuse."), Revocation)
    assert isinstance(await revoke(s.world, caller(MEI), "session", "ses", "Not theirs."), Reason)


async def test_revoking_twice_is_once() -> None:
    s = stage()
    admin = caller(MEI, roles=(ADMIN,))
    first = await revoke(s.world, admin, "session", "ses", "Lost.")
    s.clock.advance(5)
    assert await revoke(s.world, admin, "session", "ses", "Lost.") == first
    assert s.kinds() == ["revocation.made"]


async def test_deliveries_that_a_crash_left_open_are_closed_as_unknown() -> None:
    s = stage()
    left = await opened(s)
    assert await close_left_open(s.world) == 1
    row = s.ledger.rows["delivery", left.delivery.id]
    assert isinstance(row, Delivery)
    assert (row.state, s.kinds()[-1]) == ("unknown", "download.unknown_end")
    assert await close_left_open(s.world) == 0


class FoundOnly(MemoryRows):
    """Rows of which nobody may go through all."""

    def scan(self, kind: type[R]) -> AsyncIterator[R]:
        raise AssertionError(f"it goes through every {kind.KIND} that there ever was")

    def find(self, kind: type[R], member: str, value: str) -> AsyncIterator[R]:
        return MemoryRows(self.ledger).find(kind, member, value)


@pytest.mark.row("START1")
async def test_a_start_goes_through_no_delivery_that_has_ended() -> None:
    s = stage()
    await opened(s)
    assert await close_left_open(replace(s.world, rows=FoundOnly(s.ledger))) == 1


async def test_the_access_keeps_what_the_credentials_showed() -> None:
    s = stage()
    held = await ticket(s)
    stored = s.ledger.rows["access", held.access.id]
    assert isinstance(stored, Access)
    assert (stored.grant, stored.location, stored.affiliations) == (b.GRANT, "DE", ("faculty@rhine.example",))
