"""Both sides read the papers question by question; the committee reads beside them what each gate said, and of what."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.core.access.parts import Part
from broker.core.reasons.language import ENGLISH, Tongue
from broker.core.rows.applications import Answer, Paper, Remark
from broker.core.time import Seconds
from broker.web.pages.desk import SIDES
from broker.web.pages.paper_form import ASKED
from broker.web.pages.papers import about, of_all, told
from tests import builders as b
from tests.web.browsing import Browser
from tests.web.site import Site, site
from tests.web.test_workflow_pages import HEARTS, committee, rows

EVERY = {
    "en": (
        "Why hearts fail.", "not for profit", "health, medical or biomedical research", "None of them",
        "Will the data be used in the care of patients?",
    ),
    "es": ("Why hearts fail.", "sin ánimo de lucro"),
}  # fmt: skip


MINE, THEIRS = (
    "What you want to do with the data, for the committee",
    "What is to be done with the data, for the committee",
)


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows(), committee=committee(2), grant=None) as made:
        yield made


async def handed(s: Site, language: str = "en") -> tuple[Browser, Browser, str, str]:
    """Ada has handed in; the paths of her application and of the committee's review."""
    ada, lee = Browser(s, "ada", language), Browser(s, "lee", language)
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **HEARTS)
    (made,) = s.stage.live.current().applications_of(b.ADA)
    return ada, lee, f"/applications/{made.id}", f"/reviews/{made.reviews[0]}"


def answer(text: str, label: str) -> str:
    """What stands under a question."""
    found = re.search(rf"<dt>{re.escape(label)}</dt>(.*?)(?=<dt>|</dl>)", text, re.DOTALL)
    assert found, label
    return found[1]


@pytest.mark.row("PAG-PAPERS")
@pytest.mark.parametrize("language", EVERY)
async def test_both_sides_read_every_answer_in_words(s: Site, language: str) -> None:
    ada, lee, application, review = await handed(s, language)
    for shown in (await ada.open(application), await lee.open(review)):
        for said in EVERY[language]:
            assert said in shown
        assert "non_profit" not in re.sub("<[^>]+>", " ", shown)


@pytest.mark.row("PAG-PAPERS")
@pytest.mark.parametrize(
    ("codes", "language", "said"),
    [
        ((), "en", "This is not asked for these data."),
        (("DUO:0000021",), "en", "The applicant did not answer this."),
        ((), "es", "Esto no se pregunta para estos datos."),
        (("DUO:0000021",), "es", "Quien solicita no respondió a esto."),
    ],
)
async def test_a_question_without_an_answer_says_whether_it_was_asked(
    tmp_path: Path, codes: tuple[str, ...], language: str, said: str
) -> None:
    """An ethics approval is asked for where a dataset has the code IRB; the title, by every one."""
    dataset = b.dataset(duo=b.codes("DUO:0000042", *codes))
    question = {
        "en": "Has an ethics committee approved the project?",
        "es": "¿Ha aprobado el proyecto un comité de ética?",
    }[language]
    async with site(tmp_path, *rows(), committee=committee(2), grant=None, dataset=dataset) as s:
        ada, lee, application, review = await handed(s, language)
        for shown in (await ada.open(application), await lee.open(review)):
            assert said in answer(shown, question)
            assert said not in answer(shown, {"en": "Title of the project", "es": "Título del proyecto"}[language])


@pytest.mark.row("PAG-PAPERS")
@pytest.mark.parametrize(
    ("language", "you", "named"),
    [
        ("en", r"\byour?\b", "The applicant's institution is"),
        ("es", r"\bsu institución\b|\busted\b", "La institución"),
    ],
)
async def test_nobody_else_is_asked_what_the_applicant_was(s: Site, language: str, you: str, named: str) -> None:
    """A member of the committee who reads "Your institution is" would take it for their own."""
    ada, lee, application, review = await handed(s, language)
    mine, theirs = (
        re.findall("<dt>(.*?)</dt>", page) for page in (await ada.open(application), await lee.open(review))
    )
    assert any(re.search(you, label, re.IGNORECASE) for label in mine)
    assert [label for label in theirs if re.search(you, label, re.IGNORECASE)] == []
    assert any(html.unescape(label).startswith(named) for label in theirs)


