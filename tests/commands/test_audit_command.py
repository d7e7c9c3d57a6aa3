"""`broker audit`: receipts, the log as files, files checked, witnesses asked; at the state folder of a small broker."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.adapters.clock import SystemClock
from broker.adapters.storage.log import open_log
from broker.commands.doctor import _log
from broker.config import Settings, shared_folder
from broker.core.audit.note import parse_key
from broker.core.time import Seconds
from broker.state import make_state
from tests.witness import FakeWitness, signer

ISSUER = "http://127.0.0.1:18999"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_state(Settings(issuer=ISSUER, state=folder / "state", mode="example"))
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Run:
    shutil.copytree(made / "state", tmp_path / "state")

    def one(*arguments: str, **more: str) -> Result:
        config = tmp_path / "broker.toml"
        lines = [f'issuer = "{ISSUER}"', f'state = "{tmp_path / "state"}"', 'mode = "example"']
        config.write_text("\n".join([*lines, *(f'{name} = ["{value}"]' for name, value in more.items())]) + "\n")
        return CliRunner().invoke(cli, ["--config", str(config), "audit", *arguments])

    return one


def receipt_of(state: Path) -> str:
    async def newest() -> str:
        async with open_log(state / "broker.sqlite", state / "audit-lock.sqlite") as log:
            return str(json.loads((await log.newest(1))[0].body)["id"])

    return asyncio.run(newest())


@pytest.mark.row("AL2")
def test_a_receipt_is_written_and_the_verifier_that_we_hand_out_believes_it(run: Run, tmp_path: Path) -> None:
    id, key = receipt_of(tmp_path / "state"), run("key").output.strip()
    assert run("receipt", id, "--out", str(tmp_path / "r")).exit_code == 0
    assert run("receipt", id).output == (tmp_path / "r").read_text("utf-8")
    script = shared_folder("config") / "tools" / "verify_receipt.py"
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(tmp_path / "r"), "--key", key],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, id in done.stdout) == (0, True)
    assert run("receipt", "rcp_gone").exit_code != 0


def test_the_log_is_written_as_files_and_files_are_checked(run: Run, tmp_path: Path) -> None:
    for more, here in ((), 1), (("--without-entries",), 0):
        folder = tmp_path / f"out{here}"
        assert run("export", str(folder), *more).output.startswith("1 entries in ")
        assert f"1 entries as they were signed, {here} of them here" in run("fsck", str(folder)).output
    assert "there is a log already" in str(run("export", str(tmp_path / "out1")).exception)
    other = str(signer().key)
    assert "NOT" not in run("fsck", str(folder), "--key", run("key").output.strip()).output
    assert run("fsck", str(folder), "--key", other).exit_code != 0


def test_a_log_is_turned_and_everything_goes_on(run: Run, tmp_path: Path) -> None:
    id, before = receipt_of(tmp_path / "state"), run("key").output.split()
    origin = before[0].partition("+")[0]
    done = run("turn", "2027")
    assert f"{origin} has ended with 2 entries; {origin}/2027 goes on from it\n" in done.output
    assert run("key").output.split() == [*before, done.output.split("\n")[1]]
    assert "3 entries in 2 logs, every one as it was signed" in run("verify").output
    folder = tmp_path / "old"
    assert run("export", str(folder), "--log", origin).output.startswith("2 entries in ")
    assert run("export", str(tmp_path / "new")).output.startswith("1 entries in ")
    for one in (folder, tmp_path / "new"):
        assert "entries as they were signed" in run("fsck", str(one)).output
    assert run("export", str(tmp_path / "no"), "--log", "other/audit").exit_code != 0
    assert origin + "\n2\n" in run("receipt", id).output
    assert origin + "/2027\n1\n" in run("receipt", receipt_of(tmp_path / "state")).output
    assert "written already" in str(run("turn", "2027").exception)


def test_witnesses_are_asked_once_and_what_they_say_is_told(run: Run) -> None:
    assert "there is no witness" in str(run("witness").exception)
    key = parse_key(run("key").output.strip())
    fake = FakeWitness({key.name: key})

    async def served() -> Result:
        async with TestServer(fake.app()) as server:
            url = str(server.make_url("")).rstrip("/")
            return await asyncio.to_thread(run, "witness", witnesses=f"{signer().key} {url}")

    done = asyncio.run(served())
    assert (done.exit_code, done.output) == (0, "witness.example/w1: has signed 1 entries\n")
    fake.logs.clear()
    fake.latest.clear()
    gone = run("witness", witnesses=f"{signer().key} http://127.0.0.1:1")
    assert "has signed 1 entries" in gone.output, "nothing new, nothing asked"


def _put_back(state: Path, copy: Path) -> None:
    for name in ("broker.sqlite", "broker.sqlite-wal", "broker.sqlite-shm"):
        (state / name).unlink(missing_ok=True)
    shutil.copy(copy, state / "broker.sqlite")


@pytest.mark.row("LOST1")
@pytest.mark.row("DOCTOR1")
def test_an_old_backup_is_told_and_so_is_what_was_lost_until_the_auditor_says_that_they_know(
    run: Run, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    chosen, now = Settings(issuer=ISSUER, state=state, mode="example"), SystemClock().now()
    shutil.copy(state / "broker.sqlite", tmp_path / "old.sqlite")
    assert asyncio.run(_log(chosen, now)).endswith("/audit, 1 entries")
    assert "broker audit turn" in asyncio.run(_log(chosen, Seconds(now + 366 * 86_400))), "the year is over"
    assert run("turn", "2027").exit_code == 0
    assert run("verify").exit_code == 0
    _put_back(state, tmp_path / "old.sqlite")
    with pytest.raises(ValueError, match="2 entries were published, and here are 1"):
        asyncio.run(_log(chosen, now))
    assert run("turn", "2027-b", "--lost").exit_code == 0
    assert asyncio.run(_log(chosen, now)).endswith("/audit/2027-b, 1 entries")
    told = run("verify")
    assert told.exit_code == 3
    losses = [line.partition(":")[0] for line in told.output.splitlines() if "lost" in line]
    assert "LOST" in told.output
    known = [word for line in told.output.splitlines() if "=" in line for word in line.split(": ")[:1]]
    assert losses
    assert run("verify", *(f"--accept-lost={one}" for one in known)).exit_code == 0
    assert run("verify", f"--accept-lost={known[0]}").exit_code == (0 if len(known) == 1 else 3)
    assert run("verify", *(f"--accept-lost={one}1" for one in known)).exit_code == 3, "another loss is told"
