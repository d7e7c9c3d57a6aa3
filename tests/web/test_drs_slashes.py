"""Ids with slashes that a client did not encode, as those of Gen3 do: one decode, one id, and no walk anywhere."""

import asyncio
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from yarl import URL

from tests.web.drs_world import BASE, file
from tests.web.site import Site, site

IDS = ("dg.4503/1f2e", "a/b/c", "x/access/y", "x/access", "access/https")
"""Those with `/access` can only be asked for encoded: as it stands the third is the way `y` of `x`."""
NOBODYS = (
    "dg.4503/../obj-1",
    "./obj-1",
    "/obj-1",
    "obj-1/",
    "dg.4503",
    "a/b",
    "x",
    "dg.4503%252f1f2e",
    "obj-1/access/",
)


@pytest.mark.row("T082", "DR-CLIENTS")
async def test_an_id_with_slashes_is_reached_as_it_stands_and_encoded(tmp_path: Path) -> None:
    async with site(tmp_path, *map(file, IDS)) as s:
        for id in IDS:
            for said in {quote(id, safe=""), *([id] if "/access" not in id else [])}:
                path = f"{BASE}/objects/{said}"
                for answer in (
                    await s.http.get(URL(path, encoded=True)),
                    await s.http.post(URL(path, encoded=True), json={}),
                ):
                    assert (answer.status, (await answer.json())["id"]) == (200, id), said
                assert (await s.http.options(URL(path, encoded=True))).status == 200, said
                ticket = await s.http.get(URL(f"{path}/access/https", encoded=True), headers=s.headers())
                assert (await ticket.json())["url"].endswith(f"/data/{quote(id, safe='')}"), said


async def raw(s: Site, path: str) -> tuple[int, str]:
    """Status and code of the answer to an address that no client has put in order."""
    reader, writer = await asyncio.open_connection("127.0.0.1", s.http.port)
    fields = f"Host: a\r\nConnection: close\r\nAuthorization: {s.headers()['Authorization']}"
    writer.write(f"GET {BASE}/objects/{path} HTTP/1.1\r\n{fields}\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), json.loads(body).get("code", "")


@pytest.mark.row("T082", "T088")
async def test_what_only_looks_like_the_id_of_something_is_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, *map(file, IDS)) as s:
        assert await raw(s, "obj-1") == (200, "")
        unknown = await raw(s, "none")
        assert unknown == (404, "REQ-NOT-FOUND")
        for path in (*NOBODYS, "x/access/y"):
            assert await raw(s, path) == unknown, path
