"""What commands share: settings, and turning what an operator can mend into one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker.adapters.catalogue import CatalogueError
from broker.adapters.keys import KeyStoreError
from broker.adapters.storage.connections import DurabilityError
from broker.adapters.storage.head import LedgerRefusedError
from broker.config import Settings, SettingsError, read_settings
from broker.policies import RulesError

MENDABLE = (
    SettingsError,
    KeyStoreError,
    CatalogueError,
    LedgerRefusedError,
    DurabilityError,
    RulesError,
    OSError,
    ValueError,
)
"""Errors whose message tells an operator what to do."""


class Fail(Exception):  # noqa: N818 (the end of a command, told in one line)
    """The command cannot go on; the message says why and what to do."""


@contextmanager
def telling() -> Iterator[None]:
    """Errors that an operator can mend, as one line."""
    try:
        yield
    except MENDABLE as wrong:
        raise Fail(str(wrong)) from wrong


def settings(config: Path | None, **overrides: Any) -> Settings:
    """The settings, or Fail."""
    with telling():
        return read_settings(config, **overrides)