@pytest.mark.row("PAG-PAPERS")
async def test_what_changed_is_shown_with_what_it_was(s: Site) -> None:
    ada, lee, application, review = await handed(s)
    await lee.open(review)
    await lee.send(review, do="return", text="Which <hearts>?", about="statement")
    await ada.open(f"{application}/edit")
    again = {**HEARTS, "statement": "Why human hearts fail.", "ai_use": "training"}
    await ada.send(f"{application}/edit", **again)
    mine = (MINE, "Will you train AI models with the data?", "Will you publish the results?")
    theirs = (THEIRS, "Will AI models be trained with the data?", "Will the results be published?")
    for shown, (what, models, publish) in ((await ada.open(application), mine), (await lee.open(review), theirs)):
        statement = answer(shown, what)
        assert statement.index("Why human hearts fail.") < statement.index("Why hearts fail.")
        assert "Yes, and nobody outside the project gets the models" in answer(shown, models)
        assert "Before" in answer(shown, models)
        assert "Before" not in answer(shown, publish)
        assert f"changed the last time: {what}, {models}" in shown


@pytest.mark.row("PAG-PAPERS")
async def test_what_is_said_of_a_question_stands_at_the_question(s: Site) -> None:
    ada, lee, application, review = await handed(s)
    await lee.open(review)
    await lee.send(review, do="remark", text="No country of ours.", about="countries", to="committee")
    await lee.send(review, do="remark", text="Which <hearts>?", about="statement", to="everybody")
    await ada.open(application)
    await ada.send(review, do="remark", text="Human ones.", about="statement")
    await lee.open(review)
    await lee.send(review, do="return", text="Say so, please.", about="statement")
    statement = answer(lee.text, THEIRS)
    assert statement.index("Which &lt;hearts&gt;?") < statement.index("Human ones.") < statement.index("Say so")
    assert "No country of ours." in answer(
        lee.text, "Countries where those who take part work, and where the data will be processed"
    )
    shown = await ada.open(application)
    assert "Human ones." in answer(shown, MINE)
    assert "No country of ours." not in shown, "what is said among the committee stays there"
    form = await ada.open(f"{application}/edit")
    assert form.index('id="statement"') < form.index("Say so, please.") < form.index('id="lay"')
    assert "No country of ours." not in form
    await ada.send(f"{application}/edit", **HEARTS | {"statement": ""})
    assert ada.status == 400
    assert "Say so, please." in ada.text, "also where something is wrong"


@pytest.mark.row("PAG-PAPERS", "PAG-WORDS")
async def test_the_committee_reads_each_gate_each_way_and_where_each_fact_is_from(tmp_path: Path) -> None:
    abroad = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "US", "recipient.can_sign_scc": False})
    async with site(tmp_path, *rows(), committee=committee(), grant=None, organisation=abroad) as s:
        ada, lee, application, review = await handed(s)
        shown = await lee.open(review)
        gates = shown[shown.index("What the rules say") :]
        assert re.search(
            r'<th scope="row">What the law says</th><td><strong>This stands in the way of a yes.</strong> '
            r"No vote changes this.\s*<p>No decision of the EU[^<]+\. <small><code>JUR-EU-NO-SAFEGUARD</code></small></p>"
            r"<p>It rests on these facts: [^<]*in which country the applicant&#39;s institution is: United States "
            r"\(institution registry[^<]*\)[^<]*\.</p>",
            gates,
        )
        assert re.search(r'<th scope="row">Who the applicant is</th><td>Nothing stands in the way.\s*</td>', gates)
        assert re.search(
            r'The rule behind it: <a href="/policies/eu-gdpr-ch5">Regulation[^<]+</a> \(<code>cannot-sign</code>\)\. '
            r"Rules that nearly fit: [A-Z][^<]{12,} \(<code>[a-z-]+</code>\)",
            gates,
        )
        assert '<th scope="row">Download</th><td>No</td>' in gates
        assert "<td>institution registry" in gates
        assert "your" not in gates[: gates.index("</details>")].lower(), "a committee reads of others"
        assert re.search(r'<tr class="unsure">.*?<td>the request, [^<]+, checked by nobody</td>', gates)
        assert not re.search(r"institution registry[^<]*, checked by nobody", gates)
        for word in ("genomes", "names are replaced by codes", "a university", "Download"):
            assert f"<td>{word}" in gates, word
        assert not re.search("<td>(?:genomic|pseudonymised|university|download|none)\\b", gates)
        fair = gates[gates.index("Who asks, and whose data they are") :]
        assert re.search(r"institution</dt><dd>.*?United States.*?\(income group not known\)</dd>", fair)
        assert "<td>registration of the dataset</td>" in gates
        mine = await ada.open(application)
        assert "Question by question" not in mine


