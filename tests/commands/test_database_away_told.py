"""What an operator hears of each command while PostgreSQL cannot be reached: one line, which server, and no password."""

import sys
from pathlib import Path

import pytest

from broker.__main__ import main
from broker.config import Settings
from broker.state import make_state
from tests import builders as b

SECRET = "geheim-4711"
COMMANDS = (
    "serve", "migrate", "retention", "keys list", "audit receipt rcp_1", "audit witness", "issuers list",
    "clients list", "idps list", "visas list", "people find https://home.example ada", "policy show eu-gdpr-ch5 --version 1",
    "sanctions list", "backup {folder}/copy.sqlite", "consents export",
)  # fmt: skip


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose settings name a server that is not there. It has keys: a broker ran on it."""
    state = tmp_path / "state"
    for name, value in {"ISSUER": b.US, "STATE": state, "MODE": "example"}.items():
        monkeypatch.setenv(f"BROKER_{name}", str(value))
    monkeypatch.setenv("BROKER_DATABASE_URL", f"postgresql://broker:{SECRET}@/ours?host={tmp_path}")
    return state


def said_by(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "argv", ["broker", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2, command
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    return said.err


@pytest.mark.row("PG-SAID")
@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_told_which_server_and_why(
    away: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    make_state(Settings(issuer=str(b.US), state=away, mode="example"))
    said = said_by(command.format(folder=away), monkeypatch, capsys)
    assert said.splitlines()[-1] == (
        f"broker: the PostgreSQL database ours at {away.parent}: No such file or directory; "
        "is it running, and is database_url right?"
    )


@pytest.mark.row("PG-SAID")
def test_an_init_that_cannot_reach_it_leaves_nothing_behind(
    away: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert "the PostgreSQL database ours at" in said_by("init", monkeypatch, capsys)
    assert not away.exists()


@pytest.mark.row("PG-SAID")
@pytest.mark.parametrize("command", ["audit verify", "decisions replay --all", "decisions show dec_1"])
def test_what_reads_a_file_reads_no_old_one_and_says_how_to_make_a_copy(
    away: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    make_state(Settings(issuer=str(b.US), state=away, mode="example"))  # it ran on SQLite before
    assert "`broker backup FILE` copies it" in said_by(command, monkeypatch, capsys)
