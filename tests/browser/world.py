"""A broker in which something of everything has happened, so that each page has what it can show."""

import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from broker.core.access.states import State
from broker.core.administration import ref
from broker.core.audit.note import Signer
from broker.core.consent.model import CommunityDecision, Scope
from broker.core.ids import ClientId, GrantId, PersonId, RequestId, SubjectRef
from broker.core.oidc.opaque import stored_id
from broker.core.rows import Alert, Approval, Client, Person, Role, Row, SigningKey, Trace
from broker.core.rows.safeguards import StigmaPolicy
from broker.core.time import Seconds
from broker.web.state import BROKER
from tests import builders as b
from tests.certificates import contexts
from tests.desk import BASE, EU, desk, first_packs
from tests.fakes import START, MemoryChanges
from tests.web.browsing import Browser, browser_session
from tests.web.site import BACK, PORTAL, Site, opened, site
from tests.web.test_adding_by_address import GOOD
from tests.web.test_admin import EGA, FORMS, es256, jwks
from tests.web.test_admin_pages import SANCTION
from tests.web.test_attached_files import PDF, sends
from tests.web.test_devices import CLI, COMPUTER
from tests.web.test_receipt_page import KEY, PRIVATE
from tests.web.test_workflow_pages import HEARTS, committee
from tests.web.upstream import Home, upstreams

ROLES = {
    "ada": "", "mei": "committee_chair", "lee": "committee_member", "max": "", "viv": "complaints_officer",
    "root": "admin", "eve": "auditor", "lex": "legal_officer", "sam": "", "eli": "community_authority",
    "kim": "custodian", "eth": "ethics_committee",
}  # fmt: skip
"""Who sits before a browser, and as what. Pia and Paul are participants; so is who has withdrawn everything, gone."""
HOMES = [Home(slug=f"uni-{n}", row={"name": f"University {n}"}) for n in range(9)]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
"""People write words that no line has room for."""
PAPERS = HEARTS | {
    "title": "Why hearts fail", "statement": f"Why hearts fail. {LONG}", "benefit": "Fewer of them do.",
    "diseases": "MONDO:0005021",
}  # fmt: skip
_ABROAD = {"countries": "DE\nFR"}
SIDES = {"risk_of_use": "Little.", "risk_of_non_use": "Much.", "benefit": "Health.", "to_whom": "To all."}
REPORT = {"summary": "We found why.", "none_yet": "It is in review.", "none_signed": "yes", "months": "12"}
_GONE = SubjectRef("sub_gone")
_DAY = 86_400
_LAPTOP = Client(
    id=ClientId("laptop"), name=f"Laptop {LONG}", auth_method="private_key_jwt", parent=PORTAL.id, owner=b.ADA,
    created=START,
)  # fmt: skip
_KEPT = Approval(
    id="kept", person=b.ADA, client=PORTAL.id, scope=frozenset({"openid"}), claims=frozenset(), released=None,
    since=START,
)  # fmt: skip
_COMMUNITY = b.consent(SubjectRef("com_1"), consent_id="com", level="community", community=CommunityDecision(
    authority="The elders", rule="a quorum of elders", members="people of the valley", decision="approved",
    local_only=False, labels=("TK Attribution",), benefit_terms="A clinic."))  # fmt: skip
_PIA = b.consent(
    scope=Scope(permissions=b.codes("DUO:0000042"), answers={"recontact": "ask"}), community_refs=("com_1",)
)


def _rows() -> list[Row]:
    paul = Person(id=PersonId("usr_paul"), log_key="dd" * 32, created=START, subject=b.PAUL)
    made: list[Row] = [
        paul,
        replace(paul, id=PersonId("usr_gone"), subject=_GONE),
        b.consent(_GONE),
        browser_session("paul"),
        browser_session("gone"),
        browser_session("pia"),
        SANCTION,
        PORTAL,
        CLI,
        _LAPTOP,
        _KEPT,
        _COMMUNITY,
    ]
    for name, role in ROLES.items():
        affiliations = ("faculty@rhine.example",) if name == "ada" else ()
        made += [
            Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START),
            browser_session(name, affiliations=affiliations),
        ]
        scope = f"committee:{b.DAC}" if role.startswith("committee") else "service"
        scope = "community:com_1" if role == "community_authority" else scope
        made += [Role(id=f"r-{name}", role=role, scope=scope, iss=b.HOME, sub=name)] if role else []
    asked = b.request(purpose=replace(b.PURPOSE, recontact=True, user="https://home.example|ada"))
    no = b.request(id=RequestId("req_no"), state=State.REJECTED, decision="dec_no", decided_by="usr_mei")
    ended = b.grant(id=GrantId("gra_old"), request=RequestId("req_old"), ends=Seconds(START - 1))
    alert = Alert(
        id="alt_1", grant=b.GRANT, dataset=b.HEART, rule="countries_a_day", day=20_000, found=3, limit=2, raised=START,
        countries=("DE", "FR", "US"), held=True,
    )  # fmt: skip
    told = replace(
        alert, id="alt_2", rule="bytes_in_all", found=3000, limit=2000, countries=(), held=False, state="closed",
        closed=START, ground=f"A mirror of ours. {LONG}",
    )  # fmt: skip
    trace = Trace(id="dec_no", at=START, person=b.ADA)  # type: ignore[arg-type]
    keys = [
        SigningKey(id=f"{name}-{'x' * 39}", use=use, made=Seconds(begins - 600), begins=Seconds(begins))
        for name, use, begins in (
            ("old", "visa", START - 90 * _DAY),
            ("new", "visa", START - _DAY),
            ("r", "log", START),
        )
    ]
    return [*made, asked, no, trace, ended, alert, told, *keys, *(home.provider for home in HOMES)]


