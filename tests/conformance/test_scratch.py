"""What every Scratch must do: one body of tests, every implementation."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from broker.adapters.storage.postgres.reads import open_postgres_scratch
from broker.adapters.storage.scratch import MAX_BYTES, MAX_ID, open_scratch
from broker.core.time import Seconds
from broker.ports import LedgerDownError, Scratch
from tests.adapters.storage.support import Place, SharedPlace
from tests.fakes import MemoryScratch

NOW, LATER = Seconds(100), Seconds(200)
VALUE: dict[str, Any] = {"state": "x", "n": 1, "scopes": ["a", "b"], "nothing": None, "nested": {"deep": True}}
LIMIT = MARKS = 5


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def scratch(request: pytest.FixtureRequest) -> AsyncIterator[Scratch]:
    match request.param:
        case "memory":
            yield MemoryScratch(limit=LIMIT, marks=MARKS)
        case "sqlite":
            place: Place = request.getfixturevalue("place")
            async with open_scratch(place.database, limit=LIMIT, marks=MARKS) as opened:
                yield opened
        case _:
            shared: SharedPlace = request.getfixturevalue("shared_place")
            async with open_postgres_scratch(shared.url, limit=LIMIT, marks=MARKS) as many:
                yield many


async def test_what_was_put_is_there_until_it_expires(scratch: Scratch) -> None:
    await scratch.put("sign_in", "a", VALUE, LATER)
    assert await scratch.get("sign_in", "a", NOW) == VALUE
    assert await scratch.get("sign_in", "a", Seconds(LATER - 1)) == VALUE
    assert await scratch.get("sign_in", "a", LATER) is None
    assert await scratch.get("sign_in", "b", NOW) is None
    assert await scratch.get("par", "a", NOW) is None


async def test_putting_again_replaces(scratch: Scratch) -> None:
    await scratch.put("par", "a", {"n": 1}, LATER)
    await scratch.put("par", "a", {"n": 2}, LATER)
    assert await scratch.take("par", "a", NOW) == {"n": 2}
    assert await scratch.get("par", "a", NOW) is None


async def test_of_two_takers_one_gets_it(scratch: Scratch) -> None:
    await scratch.put("par", "a", VALUE, LATER)
    got = await asyncio.gather(*(scratch.take("par", "a", NOW) for _ in range(5)))
    assert [each for each in got if each is not None] == [VALUE]


async def test_what_has_expired_cannot_be_taken_and_is_gone(scratch: Scratch) -> None:
    await scratch.put("par", "a", VALUE, LATER)
    assert await scratch.take("par", "a", LATER) is None
    assert await scratch.get("par", "a", NOW) is None


@pytest.mark.row("T061")
async def test_of_too_many_the_oldest_go_and_other_kinds_stay(scratch: Scratch) -> None:
    await scratch.put("other", "x", VALUE, LATER)
    for n in range(LIMIT + 1):
        await scratch.put("par", str(n), {"n": n}, LATER)
    assert [await scratch.get("par", str(n), NOW) for n in range(LIMIT + 1)] == [
        None,
        *({"n": n} for n in range(1, LIMIT + 1)),
    ]
    assert await scratch.get("other", "x", NOW) == VALUE


async def test_what_is_put_again_is_young_again(scratch: Scratch) -> None:
    for n in [*range(LIMIT), 0, 9]:
        await scratch.put("par", str(n), {"n": n}, LATER)
    assert await scratch.get("par", "0", NOW) == {"n": 0}
    assert await scratch.get("par", "1", NOW) is None


async def test_a_value_and_its_id_have_a_largest_size(scratch: Scratch) -> None:
    room = MAX_BYTES - len('{"x":""}')
    await scratch.put("par", "i" * MAX_ID, {"x": "y" * room}, LATER)
    with pytest.raises(ValueError, match="scratch"):
        await scratch.put("par", "a", {"x": "y" * (room + 1)}, LATER)
    with pytest.raises(ValueError, match="scratch"):
        await scratch.put("par", "i" * (MAX_ID + 1), VALUE, LATER)


@pytest.mark.parametrize("kind", ["", "A", "with-hyphen", "with blank", "x" * 41])
async def test_a_kind_is_a_plain_word(scratch: Scratch, kind: str) -> None:
    with pytest.raises(ValueError, match="scratch"):
        await scratch.put(kind, "one", {}, LATER)
    with pytest.raises(ValueError, match="scratch"):
        await scratch.add(kind, "one", {}, LATER, NOW)


async def test_taking_makes_room(scratch: Scratch) -> None:
    for n in range(LIMIT):
        await scratch.put("par", str(n), {"n": n}, LATER)
    await scratch.take("par", "3", NOW)
    await scratch.put("par", "new", {"n": 9}, LATER)
    assert await scratch.get("par", "0", NOW) == {"n": 0}


async def test_of_many_who_add_the_same_one_hears_yes(scratch: Scratch) -> None:
    added = await asyncio.gather(*(scratch.add("proof", "a", {"n": n}, LATER, NOW) for n in range(5)))
    assert sorted(added) == [False] * 4 + [True]
    assert await scratch.get("proof", "a", NOW) == {"n": added.index(True)}


async def test_what_has_expired_can_be_added_again(scratch: Scratch) -> None:
    assert await scratch.add("proof", "a", {"n": 1}, LATER, NOW)
    assert not await scratch.add("proof", "a", {"n": 2}, LATER, Seconds(LATER - 1))
    assert await scratch.add("proof", "a", {"n": 3}, Seconds(LATER + 9), LATER)
    assert await scratch.get("proof", "a", LATER) == {"n": 3}


async def test_what_was_added_is_never_dropped_for_others(scratch: Scratch) -> None:
    for n in range(MARKS):
        assert await scratch.add("proof", str(n), {}, LATER, NOW)
    with pytest.raises(LedgerDownError):
        await scratch.add("proof", "one too many", {}, LATER, NOW)
    assert not any([await scratch.add("proof", str(n), {}, LATER, NOW) for n in range(MARKS)])
    assert await scratch.get("proof", "one too many", NOW) is None
    assert await scratch.add("other", "one too many", {}, LATER, NOW)


async def test_what_has_expired_takes_no_room(scratch: Scratch) -> None:
    for n in range(MARKS):
        assert await scratch.add("proof", str(n), {}, LATER, NOW)
    assert await scratch.add("proof", "new", {}, Seconds(LATER + 9), LATER)


@pytest.mark.parametrize("kind", ["recipient-key", "", "Par", "9", "a" * 41, "par "])
async def test_a_kind_is_a_word_of_ours(scratch: Scratch, kind: str) -> None:
    with pytest.raises(ValueError, match="scratch"):
        await scratch.put(kind, "a", VALUE, LATER)
    with pytest.raises(ValueError, match="scratch"):
        await scratch.add(kind, "a", VALUE, LATER, NOW)


async def test_what_ends_soon_is_named_the_next_one_first(scratch: Scratch) -> None:
    for id, ends in (("c", 150), ("a", 200), ("b", 150), ("gone", 100), ("long", 201)):
        await scratch.put("draft", id, VALUE, Seconds(ends))
    await scratch.put("other", "x", VALUE, Seconds(150))
    assert list(await scratch.ending("draft", NOW, Seconds(201))) == [("b", 150), ("c", 150), ("a", 200)]
    assert list(await scratch.ending("draft", Seconds(150), Seconds(200))) == []
