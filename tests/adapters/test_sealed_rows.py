"""Secrets of other services in rows: encrypted wherever they lie, clear to who reads through the broker."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.clock import SystemClock
from broker.adapters.entropy import SystemEntropy
from broker.adapters.keys import open_keys
from broker.adapters.sealed_rows import SECRETS, Seal, SealedLedger, SealedRows, SecretError, is_shut
from broker.adapters.storage.audit_tool import verify
from broker.adapters.storage.codec import store
from broker.adapters.storage.ledger import open_ledger
from broker.adapters.storage.postgres.reads import open_postgres_rows
from broker.adapters.storage.reads import all_of
from broker.app import Running, opened
from broker.config import Settings
from broker.copies import back_up
from broker.core.audit.entry import decode
from broker.core.ids import Issuer
from broker.core.passport.trust import TrustRow
from broker.core.rows import IdentityProvider, Put, Row, VisaIssuer, changed
from broker.core.rows.history import LEFT_OUT
from broker.state import log_key, log_origin, make_state
from tests.adapters.storage.places import cluster, postgres_database, shared_place
from tests.adapters.storage.support import SharedPlace, ed25519, ended, entry

__all__ = ["cluster", "postgres_database", "shared_place"]
ISSUER = "http://127.0.0.1:18998"
HOME, FAR = Issuer("https://home.example"), Issuer("https://far.example")
SEAL = Seal(b"k" * 32)
SECRET, GATHER = "canary-of-the-home-provider-4711", "canary-of-the-clearinghouse-0815"
IDP = IdentityProvider(id=HOME, slug="home", name="Home", client_id="us", client_secret=SECRET)
FAR_ROW = VisaIssuer(id=FAR, trust=TrustRow(iss=FAR), gather_key=GATHER)
ROWS: tuple[Row, ...] = (IDP, FAR_ROW)
texts = st.text(min_size=1, max_size=200).filter(lambda text: text.encode("utf-8", "ignore").decode() == text)


def test_every_secret_of_a_row_that_must_be_shown_to_somebody_is_known_here() -> None:
    """Of the members that history leaves out, these are the ones that are neither digests nor encrypted already."""
    left_out = {kind: member for kind, members in LEFT_OUT.items() for member in members}
    digests_and_encrypted = {"secret", "document", "token"}
    assert {kind: member for kind, member in left_out.items() if member not in digests_and_encrypted} == dict(SECRETS)


@given(secret=texts)
def test_what_was_encrypted_is_opened_and_the_same_is_encrypted_the_same(secret: str) -> None:
    for row in (replace(IDP, client_secret=secret), replace(FAR_ROW, gather_key=secret)):
        shut = SEAL.shut(row)
        assert is_shut(shut)
        assert secret not in getattr(shut, SECRETS[type(row)]) or len(secret) < 4
        assert SEAL.open(shut) == row
        assert SEAL.shut(row) == shut


def test_it_opens_under_its_own_key_and_for_its_own_row_alone() -> None:
    shut = SEAL.shut(IDP)
    for seal, row in ((Seal(b"l" * 32), shut), (SEAL, replace(shut, id=FAR)), (SEAL, replace(shut, client_secret=shut.client_secret[:-8]))):  # fmt: skip
        with pytest.raises(SecretError, match="another key"):
            seal.open(row)
    assert SEAL.open(IDP) == IDP, "one from before"
    without = replace(IDP, client_secret="")
    assert SEAL.shut(without) == without


@pytest.mark.row("REST1")
async def test_postgresql_and_its_feed_have_what_was_encrypted(shared_place: SharedPlace) -> None:
    told = list[Row]()
    async with shared_place.open() as running, open_postgres_rows(shared_place.url) as stored:
        ledger, rows = SealedLedger(running, SEAL), SealedRows(stored, SEAL)
        ledger.on_commit = told.extend
        await ledger.record(entry(1), *(Put(row) for row in ROWS), ended("grant:1"))
        await ledger.record_each([(entry(2), [Put(changed(IDP, name="Ours"))])])
        await running.ordered()
        assert await rows.get(IdentityProvider, HOME) == changed(IDP, name="Ours")
        assert [row async for row in rows.scan(VisaIssuer)] == [FAR_ROW]
        assert await rows.in_clear() == ()
    assert [row for row in told if isinstance(row, IdentityProvider)] == [IDP, changed(IDP, name="Ours")]
    for table in ("identity_provider", "visa_issuer", "history", "feed", "pending", "record"):
        whole = str(await asyncio.to_thread(shared_place.database.ask, f"SELECT * FROM {table}"))
        assert SECRET not in whole, table
        assert GATHER not in whole, table


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[Running]:
    async with opened(settings) as running:
        yield running


async def kinds(running: Running) -> list[str]:
    return [decode(kept.body).entry.kind for kept in await running.audit.newest(500)]


def lie_about(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in settings.state.iterdir() if path.is_file()}


@pytest.mark.row("REST1")
async def test_what_an_older_version_left_in_clear_is_encrypted_at_the_next_start(tmp_path: Path) -> None:
    settings = Settings(issuer=ISSUER, state=tmp_path / "state", mode="example")
    await asyncio.to_thread(make_state, settings)
    key, sign = log_key(open_keys(settings.keys, settings.passphrase_file), ISSUER)
    async with open_ledger(
        settings.database, settings.lock_database,
        origin=log_origin(ISSUER), sign=sign, clock=SystemClock(), entropy=SystemEntropy(),
    ) as ledger:  # fmt: skip
        await ledger.record(entry(1), *map(Put, ROWS))
    assert SECRET.encode() in b"".join(lie_about(settings).values()), "the test would find it"
    for start in (1, 2):
        async with started(settings) as running:
            assert (await kinds(running)).count("secrets.sealed") == 1, start
            for row in ROWS:
                assert await running.world.rows.get(type(row), row.id) == changed(row)
                assert running.world.snapshots.current().get(type(row), row.id) == changed(row)
    stored = await all_of(settings.database, IdentityProvider)
    assert [is_shut(row) for row in stored] == [True]
    copy = tmp_path / "copy.sqlite"
    await back_up(settings, copy)
    for name, content in {**lie_about(settings), "backup": copy.read_bytes()}.items():
        for secret in (SECRET, GATHER):
            assert secret.encode() not in content, name
    report = await asyncio.to_thread(
        verify, settings.database, [key], log_origin(ISSUER), ed25519, settings.lock_database
    )
    assert report.ok, report.findings


@pytest.mark.row("REST1")
@pytest.mark.parametrize("whole", [True, False], ids=["the row as it was", "its secret alone"])
async def test_a_secret_of_before_that_is_put_back_opens_and_the_log_shows_it(tmp_path: Path, *, whole: bool) -> None:
    """What encrypts knows no versions (decision 0017): who writes to the database is found by the log."""
    settings = Settings(issuer=ISSUER, state=tmp_path / "state", mode="example")
    await asyncio.to_thread(make_state, settings)
    key, sign = log_key(open_keys(settings.keys, settings.passphrase_file), ISSUER)
    newer = changed(IDP, client_secret="another-secret-1234")
    async with open_ledger(
        settings.database, settings.lock_database,
        origin=log_origin(ISSUER), sign=sign, clock=SystemClock(), entropy=SystemEntropy(),
    ) as ledger:  # fmt: skip
        sealed = SealedLedger(ledger, SEAL)
        await sealed.record(entry(1), Put(IDP))
        await sealed.record(entry(2), Put(newer))

    def report() -> bool:
        return verify(settings.database, [key], log_origin(ISSUER), ed25519, settings.lock_database).ok

    assert await asyncio.to_thread(report)
    put_back = SEAL.shut(IDP) if whole else replace(newer, client_secret=SEAL.shut(IDP).client_secret)
    with closing(sqlite3.connect(settings.database)) as db, db:
        _, version, body, *_ = store(Put(put_back)).columns
        db.execute("UPDATE identity_provider SET body = ?, version = ? WHERE id = ?", (body, version, HOME))
    (read,) = await all_of(settings.database, IdentityProvider)
    assert SEAL.open(read).client_secret == SECRET
    assert not await asyncio.to_thread(report)
