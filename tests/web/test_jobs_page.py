"""The page of what runs tells who administers the service of its jobs, and nobody else."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.app import opened
from broker.config import Settings
from broker.core.audit.note import Key
from broker.core.ids import PersonId
from broker.core.reasons.language import EVERY_WORD
from broker.core.rows import Person, Role, Row
from broker.state import make_state
from broker.web.state import BROKER
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import site


@pytest.mark.row("PAG-JOBS")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_who_administers_reads_how_each_job_went(tmp_path: Path, language: str) -> None:
    rows: list[Row] = [Role(id="r-root", role="admin", scope="service", iss=b.HOME, sub="root")]
    for name in ("root", "sam"):
        rows += [Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START), browser_session(name)]
    async with site(tmp_path, *rows) as s:
        jobs, now = s.http.app[BROKER].administration.jobs, s.stage.clock.now
        jobs.turns("remind", 900, now)
        jobs.turns("hook <b>desk</b>", 5, now).ended("failed", 60)
        watch = jobs.turns("watch", 60, now)
        watch.begun()
        watch.ended("done", 60, 41)
        root, sam = Browser(s, "root", language), Browser(s, "sam", language)
        shown = await root.open("/admin/running")
        assert "&lt;b&gt;desk" in shown
        assert "<dd>41</dd>" in shown
        assert ("failed; the log" if language == "en" else "falló; el registro") in shown
        await sam.open("/admin/running")
        assert sam.status == 403


EVERY = {"drop", "keys", "policies", "poll", "remind", "sweep", "watch", "witness w.example"}
"""What a process without a mail server and webhooks does again and again."""


@pytest.mark.row("PAG-JOBS")
async def test_everything_that_a_process_does_again_and_again_is_told(tmp_path: Path) -> None:
    w = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    witness = f"{Key('w.example', w)} http://127.0.0.1:9"
    settings = Settings(
        issuer="http://127.0.0.1:8080", state=tmp_path, mode="example", log_level="error", witnesses=(witness,)
    )
    make_state(settings)
    async with opened(settings) as running:
        await asyncio.sleep(0)
        assert {one.name for one in running.app[BROKER].administration.jobs.told()} == EVERY
    for name in EVERY:
        assert f"job.{name.partition(' ')[0]}" in EVERY_WORD
