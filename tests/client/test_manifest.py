"""`broker get` of many objects: each for itself, and one file that says what became of every one of them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console

from broker.client.answers import TalkError
from broker.client.manifest import NAME, Manifest
from broker.client.objects import Missed, Wanted, wanted
from broker.commands.get import _all
from tests.client.test_transfer import CONTENT, SHA256, Client, breaks_off, client, honest, says

DATASET = "https://bank.example/datasets/heart"
OBJECTS = "/ga4gh/drs/v1/objects"
SHOWN: dict[str, Any] = {
    "size": len(CONTENT), "checksums": [{"type": "sha-256", "checksum": SHA256}],
    "access_methods": [{"type": "https", "access_id": "https"}],
}  # fmt: skip
SAID: dict[str, tuple[int, dict[str, Any]]] = {
    "one": (200, SHOWN | {"id": "one", "name": "one.bam"}),
    "no": (200, SHOWN | {"id": "no", "name": "no.bam"}),
    "gone": (404, {"msg": "There is no such object.", "code": "REQ-NOT-FOUND"}),
    "tape": (200, SHOWN | {"id": "tape", "name": "tape.bam", "access_methods": []}),
    "run": (200, {"id": "run", "name": "run", "contents": [{"id": "gone"}, {"id": "two"}]}),
    "two": (200, SHOWN | {"id": "two", "name": "two.bam"}),
    "wrong": (200, SHOWN | {"id": "wrong", "name": "wrong.bam", "checksums": [{"type": "sha-256", "checksum": "0" * 64}]}),
}  # fmt: skip
REFUSED = {"msg": "Your grant has ended.", "code": "AUTH-NO-GRANT", "decision": "dec_1"}


@asynccontextmanager
async def bank(folder: Path) -> AsyncIterator[Client]:
    async def datasets(request: web.Request) -> web.Response:
        found = [{"id": DATASET}] if request.query["id"] == DATASET else []
        return web.json_response({"datasets": found, "next_page_token": None})

    async def files(request: web.Request) -> web.Response:
        ids = [id for id in SAID if id != "two"]
        first = ids.index(request.query["token"]) if "token" in request.query else 0
        shown, after = ids[first : first + 2], ids[first + 2 : first + 3]
        objects = [{"id": id} for id in shown]
        return web.json_response({"objects": objects, "next_page_token": after[0] if after else None})

    async def shown(request: web.Request) -> web.Response:
        status, said = SAID[request.match_info["id"]]
        return web.json_response(said, status=status)

    async def access(request: web.Request) -> web.Response:
        if request.match_info["id"] == "no":
            return web.json_response(REFUSED, status=403)
        return web.json_response(
            {"url": f"http://127.0.0.1:{request.url.port}/data/obj", "headers": ["Authorization: Bearer ticket-1"]}
        )

    routes = [
        web.get("/api/v1/datasets", datasets),
        web.get("/api/v1/datasets/objects", files),
        web.get(f"{OBJECTS}/{{id}}", shown),
        web.get(f"{OBJECTS}/{{id}}/access/https", access),
    ]
    async with client(folder, honest, routes=routes) as c:
        yield c


@pytest.mark.row("CL-MANIFEST")
async def test_what_cannot_be_had_keeps_nobody_from_the_rest_and_all_of_it_is_written_down(tmp_path: Path) -> None:
    async with bank(tmp_path) as c:
        files = [one async for one in wanted(c.api, DATASET)]
        assert [type(one) for one in files] == [Wanted, Wanted, Missed, Missed, Missed, Wanted, Wanted]
        manifest, errors = Manifest(c.api.issuer), Console(record=True, quiet=True, width=200)
        assert await _all(c.api, files, c.folder, 2, errors, None, manifest) == 2
        said = json.loads(manifest.write(c.folder).read_text("utf-8"))
    assert (said["schema"], said["broker"]) == ("broker.manifest/1", c.api.issuer)
    states = {one["id"]: one["state"] for one in said["objects"]}
    assert states == {
        "one": "whole", "no": "refused", "gone": "refused", "tape": "broken", "two": "whole", "wrong": "broken",
    }  # fmt: skip
    whole = {c.folder / one["path"]: one["checksums"]["sha-256"] for one in said["objects"] if one["state"] == "whole"}
    assert whole == {c.folder / "one.bam": SHA256, c.folder / "run" / "two.bam": SHA256}
    assert all(path.read_bytes() == CONTENT for path in whole)
    why = {one["id"]: one["why"] for one in said["objects"]}
    assert why["no"][0] == "Your grant has ended."
    assert "decision dec_1" in why["no"][-1]
    assert why["gone"][0] == "There is no such object."
    assert not (c.folder / "no.bam").exists()
    assert not (c.folder / "wrong.bam").exists()


@pytest.mark.row("CL-MANIFEST")
async def test_who_is_refused_half_way_is_told_what_is_on_their_disk(tmp_path: Path) -> None:
    async with bank(tmp_path) as c:
        c.origin.answers = [breaks_off, says(403, **REFUSED)]
        files, manifest = [one async for one in wanted(c.api, "one")], Manifest(c.api.issuer)
        assert await _all(c.api, files, c.folder, 1, Console(quiet=True), None, manifest) == 1
    (line,) = manifest.lines.values()
    assert line.why[0] == "Your grant has ended."
    part = c.folder / "one.bam.part"
    assert line.why[-1] == f"What came of it before lies in {part}. Delete it, unless you will be let in again."
    assert part.is_file()


@pytest.mark.row("CL-MANIFEST")
async def test_a_second_time_only_what_is_missing_is_fetched(tmp_path: Path) -> None:
    async with bank(tmp_path) as c:
        for _ in range(2):
            before = len(c.origin.asked)
            files = [one async for one in wanted(c.api, "one")]
            manifest = Manifest(c.api.issuer)
            assert await _all(c.api, files, c.folder, 2, Console(quiet=True), None, manifest) == 0
            assert [one.state for one in manifest.lines.values()] == ["whole"]
        assert len(c.origin.asked) == before
        assert manifest.write(c.folder) == c.folder / NAME


@pytest.mark.row("CL-MANIFEST")
@pytest.mark.parametrize(
    ("objects", "token"),
    [([{"id": "one"}], "again"), ([], None), ("one", None), ([{"id": "one"}], 7)],
    ids=["the same page", "nothing on a page", "no list", "no token"],
)
async def test_a_list_that_brings_nothing_new_has_an_end(tmp_path: Path, objects: Any, token: Any) -> None:
    asked: list[str] = []

    async def datasets(_: web.Request) -> web.Response:
        return web.json_response({"datasets": [{"id": DATASET}], "next_page_token": None})

    async def endless(_: web.Request) -> web.Response:
        asked.append("page")
        after = (token or f"t{len(asked)}") if len(asked) < 50 else None  # it ends where nobody looks, for a red test
        return web.json_response({"objects": objects, "next_page_token": after})

    async def shown(_: web.Request) -> web.Response:
        return web.json_response(SAID["one"][1])

    routes = [
        web.get("/api/v1/datasets", datasets),
        web.get("/api/v1/datasets/objects", endless),
        web.get(f"{OBJECTS}/{{id}}", shown),
    ]
    async with client(tmp_path, honest, routes=routes) as c:
        with pytest.raises(TalkError):
            [one async for one in wanted(c.api, DATASET)]
    assert len(asked) <= 2
