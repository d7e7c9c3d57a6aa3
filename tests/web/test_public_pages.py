"""The pages that everybody may read: the search, what the rules say to a purpose, who decides, and whether it works."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from broker.core.decision import Question, evaluate
from broker.core.decision.of_data import of_data_each
from broker.core.ids import DatasetId
from broker.core.purpose import Kind, Modality
from broker.core.rows import Application, Document
from broker.flows.look_ahead import MOST, look_ahead
from broker.flows.put_in_force import put_rules_in_force
from broker.web.state import READY
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site

GENOMES = b.dataset(
    id=DatasetId("https://bank.example/datasets/genomes"),
    title="<b>Genomes</b>",
    access="open",
    duo=b.codes("DUO:0000004"),
)
HIDDEN = b.dataset(id=DatasetId("https://bank.example/datasets/secret"), title="Secret", existence="hidden")
HEALTH = {
    "kinds": "hmb", "organisation": "non_profit", "commercial": "no", "countries": "DE", "modality": "download",
    "no_topics": "yes", "ai_use": "none", "months": "12", "clinical_care": "no", "genetic_data": "yes",
    "linkage": "no", "recontact": "no", "publish": "yes", "return_data": "yes",
}  # fmt: skip


async def opened(folder: Path, path: str, *rows: Any, language: str = "en", **world: Any) -> tuple[str, Site]:
    async with site(folder, GENOMES, HIDDEN, *rows, **world) as s:
        nobody = Browser(s, "", language)
        await nobody.open(path)
        assert nobody.status == 200, nobody.text
        return nobody.text, s


SEARCHES: Mapping[str, tuple[dict[str, str], set[str]]] = {
    "nothing": ({}, {"Heart", "Genomes"}),
    "a word of the title": ({"q": "HEART"}, {"Heart"}),
    "two words": ({"q": "heart bank"}, {"Heart"}),
    "a word of nothing": ({"q": "lungs"}, set()),
    "a permitted use": ({"code": "DUO:0000006"}, {"Heart"}),
    "without a condition": ({"without": "DUO:0000046"}, {"Genomes"}),
    "how it is opened": ({"access": "open"}, {"Genomes"}),
    "a hidden one by its name": ({"q": "secret"}, set()),
    "words that are none": ({"code": "x", "without": "DUO:0000006", "access": "secret"}, {"Heart", "Genomes"}),
}


@pytest.mark.row("PUB-CATALOGUE")
@pytest.mark.parametrize("asked", SEARCHES.values(), ids=SEARCHES.keys())
async def test_the_search_finds_what_fits_and_nothing_hidden(
    tmp_path: Path, asked: tuple[dict[str, str], set[str]]
) -> None:
    query, wanted = asked
    shown, _ = await opened(tmp_path, f"/datasets?{urlencode(query)}")
    assert {name for name in ("Heart", "Genomes", "Secret") if f">{name}<" in shown or f";{name}&" in shown} == wanted


@pytest.mark.row("PUB-CATALOGUE")
async def test_a_dataset_that_changed_is_searched_in_as_it_is_now(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        nobody = Browser(s, "")
        assert ">Heart<" in await nobody.open("/datasets?q=heart")
        s.stage.live.committed([replace(b.dataset(), version=2, title="Lungs")])
        assert ">Lungs<" in await nobody.open("/datasets?q=lungs")


@pytest.mark.row("PUB-CATALOGUE")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_page_of_a_dataset_says_who_decides_by_which_rules_and_how_to_name_it(
    tmp_path: Path, language: str
) -> None:
    shown, s = await opened(tmp_path, f"/dataset?{urlencode({'id': b.HEART})}", language=language)
    rules = s.stage.live.current().rulebook
    wanted = (b.HEART, "dpo@bank.example", "The bank", "/policies/eu-gdpr-ch5", rules.packs["eu-gdpr-ch5"].title)
    assert not [said for said in wanted if said not in shown]
    assert ("no comercial" if language == "es" else "non-commercial use only") in shown


ANSWERS: Mapping[str, tuple[dict[str, str], str]] = {
    "health research": (HEALTH, "Yes"),
    "for profit": (HEALTH | {"commercial": "yes"}, "No"),
    "ancestry": (HEALTH | {"kinds": "ancestry"}, "No"),
    "not said": ({"kinds": "hmb"}, "A person must decide first"),
}


@pytest.mark.row("PUB-PURPOSE")
@pytest.mark.parametrize("asked", ANSWERS.values(), ids=ANSWERS.keys())
async def test_anybody_hears_what_the_rules_say_to_a_purpose_and_how_long_it_takes(
    tmp_path: Path, asked: tuple[dict[str, str], str]
) -> None:
    typed, outcome = asked
    shown, s = await opened(tmp_path, f"/use?{urlencode(typed | {'q': 'heart'})}")
    assert f"<strong>{outcome}</strong>" in shown
    assert ("within 14 days" in shown) is (outcome != "No")
    assert s.stage.ledger.entries == [], "nobody asked, so nothing is kept"


@pytest.mark.row("PUB-PURPOSE")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_who_is_signed_in_can_ask_what_holds_for_them_and_that_is_recorded(tmp_path: Path, language: str) -> None:
    async with site(tmp_path, browser_session("ada", affiliations=("faculty@rhine.example",)), grant=None) as s:
        ada = Browser(s, "ada", language)
        path = f"/use?{urlencode(HEALTH)}"
        assert "dec_" not in await ada.open(path)
        shown = await ada.send(path)
        (entry,) = s.stage.ledger.entries
        assert entry.kind == "pre_check.made"
        assert str(entry.about["decision"]) in shown
        for stranger in (Browser(s, "", language), ada):
            await stranger.send(path, token="f" * 64)
            assert stranger.status == 400
        assert len(s.stage.ledger.entries) == 1, "whoever is nobody, or sends a form of nobody, asks nothing"


@pytest.mark.row("PUB-PURPOSE")
@pytest.mark.parametrize("typed", [{"countries": "XX"}, {"months": "x"}, {"diseases": "x" * 600}], ids=str)
async def test_what_cannot_be_read_is_said_and_nothing_typed_is_lost(tmp_path: Path, typed: dict[str, str]) -> None:
    async with site(tmp_path) as s:
        nobody = Browser(s, "", "es")
        shown = await nobody.open(f"/use?{urlencode(HEALTH | typed)}")
        assert nobody.status == 400
        assert 'role="alert"' in shown
        assert all(value in shown for value in typed.values())


@pytest.mark.row("PUB-PURPOSE")
async def test_an_open_form_has_no_answers_and_hidden_data_are_in_none(tmp_path: Path) -> None:
    shown, _ = await opened(tmp_path, "/use?modality=stream")
    assert 'id="answers"' not in shown
    assert "No dataset fits" not in shown
    shown, _ = await opened(tmp_path, f"/use?{urlencode(HEALTH)}")
    assert "Secret" not in shown
    assert shown.index("Genomes") < shown.index(">Heart<"), "the best answers come first"


@pytest.mark.row("PUB-PURPOSE")
@pytest.mark.parametrize("kinds", [{Kind.HMB}, {Kind.ANCESTRY}, set(), None], ids=str)
@pytest.mark.parametrize("way", Modality)
@pytest.mark.parametrize("codes", ["DUO:0000004", "DUO:0000006", "DUO:0000011"])
def test_what_is_said_to_everybody_is_never_milder_than_what_is_said_to_somebody(
    kinds: set[Kind] | None, way: Modality, codes: str
) -> None:
    """Of every gate that is asked for nobody: whoever applies from nowhere, and is nobody, hears no better."""
    snapshot = b.snapshot(dataset=b.dataset(duo=b.codes(codes)), grant=None)
    stated = replace(b.PURPOSE, kinds=None if kinds is None else frozenset(kinds), modality=way)
    question = Question(
        stage="foresee", at=START, known_at=START, person=None, purpose=stated, dataset=b.HEART, modality=way
    )
    (said,) = of_data_each(question, [b.HEART], snapshot)
    whole = evaluate(question, snapshot)
    assert said.outcome <= whole.outcome
    assert {one.code for one in said.reasons} <= {one.code for gate in whole.gates for one in gate.reasons}
    assert said.reasons or said.outcome.permits


@pytest.mark.row("PUB-PURPOSE")
def test_who_asks_is_no_part_of_it() -> None:
    question = Question(stage="foresee", at=START, known_at=START, person=b.ADA, purpose=b.PURPOSE, dataset=b.HEART)
    for known in (question, replace(question, person=None, stage="approve")):
        with pytest.raises(ValueError, match="nobody"):
            list(of_data_each(known, [b.HEART], b.snapshot()))


async def test_no_more_datasets_than_are_told_at_once(tmp_path: Path) -> None:
    many = [replace(b.dataset(), id=DatasetId(f"https://bank.example/datasets/{n:04}")) for n in range(MOST + 1)]
    async with site(tmp_path, *many) as s:
        with pytest.raises(ValueError, match="enough"):
            await look_ahead(s.stage.world, b.PURPOSE, [one.id for one in many])
        nobody = Browser(s, "")
        shown = await nobody.open(f"/use?{urlencode(HEALTH)}")
        assert shown.count("<h3>") == MOST
        (more,) = nobody.links("/use?kinds") or nobody.links("/use?organisation")
        assert (await nobody.open(more.replace("&amp;", "&"))).count("<h3>") == len(many) + 1 - MOST


@pytest.mark.row("WHO-3.7-1")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_every_version_of_the_rules_that_was_in_force_can_be_read(tmp_path: Path, language: str) -> None:
    async with site(tmp_path) as s:
        rules = s.stage.live.current().rulebook
        assert await put_rules_in_force(s.stage.world, rules) == ()
        reader = Browser(s, "", language)
        for pack in rules.packs.values():
            await reader.open(f"/policies/{pack.id}")
            (link,) = reader.links(f"/policies/{pack.id}/")
            assert rules.digests[pack.id] in await reader.open(link)
            assert '<p role="status">' not in reader.text, "what is in force is not told to have been before"
            assert "{" not in reader.text, "no sentence waits for facts of a case"
            assert "<dd>*</dd>" not in reader.text
            assert "2026-01-01" in reader.text or str(START) not in reader.text
        for path in ("/policies/eu-gdpr-ch5/none", "/policies/none/1", "/policies/rules/1"):
            await reader.open(path)
            assert reader.status == 404, path


async def test_a_version_that_was_kept_before_days_were_noted_says_so(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        await put_rules_in_force(s.stage.world, s.stage.live.current().rulebook)
        rows = [row async for row in s.stage.world.rows.find(Document, "name", "core-baseline")]
        assert [row.since for row in rows] == [START]


@pytest.mark.row("WHO-3.7-3")
async def test_the_register_can_be_followed_and_names_nobody(tmp_path: Path) -> None:
    from tests.web.test_transparency import SECRETS, world  # noqa: PLC0415 (its world)

    async with site(tmp_path, *world()) as s:
        answer = await s.http.get("/register.xml")
        text = await answer.text()
        assert answer.content_type == "application/rss+xml"
        items = ET.fromstring(text).findall("channel/item")
        assert [one.findtext("title") for one in items] == ["Hearts <b>"]
        assert not [secret for secret in SECRETS if secret in text]
        again = await (await s.http.get("/register.xml")).text()
        assert ET.fromstring(again).findtext("channel/item/guid") == items[0].findtext("guid")


@pytest.mark.parametrize("bad", ["\0", "\x0b", "\x1b", "\ufffe", "\uffff"], ids=ascii)
async def test_past_hole_one_title_ended_the_feed_for_all(tmp_path: Path, bad: str) -> None:
    from tests.web.test_transparency import world  # noqa: PLC0415 (its world)

    rows = [
        replace(row, papers=tuple(replace(one, title=f"Hearts{bad} \U0001f9ec") for one in row.papers))
        if isinstance(row, Application) else row
        for row in world()
    ]  # fmt: skip
    async with site(tmp_path, *rows) as s:
        text = await (await s.http.get("/register.xml")).text()
        assert ET.fromstring(text).findtext("channel/item/title") == "Hearts\N{REPLACEMENT CHARACTER} \U0001f9ec"


STATES: Mapping[str, tuple[bool, bool, int, str]] = {
    "works": (True, False, 200, "Everything works"),
    "no record": (False, False, 503, "Nothing can be recorded"),
    "stopping": (True, True, 503, "being stopped"),
}


@pytest.mark.row("PUB-STATUS")
@pytest.mark.parametrize("case", STATES.values(), ids=STATES.keys())
async def test_the_page_of_the_state_says_whether_it_works(tmp_path: Path, case: tuple[bool, bool, int, str]) -> None:
    writes, draining, status, said = case
    async with site(tmp_path) as s:
        ready = s.http.app[READY]
        ready.ledger_writes, ready.draining = (lambda: writes), draining
        nobody = Browser(s, "")
        assert said in await nobody.open("/status")
        assert nobody.status == status
