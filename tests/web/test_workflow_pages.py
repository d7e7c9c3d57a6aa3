"""The pages of the catalogue, of applicants and of committees: used as people use them, by links and forms alone."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from broker.core.oidc.opaque import stored_id
from broker.core.rows import Application, Committee, Grant, Person, Request, Role, Row, Session
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site, site

UNREVIEWED = {"en": "Nobody has reviewed", "es": "Nadie ha revisado"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HEARTS = {
    "datasets": b.HEART, "title": "Hearts <script>alert(1)</script>", "statement": "Why hearts fail.", "lay": "Hearts.",
    "organisation": "non_profit", "commercial": "no", "kinds": "hmb", "countries": "DE", "modality": "download",
    "no_topics": "yes", "ai_use": "none", "months": "12", "clinical_care": "no", "genetic_data": "yes",
    "linkage": "no", "recontact": "no", "publish": "yes", "return_data": "yes",
}  # fmt: skip
PEOPLE = {"ada": "", "mei": "committee_chair", "lee": "committee_member", "sam": "", "max": ""}


def rows() -> list[Row]:
    made: list[Row] = []
    for name, role in PEOPLE.items():
        made.append(Person(id=f"usr_{name}", log_key="dd" * 32, created=START))  # type: ignore[arg-type]
        made.append(
            Session(
                id=stored_id(secret(name)), person=f"usr_{name}", idp=b.HOME, identities=((b.HOME, name),),  # type: ignore[arg-type]
                auth_time=START, expires=Seconds(START + 9000), location="DE",
                affiliations=("faculty@rhine.example",) if name == "ada" else (),
            )
        )  # fmt: skip
        if role:
            made.append(Role(id=f"s-{name}", role=role, scope=f"committee:{b.DAC}", iss=b.HOME, sub=name))
    return made


def secret(name: str) -> str:
    return (name * 43)[:43]


@dataclass
class Browser:
    """One person's browser: its cookie, and what forms of the page that was shown last carry."""

    s: Site
    name: str
    path: str = ""
    text: str = ""
    status: int = 0

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"__Host-broker-session={secret(self.name)}"}

    async def open(self, path: str, **headers: str) -> str:
        answer = await self.s.http.get(path, headers=self.headers | headers, allow_redirects=False)
        return await self._shown(answer, path)

    async def send(self, action: str, **fields: str) -> str:
        """Send the form of the page that is shown; follow where it leads."""
        hidden = re.findall(r'name="form" value="([^"]+)"', self.text)
        assert hidden, "the page has no form"
        answer = await self.s.http.post(
            action, data={"form": hidden[0], **fields}, headers=self.headers | FORM, allow_redirects=False
        )
        if answer.status == 303:
            return await self.open(answer.headers["Location"])
        return await self._shown(answer, action)

    async def _shown(self, answer: Any, path: str) -> str:
        self.path, self.status, self.text = path, answer.status, await answer.text()
        if answer.content_type == "text/html" and self.status < 400:
            Sound().feed(self.text)
        return self.text


