"""Witnesses sign what continues what they signed before; whatever else they answer is told and kept from nobody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestServer

from broker.adapters.note_keys import verify
from broker.adapters.outgoing import Outgoing
from broker.adapters.storage.log import open_log
from broker.adapters.storage.scratch import open_scratch
from broker.adapters.witnesses import HttpWitnesses, parse_witness
from broker.core.audit.note import Checkpoint, Key, open_note
from broker.core.audit.signature_kinds import COSIGNED, COSIGNED_ML_DSA
from broker.core.audit.witness import Cosigned, Witness, asked, lines_of, other_size
from broker.core.time import Seconds
from broker.flows.witness import Asking, ask_witness, cosigned
from tests.adapters.storage.places import new_database, place
from tests.adapters.storage.support import KEY, ORIGIN, Place
from tests.witness import NAME, FakeWitness, signer

__all__ = ["new_database", "place"]
NOW = Seconds(1_800_000_100)


@asynccontextmanager
async def asking(place: Place, fake: FakeWitness, kind: int = COSIGNED) -> AsyncIterator[tuple[Asking, Witness]]:
    outgoing = Outgoing(seconds=5)
    async with (
        TestServer(fake.app()) as server,
        open_log(place.database, place.head) as log,
        open_scratch(place.database) as scratch,
    ):
        witness = parse_witness(f"{signer(kind).key} {str(server.make_url('')).rstrip('/')}")
        yield Asking(scratch=scratch, audit=log, door=HttpWitnesses(outgoing), verify=verify), witness
    await outgoing.close()


@pytest.mark.row("AL3")
@pytest.mark.parametrize("kind", [COSIGNED, COSIGNED_ML_DSA])
async def test_a_witness_signs_each_checkpoint_that_continues_the_last(place: Place, kind: int) -> None:
    fake = FakeWitness({ORIGIN: KEY}, signers=(signer(kind), signer(kind, "somebody.else/w2")))
    async with asking(place, fake, kind) as (a, witness):
        for count in (3, 300):
            place.entropy.drawn += 1000
            place.fill_more(count)
            done = await ask_witness(a, witness, NOW)
            assert isinstance(done, Cosigned)
            assert done.size == fake.latest[ORIGIN].size == (await a.audit.published()).size
            assert open_note((done.note + done.lines).encode(), [witness.key], verify)
            assert done.lines.count("\n") == 1, "lines of others are left out"
        assert await cosigned(a.scratch, [witness], ORIGIN, NOW) == (done,)
        assert await ask_witness(a, witness, NOW) == done
        assert fake.answers == [200, 200], "nothing new, nothing asked"


async def test_a_witness_that_knows_more_than_we_remember_is_asked_again(place: Place) -> None:
    fake = FakeWitness({ORIGIN: KEY})
    async with asking(place, fake) as (a, witness):
        place.fill_more(3)
        await ask_witness(a, witness, NOW)
        place.fill_more(5)
        assert await cosigned(a.scratch, [witness], ORIGIN, Seconds(NOW + 401 * 86_400)) == (), (
            "what we kept has expired"
        )
        done = await ask_witness(a, witness, Seconds(NOW + 401 * 86_400))
    assert isinstance(done, Cosigned)
    assert fake.answers == [200, 409, 200]


@pytest.mark.parametrize(
    ("fake", "why"),
    [
        (FakeWitness({}), "does not know this log"),
        (FakeWitness({ORIGIN: Key(ORIGIN, bytes(32))}), "does not know the key"),
        (FakeWitness({ORIGIN: KEY}, signers=(signer(COSIGNED_ML_DSA),)), "without a signature of its own"),
        (FakeWitness({ORIGIN: KEY}, latest={ORIGIN: Checkpoint(origin=ORIGIN, size=2, root=bytes(32))}), "consistent"),
        (FakeWitness({ORIGIN: KEY}, latest={ORIGIN: Checkpoint(origin=ORIGIN, size=4, root=bytes(32))}), "409"),
        (
            FakeWitness({ORIGIN: KEY}, latest={ORIGIN: Checkpoint(origin=ORIGIN, size=99, root=bytes(32))}),
            "another log",
        ),
    ],
    ids=["unknown log", "unknown key", "another's line", "fork below", "fork at this size", "longer than ours"],
)
@pytest.mark.row("AL3")
async def test_why_a_witness_does_not_sign_is_told(place: Place, fake: FakeWitness, why: str) -> None:
    place.fill_more(3)
    async with asking(place, fake) as (a, witness):
        said = await ask_witness(a, witness, NOW)
        assert isinstance(said, str)
        assert why in said
        assert await cosigned(a.scratch, [witness], ORIGIN, NOW) == ()


async def test_a_witness_that_is_not_there_is_told(place: Place) -> None:
    async with asking(place, FakeWitness({})) as (a, witness):
        gone = Witness(key=witness.key, url="http://127.0.0.1:1")
        assert "no connection" in str(await ask_witness(a, gone, NOW))


def test_the_request_looks_as_the_specification_shows_it() -> None:
    assert asked(7, [bytes(32)], b"note\n") == b"old 7\n" + b"A" * 43 + b"=\n\nnote\n"
    assert asked(0, (), b"note\n") == b"old 0\n\nnote\n"


@pytest.mark.parametrize(
    ("status", "body", "size"),
    [
        (409, b"12\n", 12),
        (409, b"0\n", 0),
        (409, b"012\n", None),
        (409, b"12", None),
        (409, b"", None),
        (200, b"12\n", None),
    ],
)
def test_a_size_is_read_from_a_conflict_only(status: int, body: bytes, size: int | None) -> None:
    assert other_size(status, body) == size


def test_a_false_line_of_a_known_witness_is_not_kept(place: Place) -> None:
    place.fill_more(1)
    note = place.ask("SELECT note FROM checkpoint ORDER BY size DESC")[0][0]
    witness = Witness(key=signer().key, url="https://w.example")
    fake = FakeWitness({ORIGIN: KEY})
    status, line = fake.add(b"old 0\n\n" + note)
    assert lines_of(status, line.encode(), note, witness, verify) == line
    flipped = line[:-10] + ("A" if line[-10] != "A" else "B") + line[-9:]
    with pytest.raises(ValueError, match="false"):
        lines_of(200, flipped.encode(), note, witness, verify)


@pytest.mark.parametrize(
    "text", ["", NAME, f"{signer().key}", f"{signer().key} http://w.example", f"{signer().key} ftp://x"]
)
def test_what_is_no_witness_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"witness|key"):
        parse_witness(text)
