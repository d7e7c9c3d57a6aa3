"""Where somebody who knew nothing was stopped on the way to the end of their work: each place once, by pages alone."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import PersonId
from broker.core.rows import Case, Person, Role, Row, Sanction
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site
from tests.web.test_cases_over_http import refused
from tests.web.test_picking import CANCERS, LUNGS, PAPERS
from tests.web.test_workflow_pages import HEARTS as ALL
from tests.web.test_workflow_pages import committee, rows

pytestmark = pytest.mark.row("PAG-WALKED")
STEP: dict[str, Any] = {
    "case": "cas_1", "step": "warn", "kind": "person", "begins": START, "ends": Seconds(START + 90_000),
    "appeal": "appeals@bank.example, within 30 days", "by": PersonId("usr_root"), "role": "admin",
}  # fmt: skip
AGAINST_ADA = Sanction(id="san_ada", whom=str(b.ADA), ground="Copies on the web.", **STEP)
AGAINST_SAM = Sanction(id="san_sam", whom="usr_sam", ground="Something else.", **STEP)
HEARTS = ALL | {"title": "Hearts"}
SIDES = ("risk_of_use", "risk_of_non_use", "benefit", "to_whom")
OFFICER = Role(id="r-viv", role="complaints_officer", scope="service", iss=b.HOME, sub="viv")


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    viv: list[Row] = [Person(id=PersonId("usr_viv"), log_key="dd" * 32, created=START), browser_session("viv"), OFFICER]
    made = [*rows(), *viv, *refused(), LUNGS, CANCERS, AGAINST_ADA, AGAINST_SAM]
    async with site(tmp_path, *made, committee=committee(), grant=None) as open_site:
        yield open_site


def cases(s: Site) -> list[Case]:
    return list(s.stage.live.current().all(Case))


async def test_the_words_by_which_somebody_found_what_they_ticked_are_answered(s: Site) -> None:
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    there = {"datasets": LUNGS.id, "datasets.find": "harbour"}
    await ada.send("/applications/new", do="submit", **(HEARTS | {"benefit": "Less.", "kinds": "hmb"} | there))
    assert ada.path.startswith("/applications/app_"), ada.text
    await ada.open("/applications/new")
    text = await ada.send("/applications/new", do="submit", **(PAPERS | there | {"datasets.find": "river"}))
    assert ada.path == "/applications/new", "what was found for other words is asked back"
    assert "Tick what you mean" in text


async def test_a_complaint_is_about_what_was_ticked_and_not_about_the_words(s: Site) -> None:
    nobody = Browser(s, "")
    await nobody.open("/complain")
    text = await nobody.send(
        "/complain", token="", **{"about": LUNGS.id, "about.find": "harbour", "text": "Nobody asked me."}
    )
    assert [one.about for one in cases(s)] == [LUNGS.id]
    assert "<p>Lungs of the harbour</p>" in text
    assert nobody.links("/complain"), "from the number and the key a link leads on"


async def test_a_wrong_key_is_told_as_such_and_the_number_stays(s: Site) -> None:
    nobody = Browser(s, "")
    await nobody.open("/complain")
    text = await nobody.send("/complain", token="", do="follow", number="cas_1", key="mistyped")
    assert "There is no complaint with this number and this key." in text
    assert 'value="cas_1"' in text


async def test_no_answer_is_chosen_for_the_officer_and_none_is_lost(s: Site) -> None:
    nobody, viv = Browser(s, ""), Browser(s, "viv")
    await nobody.open("/complain")
    await nobody.send("/complain", token="", text="Nobody asked me.")
    (case,) = cases(s)
    assert not re.findall('name="outcome"[^>]* checked', await viv.open("/cases"))
    text = await viv.send("/cases", do="answer", case=case.id, text="We <b>looked</b>.")
    assert "“Answer” is still empty." in text
    assert ">We &lt;b&gt;looked&lt;/b&gt;.</textarea>" in text
    text = await viv.send("/cases", do="answer", case=case.id, outcome="rejected", text=" ")
    assert "“Why (in your own words)” is still empty." in text
    assert re.findall('name="outcome" value="([^"]+)" checked', text) == ["rejected"]
    assert cases(s)[0].answer == ""


async def test_what_is_challenged_is_called_by_its_data_and_a_challenge_that_cannot_be_is_given_back(s: Site) -> None:
    ada = Browser(s, "ada")
    for _ in range(2):
        await ada.open("/applications/new")
        text = await ada.send("/cases", do="challenge", request="req_no", kind="appeal", text="The <i>same</i>.")
    assert ada.status == 409, "it is challenged already"
    assert ">The &lt;i&gt;same&lt;/i&gt;.</textarea>" in text
    assert re.findall('value="([^"]+)" selected', text) == ["appeal"]
    assert ("req_no</p>" in text, f"<p>{b.dataset().title}</p>" in text) == (False, True)


async def test_somebody_reads_what_step_was_taken_against_them_and_how_to_challenge_it(s: Site) -> None:
    ada = Browser(s, "ada")
    text = await ada.open("/cases")
    assert "Copies on the web." in text
    assert "appeals@bank.example, within 30 days" in text
    assert "Something else." not in text, "of a step against another nobody reads"
    assert "Something else." not in await Browser(s, "mei").open("/cases")


async def applied(s: Site) -> tuple[str, str]:
    """Ada asks for hearts: her application's page, and the committee's."""
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **(HEARTS | {"benefit": "Health."}))
    assert ada.path.startswith("/applications/app_"), ada.text
    return ada.path, re.findall('action="(/reviews/[^"]+)"', ada.text)[0]


async def decided(mei: Browser, review: str, answer: str) -> None:
    await mei.open(review)
    number = re.findall(r'name="request" value="([^"]+)"', mei.text)[0]
    await mei.send(review, do="assess", dataset=b.HEART, **dict.fromkeys(SIDES, "Weighed."))
    await mei.send(review, do="decide", request=number, answer=answer, ground="So we think.")
    assert mei.status == 200, re.findall(r'role="alert"[^<]*<[^<]*|role="alert"[^>]*>[^<]*', mei.text)


async def test_a_committee_finds_the_permission_that_it_gave_and_its_holder_learns_how_to_get_the_data(s: Site) -> None:
    _, review = await applied(s)
    mei, ada = Browser(s, "mei"), Browser(s, "ada")
    before = await mei.open(review)
    assert "So the rules answered on" in before
    assert "every rule is asked again" in before
    await decided(mei, review, "approve")
    (grant,) = mei.links("/grants/")
    assert "A permission that was given ends" not in mei.text
    assert "The question is then open again" in mei.text
    shown = await ada.open(grant)
    assert f"broker get {b.HEART}" in shown
    assert f"broker login {s.stage.world.issuer}" in shown
    assert "broker get" not in await mei.open(grant)
    await mei.send(grant, do="suspend", ground="A <i>secret</i> matter.")
    assert "A &lt;i&gt;secret&lt;/i&gt; matter." in mei.text, "who resumes it reads why it rests"
    shown = await ada.open(grant)
    assert "It is suspended, and opens nothing, since" in shown
    assert "dac@bank.example" in shown
    assert "secret" not in shown
    assert "broker get" not in shown


async def test_the_committee_reads_for_how_long_more_time_is_asked(s: Site) -> None:
    _, review = await applied(s)
    mei, ada = Browser(s, "mei"), Browser(s, "ada")
    await decided(mei, review, "approve")
    (grant,) = mei.links("/grants/")
    await ada.open(grant)
    text = await ada.send(grant, do="renew", months="17", summary="Why.", none_yet="In review.")
    assert ada.status == 409, "nothing was signed"
    await ada.send(grant, do="renew", months="17", summary="Why.", none_yet="In review.", none_signed="yes")
    assert ada.status == 200, text
    assert "For how many more months, from the answer: 17" in await mei.open(grant)


async def test_who_answers_in_the_thread_stays_on_their_own_page_and_nothing_refused_is_changed(s: Site) -> None:
    application, review = await applied(s)
    mei, ada = Browser(s, "mei"), Browser(s, "ada")
    await ada.open(application)
    await ada.send(review, do="remark", text="Of the left side.")
    assert ada.path == application
    assert "Of the left side." in ada.text
    await mei.open(review)
    await mei.send(review, do="remark", text="Thank you.", to="everybody")
    assert mei.path == review
    await decided(mei, review, "reject")
    await ada.open(application)
    assert not ada.links(f"{application}/amend"), "nothing was approved that could be changed"
    assert await second_first(s, mei) == ["Second", "Hearts"], "what is over comes last"


async def second_first(s: Site, mei: Browser) -> list[str]:
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **(HEARTS | {"benefit": "Health.", "title": "Second"}))
    review = re.findall('action="(/reviews/[^"]+)"', ada.text)[0]
    await mei.open(review)
    await mei.send(review, do="return", text="Which hearts?")  # the clock stands still: neither has a day
    return re.findall(r'<a href="/reviews/[^"]+">(\w+)', await mei.open("/reviews"))


async def test_a_complaint_that_is_sent_twice_is_one_and_its_key_is_told_both_times(s: Site) -> None:
    nobody = Browser(s, "")
    (blank,) = re.findall('name="blank" value="([^"]+)"', await nobody.open("/complain"))
    assert blank not in await nobody.open("/complain")
    sent = {"token": "", "blank": blank, "text": "Nobody asked me."}
    shown = await asyncio.gather(*(Browser(s, "").send("/complain", **sent) for _ in range(2)))
    (case,) = cases(s)
    told = [re.findall("<dd><code>([^<]+)</code></dd>", text) for text in shown]
    assert told == [[case.id, blank]] * 2
    await nobody.send("/complain", **sent | {"text": "And nobody asked her."})
    other = re.findall("<dd><code>([^<]+)</code></dd>", nobody.text)
    assert len(cases(s)) == 2, "what was written anew is another one"
    assert blank not in other
    await nobody.send("/complain", token="", blank="1", text="A key that can be guessed.")
    assert len(re.findall("<code>([A-Za-z0-9_-]{43})</code>", nobody.text)) == 1


async def test_who_stops_uses_ticks_them_and_what_was_written_of_an_incident_stays(s: Site) -> None:
    _, review = await applied(s)
    mei, lee = Browser(s, "mei"), Browser(s, "lee")
    await decided(mei, review, "approve")
    grant = mei.links("/grants/")[0].rpartition("/")[2]
    await lee.open("/incidents")
    await lee.send("/incidents", do="report", dataset=b.HEART, text="A disk was lost.", noticed="2027-01-14")
    text = await mei.open("/incidents")
    (number,) = set(re.findall('name="incident" value="([^"]+)"', text))
    assert re.findall('type="checkbox" name="grants" value="([^"]+)"', text) == [grant]
    assert "faculty@rhine.example" in text
    ada = Browser(s, "ada")
    assert 'name="grants"' not in await ada.open("/incidents")
    text = await mei.send("/incidents", do="freeze", incident=number, text="It may be <b>theirs</b>.")
    assert "Tick which grants to suspend." in text
    assert ">It may be &lt;b&gt;theirs&lt;/b&gt;.</textarea>" in text
    text = await mei.send("/incidents", do="freeze", incident=number, grants=grant, text=" ")
    assert mei.status == 409
    assert re.findall('name="grants" value="([^"]+)" checked', text) == [grant]
    text = await mei.send("/incidents", do="freeze", incident=number, grants=grant, text="It may be theirs.")
    assert mei.status == 200
    assert "No grant for these data is in force" in text
    assert "It is suspended" in await ada.open(f"/grants/{grant}")


async def test_who_stepped_aside_reads_that_they_did_and_the_others_that_somebody_did(s: Site) -> None:
    _, review = await applied(s)
    mei = Browser(s, "mei")
    await mei.open(review)
    text = await mei.send(review, do="step_aside", ground="We publish together.")
    assert "You take no part in it." in text
    assert re.findall('name="do" value="([a-z_]+)"', text) == []
    assert "A member stepped aside for an interest of their own" in text
    assert "We publish together" not in text


@pytest.mark.row("WF-GRANT-TOLD")
async def test_a_grant_that_was_ended_says_since_when_and_what_its_holder_does_now(s: Site) -> None:
    application, review = await applied(s)
    mei, ada = Browser(s, "mei"), Browser(s, "ada")
    await decided(mei, review, "approve")
    path = mei.links("/grants/")[0]
    await mei.open(path)
    text = await mei.send(path, do="revoke", ground="Data were passed on.")
    assert "It was ended, and opens nothing, since" in text
    assert "Data were passed on." in text
    text = await ada.open(path)
    assert "It was ended, and opens nothing, since" in text
    assert "Destroy the copies, and say below what became of them." in text
    assert "Data were passed on." not in text, "what the committee wrote for itself"
    told = {"summary": "Nothing was found.", "destroyed": "All of them.", "none_yet": "Too soon.", "none_signed": "yes"}
    await ada.send(path, do="close", attested="yes", **told)
    assert "Closed" in ada.text
    steps = ["approved", "ended by the committee", "closed by its holder, who attested what became of the copies"]
    for who, seen in ((ada, (path, application, "/applications", "/grants")), (mei, (path, review))):
        for page in seen:
            found = re.findall("<time[^>]*>[^<]*</time>: ([^<;]+)", await who.open(page))
            assert [one.strip(". \n") for one in found if one.strip(". \n") in steps] == steps, page
            assert ("Data were passed on." in who.text) is (who is mei)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"do": "close", "summary": "Fin.", "destroyed": "Todo."}, "Marque que lo que dice de las copias es verdad"),
        ({"do": "close", "summary": "Fin.", "attested": "yes", "none_yet": "No.", "none_signed": "yes"}, "qué copias se destruyeron"),
        ({"do": "close", "summary": "Fin.", "destroyed": "Todo.", "attested": "yes", "none_yet": "No."}, "Marque que firma"),
        ({"do": "renew", "summary": "Fin.", "months": "doce"}, "cuántos meses más, en números enteros"),
        ({"do": "renew", "months": "12", "incidents": "Fin."}, "Diga qué se hizo con los datos"),
        ({"do": "publish", "doi": "10.1234/abcd", "title": "Fin."}, "las palabras con que nombra los datos"),
        ({"do": "publish", "doi": "mi artículo", "title": "Fin.", "attribution": "Fin."}, "Un DOI es como 10.1234/abcd"),
    ],
)  # fmt: skip
async def test_what_is_missing_on_a_grant_is_said_in_ones_own_language(
    s: Site, fields: dict[str, str], says: str
) -> None:
    _, review = await applied(s)
    mei, ada = Browser(s, "mei"), Browser(s, "ada", "es")
    await decided(mei, review, "approve")
    (grant,) = mei.links("/grants/")
    await ada.open(grant)
    text = await ada.send(grant, **fields)
    (alert,) = re.findall('role="alert"[^>]*>([^<]+)<', text)
    assert (ada.status, says in alert) == (409, True), alert
    assert not re.search(": [a-z]+ [a-z]+ [a-z]", alert), "no member of a program"
    assert "Fin." in text[text.index("<form") :]
