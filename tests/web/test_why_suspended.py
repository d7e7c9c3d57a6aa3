"""Who suspends what others rest on reads first how much that is, and says why; both are there to be read afterwards."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.core.administration import ref
from broker.core.ids import ClientId, Issuer, PersonId
from broker.core.passport.visa import Visa
from broker.core.rows import Family, Gathered, Identity, IdentityProvider, Moves, PolledVisa, Row, Session
from broker.core.rows.identity import identity_id
from broker.core.rows.moves import Verb, moves_id
from broker.core.time import Seconds
from broker.flows.administer import OPERATOR, Step, move
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site
from tests.web.test_admin import EGA, FORMS, address, call
from tests.web.test_admin import role as service_role
from tests.web.test_admin_pages import PATH, added
from tests.web.test_admin_pages import rows as of_admins
from tests.web.upstream import upstreams

pytestmark = pytest.mark.row("PAG-WHY")
UNI = Issuer("https://uni.example")
LATER = Seconds(START + 5_000)
"""Nobody of HOME is meant: those who look are signed in there."""


def sign_in(name: str, **more: object) -> Session:
    return browser_session(name, idp=UNI, identities=((UNI, name),), **more)


def people() -> list[Row]:
    provider = IdentityProvider(id=UNI, slug="uni", name="The uni", client_id="us", client_secret="x" * 40)
    ids = [Identity(id=identity_id(UNI, one), person=PersonId(f"usr_{one}"), iss=UNI, sub=one) for one in ("u1", "u2")]
    other = Identity(id=identity_id(b.HOME, "u3"), person=PersonId("usr_u3"), iss=b.HOME, sub="u3")
    return [
        *of_admins(), provider, *ids, other, sign_in("u1"), sign_in("u2", ended=START), sign_in("u4", expires=START),
        sign_in("u5", task=True),
    ]  # fmt: skip


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *people()) as made:
        upstreams(made)
        yield made


async def moves(s: Site, word: str, id: str) -> Moves | None:
    return await s.stage.world.rows.get(Moves, moves_id(word, id))


def status(s: Site) -> str:
    row = s.stage.live.current().get(IdentityProvider, UNI)
    assert row is not None
    return row.status


def counts(text: str) -> dict[str, int]:
    return {name: int(n) for name, n in re.findall(r"<li>([^<:]+): (\d+)</li>", text)}


@pytest.mark.parametrize(
    ("language", "suspended", "by"), [("en", "Suspended", "an administrator"), ("es", "Suspendido", "administra")]
)
async def test_nothing_is_suspended_or_let_work_again_without_a_ground(
    s: Site, language: str, suspended: str, by: str
) -> None:
    root, page = Browser(s, "root", language), f"/admin/idps/{ref(UNI)}"
    for do, before, after in (("suspend", "active", "suspended"), ("resume", "suspended", "active")):
        await root.open(page)
        for ground in ("", " \n "):
            text = await root.send(page, do=do, ground=ground)
            assert (root.status, status(s)) == (409, before)
            assert 'role="alert"' in text
        await root.send(page, do=do, ground=f"They <i>leak</i>: {do}.")
        assert (root.status, status(s)) == (200, after)
    assert root.text.index("&lt;i&gt;leak&lt;/i&gt;: resume.") < root.text.index("&lt;i&gt;leak&lt;/i&gt;: suspend.")
    assert f"<li>{suspended}," in root.text
    kept = await moves(s, "idp", UNI)
    assert kept is not None
    assert [(one.verb, one.by, one.role, one.at) for one in kept.moves] == [
        (verb, "usr_root", "admin", START) for verb in ("suspend", "resume")
    ]
    eve = Browser(s, "eve", language)
    assert "&lt;i&gt;leak&lt;/i&gt;: suspend." in await eve.open(page), "an auditor reads why, too"
    assert by in eve.text[eve.text.index(f"<li>{suspended}") :]


async def test_the_second_click_says_nothing_more(s: Site) -> None:
    root, page = Browser(s, "root"), f"/admin/idps/{ref(UNI)}"
    await root.open(page)
    token = re.findall(r'name="form" value="([^"]+)"', root.text)[0]
    for ground in ("First.", "Second."):
        await root.send(page, token=token, do="suspend", ground=ground)
    kept = await moves(s, "idp", UNI)
    assert kept is not None
    assert [one.ground for one in kept.moves] == ["First."]
    assert s.stage.kinds().count("idp.suspended") == 1


async def test_what_was_typed_stays_beside_its_button(s: Site) -> None:
    root, page = Browser(s, "root"), f"/admin/idps/{ref(UNI)}"
    await root.open(page)
    text = await root.send(page, do="remove", seen="99", ground="Gone <i>away</i>.")
    assert (root.status, status(s)) == (409, "active")
    assert text.count("Gone &lt;i&gt;away&lt;/i&gt;.") == 1
    assert re.search(r'id="ground-remove"[^>]*>Gone', text)


async def test_what_rests_on_a_home_organisation_is_counted_before(s: Site) -> None:
    root = Browser(s, "root")
    found = counts(await root.open(f"/admin/idps/{ref(UNI)}"))
    assert found == {
        "People": 2,
        "Sign-ins that last": 1,
        "Grants in force of these people": 0,
        "Downloads that run": 0,
    }
    eve = Browser(s, "eve")
    assert not counts(await eve.open(f"/admin/idps/{ref(UNI)}")), "who may not suspend it is not asked to"


def family(id: str, person: str, **more: object) -> Family:
    made = {
        "id": id, "client": "portal", "person": PersonId(person), "session": "s", "scope": ("openid",),
        "released": None, "auth_time": START, "expires": LATER,
    }  # fmt: skip
    return Family(**(made | more))  # type: ignore[arg-type]


async def test_what_rests_on_an_application_is_counted_before(tmp_path: Path) -> None:
    theirs = [
        family("f1", "usr_a"), family("f2", "usr_a"), family("f3", "usr_b"), family("f4", "usr_c", expires=START),
        family("f5", "usr_c", client=ClientId("other")),
    ]  # fmt: skip
    async with site(tmp_path, *of_admins(), service_role(), *theirs) as s:
        assert (await call(s, "POST", "/api/v1/clients", FORMS["clients"])).status == 201
        root = Browser(s, "root")
        found = counts(await root.open(f"/admin/clients/{ref('portal')}"))
        assert found == {"People": 2, "Times that it may act for somebody": 3, "Downloads that run": 0}


async def test_what_rests_on_an_issuer_is_counted_before(tmp_path: Path) -> None:
    held = [
        Gathered(id=f"g{n}", issuer=Issuer(iss), iss=b.HOME, sub=sub, sealed="x", fetched=START, via="push")
        for n, (iss, sub) in enumerate([(EGA, "a"), (EGA, "b"), ("https://other.example", "c")])
    ]
    visa = Visa(
        iss=EGA, sub="a", jti="j", type="ControlledAccessGrants", value="v", source="s", by=None, asserted=START,
        iat=START, exp=LATER, conditions=None, linked=(), jku=None, kid="k", key="k", algorithm="ES256", digest="d",
    )  # fmt: skip
    live = PolledVisa(id="p1", visa=visa, token="t", next=START, needed=LATER)
    asked = [live, replace(live, id="p2", state="ended")]
    async with site(tmp_path, *of_admins(), *held, *asked) as s:
        root = Browser(s, "root")
        await added(root)
        assert counts(await root.open(PATH)) == {"People": 2, "Visas that are kept here": 3, "Downloads that run": 0}


@pytest.mark.parametrize(
    ("body", "wanted", "ground"),
    [(None, 200, ""), ({}, 200, ""), ({"ground": "A leak."}, 200, "A leak."), ({"ground": ""}, 400, None), ({"why": "x"}, 400, None),
     ({"ground": " "}, 400, None)],
)  # fmt: skip
async def test_a_program_may_say_why_and_need_not(
    tmp_path: Path, body: dict[str, str] | None, wanted: int, ground: str | None
) -> None:
    async with site(tmp_path, service_role()) as s:
        assert (await call(s, "POST", "/api/v1/issuers", FORMS["issuers"])).status == 201
        assert (await call(s, "POST", address("issuers", "/suspend"), body)).status == wanted
        kept = await moves(s, "issuer", EGA)
        assert (kept.moves[0].ground if kept is not None else None) == ground


async def test_many_steps_are_kept_and_not_all_of_them(s: Site) -> None:
    for n in range(52):
        await _step(s, "suspend", f"suspend {n}")
        await _step(s, "resume", f"resume {n}")
    kept = await moves(s, "idp", UNI)
    assert kept is not None
    assert (len(kept.moves), kept.moves[-1].ground, kept.moves[0].ground) == (100, "resume 51", "suspend 2")


async def _step(s: Site, verb: Verb, ground: str) -> None:
    done = await move(s.stage.world, OPERATOR, "idps", UNI, Step(verb=verb, ground=ground), "example")
    assert isinstance(done, IdentityProvider)
