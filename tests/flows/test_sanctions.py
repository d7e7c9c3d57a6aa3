"""The ladder of sanctions: which step follows which, who takes it, who lifts it, and what ends with it."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.ids import PersonId
from broker.core.outcome import Reason
from broker.core.rows import IdentityLink, Person, Role, Sanction
from broker.core.time import Seconds
from broker.flows.administer import OPERATOR, Actor
from broker.flows.sanctions import Wanted, impose, lift, may_read
from broker.flows.use_data import Refused, Ticket, ask
from broker.ports import LedgerDownError
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import ADA, MEI, Stage, caller, stage

OLGA = Person(id=PersonId("usr_olga"), log_key="dd" * 32, created=START)


def role(name: str, scope: str = "service") -> Role:
    return Role(id=f"r-{name}", role=name, scope=scope, iss=b.HOME, sub="x")


ADMIN = Actor(person=MEI, roles=(role("admin"),))
LAWYER = Actor(person=OLGA, roles=(role("legal_officer"),))
WARN = Wanted(
    case=None, step="warn", kind="person", whom=str(b.ADA), ground="Shared an account.",
    ends=Seconds(START + b.YEAR), appeal="appeals@bank.example, within 30 days",
)  # fmt: skip


async def take(s: Stage, **changes: Any) -> Sanction:
    done = await impose(s.world, ADMIN, replace(WARN, **changes))
    assert isinstance(done, Sanction)
    return done


@pytest.mark.row("WHO-3.3-4")
async def test_the_whole_ladder_with_an_entry_for_each_step() -> None:
    s = stage()
    case = (await take(s)).case
    assert isinstance(await ask(s.world, caller(), b.ONE), Ticket), "a warning takes nothing away"
    await take(s, case=case, step="suspend_person")
    refused = await ask(s.world, caller(), b.ONE)
    assert isinstance(refused, Refused)
    assert refused.decision.reasons[0].code == "OPS-RECIPIENT-SUSPENDED"
    await take(s, case=case, step="suspend_institution", kind="organisation", whom="rhine")
    await take(s, case=case, step="publish")
    await take(s, case=case, step="notify_funder")
    assert s.kinds().count("sanction.imposed") == 5


@pytest.mark.row("WHO-3.3-4")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"step": "suspend_person"}, "warn comes first"),
        ({"step": "notify_funder"}, "warn comes first"),
        ({"step": "suspend_institution"}, "suspend_institution is for organisation"),
        ({"step": "suspend_person", "kind": "organisation", "whom": "rhine"}, "suspend_person is for person"),
        ({"ends": START}, "before it begins"),
    ],
)
async def test_a_step_out_of_order_or_without_length_is_refused(changes: dict[str, Any], problem: str) -> None:
    s = stage()
    done = await impose(s.world, ADMIN, replace(WARN, **changes))
    assert isinstance(done, Reason)
    assert problem in dict(done.facts)["problem"]
    assert s.kinds() == []


async def test_what_cannot_wait_skips_milder_steps_and_says_so() -> None:
    s = stage()
    assert (await take(s, step="suspend_person", urgent=True)).suspends


@pytest.mark.parametrize("changes", [{"whom": "usr_nobody"}, {"case": "cas_9"}])
async def test_nobody_unknown_is_sanctioned_and_no_case_is_invented(changes: dict[str, Any]) -> None:
    s = stage()
    assert await impose(s.world, ADMIN, replace(WARN, **changes)) == Reason(code="REQ-NOT-FOUND")


@pytest.mark.parametrize(
    "who",
    [
        Actor(person=MEI, roles=(role("committee_member"), role("auditor"))),
        Actor(person=MEI, roles=(role("admin", "dataset:x"),)),
        Actor(client="bot", roles=(role("admin"),)),  # type: ignore[arg-type]
        Actor(),
    ],
    ids=["another role", "another scope", "a service", "nobody"],
)
async def test_who_may_not_neither_imposes_nor_lifts(who: Actor) -> None:
    s = stage()
    done = await impose(s.world, who, WARN)
    assert isinstance(done, Reason)
    assert done.code == "AUTH-NOT-YOURS"
    held = await take(s)
    assert isinstance(await lift(s.world, who, held.id, "Why not."), Reason)
    assert s.kinds() == ["sanction.imposed"]


@pytest.mark.row("WHO-3.3-4")
async def test_two_people_in_two_roles_lift_it_and_access_is_back() -> None:
    s = stage()
    held = await take(s, step="suspend_person", urgent=True)
    first = await lift(s.world, ADMIN, held.id, "Settled.")
    assert isinstance(first, Sanction)
    assert isinstance(await ask(s.world, caller(), b.ONE), Refused), "one is not enough"
    second = await lift(s.world, LAWYER, held.id, "Agreed.")
    assert isinstance(second, Sanction)
    assert not second.holds(s.clock.now())
    assert isinstance(await ask(s.world, caller(), b.ONE), Ticket)
    assert await lift(s.world, LAWYER, held.id, "Again.") == Reason(
        code="REQ-STATE", facts=(("state", "lifted already"),)
    )
    assert s.kinds().count("sanction.lift") == 2


BOTH = Actor(person=MEI, roles=(role("admin"), role("legal_officer")))
LINKED = IdentityLink(
    id="lnk_1", persons=(b.MEI, OLGA.id), identities=((b.HOME, "mei"), (b.HOME, "olga")), since=START
)  # fmt: skip


@pytest.mark.row("WHO-3.3-4")
@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (BOTH, BOTH, "SANCTION-TWO-ROLES"),
        (ADMIN, Actor(person=OLGA, roles=(role("admin"),)), "SANCTION-TWO-ROLES"),
        (OPERATOR, OPERATOR, "SANCTION-TWO-ROLES"),
        (OPERATOR, ADMIN, None),
        (ADMIN, Actor(person=OLGA, roles=(role("admin"), role("legal_officer"))), None),
    ],
    ids=["one person, two roles", "two people, one role", "the operator twice", "operator and admin", "the other role"],
)
async def test_one_person_or_one_role_is_not_enough(first: Actor, second: Actor, code: str | None) -> None:
    s = stage()
    held = await take(s, step="suspend_person", urgent=True)
    assert isinstance(await lift(s.world, first, held.id, "One."), Sanction)
    done = await lift(s.world, second, held.id, "Two.")
    assert (done.code if isinstance(done, Reason) else None) == code


async def test_nobody_lifts_their_own_sanction_under_another_name_either() -> None:
    s = stage()
    held = await take(s, step="suspend_person", urgent=True, whom=str(b.MEI))
    assert await lift(s.world, ADMIN, held.id, "Mine.") == Reason(code="REQ-OWN")
    assert isinstance(await lift(s.world, LAWYER, held.id, "Hers."), Sanction)


@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_no_record_no_sanction(breaks: Any) -> None:
    s = stage()
    s.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await impose(s.world, ADMIN, WARN)
    assert not s.live.current().sanctions("person", str(b.ADA))


def test_who_may_read() -> None:
    auditor = Actor(person=ADA, roles=(role("auditor"),))
    assert [may_read(who) for who in (ADMIN, LAWYER, auditor, OPERATOR, Actor(person=ADA))] == [True] * 4 + [False]
