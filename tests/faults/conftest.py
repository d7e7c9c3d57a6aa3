"""A folder on which people have signed in, made once; each test gets a copy."""

import asyncio
import shutil
import signal
from pathlib import Path

import pytest

from broker.demo.browser import Browser
from tests.adapters.storage.places import new_database, place
from tests.end_to_end.demo import Demo, granted
from tests.faults.days import Ready

__all__ = ["new_database", "place", "prepared", "ready"]
_LEFT_BEHIND = ("data",)
"""The copy reads these where they are: the catalogue names them so."""


async def _prepared(state: Path) -> Ready:
    demo = Demo(state)
    try:
        await demo.start()
        await granted(demo.described)
        async with Browser(demo.described) as ada, Browser(demo.described) as mei:
            hers, judge, again = await ada.tokens("ada"), await mei.tokens("mei"), await ada.tokens("ada")
    finally:
        await demo.end(signal.SIGTERM)
    return Ready(state, demo.described, hers["access_token"], again["refresh_token"], judge["access_token"])


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    return asyncio.run(_prepared(tmp_path_factory.mktemp("faults") / "state"))


@pytest.fixture
def ready(prepared: Ready, tmp_path: Path) -> Ready:
    """What was prepared, on a folder of its own."""
    state = tmp_path / "state"
    shutil.copytree(prepared.state, state, ignore=shutil.ignore_patterns(*_LEFT_BEHIND))
    return prepared.at(state)
