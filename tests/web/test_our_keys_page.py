"""The page of our own signing keys: each in its state, to who may look, and nothing of the private half."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.core.ids import PersonId
from broker.core.rows import Person, Row, SigningKey
from broker.core.time import Seconds
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site
from tests.web.test_sanctions_over_http import role

PAGE = "/admin/keys"
ROLES = {"root": "admin", "eve": "auditor", "lex": "legal_officer"}
_DAY = 86_400


def key(kid: str, begins: int, use: str = "visa", ended: Seconds | None = None) -> SigningKey:
    return SigningKey(id=kid, use=use, made=Seconds(begins - 600), begins=Seconds(begins), ended=ended)


KEYS = (
    key("kid-old", START - 90 * _DAY), key("kid-now", START - _DAY), key("kid-next", START + 300),
    key("kid-stolen", START - 40 * _DAY, ended=Seconds(START - 39 * _DAY)), key("kid-ticket", START - _DAY, "ticket"),
)  # fmt: skip


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    rows: list[Row] = [*KEYS]
    for name in (*ROLES, "sam"):
        rows += [Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START), browser_session(name)]
    rows += [role(f"usr_{name}", word) for name, word in ROLES.items()]
    async with site(tmp_path, *rows) as made:
        yield made


@pytest.mark.row("PAG-KEYS")
async def test_each_key_is_told_with_what_it_does_now(s: Site) -> None:
    root = Browser(s, "root")
    await root.open("/admin")
    shown = await root.open(root.links(PAGE)[0])
    said = {part.split("</code>")[0]: before for before, part in _cards(shown)}
    assert {kid: state for kid, state in said.items() if kid.startswith("kid-")} == {
        "kid-ticket": "Tickets for data: signs now",
        "kid-next": "Visas: published, does not sign yet",
        "kid-now": "Visas: signs now",
        "kid-old": "Visas: signs no more; what it signed counts until it ends",
        "kid-stolen": "Visas: taken away; nothing that it signed counts",
    }


def _cards(shown: str) -> list[tuple[str, str]]:
    found = []
    for card in shown.split("<h2>")[1:]:
        head, _, rest = card.partition("</h2>")
        found.append((head, rest.partition("<code>")[2]))
    return found


@pytest.mark.row("PAG-KEYS")
async def test_who_has_no_part_in_it_sees_no_key(s: Site) -> None:
    for name, status in (("eve", 200), ("lex", 403), ("sam", 403)):
        browser = Browser(s, name)
        shown = await browser.open(PAGE)
        assert (browser.status, "kid-now" in shown) == (status, status == 200)
