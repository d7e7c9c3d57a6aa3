"""Health and metrics name nobody, and nothing that belongs to somebody, after everything has happened."""

from pathlib import Path

import pytest

from broker.core.audit.entry import pseudonym
from broker.core.rows import Application, Dataset, Grant, Person, Request, Session
from tests.browser.world import lived_in

LEAST = 5
"""Letters of a word that is looked for."""
KINDS = (Person, Session, Grant, Request, Application, Dataset)


@pytest.mark.row("T139")
async def test_nobody_is_named_by_health_and_metrics(tmp_path: Path) -> None:
    async with lived_in(tmp_path) as (s, names):
        rows = [row for row in s.stage.ledger.rows.values() if isinstance(row, KINDS)]
        people = [row for row in rows if isinstance(row, Person)]
        sessions = [row for row in rows if isinstance(row, Session)]
        words = {str(row.id) for row in rows} | {pseudonym(one.log_key, s.stage.world.issuer, one.id) for one in people}
        words |= {str(sub) for one in sessions for _, sub in one.identities} | {one.name for one in sessions}
        words |= {"faculty@rhine.example", names["receipt"], names["refused"], names["case"]}
        words |= {entry.who for entry in s.stage.ledger.entries if entry.who}
        assert len(words) > 60
        for path in ("/metrics", "/healthz", "/readyz"):
            text = await (await s.http.get(path)).text()
            assert [word for word in sorted(words) if len(word) >= LEAST and word in text] == [], path
            assert "127.0.0.1" not in text
