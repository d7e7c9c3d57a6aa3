"""Repository staff say over the API whether an object's bytes are at hand; who waits hears of it at the next poll."""

from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import ClientId
from broker.core.rows import Client, DrsObject, Role, Row
from tests import builders as b
from tests.fakes import START, signed
from tests.web.drs_world import BASE, MEI, OTHER, WORLD
from tests.web.site import Site, site


def role(name: str, scope: str, sub: str = "mei") -> Role:
    return Role(id=f"{name}-{scope}", role=name, scope=scope, iss=b.HOME, sub=sub)


async def say(s: Site, id: str = "obj-1", person: str = MEI, **said: Any) -> Any:
    body = {"availability": "staging"} | said
    return await s.http.post(f"/api/v1/objects/{id}/availability", json=body, headers=s.headers(person))


@pytest.mark.parametrize("scope", [f"dataset:{b.HEART}", "repository:bank", "service"])
async def test_staff_say_it_and_pollers_hear_it(tmp_path: Path, scope: str) -> None:
    async with site(tmp_path, *WORLD, role("custodian", scope)) as s:
        answer = await say(s, ready="2027-01-15T08:01:30Z")
        told = await answer.json()
        assert (answer.status, told) == (
            200,
            {"object": "obj-1", "availability": "staging", "version": 2, "ready": "2027-01-15T08:01:30Z"},
        )
        poll = await s.http.get(f"{BASE}/objects/obj-1/access/https", headers=s.headers())
        assert (poll.status, poll.headers["Retry-After"]) == (202, "90")
        assert (await say(s, availability="online")).status == 200
        assert (await s.http.get(f"{BASE}/objects/obj-1/access/https", headers=s.headers())).status == 200
        entries = [one for one in s.stage.ledger.entries if one.kind == "object.availability"]
        assert [one.about["availability"] for one in entries] == ["staging", "online"]
        assert all(one.who for one in entries)


async def test_the_same_twice_is_on_record_once(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD, role("admin", "service")) as s:
        for _ in range(2):
            assert (await (await say(s)).json())["version"] == 2
        assert s.stage.kinds() == ["object.availability"]


NOT_THEIRS: list[tuple[Row, ...]] = [
    (),
    (role("custodian", f"dataset:{OTHER}"),),
    (role("custodian", "repository:elsewhere"),),
    (role("auditor", "service"),),
]


@pytest.mark.parametrize("held", NOT_THEIRS)
@pytest.mark.row("DR9")
async def test_nobody_else_may_and_learns_of_no_object(tmp_path: Path, held: tuple[Row, ...]) -> None:
    async with site(tmp_path, *WORLD, *held) as s:
        told = []
        for id in ("obj-1", "inside", "none"):
            answer = await say(s, id)
            body = {name: value for name, value in (await answer.json()).items() if name != "request_id"}
            told.append((answer.status, body))
        assert told[0] == told[1] == told[2]
        assert (told[0][0], told[0][1]["code"]) == (403, "AUTH-NOT-YOURS")
        assert s.stage.kinds() == []


@pytest.mark.parametrize(
    ("id", "said", "status"),
    [
        ("none", {}, 404),
        ("run", {}, 400),
        ("obj-1", {"availability": "lost"}, 400),
        ("obj-1", {"availability": "online", "ready": "2027-01-15T08:01:30Z"}, 400),
        ("obj-1", {"ready": "soon"}, 400),
        ("obj-1", {"size": 3}, 400),
    ],
)
async def test_what_cannot_be_said_changes_nothing(tmp_path: Path, id: str, said: dict[str, Any], status: int) -> None:
    async with site(tmp_path, *WORLD, role("admin", "service")) as s:
        assert (await say(s, id, **said)).status == status
        assert s.stage.kinds() == []


async def test_a_service_of_the_repository_may_say_it_in_its_own_name(tmp_path: Path) -> None:
    client = Client(
        id=ClientId("tape"), name="Tape robot", auth_method="client_secret_basic", secret="0" * 64,
        grant_types=("client_credentials",), scopes=("objects:write",),
    )  # fmt: skip
    robot = Role(id="r-tape", role="custodian", scope="repository:bank", iss=b.US, sub="client:tape")
    said = {
        "iss": b.US, "sub": "client:tape", "aud": [b.US], "client_id": "tape", "jti": "s1", "iat": START,
        "exp": START + 600,
    }  # fmt: skip
    async with site(tmp_path, *WORLD, client, robot) as s:
        for scope, status in (("objects:write", 200), ("clients:read", 403)):
            token = signed(s.tokens, "oidc-es256", "at+jwt", {**said, "sub": "tape", "scope": scope})
            answer = await s.http.post(
                "/api/v1/objects/obj-1/availability", json={"availability": "offline"},
                headers={"Authorization": f"Bearer {token}"},
            )  # fmt: skip
            assert answer.status == status, await answer.text()
        assert s.stage.ledger.entries[0].about["client"] == "tape"
        found = s.stage.ledger.rows["drs_object", "obj-1"]
        assert isinstance(found, DrsObject)
        assert found.availability == "offline"
