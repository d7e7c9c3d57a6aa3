"""A session ends: by its person, by an administrator, by the home provider; and every client hears of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from broker.adapters.outbox import Outbox
from broker.adapters.sealed_rows import RunningLedger
from broker.core.ids import ClientId
from broker.core.oidc.limits import FAREWELL_DELAYS, FAREWELL_LIFE
from broker.core.oidc.logout import EVENT, client_sid, home_sid
from broker.core.outcome import Reason
from broker.core.rows import Client, Family, Farewell, HomeSession, Identity, IdentityProvider, Role, Row, Session
from broker.core.rows.identity import identity_id
from broker.core.time import Seconds
from broker.flows.home_logout import home_logout
from broker.flows.revoke import revoke
from broker.flows.sign_out import sign_out
from broker.flows.tell_clients import tell, waiting
from broker.ports import LedgerDownError, UpstreamError
from broker.state import outbox_of
from tests import builders as b
from tests.fakes import START, FakeMessenger
from tests.flows.oauth import fakes_oauth as oauth
from tests.flows.worlds import ADA, Stage, caller, stage

APP = Client(
    id=ClientId("app"), name="App", auth_method="none", backchannel_logout_uri="https://app.example/logout",
    scopes=("openid",),
)  # fmt: skip
OTHER = replace(APP, id=ClientId("other"), backchannel_logout_uri="https://other.example/logout", id_token_alg="ES256")
DEAF = replace(APP, id=ClientId("deaf"), backchannel_logout_uri=None)
IDP = IdentityProvider(id=b.HOME, slug="home", name="Home", client_id="us", client_secret="x")
ADMIN = Role(id="r9", role="admin", scope="service", iss=b.HOME, sub="mei")


def session(id: str = "ses-1", **changes: Any) -> Session:
    made = Session(
        id=id, person=ADA.id, idp=b.HOME, identities=((b.HOME, "ada"),), auth_time=START, expires=Seconds(START + 9000)
    )
    return replace(made, **changes)


def family(id: str, client: Client, session: str = "ses-1", scope: tuple[str, ...] = ("openid",)) -> Family:
    return Family(
        id=id, client=client.id, person=ADA.id, session=session, scope=scope, released=None, auth_time=START,
        expires=Seconds(START + 9000),
    )  # fmt: skip


def world(*more: Any) -> Stage:
    return stage(
        APP, OTHER, DEAF, session(), family("fam-1", APP), family("fam-2", APP), family("fam-3", OTHER),
        family("fam-4", DEAF), *more,
    )  # fmt: skip


def farewells(s: Stage) -> list[Farewell]:
    return sorted((row for row in s.ledger.rows.values() if isinstance(row, Farewell)), key=lambda row: row.client)


def said(form: Mapping[str, str]) -> Any:
    import json  # noqa: PLC0415

    return json.loads(form["logout_token"])


async def test_every_client_of_a_session_hears_once_of_its_end() -> None:
    s = world()
    await sign_out(s.world, ADA, "ses-1")
    assert [row.client for row in farewells(s)] == ["app", "other"]
    sender = FakeMessenger()
    assert sorted(await waiting(s.world)) == sorted(row.id for row in farewells(s))
    for row in farewells(s):
        assert await tell(s.world, sender, row.id)
        assert await tell(s.world, sender, row.id)
    assert [url for url, _, _ in sender.sent] == ["https://app.example/logout", "https://other.example/logout"]
    first, second = (said(form) for _, form, _ in sender.sent)
    assert (first["use"], first["typ"], second["use"]) == ("oidc-rs256", "logout+jwt", "oidc-es256")
    claims = first["claims"]
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == (b.US, ADA.id, "app")
    assert (claims["sid"], claims["iat"], claims["exp"]) == (client_sid("ses-1", "app"), START, START + 120)
    assert claims["jti"] != second["claims"]["jti"]
    assert s.kinds() == ["session.ended", "logout.told", "logout.told"]
    assert {row.state for row in farewells(s)} == {"heard"}
    assert await waiting(s.world) == []


async def test_the_end_and_what_will_tell_of_it_are_one_record() -> None:
    """A crash in between would leave a client that never hears."""
    s = world()
    s.ledger.breaks = "lost"
    with pytest.raises(Exception, match="nobody knows"):
        await sign_out(s.world, ADA, "ses-1")
    assert farewells(s) == []
    assert isinstance(s.ledger.rows["session", "ses-1"], Session)
    assert s.ledger.rows["session", "ses-1"].ended is None


async def test_signing_out_twice_is_once() -> None:
    s = world()
    await asyncio.gather(*(sign_out(s.world, ADA, "ses-1") for _ in range(5)))
    await sign_out(s.world, ADA, "ses-1")
    await sign_out(s.world, ADA, "no such session")
    assert s.kinds() == ["session.ended"]


@pytest.mark.row("T121")
@pytest.mark.parametrize(("what", "value"), [("session", "ses-1"), ("person", str(ADA.id))])
async def test_who_is_suspended_is_signed_out_at_the_clients_too(what: Any, value: str) -> None:
    s = world(session("ses-2"), family("fam-5", APP, "ses-2"))
    admin = caller(roles=(ADMIN,))
    await revoke(s.world, admin, what, value, "misuse")
    sids = {client_sid("ses-1", "app"), client_sid("ses-1", "other")}
    sids |= {client_sid("ses-2", "app")} if what == "person" else set()
    assert {row.sid for row in farewells(s)} == sids
    await sign_out(s.world, ADA, "ses-1")  # and nobody hears twice
    assert {row.sid for row in farewells(s)} == sids


async def test_nobody_is_told_of_an_end_that_came_by_itself_or_without_an_id_token() -> None:
    s = stage(APP, session(), family("fam-1", APP, scope=("profile",)))
    await sign_out(s.world, ADA, "ses-1")
    assert farewells(s) == []
    s = world()
    s.clock.advance(9000)
    await sign_out(s.world, ADA, "ses-1")
    assert farewells(s) == []


@pytest.mark.parametrize("row", [None, replace(APP, status="suspended"), replace(APP, backchannel_logout_uri=None)])
async def test_a_client_that_cannot_be_told_is_given_up(row: Client | None) -> None:
    s = world()
    await sign_out(s.world, ADA, "ses-1")
    del s.ledger.rows["client", "app"]
    if row is not None:
        s.ledger.rows["client", "app"] = row
    sender = FakeMessenger()
    assert await tell(s.world, sender, farewells(s)[0].id)
    assert sender.sent == []
    assert (farewells(s)[0].state, s.kinds()[-1]) == ("given_up", "logout.untold")


async def test_a_client_is_asked_later_and_later_for_a_day() -> None:
    s = world()
    await sign_out(s.world, ADA, "ses-1")
    sender, slept = FakeMessenger(refuses=10**6), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        s.clock.advance(int(seconds))

    box = Outbox(lambda one: tell(s.world, sender, one), FAREWELL_DELAYS, sleep)
    box.add([farewells(s)[0].id])
    await box.settled()
    assert tuple(slept[:5]) == FAREWELL_DELAYS
    assert set(slept[5:]) == {FAREWELL_DELAYS[-1]}
    assert s.clock.now() >= START + FAREWELL_LIFE > s.clock.now() - FAREWELL_DELAYS[-1]
    assert farewells(s)[0].state == "given_up"
    jtis = [said(form)["claims"]["jti"] for _, form, _ in sender.sent]
    assert len(set(jtis)) == len(jtis)


async def test_one_client_that_does_not_answer_delays_no_other() -> None:
    s = world()
    await sign_out(s.world, ADA, "ses-1")
    gate = asyncio.Event()

    class Slow(FakeMessenger):
        async def send(self, url: str, form: Mapping[str, str], *, internal: bool) -> bool:
            if "app.example" in url:
                await gate.wait()
            return await super().send(url, form, internal=internal)

    sender = Slow()
    box = Outbox(lambda one: tell(s.world, sender, one), (0,))
    box.add(await waiting(s.world))
    while "heard" not in {row.state for row in farewells(s)}:  # noqa: ASYNC110 (turns of the loop, not time)
        await asyncio.sleep(0)
    assert [url for url, _, _ in sender.sent] == ["https://other.example/logout"]
    gate.set()
    await box.settled()
    assert {row.state for row in farewells(s)} == {"heard"}


@pytest.mark.row("F34")
async def test_what_was_not_heard_before_a_restart_is_told_after_it() -> None:
    s = world()
    await sign_out(s.world, ADA, "ses-1")
    forever = asyncio.Event()
    dead = FakeMessenger(refuses=10)
    box = Outbox(lambda one: tell(s.world, dead, one), (0,), lambda _: forever.wait())
    box.add(await waiting(s.world))
    while len(dead.sent) < 2:  # noqa: ASYNC110 (turns of the loop, not time)
        await asyncio.sleep(0)
    await box.close()
    again = FakeMessenger()
    box = Outbox(lambda one: tell(s.world, again, one), (0,))
    box.add(await waiting(s.world))
    await box.settled()
    assert len(again.sent) == 2
    assert {row.state for row in farewells(s)} == {"heard"}


@pytest.mark.row("F34")
async def test_a_broker_that_starts_tells_who_was_not_told_before_it_and_whoever_comes() -> None:
    s, sender, others = world(session("ses-2"), family("fam-5", APP, "ses-2")), FakeMessenger(), list[Row]()
    await sign_out(s.world, ADA, "ses-1")
    s.ledger.on_commit = others.extend
    box = await outbox_of(s.world, cast("RunningLedger", s.ledger), sender)
    await box.settled()
    assert len(sender.sent) == 2, "from before"
    await sign_out(s.world, ADA, "ses-2")
    await box.settled()
    assert len(sender.sent) == 3
    assert {row.state for row in farewells(s)} == {"heard"}
    assert any(isinstance(row, Session) for row in others), "who listened before goes on listening"
    await box.close()


async def test_an_attempt_that_breaks_is_tried_again() -> None:
    tries = list[str]()

    async def attempt(id: str) -> bool:
        tries.append(id)
        if len(tries) == 1:
            raise RuntimeError("nobody foresaw this")
        return True

    box = Outbox(attempt, (0,))
    box.add(["a"])
    box.add(["a"])
    await box.settled()
    assert tries == ["a", "a"]


async def test_every_id_token_of_a_session_names_it_for_its_client_alone() -> None:
    w = oauth.World()
    first = await w.tokens()
    again = await w.post(grant_type="refresh_token", refresh_token=first.refresh_token)
    other = await w.tokens("other")
    sids = [oauth.said(one.id_token or "")["sid"] for one in (first, again, other)]
    assert sids == [client_sid(oauth.SESSION.id, one) for one in ("app", "app", "other")]
    assert sids[0] != sids[2]


# A home provider's message


class Home:
    """A provider whose signature is the prefix `signed.`."""

    def __init__(self, **claims: Any) -> None:
        self.claims = {
            "iss": b.HOME, "aud": "us", "iat": START, "exp": START + 60, "jti": "j1", "events": {EVENT: {}}, "sub": "ada",
        } | claims  # fmt: skip

    async def verified(self, idp: IdentityProvider, token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        del idp
        if token != "signed":
            raise UpstreamError("wrong")
        return {"alg": "RS256", "typ": "logout+jwt"}, {k: v for k, v in self.claims.items() if v is not None}


async def hear(s: Stage, home: Home, form: bytes = b"logout_token=signed") -> int | Reason:
    idps: Any = home
    return await home_logout(s.world, idps, IDP, form)


def homely(*more: Any) -> Stage:
    known = Identity(id=identity_id(b.HOME, "ada"), person=ADA.id, iss=b.HOME, sub="ada")
    one, two = (HomeSession(id=f"ses-{n}", home=home_sid(b.HOME, f"h{n}")) for n in "12")
    return world(known, IDP, session("ses-2"), one, two, *more)


def ended(s: Stage) -> list[str]:
    return [row.id for row in s.ledger.rows.values() if isinstance(row, Session) and row.ended is not None]


@pytest.mark.parametrize(
    ("row", "claims", "gone"),
    [
        ("by sub", {}, ["ses-1", "ses-2"]),
        ("by sub and sid", {"sid": "h2"}, ["ses-2"]),
        ("by sid alone", {"sub": None, "sid": "h1"}, ["ses-1"]),
        ("a sid that we never had", {"sid": "h9"}, []),
        ("nobody of ours", {"sub": "bob"}, []),
        ("nobody's session", {"sub": None, "sid": "h9"}, []),
    ],
)
async def test_who_signs_out_at_home_is_signed_out_here(row: str, claims: dict[str, Any], gone: list[str]) -> None:
    s = homely()
    assert await hear(s, Home(**claims)) == len(gone), row
    assert ended(s) == gone, row
    assert s.kinds() == ["session.ended"] * len(gone), row
    assert {f.sid for f in farewells(s)} == (
        {client_sid("ses-1", "app"), client_sid("ses-1", "other")} if "ses-1" in gone else set()
    )


async def test_a_session_whose_name_at_home_we_never_heard_goes_with_its_person() -> None:
    s = homely()
    del s.ledger.rows["home_session", "ses-1"]
    assert await hear(s, Home(sid="h2")) == 2


@pytest.mark.row("T055")
async def test_a_message_of_another_provider_ends_nobody_of_the_same_sub() -> None:
    s = homely(session("ses-3", idp="https://x.example", identities=(("https://x.example", "ada"),)))
    await hear(s, Home())
    assert ended(s) == ["ses-1", "ses-2"]


async def test_a_message_counts_once_also_in_parallel() -> None:
    s = homely()
    heard = await asyncio.gather(*(hear(s, Home()) for _ in range(5)))
    assert sorted(str(one) for one in heard if not isinstance(one, Reason)) == ["2"]
    s.ledger.rows["session", "ses-9"] = session("ses-9")
    assert isinstance(await hear(s, Home()), Reason)
    assert "ses-9" not in ended(s)
    assert await hear(s, Home(jti="j2")) == 1


@pytest.mark.parametrize(
    "form", [b"", b"logout_token=", b"logout_token=forged", b"logout_token=signed&logout_token=signed"]
)
async def test_garbage_ends_nothing(form: bytes) -> None:
    s = homely()
    found = await hear(s, Home(), form)
    assert isinstance(found, Reason)
    assert found.code == "AUTH-LOGOUT-TOKEN"
    assert ended(s) == []


@pytest.mark.row("T121")
async def test_a_message_that_could_not_be_recorded_may_be_sent_again() -> None:
    """Remembered as used, it would be refused when the provider repeats it, and the sessions would go on."""
    s = homely()
    s.ledger.breaks = "lost"
    with pytest.raises(LedgerDownError):
        await hear(s, Home())
    s.ledger.breaks, s.ledger.failed = None, False
    assert await hear(s, Home()) == 2
    assert isinstance(await hear(s, Home()), Reason)