REMARK = Remark(
    id="rem", person=b.MEI, part=Part.MEMBER, text="Why?", about=None, to="everybody", at=Seconds(0), turn=1
)


def test_a_question_that_the_operator_added_and_one_that_programs_name() -> None:
    paper = Paper(
        title="T", statement="S", purpose=b.PURPOSE, answers=(Answer(question="storage", asked="Where?", text="Here."),)
    )
    said = [replace(REMARK, about=name) for name in (f"{ASKED}storage", "purpose.countries", "nonsense", None)]
    found = {one["name"]: one for one in told(paper, None, said, Tongue(ENGLISH), str, (), own=False)}
    assert (found[f"{ASKED}storage"]["label"], found[f"{ASKED}storage"]["said"]) == ("Where?", ("Here.",))
    assert [len(found[name]["remarks"]) for name in (f"{ASKED}storage", "countries", "statement")] == [1, 1, 0]
    assert [one.about for one in of_all(said)] == ["nonsense", None]
    assert not about([REMARK])
    before = replace(paper, answers=())
    now = told(paper, before, (), Tongue(ENGLISH), str, (), own=False)
    assert [one["name"] for one in now if one["before"] is not None] == [f"{ASKED}storage"]


class Read(HTMLParser):
    """What a browser would show in fields and texts, and whether anything on the page is code."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = [""]
        self.code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.code |= any(name.startswith("on") for name in said) or (tag == "script" and "src" not in said)
        self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        del tag
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data


TYPED = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00\r"), min_size=1, max_size=60)
CODE = st.sampled_from(
    ["<script>", "</textarea>", "</title>", '"><img onerror=x>', "{{ x }}", "{% raw %}", "&amp;", "-->", "]]>"]
)


@pytest.mark.row("T075", "PAG-PAPERS")
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TYPED | CODE, min_size=1, max_size=4).map("".join))
async def test_whatever_somebody_types_is_read_as_they_typed_it_and_is_never_code(s: Site, typed: str) -> None:
    statement = f"a{typed}z"
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **HEARTS | {"statement": statement, "title": "T"})
    assert ada.path.startswith("/applications/app_"), ada.text
    made = next(one for one in s.stage.live.current().applications_of(b.ADA) if ada.path.endswith(one.id))
    pages = [ada.text, await ada.open(f"/applications/new?copy={made.id}")]
    pages.append(await Browser(s, "lee").open(f"/reviews/{made.reviews[0]}"))
    for text in pages:
        read = Read()
        read.feed(text)
        assert statement.strip() in [one.strip() for one in read.texts]
        assert not read.code


@pytest.mark.row("WF-OWN-WORDS")
@pytest.mark.parametrize("language", EVERY)
@pytest.mark.parametrize("step", ["vote", "approve", "reject"])
async def test_who_answers_for_a_committee_says_why_in_words_of_their_own(
    tmp_path: Path, language: str, step: str
) -> None:
    async with site(tmp_path, *rows(), committee=committee(2 if step == "vote" else 1), grant=None) as s:
        _, lee, _, review = await handed(s, language)
        shown = await lee.open(review)
        (says,) = re.findall(r"<p>([^<]*(?:Each way of access|Se preguntó por cada forma de acceso)[^<]*)</p>", shown)
        (request,) = s.stage.live.current().requests_for(b.HEART)
        sides = dict.fromkeys(SIDES, "Weighed.")
        await lee.send(review, do="assess", dataset=b.HEART, **sides)
        fields = {"do": "decide", "request": request.id, "answer": step}
        if step == "vote":
            fields = {"do": "vote", "dataset": b.HEART, "choice": "yes"}
        await lee.open(review)
        text = await lee.send(review, ground=f"  {html.unescape(says).upper()} ok", **fields)
        assert lee.status == 409
        assert {"en": "in your own words", "es": "propias palabras"}[language] in text
        own = f"{says} Their plan to lock the results away convinced us."
        await lee.send(review, ground=own, **fields)
        assert lee.status == 200, "what the rules said may be quoted, with a word of one's own"
