"""The ladder of sanctions over HTTP: who takes a step, who lifts one, who reads them, and what attacks come to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import PersonId
from broker.core.rows import Role, Row
from tests import builders as b
from tests.fakes import signed
from tests.flows.worlds import ADA
from tests.web.site import Site, signed_in, site

ADMIN, LAWYER, OTTO, NOBODY = "usr_adam", "usr_lea", "usr_otto", "usr_nina"
ROLES = {ADMIN: "admin", LAWYER: "legal_officer", OTTO: "auditor"}
PATH = "/api/v1/sanctions"
WARN = {
    "step": "warn", "kind": "person", "whom": str(b.ADA), "ground": "Shared an account.",
    "ends": "2030-01-01T00:00:00Z", "appeal": "appeals@bank.example, within 30 days",
}  # fmt: skip
ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"


def role(person: str, name: str, scope: str = "service") -> Role:
    return Role(id=f"r-{person}-{name}", role=name, scope=scope, iss=b.HOME, sub=person.removeprefix("usr_"))


@asynccontextmanager
async def house(folder: Path, *more: Row) -> AsyncIterator[Site]:
    """A house with an admin, a legal officer and an auditor of the service, and somebody without any role."""
    rows: list[Row] = [role(person, name) for person, name in ROLES.items()]
    for person in (*ROLES, NOBODY):
        rows += [replace(ADA, id=PersonId(person)), *signed_in(person)]
    async with site(folder, *rows, *more) as s:
        yield s


async def take(s: Site, who: str = ADMIN, **changes: Any) -> tuple[int, Any]:
    answer = await s.http.post(PATH, headers=s.headers(who), json=WARN | changes)
    return answer.status, await answer.json()


async def lift(s: Site, who: str, id: str) -> tuple[int, Any]:
    answer = await s.http.post(f"{PATH}/{id}/lift", headers=s.headers(who), json={"ground": "It is mended."})
    return answer.status, await answer.json()


async def access(s: Site) -> int:
    return (await s.http.get(ACCESS, headers=s.headers())).status


@pytest.mark.row("WHO-3.3-4")
async def test_a_suspension_ends_use_at_once_and_two_roles_end_the_suspension(tmp_path: Path) -> None:
    async with house(tmp_path) as s:
        status, warned = await take(s)
        assert (status, warned["role"], warned["holds"], warned["lifts"]) == (201, "admin", True, [])
        assert await access(s) == 200, "a warning takes nothing away"
        status, taken = await take(s, LAWYER, case=warned["case"], step="suspend_person")
        assert (status, taken["role"], taken["case"]) == (201, "legal_officer", warned["case"])
        assert await access(s) == 403
        status, once = await lift(s, ADMIN, taken["id"])
        assert (status, once["holds"], [one["role"] for one in once["lifts"]]) == (200, True, ["admin"])
        assert await access(s) == 403
        status, twice = await lift(s, LAWYER, taken["id"])
        assert (status, twice["holds"]) == (200, False)
        assert await access(s) == 200
        assert (await lift(s, ADMIN, taken["id"]))[0] == 409, "it is over already"


@pytest.mark.row("WHO-3.3-4")
async def test_who_may_read_reads_every_step_and_learns_of_roles_and_not_of_who_had_them(tmp_path: Path) -> None:
    async with house(tmp_path) as s:
        await take(s)
        for who in (ADMIN, LAWYER, OTTO):
            answer = await s.http.get(PATH, headers=s.headers(who))
            told = await answer.json()
            assert (answer.status, [one["whom"] for one in told["sanctions"]]) == (200, [str(b.ADA)])
            assert ADMIN not in await answer.text()
        paged = await s.http.get(PATH, headers=s.headers(OTTO), params={"page_size": "1"})
        assert len((await paged.json())["sanctions"]) == 1


@pytest.mark.row("WHO-3.3-4")
@pytest.mark.parametrize("who", [str(b.ADA), "usr_mei", NOBODY, OTTO])
async def test_nobody_without_the_role_takes_lifts_or_learns_of_a_step(tmp_path: Path, who: str) -> None:
    """An applicant, a committee's member, a stranger; the auditor reads and does nothing."""
    async with house(tmp_path) as s:
        _, taken = await take(s)
        before = s.stage.kinds()
        for status, told in (await take(s, who), await lift(s, who, taken["id"]), await lift(s, who, "san_none")):
            assert (status, told["code"]) == (403, "AUTH-NOT-YOURS")
        seen = await s.http.get(PATH, headers=s.headers(who))
        assert seen.status == (200 if who == OTTO else 403)
        assert s.stage.kinds() == before