@asynccontextmanager
async def lived_in(folder: Path) -> AsyncIterator[tuple[Site, dict[str, str]]]:
    """The site over TLS, and the names of what happened there, for the addresses of pages."""
    server, client = contexts(folder)
    client.check_hostname = False
    agreed = StigmaPolicy(co_authors=("People of the valley",), on=date(2025, 1, 1), review_on=date(2026, 1, 1))
    safeguards = replace(b.SAFEGUARDS, stigma_policy=agreed)
    about = b.dataset(title=f"Hearts of the valley {LONG}", safeguards=safeguards)
    grant = b.grant(ends=Seconds(START + 60 * _DAY))
    async with site(
        folder, *_rows(), tls=(server, client), committee=committee(2), pia=_PIA, dataset=about, grant=grant
    ) as s:
        upstreams(s, *HOMES)
        packs = await desk(s.stage, folder / "packs", first_packs(folder / "packs" / "first"))
        broker = s.http.app[BROKER]
        administration = replace(broker.administration, sets=packs.sets)
        s.http.app._state[BROKER] = replace(broker, administration=administration)
        yield s, await _happened(s)


async def _happened(s: Site) -> dict[str, str]:
    path, headers = await opened(s)
    await (await s.http.get(path, headers=headers)).read()
    refused = await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers("usr_mei"))
    log: Any = MemoryChanges(s.stage.ledger, signer=Signer(KEY, PRIVATE.sign))
    s.http.app._state[BROKER] = replace(s.http.app[BROKER], audit=log)
    names = {
        "receipt": next(one.id for one in s.stage.ledger.entries if one.kind == "download.authorised"),
        "grant": str(b.GRANT), "ended": "gra_old", "dataset": quote(b.HEART), "consent": f"con-{b.PIA}",
        "version": b.rules().packs["eu-gdpr-ch5"].version, "authorize": authorize(), "refused": refused.headers["Decision-Id"],
    }  # fmt: skip
    await _found(s)
    await _published(s)
    await _took_back(s)
    return names | await _applied(s) | await _went_wrong(s) | await _administered(s) | await _signed_in(s)


async def _published(s: Site) -> None:
    """Two papers, of which one does not name the data as they ask."""
    ada, path = Browser(s, "ada"), f"/grants/{b.GRANT}"
    for doi, words in (("10.1234/hearts", f"Data: {b.HEART}"), ("10.1234/second", f"A biobank. {LONG}")):
        await ada.open(path)
        await ada.send(path, do="publish", doi=doi, title=f"Why hearts fail {LONG}", attribution=words)
    assert ada.status == 200, ada.text


async def _took_back(s: Site) -> None:
    """A participant who has withdrawn all that there is."""
    gone, path = Browser(s, "gone"), "/my-data/withdrawal"
    await gone.open(path)
    await gone.send(path, kind="no_further_use")
    assert gone.status == 200, gone.text


async def _found(s: Site) -> None:
    """Ada found something about Pia twice; an ethics committee has to say whether one of them goes on."""
    ada, kim, path = Browser(s, "ada"), Browser(s, "kim"), f"/grants/{b.GRANT}/findings"
    for text in (f"A variant of BRCA1. {LONG}", "Long QT."):
        await ada.open(path)
        await ada.send(path, do="report", subject=b.PIA, text=text, onset="adult", actionable="yes")
    await kim.open("/findings")
    number = re.findall(r'name="finding" value="(rsl_[^"]+)"', kim.text)[0]
    await kim.send(
        "/findings", do="validate", finding=number, onset="adult", actionable="yes", text=f"Seen again. {LONG}"
    )


