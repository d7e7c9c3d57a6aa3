"""The pages of participants: what happened, choices, withdrawal with its effects said before, receipts, questions."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.core.consent.choices import AFTER
from broker.core.consent.model import CommunityDecision, Scope
from broker.core.consent.withdrawal import CONSEQUENCES
from broker.core.ids import DatasetId, SubjectRef
from broker.core.reasons import REASONS
from broker.core.reasons.participant_words import PARTICIPANT_WORDS
from broker.core.rows import Access, ConsentRow, Person, Put, Row, changed
from broker.flows.withdraw_consent import KINDS
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, opened, site

MINE = f"/my-data/consents/con-{b.PIA}"
HOSTILE = "<script>alert('x')</script>"
PEOPLE = b.consent(SubjectRef("com_1"), consent_id="com", level="community", community=CommunityDecision(
    authority=HOSTILE, rule="a quorum of elders", members="people of the valley", decision="approved", local_only=False,
    labels=("TK Attribution",), benefit_terms="A clinic."))  # fmt: skip
OURS = b.consent(
    scope=Scope(permissions=b.codes("DUO:0000042"), answers={"recontact": "ask"}), community_refs=("com_1",)
)


def rows() -> list[Row]:
    return [
        Person(id="usr_sam", log_key="dd" * 32, created=START),  # type: ignore[arg-type]
        browser_session("pia"), browser_session("sam"), browser_session("ada"),
    ]  # fmt: skip


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    purpose = replace(b.PURPOSE, recontact=True, user="https://home.example|ada", diseases=frozenset({"MONDO:0005105"}))
    asked = b.request(purpose=purpose)
    async with site(tmp_path, *rows(), PEOPLE, asked, pia=OURS, dataset=b.dataset(title=HOSTILE)) as made:
        yield made


def newest(s: Site) -> ConsentRow:
    return s.stage.live.current().chain(f"con-{b.PIA}")[-1]


@pytest.mark.row("WHO-3.1-7")
@pytest.mark.row("PAG-MINE")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_who_used_ones_data_is_told_without_names_and_codes(s: Site, language: str) -> None:
    path, headers = await opened(s)
    assert (await s.http.get(path, headers=headers)).status == 200
    pia = Browser(s, "pia", language)
    shown = await pia.open("/my-data")
    said = html.unescape(re.sub("<[^>]+>", " ", shown))
    assert ("How often data were sent: 1." if language == "en" else "Veces que se enviaron datos: 1.") in said
    assert "2027" in said, "until when it goes on"
    for secret in ("usr_ada", "ada", b.GRANT):
        assert not re.search(rf"\b{secret}\b", said)
    assert not re.search(r"\b(DUO:\d+|[A-Z]{3}-[A-Z]+)\b", said), "no codes"
    assert HOSTILE not in shown
    assert html.escape(HOSTILE, quote=False)[:8] in shown


@pytest.mark.row("PAG-MINE")
async def test_a_use_is_told_where_the_data_are_hidden_and_by_the_newest_first(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(), dataset=b.dataset(existence="hidden", title="Secret study")) as s:
        for _ in range(3):
            path, headers = await opened(s)
            await s.http.get(path, headers=headers)
            s.stage.clock.advance(60)
        shown = await Browser(s, "pia").open("/my-data")
        assert "Secret study" in shown
        assert "How often data were sent: 3." in shown


async def test_that_somebody_said_no_is_told_to_nobody_else(s: Site) -> None:
    """A file that left without somebody looks like one that left with everybody."""
    path, headers = await opened(s)
    await (await s.http.get(path, headers=headers)).read()
    pia, w = Browser(s, "pia"), s.stage.world
    running = " <strong>Data are being sent right now.</strong>"  # the client may have all before its end is on record
    whole = (await pia.open("/my-data")).replace(running, "")
    assert "How often data were sent: 1." in whole
    given = [row for row in s.stage.ledger.rows.values() if isinstance(row, Access)]
    assert given
    less = [Put(changed(row, left_out="d" * 64)) for row in given]
    await w.ledger.record(w.entry("revocation.made", w.clock.now(), None), *less)
    assert (await pia.open("/my-data")).replace(running, "") == whole


async def test_what_a_community_decided_is_told(s: Site) -> None:
    shown = await Browser(s, "pia").open("/my-data")
    for said in ("a quorum of elders", "people of the valley", "TK Attribution", "A clinic.", "It agrees."):
        assert said in shown


@pytest.mark.row("PAG-MINE")
async def test_a_question_is_answered_and_gone(s: Site) -> None:
    pia = Browser(s, "pia")
    shown = await pia.open("/my-data")
    question = re.findall(r'name="question" value="([^"]+)"', shown)[0]
    assert "The illnesses that it studies: melanoma." in shown
    assert "MONDO" not in shown, "no codes"
    shown = await pia.send("/my-data", question=question, answer="permit")
    assert question not in shown
    assert newest(s).consent.scope.answers["recontact"] == "permit"
    await pia.open(MINE)
    await pia.send("/my-data", question=question, answer="permit")
    assert pia.status == 409
    await pia.open(MINE)
    await pia.send("/my-data", question=question, answer="perhaps")
    assert pia.status == 400


@pytest.mark.row("PAG-MINE")
async def test_choices_are_made_by_the_form_and_two_windows_do_not_undo_each_other(s: Site) -> None:
    pia = Browser(s, "pia")
    await pia.open("/my-data")
    path = pia.links("/my-data/consents/")[0]
    assert path == MINE
    await pia.open(path)
    fields = {"do": "choose", "seen": "1", "answer:linkage": "deny", "answer:topic:addiction": "ask"}
    more = {
        "limit:hosting": "yes",
        "hosting": "de, France",
        "limit:modalities": "yes",
        "way": "aggregate",
        "news": "yes",
    }
    shown = await pia.send(path, **fields, **more, results="actionable")
    scope = newest(s).consent.scope
    assert scope.answers == {"recontact": "ask", "linkage": "deny", "topic:addiction": "ask"}
    assert sorted(scope.hosting or ()) == ["DE", "FR"]
    assert [str(one) for one in scope.modalities or ()] == ["aggregate"]
    assert scope.recipient_countries is None
    assert newest(s).consent.communication.wants_updates
    assert "You said no to linking with other records." in shown
    assert ('value="Germany"' in shown, 'value="France"' in shown) == (True, True)
    await pia.send(path, **fields)
    assert pia.status == 409, "the version that this window had seen is not the newest any more"
    assert newest(s).consent.version == 2
    await pia.send(path, do="choose", seen="2", **{"limit:hosting": "yes", "hosting": "Nowhere"})
    assert (pia.status, newest(s).consent.version) == (409, 2)
    await pia.send(path, do="fly", seen="2")
    assert pia.status == 400


async def test_a_pause_and_its_end(s: Site) -> None:
    pia = Browser(s, "pia")
    await pia.open(MINE)
    shown = await pia.send(MINE, do="pause", seen="1")
    assert newest(s).consent.status == "suspended"
    assert 'value="resume"' in shown
    await pia.send(MINE, do="resume", seen="2")
    assert newest(s).consent.status == "active"
    assert ("active", "pause") in AFTER


@pytest.mark.row("PAG-WITHDRAW")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_before_a_withdrawal_each_kind_says_what_it_does(s: Site, language: str) -> None:
    pia = Browser(s, "pia", language)
    await pia.open(MINE)
    path = pia.links(f"{MINE}/withdrawal")[0]
    before = await pia.open(path)
    assert re.findall(r'name="kind" value="([^"]+)"', before) == [*KINDS]
    if language == "en":
        assert before.count(REASONS["RGT-W-CONTACT-ONLY"].subject) == 1, "once, and not once for each thing"
        assert before.count(REASONS["RGT-CANNOT-RECALL"].subject) == 1
        for thing in CONSEQUENCES:
            assert before.count(f"<li>{PARTICIPANT_WORDS[f'mine.of.{thing}']}</li>") == len(KINDS)
        assert REASONS["RGT-W-LIMIT-MISSING"].subject in before
        assert "It must end within 30 days." in before
    assert newest(s).consent.version == 1, "looking changes nothing"
    await pia.send(path)
    assert (pia.status, newest(s).consent.version) == (409, 1)
    shown = await pia.send(path, kind="no_further_use")
    assert newest(s).consent.status == "withdrawn"
    assert "/audit/receipts/" in shown
    stopped = REASONS["RGT-W-STOP"].subject
    shown = await pia.open(pia.links("/my-data/consents/")[0])
    assert shown[: shown.rindex("<details>")].count(stopped) == (language == "en"), "once"
    told = shown[: shown.rindex("<details>")]
    assert "<table" not in told
    assert "15 January 2027" in told or "15 de enero de 2027" in told, "since when"
    await pia.open(MINE)
    await pia.send(MINE, do="reopen", seen="2")
    assert newest(s).consent.status == "active"
    shown = await pia.open(f"{MINE}/receipt")
    days = re.findall("<time[^>]*>([^<]*)</time>", shown[: shown.rindex("<details>")])
    assert days == ["15 January 2027" if language == "en" else "15 de enero de 2027"] * 2, "since when, and until when"
    if language == "en":
        assert "What you had withdrawn, and took back" in shown
        assert PARTICIPANT_WORDS["mine.kind.no_further_use"] in shown


@pytest.mark.row("PAG-WITHDRAW")
async def test_only_what_can_still_be_taken_back_is_offered(s: Site) -> None:
    pia, path = Browser(s, "pia"), f"{MINE}/withdrawal"
    for kind, left in (("no_further_contact", [*KINDS[1:]]), ("no_further_access", [*KINDS[2:]])):
        await pia.open(path)
        shown = await pia.send(path, kind=kind)
        assert PARTICIPANT_WORDS[f"mine.kind.{kind}"] in shown
        for way in (path, "/my-data/withdrawal"):
            assert re.findall(r'name="kind" value="([^"]+)"', await pia.open(way)) == left
    await pia.send("/my-data/withdrawal", kind="no_further_use")
    for way in (path, "/my-data/withdrawal"):
        shown = await pia.open(way)
        assert "<form" not in shown
        assert PARTICIPANT_WORDS["mine.withdrawn_all"] in shown
        assert "15 January 2027" in shown, "since when"
    await pia.open("/my-data")
    assert pia.links("/my-data/withdrawal") == []
    await pia.open(MINE)
    assert pia.links(path) == []
    await pia.send(MINE, do="reopen", seen="4")
    await pia.open("/my-data")
    assert pia.links("/my-data/withdrawal") == ["/my-data/withdrawal"], "it was taken back, so it can be withdrawn"


@pytest.mark.row("PAG-MINE")
async def test_data_with_commas_in_their_titles_stay_apart_and_a_committee_is_named_once(tmp_path: Path) -> None:
    both = (b.HEART, DatasetId("https://bank.example/datasets/second"))
    second = b.dataset(id=both[1], title="Tides, joint calls")
    mine = replace(b.consent(scope=Scope(permissions=b.codes("DUO:0000042"))), datasets=frozenset(both))
    async with site(tmp_path, *rows(), second, pia=mine, dataset=b.dataset(title="Hearts, genomes")) as s:
        pia = Browser(s, "pia")
        assert ">Hearts, genomes; Tides, joint calls</a>" in await pia.open("/my-data")
        for path in (MINE, f"{MINE}/withdrawal", f"{MINE}/receipt"):
            shown = await pia.open(path)
            assert "<li>Hearts, genomes</li>\n<li>Tides, joint calls</li>" in shown, path
        assert shown[: shown.rindex("<details>")].count("The committee decides") == 1


@pytest.mark.row("PAG-WITHDRAW")
async def test_everything_is_withdrawn_at_once_and_downloads_end(s: Site) -> None:
    pia = Browser(s, "pia")
    await pia.open("/my-data")
    await pia.open(pia.links("/my-data/withdrawal")[0])
    await pia.send("/my-data/withdrawal", kind="no_further_use")
    assert pia.status == 200
    answer = await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers())
    assert answer.status == 403
    shown = await pia.open("/my-data")
    assert "It is withdrawn." in shown
    assert PARTICIPANT_WORDS["mine.until"] not in shown, "no permission reaches their data any more"


@pytest.mark.row("PAG-MINE")
@pytest.mark.parametrize("path", ["/my-data", MINE, f"{MINE}/receipt", f"{MINE}/withdrawal", "/my-data/withdrawal"])
async def test_the_pages_are_for_participants_alone(s: Site, path: str) -> None:
    for name in ("ada", "sam"):
        other = Browser(s, name)
        await other.open(path)
        assert other.status == 403
        assert "/my-data" not in other.links("/")
    answer = await s.http.get(path, allow_redirects=False)
    assert answer.headers["Location"].startswith("/sign-in?return_to=/my-data")
    pia = Browser(s, "pia")
    await pia.open("/my-data")
    assert "/applications" not in pia.links("/"), "nobody applies under the number by which a study knows them"


async def test_of_others_nothing_is_there(s: Site) -> None:
    pia = Browser(s, "pia")
    await pia.open("/my-data")
    token = re.findall(r'name="form" value="([^"]+)"', pia.text)[0]
    for path in ("/my-data/consents/con-sub_paul", "/my-data/consents/none"):
        for more in ("", "/receipt", "/withdrawal"):
            await pia.open(path + more)
            assert pia.status == 404
        await pia.send(path, token=token, do="pause", seen="1")
        assert pia.status == 404
        await pia.send(f"{path}/withdrawal", token=token, kind="no_further_use")
        assert pia.status in (404, 409)
    assert s.stage.live.current().chain("con-sub_paul")[-1].consent.version == 1


async def test_a_form_of_nobody_changes_nothing(s: Site) -> None:
    pia = Browser(s, "pia")
    for path, fields in (
        (MINE, {"do": "pause", "seen": "1"}), ("/my-data/withdrawal", {"kind": "no_further_use"}),
        ("/my-data", {"question": "x", "answer": "deny"}),
    ):  # fmt: skip
        await pia.send(path, token="f" * 64, **fields)
        assert pia.status == 400
    assert newest(s).consent.version == 1


@pytest.mark.row("PAG-LANGUAGES")
async def test_a_receipt_says_what_the_codes_mean_in_the_language_of_its_reader(tmp_path: Path) -> None:
    mine = b.consent(scope=Scope(permissions=b.codes("DUO:0000006"), answers={"commercial_use": "deny"}))
    async with site(tmp_path, *rows(), pia=mine) as s:
        shown = await Browser(s, "pia", "es").open(f"{MINE}/receipt")
        told = shown[: shown.rindex("<details>")]
        assert "Sus datos pueden usarse para investigación sobre salud, médica o biomédica." in told
        assert "Usted dijo que no: el uso comercial." in told
        assert "health" not in told
        shown = await Browser(s, "pia", "es").open("/policies/eu-gdpr-ch5")
        assert '<h1 lang="en">' in shown, "a screen reader reads English as English"
        assert "están en inglés" in shown
        assert "are in English" not in await Browser(s, "pia").open("/policies/eu-gdpr-ch5")


@pytest.mark.row("PAG-WALKED")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"limit:hosting": "yes", "hosting": "Germny"}, "“Germny” is no country of the list."),
        ({"hosting": "Germany"}, "Tick “Only in these countries” there too"),
        ({"way": "download"}, "Tick “Only in the ways that I tick” there too"),
        ({"seen": "9"}, "Somebody else changed this"),
    ],
)
async def test_no_choice_is_lost_over_a_word_that_nobody_can_read(
    tmp_path: Path, wrong: dict[str, str], says: str
) -> None:
    """Whoever mends it and saves again has said what they said the first time, and not what was there before."""
    async with site(tmp_path, browser_session("pia")) as s:
        pia, path = Browser(s, "pia"), f"/my-data/consents/con-{b.PIA}"
        await pia.open(path)
        said = {
            "seen": "1",
            "answer:commercial_use": "deny",
            "results": "all",
            "news": "yes",
            "limit:modalities": "yes",
        }
        sent = said | {"answer:topic:children": "deny"} | wrong
        sent = {name: word for name, word in sent.items() if (name, "way" in wrong) != ("limit:modalities", True)}
        text = await pia.send(path, do="choose", **sent)
        assert (pia.status, says in text) == (409, True)
        chosen = re.findall(r'<option value="(\w+)" selected', text)
        assert "deny" in chosen
        assert "all" in chosen
        assert re.findall(r'name="news" value="yes" checked', text)
        assert bool(re.findall(r'name="limit:modalities" value="yes" checked', text)) == ("way" not in wrong)
        for word in (wrong.get("hosting", ""), wrong.get("way", "")):
            assert f'value="{word}"' in text
        assert s.stage.kinds() == []
