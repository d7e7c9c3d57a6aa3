"""Small things that somebody who knows no code reads: refusals for a role, long lists, who wrote a change, and of what."""

from pathlib import Path

import pytest

from broker.core.ids import GrantId
from broker.core.reasons.language import ENGLISH, Tongue
from broker.core.rows import Report
from broker.core.rows.reports import Publication, Told
from tests import builders as b
from tests.core.reasons.test_translations import LANGUAGES as OTHERS
from tests.fakes import START
from tests.web.browsing import Browser
from tests.web.site import site
from tests.web.test_devices import CLI, COMPUTER
from tests.web.test_workflow_pages import HEARTS, rows

LANGUAGES = {"en": ENGLISH, **OTHERS}
DATASET = f"/dataset?id={b.HEART}"


@pytest.mark.row("EXP-403")
@pytest.mark.parametrize(
    ("language", "role", "fact"),
    [("en", "ask whoever runs this service", "correct a fact"), ("es", "pida esa función", "corregir un dato")],
)
async def test_who_lacks_a_role_is_told_whom_to_ask_and_nothing_of_facts(
    tmp_path: Path, language: str, role: str, fact: str
) -> None:
    async with site(tmp_path, *rows()) as made:
        sam = Browser(made, "sam", language)
        shown = await sam.open("/admin")
        assert (sam.status, role in shown, fact in shown) == (403, True, False)


def _papers(n: int) -> Report:
    entered = tuple(Publication(doi=f"10.1234/{one}", title=f"Paper {one}.", attribution="") for one in range(n))
    told = Told(summary="", entered=entered)
    return Report(id="rpt_1", grant=GrantId("grt_1"), person=b.ADA, dataset=b.HEART, committee=b.DAC, kind="publication",
                  told=told, at=START)  # fmt: skip


@pytest.mark.row("WHO-3.6-4")
async def test_every_publication_of_a_dataset_can_be_reached_and_the_page_says_how_many_there_are(
    tmp_path: Path,
) -> None:
    async with site(tmp_path, _papers(51)) as made:
        nobody = Browser(made, "")
        shown = await nobody.open(DATASET)
        assert "Publications that were entered: 51, the newest first. Here are those from 1 to 50." in shown
        assert ("Paper 50." in shown, "Paper 0." in shown) == (True, False)
        (older,) = nobody.links("/dataset?id=https")
        assert "Paper 0." in await nobody.open(older.replace("&amp;", "&"))
        assert "Here are those from 51 to 51." in nobody.text


async def test_few_publications_need_no_second_page(tmp_path: Path) -> None:
    async with site(tmp_path, _papers(50)) as made:
        assert "Here are those" not in await Browser(made, "").open(DATASET)


@pytest.mark.parametrize("n", [200, 201])
async def test_what_is_chosen_beyond_the_most_is_said_and_not_dropped_in_silence(tmp_path: Path, n: int) -> None:
    codes = "\n".join(f"MONDO:{one:07}" for one in range(5000, 5000 + n))
    async with site(tmp_path, *rows(), grant=None) as made:
        ada = Browser(made, "ada")
        await ada.open("/applications/new")
        shown = await ada.send("/applications/new", do="submit", **HEARTS | {"diseases": codes})
        assert ("you can choose 200 at most" in shown) is (n > 200)
        assert ("the first 200 are shown, and 1 others are left out" in shown) is (n > 200)


@pytest.mark.row("PAG-WORDS")
@pytest.mark.parametrize("address", ["/applications/new", "/use"])
async def test_each_way_of_access_is_explained_where_it_is_chosen(tmp_path: Path, address: str) -> None:
    async with site(tmp_path, *rows()) as made:
        for language, said in LANGUAGES.items():
            shown = await Browser(made, "ada", language).open(address)
            for way in ("download", "stream", "tre_remote", "code_to_data", "aggregate"):
                assert Tongue(said).word(f"ways.{way}") in shown


@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_device_asks_in_words(tmp_path: Path, language: str) -> None:
    async with site(tmp_path, *rows(), CLI) as made:
        asked = {"client_id": "cli", "scope": "openid ga4gh_passport_v1", "installation": COMPUTER}
        told = await (await made.http.post("/oauth2/device_authorization", data=asked)).json()
        shown = await Browser(made, "ada", language).open(f"/device?user_code={told['user_code']}")
        tongue = Tongue(LANGUAGES[language])
        for scope in ("openid", "ga4gh_passport_v1"):
            assert tongue.word(f"device.scope.{scope}") in shown
        assert "openid" not in shown
