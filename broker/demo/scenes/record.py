"""Steps 7 and 8: a participant withdraws while a download runs; the record is checked, then tampered with."""

import asyncio
import json
import sqlite3
import sys
import time
from pathlib import Path

import aiohttp

from broker.demo.scenes.access import ticket
from broker.demo.teller import Teller

_LONGEST = 2.0
"""Seconds that may pass between a withdrawal and the last byte that leaves."""
_FORBIDDEN = 403
_SOME = 256 * 1024


async def withdraw(t: Teller) -> None:
    """Step 7."""
    t.narrator.step(7, "The participant withdraws", "Pia's genome is in the file that is being downloaded at this very "
                    "moment. Nobody asks her why.")  # fmt: skip
    url, headers = await ticket(t)
    browser = await t.browser("ada")
    t.narrator.request("GET", url, "a download that is running", headers=headers)
    async with browser.http.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=60)) as answer:
        got = len(await answer.content.read(_SOME))
        t.narrator.answer(answer.status, f"{got} bytes so far, the client reads slowly")
        withdrawal = {"kind": "no_further_use"}
        _, told = await t.call("pia", "POST", "/api/v1/me/consents/withdrawal", "she withdraws", body=withdrawal)
        begun = time.monotonic()
        t.narrator.check("she gets a receipt", "receipt" in told)
        whole = await _rest(answer, got)
        took = time.monotonic() - begun
    t.narrator.check("the running download was cut", not whole)
    t.narrator.check(f"within {_LONGEST:g} seconds ({took:.2f} s)", took <= _LONGEST)
    access = f"{t.described['drs']}/objects/{t.bam['id']}/access/{t.bam['access_id']}"
    body = {"passports": [t.kept["passport"]]}
    status, told = await t.call("ada", "POST", access, "the same Passport again", body=body, token="")
    t.narrator.check("the next request for her data is refused", (status, told["code"]) == (_FORBIDDEN, "CON-LEFT-OUT"))
    other = next(one for one in t.heart["objects"] if one["name"] == "DEMO0002.bam")
    access = f"{t.described['drs']}/objects/{other['id']}/access/{other['access_id']}"
    status, _ = await t.call("ada", "POST", access, "somebody else's data", body=body, token="")
    t.narrator.check("the other participants' data stay open", status == 200)


async def _rest(answer: aiohttp.ClientResponse, got: int) -> bool:
    """Read on; did everything arrive?"""
    try:
        async for chunk in answer.content.iter_chunked(_SOME):
            got += len(chunk)
    except (aiohttp.ClientError, ConnectionError):
        return False
    return got == answer.content_length


async def verify(t: Teller) -> None:
    """Step 8."""
    t.narrator.step(8, "Anyone can check the record", "Every entry is a leaf of a Merkle tree whose root is signed. One byte "
                    "changed in a copy of the database is found, and named.")  # fmt: skip
    state = Path(t.described["state"])
    _, told = await t.call("olga", "GET", "/api/v1/audit/entries", "the auditor reads the last entries",
                           brief=lambda told: [f"{one['index']:4} {one['kind']}" for one in told["entries"][:12]])  # fmt: skip
    t.narrator.check("the withdrawal is on record", any(one["kind"] == "consent.withdrawn" for one in told["entries"]))
    t.narrator.check("and the cut download", any(one["kind"] == "download.cut" for one in told["entries"]))
    await asyncio.sleep(1.5)  # a published checkpoint covers every entry within a second
    copy, head = state / "copy.sqlite", state / "copy-lock.sqlite"
    await asyncio.to_thread(_copy, state / "broker.sqlite", copy)
    await asyncio.to_thread(_copy, state / "audit-lock.sqlite", head)
    status, output = await _audit(t, copy, head)
    t.narrator.check("the log verifies", status == 0)
    receipt = await asyncio.to_thread(_change_one_byte, copy)
    t.narrator.say(f"One byte of entry {receipt} is changed in the copy.")
    status, output = await _audit(t, copy, head)
    t.narrator.check("the change is found", status != 0)
    t.narrator.check("and named", receipt in output)


async def _audit(t: Teller, database: Path, head: Path) -> tuple[int, str]:
    """`broker audit verify` over a copy: exit status and what it said."""
    command = ["audit", "verify", "--database", str(database), "--head", str(head), "--issuer", t.issuer,
               "--key", str(t.described["log_key"])]  # fmt: skip
    t.narrator.say(f"$ broker {' '.join(command)}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broker", *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    for line in output.decode().splitlines():
        t.narrator.say(f"    {line}")
    return process.returncode or 0, output.decode()


def _copy(source: Path, target: Path) -> None:
    """An online backup: a copy of a database that is in use."""
    with sqlite3.connect(source) as read, sqlite3.connect(target) as write:
        read.backup(write)
    read.close()
    write.close()


def _change_one_byte(copy: Path) -> str:
    """Change one byte of the entry that says that consent was withdrawn; its receipt id."""
    with sqlite3.connect(copy) as db:
        seq, body = db.execute(
            "SELECT seq, body FROM record WHERE kind = 'consent.withdrawn' ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        changed = body.replace(b"no_further_use", b"no_further_usf")
        db.execute("UPDATE record SET body = ? WHERE seq = ?", (changed, seq))
    db.close()
    return str(json.loads(body)["id"])
