"""Whoever mends an application answers what was said at a question without leaving the form, and loses nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.core.rows import Review
from broker.core.rows.applications import Remark
from tests.web.browsing import Browser
from tests.web.site import Site, site
from tests.web.test_papers_on_pages import handed
from tests.web.test_workflow_pages import HEARTS, committee, rows

MENDED = HEARTS | {"statement": "Why human hearts fail, <half written>."}
SHOWN = "Why human hearts fail, &lt;half written&gt;."


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as made:
        yield made


async def returned(s: Site) -> tuple[Browser, Browser, str]:
    """Given back, with a question about the statement; and a word among the committee about the title."""
    ada, lee, application, review = await handed(s)
    await lee.open(review)
    await lee.send(review, do="remark", text="A dull title.", about="title", to="committee")
    await lee.send(review, do="return", text="Which hearts?", about="statement")
    return ada, lee, f"{application}/edit"


def said(s: Site) -> list[Remark]:
    (row,) = [one for one in s.stage.live.current().rows.values() if isinstance(one, Review)]
    return [one for one in row.remarks if one.part.value == "applicant"]


@pytest.mark.row("PAG-THREADS")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_an_answer_is_sent_and_the_form_goes_on(s: Site, language: str) -> None:
    ada, lee, edit = await returned(s)
    ada.language = language
    form = await ada.open(edit)
    assert form.index("Which hearts?") < form.index('name="reply.statement"') < form.index('id="lay"')
    assert "reply.title" not in form, "what is said among the committee asks for no answer"
    text = await ada.send(edit, do="reply", seen=_seen(form), **MENDED, **{"reply.statement": "Human <ones>."})
    assert (ada.status, ada.path) == (200, f"{edit}?sent=yes")
    assert SHOWN in text, "nothing is lost"
    assert text.index("Which hearts?") < text.index("Human &lt;ones&gt;.") < text.index('name="reply.statement"')
    assert "Human &lt;ones&gt;.</textarea>" not in text, "what was sent is not sent again"
    assert [(one.text, one.about) for one in said(s)] == [("Human <ones>.", "statement")]
    assert "Human &lt;ones&gt;." in await lee.open(lee.path)


@pytest.mark.row("PAG-THREADS")
async def test_a_double_click_says_it_once(s: Site) -> None:
    ada, _, edit = await returned(s)
    form = await ada.open(edit)
    sent = {**MENDED, "do": "reply", "seen": _seen(form), "reply.statement": "Human ones."}
    token = form.split('name="form" value="')[1].split('"')[0]
    for _ in range(2):
        text = await ada.send(edit, token=token, **sent)
        assert (ada.status, SHOWN in text) == (200, True)
    assert [one.text for one in said(s)] == ["Human ones."]


@pytest.mark.row("PAG-THREADS")
async def test_handing_in_sends_what_was_answered_with_it(s: Site) -> None:
    ada, _, edit = await returned(s)
    await ada.open(edit)
    await ada.send(edit, do="submit", **MENDED, **{"reply.statement": "Human ones."})
    assert ada.path == edit.removesuffix("/edit"), ada.text
    assert [one.text for one in said(s)] == ["Human ones."]
    assert SHOWN in ada.text


@pytest.mark.row("PAG-THREADS")
@pytest.mark.parametrize(
    "reply", [{"reply.title": "Is it?"}, {"reply.nothing": "x"}, {"reply.statement": "x" * 20_001}]
)
async def test_what_cannot_be_answered_is_given_back_whole(s: Site, reply: dict[str, str]) -> None:
    ada, _, edit = await returned(s)
    await ada.open(edit)
    for do in ("reply", "submit"):
        await ada.send(edit, do=do, **MENDED, **reply)
        assert (ada.status, SHOWN in ada.text) == (400, True)
    assert said(s) == []
    assert ada.path == edit


@pytest.mark.row("PAG-THREADS")
async def test_an_answer_that_is_being_written_is_kept_with_the_form(s: Site) -> None:
    ada, _, edit = await returned(s)
    form = await ada.open(edit)
    await ada.send(edit, do="save", seen=_seen(form), **MENDED, **{"reply.statement": "Human o"})
    assert "Human o</textarea>" in await ada.open(edit)
    assert said(s) == []


def _seen(form: str) -> str:
    return form.split('name="seen" value="')[1].split('"', maxsplit=1)[0]
