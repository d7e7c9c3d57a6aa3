"""Keys go on record before they sign, and when they are taken away."""

import pytest

from broker.core.oidc.key_life import PREPUBLISH
from broker.core.rows import SigningKey
from broker.core.time import Seconds
from broker.flows.note_keys import FoundKey, note_keys
from broker.ports import LedgerDownError
from tests.fakes import START
from tests.flows.worlds import stage

OLD = FoundKey(kid="old", use="visa", made=Seconds(START - 500))
NEW = FoundKey(kid="new", use="visa", made=START)
TICKET = FoundKey(kid="tick", use="ticket", made=Seconds(START - 400))


@pytest.mark.row("T034")
async def test_the_first_keys_have_signed_since_they_were_made() -> None:
    s = stage()
    older = FoundKey(kid="older", use="visa", made=Seconds(START - 900))
    assert await note_keys(s.world, [OLD, older, TICKET]) == {
        "old": START - 500, "older": START - 900, "tick": START - 400,
    }  # fmt: skip
    assert s.kinds() == ["key.made"] * 3
    assert {entry.about["use"] for entry in s.ledger.entries} == {"visa", "ticket"}


@pytest.mark.row("T034")
async def test_a_new_key_is_published_before_it_signs_and_once_on_record() -> None:
    s = stage()
    await note_keys(s.world, [OLD])
    s.clock.advance(1000)
    for _ in range(2):
        begins = await note_keys(s.world, [OLD, NEW])
        assert begins == {"old": START - 500, "new": START + 1000 + PREPUBLISH}
        s.clock.advance(7)
    assert s.kinds() == ["key.made", "key.rotated"]
    assert s.ledger.entries[-1].about == {"use": "visa", "key": "new", "from": START + 1000 + PREPUBLISH}


async def test_an_urgent_key_signs_at_once() -> None:
    s = stage()
    await note_keys(s.world, [OLD])
    s.clock.advance(1000)
    begins = await note_keys(s.world, [OLD, FoundKey(kid="new", use="visa", made=START, urgent=True)])
    assert begins["new"] == START + 1000


@pytest.mark.row("T029")
async def test_a_key_that_is_taken_away_is_revoked_and_stays_so() -> None:
    s = stage()
    await note_keys(s.world, [OLD, NEW, TICKET])
    s.clock.advance(5)
    assert set(await note_keys(s.world, [NEW, TICKET])) == {"new", "tick"}
    assert s.kinds()[-1] == "key.revoked"
    row = s.ledger.rows["signing_key", "old"]
    assert isinstance(row, SigningKey)
    assert row.ended == START + 5
    assert "old" not in await note_keys(s.world, [OLD, NEW, TICKET])
    assert s.kinds().count("key.revoked") == 1


async def test_a_key_that_cannot_be_recorded_does_not_sign() -> None:
    s = stage()
    await note_keys(s.world, [OLD])
    s.ledger.breaks = "lost"
    with pytest.raises(LedgerDownError):
        await note_keys(s.world, [OLD, NEW])
    assert ("signing_key", "new") not in s.ledger.rows
