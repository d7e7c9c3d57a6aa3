"""Codes and refresh tokens under real races, on the ledger that is used: T064 to T066, T123."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from broker.adapters.storage.ledger import SqliteLedger
from broker.adapters.storage.log import open_log
from broker.adapters.storage.reads import open_rows
from broker.core.audit.entry import decode, pseudonym
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import REFRESH_GRACE
from broker.core.rows import Family, Put, Revocation
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.introspect import introspect
from tests.adapters.storage.support import Place
from tests.flows.oauth.fakes_oauth import ADA, CLIENTS, ISSUER, SESSION, World, basic, said

MANY = 50


@dataclass
class Stored:
    """The authorization server over a real database."""

    w: World
    ledger: SqliteLedger
    place: Place

    async def kinds(self) -> list[tuple[str, str | None]]:
        """Every entry: kind, and who."""
        async with open_log(self.place.database, self.place.head) as log:
            kept = await log.newest(10_000)
        entries = [decode(one.body).entry for one in reversed(kept)]
        return [(entry.kind, entry.who) for entry in entries]

    async def alive(self, token: str | None) -> bool:
        found = await introspect(self.w.d, basic("app"), f"token={token}".encode())
        assert not isinstance(found, OAuthError)
        return bool(found["active"])

    async def end(self, family: str) -> None:
        now = self.w.clock.now()
        row = Revocation(id=f"family:{family}", since=now, ground="test")
        await self.ledger.record(self.w.d.entry("revocation.made", now, ADA, {"what": "family"}), Put(row))


@asynccontextmanager
async def stored(place: Place) -> AsyncIterator[Stored]:
    async with place.open() as ledger, open_rows(place.database) as rows:
        w = World()
        w.d = replace(w.d, ledger=ledger, rows=rows, entropy=place.entropy)
        first = w.d.entry("catalogue.applied", w.clock.now(), None, {})
        await ledger.record(first, *(Put(row) for row in (*CLIENTS, ADA, SESSION)))
        yield Stored(w=w, ledger=ledger, place=place)


def won(got: list[Any]) -> list[Tokens]:
    return [one for one in got if isinstance(one, Tokens)]


@pytest.mark.row("T064")
async def test_of_fifty_redemptions_one_wins_and_the_replay_ends_it(place: Place) -> None:
    async with stored(place) as s:
        code = await s.w.code()
        got = await asyncio.gather(*(s.w.redeem(code) for _ in range(MANY)))
        (winner,) = won(got)
        assert {one for one in got if one is not winner} <= {OAuthError.CODE_REPLAYED, OAuthError.BUSY}
        assert not await s.alive(winner.access_token)
        assert not await s.alive(winner.refresh_token)
        told = await s.kinds()
        ada = pseudonym(ADA.log_key, ISSUER, ADA.id)
        assert told.count(("token.issued", ada)) == 1
        assert told.count(("token.replayed", ada)) == 1  # among the entries that she reads at /api/v1/audit/entries


@pytest.mark.row("T065")
async def test_fifty_refreshes_at_once_rotate_once_and_all_get_the_same(place: Place) -> None:
    async with stored(place) as s:
        first = await s.w.tokens()
        again: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": first.refresh_token}
        got = await asyncio.gather(*(s.w.post(**again) for _ in range(MANY)))
        tokens = won(got)
        assert {one for one in got if not isinstance(one, Tokens)} <= {OAuthError.BUSY}
        assert len(tokens) > MANY // 2
        assert len({one.refresh_token for one in tokens}) == 1
        assert len({said(one.access_token)["jti"] for one in tokens}) == 1
        assert await s.alive(tokens[0].refresh_token)
        assert not await s.alive(first.refresh_token)


@pytest.mark.row("T066")
async def test_an_old_refresh_token_ends_everything_and_its_owner_reads_of_it(place: Place) -> None:
    async with stored(place) as s:
        first = await s.w.tokens()
        second = await s.w.post(grant_type="refresh_token", refresh_token=first.refresh_token)
        s.w.clock.advance(REFRESH_GRACE)
        again: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": first.refresh_token}
        got = await asyncio.gather(*(s.w.post(**again) for _ in range(10)))
        assert not won(got)
        for token in (second.access_token, second.refresh_token):
            assert not await s.alive(token)
        told = await s.kinds()
        assert told.count(("token.replayed", pseudonym(ADA.log_key, ISSUER, ADA.id))) == 1


@pytest.mark.row("T123")
@pytest.mark.parametrize("after", range(0, 12, 2))
async def test_no_token_survives_a_revocation_that_races_with_it(place: Place, after: int) -> None:
    """The revocation comes between any two of the steps; whatever was handed out by then is dead."""
    async with stored(place) as s:
        first, code = await s.w.tokens(), await s.w.code()
        family = said(first.access_token)["sid"]
        rows = [row async for row in s.w.d.rows.scan(Family)]
        assert len(rows) == 2

        async def later() -> None:
            for _ in range(after):
                await asyncio.sleep(0)
            for row in rows:
                await s.end(row.id)

        again: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": first.refresh_token}
        *got, _ = await asyncio.gather(
            *(s.w.post(**again) for _ in range(5)), s.w.redeem(code), s.w.exchange(first.access_token), later()
        )
        assert family in {row.id for row in rows}
        for one in won(got):
            assert not await s.alive(one.access_token)
            if one.refresh_token is not None:
                assert not await s.alive(one.refresh_token)
                refused = await s.w.post(grant_type="refresh_token", refresh_token=one.refresh_token)
                assert isinstance(refused, OAuthError)
        assert isinstance(await s.w.post(**again), OAuthError)
        assert isinstance(await s.w.exchange(first.access_token), OAuthError)
