"""Another broker's Passports: what they open, for whom, until when, and what is said of visas that did not count."""

from dataclasses import replace
from typing import Any

import pytest

from broker.adapters.jose import public_jwk
from broker.core.decision import evaluate
from broker.core.outcome import Reason
from broker.core.passport.keys import thumbprint
from broker.core.passport.left_out import MOST
from broker.core.rows import Access, Delivery, Revocation, Trace, VisaIssuer, changed
from broker.flows.authenticate import by_passports
from broker.flows.deliver import Opened, show, still_permitted
from broker.flows.use_data import Refused, Ticket, ask, question_of
from broker.flows.world import Caller
from tests import builders as b
from tests.core.passport.visa_builders import BROKER_JKU, JKU, KEYS, NOW, OTHER_EC, visa_token
from tests.fakes import MemoryIssuerHealth
from tests.flows.foreign import BROKER, ISSUER, StaticKeys, heart, passport, role, rows, verifier
from tests.flows.worlds import Stage, stage


async def caller(s: Stage, *passports: str, **how: Any) -> Caller:
    found = await by_passports(s.world, verifier(**how), passports)
    assert isinstance(found, Caller), found
    return found


def trace(s: Stage) -> dict[str, Any]:
    (kept,) = [row for row in s.ledger.rows.values() if isinstance(row, Trace)]
    return dict(kept.body)


async def test_a_trusted_grant_and_role_open_the_data() -> None:
    s = stage(*rows())
    who = replace(await caller(s, passport(heart(), role())), location="DE")
    found = await ask(s.world, who, b.ONE)
    assert isinstance(found, Ticket), found.explanation.reasons if isinstance(found, Refused) else found
    assert found.access.expires == NOW + 3000, "the Passport's end"
    assert (found.access.grant or "").startswith(f"visa:{ISSUER} ")


@pytest.mark.row("T037")
async def test_without_a_broker_that_vouches_a_visa_of_somebody_else_opens_nothing() -> None:
    s = stage(*rows(broker={"vouches": False}))
    found = await ask(s.world, await caller(s, passport(heart(), role())), b.ONE)
    assert isinstance(found, Refused)
    assert [one.reason.code for one in found.left_out] == ["VISA-IDENTITY", "VISA-IDENTITY"]


async def test_a_broker_that_vouches_no_longer_takes_running_accesses_along() -> None:
    s = stage(*rows())
    who = replace(await caller(s, passport(heart(), role())), location="DE")
    found = await ask(s.world, who, b.ONE)
    assert isinstance(found, Ticket)
    row = s.live.current().get(VisaIssuer, BROKER)
    assert row is not None
    s.live.committed([changed(row, trust=replace(row.trust, vouches=False))])
    assert isinstance(await show(s.world, found.access.id, b.ONE), Refused)


BAD: list[tuple[str, str, str]] = [
    ("expired", heart(iat=NOW - 900, exp=NOW - 600), "VISA-EXPIRED"),
    ("of a stranger", heart(iss="https://stranger.example/"), "VISA-ISSUER-UNTRUSTED"),
    ("no token", "x.y.z", "VISA-MALFORMED"),
    ("signed by somebody else", visa_token(visa={"value": b.HEART}, key=OTHER_EC), "VISA-SIGNATURE"),
    ("for another dataset", visa_token(visa={"source": b.DAC}), "VISA-VALUE-UNTRUSTED"),
    ("by nobody in particular", visa_token(visa={"value": b.HEART, "by": "self"}), "VISA-BY"),
]


@pytest.mark.row("C10", "C11", "T044")
@pytest.mark.parametrize(("bad", "code"), [(bad, code) for _, bad, code in BAD], ids=[what for what, _, _ in BAD])
async def test_a_bad_visa_is_left_out_hinders_nobody_and_is_named_in_the_trace(bad: str, code: str) -> None:
    s = stage(*rows())
    who = replace(await caller(s, passport(heart(), bad, role())), location="DE")
    assert isinstance(await ask(s.world, who, b.ONE), Ticket)
    left_out = trace(s)["left_out"]
    assert left_out["count"] == 1
    assert left_out["visas"][0]["code"] == code
    assert left_out["visas"][0]["sentence"]


@pytest.mark.row("T133")
async def test_nothing_that_only_an_unverified_token_says_is_repeated() -> None:
    s = stage(*rows())
    canary = heart(iss="https://canary.example/", sub="canary", jti="canary")
    found = await ask(
        s.world, await caller(s, passport(canary, visa_token(payload={"sub": "canary"}, key=OTHER_EC))), b.ONE
    )
    assert isinstance(found, Refused)
    assert len(found.left_out) == 2
    assert "canary" not in repr(found.left_out)
    assert "canary" not in repr(trace(s)["left_out"])


async def test_of_many_visas_that_do_not_count_fifty_are_named_and_all_are_counted() -> None:
    s = stage(*rows())
    bad = [heart(iss=f"https://stranger.example/{number}") for number in range(MOST + 10)]
    await ask(s.world, await caller(s, passport(*bad)), b.ONE)
    left_out = trace(s)["left_out"]
    assert left_out["count"] == MOST + 10
    assert len(left_out["visas"]) == MOST