async def _applied(s: Site) -> dict[str, str]:
    ada, mei, lee, max_ = (Browser(s, name) for name in ("ada", "mei", "lee", "max"))
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="save", **PAPERS)
    draft = re.findall(r'name="draft" value="(dra_[^"]+)"', ada.text)[0]
    names = {"draft": draft}
    for stage in ("waiting", "returned", "answered"):
        await ada.open("/applications/new")
        await ada.send("/applications/new", do="submit", **PAPERS | (_ABROAD if stage == "waiting" else {}))
        names[stage] = ada.path.rsplit("/", 1)[1]
        names[f"{stage}_review"] = _application(s, names[stage])
    assert (await sends(s, ada, f"/applications/{names['waiting']}", PDF, f"Approval {LONG}.pdf")).status == 303
    await _objected(s, names["waiting_review"])
    path = f"/reviews/{names['waiting_review']}"
    await mei.open(path)
    await mei.send(path, do="invite", person="usr_max", part="reviewer")
    await lee.open(path)
    await lee.send(path, do="remark", text=f"Who pays? {LONG}", to="everybody")
    await lee.send(path, do="assess", dataset=b.HEART, **SIDES)
    await lee.send(path, do="vote", dataset=b.HEART, choice="yes", ground="Fine.")
    assert path in await max_.open("/reviews")
    path = f"/reviews/{names['returned_review']}"
    await lee.open(path)
    await lee.send(path, do="return", text="Which hearts?", about="statement")
    await _together(s, names)
    await ada.open(f"/grants/{b.GRANT}")
    await ada.send(f"/grants/{b.GRANT}", do="renew", **REPORT)
    assert ada.status == 200, ada.text
    return names


async def _objected(s: Site, review: str) -> None:
    """A community's authority objects to a request that crosses a border."""
    s.stage.clock.advance(1)
    eli, text = Browser(s, "eli"), f"Nobody asked the elders. {LONG}"
    asked = next(row for row in s.stage.live.current().requests_for(b.HEART) if row.review == review)
    await eli.open("/community")
    await eli.send("/community", do="comment", request=asked.id, side="community:com_1", kind="objection", text=text)
    assert "Nobody asked the elders" in eli.text, eli.text


async def _together(s: Site, names: dict[str, str]) -> None:
    """Sam joins an application; it is approved for Ada, and not for Sam."""
    ada, sam, mei, lee = (Browser(s, name) for name in ("ada", "sam", "mei", "lee"))
    here = f"/applications/{names['answered']}"
    await ada.open(here)
    code = re.findall(r"<code>([A-Za-z0-9_-]{43})</code>", await ada.send(f"{here}/people", do="bring"))[0]
    await sam.open("/join")
    await sam.send("/join", code=code, do="join")
    path = f"/reviews/{names['answered_review']}"
    await lee.open(path)
    await lee.send(path, do="assess", dataset=b.HEART, **SIDES)
    for member, choice in ((lee, "yes"), (mei, "no")):
        await member.open(path)
        await member.send(path, do="vote", dataset=b.HEART, choice=choice, ground="So I think.")
    for row in s.stage.live.current().requests_for(b.HEART):
        if row.review == names["answered_review"]:
            answer = "approve" if row.person == b.ADA else "reject"
            await mei.send(path, do="decide", request=row.id, answer=answer, ground="We were of two minds.")
    given = [row.state for row in s.stage.live.current().requests_of(b.ADA) if row.review == names["answered_review"]]
    assert given == [State.APPROVED], mei.text


def _application(s: Site, id: str) -> str:
    row = next(one for one in s.stage.live.current().applications_of(b.ADA) if one.id == id)
    return str(row.reviews[0])


async def _went_wrong(s: Site) -> dict[str, str]:
    ada, lee, stranger, viv = (Browser(s, name) for name in ("ada", "lee", "", "viv"))
    for text in ("A disk was lost.", "A laptop was stolen."):
        await ada.open("/incidents")
        await ada.send("/incidents", do="report", dataset=b.HEART, text=text, noticed="2027-01-14")
    await lee.open("/incidents")
    number = re.findall(r'name="incident" value="(inc_[^"]+)"', lee.text)[0]
    for step in ("investigate", "decide", "inform", "publish"):
        await lee.open("/incidents")
        await lee.send("/incidents", do=step, incident=number, text=f"{step}: a disk was found.")
    await stranger.open("/complain")
    await stranger.send("/complain", token="", about=b.HEART, text="Nobody asked me.")
    case = re.findall(r"<code>(cas_[^<]+)</code>", stranger.text)[0]
    await ada.open("/cases")
    await ada.send("/cases", token=re.findall(r'name="form" value="([^"]+)"', await ada.open("/me"))[0],
                   do="challenge", request="req_no", kind="appeal", text="I do not agree.")  # fmt: skip
    assert case in await viv.open("/cases")
    return {"case": case}


