"""On no page for people does a date, a number or a country stand as machines write it: every look, in Spanish."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.browser.looks import LOOKS
from tests.browser.world import lived_in
from tests.web.browsing import Browser
from tests.web.site import site

MACHINES = frozenset({"code", "pre", "textarea", "script", "svg"})
"""What stands in these is written for programs, or by the reader."""
DATE = re.compile(r"\b\d{4}-\d\d-\d\d(?!\d)")
MACHINE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?")
DIGITS = re.compile(r"^\s*\d{5,}\.?\s*$")
ENGLISH = re.compile(r"\d (?:January|February|March|April|June|July|August|September|November|December)\b")


class Read(HTMLParser):
    """What a page tells people, piece by piece; and the dates for machines beside them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.said: list[str] = []
        self.times: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in MACHINES:
            self.inside.append(tag)
        if tag == "time":
            self.times.append(dict(attrs).get("datetime") or "")
        self.said += [value or "" for name, value in attrs if name in ("aria-label", "title", "placeholder")]

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.said.append(data)


def as_machines_write(page: str) -> Iterator[str]:
    read = Read(page)
    for said in read.said:
        yield from (said.strip() for each in (DATE, DIGITS, ENGLISH) if each.search(said))
    yield from (f"<time {one}>" for one in read.times if not MACHINE.fullmatch(one))


@pytest.mark.row("PAG-FIGURES")
async def test_nothing_on_a_page_is_written_for_machines(tmp_path: Path) -> None:
    async with lived_in(tmp_path) as (s, names):
        found, times = {}, 0
        for look in LOOKS:
            browser = Browser(s, look.who, language="es")
            text = await browser.open(look.address.format_map(names))
            if look.sends is not None:
                token = None if 'name="form"' in text else ""
                text = await browser.send((look.to or look.address).format_map(names), token=token, **look.sends)
            times += text.count("<time ")
            if wrong := list(as_machines_write(text)):
                found[look.id] = wrong
        assert not found, "\n".join(f"{id}: {said}" for id, said in found.items())
        assert times > len(LOOKS)


@pytest.mark.row("PAG-FIGURES")
@pytest.mark.parametrize(("language", "union", "country"), [
    ("en", "European Union", "Japan"), ("es", "Unión Europea", "Japón"),
])  # fmt: skip
async def test_the_countries_of_a_pack_are_named(tmp_path: Path, language: str, union: str, country: str) -> None:
    async with site(tmp_path) as s:
        page = await Browser(s, "", language=language).open("/policies/eu-gdpr-ch5")
        assert (f"<dd>{union}</dd>" in page, f" {country}</dd>" in page, " JP" in page) == (True, True, False)


@pytest.mark.parametrize("page", [
    "<p>Ends 2027-01-15.</p>", "<p>2027-01-15T08:00:00Z</p>", "<p>Ends 15 January 2027.</p>", "<dd>123456</dd>", "<time datetime='soon'>x</time>",
    "<p aria-label='until 2027-01-15'></p>",
])  # fmt: skip
def test_what_is_written_for_machines_is_noticed(page: str) -> None:
    assert list(as_machines_write(page))
    assert not list(as_machines_write(f"<pre>{page.replace('time', 'p')}</pre>")) or "aria" in page
