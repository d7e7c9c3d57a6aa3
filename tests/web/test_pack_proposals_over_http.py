"""Policy packs over the API: by the same flow as on the pages, with versions, keys and a recent sign-in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.core.rows import Row
from broker.web.recent import RECENT
from tests import builders as b
from tests.desk import PACK, ROLES, Desk, desk_at, french_only, people, same_law
from tests.web.site import Site, signed_in, site

API = "/api/v1/pack-proposals"


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    more: list[Row] = [*people(), *(row for name in ROLES for row in signed_in(f"usr_{name}"))]
    async with site(tmp_path, *more, grant=b.grant(affiliations=("faculty@rhine.example",))) as made:
        yield made


@pytest.fixture
async def d(s: Site, tmp_path: Path) -> Desk:
    return await desk_at(s, tmp_path / "packs")


async def call(
    s: Site, who: str, method: str, path: str = "", body: Any = None, seen: int | None = None, **headers: str
) -> tuple[int, Any]:
    sent = s.headers(f"usr_{who}") | headers | ({"If-Match": f'"v{seen}"'} if seen is not None else {})
    answer = await s.http.request(method, API + path, json=body, headers=sent)
    return answer.status, await answer.json()


async def proposed(s: Site, typed: dict[str, str] | None = None) -> dict[str, Any]:
    status, one = await call(s, "root", "POST", body={"pack": PACK})
    assert status == 201, one
    path = f"/{one['id']}"
    status, one = await call(s, "root", "PUT", path, typed or french_only("2"), seen=one["version"])
    assert (status, one["problems"]) == (200, []), one
    status, one = await call(s, "root", "POST", f"{path}/proposal", seen=one["version"])
    assert (status, one["state"], one["release"]) == (200, "proposed", "2"), one
    return dict(one)


@pytest.mark.row("PACK-SECOND")
async def test_the_whole_way_of_a_change(s: Site, d: Desk) -> None:
    one = await proposed(s)
    path = f"/{one['id']}"
    assert (await call(s, "lex", "GET", f"{path}/simulation"))[0] == 404, "not tried yet"
    status, told = await call(s, "lex", "POST", f"{path}/simulation", {})
    assert (status, told["over"], told["summary"]["loses"]) == (200, True, 1)
    assert told["files"] == one["files"]
    assert {line["person"] for cause in told["causes"] for line in cause["lines"]} == {b.ADA}
    assert (await call(s, "eve", "GET", f"{path}/simulation"))[1] == told
    status, late = await call(s, "lex", "POST", f"{path}/simulation", {"at": "2031-03-26"})
    assert (status, late["at"]) == (200, "2031-03-26T00:00:00Z")
    assert late["judged"] < told["judged"], "her grant is over by then"
    assert (await call(s, "lex", "POST", f"{path}/simulation", {"at": "soon"}))[0] == 400
    status, refused = await call(s, "root", "POST", f"{path}/activation", {"files": one["files"]})
    assert (status, refused["code"]) == (403, "REQ-OWN-PACK")
    status, done = await call(s, "lex", "POST", f"{path}/activation", {"files": one["files"]})
    assert (status, done["state"], done["ended_by"]) == (200, "activated", "usr_lex")
    assert (d.version(), d.after_a_restart()) == ("2", {PACK: "2"})
    listed = (await call(s, "eve", "GET"))[1]["proposals"]
    assert [(row["id"], row["state"]) for row in listed] == [(one["id"], "activated")]


@pytest.mark.row("PACK-SEEN")
async def test_what_was_not_looked_at_is_refused(s: Site, d: Desk) -> None:
    one = await proposed(s)
    path = f"/{one['id']}"
    status, refused = await call(s, "lex", "POST", f"{path}/activation", {"files": "0" * 64})
    assert (status, refused["code"]) == (412, "REQ-STALE")
    for wrong in ({}, {"files": ""}, {"files": "../x"}, {"files": one["files"], "more": 1}):
        assert (await call(s, "lex", "POST", f"{path}/activation", wrong))[0] == 400
    assert d.version() == "1"


@pytest.mark.row("PACK-SECOND")
async def test_it_takes_a_sign_in_of_the_last_minutes(s: Site, d: Desk) -> None:
    one = await proposed(s)
    s.stage.clock.advance(RECENT + 1)
    said = {"iat": s.stage.clock.now(), "exp": s.stage.clock.now() + 600}
    answer = await s.http.post(
        f"{API}/{one['id']}/activation", json={"files": one["files"]}, headers=s.headers("usr_lex", **said)
    )
    assert (answer.status, (await answer.json())["code"]) == (401, "AUTH-STEP-UP")
    assert "max_age" in answer.headers["WWW-Authenticate"]
    assert d.version() == "1"


@pytest.mark.row("PACK-WRITTEN")
async def test_a_change_names_the_version_that_was_seen_and_a_key_does_it_once(s: Site, d: Desk) -> None:
    keyed: Any = {"Idempotency-Key": "begin-1"}
    first, again = [await call(s, "root", "POST", body={"pack": PACK}, **keyed) for _ in range(2)]
    assert first == again
    path, version = f"/{first[1]['id']}", first[1]["version"]
    assert (await call(s, "root", "PUT", path, same_law("2")))[0] == 428
    status, one = await call(s, "root", "PUT", path, same_law("2"), seen=version)
    assert status == 200
    assert (await call(s, "ann", "PUT", path, same_law("3"), seen=version))[0] == 412
    for step in ("proposal", "withdrawal"):
        assert (await call(s, "ann", "POST", f"{path}/{step}", seen=version))[0] == 412
    once: Any = {"Idempotency-Key": "give-up-1"}
    told = [await call(s, "ann", "POST", f"{path}/withdrawal", seen=one["version"], **once) for _ in range(2)]
    assert told[0] == told[1]
    assert told[0][1]["state"] == "withdrawn"
    assert s.stage.kinds().count("policy.withdrawn") == 1
    assert (await call(s, "root", "POST", f"{path}/activation", {"files": one["files"]}))[0] == 409
    assert d.version() == "1"


@pytest.mark.row("PACK-LINT")
async def test_what_is_wrong_is_told_and_neither_tried_nor_proposed(s: Site, d: Desk) -> None:
    _, one = await call(s, "root", "POST", body={"pack": PACK})
    path = f"/{one['id']}"
    status, one = await call(s, "root", "PUT", path, {"text": "schema: [", "cases": ""}, seen=one["version"])
    assert status == 200
    assert one["problems"][0].startswith("test-pack.yaml:2:")
    for step in ("proposal", "simulation"):
        status, refused = await call(s, "root", "POST", f"{path}/{step}", {}, seen=one["version"])
        assert (status, refused["code"]) == (422, "REQ-PACK-UNSOUND")
    bad: list[Any] = [{"text": "x" * 100_001, "cases": ""}, {"text": 1, "cases": ""}, {"cases": ""}, []]
    for wrong in bad:
        assert (await call(s, "root", "PUT", path, wrong, seen=one["version"]))[0] == 400
    for odd in ("\\ud800", "\\u0000", "\\u202e"):
        sent = s.headers("usr_root") | {"If-Match": f'"v{one["version"]}"', "Content-Type": "application/json"}
        answer = await s.http.put(API + path, data=f'{{"text": "id: {odd}", "cases": ""}}', headers=sent)
        assert answer.status in (200, 400), odd
        one = await answer.json() if answer.status == 200 else one
        assert one["problems"]
    for pack in ("", "../x", "a" * 65):
        assert (await call(s, "root", "POST", body={"pack": pack}))[0] == 400
    assert d.version() == "1"


@pytest.mark.row("PACK-ROLES")
async def test_others_find_nothing_and_who_audits_changes_nothing(s: Site, d: Desk) -> None:
    del d
    one = await proposed(s)
    path, recorded = f"/{one['id']}", len(s.stage.ledger.entries)
    steps: list[tuple[str, str, Any]] = [
        ("POST", "", {"pack": PACK}), ("PUT", path, same_law("3")), ("POST", f"{path}/proposal", None),
        ("POST", f"{path}/withdrawal", None), ("POST", f"{path}/activation", {"files": one["files"]}),
    ]  # fmt: skip
    for name in ("sam", "eve"):
        for method, where, body in steps:
            assert (await call(s, name, method, where, body, seen=one["version"]))[0] == 403, (name, where)
        for where in ("", path, f"{path}/simulation"):
            wanted = 403 if name == "sam" else 404 if "simulation" in where else 200
            assert (await call(s, name, "GET", where))[0] == wanted, (name, where)
        assert (await call(s, name, "POST", f"{path}/simulation", {}))[0] == 403
    assert (await call(s, "eve", "GET", "/none"))[0] == 404
    assert (await s.http.post(API, json={"pack": PACK})).status == 401
    assert len(s.stage.ledger.entries) == recorded
