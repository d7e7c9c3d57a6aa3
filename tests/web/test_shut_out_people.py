"""Who is suspended or revoked has no role at any door as long as it lasts, and keeps what is everybody's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from broker.adapters.catalogue.models import RoleName
from broker.core.ids import PersonId
from broker.core.rows import Role, Row, Sanction
from broker.core.time import Seconds
from broker.web.routes import Who
from tests import builders as b
from tests.core.decision.test_one_human_being import link
from tests.core.decision.test_what_gates_say import suspended
from tests.fakes import START
from tests.flows.worlds import ADA
from tests.web.site import Site, signed_in, site
from tests.web.test_every_refusal import NOT_WALKED, addresses, asked

BOSS, NINA, TWIN = PersonId("usr_boss"), PersonId("usr_nina"), PersonId("usr_twin")
EVERY = tuple(Role(id=f"r-{name}", role=name, scope="service", iss=b.HOME, sub="boss") for name in get_args(RoleName))
AT_LEAST = 10
"""At so many doors a role makes a difference, for this test to be one."""


@asynccontextmanager
async def house(folder: Path, *more: Row) -> AsyncIterator[Site]:
    """A house with somebody who has every role, and somebody who has none."""
    people = [row for who in (BOSS, NINA, TWIN) for row in (replace(ADA, id=who), *signed_in(who))]
    async with site(folder, b.request(), *EVERY, *people, *more) as s:
        yield s


async def walked(s: Site, who: PersonId) -> dict[str, tuple[int, Any]]:
    """What each door that asks for a token says to this person: status and code."""
    told: dict[str, tuple[int, Any]] = {}
    for route in addresses(Who.TOKEN):
        if (route.method, route.path) not in NOT_WALKED:
            answer = await asked(s, route, person=who)
            body = await answer.json() if answer.content_type.endswith("json") else {}
            told[f"{route.method} {route.path}"] = answer.status, body.get("code") if isinstance(body, dict) else None
    return told


OUT: dict[str, tuple[Row, ...]] = {
    "suspended": (suspended(whom=BOSS),),
    "suspended under another identity": (suspended(whom=TWIN), link(BOSS, TWIN)),
    "suspended under an identity from which they have parted": (
        suspended(whom=TWIN), link(BOSS, TWIN, since=-10, ended=-5),
    ),
}  # fmt: skip


@pytest.mark.row("RUL-SHUT-OUT")
@pytest.mark.parametrize("why", OUT.values(), ids=OUT)
async def test_at_no_door_has_who_is_out_a_role(tmp_path: Path, why: tuple[Row, ...]) -> None:
    """A route that is added later is walked too."""
    async with house(tmp_path, *why) as s:
        nobody = await walked(s, NINA)
    async with house(tmp_path, *why) as s:
        assert await walked(s, BOSS) == nobody


async def test_the_same_roles_do_count_before_and_after(tmp_path: Path) -> None:
    over: Sanction = replace(suspended(whom=BOSS), ends=Seconds(START))
    async with house(tmp_path, over) as s:
        nobody = await walked(s, NINA)
    async with house(tmp_path, over) as s:
        somebody = await walked(s, BOSS)
    differ = [door for door, told in somebody.items() if told != nobody[door]]
    assert len(differ) >= AT_LEAST, differ


@pytest.mark.row("RUL-SHUT-OUT")
async def test_who_is_out_reads_their_own_requests_and_decisions_and_withdraws_what_they_asked(tmp_path: Path) -> None:
    async with house(tmp_path, suspended()) as s:
        assert (await s.http.get("/api/v1/me", headers=s.headers())).status == 200
        told = await s.http.get("/api/v1/requests/req_1", headers=s.headers())
        assert (told.status, (await told.json())["id"]) == (200, "req_1")
        assert (await s.http.get("/api/v1/grants", headers=s.headers())).status == 200


@pytest.mark.row("RUL-SHUT-OUT")
async def test_tokens_of_every_identity_of_a_revoked_person_end(tmp_path: Path) -> None:
    async with house(tmp_path, link(BOSS, TWIN)) as s:
        assert (await s.http.get("/api/v1/me", headers=s.headers(BOSS))).status == 200
        s.stage.live.committed([b.revocation(f"person:{TWIN}", START)], 99)
        refused = await s.http.get("/api/v1/me", headers=s.headers(BOSS))
        assert (refused.status, (await refused.json())["code"]) == (401, "AUTH-REVOKED")
