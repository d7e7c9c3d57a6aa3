"""`broker policy activate` beside a broker that serves: the next question is judged by the new packs."""

import asyncio
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from broker.config import shared_folder
from broker.demo.browser import Browser
from tests.end_to_end.demo import START_SECONDS, Demo, api, started


async def policy(demo: Demo, issuer: str, *words: str) -> tuple[int, str]:
    """`broker policy …` in a process of its own, on the folder of the one that serves."""
    environment = os.environ | {"BROKER_ISSUER": issuer, "BROKER_STATE": str(demo.state), "BROKER_MODE": "example"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broker", "policy", *words, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def changed(packs: Path, *pairs: tuple[str, str]) -> Path:
    """The European pack with something replaced, and its cases as they were."""
    path = packs / "eu-gdpr-ch5.yaml"
    text = path.read_text("utf-8")
    for old, new in pairs:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return packs


async def test_other_packs_hold_at_once_and_bad_ones_never(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    shutil.copytree(shared_folder("config") / "policies", packs)
    async with started(tmp_path / "state") as demo, Browser(demo.described) as ada:
        token = (await ada.tokens("ada"))["access_token"]
        heart = next(one["id"] for one in demo.described["datasets"] if one["id"].endswith("heart"))
        asked = {"dataset": heart, "purpose": demo.described["purpose"]}

        async def obligations() -> list[str]:
            status, told = await api(ada, token, "POST", "/api/v1/decisions", asked)
            assert status == 200, told
            return list(told["obligations"])

        assert "report_monthly" not in await obligations()
        wrong = changed(packs, ("confidence: medium", "confidence: quite"))
        code, said = await policy(demo, ada.issuer, "activate", str(wrong))
        assert (code, "eu-gdpr-ch5.yaml:11: confidence: one of" in said) == (2, True), said
        assert "report_monthly" not in await obligations()
        right = changed(
            packs,
            ("confidence: quite", "confidence: medium"),
            ('version: "2026.11-example', 'version: "2026.12-example'),
            ("default_effect: refer", "default_effect: refer\nalways:\n  - obligations: [report_monthly]"),
        )
        code, said = await policy(demo, ada.issuer, "activate", str(right))
        assert code == 0, said
        async with asyncio.timeout(START_SECONDS):
            while "report_monthly" not in await obligations():  # noqa: ASYNC110 (another process)
                await asyncio.sleep(0.2)
        with closing(sqlite3.connect(demo.state / "broker.sqlite")) as db:
            kinds = [kind for (kind,) in db.execute("SELECT kind FROM record WHERE kind LIKE 'policy.%'")]
        assert kinds == ["policy.activated"] * 2