async def _administered(s: Site) -> dict[str, str]:
    root = Browser(s, "root")
    for noun, form in FORMS.items():
        await root.open(f"/admin/{noun}")
        await root.send(f"/admin/{noun}", do="add", row=json.dumps(form))
    documents = s.stage.probe.documents
    for there in ("https://new.example", "https://college.example"):
        documents[f"{there}/.well-known/openid-configuration"] = json.dumps(GOOD | {
            "issuer": there, "jwks_uri": f"{there}/keys", "authorization_endpoint": there, "token_endpoint": there,
        }).encode()  # fmt: skip
        documents[f"{there}/keys"] = jwks(es256("one"), {"kty": "RSA", "kid": "two", "n": "AQAB", "e": "AQAB"})
    return {"issuer": ref(EGA), "home": ref("https://uni.example")} | await _legislated(s)


async def _legislated(s: Site) -> dict[str, str]:
    """One change of the law is being written, one waits for a second person and was tried, one was given up."""
    names, root, lex = dict[str, str](), Browser(s, "root"), Browser(s, "lex")
    for name, pack in {"draft": EU, "proposed": BASE, "given_up": "new-law"}.items():
        await root.open("/admin/packs")
        await root.send("/admin/packs", pack=pack)
        path = root.path
        names[f"{name}_pack"] = path.rsplit("/", 1)[1]
        if name == "draft":
            continue
        if name == "given_up":
            await root.send(path, do="withdraw", seen="1")
            continue
        text, cases = (_typed(root.text, field) for field in ("text", "cases"))
        text = re.sub("(?m)^version: .*$", 'version: "2027.01-example.1"', text).replace(
            "op: lt, value: 2", "op: lt, value: 4"
        )
        for before, after in (
            ("level: 3", "level: 4"),
            ("level: 2", "level: 4"),
            ("level: 1}, expect", "level: 3}, expect"),
        ):
            cases = cases.replace(before, after)
        ground = f"Copies are for the best protected only. {LONG}"
        await root.send(path, do="propose", seen="1", text=text, cases=cases, ground=ground)
        assert root.status == 200, root.text
        await lex.open(path)
        await lex.send(path, do="simulate")
        assert "usr_ada" in lex.text, lex.text
    await _consulted(s, names)
    return names


async def _consulted(s: Site, names: dict[str, str]) -> None:
    """People are asked about the proposal: one objects, and has an answer; one has none yet."""
    root, eli, sam = (Browser(s, name) for name in ("root", "eli", "sam"))
    await root.open(f"/admin/packs/{names['proposed_pack']}")
    fields = {"days": "14", "public": "yes", "communities": "com_1", "asked_ground": f"Only the best protected. {LONG}"}
    await root.send(f"/admin/packs/{names['proposed_pack']}", do="consult", **fields)
    path = root.path
    names["consultation"] = path.rsplit("/", 1)[1]
    await eli.open(path)
    await eli.send(path, do="comment", side="com_1", kind="objection", text=f"Not without the elders. {LONG}")
    said = re.findall(r'name="comment" value="(com_[^"]+)"', await root.open(path))
    await root.send(path, do="answer", comment=said[0], answer="The elders have a seat now.")
    await sam.open(path)
    await sam.send(path, do="comment", side="", kind="comment", text="Why now?")
    assert "Why now?" in sam.text, sam.text


def _typed(text: str, field: str) -> str:
    found = re.findall(rf'<textarea id="{field}"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
    return html.unescape(found[0])


async def _signed_in(s: Site) -> dict[str, str]:
    asked = {"client_id": "cli", "scope": "openid ga4gh_passport_v1", "installation": COMPUTER}
    told = await (await s.http.post("/oauth2/device_authorization", data=asked)).json()
    now, ada = s.stage.clock.now(), browser_session("ada")
    proof = {"session": ada.id, "iss": HOMES[0].issuer, "sub": "u-1", "name": "Ada of University 0"}
    await s.stage.world.scratch.put("link_proof", stored_id("p" * 43), proof, Seconds(now + 900))
    return {"code": told["user_code"], "proof": "p" * 43}


def authorize() -> str:
    query = {
        "client_id": "portal", "redirect_uri": BACK, "response_type": "code", "scope": "openid profile", "state": "st",
        "code_challenge": "c" * 43, "code_challenge_method": "S256", "prompt": "consent",
    }  # fmt: skip
    return f"/oauth2/authorize?{urlencode(query)}"
