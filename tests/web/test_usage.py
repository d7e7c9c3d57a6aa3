"""Repositories report what they handed over: once, against an answer of ours, for its person to see."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from broker.core.audit.entry import pseudonym
from broker.core.rows import Usage
from broker.flows.repositories.usage import MOST
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import ADA
from tests.web.depot import THEIRS, as_client, ask, depots, question
from tests.web.site import Site, site

NOW, LATER, EARLIER = "2027-01-15T08:00:00Z", "2027-01-15T08:00:05Z", "2027-01-15T07:59:59Z"


def said(decision: str, **changes: Any) -> dict[str, Any]:
    made = {
        "id": "d-1", "decision": decision, "object": "obj-1", "started": NOW, "ended": NOW, "bytes": 5,
        "end": "complete",
    }  # fmt: skip
    return made | changes


async def report(s: Site, *reports: Any, client: str = "depot") -> list[Any]:
    got = await s.http.post("/api/v1/usage", json={"reports": list(reports)}, headers=as_client(s, client))
    assert got.status == 200, await got.text()
    results: list[Any] = (await got.json())["results"]
    return results


async def decided(s: Site, **more: Any) -> str:
    found: str = (await ask(s, question(**more)))["context"]["decision"]
    return found


@pytest.mark.row("RO-USAGE")
async def test_a_report_is_recorded_once_and_stands_in_the_persons_own_record(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        sent = said(await decided(s))
        (first,) = await report(s, sent)
        (again,) = await report(s, sent)
        assert (first["result"], again["result"], again["receipt"]) == ("recorded", "known", first["receipt"])
        (entry,) = [one for one in s.stage.ledger.entries if one.kind == "usage.reported"]
        assert (entry.id, entry.who) == (first["receipt"], pseudonym(ADA.log_key, b.US, ADA.id))
        assert (entry.about["client"], entry.about["object"], entry.about["sent"]) == ("depot", "obj-1", 5)
        (other,) = await report(s, sent | {"bytes": 6})
        assert other == {"id": "d-1", "result": "conflict"}
        assert s.stage.kinds().count("usage.reported") == 1


@pytest.mark.row("RO-USAGE")
async def test_the_same_report_twice_at_once_is_one(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        sent = said(await decided(s))
        found = await asyncio.gather(*(report(s, sent) for _ in range(8)))
        assert sorted(one["result"] for (one,) in found) == ["known"] * 7 + ["recorded"]
        assert len({one["receipt"] for (one,) in found}) == 1


UNCOVERED = {
    "no such answer": ({"decision": "dec_none"}, "decision"),
    "another object": ({"object": "obj-2"}, "object"),
    "nothing of its own": ({"object": str(THEIRS)}, "object"),
    "begun before it": ({"started": EARLIER}, "time"),
    "not over yet": ({"ended": LATER}, "time"),
    "more than there is": ({"bytes": 10**9}, "bytes"),
}


@pytest.mark.row("RO-USAGE")
@pytest.mark.parametrize(("changes", "why"), UNCOVERED.values(), ids=list(UNCOVERED))
async def test_what_no_answer_covers_is_recorded_as_that(tmp_path: Path, changes: Any, why: str) -> None:
    async with site(tmp_path, *depots()) as s:
        (found,) = await report(s, said(await decided(s)) | changes)
        assert (found["result"], found["why"]) == ("unexpected", why)
        entry = s.stage.ledger.entries[-1]
        assert (entry.kind, entry.about["why"]) == ("usage.unexpected", why)
        (row,) = [one for one in s.stage.ledger.rows.values() if isinstance(one, Usage)]
        assert (row.covered, row.why) == (False, why)


@pytest.mark.row("RO-USAGE")
async def test_a_no_covers_nothing_and_neither_does_a_yes_after_its_end(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), grant=b.grant(ends=START + 2)) as s:
        no = await decided(s, subject={"type": "user", "id": "usr_mei"})
        (found,) = await report(s, said(no, id="d-2"))
        assert found["why"] == "refused"
        yes = await decided(s)
        s.stage.clock.advance(5)
        (found,) = await report(s, said(yes, id="d-3", started="2027-01-15T08:00:02Z", ended=LATER))
        assert found["why"] == "time"
        (found,) = await report(s, said(yes, id="d-4", started="2027-01-15T08:00:01Z", ended=LATER))
        assert found["result"] == "recorded"


@pytest.mark.row("RO-USAGE", "RO-SCOPE")
async def test_an_answer_to_another_repository_covers_nothing_and_names_nobody(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        ours = await decided(s)
        (found,) = await report(s, said(ours, object=str(THEIRS)), client="other")
        assert (found["result"], found["why"]) == ("unexpected", "decision")
        assert s.stage.ledger.entries[-1].who is None
        # The name of another's report is free for this one.
        assert (await report(s, said(ours)))[0]["result"] == "recorded"


WRONG: dict[str, Any] = {
    "none": {"reports": []},
    "no list": {},
    "twice": {"reports": [said("x")] * 2},
    "too many": {"reports": [said("x", id=f"d{n}") for n in range(MOST + 1)]},
    "less than nothing": {"reports": [said("x", bytes=-1)]},
    "no time": {"reports": [said("x", started="now")]},
    "ends before it starts": {"reports": [said("x", ended=EARLIER)]},
    "a name with a space": {"reports": [said("x", id="a b")]},
    "a member too many": {"reports": [said("x", more=1)]},
    "an unknown end": {"reports": [said("x", end="fine")]},
}


@pytest.mark.row("RO-USAGE")
@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
async def test_what_is_no_report_is_refused_whole(tmp_path: Path, wrong: Any) -> None:
    async with site(tmp_path, *depots()) as s:
        got = await s.http.post("/api/v1/usage", json=wrong, headers=as_client(s))
        assert (got.status, s.stage.kinds()) == (400, [])


@pytest.mark.row("RO-USAGE")
async def test_who_reports_too_often_is_told_to_come_later(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        rates = s.broker.oauth.rates
        while rates.wait("usage", "depot", s.stage.clock.now()) == 0:
            pass
        for client, status in (("depot", 429), ("other", 200)):
            got = await s.http.post("/api/v1/usage", json={"reports": [said("x")]}, headers=as_client(s, client))
            assert (got.status, "Retry-After" in got.headers) == (status, status == 429)
