"""People choose diseases and data by their names: without a script, with nothing typed lost, and nothing hidden found."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from broker.core.ids import DatasetId
from broker.core.rows import Case, Incident, Put, changed
from broker.core.searched import Found
from broker.core.snapshot import Snapshot
from tests import builders as b
from tests.web.browsing import Browser
from tests.web.site import Site, site
from tests.web.test_workflow_pages import HEARTS, committee, rows

BREAST, MELANOMA, FOR_CANCER = "MONDO:0004989", "MONDO:0005105", "MONDO:0004992"
SECRET = b.dataset(id=DatasetId("https://bank.example/secret"), title="Secret lungs", existence="hidden")
LUNGS = b.dataset(id=DatasetId("https://bank.example/lungs"), title="Lungs of the harbour")
CANCERS = replace(
    b.dataset(id=DatasetId("https://bank.example/cancers"), title="Cohort of the river"),
    duo=b.codes({"code": "DUO:0000007", "diseases": [FOR_CANCER]}),
)
PAPERS = HEARTS | {"kinds": "disease", "benefit": "Fewer of them."}


def ticked(text: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)" checked', text)


def offered(text: str, name: str) -> list[str]:
    return re.findall(rf'<input type="(?:checkbox|radio)" name="{name}" value="([^"]+)">', text)


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows(), LUNGS, CANCERS, SECRET, committee=committee(), grant=None) as made:
        yield made


@pytest.mark.row("PAG-DISEASES")
async def test_words_of_a_name_bring_a_list_and_nothing_typed_is_lost(s: Site) -> None:
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    typed = PAPERS | {"diseases": BREAST, "diseases.find": "melanoma", "statement": "An hour of words."}
    text = await ada.send("/applications/new", do="find", **typed)
    assert ada.status == 200
    assert ticked(text, "diseases") == [BREAST]
    assert offered(text, "diseases")[0] == MELANOMA
    assert "breast carcinoma (MONDO:0004989)" in text
    assert "melanoma (MONDO:0005105)" in text
    assert "An hour of words." in text
    assert 'value="melanoma"' in text
    assert not s.stage.live.current().applications_of(b.ADA), "nothing is handed in by looking"


@pytest.mark.row("PAG-DISEASES")
@pytest.mark.parametrize("typed", ["melanoma", "Melanoma (MONDO:0005105)", MELANOMA, "melanoma, breast carcinoma"])
async def test_a_whole_name_is_as_good_as_a_tick_and_is_told_by_name_to_both_sides(s: Site, typed: str) -> None:
    ada, mei = Browser(s, "ada"), Browser(s, "mei")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **PAPERS | {"diseases.find": typed})
    (made,) = s.stage.live.current().applications_of(b.ADA)
    assert made.paper.purpose.diseases == {MELANOMA, *([BREAST] if "," in typed else [])}
    assert "melanoma (MONDO:0005105)" in ada.text
    assert "melanoma (MONDO:0005105)" in await mei.open(f"/reviews/{made.reviews[0]}")


@pytest.mark.row("PAG-DISEASES")
@pytest.mark.parametrize(
    ("typed", "do", "says"),
    [
        ("breast", "submit", "Tick what you mean"),
        ("breast", "check", "Tick what you mean"),
        ("brest carcinma", "submit", "nothing was found for"),
        ("melanoma, brest", "submit", "nothing was found for"),
        ("asthma, " * 20 + "brest", "submit", "Tick what you mean"),
    ],
)
async def test_what_is_no_whole_name_is_asked_back_with_a_list_and_is_never_guessed(
    s: Site, typed: str, do: str, says: str
) -> None:
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    text = await ada.send("/applications/new", do=do, **PAPERS | {"diseases.find": typed})
    assert ada.status == 400
    assert says in text
    assert f'value="{typed}"' in text
    assert ("breast carcinoma" in text) == (typed == "breast")
    assert not s.stage.live.current().applications_of(b.ADA)


@pytest.mark.row("PAG-DISEASES")
async def test_words_are_kept_in_a_draft_and_an_older_draft_may_hold_a_name(s: Site) -> None:
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    text = await ada.send("/applications/new", do="save", **PAPERS | {"diseases": "melanoma", "diseases.find": "brea"})
    assert (ada.status, ticked(text, "diseases")) == (200, [MELANOMA])
    assert (
        'name="diseases.find" maxlength="200" autocomplete="off" aria-describedby="diseases-how" value="brea"' in text
    )


@pytest.mark.row("PAG-DISEASES")
async def test_the_field_of_diseases_is_there_whatever_the_data_ask(s: Site) -> None:
    """A kind of research speaks of it, and somebody may tick that only now; no code of these data reads it."""
    ada = Browser(s, "ada")
    assert 'name="diseases.find"' in await ada.open(f"/applications/new?dataset={b.HEART}")
    text = await ada.send("/applications/new", do="save", datasets=b.HEART, title="T")
    assert 'name="linkage"' in text
    assert 'name="ethics"' not in text, "a question that none of these data need is not asked"
    assert 'name="diseases.find"' in text


@pytest.mark.row("PAG-DISEASES")
async def test_papers_that_came_back_are_mended_by_name_too(s: Site) -> None:
    ada, mei = Browser(s, "ada"), Browser(s, "mei")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **PAPERS | {"diseases": MELANOMA})
    (made,) = s.stage.live.current().applications_of(b.ADA)
    await mei.open(f"/reviews/{made.reviews[0]}")
    await mei.send(f"/reviews/{made.reviews[0]}", do="return", text="Which cancer?")
    edit = f"/applications/{made.id}/edit"
    assert ticked(await ada.open(edit), "diseases") == [MELANOMA]
    papers = {name: value for name, value in PAPERS.items() if name != "datasets"}
    text = await ada.send(edit, do="find", **papers | {"diseases": MELANOMA, "diseases.find": "breast"})
    assert ada.status == 200
    assert BREAST in offered(text, "diseases")
    await ada.send(edit, **papers | {"diseases": MELANOMA, "diseases.find": "breast"})
    assert ada.status == 400
    await ada.send(edit, **papers | {"diseases": BREAST})
    row = s.stage.live.current().applications_of(b.ADA)[0]
    assert (row.turn, set(row.paper.purpose.diseases)) == (2, {BREAST})


@pytest.mark.row("PAG-DISEASES")
async def test_what_may_be_used_is_asked_by_the_name_of_a_disease(s: Site) -> None:
    anybody = Browser(s, "")
    text = await anybody.open("/use?kinds=disease&diseases.find=Breast+carcinoma&organisation=non_profit")
    assert anybody.status == 200
    assert ticked(text, "diseases") == [BREAST]
    assert 'id="answers"' in text
    text = await anybody.open("/use?kinds=disease&diseases.find=breast&organisation=non_profit")
    assert (anybody.status, 'id="answers"' in text) == (400, False), "no answer to words that mean several"
    assert BREAST in offered(text, "diseases")
    text = await anybody.open("/use?kinds=disease&diseases.find=breast&do=find")
    assert (anybody.status, 'id="answers"' in text, 'role="alert"' in text) == (200, False, False)


@pytest.mark.row("PAG-DISEASES")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_dataset_is_told_and_found_by_the_name_of_its_disease(s: Site, language: str) -> None:
    anybody = Browser(s, "", language=language)
    assert "cancer (MONDO:0004992)" in await anybody.open(f"/dataset?id={CANCERS.id}")
    assert "cancer (MONDO:0004992)" in await anybody.open("/datasets")


@pytest.mark.row("PAG-DISEASES")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cancer", 1),
        ("river cancer", 1),
        ("neoplasm", 1),
        ("human disease", 1),
        ("tumor", 1),
        ("breast carcinoma", 1),
        ("Breast-Carcinoma", 1),
        ("breast", 0),
        ("melanoma harbour", 0),
        ("asthma", 0),
    ],
)
async def test_search_knows_what_a_disease_is_a_kind_of(s: Site, words: str, found: int) -> None:
    """By names of what it is a kind of; by the whole name of what is a kind of it, for which the data are too."""
    anybody = Browser(s, "")
    assert (await anybody.open(f"/datasets?q={words}")).count("Cohort of the river") == found


@pytest.mark.row("PAG-DATASETS")
async def test_data_are_chosen_by_their_titles_several_at_once(s: Site) -> None:
    ada = Browser(s, "ada")
    await ada.open(f"/applications/new?dataset={b.HEART}")
    assert ticked(ada.text, "datasets") == [b.HEART]
    typed = PAPERS | {"diseases": MELANOMA, "datasets.find": "harbour"}
    text = await ada.send("/applications/new", do="find", **typed)
    assert (ticked(text, "datasets"), offered(text, "datasets")) == ([b.HEART], [LUNGS.id])
    assert LUNGS.title in text
    for wrong in ("lungs", "nowhere"):
        await ada.send("/applications/new", do="submit", **typed | {"datasets.find": wrong})
        assert ada.status == 400
    await ada.send("/applications/new", do="submit", **typed | {"datasets.find": "lungs of the HARBOUR"})
    (made,) = s.stage.live.current().applications_of(b.ADA)
    assert {row.dataset for row in s.stage.live.current().requests_of(b.ADA)} == {b.HEART, LUNGS.id}
    assert LUNGS.title in await ada.open(f"/applications/{made.id}")


@pytest.mark.row("PAG-DATASETS")
@pytest.mark.parametrize("typed", [SECRET.title, SECRET.id, "Secret", "lungs"])
async def test_nobody_finds_what_they_may_not_know_of(s: Site, typed: str) -> None:
    """And a hidden address is answered as one that is not there."""
    for who in ("ada", ""):
        text = await Browser(s, who).open(f"/pick/datasets?datasets.find={typed}")
        assert SECRET.id not in offered(text, "datasets")
        assert SECRET.title not in text.replace(f'value="{typed}"', "")
    ada, answers = Browser(s, "ada"), list[tuple[int, object]]()
    for address in (SECRET.id, "https://bank.example/nowhere"):
        await ada.open("/applications/new")
        text = await ada.send("/applications/new", do="find", datasets=address, **{"datasets.find": address})
        once = re.findall(r'name="once" value="([^"]+)"', text)[0]
        answers.append((ada.status, text.replace(once, "").replace(address, "X")))
        await ada.send("/applications/new", do="submit", **PAPERS | {"datasets": "", "datasets.find": address})
        assert ada.status == 400
        answers.append((ada.status, "nothing was found for" in ada.text))
    assert answers[:2] == answers[2:]


@pytest.mark.row("PAG-DATASETS")
async def test_whoever_hands_in_many_titles_has_the_catalogue_searched_once(s: Site) -> None:
    searches, search = list[str](), s.broker.searched.with_words

    def counted(snapshot: Snapshot, words: Sequence[str]) -> list[Found]:
        searches.append(" ".join(words))
        return search(snapshot, words)

    s.broker.searched.with_words = counted  # type: ignore[method-assign]
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    many = ", ".join(f"t {n}" for n in range(19))
    await ada.send("/applications/new", do="submit", **PAPERS | {"datasets": "", "datasets.find": f"{many}, x"})
    assert ada.status == 400
    assert len(set(searches)) <= 1


@pytest.mark.row("PAG-DATASETS")
async def test_whom_a_grant_names_finds_hidden_data_and_titles_that_are_the_same_are_told_apart(tmp_path: Path) -> None:
    twin = b.dataset(id=DatasetId("https://bank.example/twin"), title=LUNGS.title)
    mine = b.grant(dataset=SECRET.id)
    async with site(tmp_path, *rows(), LUNGS, twin, SECRET, committee=committee(), grant=mine) as s:
        ada = Browser(s, "ada")
        assert SECRET.id in offered(await ada.open("/pick/datasets?datasets.find=secret"), "datasets")
        text = await ada.open("/pick/datasets?datasets.find=harbour")
        assert f"<small>{twin.id}</small>" in text
        await ada.open("/applications/new")
        await ada.send("/applications/new", do="submit", **PAPERS | {"datasets": "", "datasets.find": LUNGS.title})
        assert ada.status == 400, "two have this name"


@pytest.mark.row("PAG-DISEASES")
async def test_there_is_no_other_field_to_look_up(s: Site) -> None:
    anybody = Browser(s, "")
    await anybody.open("/pick/people")
    assert anybody.status == 404
    many = "&".join(f"diseases=MONDO:{n:07}" for n in range(250))
    text = await anybody.open(f"/pick/diseases?{many}&diseases.find=disease")
    assert (len(ticked(text, "diseases")), len(offered(text, "diseases"))) == (200, 20)
    assert "Write more words" in text


@pytest.mark.row("PAG-DATASETS")
async def test_a_complaint_is_about_what_was_ticked_or_named_or_about_the_words_themselves(s: Site) -> None:
    anybody = Browser(s, "")
    text = await anybody.open(f"/complain?about={b.HEART}")
    assert (ticked(text, "about"), "Heart" in text) == ([b.HEART], True)
    text = await anybody.send("/complain", token="", do="find", text="An hour.", **{"about.find": "harbour"})
    assert (anybody.status, offered(text, "about")) == (200, [LUNGS.id])
    assert "An hour." in text
    assert "None of them" in text
    for sent, kept, shown in (
        ({"about": LUNGS.id}, LUNGS.id, LUNGS.title),
        ({"about": b.HEART, "about.find": "Lungs of the harbour"}, LUNGS.id, LUNGS.title),
        ({"about.find": committee().name}, b.DAC, committee().name),
        ({"about.find": f"{LUNGS.title}, {CANCERS.title}"},) + (f"{LUNGS.title}, {CANCERS.title}",) * 2,
        ({"about.find": "the people at the desk"}, "the people at the desk", "the people at the desk"),
        ({"about": "", "about.find": SECRET.title}, SECRET.title, SECRET.title),
        ({"about": ""}, "", "Nobody asked me."),
    ):
        text = await anybody.send("/complain", token="", text="Nobody asked me.", **sent)
        assert (anybody.status, shown in text) == (200, True)
        number = re.findall(r"<code>(cas_[^<]+)</code>", text)[0]
        row = s.stage.live.current().get(Case, number)
        assert row is not None
        assert row.about == kept


@pytest.mark.row("PAG-DATASETS")
async def test_of_a_committee_for_hidden_data_alone_nobody_learns(tmp_path: Path) -> None:
    theirs = replace(committee(), id="https://bank.example/secret-dac", name="The committee of secret lungs")
    secret = replace(SECRET, committee=theirs.id)
    async with site(tmp_path, *rows(), LUNGS, secret, theirs, committee=committee(), grant=None) as s:
        for who in ("ada", ""):
            there = Browser(s, who)
            assert offered(await there.open("/pick/about?about.find=committee"), "about") == [b.DAC]
            assert theirs.name not in await there.open(f"/pick/about?about={theirs.id}")
            assert theirs.name not in await there.open(f"/complain?about={theirs.id}")
        anybody = Browser(s, "")
        for said in (theirs.id, theirs.name.upper()):
            text = await anybody.send("/complain", token="", text="Nobody asked me.", **{"about.find": said})
            assert (anybody.status, theirs.name in text) == (200, False)
            row = s.stage.live.current().get(Case, re.findall(r"<code>(cas_[^<]+)</code>", text)[0])
            assert row is not None
            assert row.about == said
        w, told = s.stage.world, changed(secret, existence="listed")
        await w.ledger.record(w.entry("revocation.made", w.clock.now(), None), Put(told))
        text = await anybody.open("/pick/about?about.find=committee")
        assert offered(text, "about") == [b.DAC, theirs.id]


@pytest.mark.row("PAG-DATASETS")
async def test_an_incident_is_about_data_that_were_chosen_by_their_title(s: Site) -> None:
    ada, said = Browser(s, "ada"), {"breach": "other", "noticed": "2027-01-01", "text": "A laptop was lost."}
    await ada.open("/incidents")
    text = await ada.send("/incidents", do="find", **said, **{"dataset.find": "lungs"})
    assert (ada.status, offered(text, "dataset")) == (200, [LUNGS.id])
    assert "A laptop was lost." in text
    await ada.send("/incidents", do="report", **said, **{"dataset.find": "lungs"})
    assert ada.status == 409
    await ada.send("/incidents", do="report", **said, **{"dataset.find": "lungs of the harbour"})
    assert (ada.status, LUNGS.title in ada.text) == (200, True)
    (row,) = s.stage.live.current().all(Incident)
    assert row.dataset == LUNGS.id
