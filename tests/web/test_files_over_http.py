"""Files beside an application over the API: the same flows, bounds and readers as on its page."""

import hashlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from broker.core.access.life import Command, Stage
from broker.core.attachments import LARGEST, MOST
from broker.core.rows import Attachment
from broker.web.attached import SANDBOX
from tests import builders as b
from tests.web.site import Site, site
from tests.web.test_attached_files import HTML, PDF
from tests.web.test_permission_table_over_api import STAGES, STRANGERS, WHO, may, rows
from tests.web.test_workflow_pages import committee

FILES = "/api/v1/applications/app_1/files"


async def send(s: Site, who: str = "ada", content: bytes = PDF, name: str = "Ethics <2027>.PDF", key: str = "") -> Any:
    sent = s.headers(f"usr_{who}") | ({"Idempotency-Key": key} if key else {})
    return await s.http.post(FILES, params={"name": name}, data=BytesIO(content), headers=sent)


async def ask(s: Site, who: str, path: str = "", method: str = "GET") -> Any:
    return await s.http.request(method, f"{FILES}{path}", headers=s.headers(f"usr_{who}"))


@pytest.mark.row("WF-FILES-API")
async def test_a_file_is_attached_listed_read_and_removed(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(Stage.IN_REVIEW), committee=committee(2), grant=None) as s:
        made = await send(s)
        told = await made.json()
        assert (made.status, made.headers["Location"]) == (201, f"{FILES}/{told['id']}")
        assert told | {"id": ""} == {
            "id": "", "name": "Ethics 2027.pdf", "media_type": "application/pdf", "size": len(PDF),
            "sha256": hashlib.sha256(PDF).hexdigest(), "attached": "2027-01-15T08:00:00Z", "scanned": False, "turn": 1,
        }  # fmt: skip
        for who in ("ada", "lee"):
            assert (await (await ask(s, who)).json()) == {"files": [told]}
            got = await ask(s, who, f"/{told['id']}")
            assert (got.status, await got.read(), got.content_type) == (200, PDF, "application/pdf")
            assert got.headers["Content-Security-Policy"] == SANDBOX
            assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Ethics%202027.pdf"
        assert (await ask(s, "ada", f"/{told['id']}", "DELETE")).status == 204
        assert [(await ask(s, "ada", f"/{told['id']}", method)).status for method in ("GET", "DELETE")] == [404, 404]
        assert (await (await ask(s, "ada")).json()) == {"files": []}
        kept = s.stage.ledger.rows[Attachment.KIND, told["id"]]
        assert isinstance(kept, Attachment)
        assert kept.content == ""
        assert s.stage.kinds()[-2:] == ["application.attached", "application.detached"]


@pytest.mark.row("WF-FILES-API")
@pytest.mark.parametrize("stage", STAGES)
async def test_every_part_in_every_stage_reads_and_attaches_as_the_table_says(tmp_path: Path, stage: Stage) -> None:
    async with site(tmp_path, *rows(stage), committee=replace(committee(2), confirmed=True), grant=None) as s:
        before = len(s.stage.ledger.entries)
        for part, who in WHO.items():
            assert (await ask(s, who)).status == (200 if Command.SEE in may(stage, part) else 404), part
        for who in (*STRANGERS, *(one for one in WHO.values() if one not in ("ada", "sam"))):
            assert (await send(s, who)).status in (403, 404, 409), who
            assert (await ask(s, who, "/att_1", "DELETE")).status in (403, 404, 409), who
        for who in STRANGERS:
            assert [(await ask(s, who, path)).status for path in ("", "/att_1")] == [404, 404], who
        assert len(s.stage.ledger.entries) == before


@pytest.mark.row("WF-FILES-API")
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400), (b"MZ\x90\x00", 400), (b"PK\x03\x04", 400), (b"%PDF-" + b"x" * (LARGEST - 5), 201),
        (b"%PDF-" + b"x" * (LARGEST - 4), 413), (HTML, 201),
    ],
    ids=lambda one: str(one[:6]) if isinstance(one, bytes) else str(one),
)  # fmt: skip
async def test_the_bounds_are_those_of_the_page(tmp_path: Path, content: bytes, status: int) -> None:
    async with site(tmp_path, *rows(Stage.IN_REVIEW), committee=committee(2), grant=None) as s:
        made = await send(s, content=content, name="../../index.html")
        assert made.status == status, await made.text()
        found = (await (await ask(s, "ada")).json())["files"]
        assert len(found) == (status == 201)
        if content == HTML:
            assert (found[0]["name"], found[0]["media_type"]) == ("index.html.txt", "text/plain")


@pytest.mark.row("WF-FILES-API")
async def test_sent_twice_under_one_key_it_is_attached_once(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(Stage.IN_REVIEW), committee=committee(2), grant=None) as s:
        first, again, other = await send(s, key="one"), await send(s, key="one"), await send(s, content=HTML, key="one")
        assert (first.status, again.status, other.status) == (201, 201, 422)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert await first.json() == await again.json()
        for _ in range(MOST - 1):
            assert (await send(s)).status == 201
        assert (await send(s)).status == 400
        assert len((await (await ask(s, "ada")).json())["files"]) == MOST


@pytest.mark.row("WF-FILES-API")
async def test_without_credentials_there_is_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(Stage.IN_REVIEW), committee=committee(2), grant=None) as s:
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/att_1"), ("DELETE", "/att_1")):
            assert (await s.http.request(method, f"{FILES}{path}", data=PDF)).status == 401
        assert str(b.ADA) not in await (await s.http.get(FILES)).text()
