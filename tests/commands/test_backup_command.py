"""`broker backup|restore` on SQLite, and `serve --workers` where it cannot work."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from broker.__main__ import cli
from broker.commands.common import Fail


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "broker.toml"
    path.write_text(f'issuer = "http://127.0.0.1:8080"\nstate = "{tmp_path / "state"}"\n', "utf-8")
    assert _run(path, "init").startswith("made ")
    return path


def _run(config: Path, *words: str) -> str:
    result = CliRunner().invoke(cli, ["--config", str(config), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_backup_comes_back_as_it_was_and_over_nothing(config: Path, tmp_path: Path) -> None:
    copy, state = tmp_path / "copy.sqlite", tmp_path / "state"
    told = _run(config, "backup", str(copy))
    assert "1 entries, root " in told
    assert copy.stat().st_mode & 0o077 == 0
    for words in (("backup", str(copy)), ("restore", str(copy))):
        with pytest.raises(Fail):
            _run(config, *words)
    (state / "broker.sqlite").rename(tmp_path / "lost.sqlite")
    assert told.partition("root ")[2] in _run(config, "restore", str(copy))
    assert "every one as it was signed" in _run(config, "audit", "verify")


def test_many_processes_need_postgresql(config: Path) -> None:
    with pytest.raises(Fail, match="SQLite is for one process"):
        _run(config, "serve", "--workers", "2")
