"""What commands share: settings, the language of reasons, and turning what an operator can mend into one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from broker.adapters.catalogue import CatalogueError
from broker.adapters.keys import KeyStoreError
from broker.adapters.languages import load_languages
from broker.adapters.storage.connections import DurabilityError
from broker.adapters.storage.head import LedgerRefusedError
from broker.config import Settings, SettingsError, read_settings, shared_folder
from broker.core.outcome import Reason
from broker.core.reasons import sentence
from broker.core.reasons.language import Language, best
from broker.policies import RulesError

LANGUAGE = "broker.language"
"""Under which name a command finds what `--language` or the environment said."""

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


def language() -> Language:
    """The language of reasons: `--language`, else that of the environment (`es_ES.UTF-8`); English if there is none."""
    context = click.get_current_context(silent=True)
    said = str(context.meta.get(LANGUAGE, "")) if context is not None else ""
    tag = said.partition(".")[0].replace("_", "-")
    return best([tag] if tag else [], load_languages(shared_folder("config") / "texts"))


def refusal(reason: Reason) -> Fail:
    """What a story refused, as the one line that ends the command."""
    return Fail(f"{reason.code}: {sentence(reason.code, dict(reason.facts), language())}")


@contextmanager
def telling() -> Iterator[None]:
    """Errors that an operator can mend, as one line."""
    try:
        yield
    except MENDABLE as wrong:
        raise Fail(str(wrong)) from wrong


def database_file(chosen: Settings) -> Path:
    """The database, for who reads a file and no server. Fail, with the way to one, where there is only a server."""
    if chosen.database_url is not None:
        raise Fail("the database is in PostgreSQL: `broker backup FILE` copies it, `--database FILE` reads the copy")
    return chosen.database


def settings(config: Path | None, **overrides: Any) -> Settings:
    """The settings, or Fail."""
    with telling():
        return read_settings(config, **overrides)