async def test_what_was_left_out_changes_no_decision() -> None:
    s = stage(*rows())
    who = replace(await caller(s, passport(heart(), role(), "x.y.z")), location="DE")
    asked = question_of(who, b.ONE, b.HEART, NOW)
    clean = question_of(replace(who, left_out=()), b.ONE, b.HEART, NOW)
    assert evaluate(asked, s.live.current()) == evaluate(clean, s.live.current())


async def test_operators_see_refused_tokens_by_registered_issuer() -> None:
    s, health = stage(*rows()), MemoryIssuerHealth(issuers=(ISSUER, BROKER))
    await caller(s, passport(heart(), heart(iat=NOW - 900, exp=NOW - 600), heart(iss=ISSUER[:-1])), health=health)
    told = next(report for report in health.reports() if report.iss == ISSUER)
    assert [(one.code, one.count) for one in told.refusals] == [("VISA-EXPIRED", 1), ("VISA-ISSUER-UNTRUSTED", 1)]
    assert told.hints == ("issuer differs by a trailing slash",)
    dead = passport(iat=NOW - 900, exp=NOW - 600)
    assert await by_passports(s.world, verifier(health=health), [dead]) == Reason(code="PASSPORT-EXPIRED")
    told = next(report for report in health.reports() if report.iss == BROKER)
    assert told.last_code == "PASSPORT-EXPIRED"


@pytest.mark.row("C8", "C9", "T019")
@pytest.mark.parametrize(
    "bad",
    [
        heart(iss="https://stranger.example/"),
        visa_token({"jku": "https://stranger.example/jwks"}),
        visa_token({"jku": "https://broker.example/jwks.json"}),
        heart(iat=NOW - 900, exp=NOW - 600),
    ],
)
async def test_for_what_is_refused_unread_no_key_is_asked_for(bad: str) -> None:
    s, keys = stage(*rows()), StaticKeys()
    await caller(s, passport(bad), keys=keys)
    assert [need[0] for need in keys.asked] == [BROKER], "the Passport's own"
    keys.asked.clear()
    strange = await by_passports(s.world, verifier(keys), [passport(bad, iss="https://stranger.example/")])
    assert strange == Reason(code="PASSPORT-ISSUER-UNTRUSTED")
    assert not keys.asked


async def test_an_access_keeps_what_the_broker_vouched_for() -> None:
    s = stage(*rows())
    who = replace(await caller(s, passport(heart(), role())), location="DE")
    found = await ask(s.world, who, b.ONE)
    assert isinstance(found, Ticket)
    kept = s.ledger.rows["access", found.access.id]
    assert isinstance(kept, Access)
    assert kept.vouched is not None
    assert (ISSUER, "alice") in kept.vouched.members


@pytest.mark.row("T029", "T098", "PX4")
@pytest.mark.parametrize("whose", [(ISSUER, JKU), (BROKER, BROKER_JKU)], ids=["the visas'", "the Passport's"])
async def test_an_expelled_key_ends_what_was_let_in_by_it_at_once(whose: tuple[str, str]) -> None:
    s = stage(*rows())
    who = replace(await caller(s, passport(heart(), role())), location="DE")
    found = await ask(s.world, who, b.ONE)
    assert isinstance(found, Ticket)
    row = await s.world.rows.get(Access, found.access.id)
    assert row is not None
    opened = Opened(
        delivery=Delivery(id="d", access=row.id, object=b.ONE, first=0, last=9, started=NOW),
        access=row, object=b.drs_object(), person=who.person, receipt=found.receipt, until=row.expires,
    )  # fmt: skip
    heard: list[bool] = []
    s.live.listen(lambda snapshot: heard.append(still_permitted(opened, snapshot, NOW)))
    key = thumbprint(KEYS[whose][0])
    s.live.committed([Revocation(id=f"key:{key}", since=NOW, ground="Leaked.")])
    assert heard == [False], "in the same turn in which it was recorded"
    assert isinstance(await show(s.world, row.id, b.ONE), Refused)
    again = await by_passports(s.world, verifier(), [passport(heart(), role())])
    if whose == (BROKER, BROKER_JKU):
        assert again == Reason(code="PASSPORT-REVOKED")
        return
    assert isinstance(again, Caller)
    assert isinstance(await ask(s.world, replace(again, location="DE"), b.ONE), Refused)


@pytest.mark.row("T030")
async def test_another_key_under_the_same_name_ends_what_was_believed_of_the_first() -> None:
    s, keys = stage(*rows()), StaticKeys()
    known = verifier(keys)
    token = passport(heart(), role())
    for _ in range(2):
        first = await by_passports(s.world, known, [token])
        assert isinstance(first, Caller)
        assert len(first.visas) == 2
    keys.at[ISSUER, JKU] = (public_jwk(OTHER_EC, "v-1", "ES256"),)
    second = await by_passports(s.world, known, [token])
    assert isinstance(second, Caller)
    assert second.visas == ()
    assert {one.reason.code for one in second.left_out} == {"VISA-SIGNATURE"}
    keys.at[ISSUER, JKU] = ()
    third = await by_passports(s.world, known, [token])
    assert isinstance(third, Caller)
    assert {one.reason.code for one in third.left_out} == {"VISA-KEY-UNKNOWN"}
