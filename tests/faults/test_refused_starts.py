"""What a broker that may not, or should not, use its files says: one line, without a secret, and it does not start."""

import ctypes
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from broker.adapters.keys import read_passphrase
from tests.faults.days import Ready
from tests.faults.life import lived

REFUSED = 2


def like_anybody(_: Path) -> None:
    """Root gives its privileges up: from now on the modes of files hold for it, too."""
    version, empty = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None).capset(version, empty) != 0:
        raise OSError("capset")


async def _said(ready: Ready) -> str:
    """The one line with which it ended."""
    async with lived(ready.state, under=like_anybody) as life:
        assert life.is_over, "it serves"
    assert await life.status() == REFUSED
    text = life.log.read_text()
    lines = [line for line in text.splitlines() if line.startswith("broker: ")]
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


def _mode(name: str, mode: int) -> Callable[[Path], None]:
    return lambda state: (state / name).chmod(mode)


def _one_key(state: Path) -> None:
    next((state / "keys").glob("log.*.pem")).chmod(0)


FORBIDDEN = {
    "broker.sqlite": _mode("broker.sqlite", 0),
    "broker.sqlite, only read": _mode("broker.sqlite", 0o400),
    "audit-lock.sqlite": _mode("audit-lock.sqlite", 0),
    "audit-lock.sqlite, only read": _mode("audit-lock.sqlite", 0o400),
    "state, only read": _mode(".", 0o500),
    "keys": _mode("keys", 0),
    "log.": _one_key,
    "passphrase": _mode("passphrase", 0),
}
"""What may not be read or written, by what the line says of it."""


@pytest.mark.row("F20")
@pytest.mark.parametrize("what", FORBIDDEN)
async def test_what_may_not_be_read_or_written_refuses_the_start_in_one_line(ready: Ready, what: str) -> None:
    secret = read_passphrase(ready.state / "passphrase").decode("latin-1")
    FORBIDDEN[what](ready.state)
    try:
        said = await _said(ready)
    finally:
        ready.state.chmod(0o700)
        (ready.state / "keys").chmod(0o700)
    assert what.partition(",")[0] in said
    assert secret not in said


@pytest.mark.row("F20", "T136")
@pytest.mark.parametrize("name", ["keys", "passphrase"])
async def test_what_everybody_may_read_refuses_the_start(ready: Ready, name: str) -> None:
    file = ready.state / name if name == "passphrase" else next((ready.state / "keys").glob("log.*.pem"))
    file.chmod(0o644)
    assert file.name in await _said(ready)


def _cut(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)


def _overwritten(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4096)


def _emptied(database: Path) -> None:
    database.write_bytes(b"")


def _last_entry_changed(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute(
            "UPDATE record SET body = CAST(replace(body, 'a', 'b') AS BLOB) WHERE seq = (SELECT max(seq) FROM record)"
        )


def _last_entry_gone(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)")


@pytest.mark.row("F23")
@pytest.mark.parametrize("damage", [_cut, _overwritten, _emptied, _last_entry_changed, _last_entry_gone])
async def test_a_database_that_was_damaged_refuses_the_start_in_one_line(
    ready: Ready, damage: Callable[[Path], None]
) -> None:
    damage(ready.state / "broker.sqlite")
    assert "broker" in await _said(ready)
