"""Lists over HTTP come a page at a time, however many there are; hidden data are in none of them."""

from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import DatasetId, ObjectId
from broker.core.rows import Dataset, Request
from tests import builders as b
from tests.web.site import Site, site

API = "/api/v1"

IDS = [DatasetId(f"https://data.example/{n:02d}") for n in range(7)]


def rows() -> list[Any]:
    made: list[Dataset] = [b.dataset(id=id, title=f"Study {n}") for n, id in enumerate(IDS)]
    hidden = b.dataset(id=DatasetId("https://data.example/03x"), title="CANARY", existence="hidden")
    return [*made, hidden]


async def every(s: Site, path: str, noun: str, **wanted: str) -> list[dict[str, Any]]:
    """All of a list, two at a time."""
    found, token = list[dict[str, Any]](), None
    while True:
        params = {**wanted, "page_size": "2"} | ({"token": token} if token is not None else {})
        answer = await s.http.get(f"{API}{path}", params=params, headers=s.headers())
        told = await answer.json()
        assert answer.status == 200, told
        assert len(told[noun]) <= 2
        found += told[noun]
        token = told["next_page_token"]
        if token is None:
            return found


async def test_datasets_come_a_page_at_a_time_each_once_and_none_that_is_hidden(tmp_path: Path) -> None:
    async with site(tmp_path, *rows()) as s:
        told = await every(s, "/datasets", "datasets")
        assert [one["id"] for one in told] == sorted([*IDS, b.HEART])
        assert "CANARY" not in str(told)
        (heart,) = [one for one in told if one["id"] == b.HEART]
        sizes = [one.size for one in s.stage.live.current().objects(b.HEART)]
        assert (heart["files"], heart["bytes"]) == (len(sizes), sum(sizes))
        assert await every(s, "/datasets", "datasets", id=b.HEART) == [heart]
        for none in ("https://data.example/03x", "https://data.example/none"):
            assert await every(s, "/datasets", "datasets", id=none) == []


async def test_the_files_of_a_dataset_come_a_page_at_a_time_in_order_of_id(tmp_path: Path) -> None:
    files = [b.drs_object(ObjectId(f"obj-{n}")) for n in (4, 1, 3, 0, 2)]
    secret = b.drs_object(ObjectId("CANARY"), dataset=DatasetId("https://data.example/03x"))
    async with site(tmp_path, *rows(), *files, secret) as s:
        told = await every(s, "/datasets/objects", "objects", dataset=b.HEART)
        there = {str(one.id): one for one in s.stage.live.current().objects(b.HEART)}
        assert [one["id"] for one in told] == sorted(there)
        assert all((one["name"], one["size"]) == (there[one["id"]].name, there[one["id"]].size) for one in told)
        for hidden in ("https://data.example/03x", "https://data.example/none", ""):
            answer = await s.http.get(f"{API}/datasets/objects", params={"dataset": hidden})
            assert (answer.status, "CANARY" in await answer.text()) == (404, False)


async def test_requests_come_a_page_at_a_time_to_whom_they_belong(tmp_path: Path) -> None:
    mine: list[Request] = [b.request(id=f"req_{n}") for n in range(5)]
    async with site(tmp_path, *mine) as s:
        for who in (b.ADA, "usr_mei"):
            headers = s.headers(who)
            first = await (await s.http.get(f"{API}/requests?page_size=3", headers=headers)).json()
            assert [one["id"] for one in first["requests"]] == ["req_0", "req_1", "req_2"]
            path = f"{API}/requests?page_size=3&token={first['next_page_token']}"
            rest = await (await s.http.get(path, headers=headers)).json()
            assert [one["id"] for one in rest["requests"]] == ["req_3", "req_4"]
            assert rest["next_page_token"] is None
        other = await (await s.http.get(f"{API}/requests", headers=s.headers("usr_pia"))).json()
        assert other == {"requests": [], "next_page_token": None}


@pytest.mark.parametrize("path", ["/datasets", f"/datasets/objects?dataset={b.HEART}", "/requests"])
@pytest.mark.parametrize("wrong", ["page_size=0", "page_size=201", "page_size=x", "token=%C3%A4", "token=a" * 2000])
async def test_a_page_that_nobody_was_given_is_none(tmp_path: Path, path: str, wrong: str) -> None:
    async with site(tmp_path) as s:
        address = f"{API}{path}{'&' if '?' in path else '?'}{wrong}"
        assert (await s.http.get(address, headers=s.headers())).status == 400
