"""A broker in a process of its own, with a second key, a witness, and a log that has ended: what others find there."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from broker.__main__ import cli
from broker.adapters.note_keys import verify
from broker.adapters.storage.log import open_log
from broker.config import Settings, shared_folder
from broker.core.audit.note import Key, open_note, parse_key, signed_lines
from broker.state import make_state
from tests.end_to_end.demo import START_SECONDS
from tests.interop.go import go_asked
from tests.interop.serving import free_port
from tests.witness import FakeWitness, signer


@dataclass
class Outside:
    """What somebody outside has: an address, keys that came on other ways, and a folder for files."""

    issuer: str
    keys: dict[str, Key]
    second: Key
    http: aiohttp.ClientSession
    folder: Path
    state: Path

    async def get(self, path: str) -> bytes:
        async with asyncio.timeout(START_SECONDS):
            while True:
                async with self.http.get(self.issuer + path) as answer:
                    if answer.status == 200:
                        return await answer.read()
                    assert answer.status in (202, 404), path
                await asyncio.sleep(0.05)


def of_the_command_line(environment: dict[str, str], *words: str) -> list[str]:
    done = CliRunner(env=environment).invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output.split()


@asynccontextmanager
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    port, fake = free_port(), FakeWitness({})
    issuer, state = f"http://127.0.0.1:{port}", tmp_path / "state"
    async with TestServer(fake.app()) as witness, aiohttp.ClientSession() as http:
        environment = {
            "BROKER_ISSUER": issuer, "BROKER_PORT": str(port), "BROKER_STATE": str(state), "BROKER_MODE": "example",
            "BROKER_WITNESSES": f"{signer().key} {str(witness.make_url('')).rstrip('/')}",
        }  # fmt: skip
        make_state(Settings(issuer=issuer, port=port, state=state, mode="example"))
        second = parse_key(of_the_command_line(environment, "keys", "second")[0])
        await asyncio.to_thread(of_the_command_line, environment, "audit", "turn", "2027")
        said = await asyncio.to_thread(of_the_command_line, environment, "audit", "key")
        keys = {key.name: key for key in map(parse_key, said)}
        fake.logs |= keys
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "broker", "serve", env=os.environ | environment, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            await listening(http, issuer, process)
            yield Outside(issuer, keys, second, http, tmp_path, state)
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()


async def listening(http: aiohttp.ClientSession, issuer: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            try:
                async with http.get(f"{issuer}/healthz") as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
    raise AssertionError("the broker ended")


@pytest.mark.row("AL1", "AL2", "AL3", "AL4")
async def test_what_a_running_broker_hands_out_is_believed_by_programs_of_others(tmp_path: Path) -> None:
    async with outside(tmp_path) as o:
        root, present = list(o.keys)
        logs: list[dict[str, Any]] = json.loads(await o.get("/audit/logs"))["logs"]
        assert [(each["origin"], each["path"], each["grows"]) for each in logs] == [
            (root, "/audit", False), (present, "/audit/2027", True),
        ]  # fmt: skip
        await asyncio.to_thread(walked_by_go, o, logs)
        await signed_by_all(o, root, present)
        await checked_by_the_file_that_is_handed_out(o, root, present)


def walked_by_go(o: Outside, logs: list[dict[str, Any]]) -> None:
    """Every tile, over HTTP, of both logs; the entries are for auditors."""
    with go_asked(o.folder) as ask:
        for log in logs:
            about = {"key": str(o.keys[log["origin"]]), "origin": log["origin"]}
            said = ask("walk", at=o.issuer + log["path"], **about).split()
            assert (said[0], said[2], int(said[1]) >= log["size"]) == ("ok", "0", True)
        assert ask("walk", at=o.issuer + "/audit", **about).startswith("no "), "another log than that of the key"


async def signed_by_all(o: Outside, root: str, present: str) -> None:
    """Ed25519, ML-DSA-44 under the name of each log, and the witness below the log that grows."""
    note = await o.get("/audit/2027/checkpoint/witnessed")
    seconds = {name: Key(name, o.second.public, o.second.kind) for name in (root, present)}
    assert open_note(note, [o.keys[present]], verify).startswith(f"{present}\n")
    keys = [o.keys[present], seconds[present], signer().key]
    assert len(signed_lines(note, keys, verify)) == 3
    ended = await o.get("/audit/checkpoint")
    assert len(signed_lines(ended, [o.keys[root], seconds[root]], verify)) == 1, "its head was made before"


async def checked_by_the_file_that_is_handed_out(o: Outside, root: str, present: str) -> None:
    file = await o.get("/audit/verify_receipt.py")
    assert file == (shared_folder("config") / "tools" / "verify_receipt.py").read_bytes()
    (o.folder / "verify_receipt.py").write_bytes(file)
    async with open_log(o.state / "broker.sqlite", o.state / "audit-lock.sqlite") as log:
        ids = [json.loads(each.body)["id"] for each in await log.newest(500)]
    older = await o.get("/audit/2027/checkpoint")
    (o.folder / "older").write_bytes(older)
    for id, name in ((ids[-1], root), (ids[0], present)):
        receipt = await o.get(f"/audit/receipts/{id}.tlog-proof")
        (o.folder / "receipt").write_bytes(receipt)
        assert b"\nextra " not in receipt, "the entry itself is not for everybody"
        async with open_log(o.state / "broker.sqlite", o.state / "audit-lock.sqlite") as log:
            kept = await log.entry(id)
        assert kept is not None
        (o.folder / "entry").write_bytes(kept.body)
        old, size = (int(each.split(b"\n")[1]) for each in (older, receipt.partition(b"\n\n")[2]))
        more = []
        if name == present:
            proof = await o.get(f"/audit/2027/proof/consistency?old={old}&new={size}")
            (o.folder / "proof").write_bytes(proof)
            more = ["--older=older", "--proof=proof", f"--key={Key(name, o.second.public, o.second.kind)}"]
        for body, status in ((kept.body, 0), (kept.body + b" ", 1)):
            (o.folder / "entry").write_bytes(body)
            command = ["verify_receipt.py", "receipt", f"--key={o.keys[name]}", "--entry=entry", *more]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", *command, cwd=o.folder,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            said = (await process.communicate())[0].decode()
            assert process.returncode == status, said
