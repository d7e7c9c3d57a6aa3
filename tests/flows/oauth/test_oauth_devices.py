"""A device without a browser: B5, RFC 8628."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import DEVICE_LIFE, USER_CODE_TRIES
from broker.core.outcome import Reason
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.device import DeviceAuthorization, Prompt, decide, look_up, start
from tests.fakes import MemoryScratch
from tests.flows.oauth.fakes_oauth import ADA, CLIENTS, DEVICE_GRANT, SESSION, World, basic, said
from tests.flows.oauth.test_oauth_codes import SlowRows

ALL = frozenset({"openid", "ga4gh_passport_v1"})


async def begin(w: World, client: str = "app", scope: str = "openid ga4gh_passport_v1") -> DeviceAuthorization:
    got = await start(w.d, basic(client), urlencode({"scope": scope}).encode())
    assert isinstance(got, DeviceAuthorization), got
    return got


async def poll(w: World, device: DeviceAuthorization, client: str = "app") -> Any:
    return await w.post(client, grant_type=DEVICE_GRANT, device_code=device.device_code)


async def test_a_device_gets_tokens_after_its_user_said_yes() -> None:
    w = World()
    device = await begin(w)
    assert await poll(w, device) is OAuthError.DEVICE_PENDING
    prompt = await look_up(w.d, SESSION.id, device.user_code.lower().replace("-", " "))
    assert isinstance(prompt, Prompt)
    assert (prompt.client.name, prompt.scope) == ("app", ("openid", "ga4gh_passport_v1"))
    assert w.ledger.entries == []
    assert await decide(w.d, SESSION.id, device.user_code, ALL, None) is None
    got = await poll(w, device)
    assert isinstance(got, Tokens)
    assert said(got.access_token)["sub"] == ADA.id
    assert w.ledger.kinds() == ["code.issued", "token.issued"]
    assert device.device_code.encode() not in w.stored()
    assert device.device_code not in repr(device)


def test_the_answer_to_a_device_has_the_members_of_rfc_8628() -> None:
    device = DeviceAuthorization(device_code="d", user_code="BCDF-GHJK", expires_in=600, interval=5)
    assert device.body("https://b/device") == {
        "device_code": "d",
        "user_code": "BCDF-GHJK",
        "verification_uri": "https://b/device",
        "verification_uri_complete": "https://b/device?user_code=BCDF-GHJK",
        "expires_in": 600,
        "interval": 5,
    }


@pytest.mark.parametrize(
    ("row", "header", "form", "error"),
    [
        ("unknown client", basic("ghost"), {"scope": "openid"}, OAuthError.CLIENT_FAILED),
        ("no grant", basic("repository"), {"scope": "openid"}, OAuthError.CLIENT_GRANT),
        ("no scope", basic("app"), {}, OAuthError.SCOPE),
        ("a scope that it may not ask", basic("app"), {"scope": "openid issuers:write"}, OAuthError.SCOPE),
    ],
)
async def test_a_device_that_may_not_begin(row: str, header: str, form: dict[str, str], error: OAuthError) -> None:
    assert await start(World().d, header, urlencode(form).encode()) is error, row


async def test_a_request_that_says_something_twice_is_refused() -> None:
    assert await start(World().d, basic("app"), b"scope=openid&scope=openid") is OAuthError.REPEATED


async def test_a_device_code_is_used_once_and_a_replay_ends_the_family() -> None:
    w = World()
    device = await begin(w)
    await decide(w.d, SESSION.id, device.user_code, ALL, None)
    assert isinstance(await poll(w, device), Tokens)
    assert await poll(w, device) is OAuthError.DEVICE_REPLAYED
    assert ("revocation", f"family:{w.family()}") in w.ledger.rows


async def test_parallel_polls_give_tokens_once() -> None:
    w = World()
    device = await begin(w)
    await decide(w.d, SESSION.id, device.user_code, ALL, None)
    got = await asyncio.gather(*(poll(w, device) for _ in range(5)))
    assert sum(isinstance(one, Tokens) for one in got) == 1


async def test_another_client_gets_nothing_and_ends_nothing() -> None:
    w = World()
    device = await begin(w)
    assert await poll(w, device, "other") is OAuthError.DEVICE_UNKNOWN
    await decide(w.d, SESSION.id, device.user_code, ALL, None)
    assert await poll(w, device, "other") is OAuthError.DEVICE_UNKNOWN
    assert isinstance(await poll(w, device), Tokens)
    assert await poll(w, device, "other") is OAuthError.DEVICE_UNKNOWN
    assert [entry.about for entry in w.ledger.entries if entry.kind == "token.refused"] == 3 * [
        {"client": "other", "code": "AUTH-DEVICE-UNKNOWN"}
    ]
    assert ("revocation", f"family:{w.family()}") not in w.ledger.rows


async def test_polling_too_fast_slows_down() -> None:
    w = World()
    device = await begin(w)
    assert await poll(w, device) is OAuthError.DEVICE_PENDING
    assert await poll(w, device) is OAuthError.DEVICE_SLOW_DOWN
    w.clock.advance(9)
    assert await poll(w, device) is OAuthError.DEVICE_SLOW_DOWN
    w.clock.advance(15)
    assert await poll(w, device) is OAuthError.DEVICE_PENDING
    assert w.ledger.entries == []


async def test_a_no_is_recorded_and_final() -> None:
    w = World()
    device = await begin(w)
    assert await decide(w.d, SESSION.id, device.user_code, frozenset(), None) is None
    assert w.ledger.entries[0].about == {"client": "app", "code": "AUTH-DEVICE-DENIED"}
    assert await poll(w, device) is OAuthError.DEVICE_DENIED
    assert await decide(w.d, SESSION.id, device.user_code, ALL, None) == Reason(code="AUTH-USER-CODE")
    assert await poll(w, device) is OAuthError.DEVICE_DENIED


async def test_a_device_waits_ten_minutes_and_is_then_told_so() -> None:
    w = World()
    device = await begin(w)
    w.clock.advance(DEVICE_LIFE)
    assert await decide(w.d, SESSION.id, device.user_code, ALL, None) == Reason(code="AUTH-USER-CODE")
    assert await poll(w, device) is OAuthError.DEVICE_EXPIRED
    w.clock.advance(DEVICE_LIFE)
    assert await poll(w, device) is OAuthError.DEVICE_UNKNOWN


async def test_an_approval_that_is_not_fetched_in_time_is_lost() -> None:
    w = World()
    device = await begin(w)
    await decide(w.d, SESSION.id, device.user_code, ALL, None)
    w.clock.advance(DEVICE_LIFE)
    assert await poll(w, device) is OAuthError.DEVICE_EXPIRED


async def test_the_user_may_give_less_but_not_more_than_was_asked() -> None:
    w = World()
    device = await begin(w)
    assert await decide(w.d, SESSION.id, device.user_code, ALL | {"profile"}, None) == Reason(code="AUTH-USER-CODE")
    assert await decide(w.d, SESSION.id, device.user_code, frozenset({"openid"}), frozenset()) is None
    assert (await poll(w, device)).scope == "openid"


async def test_only_who_is_signed_in_may_look_or_decide() -> None:
    w = World()
    device = await begin(w)
    needed = Reason(code="AUTH-LOGIN-REQUIRED")
    for session in (None, "session-2"):
        assert await look_up(w.d, session, device.user_code) == needed
        assert await decide(w.d, session, device.user_code, ALL, None) == needed


@pytest.mark.parametrize("door", ["look", "decide"])
async def test_wrong_codes_are_counted_at_either_door(door: str) -> None:
    w = World()
    device = await begin(w)

    async def knock(code: str) -> object:
        if door == "look":
            return await look_up(w.d, SESSION.id, code)
        return await decide(w.d, SESSION.id, code, ALL, None)

    for _ in range(USER_CODE_TRIES):
        assert await knock("ZZZZ-ZZZZ") == Reason(code="AUTH-USER-CODE")
    assert await knock(device.user_code) == Reason(code="AUTH-USER-CODE-TRIES")
    assert await look_up(w.d, SESSION.id, device.user_code) == Reason(code="AUTH-USER-CODE-TRIES")


class SlowScratch(MemoryScratch):
    """Lets others go first at every step, as a database does."""

    async def get(self, *given: Any) -> Any:
        await asyncio.sleep(0)
        found = await super().get(*given)
        await asyncio.sleep(0)
        return found

    async def put(self, *given: Any) -> None:
        await asyncio.sleep(0)
        await super().put(*given)


async def test_wrong_codes_at_the_same_time_are_counted_one_by_one() -> None:
    w = World(scratch=SlowScratch())
    tried = await asyncio.gather(*(look_up(w.d, SESSION.id, f"ZZZZ-ZZZ{letter}") for letter in "BCDFGHJKLMNPQRST"))
    assert [isinstance(one, Reason) and one.code for one in tried].count("AUTH-USER-CODE") == USER_CODE_TRIES
    assert [isinstance(one, Reason) and one.code for one in tried].count("AUTH-USER-CODE-TRIES") == 16 - USER_CODE_TRIES


async def test_right_codes_cost_no_try_and_wrong_ones_are_forgotten_in_time() -> None:
    w = World()
    for _ in range(USER_CODE_TRIES - 1):
        await look_up(w.d, SESSION.id, "ZZZZ-ZZZZ")
    device = await begin(w)
    for _ in range(10):
        assert isinstance(await look_up(w.d, SESSION.id, device.user_code), Prompt)
    await look_up(w.d, SESSION.id, "ZZZZ-ZZZZ")
    assert await look_up(w.d, SESSION.id, device.user_code) == Reason(code="AUTH-USER-CODE-TRIES")
    w.clock.advance(DEVICE_LIFE)
    assert isinstance(await look_up(w.d, SESSION.id, (await begin(w)).user_code), Prompt)


async def test_a_device_whose_client_was_suspended_is_unknown() -> None:
    w = World()
    device = await begin(w)
    w.put(replace(CLIENTS[0], status="suspended"))
    assert await look_up(w.d, SESSION.id, device.user_code) == Reason(code="AUTH-USER-CODE")
    assert await decide(w.d, SESSION.id, device.user_code, ALL, None) == Reason(code="AUTH-USER-CODE")


async def test_a_device_code_is_no_authorization_code_and_the_reverse() -> None:
    w = World()
    device = await begin(w)
    await decide(w.d, SESSION.id, device.user_code, ALL, None)
    assert await w.redeem(device.device_code) is OAuthError.CODE_UNKNOWN
    code = await w.code()
    assert await w.post(grant_type=DEVICE_GRANT, device_code=code) is OAuthError.DEVICE_UNKNOWN
    assert await w.post(grant_type=DEVICE_GRANT) is OAuthError.MISSING


async def test_a_session_that_ended_takes_the_approval_with_it() -> None:
    w = World()
    device = await begin(w)
    await decide(w.d, SESSION.id, device.user_code, ALL, None)
    w.end("session", SESSION.id)
    assert await poll(w, device) is OAuthError.AUTHORIZATION_ENDED


async def test_of_two_answers_at_once_one_counts() -> None:
    w = World()
    device = await begin(w)
    w.d = replace(w.d, rows=SlowRows(w.d.rows.get, [1, 2, 0, 3]))
    answers = await asyncio.gather(
        decide(w.d, SESSION.id, device.user_code, ALL, None),
        decide(w.d, SESSION.id, device.user_code, frozenset(), None),
    )
    assert sorted(map(str, answers)) == sorted(["None", str(Reason(code="AUTH-USER-CODE"))])
    assert len(w.ledger.entries) == 1


async def test_a_device_may_ask_for_everything_that_its_client_may() -> None:
    assert isinstance(await begin(World(), scope="openid ga4gh_passport_v1 profile"), DeviceAuthorization)


async def test_a_device_whose_person_is_gone_is_unknown() -> None:
    w = World()
    device = await begin(w)
    await decide(w.d, SESSION.id, device.user_code, ALL, None)
    del w.ledger.rows["person", ADA.id]
    assert await poll(w, device) is OAuthError.DEVICE_UNKNOWN


async def test_two_devices_never_show_the_same_code() -> None:
    w = World()
    first, entropy = await begin(w), w.d.entropy

    class Repeating:
        def random(self, nbytes: int) -> bytes:
            return (2).to_bytes(nbytes, "big") if nbytes == 16 else entropy.random(nbytes)

        def for_id(self) -> bytes:
            return entropy.for_id()

    w.d = replace(w.d, entropy=Repeating())
    assert first.user_code == "DBBB-BBBB"
    assert await start(w.d, basic("app"), b"scope=openid") is OAuthError.BUSY
