"""The pages of administration: walked by links and forms, and asked for by everybody who has no business there."""

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from broker.core.administration import ref
from broker.core.audit.kinds import KINDS
from broker.core.ids import PersonId
from broker.core.rows import IdentityProvider, Person, Role, Row, Sanction, VisaIssuer
from broker.core.time import Seconds
from broker.web.recent import RECENT
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site
from tests.web.test_admin import EGA, FORMS

PATH = f"/admin/issuers/{ref(EGA)}"
ROLES = {"root": "admin", "eve": "auditor", "lex": "legal_officer", "sam": ""}
SEEN = {
    "/admin": {"root", "eve", "lex"},
    "/admin/issuers": {"root"},
    "/admin/clients": {"root"},
    "/admin/sanctions": {"root", "eve", "lex"},
}
SANCTION = Sanction(
    id="san_1", case="cas_1", step="suspend_person", kind="person", whom="usr_x", ground="<i>Shared</i> a file.",
    begins=START, ends=Seconds(START + 999_999), appeal="To the panel.", role="admin", by=PersonId("usr_root"),
)  # fmt: skip


def rows() -> list[Row]:
    made: list[Row] = [SANCTION]
    for name, role in ROLES.items():
        made += [Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START), browser_session(name)]
        made += [Role(id=f"r-{name}", role=role, scope="service", iss=b.HOME, sub=name)] if role else []
    return [*made, browser_session("pia")]


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows()) as made:
        yield made


async def added(root: Browser) -> str:
    await root.open("/admin")
    await root.open(root.links("/admin/issuers")[0])
    return await root.send("/admin/issuers", do="add", row=json.dumps(FORMS["issuers"]))


@pytest.mark.row("PAG-ADMIN")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_an_issuer_is_added_suspended_and_let_in_again(s: Site, language: str) -> None:
    root = Browser(s, "root", language)
    shown = await added(root)
    assert root.status == 200, shown
    await root.open("/admin")
    await root.open(root.links(PATH)[0])
    for do, status in (("suspend", "suspended"), ("resume", "active")):
        await root.send(PATH, do=do, ground="So.")
        row = s.stage.live.current().get(VisaIssuer, EGA)
        assert row is not None
        assert row.status == status
    await root.send(PATH, do="remove", seen="1", ground="So.")
    assert root.status == 409, "another version than the one that was seen"
    await root.send(PATH, do="expel", key="no key", ground="")
    assert root.status == 409
    await root.send(PATH, do="fly")
    assert root.status == 409


@pytest.mark.row("PAG-ADMIN")
async def test_what_is_wrong_with_a_row_is_said_and_nothing_typed_is_lost(s: Site) -> None:
    root = Browser(s, "root")
    await root.open("/admin/issuers")
    for typed in ("no json", "[]", '"<script>"', '{"issuer": 1}', "{}"):
        shown = await root.send("/admin/issuers", do="add", row=typed)
        assert root.status == 400, typed
        assert "<script>" not in shown
        assert 'role="alert"' in shown
        await root.open("/admin/issuers")


@pytest.mark.row("PAG-ADMIN")
async def test_letting_in_takes_a_sign_in_of_the_last_minutes_and_stopping_takes_none(s: Site) -> None:
    root = Browser(s, "root")
    await added(root)
    await root.open(PATH)
    token = re.findall(r'name="form" value="([^"]+)"', root.text)[0]
    s.stage.clock.advance(RECENT + 1)
    await root.send(PATH, token=token, do="suspend", ground="So.")
    row = s.stage.live.current().get(VisaIssuer, EGA)
    assert row is not None
    assert row.status == "suspended"
    assert s.stage.live.current().get(IdentityProvider, b.HOME) is None
    await root.send(PATH, token=token, do="resume", ground="So.")
    assert root.status == 401
    row = s.stage.live.current().get(VisaIssuer, EGA)
    assert row is not None
    assert row.status == "suspended"


