"""The page to choose a home organisation from: 200 of them, without script, remembered only if asked; and hints."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import ClientResponse

from broker.core.audit.entry import Entry
from broker.core.rows import IdentityProvider, Put, Session
from broker.flows.world import World
from tests.web.site import BACK, PORTAL, Site, site
from tests.web.upstream import Home, follow, upstreams

MANY = [Home(slug=f"uni-{n}", row={"name": f"University {n:03}"}) for n in range(200)]


def links(page: str) -> list[str]:
    return re.findall(r'href="/sign-in/([a-z0-9-]+)\?', page)


async def page(s: Site, query: str = "", cookie: str = "") -> tuple[ClientResponse, str]:
    answer = await s.http.get(f"/sign-in?{query}", headers={"Cookie": cookie} if cookie else {}, allow_redirects=False)
    return answer, await answer.text()


async def test_one_of_200_is_found_by_name_without_script(tmp_path: Path) -> None:
    async with site(tmp_path, *(home.provider for home in MANY)) as s:
        answer, everything = await page(s, "return_to=/device")
        assert answer.status == 200
        assert links(everything) == [f"uni-{n}" for n in range(200)]
        assert 'role="search"' in everything
        _, found = await page(s, "return_to=/device&q=university+042")
        assert links(found) == ["uni-42"]
        assert "return_to=%2Fdevice" in found, "where to go on is not lost by searching"
        assert 'role="status"' in found
        assert "<script" not in found
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        _, none = await page(s, "q=" + quote('"><script>alert(1)</script>'))
        assert links(none) == []
        assert "<script" not in none


class Labels(HTMLParser):
    """Which fields have a label, and which text each link and button has."""

    def __init__(self) -> None:
        super().__init__()
        self.labelled: set[str | None] = set()
        self.fields: set[str | None] = set()
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "label":
            self.labelled.add(given.get("for"))
        if tag == "input" and given.get("type") != "hidden":
            self.fields.add(given.get("id"))
        if tag in ("h1", "h2"):
            self.headings.append(tag)


async def test_a_screen_reader_finds_its_way(tmp_path: Path) -> None:
    bank = Home(slug="bank", row={"audience": "participant"})
    async with site(tmp_path, bank.provider, *(home.provider for home in MANY[:10])) as s:
        _, text = await page(s)
        read = Labels()
        read.feed(text)
        assert read.fields == {"q"} <= read.labelled
        assert read.headings == ["h1", "h2", "h2"], "organisations, and apart from them what is for participants"
        assert 'lang="en"' in text
        assert "tabindex" not in text, "the order is the order of the page"


async def test_few_providers_need_no_search(tmp_path: Path) -> None:
    async with site(tmp_path, *(home.provider for home in MANY[:7])) as s:
        assert 'role="search"' not in (await page(s))[1]


async def test_who_is_hidden_suspended_or_removed_is_not_on_the_page(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{}, {}, {"hidden": True}, {"status": "suspended"}, {"status": "removed"}]
    made = [Home(slug=f"h{n}", row=row) for n, row in enumerate(rows)]
    async with site(tmp_path, *(home.provider for home in made)) as s:
        upstreams(s, *made)
        assert links((await page(s))[1]) == ["h0", "h1"]
        statuses = [(await s.http.get(f"/sign-in/h{n}", allow_redirects=False)).status for n in range(5)]
        assert statuses == [303, 303, 303, 404, 404], "a hidden one can be used by who knows it"


async def test_the_only_one_that_is_offered_is_not_asked_about(tmp_path: Path) -> None:
    uni, hidden = Home(slug="uni"), Home(slug="hid", row={"hidden": True})
    async with site(tmp_path, uni.provider, hidden.provider) as s:
        answer, _ = await page(s)
        assert (answer.status, answer.headers["Location"].split("?")[0]) == (303, "/sign-in/uni")


async def test_a_choice_is_remembered_only_if_asked_and_can_be_forgotten(tmp_path: Path) -> None:
    made = MANY[:3]
    async with site(tmp_path, *(home.provider for home in made)) as s:
        upstreams(s, *made)
        plain = await s.http.get("/sign-in/uni-1", allow_redirects=False)
        assert "__Host-broker-provider" not in plain.cookies
        _, asked = await page(s, "remember=yes")
        link = re.findall(r'href="(/sign-in/uni-1\?[^"]*)"', asked)[0].replace("&amp;", "&")
        chosen = await s.http.get(link, allow_redirects=False)
        morsel = chosen.cookies["__Host-broker-provider"]
        assert (morsel.value, morsel["secure"], morsel["httponly"], morsel["samesite"]) == ("uni-1", True, True, "Lax")
        cookie = "__Host-broker-provider=uni-1"
        _, again = await page(s, cookie=cookie)
        assert "As last time" in again
        assert links(again)[0] == "uni-1"
        forgot, after = await page(s, "forget=yes", cookie)
        assert "As last time" not in after
        assert forgot.cookies["__Host-broker-provider"]["max-age"] == "0"


@pytest.mark.parametrize("value", ["gone", "", "<script>", "x" * 4000, "../x"])
async def test_a_remembered_choice_that_is_none_changes_nothing(tmp_path: Path, value: str) -> None:
    async with site(tmp_path, *(home.provider for home in MANY[:3])) as s:
        answer, text = await page(s, cookie=f"__Host-broker-provider={value}")
        assert answer.status == 200
        assert "As last time" not in text
        assert "<script" not in text


def authorize(**more: str) -> str:
    query = {
        "client_id": "portal", "redirect_uri": BACK, "response_type": "code", "scope": "openid profile", "state": "st",
        "code_challenge": "c" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"/oauth2/authorize?{urlencode(query | more)}"


@pytest.mark.parametrize(
    ("hint", "slug", "inner"),
    [
        ({"aarc_idp_hint": "https://h1.example"}, "h1", None),
        ({"aarc_idp_hint": "https://h2.example"}, "h2", None),
        ({"aarc_idp_hint": "https://h1.example?aarc_idp_hint=https%3A%2F%2Fx.example"}, "h1", "https://x.example"),
        ({"login_hint": "ada@h1.example"}, "h1", None),
        ({"aarc_idp_hint": "https://h1.example/"}, None, None),
        ({"aarc_idp_hint": "https://evil.example"}, None, None),
        ({"login_hint": "ada@evil.example"}, None, None),
        ({}, None, None),
    ],
)
async def test_a_hint_leads_straight_on_and_an_unknown_one_to_the_page(
    tmp_path: Path, hint: dict[str, str], slug: str | None, inner: str | None
) -> None:
    made = {
        "h0": Home(slug="h0"),
        "h1": Home(slug="h1", row={"login_hints": frozenset({"@h1.example"})}),
        "h2": Home(slug="h2", row={"hidden": True}),
    }
    async with site(tmp_path, PORTAL, *(home.provider for home in made.values())) as s:
        upstreams(s, *made.values())
        sent = await s.http.get(authorize(**hint), allow_redirects=False)
        if slug is None:
            assert sent.headers["Location"].startswith("/sign-in?")
        else:
            _, asked = follow(made[slug], sent)
            assert asked.get("aarc_idp_hint") == inner


async def test_the_page_itself_takes_a_login_hint(tmp_path: Path) -> None:
    uni, bank = Home(slug="uni", row={"login_hints": frozenset({"@uni.example"})}), Home(slug="bank")
    async with site(tmp_path, uni.provider, bank.provider) as s:
        upstreams(s, uni, bank)
        answer, _ = await page(s, "login_hint=ada%40uni.example&return_to=/device")
        _, asked = follow(uni, answer)
        assert asked["login_hint"] == "ada@uni.example"
        assert (await page(s, "login_hint=nobody"))[0].status == 200


# Who is trusted is asked of a port: another implementation needs no change anywhere else.


class Federation:
    """Providers that are not in any catalogue: each is recorded as a row before it is named, as the port demands."""

    def __init__(self, world: World, *members: IdentityProvider) -> None:
        self._world, self._members = world, members

    def known(self) -> Sequence[IdentityProvider]:
        return ()

    async def called(self, slug: str) -> IdentityProvider | None:
        return await self._met(next((one for one in self._members if one.slug == slug), None))

    async def named(self, issuer: str) -> IdentityProvider | None:
        return await self._met(next((one for one in self._members if one.id == issuer), None))

    async def _met(self, found: IdentityProvider | None) -> IdentityProvider | None:
        w = self._world
        if found is None:
            return None
        row = await w.rows.get(IdentityProvider, found.id)
        if row is None:
            entry: Entry = w.entry("catalogue.applied", w.clock.now(), None, {"idp": found.slug})
            await w.ledger.record(entry, Put(found))
            return found
        return row if row.status == "active" else None


async def test_who_is_trusted_can_come_from_elsewhere(tmp_path: Path) -> None:
    far = Home(slug="far")
    async with site(tmp_path, PORTAL) as s:
        up = upstreams(s, far)
        object.__setattr__(s.broker, "providers", Federation(s.stage.world, far.provider))
        sent = await s.http.get(authorize(aarc_idp_hint="https://far.example"), allow_redirects=False)
        cookie, _ = follow(far, sent)
        back = await up.come_back(far, cookie)
        assert back.status == 303, await back.text()
        made = [row for row in s.stage.ledger.rows.values() if isinstance(row, Session) and row.idp == far.issuer]
        assert len(made) == 1
        session = f"__Host-broker-session={back.cookies['__Host-broker-session'].value}"
        asked = await s.http.get(back.headers["Location"], headers={"Cookie": session})
        assert "What may" in await asked.text()
        assert (await s.http.get("/sign-in/other", allow_redirects=False)).status == 404
        gone = IdentityProvider(**{n: getattr(far.provider, n) for n in IdentityProvider.__slots__} | {"status": "suspended", "version": 2})  # fmt: skip
        w = s.stage.world
        await w.ledger.record(w.entry("issuer.suspended", w.clock.now(), None, {}), Put(gone))
        assert (await s.http.get("/sign-in/far", allow_redirects=False)).status == 404
        again = await s.http.get(authorize(), headers={"Cookie": session}, allow_redirects=False)
        assert again.headers["Location"].startswith("/sign-in"), "the session ended with the trust"
