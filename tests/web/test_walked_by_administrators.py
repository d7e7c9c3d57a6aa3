"""Where an administrator who knew nothing was stopped: what was typed or chosen stays, and what was done is to be seen."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.core.ids import PersonId
from broker.core.passport.health import AddressHealth, IssuerReport, KeyShown
from broker.core.rows import Person, Row
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site
from tests.web.test_admin import EGA
from tests.web.test_admin_pages import PATH, added
from tests.web.test_punishing_page import PAGE, ROLES, impose, steps
from tests.web.test_sanctions_over_http import role

pytestmark = pytest.mark.row("PAG-WALKED")
KEY = KeyShown(kid="one", algorithm="ES256", thumbprint="ab" * 32)
OTHER = KeyShown(kid="two", algorithm="ES256", thumbprint="cd" * 32)


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    rows: list[Row] = [role(f"usr_{name}", word) for name, word in ROLES.items()]
    for name in ROLES:
        rows += [browser_session(name), Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START)]
    async with site(tmp_path, *rows) as made:
        yield made


async def test_a_key_that_was_expelled_is_told_to_be_and_what_was_typed_beside_another_stays(s: Site) -> None:
    root = Browser(s, "root")
    await added(root)
    reports = (IssuerReport(iss=EGA, addresses=(AddressHealth(jku=f"{EGA}/jwks", state="good", keys=(KEY, OTHER)),)),)
    s.broker.issuers.reports = lambda: reports  # type: ignore[method-assign]
    assert "Expelled on" not in await root.open(PATH)
    text = await root.send(PATH, do="expel", key="ab ab", ground="It <i>leaked</i>.")
    assert root.status == 409
    assert 'value="ab ab"' in text
    assert ">It &lt;i&gt;leaked&lt;/i&gt;.</textarea>" in text
    text = await root.send(PATH, do="expel", key=KEY.thumbprint, ground="It <i>leaked</i>.")
    rows = {kid: row for row in re.findall("<tr><th.*?</tr>", text) for kid in ("one", "two") if f">{kid}<" in row}
    assert "Expelled on" in rows["one"]
    assert "It &lt;i&gt;leaked&lt;/i&gt;." in rows["one"]
    assert "Expelled on" not in rows["two"]


async def test_whoever_was_chosen_stays_chosen_while_something_else_is_mended(s: Site) -> None:
    root = Browser(s, "root")
    ada = {"whom": "Ada", "meant": "Ada", "chosen": str(b.ADA)}
    text = await impose(root, **ada, appeal="")
    assert "is still empty" in text
    assert re.findall('name="chosen" value="([^"]+)" checked', text) == [str(b.ADA)]
    await impose(root, **ada)
    assert [one.whom for one in await steps(s)] == [str(b.ADA)]


async def test_why_a_step_is_lifted_is_said_and_not_lost(s: Site) -> None:
    root = Browser(s, "root")
    await impose(root)
    (step,) = await steps(s)
    text = await root.send(PAGE, sanction=step.id, ground=" ")
    assert "“Why (in your own words)” is still empty." in text
    assert (await steps(s))[0].lifts == ()
    await root.send(PAGE, sanction=step.id, ground="He is right.")
    text = await root.send(PAGE, sanction=step.id, ground="Once <i>more</i>.")
    assert root.status == 409, "the same person is no second role"
    assert text.count("Once &lt;i&gt;more&lt;/i&gt;.") == 1, "beside the step, and not beside another one"
