"""Many objects at a time: each its own answer, decision and entry; one that fails fails alone, and hidden ones are not
there.
"""

from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import SubjectRef
from broker.core.rows import Access, Trace
from broker.web.drs_shown import MAX_BULK
from tests import builders as b
from tests.fakes import START
from tests.web.drs_world import BASE, MEI, OTHER, WORLD, file, of, valid
from tests.web.site import CONTENT, Site, site
from tests.web.test_attacks import passport

OBJECTS = ["obj-1", "named", "none", "inside", "study", "obj-1"]


async def objects(s: Site, ids: list[str], query: str = "", headers: Any = None, **body: Any) -> tuple[int, Any]:
    answer = await s.http.post(f"{BASE}/objects{query}", json={"bulk_object_ids": ids, **body}, headers=headers or {})
    return answer.status, await answer.json()


def pairs(*asked: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"bulk_object_id": id, "bulk_access_ids": [way]} for id, way in asked]


async def accesses(s: Site, asked: list[dict[str, Any]], **body: Any) -> tuple[int, Any, Any]:
    answer = await s.http.post(f"{BASE}/objects/access", json={"bulk_object_access_ids": asked, **body})
    return answer.status, await answer.json() if answer.content_length else None, answer.headers


@pytest.mark.row("T089")
@pytest.mark.row("DR4")
async def test_metadata_of_many_objects_each_once(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        status, told = await objects(s, OBJECTS)
        valid("BulkObjects", told)
        assert (status, told["summary"]) == (200, {"requested": 5, "resolved": 3, "unresolved": 2})
        assert [one["id"] for one in told["resolved_drs_object"]] == ["obj-1", "named", "study"]
        assert told["unresolved_drs_objects"] == [{"error_code": 404, "object_ids": ["none", "inside"]}]
        for one in told["resolved_drs_object"]:
            assert one == await (await s.http.get(f"{BASE}/objects/{one['id']}")).json()


@pytest.mark.row("DR11")
async def test_who_shows_a_grant_sees_what_is_hidden(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        for body, headers in (({"passports": [of(s)]}, {}), ({}, s.headers())):
            status, told = await objects(s, OBJECTS, "?expand=true", headers, **body)
            valid("BulkObjects", told)
            assert (status, told["unresolved_drs_objects"]) == (200, [{"error_code": 404, "object_ids": ["none"]}])
            study = next(one for one in told["resolved_drs_object"] if one["id"] == "study")
            assert [one["id"] for one in study["contents"][0]["contents"]] == ["obj-1", "inside"]
        assert s.stage.kinds() == []


@pytest.mark.row("T088")
async def test_in_a_bulk_request_too_hidden_is_like_unknown(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:

        def same(told: Any) -> str:
            return str(told).replace("inside", "X").replace("nonono", "X")

        for passports in (None, [of(s, MEI)]):
            body: dict[str, Any] = {} if passports is None else {"passports": passports}
            one, two = [await objects(s, ["obj-1", id], **body) for id in ("inside", "nonono")]
            assert same(one) == same(two)
        said = [
            await (await s.http.options(f"{BASE}/objects", json={"bulk_object_ids": [id]})).json()
            for id in ("inside", "nonono")
        ]
        assert same(said[0]) == same(said[1])
        before = len(s.stage.ledger.entries)
        found = [await accesses(s, pairs((id, "https")), passports=[of(s, MEI)]) for id in ("inside", "nonono")]
        assert [one[0] for one in found] == [200, 200]
        details = [{**one[1]["details"][0], "object_id": "", "decision": ""} for one in found]
        assert details[0] == details[1]
        kinds = [(one.kind, sorted(one.about)) for one in s.stage.ledger.entries[before:]]
        assert kinds[0] == kinds[1]


async def test_authorizations_of_many_objects(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        answer = await s.http.options(f"{BASE}/objects", json={"bulk_object_ids": ["obj-1", "run", "none", "obj-1"]})
        told = valid("BulkAuthorizations", await answer.json())
        assert [one["drs_object_id"] for one in told["resolved_drs_object"]] == ["obj-1", "run"]
        assert told["resolved_drs_object"][0] == await (await s.http.options(f"{BASE}/objects/obj-1")).json()
        nothing: dict[str, Any] = {"data": b"", "headers": {"Content-Type": "application/json"}}
        wrongs: list[dict[str, Any]] = [{}, {"json": {}}, nothing]
        for wrong in wrongs:
            bad = await s.http.options(f"{BASE}/objects", **wrong)
            assert bad.status == 400
            valid("Error", await bad.json())


@pytest.mark.row("T089", "T090")
@pytest.mark.row("DR4")
async def test_each_access_has_its_own_answer_decision_and_entry(tmp_path: Path) -> None:
    (tmp_path / "obj-2.bam").write_bytes(b"0123456789")
    async with site(tmp_path, *WORLD) as s:
        asked = pairs(("obj-1", "https"), ("obj-2", "https"), ("others", "https"), ("none", "https"), ("obj-1", "s3"))
        asked += pairs(("run", "https"), ("obj-1", "https"))
        status, told, _ = await accesses(s, asked, passports=[of(s)])
        valid("BulkAccessURLs", told)
        assert (status, told["summary"]) == (200, {"requested": 6, "resolved": 2, "unresolved": 4})
        assert told["unresolved_drs_objects"] == [
            {"error_code": 403, "object_ids": ["others"]},
            {"error_code": 404, "object_ids": ["none", "obj-1", "run"]},
        ]
        codes = {(one["object_id"], one["access_id"]): one["code"] for one in told["details"]}
        assert codes["others", "https"] == "AUTH-NO-GRANT"
        assert set(codes.values()) == {"AUTH-NO-GRANT", "REQ-NOT-FOUND"}
        entries = s.stage.ledger.entries
        assert [(one.kind, one.about["object"]) for one in entries] == [
            ("access.permitted", "obj-1"), ("access.permitted", "obj-2"), ("access.refused", "others"),
            ("access.refused", "none"), ("access.refused", "run"),
        ]  # fmt: skip
        decisions = [str(one.about["decision"]) for one in entries]
        assert len(set(decisions)) == 5
        assert all(isinstance(s.stage.ledger.rows["trace", id], Trace) for id in decisions)
        for n, one in enumerate(told["resolved_drs_object_access_urls"]):
            assert (one["decision"], one["receipt"]) == (decisions[n], entries[n].id)
            headers = dict(line.split(": ", 1) for line in one["headers"])
            answer = await s.http.get(one["url"].removeprefix(b.US), headers=headers)
            assert await answer.read() == (CONTENT, b"0123456789")[n]


async def test_what_a_bulk_request_decides_is_what_each_object_alone_is_told(tmp_path: Path) -> None:
    """The shared look at who asks changes no answer: codes, reasons and ends are those of one at a time."""
    async with site(tmp_path, *WORLD) as s:
        ids = ["obj-1", "others", "inside", "none", "obj-2"]
        _, told, _ = await accesses(s, pairs(*((id, "https") for id in ids)), passports=[of(s)])
        codes = {one["object_id"]: one["code"] for one in told["details"]}
        ends = {str(row.object): row.expires for row in s.stage.ledger.rows.values() if isinstance(row, Access)}
        for id in ids:
            alone = await s.http.post(f"{BASE}/objects/{id}/access/https", json={"passports": [of(s)]})
            assert (await alone.json()).get("code") == codes.get(id), id
        rows = [row for row in s.stage.ledger.rows.values() if isinstance(row, Access)]
        assert {str(row.object): row.expires for row in rows} == ends


@pytest.mark.row("T089")
@pytest.mark.row("DR5")
async def test_no_more_than_the_stated_limit_and_exactly_that_many(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        info = await (await s.http.get(f"{BASE}/service-info")).json()
        limit = info["maxBulkRequestLength"]
        assert limit == MAX_BULK
        ids = [f"x{n}" for n in range(limit + 1)]
        status, told = await objects(s, ids[:limit])
        assert (status, told["summary"]["requested"]) == (200, limit)
        for sent in (ids, ["obj-1"] * (limit + 1), ids * 10):
            status, told = await objects(s, sent)
            assert status == 413
            assert str(limit) in valid("Error", told)["msg"]
        answer = await s.http.options(f"{BASE}/objects", json={"bulk_object_ids": ids})
        assert answer.status == 413
        many = [{"bulk_object_id": "obj-1", "bulk_access_ids": ["https"] * (limit + 1)}]
        empty = [{"bulk_object_id": id, "bulk_access_ids": []} for id in ids]
        for asked in (pairs(*((id, "https") for id in ids)), many, empty):
            status, told, _ = await accesses(s, asked, passports=[of(s)])
            assert status == 413
        assert s.stage.kinds() == []


async def test_nobody_in_particular_gets_no_addresses_and_a_bad_passport_refuses_all(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        asked = pairs(("obj-1", "https"))
        none = await s.http.post(f"{BASE}/objects/access", json={"bulk_object_access_ids": asked})
        assert (none.status, "WWW-Authenticate" in none.headers) == (401, True)
        assert (await accesses(s, asked, passports=[of(s, exp=START)]))[0] == 401
        assert (await objects(s, ["obj-1"], passports=[of(s, exp=START)]))[0] == 401
        by_token = await s.http.post(
            f"{BASE}/objects/access", json={"bulk_object_access_ids": asked}, headers=s.headers()
        )
        assert (await by_token.json())["summary"]["resolved"] == 1


@pytest.mark.parametrize("breaks", ["lost", "stored"])
@pytest.mark.row("DR12")
async def test_no_record_no_addresses(tmp_path: Path, breaks: Any) -> None:
    async with site(tmp_path, *WORLD) as s:
        passports = [of(s)]
        s.stage.ledger.breaks = breaks
        answer = await s.http.post(
            f"{BASE}/objects/access",
            json={"bulk_object_access_ids": pairs(("obj-1", "https"), ("obj-2", "https")), "passports": passports},
        )
        assert answer.status == 503
        assert "Bearer" not in await answer.text()


@pytest.mark.row("T089")
async def test_a_withdrawal_is_seen_by_the_next_bulk_request(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD, file("pauls", subjects=frozenset({b.PAUL}))) as s:
        gone = b.consent(b.PIA, version=2, status="withdrawn")
        s.stage.live.committed((gone,), 99)
        _, told, _ = await accesses(s, pairs(("obj-1", "https"), ("pauls", "https")), passports=[of(s)])
        assert [one["drs_object_id"] for one in told["resolved_drs_object_access_urls"]] == ["pauls"]
        assert [one["code"] for one in told["details"]] == ["CON-LEFT-OUT"]


async def test_what_is_said_of_one_object_is_kept_once_for_all_that_are_alike(tmp_path: Path) -> None:
    """Each object has a trace of its own; the question and the explanation stand in the first, to which others refer."""
    more = [file(f"other-{n}", dataset=OTHER) for n in range(3)] + [file(f"mine-{n}") for n in range(3)]
    async with site(tmp_path, *WORLD, *more) as s:
        ids = [str(row.id) for row in more] + ["none-1", "none-2", "inside"]
        asked = pairs(*((id, "https") for id in ids))
        _, told, _ = await accesses(s, asked, passports=[passport(s, [])])
        assert {one["code"] for one in told["details"]} == {"AUTH-NO-GRANT", "REQ-NOT-FOUND"}
        traces = [s.stage.ledger.rows["trace", str(one.about["decision"])] for one in s.stage.ledger.entries]
        bodies = [row.body for row in traces if isinstance(row, Trace)]
        assert [body.get("again") is None for body in bodies] == [True, False, False, True, *[False] * 5]
        assert [body["again"] for body in bodies[1:3]] == [traces[0].id] * 2
        assert [body["again"] for body in bodies[4:6]] == [traces[3].id] * 2
        assert [(body["dataset"], body["object"]) for body in bodies[1:3]] == [(OTHER, "other-1"), (OTHER, "other-2")]
        first = await s.http.get(f"/api/v1/decisions/{traces[0].id}", headers=s.headers())
        assert (await first.json())["explanation"]["why"][0]["code"] == "AUTH-NO-GRANT"
        other = await s.http.get(f"/api/v1/decisions/{traces[1].id}", headers=s.headers())
        assert (await other.json())["again"] == traces[0].id


async def test_who_is_left_out_of_which_file_is_told_of_each(tmp_path: Path) -> None:
    """Of files from which participants are left out each has its own whole trace: they are other people's."""
    people = [SubjectRef(f"sub_{n}") for n in range(3)]
    gone = [b.consent(one, status="withdrawn") for one in people]
    files = [file(f"p{n}", subjects=frozenset({one})) for n, one in enumerate(people)]
    async with site(tmp_path, *WORLD, *gone, *files) as s:
        _, told, _ = await accesses(s, pairs(*((str(row.id), "https") for row in files)), passports=[of(s)])
        assert {one["code"] for one in told["details"]} == {"CON-LEFT-OUT"}
        traces = [s.stage.ledger.rows["trace", one["decision"]] for one in told["details"]]
        assert all(isinstance(row, Trace) and "again" not in row.body and row.body["people"] for row in traces)
