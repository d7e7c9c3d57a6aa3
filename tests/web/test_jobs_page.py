"""The page of what runs tells who administers the service of its jobs, and nobody else."""

from pathlib import Path

import pytest

from broker.core.ids import PersonId
from broker.core.rows import Person, Role, Row
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
