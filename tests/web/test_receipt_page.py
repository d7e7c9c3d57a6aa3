"""A receipt on its page: who may see it, and the script with which the page itself checks it, run by Node."""

import html
import json
import re
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import broker.web.pages
from broker.core.audit.note import Key, Signer
from broker.core.audit.proof import ProofError, parse_proof, verify_proof
from broker.web.state import BROKER
from tests.fakes import MemoryChanges
from tests.interop.serving import needed
from tests.web.browsing import Browser
from tests.web.site import Site, opened, site
from tests.web.test_my_page import rows

SCRIPT = Path(broker.web.pages.__file__).parent / "static" / "receipt.mjs"
ORIGIN = "broker.example/audit"
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
KEY = Key(ORIGIN, PRIVATE.public_key().public_bytes_raw())
OTHER = Key(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"m" * 32).public_key().public_bytes_raw())
ELSEWHERE = Key("other.example/audit", KEY.public)
RUN = """
const { verified } = await import(process.argv[1]);
const cases = JSON.parse(await new Promise((done) => {
  let all = ""; process.stdin.on("data", (one) => { all += one; }); process.stdin.on("end", () => done(all));
}));
const told = [];
for (const [receipt, key] of cases) {
  try { told.push(["yes", await verified(receipt, key)]); } catch (wrong) { told.push(["no", wrong.constructor.name]); }
}
console.log(JSON.stringify(told));
"""


def signed_log(s: Site) -> None:
    broker = s.http.app[BROKER]
    log: Any = MemoryChanges(s.stage.ledger, signer=Signer(KEY, PRIVATE.sign))
    administration = replace(broker.administration, log_key=str(KEY))
    s.http.app._state[BROKER] = replace(broker, audit=log, administration=administration)


async def downloaded(s: Site, times: int = 3) -> list[str]:
    """Receipts of so many downloads."""
    for _ in range(times):
        path, headers = await opened(s)
        assert (await s.http.get(path, headers=headers)).status == 200
    return [one.id for one in s.stage.ledger.entries if one.kind == "download.authorised"]