class Sound(HTMLParser):
    """Every field has a label, every id is there once, headings do not skip, nothing is inline script or style."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.labels: set[str] = set()
        self.fields: dict[str, str] = {}
        self.inside = 0
        self.level = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        assert tag != "style"
        assert tag != "script" or (dict(attrs).get("src") or "").startswith("/static/"), "no script but our own files"
        assert not [name for name in said if name.startswith("on") or name == "style"]
        if "id" in said:
            assert said["id"] not in self.ids, said["id"]
            self.ids.add(said["id"])
        if tag == "label":
            self.inside += 1
            self.labels.add(said.get("for", ""))
        if tag in ("textarea", "select") or (tag == "input" and said.get("type") != "hidden"):
            assert self.inside or said["id"] in self.labels, said
        if re.fullmatch("h[1-6]", tag):
            assert int(tag[1]) <= self.level + 1, f"{tag} after h{self.level}"
            self.level = int(tag[1])

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag == "label"


def committee(quorum: int = 1) -> Committee:
    return Committee(id=b.DAC, name="The committee", contact="dac@bank.example", voters=("bank",), quorum=quorum)


@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_life_of_an_application_by_pages_alone(tmp_path: Path, language: str) -> None:
    async with site(tmp_path, *rows(), committee=committee(2), grant=None) as s:
        ada, mei, lee, sam, asked_too = (Browser(s, name) for name in PEOPLE)
        spoken = {"Accept-Language": language}
        shown = await ada.open("/datasets", **spoken)
        assert f'lang="{language}"' in shown
        assert (UNREVIEWED[language] in shown) is (language != "en"), "a translation that nobody signed says so"
        assert b.dataset().title in shown
        link = re.findall(r'href="(/dataset\?id=[^"]+)"', shown)[0]
        shown = await ada.open(link, **spoken)
        begin = re.findall(r'href="(/applications/new\?[^"]+)"', shown)[0]
        await ada.open(begin, **spoken)
        shown = await ada.send("/applications/new", do="check", **HEARTS)
        assert "Hearts &lt;script&gt;" in shown, "what was typed is shown again, and is never code"
        draft = re.findall(r'name="draft" value="(dra_[^"]+)"', shown)[0]
        shown = await ada.send("/applications/new", do="submit", draft=draft, **HEARTS)
        assert ada.path.startswith("/applications/app_"), shown
        assert "<script>" not in shown
        assert draft not in await ada.open("/applications"), "a draft that was handed in is gone"

        shown = await lee.open("/reviews")
        path = re.findall(r'href="(/reviews/rev_[^"]+)"', shown)[0]
        await lee.open(path)
        assert "Why hearts fail." in lee.text
        await lee.send(path, do="remark", text="Who pays?", to="committee")
        await invited(mei, asked_too, path)
        await lee.send(path, do="return", text="Which hearts?")
        assert "Who pays?" in lee.text
        application = next(row for row in s.stage.live.current().applications_of(b.ADA))
        shown = await ada.open(f"/applications/{application.id}")
        assert "Which hearts?" in shown
        assert "Who pays?" not in shown
        assert "usr_lee" not in shown
        await ada.open(f"/applications/{application.id}/edit")
        assert "Why hearts fail." in ada.text
        again = {**HEARTS, "statement": "Why human hearts fail."}
        shown = await ada.send(f"/applications/{application.id}/edit", **again)
        assert "Why human hearts fail." in shown

        asked = s.stage.live.current().requests_of(b.ADA)[-1].id
        await mei.open(path)
        shown = await mei.send(path, do="decide", request=asked, answer="approve", ground="Good.")
        assert mei.status == 409
        assert 'role="alert"' in shown
        await weighed_and_put_off(ada, lee, mei, path, application.id)
        await voted(path, lee, mei)
        await mei.open(path)
        await mei.send(path, do="decide", request=asked, answer="approve", ground="Good.")
        row = s.stage.live.current().get(Request, asked)
        assert row is not None
        assert s.stage.live.current().get(Grant, row.grant or "") is not None
        assert "Good." in await ada.open(f"/applications/{application.id}")

        await not_for(sam, path, f"/applications/{application.id}")


async def invited(chair: Browser, asked: Browser, review: str) -> None:
    await chair.open(review)
    await chair.send(review, do="invite", person=f"usr_{asked.name}", part="reviewer")
    assert review in await asked.open("/reviews"), "who was asked finds it on their desk"


async def weighed_and_put_off(ada: Browser, lee: Browser, mei: Browser, path: str, application: str) -> None:
    await lee.open(path)
    shown = await lee.send(path, do="assess", dataset=b.HEART, risk_of_use="Little.", risk_of_non_use="Much.")
    assert lee.status == 409
    assert "Much." in shown, "nothing typed is lost"
    sides = {"risk_of_use": "Little.", "risk_of_non_use": "Much.", "benefit": "Health.", "to_whom": "To <all>."}
    assert "To &lt;all&gt;." in await lee.send(path, do="assess", dataset=b.HEART, **sides)
    assert "To &lt;all&gt;." not in await ada.open(f"/applications/{application}")
    await mei.open(path)
    await mei.send(path, do="delay", until="tomorrow", ground="So.")
    assert mei.status == 409
    assert "2027-02-20" in await mei.send(path, do="delay", until="2027-02-20", ground="Holidays.")
    assert "Holidays." in await ada.open(f"/applications/{application}")


async def voted(path: str, *members: Browser) -> None:
    for one in members:
        await one.open(path)
        await one.send(path, do="vote", dataset=b.HEART, choice="yes", ground="Fine.")


async def not_for(stranger: Browser, review: str, application: str) -> None:
    assert review not in await stranger.open("/reviews")
    for path in (review, application):
        await stranger.open(path)
        assert stranger.status == 404


async def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back(tmp_path: Path) -> None:
    async with site(tmp_path, *rows()) as s:
        for path in ("/applications", "/applications/new?dataset=x", "/reviews", "/reviews/rev_x"):
            answer = await s.http.get(path, allow_redirects=False)
            assert answer.status == 303
            assert answer.headers["Location"].startswith(f"/sign-in?return_to={path.split('?')[0]}")
        assert (await s.http.get("/datasets")).status == 200


@pytest.mark.parametrize("sent", [{}, {"form": "wrong"}, {"form": "x" * 64}])
async def test_a_form_that_no_page_of_ours_showed_changes_nothing(tmp_path: Path, sent: dict[str, str]) -> None:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as s:
        ada = Browser(s, "ada")
        answer = await s.http.post(
            "/applications/new", data={**HEARTS, "do": "submit", **sent}, headers=ada.headers | FORM
        )
        assert answer.status == 400
        assert s.stage.live.current().applications_of(b.ADA) == ()


async def test_a_form_that_another_session_was_shown_changes_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as s:
        ada, sam = Browser(s, "ada"), Browser(s, "sam")
        await sam.open("/applications/new")
        ada.text = sam.text
        await ada.send("/applications/new", do="submit", **HEARTS)
        assert ada.status == 400
        assert s.stage.live.current().applications_of(b.ADA) == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": " "}, "“Title of the project” is still empty."),
        ({"statement": ""}, "“What you want to do with the data, for the committee” is still empty."),
        ({"months": "soon"}, "“How many months you need the data”: Give the number of months"),
        ({"kinds": "mischief"}, "”: Choose one of the answers that are offered."),
        ({"datasets": ""}, "“The data that you ask for” is still empty."),
        ({"datasets": "https://bank.example/none"}, "nothing"),
        ({"countries": "Nowhere"}, "”: Choose each country from the list."),
        (
            {"statement": "x" * 20_001},
            "What you want to do with the data, for the committee”: A text is longer than is allowed",
        ),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    tmp_path: Path, wrong: dict[str, str], said: str
) -> None:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as s:
        ada = Browser(s, "ada")
        await ada.open("/applications/new")
        sent = {**HEARTS, "lay": "What I wrote for an hour.", **wrong}
        shown = await ada.send("/applications/new", do="submit", **sent)
        assert ada.status == 400
        assert said in shown.split('role="alert"')[1].split("</p>")[0]
        assert "What I wrote for an hour." in shown


async def test_hidden_data_are_on_no_page_for_strangers(tmp_path: Path) -> None:
    hidden = b.dataset(existence="hidden", title="The secret study")
    async with site(tmp_path, *rows(), dataset=hidden) as s:
        ada, sam = Browser(s, "ada"), Browser(s, "sam")
        assert "secret" not in await sam.open("/datasets")
        await sam.open(f"/dataset?id={b.HEART}")
        known = sam.status
        await sam.open("/dataset?id=https://bank.example/none")
        assert known == sam.status == 404
        assert "The secret study" in await ada.open("/datasets"), "who holds a grant for it knows it"


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        ("admin", "service", 200),
        ("auditor", "service", 200),
        ("custodian", f"dataset:{b.HEART}", 200),
        ("handler", f"committee:{b.DAC}", 200),
        ("custodian", "dataset:https://bank.example/other", 404),
        ("committee_chair", "committee:https://other.example", 404),
        ("complaints_officer", "service", 404),
    ],
)
async def test_whoever_answers_for_hidden_data_reads_the_page_that_a_reminder_leads_to(
    tmp_path: Path, role: str, scope: str, status: int
) -> None:
    hidden = b.dataset(existence="hidden", title="The secret study")
    held = Role(id="s-one", role=role, scope=scope, iss=b.HOME, sub="sam")
    async with site(tmp_path, *rows(), held, dataset=hidden) as s:
        sam = Browser(s, "sam")
        shown = await sam.open(f"/dataset?id={b.HEART}")
        assert (sam.status, "The secret study" in shown) == (status, status == 200)


async def test_data_are_found_by_words_and_by_what_they_may_be_used_for(tmp_path: Path) -> None:
    async with site(tmp_path, *rows()) as s:
        sam = Browser(s, "sam")
        title = b.dataset().title
        code = b.dataset().duo[0].code
        for query, there in (
            ("", True),
            (f"?q={title.upper()}", True),
            ("?q=nothing+like+it", False),
            (f"?code={code}", True),
            ("?code=DUO:0000011", code == "DUO:0000011"),
            ("?from=nonsense", True),
            ("?from=25", False),
            ("?q=%3Cscript%3E", False),
        ):
            shown = await sam.open(f"/datasets{query}")
            assert (f">{title}</a>" in shown) is there, query
            assert "<script>" not in shown


async def test_a_dataset_is_found_by_the_words_that_it_has_now(tmp_path: Path) -> None:
    for title in ("Red hearts", "Blue hearts"):
        (tmp_path / title).mkdir()
        async with site(tmp_path / title, *rows(), dataset=b.dataset(title=title)) as s:
            sam = Browser(s, "sam")
            for word in ("red", "BLUE"):
                shown = await sam.open(f"/datasets?q={word}")
                assert (f">{title}</a>" in shown) is (word.lower() in title.lower())
                assert f'value="{word}"' in shown, "what was typed stays as it was typed"


async def test_a_draft_is_written_on_and_deleted(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as s:
        ada = Browser(s, "ada")
        await ada.open("/applications/new")
        shown = await ada.send("/applications/new", do="save", title="Half a", months="not yet a number")
        draft = re.findall(r'name="draft" value="(dra_[^"]+)"', shown)[0]
        assert "not yet a number" in await ada.open(f"/applications/new?draft={draft}"), "nothing is judged in a draft"
        assert "Half a" in await ada.open("/applications")
        await ada.open(f"/applications/new?draft={draft}")
        await ada.send("/applications/new", do="delete", draft=draft)
        assert "Half a" not in ada.text
        assert not [row for row in s.stage.ledger.rows.values() if isinstance(row, Application)]


async def test_an_application_is_copied_into_a_new_one(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as s:
        ada = Browser(s, "ada")
        await ada.open("/applications/new")
        await ada.send("/applications/new", do="submit", **HEARTS)
        first = ada.path.rsplit("/", 1)[1]
        shown = await ada.open(f"/applications/new?copy={first}")
        for typed in (b.HEART, "Why hearts fail.", 'value="hmb" checked', 'value="12"'):
            assert typed in shown
        await ada.open(f"/applications/{first}")
        shown = await ada.send(f"/applications/{first}/withdrawal")
        assert f"/applications/{first}/withdrawal" not in shown
        sam = Browser(s, "sam")
        await sam.open(f"/applications/new?copy={first}")
        assert sam.status == 404
