"""Task tokens: how they are had, what they open, and everything that ends them (T013, T071, T121, T123)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from broker.core.oidc.bearer import shown_token
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE
from broker.core.oidc.limits import TASK_LIFE
from broker.core.outcome import Reason
from broker.core.rows import Family, Session, Task
from broker.core.time import Seconds
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.authorize import Consent
from broker.flows.oauth.introspect import introspect
from broker.flows.oauth.revoke import revoke
from broker.flows.oauth.tasks import end_task, tasks_of
from broker.flows.oauth.userinfo import userinfo
from tests.flows.oauth.fakes_oauth import (
    ADA,
    BOB,
    CLIENTS,
    DATASET,
    DRS,
    SESSION,
    World,
    basic,
    header,
    said,
    visa,
)

SCOPE = "openid ga4gh_passport_v1 task"
GONE = "session.ended"


def world(**changes: Any) -> World:
    w = World()
    w.d = replace(w.d, scopes=w.d.scopes | {"task"})
    w.put(*(replace(one, scopes=(*one.scopes, "task"), **changes) for one in CLIENTS))
    w.held = tuple(replace(one, ends=Seconds(w.clock.now() + 10**9)) for one in w.held)
    return w


async def begin(w: World, **more: str | None) -> Any:
    access = (await w.tokens(scope=SCOPE)).access_token
    form: dict[str, Any] = {"requested_token_type": ACCESS_TOKEN_TYPE, "resource": DATASET, **more}
    return await w.exchange(access, **form)


def sign_out(w: World) -> None:
    w.put(replace(SESSION, ended=w.clock.now()))
    w.end("session", SESSION.id)


async def active(w: World, token: str, client: str = "app") -> bool:
    found = await introspect(w.d, basic(client), f"token={token}".encode())
    assert not isinstance(found, OAuthError)
    return bool(found["active"])


def task(w: World) -> Task:
    (found,) = (row for row in w.ledger.rows.values() if isinstance(row, Task))
    return found


@pytest.mark.row("T071", "T013")
async def test_an_access_token_becomes_a_task_token_for_its_data() -> None:
    w = world()
    got = await begin(w, requested_expiry="86400")
    assert isinstance(got, Tokens), got
    assert got.body().keys() == {"access_token", "token_type", "expires_in", "scope", "issued_token_type"}
    assert (got.issued_token_type, got.expires_in, got.scope) == (ACCESS_TOKEN_TYPE, 86_400, "task")
    assert header(got.access_token) == ("oidc-es256", "task+jwt")
    claims = said(got.access_token)
    assert (claims["sub"], claims["aud"], claims["client_id"]) == ("ada", [DRS, "app"], "app")
    assert (claims["jti"], claims["sid"], claims["scope"]) == (task(w).id, task(w).family, "task")
    row = task(w)
    assert (row.person, row.client, row.datasets, row.grants) == (ADA.id, "app", (DATASET,), ("1",))
    told = w.ledger.entries[-1]
    assert told.kind == "task.begun"
    assert told.about["until"] == row.ends == w.clock.now() + 86_400
    assert got.access_token.encode() not in w.stored()


async def test_what_was_not_agreed_to_is_not_had() -> None:
    w = world()
    code = await w.code("app", Consent(scope=frozenset({"openid", "ga4gh_passport_v1"}), released=None), scope=SCOPE)
    access = (await w.redeem(code)).access_token
    refused = await w.exchange(access, requested_token_type=ACCESS_TOKEN_TYPE, resource=DATASET)
    assert refused is OAuthError.TASK_SCOPE
    assert w.ledger.entries[-1].kind == "token.refused"


REFUSED: list[tuple[str, dict[str, str | None], OAuthError]] = [
    ("no data", {"resource": None}, OAuthError.TASK_DATA),
    ("a dataset outside the grants", {"resource": DRS + "d2"}, OAuthError.TASK_DATA),
    ("an unknown place", {"resource": "https://evil.example/"}, OAuthError.TARGET),
    ("an actor", {"actor_token": "x", "actor_token_type": ACCESS_TOKEN_TYPE}, OAuthError.ACTOR),
    ("an end that is none", {"requested_expiry": "tomorrow"}, OAuthError.TASK_LIFE),
    ("a wider scope", {"scope": "openid profile"}, OAuthError.SCOPE),
]


@pytest.mark.row("T071")
@pytest.mark.parametrize(("row", "changes", "error"), REFUSED)
async def test_a_wrong_request_gives_no_task(row: str, changes: dict[str, str | None], error: OAuthError) -> None:
    w = world()
    assert await begin(w, **changes) is error, row
    assert "task.begun" not in w.ledger.kinds(), row


@pytest.mark.row("T071")
async def test_what_was_not_released_to_the_client_is_not_for_its_tasks() -> None:
    w = world()
    released = Consent(scope=frozenset(SCOPE.split()), released=frozenset({"affiliation:x"}))
    access = (await w.redeem(await w.code("app", released, scope=SCOPE))).access_token
    assert await w.exchange(access, requested_token_type=ACCESS_TOKEN_TYPE, resource=DATASET) is OAuthError.TASK_DATA


async def test_signing_out_does_not_end_a_task() -> None:
    w = world()
    got = await begin(w)
    sign_out(w)
    assert await active(w, got.access_token)
    w.clock.advance(9 * 3600)
    assert await active(w, got.access_token)
    assert [one.id for one in await tasks_of(w.d, ADA, w.clock.now())] == [task(w).id]


async def test_a_task_is_dead_at_its_end() -> None:
    w = world()
    got = await begin(w, requested_expiry="1000")
    w.clock.advance(999)
    assert await active(w, got.access_token)
    w.clock.advance(1)
    assert not await active(w, got.access_token)
    assert await w.exchange(got.access_token, resource=DATASET) is OAuthError.SUBJECT_TOKEN
    assert await tasks_of(w.d, ADA, w.clock.now()) == ()


@pytest.mark.row("T121")
@pytest.mark.parametrize(
    "what", ["its family", "the family it came from", "person", "client", "the task", "its token", "the provider"]
)
async def test_whatever_it_rests_on_ends_the_task(what: str) -> None:
    w = world()
    access = (await w.tokens(scope=SCOPE)).access_token
    parent = said(access)["sid"]
    got = await w.exchange(access, requested_token_type=ACCESS_TOKEN_TYPE, resource=DATASET)
    passport = (await w.exchange(got.access_token)).access_token
    assert await active(w, got.access_token)
    assert await active(w, passport)
    if what == "client":
        w.put(replace(CLIENTS[0], status="suspended"))
    elif what == "the task":
        assert await end_task(w.d, ADA, task(w).id) is None
        assert await end_task(w.d, ADA, task(w).id) is None
        assert w.ledger.kinds().count("task.ended") == 1
    elif what == "its token":
        assert await revoke(w.d, basic("app"), f"token={got.access_token}".encode()) is None
        assert w.ledger.entries[-1].kind == "task.ended"
    elif what == "the provider":
        w.end("issuer", "https://idp.example")
    else:
        value = {"its family": task(w).family, "the family it came from": parent, "person": "ada"}[what]
        w.end("person" if what == "person" else "family", value)
    asker = "repository"  # it serves the DRS for which both were issued
    assert not await active(w, got.access_token, asker), what
    assert not await active(w, passport, asker), what
    refused = await w.exchange(got.access_token, resource=DATASET)
    assert refused in (OAuthError.SUBJECT_TOKEN, OAuthError.CLIENT_FAILED), what
    assert await tasks_of(w.d, ADA, w.clock.now()) == (), what


async def test_nobody_ends_another_s_task() -> None:
    w = world()
    got = await begin(w)
    found = await end_task(w.d, BOB, task(w).id)
    assert isinstance(found, Reason)
    assert found.code == "REQ-NOT-FOUND"
    assert await revoke(w.d, basic("other"), f"token={got.access_token}".encode()) is None
    assert await active(w, got.access_token)


@pytest.mark.row("T071")
async def test_a_task_gives_passports_of_its_data_and_nothing_else() -> None:
    w = world()
    w.held = (*w.held, visa("grant:2", DRS + "d2"))
    got = await begin(w)
    sign_out(w)
    passport = await w.exchange(got.access_token)
    assert isinstance(passport, Tokens), passport
    claims = said(passport.access_token)
    assert claims["ga4gh_passport_v1"] == ["visa-grant:1"]
    assert claims["exp"] <= w.clock.now() + 3600
    assert claims["sid"] == task(w).family
    assert await w.exchange(got.access_token, resource=DRS + "d2") is OAuthError.TARGET
    assert isinstance(await w.exchange(got.access_token, audience=DRS), Tokens)
    for wider in ({"scope": "openid"}, {"requested_token_type": ACCESS_TOKEN_TYPE}):
        assert await w.exchange(got.access_token, **wider, resource=DATASET) in (
            OAuthError.SUBJECT_TOKEN,
            OAuthError.SCOPE,
        )
    assert await w.exchange(got.access_token, "other") is OAuthError.SUBJECT_TOKEN
    assert await w.exchange(passport.access_token) is OAuthError.SUBJECT_TOKEN


@pytest.mark.row("T071")
async def test_a_chain_of_fifty_exchanges_never_begins() -> None:
    w = world()
    token = (await begin(w)).access_token
    for _ in range(50):
        assert await w.exchange(token, requested_token_type=ACCESS_TOKEN_TYPE, resource=DATASET) is (
            OAuthError.SUBJECT_TOKEN
        )
    assert w.ledger.kinds().count("task.begun") == 1


async def test_a_passport_ends_with_its_task() -> None:
    w = world()
    got = await begin(w, requested_expiry="600")
    passport = await w.exchange(got.access_token)
    assert passport.expires_in == 600


@pytest.mark.row("T013")
async def test_no_door_for_people_takes_a_task_token() -> None:
    w = world()
    got = await begin(w)
    assert await userinfo(w.d, shown_token(f"Bearer {got.access_token}")) is OAuthError.TOKEN_INVALID


async def test_introspection_knows_a_task_token() -> None:
    w = world()
    got = await begin(w)
    found = await introspect(w.d, basic("repository"), f"token={got.access_token}".encode())
    assert not isinstance(found, OAuthError)
    assert (found["active"], found["sub"], found["scope"], found["client_id"]) == (True, "ada", "task", "app")
    assert found["exp"] == task(w).ends == w.clock.now() + TASK_LIFE
    assert found["jti"] == task(w).id
    assert await introspect(w.d, basic("other"), f"token={got.access_token}".encode()) == {"active": False}


@pytest.mark.row("T123")
async def test_a_revocation_that_races_with_the_issue_wins() -> None:
    """Whichever is recorded first: the task that came of a revoked authorisation is dead."""
    w = world()
    access = (await w.tokens(scope=SCOPE)).access_token
    parent = w.family()

    async def revoked() -> None:
        w.end("family", parent)

    got, _ = await asyncio.gather(
        w.exchange(access, requested_token_type=ACCESS_TOKEN_TYPE, resource=DATASET), revoked()
    )
    assert isinstance(got, OAuthError) or not await active(w, got.access_token)


async def test_what_a_task_rests_on_is_no_sign_in() -> None:
    w = world()
    await begin(w)
    row = w.ledger.rows["session", task(w).id]
    family = w.ledger.rows["family", task(w).family]
    assert isinstance(row, Session)
    assert isinstance(family, Family)
    assert (row.task, row.expires, row.person) == (True, task(w).ends, ADA.id)
    assert (family.scope, family.parent is not None, family.datasets) == (("task",), True, (DATASET,))
