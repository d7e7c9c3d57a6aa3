"""Repositories hear what has ended: signed, resumable, and of nothing but what concerns them."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from broker.core.consent.model import Scope
from broker.core.ids import GrantId, PersonId, SubjectRef
from broker.core.rows import Put, Row, Sanction
from broker.core.time import Seconds
from broker.flows.repositories import feed
from broker.web import repositories
from tests import builders as b
from tests.fakes import START
from tests.web.depot import FOREIGN, THEIRS, as_client, ask, depots, question
from tests.web.site import Site, site

MEIS = b.grant(id=GrantId("grt_m"), person=b.MEI, dataset=FOREIGN)


async def page(s: Site, cursor: str | None = None, client: str = "depot", **more: str) -> Any:
    """What a page says, its signature checked with a published key."""
    query = more | ({"cursor": cursor} if cursor is not None else {})
    got = await s.http.get("/api/v1/feed", params=query, headers=as_client(s, client))
    assert (got.status, got.content_type) == (200, "application/jwt"), await got.text()
    token = await got.text()
    header = jwt.get_unverified_header(token)
    key = next(one for one in s.broker.jwks()["keys"] if one["kid"] == header["kid"])  # type: ignore[attr-defined]
    assert header["typ"] == "repository-feed+jwt"
    said = jwt.decode(token, jwt.PyJWK(key).key, algorithms=["ES256"], audience=client, options={"verify_iat": False})
    assert got.headers["Feed-Next"] == said["next"]
    return said


async def happens(s: Site, *rows: Row) -> None:
    w = s.stage.world
    await w.ledger.record(w.entry("revocation.made", w.clock.now(), None), *map(Put, rows))


def told(said: Any) -> list[Any]:
    """The events, without their ids and times."""
    return [{name: one[name] for name in one if name not in {"id", "at"}} for one in said["events"]]


ENDED = {"event": "grant-ended", "grant": "grt_1", "dataset": str(b.HEART), "subject": "usr_ada"}


@pytest.mark.row("RO-FEED")
async def test_what_ends_is_told_once_the_repository_looks_and_again_if_it_asks_again(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        first = await page(s)
        assert (first["events"], first["iss"], first["iat"]) == ([], b.US, START)
        await happens(s, b.revocation(f"grant:{b.GRANT}"))
        for _ in range(2):  # at least once: whoever lost the page asks again
            second = await page(s, first["next"])
            assert (told(second), second["after"]) == ([ENDED], first["next"])
        third = await page(s, second["next"])
        assert (third["events"], third["after"]) == ([], second["next"])


@pytest.mark.row("RO-FEED-SCOPE")
async def test_a_repository_hears_of_its_own_data_and_of_whom_it_asked_about(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), MEIS) as s:
        starts = {one: (await page(s, client=one))["next"] for one in ("depot", "other")}
        await happens(s, b.revocation(f"grant:{b.GRANT}"))
        await happens(s, b.revocation("grant:grt_m"))
        await happens(s, b.revocation("person:usr_mei"))
        assert told(await page(s, starts["depot"])) == [ENDED]
        assert [one["event"] for one in told(await page(s, starts["other"], "other"))] == [
            "grant-ended",
            "person-suspended",
        ]
        # Once it was told something about Mei, it hears of her too.
        await ask(s, question({"type": "user", "id": "usr_mei"}))
        suspended = {"event": "person-suspended", "subject": "usr_mei"}
        assert told(await page(s, starts["depot"])) == [ENDED, suspended]


@pytest.mark.row("RO-FEED-SCOPE")
async def test_another_repositorys_cursor_is_none_and_would_tell_nothing_else(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        theirs = (await page(s, client="other"))["next"]
        for cursor in (
            theirs,
            "0.0.000000000000",
            "999999.0." + "0" * 12,
            "x",
            "",
            "-1.0.0",
            "1.0",
            "1.0.0.0",
            "9" * 70,
        ):
            got = await s.http.get("/api/v1/feed", params={"cursor": cursor}, headers=as_client(s))
            assert (got.status, (await got.json())["code"]) == (400, "REQ-INVALID")
        for headers, status in (({}, 401), (as_client(s, scope="decisions:ask"), 403), (s.headers(), 401)):
            assert (await s.http.get("/api/v1/feed", headers=headers)).status == status


def sanction(**changes: Any) -> Sanction:
    made = Sanction(
        id="snc_1", case="case", step="suspend_person", kind="person", whom=str(b.ADA), ground="Test.", begins=START,
        ends=Seconds(START + 100), appeal="Until tomorrow.", by=PersonId("usr_mei"), role="admin",
    )  # fmt: skip
    return replace(made, **changes)


HEARD: dict[str, tuple[Row, Any]] = {
    "person": (b.revocation("person:usr_ada"), {"event": "person-suspended", "subject": "usr_ada"}),
    "session": (
        b.revocation("session:ses-usr_ada"),
        {"event": "ask-again", "because": "sign-in", "subject": "usr_ada"},
    ),
    "family": (b.revocation("family:fam-usr_ada"), {"event": "ask-again", "because": "sign-in", "subject": "usr_ada"}),
    "a sanction": (sanction(), {"event": "person-suspended", "subject": "usr_ada"}),
    "an institution": (sanction(kind="organisation", whom="rhine"), {"event": "ask-again", "because": "institution"}),
    "a warning": (sanction(step="warn"), None),
    "a key nobody asked with": (b.revocation("key:unknown"), None),
    "an issuer nobody asked with": (b.revocation("issuer:https://x.example"), None),
    "a visa of such an issuer": (b.revocation("visa:https://x.example v1"), None),
    "a visa known by its digest": (b.revocation("visa:" + "0" * 64), {"event": "ask-again", "because": "visa"}),
    "another's session": (b.revocation("session:ses-usr_mei"), None),
    "an access of ours": (b.revocation("access:acc_1"), None),
    "a token that was not shown": (b.revocation("token:t9"), None),
}


@pytest.mark.row("RO-FEED", "RO-FEED-SCOPE")
@pytest.mark.parametrize(("row", "wanted"), HEARD.values(), ids=list(HEARD))
async def test_each_end_is_told_in_one_way(tmp_path: Path, row: Row, wanted: Any) -> None:
    async with site(tmp_path, *depots()) as s:
        start = (await page(s))["next"]
        await happens(s, row)
        assert told(await page(s, start)) == ([wanted] if wanted else [])


@pytest.mark.row("RO-FEED")
async def test_an_expelled_key_and_a_revoked_token_are_told_to_whom_they_were_shown(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        start = (await page(s))["next"]
        shown = s.access_token("usr_ada", aud=["https://bank.example/files"])
        assert (await ask(s, question({"type": "access_token", "id": shown})))["decision"] is True
        key = next(row.about for row in s.stage.ledger.rows.values() if getattr(row, "about", "").startswith("key:"))  # type: ignore[attr-defined]
        await happens(s, b.revocation("token:t1"))
        assert told(await page(s, start)) == [{"event": "ask-again", "because": "token", "token": "t1"}]
        await happens(s, b.revocation("key:another"))
        again = await page(s, start)
        assert len(told(again)) == 1
        assert key.startswith("key:")


@pytest.mark.row("RO-FEED")
async def test_changed_consents_name_objects_and_under_which_grant_somebody_is_left_out(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), b.request()) as s:
        start = (await page(s))["next"]
        await happens(s, b.consent(b.PAUL, 2, scope=Scope(permissions=b.codes("DUO:0000011"))))
        (event,) = told(await page(s, start))
        out = [{"grant": "grt_1", "code": "CON-LEFT-OUT", "subjects": ["sub_paul"]}]
        assert event == {
            "event": "consents-changed", "dataset": str(b.HEART), "objects": ["obj-2"], "subjects": ["sub_paul"],
            "left_out": out,
        }  # fmt: skip


@pytest.mark.row("RO-FEED")
async def test_a_consent_that_goes_on_leaves_nobody_out(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), b.request(affiliations=("faculty@rhine.example",))) as s:
        start = (await page(s))["next"]
        await happens(s, b.consent(b.PAUL, 2))
        (event,) = told(await page(s, start))
        assert (event["event"], event["left_out"]) == ("consents-changed", [])


@pytest.mark.row("RO-FEED-SCOPE")
async def test_nothing_is_told_of_participants_in_others_data(tmp_path: Path) -> None:
    elsewhere = replace(b.consent(SubjectRef("sub_x"), 1), datasets=frozenset({FOREIGN, b.HEART}))
    lungs = b.drs_object(id=THEIRS, dataset=FOREIGN, subjects=(SubjectRef("sub_x"),))
    rows = [row for row in depots() if row.id != THEIRS]
    async with site(tmp_path, *rows, lungs) as s:
        starts = {one: (await page(s, client=one))["next"] for one in ("depot", "other")}
        await happens(s, elsewhere)
        assert told(await page(s, starts["depot"])) == []
        (event,) = told(await page(s, starts["other"], "other"))
        assert (event["dataset"], event["subjects"]) == (str(FOREIGN), ["sub_x"])


@pytest.mark.row("RO-FEED")
async def test_why_a_consent_changed_cannot_be_told_from_the_page(tmp_path: Path) -> None:
    """Ruling 10: narrowed or withdrawn, the page is the same."""
    pages = []
    for change in ({"scope": Scope(permissions=b.codes("DUO:0000011"))}, {"scope": Scope(permissions=())}):
        async with site(tmp_path, *depots()) as s:
            start = (await page(s))["next"]
            await happens(s, b.consent(b.PAUL, 2, **change))
            pages.append(told(await page(s, start)))
    assert pages[0] == pages[1]


@pytest.mark.row("RO-FEED")
async def test_pages_are_bounded_and_meet_without_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAGE", 3)
    many = [b.grant(id=GrantId(f"grt_x{n}")) for n in range(8)]
    async with site(tmp_path, *depots(), *many) as s:
        cursor = (await page(s))["next"]
        await happens(s, *(b.revocation(f"grant:grt_x{n}") for n in range(5)))
        await happens(s, *(b.revocation(f"grant:grt_x{n}") for n in range(5, 8)))
        seen: list[str] = []
        for _ in range(9):
            said = await page(s, cursor)
            assert said["after"] == cursor
            assert len(said["events"]) <= 3
            seen += [one["grant"] for one in said["events"]]
            if said["next"] == cursor:
                break
            cursor = said["next"]
        assert seen == [f"grt_x{n}" for n in range(8)]


@pytest.mark.row("RO-FEED")
async def test_who_stayed_away_too_long_begins_anew(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        cursor = (await page(s))["next"]
        await happens(s, b.revocation(f"grant:{b.GRANT}"))
        s.stage.clock.advance(feed.KEPT_SECONDS)
        later = as_client(s, iat=START + feed.KEPT_SECONDS, exp=START + feed.KEPT_SECONDS + 600)
        at_the_end = await s.http.get("/api/v1/feed", params={"cursor": cursor}, headers=later)
        assert at_the_end.status == 200
        s.stage.clock.advance(1)
        got = await s.http.get("/api/v1/feed", params={"cursor": cursor}, headers=later)
        assert (got.status, (await got.json())["code"]) == (410, "ASK-FEED-OLD")


@pytest.mark.row("RO-FEED")
async def test_who_waits_hears_as_soon_as_it_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repositories, "LOOKS", 0.01)
    async with site(tmp_path, *depots()) as s:
        start = (await page(s))["next"]
        waiting = [asyncio.create_task(page(s, start, wait="20")) for _ in range(2)]
        while s.http.app[repositories._waiting].get("depot", 0) < 2:
            await page(s, start)
        assert told(await page(s, start, wait="20")) == []  # one too many is told at once
        await happens(s, b.revocation(f"grant:{b.GRANT}"))
        for one in waiting:
            assert told(await one) == [ENDED]
        assert s.http.app[repositories._waiting] == {}
        for wait in ("26", "-1", "x", "1.5"):
            got = await s.http.get("/api/v1/feed", params={"wait": wait}, headers=as_client(s))
            assert got.status == 400
