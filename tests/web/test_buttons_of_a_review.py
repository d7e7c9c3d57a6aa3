"""What the buttons of a committee's page are called: each says what it does, and to whose request where there are several."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from broker.core.ids import DatasetId, Issuer, PersonId
from broker.core.reasons.page_words import PAGE_WORDS
from broker.core.rows import Identity, IdentityProvider, Review
from broker.core.rows.identity import identity_id
from tests import builders as b
from tests.web.site import Site, site
from tests.web.test_workflow_pages import HEARTS, Browser, committee, rows

LUNGS = DatasetId("https://bank.example/datasets/lungs")
STUDY = Issuer("https://study.example")
OF_ONE_REQUEST = {"assess", "vote", "approve", "reject"}
"""What is done to one dataset of an application."""


class Buttons(HTMLParser):
    """Of each button, what it does and its accessible name (`aria-label`, or what stands on it)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.do, self.attributes, self.text, self.inside = "", dict[str, str](), "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "input" and said.get("name") == "do":
            self.do = said["value"]
        if tag == "button":
            self.inside, self.attributes, self.text = True, said, ""

    def handle_data(self, data: str) -> None:
        self.text += data if self.inside else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self.inside = False
            name = self.attributes.get("aria-label") or self.text
            self.found.append((self.attributes.get("value") or self.do, self.text.strip(), name.strip()))


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    home = IdentityProvider(id=Issuer(b.HOME), slug="home", name="Home uni", client_id="us", client_secret="s")
    study = IdentityProvider(
        id=STUDY, slug="study", name="Study", audience="participant", client_id="us", client_secret="s"
    )
    known = [
        Identity(id=identity_id(iss, sub), person=PersonId(f"usr_{who}"), iss=iss, sub=sub)
        for iss, sub, who in ((home.id, "max@home.example", "max"), (STUDY, "P-1", "sam"))
    ]
    both = committee(2)
    async with site(
        tmp_path,
        *rows(),
        b.dataset(id=LUNGS, title="Lungs <of> miners"),
        home,
        study,
        *known,
        committee=both,
        grant=None,
    ) as made:
        yield made


async def review_of(s: Site) -> tuple[Browser, str]:
    """The chair at an application for two datasets."""
    ada, mei = Browser(s, "ada"), Browser(s, "mei")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **HEARTS | {"datasets": f"{b.HEART}\n{LUNGS}"})
    await mei.open("/reviews")
    path = re.findall(r'href="(/reviews/rev_[^"]+)"', mei.text)[0]
    await mei.open(path)
    return mei, path


def buttons(page: str) -> list[tuple[str, str, str]]:
    read = Buttons()
    read.feed(page)
    return read.found


@pytest.mark.row("PAG-BUTTONS")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_each_button_says_what_it_does_to_whom(s: Site, language: str) -> None:
    mei, path = await review_of(s)
    found = buttons(await mei.open(path, **{"Accept-Language": language}))
    names = [name for _, _, name in found]
    assert len(names) == len(set(names)), "no two are called alike"
    assert all(name.startswith(text) for _, text, name in found), "who speaks to it says what stands there (WCAG 2.5.3)"
    of_requests = [(does, name) for does, _, name in found if does in OF_ONE_REQUEST]
    assert {does for does, _ in of_requests} == OF_ONE_REQUEST
    for title in (b.dataset().title, "Lungs <of> miners"):
        assert {does for does, name in of_requests if title in name} == OF_ONE_REQUEST
    assert all("faculty@rhine.example" in name for _, name in of_requests), "whose request it is"


@pytest.mark.row("PAG-BUTTONS")
def test_nobody_is_asked_to_endorse_what_they_confirm() -> None:
    template = (Path(__file__).parents[2] / "broker/web/pages/templates/review.html").read_text("utf-8")
    asked = re.findall(r'<button[^>]*value="(\w+)"[^>]*>\{\{ t\("([a-z_.]+)"\) \}\}', template)
    said = [PAGE_WORDS[word] for _, word in asked]
    assert len(said) == len(set(said)) == 6


@pytest.mark.row("PAG-BUTTONS")
async def test_what_could_not_be_done_is_given_back_to_where_it_was_written(s: Site) -> None:
    mei, path = await review_of(s)
    asked = next(one for one in s.stage.live.current().requests_of(b.ADA) if one.dataset == b.HEART)
    shown = await mei.send(path, do="decide", request=asked.id, answer="approve", ground="Written for an hour.")
    assert (mei.status, shown.count(">Written for an hour.</textarea>")) == (409, 1), "to that dataset, and no other"
    shown = await mei.send(path, do="vote", dataset=b.HEART, choice="no", ground=" ")
    assert "“Why (in your own words)” is still empty." in shown
    assert shown.count('value="no" checked') == 1
    shown = await mei.send(path, do="remark", to="everybody", text="")
    assert "“Your text” is still empty." in shown
    assert '<option value="everybody" selected>' in shown


@pytest.mark.row("PAG-BUTTONS")
async def test_no_answer_is_asked_for_what_the_rules_have_answered(s: Site) -> None:
    mei, path = await review_of(s)
    shown = await mei.open(path)
    assert "DUO-HMB" not in shown, "it is met"
    assert 'name="code:' not in shown
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **HEARTS | {"title": "Left open", "clinical_care": ""})
    opened = next(
        each
        for each in re.findall(r'href="(/reviews/rev_[^"]+)">([^<]+)', await mei.open("/reviews"))
        if each[1] == "Left open"
    )
    assert 'name="code:DUO-CLINICAL-UNSTATED"' in await mei.open(opened[0])


@pytest.mark.row("PAG-FIND")
async def test_somebody_is_asked_for_advice_by_what_they_are_called_at_home(s: Site) -> None:
    mei, path = await review_of(s)
    for nobody in ("P-1", "nobody@home.example"):
        await mei.send(path, do="invite", person=nobody, part="reviewer")
        assert mei.status == 409
        await mei.open(path)
    await mei.send(path, do="invite", person=" max@home.example ", part="reviewer")
    (review,) = [row async for row in s.stage.world.rows.scan(Review)]
    assert [one.person for one in review.invited] == ["usr_max"]
