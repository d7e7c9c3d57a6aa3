"""Which links each of them sees, and that a page is called what its link is called, in every language."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from broker.core.access.clock import Clock
from broker.core.access.life import Stage
from broker.core.access.parts import Part
from broker.core.ids import ApplicationId, PersonId, RequestId, ReviewId
from broker.core.rows import Application, Person, Review, Role, Row
from broker.core.rows.applications import Invited, Paper
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site

PUBLIC = ["/datasets", "/use", "/policies", "/register", "/figures", "/incidents", "/rights", "/complain"]
OWN = ["/inbox", "/applications", "/grants", "/me", "/cases", "/identities"]
DAC = f"committee:{b.DAC}"
WORK = {
    "ada": ("", "", []),
    "ivo": ("", "", ["/reviews"]),
    "mei": ("committee_chair", DAC, ["/reviews", "/renewals", "/alerts"]),
    "lee": ("committee_member", DAC, ["/reviews", "/renewals", "/alerts"]),
    "hal": ("handler", DAC, ["/reviews", "/renewals", "/alerts"]),
    "sam": ("signing_official", "organisation:rhine", ["/reviews"]),
    "eve": ("auditor", "service", ["/reviews", "/alerts", "/admin"]),
    "lex": ("legal_officer", "service", ["/admin"]),
    "kim": ("custodian", "service", ["/alerts", "/findings"]),
    "eth": ("ethics_committee", "service", ["/findings"]),
    "eli": ("community_authority", "community:com_1", ["/community"]),
    "viv": ("complaints_officer", "service", []),
}
"""Who they are, and where they have something to do for others. Ivo has no role, but was asked about one application."""


def rows() -> list[Row]:
    made: list[Row] = [browser_session("pia")]
    for name, (role, scope, _) in WORK.items():
        made += [Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START), browser_session(name)]
        made += [Role(id=f"r-{name}", role=role, scope=scope, iss=b.HOME, sub=name)] if role else []
    return made


def asked() -> list[Row]:
    """An application about which Ivo was asked."""
    ivo = Invited(person=PersonId("usr_ivo"), part=Part.REVIEWER, by=PersonId("usr_mei"), at=START)
    paper = Paper(title="Tides", statement="S", purpose=b.PURPOSE)
    review = ReviewId("rev_1")
    return [
        Application(id=ApplicationId("app_1"), person=b.ADA, papers=(paper,), reviews=(review,), created=START),
        Review(
            id=review, application=ApplicationId("app_1"), committee=b.DAC, requests=(RequestId("req_1"),),
            stage=Stage.IN_REVIEW, clock=Clock(since=START), invited=(ivo,),
        ),
    ]  # fmt: skip


@pytest_asyncio.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows(), *asked()) as made:
        yield made


def groups(text: str) -> list[list[tuple[str, str]]]:
    """Path and word of each link, landmark by landmark."""
    navs = re.findall(r"<nav .*?</nav>", text, re.DOTALL)
    return [re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', one) for one in navs]


@pytest.mark.row("PAG-NAVIGATION")
@pytest.mark.parametrize("name", WORK)
async def test_everybody_sees_links_to_where_they_can_do_something(s: Site, name: str) -> None:
    who, work = Browser(s, name), WORK[name][2]
    text = await who.open("/me")
    paths = [[path for path, _ in group] for group in groups(text)]
    assert paths == [PUBLIC, OWN, *([work] if work else [])]
    if "/reviews" in work:
        await who.open("/reviews")
        assert who.status == 200
    if name == "ivo":
        assert "Tides" in who.text


@pytest.mark.row("PAG-NAVIGATION")
async def test_no_link_is_shown_twice_and_a_page_without_a_link_still_answers_in_words(s: Site) -> None:
    ada, nobody, pia = Browser(s, "ada"), Browser(s, ""), Browser(s, "pia")
    text = await ada.open("/renewals")
    assert (ada.status, "You sit in none." in text) == (200, True)
    for path in ("/admin", "/community"):
        text = await ada.open(path)
        assert (ada.status, "<h1>" in text) == (403, True)
    assert [[path for path, _ in one] for one in groups(await nobody.open("/datasets"))] == [PUBLIC]
    own = [path for path, _ in groups(await pia.open("/my-data"))[1]]
    assert own == ["/my-data", "/cases", "/identities"]


@pytest.mark.row("PAG-NAVIGATION")
async def test_a_page_that_says_no_shows_the_way_on_to_whoever_is_signed_in(s: Site) -> None:
    ada, pia, nobody = Browser(s, "ada"), Browser(s, "pia"), Browser(s, "")
    for path, status in (
        ("/admin", 403),
        ("/admin/sanctions", 403),
        ("/applications/app_none", 404),
        ("/reviews/x/y", 404),
    ):
        text = await ada.open(path)
        assert ada.status == status, path
        assert [[to for to, _ in one] for one in groups(text)] == [PUBLIC, OWN], path
        assert 'href="/oauth2/end_session"' in text, path
    assert [to for to, _ in groups(await pia.open("/reviews/x/y"))[1]] == ["/my-data", "/cases", "/identities"]
    text = await nobody.open("/reviews/x/y")
    assert [[to for to, _ in one] for one in groups(text)] == [PUBLIC]
    assert 'href="/sign-in?return_to=%2F"' in text, "and not back to where nothing is"
    assert not groups(await ada.open("/sign-in/none")), "in the middle of signing in there is one way on"


@pytest.mark.row("PAG-NAVIGATION")
@pytest.mark.parametrize(("language", "service"), [("en", "Access broker"), ("es", "Intermediario de acceso")])
@pytest.mark.parametrize("name", ["mei", "eli", "eve", "kim", "pia"])
async def test_a_page_is_called_what_its_link_is_called(s: Site, name: str, language: str, service: str) -> None:
    who = Browser(s, name, language)
    links = [link for group in groups(await who.open("/cases")) for link in group]
    assert len({word for _, word in links}) == len(links), "two things, two words"
    for path, word in links:
        text = await who.open(path)
        assert who.status == 200, path
        assert f">{word}</h1>" in text, path
        assert f"<title>{word} \N{EN DASH} {service}</title>" in text, path
        here = re.findall(r'<a href="([^"]+)" aria-current="page"', text)
        assert here == [path]
        assert re.findall(r"<summary>[^<]*: <strong>([^<]*)</strong>", text) == [word], (
            "the folded one says where one is"
        )
