"""The second way in: a trusted broker's access token, whose visas its UserInfo tells us (AAI C2, C3, C16)."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.oidc.opaque import opaque, stored_id
from broker.core.outcome import Reason
from broker.core.passport.keys import thumbprint
from broker.core.passport.limits import PASSPORT_VISAS
from broker.core.passport.userinfo import Answer
from broker.core.rows import RefreshToken, Revocation
from broker.core.time import Seconds
from broker.flows.by_userinfo import USERINFO_SECONDS, by_userinfo, is_foreign
from broker.flows.deliver import show
from broker.flows.oauth.device import DEVICES
from broker.flows.use_data import Refused, Ticket, ask
from broker.flows.world import Caller
from tests import builders as b
from tests.core.passport.visa_builders import (
    BROKER_JKU,
    DROP,
    EC,
    KEYS,
    NOW,
    OTHER_EC,
    b64,
    broker_row,
    signed,
    visa_token,
)
from tests.fakes import MemoryEndpoints, MemoryIssuerHealth
from tests.flows.foreign import BROKER, ISSUER, StaticKeys, heart, passport, role, rows, trusted, verifier
from tests.flows.worlds import Stage, stage

ON = {"userinfo": True, "userinfo_url": f"{BROKER}userinfo"}
OPAQUE = {**ON, "opaque_tokens": True}
SECRET = "opaque-token-of-the-other-broker"


def access_token(header: dict[str, Any] | None = None, key: Any = OTHER_EC, **payload: Any) -> str:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "b-1", **(header or {})}
    said = {
        "iss": BROKER, "sub": "u-1", "aud": ["some-client"], "iat": NOW - 60, "exp": NOW + 600, "jti": "t-1",
        "scope": "openid ga4gh_passport_v1", **payload,
    }  # fmt: skip
    return signed(_given(head), _given(said), key)


def _given(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value is not DROP}


def answer(*visas: str, **members: Any) -> dict[str, Any]:
    said = {"sub": "u-1", "iss": BROKER, "ga4gh_passport_v1": list(visas), **members}
    return {name: value for name, value in said.items() if value is not DROP}


def signed_answer(*visas: str, header: dict[str, Any] | None = None, key: Any = OTHER_EC, **members: Any) -> str:
    return signed({"alg": "ES256", "kid": "b-1", **(header or {})}, answer(*visas, **members), key)


class Scene:
    """A world in which the other broker may be asked, and its UserInfo."""

    def __init__(self, broker: dict[str, Any] | None = None, *more: Any) -> None:
        self.s: Stage = stage(*rows(broker=ON if broker is None else broker), *more)
        self.keys, self.health = StaticKeys(), MemoryIssuerHealth(issuers=(ISSUER, BROKER))
        self.endpoints = MemoryEndpoints(issuers={BROKER})

    def says(self, token: str, members: Any) -> str:
        self.endpoints.says(BROKER, token, members)
        return token

    async def enters(self, token: str) -> Caller | Reason:
        return await by_userinfo(self.s.world, verifier(self.keys, self.health), self.endpoints, token)


@pytest.mark.row("C2", "C3", "C16")
async def test_a_trusted_brokers_access_token_opens_what_its_passport_would() -> None:
    scene = Scene()
    who = await scene.enters(scene.says(access_token(), answer(heart(), role())))
    assert isinstance(who, Caller)
    assert (BROKER, "u-1") in who.identities
    assert (who.grants, who.roles) == ((), ())
    found = await ask(scene.s.world, replace(who, location="DE"), b.ONE)
    assert isinstance(found, Ticket)
    assert found.access.expires == NOW + 600, "the token's end"


@pytest.mark.row("C2")
async def test_an_answer_may_come_as_a_signed_jwt() -> None:
    scene = Scene()
    who = await scene.enters(scene.says(access_token(), signed_answer(heart())))
    assert isinstance(who, Caller)
    assert len(who.visas) == 1


async def test_no_visas_is_a_person_without_visas() -> None:
    for said in (answer(), answer(ga4gh_passport_v1=DROP)):
        scene = Scene()
        who = await scene.enters(scene.says(access_token(), said))
        assert isinstance(who, Caller)
        assert who.visas == ()


@pytest.mark.row("C6")
async def test_each_visa_stands_or_falls_by_itself() -> None:
    scene = Scene()
    bad = (heart(iss="https://stranger.example/"), visa_token(key=OTHER_EC), "x", heart(iat=NOW - 900, exp=NOW - 500))
    who = await scene.enters(scene.says(access_token(), answer(*bad, heart(), heart())))
    assert isinstance(who, Caller)
    assert [visa.value for visa in who.visas] == [b.HEART]
    assert sorted(one.reason.code for one in who.left_out) == [
        "VISA-EXPIRED", "VISA-ISSUER-UNTRUSTED", "VISA-MALFORMED", "VISA-SIGNATURE",
    ]  # fmt: skip


@pytest.mark.row("T037", "C13")
async def test_a_visa_of_somebody_else_counts_only_where_the_broker_vouches() -> None:
    for vouches, kind in ((True, Ticket), (False, Refused)):
        scene = Scene({**ON, "vouches": vouches})
        who = await scene.enters(scene.says(access_token(), answer(heart(), role())))
        assert isinstance(who, Caller)
        assert isinstance(await ask(scene.s.world, replace(who, location="DE"), b.ONE), kind)


# What never leaves: zero questions to anybody, and the caller is told in the words of RFC 6750.
UNSENT: list[tuple[str, str, str]] = [
    ("of a stranger", access_token(iss="https://stranger.example/"), "AUTH-TOKEN-INVALID"),
    ("of an issuer that is no broker", access_token(iss=ISSUER), "AUTH-TOKEN-INVALID"),
    ("of the issuer without its slash", access_token(iss=BROKER[:-1]), "AUTH-TOKEN-INVALID"),
    ("expired", access_token(iat=NOW - 900, exp=NOW - 30), "AUTH-TOKEN-EXPIRED"),
    ("not yet", access_token(iat=NOW + 31), "AUTH-TOKEN-INVALID"),
    ("for ever", access_token(exp=NOW + 90_000), "AUTH-TOKEN-INVALID"),
    ("without exp", access_token(exp=DROP), "AUTH-TOKEN-INVALID"),
    ("without sub", access_token(sub=DROP), "AUTH-TOKEN-INVALID"),
    ("without scope", access_token(scope=DROP), "AUTH-SCOPE"),
    ("only openid", access_token(scope="openid"), "AUTH-SCOPE"),
    ("only visas", access_token(scope="ga4gh_passport_v1"), "AUTH-SCOPE"),
    ("scope as a list", access_token(scope=["openid", "ga4gh_passport_v1"]), "AUTH-SCOPE"),
    ("scopes grown together", access_token(scope="openidga4gh_passport_v1"), "AUTH-SCOPE"),
    ("bound to a client's key", access_token(cnf={"jkt": "x"}), "AUTH-TOKEN-INVALID"),
    ("typ of a Passport", access_token({"typ": "vnd.ga4gh.passport+jwt"}), "AUTH-TOKEN-INVALID"),
    ("typ of a visa", access_token({"typ": "vnd.ga4gh.visa+jwt"}), "AUTH-TOKEN-INVALID"),
    ("no typ", access_token({"typ": DROP}), "AUTH-TOKEN-INVALID"),
    ("a Visa Access Token", access_token(ga4gh_visa_v1={}), "AUTH-TOKEN-INVALID"),
    ("a Passport with scope", access_token(ga4gh_passport_v1=[]), "AUTH-TOKEN-INVALID"),
    ("alg none", access_token({"alg": "none"}), "AUTH-TOKEN-INVALID"),
    ("HS256", access_token({"alg": "HS256"}), "AUTH-TOKEN-INVALID"),
    ("jwk in the header", access_token({"jwk": KEYS[BROKER, BROKER_JKU][0]}), "AUTH-TOKEN-INVALID"),
    ("jku that is not registered", access_token({"jku": "https://evil.example/jwks"}), "AUTH-TOKEN-INVALID"),
    ("unknown kid", access_token({"kid": "b-9"}), "AUTH-TOKEN-INVALID"),
    ("signed by somebody else", access_token(key=EC), "AUTH-TOKEN-INVALID"),
    ("a real Passport", passport(), "AUTH-TOKEN-INVALID"),
    ("a real visa", heart(), "AUTH-TOKEN-INVALID"),
    ("opaque, and nobody has opaque tokens", SECRET, "AUTH-TOKEN-INVALID"),
    ("a line break", f"{SECRET}\r\nX-Evil: 1", "AUTH-TOKEN-INVALID"),
    ("too long", "a" * (16 * 1024 + 1), "AUTH-TOKEN-INVALID"),
]  # fmt: skip


@pytest.mark.row("C3", "C16", "T013", "T019")
@pytest.mark.parametrize(("token", "code"), [(row[1], row[2]) for row in UNSENT], ids=[row[0] for row in UNSENT])
async def test_what_fails_before_is_shown_to_nobody(token: str, code: str) -> None:
    scene = Scene()
    found = await scene.enters(token)
    assert isinstance(found, Reason)
    assert found.code == code
    assert not scene.endpoints.asked
    assert scene.s.kinds() == []


@pytest.mark.row("T019")
async def test_a_broker_whose_row_does_not_say_userinfo_is_not_asked() -> None:
    scene = Scene({})
    assert await scene.enters(access_token()) == Reason(code="AUTH-TOKEN-INVALID")
    assert not scene.endpoints.asked
    assert not scene.keys.asked


@pytest.mark.parametrize(("aud", "enters"), [(["us", "x"], True), ("us", True), (["x"], False), (DROP, False), (7, False)])  # fmt: skip
async def test_a_row_may_say_for_whom_the_tokens_must_be(aud: Any, enters: object) -> None:
    scene = Scene({**ON, "userinfo_audiences": frozenset({"us"})})
    found = await scene.enters(scene.says(access_token(aud=aud), answer()))
    assert isinstance(found, Caller) is enters
    assert bool(scene.endpoints.asked) is enters


@pytest.mark.row("C3")
async def test_an_opaque_token_goes_to_the_one_broker_that_has_such() -> None:
    scene = Scene(OPAQUE)
    who = await scene.enters(scene.says(SECRET, answer(heart())))
    assert isinstance(who, Caller)
    assert who.ends == NOW + USERINFO_SECONDS
    assert scene.endpoints.asked == [(BROKER, SECRET)]


@pytest.mark.row("C3")
async def test_with_two_such_brokers_an_opaque_token_goes_to_nobody() -> None:
    second = trusted(broker_row(iss="https://second.example/", **OPAQUE))
    scene = Scene(OPAQUE, second)
    assert not is_foreign(scene.s.world, SECRET)
    assert await scene.enters(SECRET) == Reason(code="AUTH-TOKEN-INVALID")
    assert not scene.endpoints.asked


@pytest.mark.row("T013", "C5")
async def test_a_secret_of_ours_is_not_shown_to_another_broker() -> None:
    secret = opaque(b"s" * 32)
    scene = Scene(OPAQUE)
    ours = RefreshToken(id=stored_id(secret), family="fam", expires=Seconds(NOW + 60))
    scene.s.ledger.rows[ours.KIND, ours.id] = ours
    assert await scene.enters(secret) == Reason(code="AUTH-TOKEN-INVALID")
    assert not scene.endpoints.asked


async def test_a_device_code_of_ours_is_not_shown_to_another_broker() -> None:
    scene, code = Scene(OPAQUE), opaque(b"d" * 32)
    await scene.s.world.scratch.put(DEVICES, stored_id(code), {}, Seconds(NOW + 600))
    assert await scene.enters(code) == Reason(code="AUTH-TOKEN-INVALID")
    assert not scene.endpoints.asked


async def test_what_the_broker_refuses_is_refused_here() -> None:
    scene = Scene()
    assert await scene.enters(access_token()) == Reason(code="AUTH-TOKEN-INVALID")
    assert scene.endpoints.asked


async def test_a_broker_that_does_not_answer_is_nobodys_fault_and_lets_nobody_in() -> None:
    scene = Scene()
    scene.endpoints.down.add(BROKER)
    assert await scene.enters(access_token()) == Reason(code="SRV-UPSTREAM")


BAD: list[tuple[str, Any]] = [
    ("of another subject", answer(heart(), sub="u-2")),
    ("of no subject", answer(heart(), sub=DROP)),
    ("subject as a number", answer(heart(), sub=1)),
    ("of another issuer", answer(heart(), iss=ISSUER)),
    ("visas as text", answer(ga4gh_passport_v1=heart())),
    ("visas as objects", answer(ga4gh_passport_v1=[{}])),
    ("signed by somebody else", signed_answer(heart(), key=EC)),
    ("signed, of another subject", signed_answer(heart(), sub="u-2")),
    ("signed, of another issuer", signed_answer(heart(), iss=ISSUER)),
    ("signed, of no issuer", signed_answer(heart(), iss=DROP)),
    ("signed and expired", signed_answer(heart(), exp=NOW - 30)),
    ("signed, exp as text", signed_answer(heart(), exp=str(NOW + 60))),
    ("unsigned", signed_answer(heart(), header={"alg": "none"})),
    ("with an unknown key", signed_answer(heart(), header={"kid": "b-9"})),
    ("a Passport", passport(heart(), sub="u-1")),
    ("no JWT", "abc"),
    ("a JWT of another kind", signed_answer(heart(), header={"typ": "at+jwt"})),
]


@pytest.mark.row("T047")
@pytest.mark.parametrize("said", [said for _, said in BAD], ids=[what for what, _ in BAD])
async def test_an_answer_that_is_not_as_it_must_be_lets_nobody_in(said: Any) -> None:
    scene = Scene()
    assert await scene.enters(scene.says(access_token(), said)) == Reason(code="SRV-UPSTREAM")
    assert scene.s.kinds() == [], "nobody was met"


async def test_an_answer_is_read_as_strictly_as_a_token() -> None:
    for body in (b'{"sub":"u-1","sub":"u-1"}', b"[]", b"null", b"", b'{"sub":"u-1"', b"\xff", b"[" * 5000):
        scene, token = Scene(), access_token()
        scene.endpoints.answers[BROKER, token] = Answer(media="application/json", body=body)
        assert await scene.enters(token) == Reason(code="SRV-UPSTREAM")


@pytest.mark.row("T045")
async def test_more_visas_than_a_passport_may_have_are_refused_by_name() -> None:
    for count, refused in ((PASSPORT_VISAS, False), (PASSPORT_VISAS + 1, True)):
        scene = Scene()
        found = await scene.enters(scene.says(access_token(), answer(*["x"] * count)))
        assert isinstance(found, Reason) is refused


@pytest.mark.row("T029", "T121")
@pytest.mark.parametrize("what", ["issuer", "key"])
async def test_a_revoked_issuer_or_key_lets_nobody_in(what: str) -> None:
    value = {"issuer": BROKER, "key": thumbprint(KEYS[BROKER, BROKER_JKU][0])}[what]
    scene = Scene(None, Revocation(id=f"{what}:{value}", since=NOW, ground="Test."))
    assert await scene.enters(scene.says(access_token(), answer(heart()))) == Reason(code="AUTH-REVOKED")
    assert not scene.endpoints.asked


@pytest.mark.row("T029", "T098")
async def test_an_expelled_key_takes_along_what_an_access_token_let_in() -> None:
    key = thumbprint(KEYS[BROKER, BROKER_JKU][0])
    for said in (answer(heart(), role()), signed_answer(heart(), role())):
        scene = Scene()
        who = await scene.enters(scene.says(access_token(), said))
        assert isinstance(who, Caller)
        found = await ask(scene.s.world, replace(who, location="DE"), b.ONE)
        assert isinstance(found, Ticket)
        scene.s.live.committed([Revocation(id=f"key:{key}", since=NOW, ground="Leaked.")])
        assert isinstance(await show(scene.s.world, found.access.id, b.ONE), Refused)


async def test_keys_that_cannot_be_had_are_not_the_callers_fault() -> None:
    scene = Scene()
    scene.keys.at = {}
    assert await scene.enters(access_token()) == Reason(code="SRV-UPSTREAM")
    assert not scene.endpoints.asked


async def test_operators_see_why_a_brokers_tokens_are_refused() -> None:
    scene = Scene()
    await scene.enters(access_token(iat=NOW - 900, exp=NOW - 30))
    told = next(report for report in scene.health.reports() if report.iss == BROKER)
    assert told.last_code == "PASSPORT-EXPIRED"


def test_which_tokens_are_asked_about() -> None:
    scene = Scene(OPAQUE)
    assert is_foreign(scene.s.world, access_token())
    assert is_foreign(scene.s.world, SECRET)
    assert not is_foreign(scene.s.world, access_token(iss=b.US))
    assert not is_foreign(scene.s.world, access_token(iss="https://stranger.example/"))
    assert not is_foreign(Scene().s.world, SECRET)
    assert not is_foreign(Scene({}).s.world, access_token())


@pytest.mark.row("C5", "T130")
async def test_the_token_is_in_no_entry_and_no_row() -> None:
    scene = Scene(OPAQUE)
    who = await scene.enters(scene.says(SECRET, answer(heart(), role())))
    assert isinstance(who, Caller)
    await ask(scene.s.world, replace(who, location="DE"), b.ONE)
    assert SECRET not in repr(who)
    assert SECRET not in repr(scene.s.ledger.rows)
    assert not any(SECRET.encode() in body for body in scene.s.ledger.bodies)
    assert b64(SECRET.encode()) not in repr(scene.s.ledger.rows)
