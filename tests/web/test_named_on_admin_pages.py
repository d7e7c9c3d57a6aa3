"""What an administrator reads of people, files, packs and lists: where somebody works, and what a thing is called.

An id stands small behind, for who helps. In the record people are pseudonyms, and other ids are what was kept.
"""

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from broker.core.rows import Grant, Organisation
from broker.core.time import Seconds
from tests import builders as b
from tests.browser.looks import LOOKS
from tests.browser.world import lived_in
from tests.web.browsing import Browser
from tests.web.site import site
from tests.web.test_admin_pages import SANCTION
from tests.web.test_admin_pages import rows as of_admins

pytestmark = pytest.mark.row("PAG-UNNAMED")
IDS = re.compile(r"\b(?:usr|san|cas|grt|req|pro|app|rev|acc|inc|cns|ds)_\w+")
_UNREAD = re.compile(
    r"<small>.*?</small>|<(?:style|details|textarea|pre)\b.*?</(?:style|details|textarea|pre)>", re.DOTALL
)


def read(page: str) -> str:
    """What somebody reads of a page who looks for no small print."""
    return html.unescape(re.sub("<[^>]*>", " ", _UNREAD.sub(" ", page)))


async def test_no_page_of_administration_calls_anybody_by_an_id(tmp_path: Path) -> None:
    ours = [look for look in LOOKS if look.route.startswith("/admin") and look.route != "/admin/log"]
    found: dict[str, list[str]] = {}
    async with lived_in(tmp_path) as (s, names):
        for look in ours:
            browser, path = Browser(s, look.who), look.address.format_map(names)
            text = await browser.open(path)
            if look.sends is not None:
                text = await browser.send(look.to.format_map(names) or path, **look.sends)
            ids = IDS.findall(read(text))
            found |= {look.id: ids} if ids else {}
    assert len(ours) > 30
    assert found == {}


@pytest.mark.parametrize(
    ("language", "known", "unknown"),
    [("en", "Person suspended: somebody of Rhine", "somebody of whose institution nothing is known here"),
     ("es", "alguien de Rhine", "alguien de cuya institución no se sabe nada aquí")],
)  # fmt: skip
async def test_who_is_under_a_sanction_is_told_by_where_they_work(
    tmp_path: Path, language: str, known: str, unknown: str
) -> None:
    grant: Grant = b.grant(affiliations=("faculty@rhine.example",))
    rows = [
        *of_admins(),
        replace(SANCTION, id="san_2", case="cas_2", whom=str(b.ADA), ends=Seconds(SANCTION.ends + 9)),
        replace(SANCTION, id="san_3", case="cas_3", whom=str(b.ADA), step="warn"),
        replace(SANCTION, id="san_4", case="cas_4", whom=str(b.ADA), step="warn"),
    ]
    async with site(tmp_path, *rows, grant=grant) as s:
        home = s.stage.live.current().organisations(["rhine.example"])
        assert [type(one) for one in home] == [Organisation]
        root = Browser(s, "root", language)
        text = read(await root.open("/admin/sanctions"))
        assert known in text
        assert unknown in text
        assert not re.search(r"usr_\w", text)
        assert "(cas_2)" not in text, "one case reads like no other"
        assert text.count("(cas_3)") == text.count("(cas_4)") == 1, "two would read the same"


async def test_the_lists_of_a_pack_are_called_by_what_they_are(tmp_path: Path) -> None:
    async with lived_in(tmp_path) as (s, _):
        for language, words in (("en", "European Economic Area"), ("es", "Espacio Económico Europeo")):
            page = await Browser(s, "", language).open("/policies/eu-gdpr-ch5")
            assert f"<dt>{words}</dt>" in page
            assert "adequate_full" not in page
