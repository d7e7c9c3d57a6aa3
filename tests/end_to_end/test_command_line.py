"""A researcher's command line against a whole broker: sign in by a code, ask, be refused, be let in, download, leave."""

import asyncio
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from broker.demo.browser import Browser, Form
from tests.docs.doc_blocks import ROOT, blocks
from tests.end_to_end.demo import Demo, api, started

HEART = "https://elbe-biobank.example/datasets/heart"


PAGE = ROOT / "docs" / "how-to" / "use-the-command-line.md"


class CommandLine:
    """`broker …` of one person on one computer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.accounts = folder / "accounts"
        self.ran: list[str] = []

    async def start(self, *words: str, accounts: bool = True) -> asyncio.subprocess.Process:
        kept = ("--accounts", str(self.accounts)) if accounts else ()
        self.ran.append(" ".join(["broker", *words]))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "broker", *words, *kept,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
            cwd=self.folder,
        )  # fmt: skip

    async def run(self, *words: str, status: int = 0, accounts: bool = True) -> tuple[str, str]:
        process = await self.start(*words, accounts=accounts)
        out, err = await process.communicate()
        assert process.returncode == status, (words, process.returncode, out.decode(), err.decode())
        return out.decode(), err.decode()


async def confirm(ada: Browser, page: str) -> None:
    """Ada opens the page that she was shown, ticks everything, and says yes."""
    await ada.follow(ada.authorization_url("ada", ada.random(), ada.random(), prompt="none"))
    _, html = await ada.follow(page)
    assert "becomes a client in your name" in " ".join(html.split())
    form = Form(html)
    fields = [*form.fields, ("answer", "yes"), ("later", "yes")]
    async with ada.http.post(urljoin(page, form.action), data=fields) as answer:
        assert answer.status == 200
        assert "Your device is connected." in await answer.text()


async def signed_in(demo: Demo, ada: Browser, cli: CommandLine) -> None:
    process = await cli.start("login", demo.described["issuer"])
    assert process.stderr is not None
    shown = b""
    while (found := re.search(rb"(http\S+user_code=\S+)\s", shown)) is None:
        more = await process.stderr.read(4096)
        assert more, shown
        shown += more
    await confirm(ada, found[1].decode())
    rest, code = (await process.stderr.read()).decode(), await process.wait()
    assert code == 0, rest
    assert "Signed in at" in rest


async def _keys(cli: CommandLine) -> None:
    """A key for what comes encrypted is made, registered, used and removed."""
    phrase, words = cli.folder / "phrase", ("--passphrase-file", "phrase")
    phrase.write_text("a phrase")
    phrase.chmod(0o600)
    await cli.run("recipient", "make", "own.key", *words, accounts=False)
    added, _ = await cli.run("recipient", "add", "own.key", *words)
    assert added.strip() in (await cli.run("recipient", "list"))[0]
    await cli.run("get", HEART, "--output", "files", "--key", "own.key", *words)
    await cli.run("recipient", "remove", added.strip())
    assert added.strip() not in (await cli.run("recipient", "list"))[0]


async def test_a_researcher_signs_in_asks_is_let_in_downloads_and_leaves(tmp_path: Path) -> None:
    cli, files = CommandLine(tmp_path), tmp_path / "files"
    purpose, statement = tmp_path / "purpose.json", tmp_path / "statement.txt"
    statement.write_text("We look for variants that protect the heart.\n")
    async with started(tmp_path / "demo") as demo, Browser(demo.described) as ada, Browser(demo.described) as mei:
        issuer = demo.described["issuer"]
        purpose.write_text(json.dumps(demo.described["purpose"]))
        _, nobody = await cli.run("datasets", status=2)
        assert nobody == "broker: You are not signed in anywhere. Run: broker login ADDRESS-OF-THE-BROKER\n"
        await signed_in(demo, ada, cli)
        kept = list(cli.accounts.glob("*.json"))
        assert [oct(path.stat().st_mode & 0o777) for path in kept] == ["0o600"]

        listed, _ = await cli.run("datasets", "--purpose", "purpose.json")
        assert HEART in listed
        assert "DUO:0000006 health or medical or biomedical research" in listed

        wanted = next(one for one in demo.described["datasets"] if one["id"] == HEART)
        objects: list[dict[str, Any]] = wanted["objects"]
        plain, _ = await cli.run("datasets")
        assert "your purpose" not in plain
        _, no = await cli.run("get", objects[0]["id"], "-o", "files", status=1)
        assert "decision dec_" in no
        assert not list(files.rglob("*.bam"))

        made, _ = await cli.run("request", "make", HEART, "--purpose", "purpose.json", "--statement", "statement.txt")
        request = made.split(":")[0]
        listed, _ = await cli.run("request", "list")
        assert request in listed
        token = (await mei.tokens("mei"))["access_token"]
        yes = {"decision": "approve", "ground": "Useful, and within the consents."}
        status, answer = await api(mei, token, "POST", f"/api/v1/requests/{request}/decision", yes)
        assert status == 200, answer
        stands, _ = await cli.run("request", "show", request)
        assert "approved" in stands
        assert re.search(r"Useful, and within the consents\.\nGrant: grt_\S+, active, until \d{4}-", stands), stands

        shown, _ = await cli.run("passport")
        assert "ControlledAccessGrants" in shown
        raw, _ = await cli.run("passport", "--raw")
        assert len(raw.strip().split(".")) == 3

        got, _ = await cli.run("get", HEART, "--output", "files")
        assert len(got.splitlines()) == len(objects)
        again, _ = await cli.run("get", f"{issuer}/ga4gh/drs/v1/objects/{objects[0]['id']}", "-o", "files")
        assert len(again.splitlines()) == 1, "it is there, and only looked at"
        for one in objects:
            assert hashlib.sha256((files / one["name"]).read_bytes()).hexdigest() == one["sha256"]
        assert not list(files.glob("*.part*"))

        await _keys(cli)
        await cli.run("logout")
        _, after = await cli.run("get", objects[0]["id"], status=2)
        assert "not signed in" in after

        told = [line for block in blocks(PAGE.read_text("utf-8")) for line in block.script.splitlines()]
        ran = [line.replace(issuer, "https://broker.example") for line in cli.ran]
        assert told
        assert [line for line in told if line not in ran] == [], "the page tells what this test has done"