def receipt_on(page: str) -> str:
    found = re.search(r'<pre class="text" id="receipt">\n(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


@pytest.mark.row("PAG-RECEIPT")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_somebody_sees_their_own_receipt_and_nobody_elses_is_there(tmp_path: Path, language: str) -> None:
    async with site(tmp_path, *rows()) as s:
        signed_log(s)
        (id, *_) = await downloaded(s)
        ada = Browser(s, "ada", language)
        await ada.open("/me")
        page = await ada.open(next(one for one in ada.links("/me/receipts/") if one.endswith(id)))
        assert ada.status == 200
        proof = parse_proof(receipt_on(page).encode())
        assert proof.extra is not None
        verify_proof(proof, proof.extra, ORIGIN, [KEY], _verify)
        policy = (await s.http.get(ada.path, headers=ada.headers)).headers["Content-Security-Policy"]
        assert policy.endswith("script-src 'self'")
        assert "script-src" not in (await s.http.get("/me", headers=ada.headers)).headers["Content-Security-Policy"]
        for path in (ada.path, "/me/receipts/rcp_none"):
            stranger = Browser(s, "sam")
            await stranger.open(path)
            assert stranger.status == 404
        assert (await s.http.get(ada.path, allow_redirects=False)).status == 303
        assert (await s.http.get("/static/receipt.mjs")).headers["Content-Type"].startswith("text/javascript")


async def test_a_receipt_whose_proof_is_not_made_yet_says_so(tmp_path: Path) -> None:
    async with site(tmp_path, *rows()) as s:
        (id,) = await downloaded(s, 1)
        ada = Browser(s, "ada")
        assert "being made" in await ada.open(f"/me/receipts/{id}")
        assert "<script" not in ada.text


def _verify(public: bytes, message: bytes, signature: bytes) -> bool:
    return public == KEY.public and PRIVATE.sign(message) == signature


def _line(number: int, change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(receipt: str) -> str:
        lines = receipt.split("\n")
        lines[number] = change(lines[number])
        return "\n".join(lines)

    return changed


def _flipped(text: str) -> str:
    head, _, raw = text.rpartition(" ")
    whole = bytearray(b64decode(raw))
    whole[-1] ^= 1
    return f"{head} {b64encode(whole).decode()}".lstrip()


FORGED: Mapping[str, tuple[Callable[[str], str], Key]] = {
    "another entry": (_line(1, _flipped), KEY),
    "another place": (_line(2, lambda text: f"index {int(text[6:]) ^ 1}"), KEY),
    "no such place": (_line(2, lambda _: "index 4096"), KEY),
    "a number that is none": (_line(2, lambda _: "index 01"), KEY),
    "another hash": (_line(3, _flipped), KEY),
    "a hash too few": (lambda text: re.sub(r"(index \d+\n)[^\n]+\n", r"\1", text), KEY),
    "a hash too many": (lambda text: re.sub(r"\n\n", "\n" + b64encode(bytes(32)).decode() + "\n\n", text, count=1), KEY),
    "a short hash": (lambda text: re.sub(r"\n\n", "\nAAAA\n\n", text, count=1), KEY),
    "another root": (lambda text: text.replace(text.split("\n\n")[1].split("\n")[2], b64encode(bytes(32)).decode()), KEY),
    "a larger log": (lambda text: re.sub(rf"({ORIGIN}\n)(\d+)", r"\g<1>9\2", text), KEY),
    "another key": (lambda text: text, OTHER),
    "another log": (lambda text: text, ELSEWHERE),
    "no signature": (lambda text: text.partition("\N{EM DASH}")[0], KEY),
    "another signature": (lambda text: _flipped(text.removesuffix("\n")) + "\n", KEY),
    "no entry": (lambda text: re.sub(r"extra [^\n]+\n", "", text), KEY),
    "no receipt": (lambda _: "", KEY),
    "only its head": (lambda text: text.partition("\n\n")[0], KEY),
}  # fmt: skip


@pytest.mark.row("PAG-RECEIPT")
async def test_the_script_believes_what_is_true_and_nothing_else(tmp_path: Path) -> None:
    """What the program in Python refuses, the script refuses; and each good receipt of logs of many sizes is good."""
    needed("node", there=shutil.which("node") is not None, how="apt-get install nodejs")
    async with site(tmp_path, *rows()) as s:
        signed_log(s)
        audit: Any = s.http.app[BROKER].audit
        good = []
        for _ in range(5):
            good += [(await _receipt(s, id), str(KEY)) for id in await downloaded(s, 1)]
        every = await _receipt(s, (await downloaded(s, 1))[2])
        assert await audit.head() > 16
    forged = [(change(every), str(key)) for change, key in FORGED.values()]
    for (receipt, _), (_, key) in zip(forged, FORGED.values(), strict=True):
        with pytest.raises(ProofError):
            _checked(receipt, key)
    told = _run([*good, (every, str(KEY)), *forged])
    for (receipt, _), (answer, entry) in zip(good, told, strict=False):
        assert answer == "yes"
        assert entry.encode() == parse_proof(receipt.encode()).extra
    assert dict(zip(FORGED, told[len(good) + 1 :], strict=True)) == dict.fromkeys(FORGED, ("no", "Wrong"))


async def _receipt(s: Site, id: str) -> str:
    return receipt_on(await Browser(s, "ada").open(f"/me/receipts/{id}"))


def _checked(receipt: str, key: Key) -> None:
    proof = parse_proof(receipt.encode())
    if proof.extra is None:
        raise ProofError("no entry")
    verify_proof(proof, proof.extra, key.name, [key], _verify)


def _run(cases: list[tuple[str, str]]) -> list[tuple[str, str]]:
    done = subprocess.run(
        ["node", "--input-type=module", "-e", RUN, str(SCRIPT)], input=json.dumps(cases), capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [(answer, said) for answer, said in json.loads(done.stdout)]
