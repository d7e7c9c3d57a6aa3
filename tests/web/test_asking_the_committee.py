"""A participant asks whoever decides about their data, on pages and over the API, and reads the answer."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests import builders as b
from tests.web.browsing import Browser, browser_session
from tests.web.site import site
from tests.web.test_my_data_pages import HOSTILE, OURS, PEOPLE, rows
from tests.web.test_workflow_pages import committee

pytestmark = pytest.mark.row("WF-QUESTION")


@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_participant_asks_and_reads_the_answer_on_their_page(tmp_path: Path, language: str) -> None:
    mei = browser_session("mei", identities=((b.HOME, "mei"),))
    data: dict[str, Any] = {"pia": OURS, "dataset": b.dataset(title=HOSTILE), "committee": committee()}
    async with site(tmp_path, *rows(), PEOPLE, mei, **data) as s:
        pia, them = Browser(s, "pia", language), Browser(s, "mei")
        await pia.open("/my-data")
        about = re.findall('name="about" value="([^"]+)"', pia.text)
        assert about == [b.HEART]
        for text in (" ", "x" * 10_001):
            shown = await pia.send("/my-data", do="ask", about=b.HEART, text=text)
            assert (pia.status, text.strip() in shown) == (409, True)
        shown = await pia.send("/my-data", do="ask", about="https://data.example/none", text="Is it <b>safe</b>?")
        assert (pia.status, "Is it &lt;b&gt;safe&lt;/b&gt;?</textarea>" in shown) == (409, True)
        shown = await pia.send("/my-data", do="ask", about=b.HEART, text="Is it <b>safe</b>?")
        assert (pia.status, "Is it &lt;b&gt;safe&lt;/b&gt;?</p>" in shown) == (200, True)
        shown = await them.open("/cases")
        assert "Is it &lt;b&gt;safe&lt;/b&gt;?" in shown
        assert not re.search("usr_pia|pia@|sub_", shown), "not who asks"
        (number,) = re.findall('name="do" value="answer"><input type="hidden" name="case" value="([^"]+)"', shown)
        assert 'name="outcome"' not in shown
        shown = await them.send("/cases", do="answer", case=number, text="")
        assert (them.status, "Is it &lt;b&gt;safe&lt;/b&gt;?" in shown) == (409, True)
        await them.send("/cases", do="answer", case=number, text="It is <i>locked</i>.")
        assert them.status == 200
        assert "It is &lt;i&gt;locked&lt;/i&gt;." in await pia.open("/my-data")
        assert "usr_mei" not in pia.text
        sam = Browser(s, "sam")
        await sam.open("/cases")
        assert "locked" not in sam.text


async def test_a_participant_asks_over_the_api_and_a_question_has_no_outcome(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(), pia=OURS) as s:

        async def call(path: str, by: str, body: dict[str, str]) -> tuple[int, Any]:
            answer = await s.http.post(f"/api/v1{path}", headers=s.headers(by), json=body)
            return answer.status, await answer.json()

        status, made = await call("/me/questions", "usr_pia", {"dataset": b.HEART, "text": "Is it safe?"})
        assert (status, made["kind"], made["stage"], made["outcome"]) == (201, "question", "received", None)
        assert (await call("/me/questions", "usr_ada", {"dataset": b.HEART, "text": "Is it safe?"}))[0] == 404
        at = f"/cases/{made['id']}/answer"
        assert (await call(at, "usr_mei", {"outcome": "upheld", "answer": "Yes."}))[0] == 400
        assert (await call(at, "usr_pia", {"answer": "Yes."}))[0] == 403
        status, told = await call(at, "usr_mei", {"answer": "Yes."})
        assert (status, told["answer"], told["stage"]) == (200, "Yes.", "answered")
