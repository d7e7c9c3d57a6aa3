"""The certification scenario of the AuthZEN Authorization API 1.0, written anew from its text: every level.

The number before each case is the section of the scenario. It runs over HTTP; whoever decides is the fixture.
"""

from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jwt
import pytest

from broker.web import authzen
from tests.web.authzen_fixture import FixturePdp
from tests.web.depot import as_client, depots
from tests.web.site import Site, site

ALICE, BOB = {"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}
ADMIN = BOB | {"properties": {"role": "admin"}}
ONE, TWO = {"type": "record", "id": "record-1"}, {"type": "record", "id": "record-2"}
ACTIVE, ARCHIVED = ONE | {"properties": {"status": "active"}}, TWO | {"properties": {"status": "archived"}}
READ, WRITE = {"name": "read"}, {"name": "write"}
USER, RECORD = {"type": "user"}, {"type": "record"}


def q(subject: Any = ALICE, action: Any = READ, resource: Any = ONE, **more: Any) -> dict[str, Any]:
    return {"subject": subject, "action": action, "resource": resource, **more}


def without(body: dict[str, Any], *path: str) -> dict[str, Any]:
    made = deepcopy(body)
    holder = made
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return made


@pytest.fixture
async def pdp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(authzen, "OurDecisions", lambda *_: FixturePdp())
    async with site(tmp_path, *depots()) as s:
        yield s


async def post(s: Site, path: str, body: Any, **headers: str) -> Any:
    return await s.http.post(f"/access/v1/{path}", json=body, headers=as_client(s) | headers)


EXTRA = q(
    ALICE | {"properties": {"department": "Sales", "role": "manager"}},
    {"name": "read", "properties": {"method": "GET"}},
    ONE | {"properties": {"status": "active", "owner": "bob"}},
)
DECISIONS = {
    "2.2.1 permit": (q(), True),
    "1.4 rule 2": (q(action=WRITE), True),
    "1.4 rule 3": (q(BOB), True),
    "2.2.2 deny": (q(BOB, WRITE), False),
    "2.2.3 context": (q(context={"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}), True),
    "2.2.4 deny by properties": (q(action=WRITE, resource=ARCHIVED), False),
    "2.2.5 permit by the subject's": (q(ADMIN, WRITE, ARCHIVED), True),
    "2.2.6 permit by the action's": (q(action={"name": "delete", "properties": {"soft": True}}), True),
    "2.2.7 deny by the action's": (q(action={"name": "delete", "properties": {"soft": False}}), False),
    "2.2.8 more properties": (EXTRA, True),
    "2.2.9 unknown members": (q(foo="bar", futureField={"nested": True}), True),
    "null is left out": (q(context=None, options=None), True),
}


@pytest.mark.row("AZ-BASIC")
@pytest.mark.parametrize(("body", "wanted"), DECISIONS.values(), ids=list(DECISIONS))
async def test_2_basic(pdp: Site, body: Any, *, wanted: bool) -> None:
    for _ in range(2):  # 2.6: the same each time
        got = await post(pdp, "evaluation", body, **{"X-Request-ID": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"})
        said = await got.json()
        assert (got.status, got.content_type, said["decision"]) == (200, "application/json", wanted)
        assert isinstance(said.get("context", {}), dict)
        assert got.headers["X-Request-ID"] == "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"  # 2.5.1


FAULTY = {
    **{f"2.4.1 no {one}": without(q(), one) for one in ("subject", "action", "resource")},
    "2.4.2 subject.type": without(q(), "subject", "type"),
    "2.4.2 subject.id": without(q(), "subject", "id"),
    "2.4.2 action.name": q(action={}),
    "2.4.2 resource.type": without(q(), "resource", "type"),
    "2.4.2 resource.id": without(q(), "resource", "id"),
    "2.4.6 subject": q("alice"),
    "2.4.6 action.name": q(action={"name": 123}),
    "2.4.6 context": q(context="now"),
    "2.4.6 properties": q(ALICE | {"properties": []}),
    "an array": [q()],
}


@pytest.mark.row("AZ-BASIC")
@pytest.mark.parametrize("body", FAULTY.values(), ids=list(FAULTY))
async def test_2_4_errors(pdp: Site, body: Any) -> None:
    for path in ("evaluation", "evaluations"):
        got = await post(pdp, path, body, **{"X-Request-ID": "any thing: 1"})
        assert (got.status, got.headers["X-Request-ID"]) == (400, "any thing: 1")


@pytest.mark.row("AZ-BASIC")
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"{}"),
        ("application/json", b"{"),
        ("application/json", b""),
        ("application/json", b'{"a":1,"a":2}'),
    ],
    ids=["2.4.3 media type", "2.4.4 malformed", "2.4.5 empty", "a member twice"],
)
async def test_2_4_what_is_no_json(pdp: Site, content_type: str, body: bytes) -> None:
    got = await pdp.http.post(
        "/access/v1/evaluation", data=body, headers=as_client(pdp) | {"Content-Type": content_type}
    )
    assert got.status == 400


async def test_10_who_is_no_registered_pep_is_told_so(pdp: Site) -> None:
    got = await pdp.http.post("/access/v1/evaluation", json=q(), headers={"X-Request-ID": "r"})
    assert (got.status, got.headers["X-Request-ID"]) == (401, "r")
    assert got.headers["WWW-Authenticate"].startswith(("Bearer", "DPoP"))


BATCHES = {
    "3.2.1 a list": ({"subject": ALICE, "action": READ, "evaluations": [{"resource": ONE}, {"resource": TWO}]}, [True, True]),
    "3.2.2 in order": ({"subject": BOB, "resource": ONE, "evaluations": [{"action": READ}, {"action": WRITE}]}, [True, False]),
    "3.2.3 properties": ({"subject": ALICE, "action": WRITE, "evaluations": [{"resource": ACTIVE}, {"resource": ARCHIVED}]}, [True, False]),
    "3.2.4 subjects": ({"action": WRITE, "resource": ARCHIVED, "evaluations": [{"subject": ALICE}, {"subject": ADMIN}]}, [False, True]),
    "3.2.5 no defaults": ({"evaluations": [q(), q(BOB, WRITE)]}, [True, False]),
    "3.2.6 context": ({"subject": ALICE, "action": READ, "context": {"time": "1"}, "evaluations": [{"resource": ONE}, {"resource": TWO, "context": {"time": "2"}}]}, [True, True]),
    "3.2.7 the type above": ({"subject": ALICE, "action": WRITE, "resource": {"type": "record"}, "evaluations": [{"resource": {"id": "record-1", "properties": {"status": "active"}}}, {"resource": ARCHIVED}]}, [True, False]),
    "3.2.7 nothing else is merged": ({"subject": ALICE, "action": WRITE, "resource": ARCHIVED, "evaluations": [{"resource": ONE}]}, [True]),
    "3.4.1 one is faulty": ({"subject": ALICE, "action": READ, "evaluations": [{"resource": ONE}, {}]}, [True, False]),
}  # fmt: skip


@pytest.mark.row("AZ-BATCH")
@pytest.mark.parametrize(("body", "wanted"), BATCHES.values(), ids=list(BATCHES))
async def test_3_batch(pdp: Site, body: Any, wanted: list[bool]) -> None:
    got = await post(pdp, "evaluations", body)
    said = await got.json()
    assert (got.status, [one["decision"] for one in said["evaluations"]]) == (200, wanted)
    assert "decision" not in said  # 3.3.4


@pytest.mark.row("AZ-BATCH")
@pytest.mark.parametrize("more", [{}, {"evaluations": []}, {"evaluations": None}], ids=str)
async def test_3_4_without_items_it_is_a_single_one(pdp: Site, more: Any) -> None:
    got = await post(pdp, "evaluations", q(**more))
    assert (got.status, await got.json()) == (200, {"decision": True})


SEARCHES = {
    "4.2.1 subjects": ("subject", q(USER), {"alice", "bob"}),
    "4.2.2 with context": ("subject", q(USER, context={"time": "1"}), {"alice", "bob"}),
    "4.2.3 an id is ignored": ("subject", q(ALICE), {"alice", "bob"}),
    "4.2.4 by properties": ("subject", q(USER, WRITE, ARCHIVED), {"bob"}),
    "4.3.1 resources": ("resource", q(resource=RECORD), {"record-1", "record-2"}),
    "4.3.3 by properties": ("resource", q(ADMIN, WRITE, RECORD), {"record-2"}),
    "4.4.1 actions": ("action", without(q(), "action"), {"read", "write"}),
    "4.4.3 by properties": ("action", without(q(ADMIN, resource=ARCHIVED), "action"), {"read", "write"}),
    "4.6.1 unknown id": ("action", without(q(USER | {"id": "nobody"}), "action"), set()),
    "4.6.2 unknown type": ("subject", q({"type": "spaceship"}), set()),
}


@pytest.mark.row("AZ-SEARCH")
@pytest.mark.parametrize(("wanted", "body", "names"), SEARCHES.values(), ids=list(SEARCHES))
async def test_4_search(pdp: Site, wanted: str, body: Any, names: set[str]) -> None:
    got = await post(pdp, f"search/{wanted}", body)
    said = await got.json()
    key = "name" if wanted == "action" else "id"
    assert (got.status, {one[key] for one in said["results"]}) == (200, names)
    assert all(one.get("type") == body.get(wanted, {}).get("type") for one in said["results"])


@pytest.mark.row("AZ-SEARCH")
async def test_4_5_pages(pdp: Site) -> None:
    first = await (await post(pdp, "search/subject", q(USER, page={"limit": 1}))).json()
    assert [one["id"] for one in first["results"]] == ["alice"]
    token = first["page"]["next_token"]
    second = await (await post(pdp, "search/subject", q(USER, page={"token": token}))).json()
    assert ([one["id"] for one in second["results"]], second["page"]["next_token"]) == (["bob"], "")


WRONG_SEARCHES = {
    "4.7.1 no action": ("subject", without(q(USER), "action")),
    "4.7.1 no subject": ("resource", without(q(resource=RECORD), "subject")),
    "4.7.1 no resource": ("action", {"subject": ALICE}),
    "4.7.2 resource.id": ("subject", q(USER, resource=RECORD)),
    "4.7.2 subject.id": ("resource", q(USER, resource=RECORD)),
    "page": ("subject", q(USER, page=[])),
    "page.limit": ("subject", q(USER, page={"limit": 0})),
    "page.token": ("subject", q(USER, page={"token": 3})),
}


@pytest.mark.row("AZ-SEARCH")
@pytest.mark.parametrize(("wanted", "body"), WRONG_SEARCHES.values(), ids=list(WRONG_SEARCHES))
async def test_4_7_errors(pdp: Site, wanted: str, body: Any) -> None:
    assert (await post(pdp, f"search/{wanted}", body)).status == 400


@pytest.mark.row("AZ-DISCOVERY")
async def test_6_discovery(pdp: Site) -> None:
    got = await pdp.http.get("/.well-known/authzen-configuration")
    said = await got.json()
    assert (got.status, got.content_type) == (200, "application/json")
    assert said["policy_decision_point"] == pdp.broker.world.issuer
    paths = {"access_evaluation": "evaluation", "access_evaluations": "evaluations"}
    paths |= {f"search_{one}": f"search/{one}" for one in ("subject", "resource", "action")}
    for name, path in paths.items():
        assert said[f"{name}_endpoint"] == f"{pdp.broker.world.issuer}/access/v1/{path}"
    assert signed_by_us(pdp, said["signed_metadata"]) == {
        name: said[name] for name in said if name != "signed_metadata"
    } | {"iss": pdp.broker.world.issuer}


def signed_by_us(s: Site, token: str) -> Any:
    """What PyJWT reads with the keys that we publish."""
    header = jwt.get_unverified_header(token)
    key = next(one for one in s.broker.jwks()["keys"] if one["kid"] == header["kid"])  # type: ignore[attr-defined]
    assert header["typ"] == "authzen-metadata+jwt"
    return jwt.decode(token, jwt.PyJWK(key).key, algorithms=["ES256"])
