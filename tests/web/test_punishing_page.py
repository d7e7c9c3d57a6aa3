"""Taking a step of the ladder of sanctions on its page: at once, once, by who may, and nothing typed is lost."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.core.ids import PersonId
from broker.core.rows import Person, Row, Sanction
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import FORM, Browser, browser_session
from tests.web.site import Site, site
from tests.web.test_sanctions_over_http import ACCESS, role

PAGE = "/admin/sanctions"
ROLES = {"root": "admin", "lex": "legal_officer", "eve": "auditor", "sam": "committee_member"}
WARN = {
    "do": "impose", "step": "warn", "kind": "person", "whom": str(b.ADA), "ground": "Shared an <i>account</i>.",
    "ends": "2030-01-01", "appeal": "appeals@bank.example, within 30 days",
}  # fmt: skip


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    rows: list[Row] = [role(f"usr_{name}", word) for name, word in ROLES.items()]
    for name in ROLES:
        rows += [browser_session(name), Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START)]
    async with site(tmp_path, *rows) as made:
        yield made


async def steps(s: Site) -> list[Sanction]:
    return [row async for row in s.stage.world.rows.scan(Sanction)]


async def impose(who: Browser, **changes: str) -> str:
    text = await who.open(PAGE)
    once = re.findall(r'name="once" value="([^"]+)"', text)[0]
    return await who.send(PAGE, **(WARN | {"once": once} | changes))


@pytest.mark.row("WHO-3.3-4")
async def test_what_is_empty_is_called_as_on_the_page_and_nothing_typed_is_lost(s: Site) -> None:
    root = Browser(s, "root")
    await root.open(PAGE)
    shown = await impose(root, appeal="")
    assert (root.status, "“Where, and until when, it can be challenged” is still empty." in shown) == (409, True)
    assert ">Shared an &lt;i&gt;account&lt;/i&gt;.</textarea>" in shown
    assert await steps(s) == []


@pytest.mark.row("WHO-3.3-4")
async def test_a_suspension_from_the_page_ends_use_at_once(s: Site) -> None:
    root = Browser(s, "root")
    shown = await impose(root)
    assert root.path == PAGE
    assert "Shared an &lt;i&gt;account&lt;/i&gt;." in shown
    (warned,) = await steps(s)
    assert (warned.step, warned.role, warned.by) == ("warn", "admin", "usr_root")
    assert (await s.http.get(ACCESS, headers=s.headers())).status == 200
    assert f'<option value="{warned.case}">' in await root.open(PAGE), "a case is chosen, and not typed"
    await impose(root, step="suspend_person", case=warned.case)
    assert [row.case for row in await steps(s)] == [warned.case] * 2
    assert (await s.http.get(ACCESS, headers=s.headers())).status == 403


@pytest.mark.row("WHO-3.3-4")
async def test_the_same_form_sent_again_is_one_step(s: Site) -> None:
    root, lex = Browser(s, "root"), Browser(s, "lex")
    text = await root.open(PAGE)
    hidden = {name: re.findall(rf'name="{name}" value="([^"]+)"', text)[0] for name in ("once", "form")}
    sent = WARN | hidden
    answers = await asyncio.gather(
        *(s.http.post(PAGE, data=sent, headers=root.headers | FORM, allow_redirects=False) for _ in range(3))
    )
    assert {answer.status for answer in answers} <= {303, 409}
    assert len(await steps(s)) == 1
    await impose(lex, once=hidden["once"])
    assert lex.status == 409, "a form of somebody else"
    assert len(await steps(s)) == 1


@pytest.mark.row("WHO-3.3-4")
@pytest.mark.parametrize(
    "wrong",
    [
        {"step": "banish"},
        {"kind": "everybody"},
        {"step": "suspend_person"},
        {"step": "suspend_institution"},
        {"whom": "usr_nobody"},
        {"whom": ""},
        {"ground": " "},
        {"appeal": ""},
        {"ends": "soon"},
        {"ends": "2020-01-01"},
        {"case": "cas_none"},
        {"ground": "x" * 2_001},
    ],
    ids=str,
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(s: Site, wrong: dict[str, str]) -> None:
    root = Browser(s, "root")
    shown = await impose(root, **({"appeal": "Write to <us>."} | wrong))
    assert root.status == 409
    assert 'role="alert"' in shown
    assert "appeal" in wrong or "Write to &lt;us&gt;." in shown
    assert await steps(s) == []


@pytest.mark.row("WHO-3.3-4")
async def test_who_may_not_finds_no_form_and_a_form_of_theirs_does_nothing(s: Site) -> None:
    eve, sam = Browser(s, "eve"), Browser(s, "sam")
    assert 'name="do"' not in await eve.open(PAGE)
    await sam.open(PAGE)
    assert sam.status == 403
    for who in (eve, sam):
        token = re.findall(r'name="form" value="([^"]+)"', await who.open("/join"))[0]
        await who.send(PAGE, token=token, **WARN)
        assert who.status in (403, 409)
    assert await steps(s) == []
