"""Visa Access Tokens that are watched: asked about hourly, retried, updated, ended (AAI C7, section 8)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from broker.adapters.poll_loop import AT_ONCE, PollLoop
from broker.core.ids import Issuer
from broker.core.passport import polling
from broker.core.rows import PolledVisa, Revocation, VisaIssuer, changed
from broker.core.time import Seconds
from broker.flows.authenticate import by_passports
from broker.flows.deliver import show
from broker.flows.poll_visas import due, poll
from broker.flows.use_data import Refused, Ticket, ask
from broker.flows.verified import Poller, Verifier
from broker.flows.world import Caller
from tests import builders as b
from tests.core.passport.visa_builders import DROP, NOW, US, visa_token
from tests.fakes import MemoryEndpoints, MemoryVault
from tests.flows.foreign import ISSUER, passport, role, rows, verifier
from tests.flows.worlds import stage

HOUR = 3600
ON = {"access_tokens": True, "polled": True, "userinfo_url": f"{ISSUER}userinfo"}


def access_visa(iat: int = NOW - 60, exp: int = NOW + 30 * 86_400, jti: str = "v-9", **payload: Any) -> str:
    """A Visa Access Token that opens `heart`."""
    said = {"iat": iat, "exp": exp, "jti": jti, "scope": "openid ga4gh_passport_v1", **payload}
    return visa_token({"jku": DROP, "typ": "at+jwt"}, said, {"value": b.HEART, "source": b.DAC})


class Scene:
    """A world whose visa issuer may be polled; time goes on by hand."""

    def __init__(self, **issuer: Any) -> None:
        self.s = stage(*rows(issuer={**ON, **issuer}))
        self.endpoints = MemoryEndpoints(issuers={ISSUER})
        self.vault = MemoryVault()
        self.poller = Poller(endpoints=self.endpoints, vault=self.vault, us=US)
        self.v: Verifier = verifier(poller=self.poller)
        self.token = access_visa()

    @property
    def now(self) -> Seconds:
        return self.s.clock.now()

    def says(self, token: str, *visas: str, **members: Any) -> None:
        said = {"sub": "alice", **({"ga4gh_passport_v1": list(visas)} if visas else {}), **members}
        self.endpoints.says(ISSUER, token, said)

    async def shows(self, *tokens: str) -> Caller:
        """Somebody shows the visas in a fresh Passport."""
        now = self.now
        affiliation = role(iat=now - 60, exp=now + 3600)
        fresh = passport(*(tokens or (self.token,)), affiliation, iat=now - 60, exp=now + 7200)
        found = await by_passports(self.s.world, self.v, [fresh])
        assert isinstance(found, Caller)
        return replace(found, location="DE")

    async def opens(self, *tokens: str) -> bool:
        return isinstance(await ask(self.s.world, await self.shows(*tokens), b.ONE), Ticket)

    async def step(self, seconds: int = 0) -> None:
        """Time goes on, and what is due is asked."""
        self.s.clock.advance(seconds)
        for _, id in due(self.s.world, self.now):
            await poll(self.s.world, self.v, self.poller, id, self.now)

    @property
    def row(self) -> PolledVisa:
        (found,) = [row for row in self.s.ledger.rows.values() if isinstance(row, PolledVisa)]
        return found

    @property
    def results(self) -> list[Any]:
        return [entry.about["result"] for entry in self.s.ledger.entries if entry.kind == "visa.polled"]


@pytest.mark.row("C7", "T049")
async def test_off_unless_the_row_says_so() -> None:
    scene = Scene(access_tokens=False)
    assert not await scene.opens()
    scene = Scene(polled=False)
    assert await scene.opens()
    scene.s.clock.advance(HOUR)
    assert not await scene.opens(), "an hour after iat"
    assert not scene.endpoints.asked
    assert not scene.results


@pytest.mark.row("C7")
async def test_a_young_one_counts_unasked_and_is_watched() -> None:
    scene = Scene()
    assert await scene.opens()
    assert not scene.endpoints.asked
    assert scene.results == ["watched"]
    assert scene.row.next == NOW - 60 + HOUR - polling.EARLY


@pytest.mark.row("C7")
async def test_an_old_one_counts_once_its_issuer_has_said_yes() -> None:
    scene = Scene()
    scene.token = access_visa(iat=NOW - 2 * HOUR)
    scene.endpoints.down.add(ISSUER)
    assert not await scene.opens()
    scene.endpoints.down.clear()
    scene.says(scene.token)
    assert not await scene.opens(), "tried again in its time, not at every request"
    assert len(scene.endpoints.asked) == 1
    await scene.step(polling.RETRY_FIRST)
    assert await scene.opens()
    scene.s.clock.advance(HOUR - 1)
    assert await scene.opens()


async def test_an_old_one_is_asked_about_when_it_is_first_shown() -> None:
    scene = Scene()
    scene.token = access_visa(iat=NOW - 2 * HOUR)
    scene.says(scene.token)
    assert await scene.opens()
    assert scene.results == ["watched", "asked", "confirmed"]


@pytest.mark.row("C7")
async def test_it_is_asked_about_once_an_hour_whoever_shows_it_and_never_lapses() -> None:
    scene = Scene()
    scene.says(scene.token)
    for _ in range(5 * 60):
        scene.s.clock.advance(60)
        assert await scene.opens()
        await scene.step()
    assert len(scene.endpoints.asked) == 5
    assert set(scene.results) == {"watched", "asked", "confirmed"}


async def test_what_no_poll_confirms_ends_with_the_last_yes() -> None:
    scene = Scene()
    scene.says(scene.token)
    await scene.opens()
    await scene.step(HOUR)
    confirmed = scene.row.confirmed
    assert confirmed == NOW + HOUR
    scene.endpoints.down.add(ISSUER)
    await scene.step(polling.CONFIRMED_FOR - 1)
    assert await scene.opens(), "while the question of this hour and its retries are under way"
    scene.s.clock.advance(1)
    assert not await scene.opens()


@pytest.mark.row("PX4", "T098")
async def test_a_running_access_ends_with_it_and_lives_on_with_a_yes() -> None:
    for says, kind in ((True, "Shown"), (False, "Refused")):
        scene = Scene()
        if says:
            scene.says(scene.token)
        found = await ask(scene.s.world, await scene.shows(), b.ONE)
        assert isinstance(found, Ticket)
        if not says:
            scene.endpoints.down.add(ISSUER)
        await scene.step(found.access.expires - NOW - 1)
        assert type(await show(scene.s.world, found.access.id, b.ONE)).__name__ in (kind, "Shown")
        assert bool(scene.row.confirmed) is says


# Stop conditions of section 8.


async def shown_and_an_hour_later(scene: Scene) -> None:
    assert await scene.opens()
    scene.s.clock.advance(HOUR)


@pytest.mark.row("C7")
async def test_1_what_nobody_needs_is_not_asked_about_until_it_is_shown_again() -> None:
    scene = Scene()
    scene.says(scene.token)
    await shown_and_an_hour_later(scene)
    await scene.step()
    await scene.step(polling.NEEDED)
    assert (scene.row.state, scene.results[-1]) == ("idle", "needed no longer")
    asked = len(scene.endpoints.asked)
    await scene.step(10 * HOUR)
    assert len(scene.endpoints.asked) == asked
    assert await scene.opens()
    assert scene.row.state == "live"
    assert len(scene.endpoints.asked) == asked + 1


@pytest.mark.row("C7")
async def test_2_what_has_expired_is_not_asked_about() -> None:
    scene = Scene()
    scene.token = access_visa(exp=NOW + HOUR)
    await shown_and_an_hour_later(scene)
    await scene.step()
    assert (scene.row.state, scene.results[-1]) == ("ended", "expired")
    assert not scene.endpoints.asked


@pytest.mark.row("C7")
@pytest.mark.parametrize("what", ["visa:{digest}", f"visa:{ISSUER} v-9", "key:{key}", f"issuer:{ISSUER}"])
async def test_3_what_is_known_to_be_revoked_is_not_asked_about(what: str) -> None:
    scene = Scene()
    await shown_and_an_hour_later(scene)
    visa = scene.row.visa
    revocation = Revocation(id=what.format(digest=visa.digest, key=visa.key), since=scene.now, ground="Test.")
    scene.s.live.committed([revocation])
    await scene.step()
    assert (scene.row.state, scene.results[-1]) == ("ended", "revoked")
    assert not scene.endpoints.asked


@pytest.mark.row("C7", "PX4")
@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_4_a_no_for_good_ends_it_and_what_runs_on_it(status: int) -> None:
    scene = Scene()
    found = await ask(scene.s.world, await scene.shows(), b.ONE)
    assert isinstance(found, Ticket)
    scene.endpoints.status = status
    await scene.step(HOUR - polling.EARLY)
    assert scene.row.state == "ended"
    assert scene.s.kinds()[-1] == "revocation.made"
    assert scene.s.live.current().revoked("visa", scene.row.visa.digest, scene.now)
    assert isinstance(await show(scene.s.world, found.access.id, b.ONE), Refused)
    assert not await scene.opens()
    await scene.step(HOUR)
    assert len(scene.endpoints.asked) == 1


@pytest.mark.row("C7")
async def test_5_an_updated_visa_takes_the_place_of_the_old_one() -> None:
    scene = Scene()
    await scene.opens()
    new = access_visa(iat=NOW + HOUR - polling.EARLY, jti="v-10")
    scene.says(scene.token, "broken", new, role())
    await scene.step(HOUR - polling.EARLY)
    assert scene.results[-1] == "updated"
    assert scene.row.by is not None
    assert scene.row.by.jti == "v-10"
    assert await scene.opens()
    scene.says(new)
    await scene.step(HOUR)
    assert scene.endpoints.asked[-1] == (ISSUER, new), "asked with the new token"
    assert scene.results[-1] == "confirmed"


@pytest.mark.row("C7")
async def test_5_the_same_one_in_the_answer_is_a_yes() -> None:
    scene = Scene()
    await scene.opens()
    scene.says(scene.token, role(), scene.token)
    await scene.step(HOUR)
    assert (scene.results[-1], scene.row.by) == ("confirmed", None)


@pytest.mark.row("C7")
async def test_5_a_document_in_its_place_needs_no_more_asking() -> None:
    scene = Scene()
    await scene.opens()
    document = visa_token(payload={"exp": NOW + 86_400}, visa={"value": b.HEART, "source": b.DAC})
    scene.says(scene.token, document)
    await scene.step(HOUR)
    assert scene.row.state == "replaced"
    assert await scene.opens()
    await scene.step(HOUR)
    assert len(scene.endpoints.asked) == 1


@pytest.mark.row("C7")
@pytest.mark.parametrize(
    "members",
    [
        {"ga4gh_passport_v1": []},
        {"ga4gh_passport_v1": [role()]},
        {"ga4gh_passport_v1": [access_visa(jti="v-10", sub="mallory")]},
        {"ga4gh_passport_v1": [access_visa(jti="v-10", iat=NOW - 9 * HOUR, exp=NOW - HOUR)]},
        {"sub": "mallory"},
        {"sub": None},
        {"iss": "https://other.example/"},
        {"ga4gh_passport_v1": "x"},
    ],
)
async def test_5_an_answer_that_cannot_be_used_is_as_good_as_a_revocation(members: dict[str, Any]) -> None:
    scene = Scene()
    await scene.opens()
    scene.says(scene.token, **members)
    await scene.step(HOUR)
    assert scene.row.state == "ended"
    assert not await scene.opens()


async def test_a_revoked_visa_is_not_saved_by_an_update() -> None:
    scene = Scene()
    await scene.opens()
    scene.says(scene.token, access_visa(iat=NOW, jti="v-10"))
    await scene.step(HOUR)
    assert await scene.opens()
    scene.s.live.committed([Revocation(id=f"visa:{ISSUER} v-9", since=scene.now, ground="Test.")])
    assert not await scene.opens()


async def test_retries_wait_longer_each_time() -> None:
    scene = Scene()
    await scene.opens()
    scene.endpoints.down.add(ISSUER)
    scene.s.clock.advance(HOUR - polling.EARLY)
    waits = []
    for _ in range(8):
        await scene.step()
        waits.append(scene.row.next - scene.now)
        await scene.step(waits[-1] - 1)
        assert len(scene.endpoints.asked) == len(waits), "not before its time"
        scene.s.clock.advance(1)
    assert waits[0] <= polling.RETRY_FIRST
    assert waits == sorted(waits)
    assert polling.RETRY_MOST // 2 <= waits[-1] <= polling.RETRY_MOST


async def test_two_at_once_ask_once() -> None:
    scene = Scene()
    await scene.opens()
    scene.says(scene.token)
    scene.s.clock.advance(HOUR)
    row = scene.row
    await poll(scene.s.world, scene.v, scene.poller, row.id, scene.now)
    scene.s.live.committed([row])  # another process, whose picture is older
    await poll(scene.s.world, scene.v, scene.poller, row.id, scene.now)
    assert len(scene.endpoints.asked) == 1


async def test_a_row_that_polls_no_longer_stops_it() -> None:
    scene = Scene()
    await scene.opens()
    issuer = scene.s.live.current().get(VisaIssuer, Issuer(ISSUER))
    assert issuer is not None
    scene.s.live.committed([changed(issuer, trust=replace(issuer.trust, polled=False))])
    await scene.step(HOUR)
    assert (scene.row.state, scene.results[-1]) == ("idle", "not to be asked")
    assert not await scene.opens()


async def test_a_token_that_no_longer_opens_is_not_asked_about_until_shown_again() -> None:
    scene = Scene()
    await scene.opens()
    scene.says(scene.token)
    scene.vault.key = "another"
    await scene.step(HOUR)
    assert (scene.row.state, scene.results[-1]) == ("idle", "unreadable")
    assert await scene.opens()


async def test_the_token_is_kept_encrypted_and_in_no_entry() -> None:
    scene = Scene()
    scene.says(scene.token)
    await scene.opens()
    await scene.step(HOUR)
    assert scene.token not in repr(scene.s.ledger.rows)
    assert scene.token not in scene.row.token
    assert not any(scene.token.encode() in body for body in scene.s.ledger.bodies)


@pytest.mark.row("T031")
async def test_the_loop_asks_a_few_at_a_time_for_each_issuer() -> None:
    gate, running, done = asyncio.Event(), [], []

    async def one(id: str) -> None:
        running.append(id)
        if id.startswith("a"):
            await gate.wait()
        done.append(id)

    listed = [*(("a", f"a{number}") for number in range(10)), ("b", "b0")]
    loop = PollLoop(lambda: listed, one)
    loop.step()
    loop.step()
    for _ in range(5):
        await asyncio.sleep(0)
    assert sum(id.startswith("a") for id in running) == AT_ONCE
    assert "b0" in done
    listed.clear()
    gate.set()
    await loop.settled()
    assert sorted(done).count("b0") >= 1
    assert len([id for id in done if id.startswith("a")]) == 10