@pytest.mark.parametrize("scope", [f"committee:{b.DAC}", f"dataset:{b.HEART}", ""])
async def test_a_role_of_something_smaller_is_none_of_the_service(tmp_path: Path, scope: str) -> None:
    async with house(tmp_path, role(NOBODY, "admin", scope)) as s:
        assert (await take(s, NOBODY))[0] == 403


@pytest.mark.row("WHO-3.3-4")
async def test_nobody_lifts_what_stands_against_themselves(tmp_path: Path) -> None:
    async with house(tmp_path) as s:
        _, taken = await take(s, LAWYER, whom=ADMIN)
        status, told = await lift(s, ADMIN, taken["id"])
        assert (status, told["code"]) == (403, "REQ-OWN")


@pytest.mark.row("WHO-3.3-4")
async def test_one_person_with_both_roles_is_one(tmp_path: Path) -> None:
    async with house(tmp_path, role(ADMIN, "legal_officer")) as s:
        _, taken = await take(s)
        assert (await lift(s, ADMIN, taken["id"]))[0] == 200
        status, told = await lift(s, ADMIN, taken["id"])
        assert (status, told["code"]) == (403, "SANCTION-TWO-ROLES")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"step": "suspend_person"}, 400, "REQ-INVALID"),
        ({"step": "suspend_institution"}, 400, "REQ-INVALID"),
        ({"ends": "2020-01-01T00:00:00Z"}, 400, "REQ-INVALID"),
        ({"ends": "tomorrow"}, 400, "REQ-INVALID"),
        ({"case": "cas_none", "step": "suspend_person"}, 404, "REQ-NOT-FOUND"),
        ({"whom": "usr_none"}, 404, "REQ-NOT-FOUND"),
        ({"kind": "organisation", "whom": str(b.ADA)}, 404, "REQ-NOT-FOUND"),
        ({"ground": ""}, 400, "REQ-INVALID"),
        ({"by": LAWYER}, 400, "REQ-INVALID"),
        ({"role": "legal_officer"}, 400, "REQ-INVALID"),
    ],
)
async def test_a_step_that_cannot_be_changes_nothing(
    tmp_path: Path, changes: dict[str, Any], status: int, code: str
) -> None:
    async with house(tmp_path) as s:
        got, told = await take(s, **changes)
        assert (got, told["code"]) == (status, code), told
        assert "sanction.imposed" not in s.stage.kinds()


async def test_a_service_sanctions_nobody(tmp_path: Path) -> None:
    """Not even one whose client holds the role: the ladder is people's."""
    own = Role(id="r-client", role="admin", scope="service", iss=b.US, sub="client:web")
    async with house(tmp_path, own) as s:
        token = signed(s.tokens, "oidc-es256", "at+jwt", {
            "iss": b.US, "sub": "web", "aud": [b.US], "client_id": "web", "scope": "visas:push", "jti": "t9",
            "iat": s.stage.clock.now(), "exp": s.stage.clock.now() + 600,
        })  # fmt: skip
        answer = await s.http.post(PATH, headers={"Authorization": f"Bearer {token}"}, json=WARN)
        assert answer.status == 401