@pytest.mark.row("PAG-ADMIN")
@pytest.mark.parametrize("path", SEEN)
async def test_who_sees_which_page(s: Site, path: str) -> None:
    for name in (*ROLES, "pia"):
        browser = Browser(s, name)
        await browser.open(path)
        assert browser.status == (200 if name in SEEN[path] else 403), name
    answer = await s.http.get(path, allow_redirects=False)
    assert answer.headers["Location"].startswith("/sign-in?return_to=/admin")


@pytest.mark.row("PAG-ADMIN")
async def test_a_row_looks_the_same_to_others_whether_it_is_there_or_not(s: Site) -> None:
    root = Browser(s, "root")
    await added(root)
    for name, status in (("eve", (200, 404)), ("sam", (403, 403)), ("lex", (403, 403))):
        browser = Browser(s, name)
        told = []
        for path in (PATH, f"/admin/issuers/{ref('none')}"):
            await browser.open(path)
            told.append(browser.status)
        assert tuple(told) == status
    eve = Browser(s, "eve")
    assert "suspend" not in await eve.open(PATH)
    await root.open("/admin/people")
    assert root.status == 404


async def test_sanctions_are_told_and_lifted_by_two_roles(s: Site) -> None:
    lex = Browser(s, "lex")
    await lex.open("/admin")
    shown = await lex.open(lex.links("/admin/sanctions")[0])
    assert "&lt;i&gt;Shared&lt;/i&gt;" in shown
    await lex.send("/admin/sanctions", sanction="none", ground="So.")
    assert lex.status == 409


async def test_a_form_of_nobody_changes_nothing(s: Site) -> None:
    root = Browser(s, "root")
    await added(root)
    for path, fields in ((PATH, {"do": "suspend"}), ("/admin/sanctions", {"sanction": "san_1", "ground": "x"})):
        await root.send(path, token="f" * 64, **fields)
        assert root.status == 400
    row = s.stage.live.current().get(VisaIssuer, EGA)
    assert row is not None
    assert row.status == "active"


@pytest.mark.row("PAG-ADMIN")
async def test_an_auditor_reads_the_record_by_kind_and_nobody_else_does(s: Site) -> None:
    root, eve = Browser(s, "root"), Browser(s, "eve")
    await added(root)
    await root.open(PATH)
    await root.send(PATH, do="suspend", ground="So.")
    await eve.open("/admin")
    shown = await eve.open(eve.links("/admin/log")[0])
    assert "issuer.suspended" in shown
    assert "usr_root" not in shown, "people are in it by pseudonyms"
    assert eve.links("/audit/receipts/")
    shown = await eve.open("/admin/log?kind=issuer.suspended&before=99")
    assert shown.count("<h2>") == 1
    groups = re.findall('<optgroup label="([^"]+)">(.*?)</optgroup>', shown, re.DOTALL)
    assert '<option value="issuer.suspended" selected>' in dict(groups)["How the service is set up"]
    assert sorted(re.findall('<option value="([a-z_.]+)"', "".join(inside for _, inside in groups))) == sorted(KINDS)
    assert "Entries that fit: 1." in shown
    shown = await eve.open(f"/admin/log?id={quote(EGA)}")
    assert shown.count("<h2>") >= 2
    assert shown.count(html.escape(EGA)) > shown.count("<h2>"), "each is about that issuer; and in the field"
    assert (await eve.open("/admin/log?id=nobody-here")).count("<h2>") == 0
    await eve.open("/admin/log?before=nonsense&kind=<script>")
    assert eve.status == 200
    for name in ("root", "lex", "sam"):
        browser = Browser(s, name)
        await browser.open("/admin/log")
        assert browser.status == 403


TWO_READINGS = {"nested": "[" * 50_000, "twice": '{"id": "a", "id": "b"}', "no number": '{"id": NaN}'}


@pytest.mark.row("PAG-ADMIN")
@pytest.mark.parametrize("typed", TWO_READINGS.values(), ids=TWO_READINGS.keys())
async def test_a_row_is_read_as_strictly_as_over_the_api(s: Site, typed: str) -> None:
    root = Browser(s, "root")
    await root.open("/admin/issuers")
    shown = await root.send("/admin/issuers", do="add", row=typed)
    assert root.status == 400
    assert re.search("nested deeper|same member twice|not JSON", shown), shown
