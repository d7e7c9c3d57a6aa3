"""Administrators find whom they mean by what is known outside; nobody else reads a name, and no participant is found."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.core.audit.entry import Entry, pseudonym
from broker.core.ids import Issuer, PersonId
from broker.core.rows import Identity, IdentityProvider, Organisation, Person, Row, Sanction, Session
from broker.core.rows.identity import identity_id
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site
from tests.web.test_punishing_page import ROLES, WARN
from tests.web.test_sanctions_over_http import role

RUNNING, SANCTIONS = "/admin/running", "/admin/sanctions"
NAMES = {"ida": "Ida <b>Berg", "idabel": "Idabel Stone", "gone": "Ida Gone"}
TYPED = ["berg", "IDA <B>BERG", "faculty@berg.example", "ida@home"]
STUDY = Issuer("https://study.example")


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    rows: list[Row] = [role(f"usr_{name}", word) for name, word in ROLES.items()]
    for name in (*ROLES, *NAMES, "pia", "far"):
        rows.append(Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START))
        rows += [browser_session(name)] if name in ROLES else []
    for name, called in NAMES.items():
        known = ((Issuer(b.HOME), f"{name}@home"),)
        where = ("faculty@berg.example",) if name == "ida" else ()
        ended = Seconds(START) if name == "gone" else None
        session = browser_session(name, affiliations=where, identities=known, ended=ended)
        rows.append(replace(session, name=called))
    rows.append(browser_session("pia", idp=STUDY, identities=((STUDY, "P-1"),)))
    home = IdentityProvider(id=Issuer(b.HOME), slug="home", name="Home uni", client_id="us", client_secret="s")
    study = IdentityProvider(
        id=STUDY, slug="study", name="The study", audience="participant", client_id="us", client_secret="s"
    )
    for iss, sub, person in ((Issuer(b.HOME), "far@home", "usr_far"), (STUDY, "P-1", "usr_pia")):
        rows.append(Identity(id=identity_id(iss, sub), person=PersonId(person), iss=iss, sub=sub))
    async with site(tmp_path, *rows, home, study) as made:
        yield made


async def steps(s: Site) -> list[Sanction]:
    return [row async for row in s.stage.world.rows.scan(Sanction)]


async def impose(who: Browser, **changes: str) -> str:
    """A form of its own each time, as far as nobody says otherwise."""
    text = await who.open(SANCTIONS)
    once = re.findall(r'name="once" value="([^"]+)"', text)[0]
    return await who.send(SANCTIONS, **(WARN | {"once": once} | changes))


async def look(who: Browser, person: str, home: str = "") -> str:
    await who.open(RUNNING)
    return await who.send(RUNNING, do="find", person=person, home=home)


def looks(s: Site) -> list[Entry]:
    return [one for one in s.stage.ledger.entries if one.kind == "person.looked_for"]


@pytest.mark.row("PAG-FIND")
async def test_who_looked_is_on_record_with_whom_they_found_and_without_what_they_typed(s: Site) -> None:
    root, lex, eve = (Browser(s, name) for name in ("root", "lex", "eve"))
    issuer = s.stage.world.issuer
    await look(root, "berg")
    await look(root, "Nobody Known")
    await look(eve, "usr_ida")
    await impose(lex, whom="Idabel Stone")
    names = [pseudonym("dd" * 32, issuer, f"usr_{name}") for name in ("root", "root", "eve", "lex")]
    assert [one.who for one in looks(s)] == names
    found = [
        {"role": role, "found": 1, "people": (pseudonym("dd" * 32, issuer, f"usr_{name}"),)}
        for name, role in (("ida", "admin"), ("ida", "auditor"), ("idabel", "legal_officer"))
    ]
    told = [{name: value for name, value in one.about.items() if name != "http_request"} for one in looks(s)]
    assert told == [found[0], {"role": "admin", "found": 0}, *found[1:]]
    assert "berg" not in str(s.stage.ledger.entries).lower()
    await look(root, " ")
    assert len(looks(s)) == 4, "nobody was looked for"


@pytest.mark.row("PAG-FIND")
async def test_nobody_is_told_of_where_it_cannot_be_put_on_record(s: Site) -> None:
    root = Browser(s, "root")
    await root.open(RUNNING)
    s.stage.ledger.failed = True
    shown = await root.send(RUNNING, do="find", person="berg")
    assert (root.status, "Ida &lt;" in shown, "usr_ida" in shown) == (503, False, False)


@pytest.mark.row("PAG-FIND")
async def test_whom_somebody_looks_for_stands_in_no_address(s: Site) -> None:
    root = Browser(s, "root")
    for query in ("?person=berg", "?person=usr_ida", "?do=find&person=berg"):
        assert "Ida &lt;" not in await root.open(RUNNING + query)
    assert looks(s) == []
    await look(root, "berg")
    assert root.path == RUNNING
    assert root.links("/admin/running?") == []


@pytest.mark.row("PAG-FIND")
@pytest.mark.parametrize("typed", TYPED)
async def test_a_session_is_found_by_what_is_known_of_somebody_and_ended(s: Site, typed: str) -> None:
    root = Browser(s, "root")
    shown = await look(root, typed)
    assert "Ida &lt;b&gt;Berg" in shown
    assert "Home uni" in shown
    (id,) = re.findall('name="person" value="([^"]+)"', shown)
    shown = await look(root, id)
    (session,) = [one async for one in s.stage.world.rows.find(Session, "person", "usr_ida")]
    assert f'value="{session.id}"' in shown
    await root.send(RUNNING, do="end", value=session.id, ground="Stolen.")
    assert s.stage.live.current().revoked("session", session.id, s.stage.clock.now())


@pytest.mark.row("PAG-FIND")
async def test_who_is_not_signed_in_is_found_by_what_they_are_called_at_home(s: Site) -> None:
    root = Browser(s, "root")
    assert "usr_far" in await look(root, "far@home")
    assert "usr_far" not in await look(root, "far@home", "https://elsewhere.example")
    assert "not signed in now" in await look(root, "usr_far")
    assert "Ida Gone" not in await look(root, "gone"), "of a session that ended no name is told"


@pytest.mark.row("PAG-FIND")
@pytest.mark.parametrize(("typed", "home"), [("P-1", ""), ("P-1", "https://study.example"), ("study", "")])
async def test_no_participant_is_found_by_their_number(s: Site, typed: str, home: str) -> None:
    root = Browser(s, "root")
    shown = await look(root, typed, home)
    assert "usr_pia" not in shown
    assert "The study" not in shown
    assert "usr_pia" not in await impose(root, whom=typed)


@pytest.mark.row("PAG-FIND")
async def test_nobody_is_sanctioned_before_they_were_chosen(s: Site) -> None:
    lex = Browser(s, "lex")
    shown = await impose(lex, whom="ida")
    assert lex.status == 409
    assert not await steps(s)
    assert "Ida &lt;b&gt;Berg" in shown
    assert "Idabel" in shown
    assert 'value="ida"' in shown, "nothing typed is lost"
    await impose(lex, whom="idabel", meant="ida", chosen="usr_ida")
    assert not await steps(s), "chosen for other words than those that are typed now"
    await impose(lex, whom="ida", meant="ida", chosen="usr_ida")
    (made,) = await steps(s)
    assert (made.whom, made.kind) == ("usr_ida", "person")


@pytest.mark.row("PAG-FIND")
async def test_one_person_of_that_name_is_chosen_too(s: Site) -> None:
    shown = await impose(Browser(s, "root"), whom="Idabel Stone")
    assert not await steps(s)
    assert 'value="usr_idabel"' in shown


@pytest.mark.row("PAG-FIND")
async def test_an_organisation_is_found_by_its_name_and_called_by_it(s: Site) -> None:
    root, row = Browser(s, "root"), s.stage.live.current().all(Organisation)[0]
    part = row.name[:5].upper()
    shown = await impose(root, kind="organisation", whom=part)
    assert f'value="{row.id}"' in shown
    assert not await steps(s)
    shown = await impose(root, kind="organisation", whom=part, meant=part, chosen=row.id)
    (made,) = await steps(s)
    assert made.whom == row.id
    assert f": {row.name} <small><code>{row.id}</code></small></h2>" in shown


@pytest.mark.row("PAG-FIND")
async def test_whoever_may_not_stop_people_reads_no_names(s: Site) -> None:
    eve = Browser(s, "eve")
    for asked in ("berg", "usr_ida"):
        assert "Ida &lt;" not in await look(eve, asked)
    for name in ("eve", "sam"):
        other = Browser(s, name)
        await other.open("/identities")
        answers = set()
        for one in ("berg", "nobody"):
            await other.open("/identities")
            shown = await other.send(SANCTIONS, **WARN | {"whom": one})
            answers.add((other.status, *re.findall(r'class="wrong">([^<]+)', shown)))
        assert len(answers) == 1, "not even whether there is somebody of that name"
    assert not await steps(s)
