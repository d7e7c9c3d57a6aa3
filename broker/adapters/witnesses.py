"""Asks witnesses over HTTP, and goes on asking while the broker runs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from broker.adapters.outgoing import FetchError, Outgoing
from broker.core.audit.note import parse_key
from broker.core.audit.witness import MAX_ANSWER, Cosigned, Witness
from broker.core.jobs import Turns
from broker.ports import UpstreamError

ASK_SECONDS = 10.0
"""How often witnesses are asked: nobody waits for them."""
_log: Any = structlog.get_logger()


def parse_witness(text: str) -> Witness:
    """`KEY URL`, the key as `name+id+key`. ValueError for another form, and for http that leaves this machine."""
    said, _, url = text.partition(" ")
    if not url.startswith(("https://", "http://127.0.0.1", "http://[::1]")) or " " in url:
        raise ValueError(f"witness {said.partition('+')[0]}: a key, a space, and an https address are wanted")
    return Witness(key=parse_key(said), url=url.rstrip("/"))


class HttpWitnesses:
    """A ports.witnesses.WitnessDoor. Where witnesses are, an operator has written down: they may be inside."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def add_checkpoint(self, url: str, body: bytes) -> tuple[int, bytes]:
        try:
            return await self._outgoing.post(f"{url}/add-checkpoint", body, limit=MAX_ANSWER, internal=True)
        except FetchError as error:
            raise UpstreamError(str(error)) from None


async def go_on_asking(
    witnesses: Sequence[Witness],
    ask: Callable[[Witness], Awaitable[Cosigned | str]],
    turns_of: Callable[[str], Turns],
) -> None:
    """All of them, again and again, each for itself; what goes wrong is logged once, until it goes well again.

    `turns_of`: where it is told how the asking of the witness of this name went.
    """
    await asyncio.gather(*(_one(witness, ask, turns_of(witness.key.name)) for witness in witnesses))


async def _one(witness: Witness, ask: Callable[[Witness], Awaitable[Cosigned | str]], turns: Turns) -> None:
    wrong = ""
    while True:
        turns.begun()
        said = await ask(witness)
        turns.ended("failed" if isinstance(said, str) else "done", ASK_SECONDS)
        if isinstance(said, str) and said != wrong:
            _log.warning("a witness has not signed", witness=witness.key.name, why=said)
        wrong = said if isinstance(said, str) else ""
        await asyncio.sleep(ASK_SECONDS)
