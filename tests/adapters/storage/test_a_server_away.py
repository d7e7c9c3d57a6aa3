"""While PostgreSQL is away, a broker asks for it now and then: not as fast as it can."""

import asyncio
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import structlog

from broker.adapters.storage.postgres.ordering import LogOf
from broker.adapters.storage.postgres.sequencer import PAUSE, PUBLISH_SECONDS, Sequencer
from tests.adapters.storage.support import ORIGIN, sign
from tests.fakes import CountingEntropy, FakeClock

_MOST = 3
"""Lines of log in a second; one for each try."""


@contextmanager
def few_lines() -> Iterator[list[str]]:
    """What is logged. AssertionError in whoever says too much: it may not let anybody else have a turn."""
    said, before = list[str](), structlog.get_config()["processors"]

    def hear(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        said.append(line["event"])
        assert len(said) <= _MOST, "as fast as it can"
        raise structlog.DropEvent

    structlog.configure(processors=[hear])
    try:
        yield said
    finally:
        structlog.configure(processors=before)


@pytest.mark.row("F13")
async def test_a_server_that_is_away_is_asked_a_few_times_a_second(tmp_path: Path) -> None:
    of = LogOf(origin=ORIGIN, sign=sign, clock=FakeClock(), entropy=CountingEntropy())
    nowhere = f"postgresql://broker@/none?host={tmp_path}"
    sequencer = Sequencer(nowhere, nowhere, of, PAUSE, PUBLISH_SECONDS)
    sequencer.wake()  # somebody waits for what they wrote
    with few_lines() as said, suppress(TimeoutError):
        async with asyncio.timeout(1):
            await sequencer.run()
    assert said
