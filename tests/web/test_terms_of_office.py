"""A member of a committee sits there for a term: before and after it they read nothing there and their vote is refused."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from broker.adapters.catalogue import CatalogueError, read_catalogue
from broker.core.committees import orphaned
from broker.core.rows import Review, Role, Row
from broker.core.snapshot import follow
from broker.core.time import EPOCH, FOREVER, Seconds, parse_rfc3339, rfc3339
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site, site
from tests.web.test_workflow_pages import HEARTS, Browser, committee, rows

pytestmark = pytest.mark.row("WHO-3.1-6b")
OVER = Seconds(START + 1_000)


def seats(*, begins: Seconds = EPOCH, ends: Seconds = FOREVER) -> list[Row]:
    """Lee sits there for a term, the others for as long as it is so."""
    return [
        replace(row, begins=begins, ends=ends) if isinstance(row, Role) and row.id == "s-lee" else row for row in rows()
    ]


async def handed_in(s: Site) -> str:
    ada, mei = Browser(s, "ada"), Browser(s, "mei")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **HEARTS)
    assert ada.path.startswith("/applications/app_"), ada.text
    return str(re.findall(r'href="(/reviews/rev_[^"]+)"', await mei.open("/reviews"))[0])


async def votes(lee: Browser, review: str, token_of: str = "") -> int:
    await lee.open(token_of or review)
    await lee.send(review, do="vote", dataset=b.HEART, choice="yes", ground="Fine.")
    return lee.status


def cast(s: Site, review: str) -> int:
    row = s.stage.live.current().get(Review, review.rsplit("/", 1)[1])
    assert row is not None
    return len(row.votes)


async def test_a_vote_counts_in_ones_term_and_is_refused_after_it(tmp_path: Path) -> None:
    async with site(tmp_path, *seats(ends=OVER), committee=committee(2), grant=None) as s:
        review, lee = await handed_in(s), Browser(s, "lee")
        assert "You sit in The committee until" in await lee.open("/reviews")
        assert "You sit in" not in await Browser(s, "mei").open("/reviews")
        assert (await votes(lee, review), cast(s, review)) == (200, 1)
        s.stage.clock.advance(OVER - START - 1)
        await lee.open(review)
        assert lee.status == 200, "the last second of it"
        s.stage.clock.advance(1)
        await lee.open(review)
        assert lee.status == 404
        assert "You sit in" not in await lee.open("/reviews")
        assert await votes(lee, review, token_of="/join") == 404
        assert cast(s, review) == 1, "what was said in time stays"


async def test_nobody_votes_before_their_term(tmp_path: Path) -> None:
    async with site(tmp_path, *seats(begins=OVER), committee=committee(2), grant=None) as s:
        review, lee = await handed_in(s), Browser(s, "lee")
        assert (await votes(lee, review, token_of="/join"), cast(s, review)) == (404, 0)
        s.stage.clock.advance(OVER - START)
        assert (await votes(lee, review), cast(s, review)) == (200, 1)


async def test_nobody_counts_on_who_is_in_office_no_more(tmp_path: Path) -> None:
    async with site(tmp_path, *seats(ends=OVER), committee=committee(2), grant=None) as s:
        await handed_in(s)
        snapshot = s.stage.live.current()
        moved = [replace(row, version=2) for row in rows() if isinstance(row, Role) and row.id == "s-mei"]
        ended = [replace(row, status="ended") for row in moved]
        assert orphaned(ended, snapshot, follow(snapshot, ended), START)
        assert not orphaned(ended, snapshot, follow(snapshot, ended), OVER), "it could not answer before either"
        scope = f"committee:{b.DAC}"
        assert [{one.sub for one in snapshot.seats(scope, at)} for at in (START, OVER)] == [{"lee", "mei"}, {"mei"}]


def read(folder: Path, **said: str) -> Role:
    made = {"role": "committee_member", "scope": f"committee:{b.DAC}", "iss": b.HOME, "sub": "lee"} | said
    path = folder / "catalogue.yaml"
    path.write_text(json.dumps({"schema": "broker.catalogue/1", "roles": [made]}))
    (row,) = read_catalogue(path).rows
    assert isinstance(row, Role)
    return row


def test_a_term_is_read_from_a_catalogue(tmp_path: Path) -> None:
    row = read(tmp_path, begins="2027-01-01", ends="2029-01-01")
    assert (rfc3339(row.begins), row.ends) == ("2027-01-01T00:00:00Z", parse_rfc3339("2029-01-01"))
    assert read(tmp_path).holds(START)
    assert [row.holds(parse_rfc3339(day)) for day in ("2026-12-31", "2027-01-01", "2028-12-31", "2029-01-01")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert row.id == read(tmp_path).id, "it is the same seat"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"ends": "soon"}, "ends"),
        ({"begins": "2027-02-30"}, "begins"),
        ({"begins": "2028-01-01", "ends": "2027-01-01"}, "before it begins"),
        ({"role": "custodian", "scope": "dataset:x", "ends": "2028-01-01"}, "sits in a committee"),
    ],
)
def test_what_is_no_term_is_refused(tmp_path: Path, said: dict[str, str], problem: str) -> None:
    with pytest.raises(CatalogueError, match=problem):
        read(tmp_path, **said)
