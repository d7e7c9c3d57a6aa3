"""What a researcher holds, on one page: visas, what is remembered, devices, tasks, downloads, refusals and their way out."""

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from broker.core.ids import ClientId, PersonId
from broker.core.rows import Approval, Client, Person, Row
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import PORTAL, Site, opened, site

LAPTOP = Client(
    id=ClientId("laptop"), name="<b>Laptop</b>", auth_method="private_key_jwt", parent=ClientId("portal"),
    owner=PersonId("usr_ada"), created=START,
)  # fmt: skip
KEPT = Approval(
    id="kept", person=PersonId("usr_ada"), client=PORTAL.id, scope=frozenset({"openid"}), claims=frozenset(),
    released=None, since=START,
)  # fmt: skip


def rows() -> list[Row]:
    return [
        Person(id=PersonId("usr_sam"), log_key="dd" * 32, created=START), PORTAL, LAPTOP, KEPT,
        browser_session("ada", affiliations=("faculty@rhine.example",)), browser_session("sam"), browser_session("pia"),
    ]  # fmt: skip


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows()) as made:
        yield made


@pytest.mark.row("PAG-ME")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_visas_downloads_and_devices_stand_there_in_words_and_raw(s: Site, language: str) -> None:
    path, headers = await opened(s)
    assert (await s.http.get(path, headers=headers)).status == 200
    ada = Browser(s, "ada", language)
    shown = await ada.open("/me")
    assert ("You may use" if language == "en" else "Puede usar") in shown
    assert "&#34;type&#34;: &#34;ControlledAccessGrants&#34;" in shown
    assert "&lt;b&gt;Laptop&lt;/b&gt;" in shown
    assert "obj-1.bam" in shown
    receipt = ada.links("/audit/receipts/")[0]
    assert receipt.rpartition("/")[2] in {
        one.id for one in s.stage.ledger.entries if one.kind == "download.authorised"
    }, "it is in the public record"
    decision = ada.links("/decisions/")[0]
    assert "usr_" not in html.unescape(re.sub("<[^>]+>", " ", await ada.open(decision)))
    assert ada.status == 200


@pytest.mark.row("PAG-ME")
async def test_a_refusal_is_sentences_with_what_to_do_now(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(), grant=None) as s:
        answer = await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers())
        assert answer.status == 403
        id = answer.headers["Decision-Id"]
        ada = Browser(s, "ada")
        shown = await ada.open("/me")
        assert f"/decisions/{id}" in shown
        shown = await ada.open(f"/decisions/{id}")
        said = shown.partition("<main")[2].partition("<details>")[0]
        assert "You can correct a fact" in said
        assert f'<a href="/dataset?id={quote(b.HEART)}">' in said, "what was asked for, and where to apply for it"
        assert not re.search(r"\b[A-Z]{3,}-[A-Z]+\b", re.sub("<[^>]+>", " ", said)), "no codes"
        for other in ("sam", "pia"):
            stranger = Browser(s, other)
            await stranger.open(f"/decisions/{id}")
            assert stranger.status == 404
            assert id not in await stranger.open("/me")


@pytest.mark.row("PAG-ME")
async def test_what_is_remembered_is_forgotten_and_a_device_removed(s: Site) -> None:
    ada = Browser(s, "ada")
    shown = await ada.open("/me")
    assert "Portal" in shown
    shown = await ada.send("/me", do="disconnect", id="laptop")
    assert ada.status == 200
    assert "Laptop" not in shown
    await ada.send("/me", do="fly", id="x")
    assert ada.status == 400
    await ada.open("/me")
    await ada.send("/me", do="end", id="none")
    assert ada.status == 409
    sam = Browser(s, "sam")
    await sam.open("/identities")
    await sam.send("/me", do="disconnect", id="laptop")
    assert sam.status == 409, "somebody else's device is not there"


async def test_a_form_of_nobody_changes_nothing(s: Site) -> None:
    ada = Browser(s, "ada")
    await ada.send("/me", token="f" * 64, do="disconnect", id="laptop")
    assert ada.status == 400
    assert "Laptop" in await ada.open("/me")


@pytest.mark.row("PAG-LANGUAGES")
@pytest.mark.parametrize("path", ["/sign-in", "/identities", "/device", "/oauth2/end_session", "/none-such"])
async def test_the_pages_around_signing_in_speak_both_languages(s: Site, path: str) -> None:
    texts = {}
    for language in ("en", "es"):
        browser = Browser(s, "ada", language)
        texts[language] = await browser.open(path)
        assert browser.status in (200, 303, 404)
    said = {language: re.sub("<[^>]+>", " ", text) for language, text in texts.items()}
    assert said["en"] != said["es"] or not said["en"].strip()
