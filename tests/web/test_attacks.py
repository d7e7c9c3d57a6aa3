"""Attacks that once worked, or nearly, over the whole edge: each is tried as the attacker would, and must fail."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from broker.core.ids import ClientId
from broker.core.oidc.opaque import stored_id
from broker.core.passport.keys import thumbprint
from broker.core.rows import Access, Client, Family, IdentityProvider, Revocation, Role, Session, Trace
from broker.core.time import Seconds
from broker.flows.visas import held_visas, mint
from tests import builders as b
from tests.fakes import START, at_once, signed
from tests.flows.worlds import ADA
from tests.web.site import BACK, CLIENT, COOKIE, PORTAL, SECRET, Site, signed_in, site

DRS = f"{b.US}/ga4gh/drs/v1"
ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"
ADAS = "fam-usr_ada"


def session() -> Session:
    made = signed_in(str(b.ADA), ("faculty@rhine.example",))[0]
    assert isinstance(made, Session)
    return made


def family(**changes: Any) -> Family:
    made = signed_in(str(b.ADA))[1]
    assert isinstance(made, Family)
    return replace(made, **changes)


def visas(s: Site) -> list[str]:
    """Every visa that Ada holds."""
    return [
        one.token for one in at_once(mint(s.stage.world, ADA, held_visas(s.stage.world, ADA, session(), START), START))
    ]


def passport(s: Site, inside: list[str], **claims: Any) -> str:
    said = {
        "iss": b.US, "sub": str(b.ADA), "aud": [DRS], "sid": ADAS, "jti": "p1", "iat": START, "exp": START + 3600,
        "ga4gh_passport_v1": inside,
    }  # fmt: skip
    return signed(s.tokens, "oidc-es256", "vnd.ga4gh.passport+jwt", said | claims)


def revoked(what: str, value: str) -> Revocation:
    return Revocation(id=f"{what}:{value}", since=START, ground="Test.")


async def shown(s: Site, *passports: str) -> tuple[int, str]:
    """What DRS says to these Passports: status and code."""
    answer = await s.http.post(ACCESS, json={"passports": passports})
    return answer.status, (await answer.json()).get("code", "")


# Tokens: for which door, of which client, with which scope.


@pytest.mark.row("T014")
async def test_a_token_for_another_door_opens_none_of_ours(tmp_path: Path) -> None:
    """T014: `aud` is asked at every door; DRS also takes the tokens that are for the broker as a whole."""
    async with site(tmp_path) as s:
        for path, audience, status in (
            ("/api/v1/me", [b.US, "web"], 200),
            ("/api/v1/me", [DRS, "web"], 401),
            ("/api/v1/me", ["https://other.example", "web"], 401),
            ("/api/v1/me", ["web"], 401),
            (ACCESS, [b.US, "web"], 200),
            (ACCESS, [DRS, "web"], 200),
            (ACCESS, ["https://other.example", "web"], 401),
        ):
            answer = await s.http.get(path, headers=s.headers(aud=audience))
            assert answer.status == status, (path, audience)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/me"), ("GET", "/api/v1/grants"), ("GET", "/api/v1/requests"), ("GET", "/api/v1/me/consents"),
        ("POST", "/api/v1/me/consents/withdrawal"), ("POST", "/api/v1/revocations"), ("PUT", "/api/v1/me/location"),
        ("POST", "/api/v1/requests/req_1/decision"), ("GET", "/api/v1/audit/entries"),
    ],
)  # fmt: skip
async def test_a_token_that_only_says_who_somebody_is_does_not_act_for_them(
    tmp_path: Path, method: str, path: str
) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.request(method, path, headers=s.headers("usr_pia", scope="openid profile"), json={})
        assert (answer.status, (await answer.json())["code"]) == (403, "AUTH-SCOPE")
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


async def test_what_was_not_released_to_a_client_it_does_not_read_at_our_api(tmp_path: Path) -> None:
    """Ada unticked the visa of her grant, and did not release where she works."""
    kept = family(id="fam-kept", released=frozenset())
    async with site(tmp_path, kept) as s:
        headers = s.headers(sid="fam-kept")
        assert (await (await s.http.get("/api/v1/grants", headers=headers)).json())["grants"] == []
        assert (await s.http.get(f"/api/v1/grants/{b.GRANT}", headers=headers)).status == 404
        assert (await (await s.http.get("/api/v1/me", headers=headers)).json())["affiliations"] == []
        everything = s.headers(scope="openid ga4gh_passport_v1 eduperson_scoped_affiliation")
        assert len((await (await s.http.get("/api/v1/grants", headers=everything)).json())["grants"]) == 1
        assert (await (await s.http.get("/api/v1/me", headers=everything)).json())["affiliations"] != []


async def test_what_a_suspended_client_was_given_opens_nothing(tmp_path: Path) -> None:
    gone = Client(**{**{name: getattr(CLIENT, name) for name in CLIENT.__slots__}, "id": "gone", "status": "suspended"})
    theirs = family(id="fam-gone", client=ClientId("gone"))
    async with site(tmp_path, gone, theirs) as s:
        token = s.headers(client_id="gone", sid="fam-gone")
        assert (await s.http.get("/api/v1/me", headers=token)).status == 401
        assert await shown(s, passport(s, visas(s), sid="fam-gone")) == (401, "PASSPORT-REVOKED")


@pytest.mark.row("P12")
async def test_a_token_does_not_borrow_the_authorisation_of_another_client(tmp_path: Path) -> None:
    portal = replace(PORTAL, scopes=("openid", "ga4gh_passport_v1"))
    async with site(tmp_path, portal, family(id="fam-portal", client=PORTAL.id)) as s:
        assert (await s.http.get("/api/v1/me", headers=s.headers(client_id="portal", sid="fam-portal"))).status == 200
        assert (await s.http.get("/api/v1/me", headers=s.headers(sid="fam-portal"))).status == 401


# Passports.


@pytest.mark.row("T121", "C10")
async def test_a_revoked_passport_is_not_revived_by_a_live_one_beside_it(tmp_path: Path) -> None:
    """Every Passport of a request is asked for, not the first alone; else a revoked one lends its visas."""
    other = family(id="fam-other")
    async with site(tmp_path, other, revoked("family", "fam-other")) as s:
        empty, full = passport(s, []), passport(s, visas(s), sid="fam-other", jti="p2")
        assert (await shown(s, passport(s, visas(s))))[0] == 200
        assert (await shown(s, empty))[0] == 403
        assert await shown(s, full) == (401, "PASSPORT-REVOKED")
        assert (await shown(s, empty, full))[0] in (400, 401)
        assert (await shown(s, full, empty))[0] in (400, 401)
        dead = passport(s, visas(s), jti="dead")
        s.stage.live.committed([revoked("token", "dead")])
        assert await shown(s, empty, dead) == (401, "PASSPORT-REVOKED")
        assert await shown(s, dead, empty) == (401, "PASSPORT-REVOKED")


@pytest.mark.row("C10", "C12")
async def test_one_bad_passport_of_a_trusted_broker_refuses_the_whole_request(tmp_path: Path) -> None:
    """Passport 8.1: also where a good one stands beside it, before or after; one of a stranger is left out (8.3)."""
    async with site(tmp_path) as s:
        good = passport(s, visas(s))
        expired = passport(s, [], jti="p2", iat=START - 600, exp=START - 60)
        elsewhere = passport(s, [], jti="p3", aud=["https://other.example"])
        head, body, signature = passport(s, [], jti="p4").split(".")
        forged = f"{head}.{body}.{signature[::-1]}"
        strangers = passport(s, [], jti="p5", iss="https://stranger.example")
        assert await shown(s, good, strangers) == (200, "")
        for bad in (expired, elsewhere, forged):
            for both in ((good, bad), (bad, good)):
                status, code = await shown(s, *both)
                assert (status, code.partition("-")[0]) == (401, "PASSPORT")


@pytest.mark.row("T046", "C14")
async def test_what_rests_on_two_passports_ends_with_the_first_of_them(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        assert (await shown(s, passport(s, []), passport(s, visas(s), jti="p2", exp=START + 60)))[0] == 200
        access = next(row for row in s.stage.ledger.rows.values() if isinstance(row, Access))
        assert (access.expires, access.visas_end) == (START + 60, START + 60)


@pytest.mark.row("T042")
async def test_passports_of_two_authorisations_do_not_add_up(tmp_path: Path) -> None:
    """A download remembers one authorisation, and is cut when that one ends: it must not rest on two."""
    async with site(tmp_path, family(id="fam-other")) as s:
        both = passport(s, []), passport(s, visas(s), sid="fam-other", jti="p2")
        assert await shown(s, *both) == (400, "REQ-INVALID")


@pytest.mark.row("T121")
@pytest.mark.parametrize("what", ["issuer", "key", "token"])
async def test_a_passport_is_dead_with_its_key_its_broker_or_itself(tmp_path: Path, what: str) -> None:
    async with site(tmp_path) as s:
        one = passport(s, visas(s))
        keys: Any = s.tokens.jwks()["keys"]
        value = {"issuer": str(b.US), "token": "p1", "key": thumbprint(next(k for k in keys if k["alg"] == "ES256"))}
        s.stage.live.committed([revoked(what, value[what])])
        assert await shown(s, one) == (401, "PASSPORT-REVOKED")


BANNED = IdentityProvider(
    id=b.HOME, slug="home", name="Home", client_id="us", client_secret=SECRET, status="suspended"
)  # fmt: skip


@pytest.mark.row("T121")
@pytest.mark.parametrize("row", [BANNED, revoked("issuer", str(b.HOME))])
async def test_who_was_let_in_by_a_provider_that_is_trusted_no_longer_is_out(tmp_path: Path, row: Any) -> None:
    back = {"Content-Type": "application/x-www-form-urlencoded"}
    async with site(tmp_path, PORTAL, browser(), row) as s:
        assert (await s.http.get("/api/v1/me", headers=s.headers())).status == 401
        assert (await s.http.get(ACCESS, headers=s.headers())).status == 401
        assert (await s.http.get("/oauth2/userinfo", headers=s.headers())).status == 401
        assert await shown(s, passport(s, visas(s))) == (401, "PASSPORT-REVOKED")
        answer = await s.http.get(authorize(), headers=COOKIE, allow_redirects=False)
        assert answer.headers["Location"].startswith("/sign-in?"), "the session in the browser counts no more"
        assert (await s.http.post("/device", data="user_code=x&answer=yes", headers=back | COOKIE)).status != 500


@pytest.mark.row("T121")
async def test_a_ticket_ends_with_the_trust_in_who_says_who_asks(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        told = await (await s.http.get(ACCESS, headers=s.headers())).json()
        header = dict(line.split(": ", 1) for line in told["headers"])
        s.stage.live.committed([revoked("issuer", str(b.HOME))])
        assert (await s.http.get(told["url"].removeprefix(b.US), headers=header)).status == 401


ADMIN = Role(id="r9", role="admin", scope="service", iss=b.HOME, sub="mei")


async def test_a_revocation_that_would_end_nothing_is_refused(tmp_path: Path) -> None:
    """An administrator who names a visa or a key in another way than the log does must not believe it is dead."""
    async with site(tmp_path, ADMIN) as s:
        told = passport(s, [])
        one = at_once(mint(s.stage.world, ADA, held_visas(s.stage.world, ADA, session(), START), START))[-1]
        for what, value, status in (
            ("visa", "some-jti", 400), ("key", "kid-1", 400), ("key", "f" * 64, 201), ("visa", one.jti, 201),
            ("visa", "https://other.example x1", 201), ("visa", "e" * 64, 201),
        ):  # fmt: skip
            body = {"what": what, "value": value, "ground": "Test."}
            answer = await s.http.post("/api/v1/revocations", json=body, headers=s.headers("usr_mei"))
            assert answer.status == status, (what, value)
        assert (await shown(s, passport(s, [one.token])))[0] == 403
        assert (await shown(s, told))[0] == 403


# Hidden data, and what a refusal tells.

HIDDEN: dict[str, Any] = {"dataset": b.dataset(existence="hidden")}
NOBODY = "usr_mei"
PURPOSE = {"kinds": ["hmb"], "project": "p1", "countries": ["DE"]}


def same(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "request_id"}


async def _told(s: Site, method: str, path: str, **more: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
    answer = await s.http.request(method, path, **more)
    headers = {name: value for name, value in answer.headers.items() if name not in {"Date", "X-Request-ID"}}
    body = same(json.loads(await answer.text()))
    headers.pop("Content-Length", None)
    return answer.status, body, headers


@pytest.mark.row("T088")
async def test_hidden_data_look_like_unknown_data_at_every_door_and_in_the_callers_own_record(tmp_path: Path) -> None:
    """Ruling 24, T088: also whether something was recorded, which costs the time of a commit."""
    async with site(tmp_path, **HIDDEN) as s:
        asks = s.headers(NOBODY)
        inside = passport(s, [], sub=NOBODY, sid=f"fam-{NOBODY}")
        for known, unknown in (("obj-1", "obj-9"),):
            for method, path, more in (
                ("GET", "/ga4gh/drs/v1/objects/{}", {}),
                ("OPTIONS", "/ga4gh/drs/v1/objects/{}", {}),
                ("POST", "/ga4gh/drs/v1/objects/{}", {"json": {"passports": [inside]}}),
                ("GET", "/ga4gh/drs/v1/objects/{}/access/https", {"headers": asks}),
                ("GET", "/ga4gh/drs/v1/objects/{}/access/other", {"headers": asks}),
                ("POST", "/ga4gh/drs/v1/objects/{}/access/https", {"json": {"passports": [inside]}}),
            ):
                before = len(s.stage.ledger.entries)
                one = await _told(s, method, path.format(known), **more)
                between = len(s.stage.ledger.entries)
                two = await _told(s, method, path.format(unknown), **more)
                assert one == two, path
                assert one[0] == 404
                recorded = (s.stage.ledger.entries[before:between], s.stage.ledger.entries[between:])
                kinds = [[(entry.kind, sorted(entry.about)) for entry in each] for each in recorded]
                assert kinds[0] == kinds[1], f"{method} {path}: one costs a commit, the other does not"


async def test_a_pre_check_or_a_request_does_not_find_hidden_data(tmp_path: Path) -> None:
    async with site(tmp_path, **HIDDEN) as s:
        for path, more in (("/api/v1/decisions", {}), ("/api/v1/requests", {"statement": "Please."})):
            told = [
                await _told(s, "POST", path, headers=s.headers(NOBODY), json={"dataset": id, "purpose": PURPOSE} | more)
                for id in (b.HEART, "https://bank.example/datasets/none")
            ]
            assert told[0] == told[1]
            assert told[0][0] == 404
            granted = await s.http.post(path, headers=s.headers(), json={"dataset": b.HEART, "purpose": PURPOSE} | more)
            assert granted.status in (200, 201), "whom a grant names may ask again"


async def test_what_the_caller_may_read_of_a_hidden_refusal_names_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, **HIDDEN) as s:
        told = []
        for path in (ACCESS, ACCESS.replace("obj-1", "obj-9")):
            await s.http.get(path, headers=s.headers(NOBODY))
            entry = s.stage.ledger.entries[-1]
            assert b.HEART not in map(str, entry.about.values())
            trace = s.stage.ledger.rows["trace", str(entry.about["decision"])]
            assert isinstance(trace, Trace)
            answer = await s.http.get(f"/api/v1/decisions/{trace.id}", headers=s.headers(NOBODY))
            told.append({**await answer.json(), "decision": ""})
        assert told[0] == told[1]
        assert told[0]["explanation"] is None


WHY: dict[str, dict[str, Any]] = {
    "expired": {"effective_to": Seconds(START - 10)},
    "not yet": {"effective_from": Seconds(START + 10)},
    "suspended": {"status": "suspended"},
    "of another purpose": {"scope": replace(b.consent().consent.scope, permissions=b.codes("DUO:0000011"))},
}


async def test_why_somebody_is_left_out_is_in_no_entry_that_the_researcher_may_read(tmp_path: Path) -> None:
    """Ruling 10: whoever was refused may read their own entry, by its receipt and in the list; not the true code."""
    seen = set()
    for changes in WHY.values():
        async with site(tmp_path, pia=b.consent(**changes)) as s:
            answer = await s.http.get(ACCESS, headers=s.headers())
            assert (await answer.json())["code"] == "CON-LEFT-OUT"
            entry = s.stage.ledger.entries[-1]
            seen.add((entry.about["reasons"], entry.about["outcome"]))
    assert seen == {(("CON-LEFT-OUT",), "DENY")}


# The browser's pages.


def browser() -> Session:
    return replace(session(), id=stored_id(SECRET))


def authorize(**more: str) -> str:
    query = {
        "response_type": "code", "client_id": "portal", "redirect_uri": BACK, "scope": "openid", "state": "st",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    }  # fmt: skip
    return f"/oauth2/authorize?{urlencode(query | more)}"


async def interaction(s: Site, **more: str) -> tuple[str, str]:
    """The consent page, and the id of what it is about."""
    page = await (await s.http.get(authorize(**more), headers=COOKIE)).text()
    return page, page.split('name="interaction" value="')[1].partition('"')[0]


async def agree(s: Site, id: str, *fields: tuple[str, str], **headers: str) -> tuple[int, str]:
    body = urlencode([("interaction", id), ("answer", "yes"), *fields])
    form = {"Content-Type": "application/x-www-form-urlencoded", **COOKIE, **headers}
    answer = await s.http.post("/oauth2/authorize/continue", data=body, headers=form, allow_redirects=False)
    return answer.status, answer.headers.get("Location", "")


def given(s: Site) -> Family:
    return next(row for row in s.stage.ledger.rows.values() if isinstance(row, Family) and row.client == "portal")


@pytest.mark.row("B13")
async def test_single_claims_are_on_the_page_and_only_what_is_ticked_leaves(tmp_path: Path) -> None:
    """AAI Brokers 6.1: a client that asks by `claims` gets nothing that the person did not see."""
    claims = json.dumps({"userinfo": {"name": None}, "id_token": {"eduperson_scoped_affiliation": None}})
    async with site(tmp_path, PORTAL, browser()) as s:
        page, id = await interaction(s, claims=claims)
        assert 'name="claim" value="name"' in page
        assert 'name="claim" value="eduperson_scoped_affiliation"' in page
        status, location = await agree(s, id, ("scope", "openid"), ("claim", "name"))
        assert (status, location.startswith(BACK)) == (303, True)
        assert (given(s).userinfo_claims, given(s).id_token_claims) == (("name",), ())


@pytest.mark.row("B13", "T070")
async def test_a_tampered_consent_page_gives_nothing_that_was_not_asked(tmp_path: Path) -> None:
    async with site(tmp_path, PORTAL, browser()) as s:
        for fields in (
            [("scope", "openid"), ("scope", "profile")],
            [("scope", "openid"), ("scope", "ga4gh_passport_v1")],
            [("scope", "openid"), ("claim", "name")],
        ):
            _, id = await interaction(s)
            _, location = await agree(s, id, *fields)
            assert "error=" in location
            assert "code=" not in location
        _, id = await interaction(s)
        _, location = await agree(s, id, ("scope", "openid"), ("visa", "grant:grt_other"), ("visa", "x"))
        assert "code=" in location
        assert given(s).released == frozenset()


@pytest.mark.row("B13")
async def test_a_device_is_given_the_visas_that_were_ticked_and_no_others(tmp_path: Path) -> None:
    device = Client(
        id=ClientId("tv"), name="TV", auth_method="none", scopes=("openid", "ga4gh_passport_v1"),
        grant_types=("urn:ietf:params:oauth:grant-type:device_code",),
    )  # fmt: skip
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    affiliation, grant = "affiliation:faculty@rhine.example", f"grant:{b.GRANT}"
    for ticked, released in (([affiliation], {affiliation}), ([affiliation, grant, "later"], None), (["later"], set())):
        async with site(tmp_path, device, browser()) as s:
            asked = urlencode({"client_id": "tv", "scope": "openid ga4gh_passport_v1"})
            begun = await s.http.post("/oauth2/device_authorization", data=asked, headers=form)
            code = (await begun.json())["user_code"]
            page = await (await s.http.get("/device", params={"user_code": code}, headers=COOKIE)).text()
            assert f'name="visa" value="{grant}"' in page
            fields = [("later", "yes") if one == "later" else ("visa", one) for one in ticked]
            body = urlencode([("user_code", code), ("answer", "yes"), *fields])
            assert (await s.http.post("/device", data=body, headers=form | COOKIE)).status == 200
            theirs = next(r for r in s.stage.ledger.rows.values() if isinstance(r, Family) and r.client == "tv")
            assert theirs.released == released


@pytest.mark.row("T059")
@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://broker.example", "https://sub.broker.example"]
)
async def test_a_form_that_comes_from_elsewhere_is_refused(tmp_path: Path, origin: str) -> None:
    async with site(tmp_path, PORTAL, browser()) as s:
        _, id = await interaction(s)
        assert await agree(s, id, ("scope", "openid"), Origin=origin) == (400, "")
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin, **COOKIE}
        assert (await s.http.post("/device", data="user_code=x&answer=yes", headers=form)).status == 400
        assert (await agree(s, id, ("scope", "openid"), Origin=b.US))[0] == 303


async def test_our_own_pages_let_the_browser_say_where_a_form_comes_from(tmp_path: Path) -> None:
    """Under `no-referrer` browsers send `Origin: null` with a form (Fetch, "append a request Origin header")."""
    async with site(tmp_path, PORTAL, browser()) as s:
        answer = await s.http.get(authorize(), headers=COOKIE)
        assert answer.headers["Referrer-Policy"] == "same-origin"


async def test_a_session_that_ended_says_nothing_more_about_where_somebody_is(tmp_path: Path) -> None:
    async with site(tmp_path, PORTAL, browser()) as s:
        _, id = await interaction(s)
        s.stage.ledger.rows["revocation", f"session:{stored_id(SECRET)}"] = revoked("session", stored_id(SECRET))
        status, location = await agree(s, id, ("scope", "openid"), ("location", "FR"))
        assert (status, location.startswith("/sign-in?")) == (303, True), "they sign in, and are asked again"
        assert "session.attested" not in s.stage.kinds()
        assert "code.issued" not in s.stage.kinds()


async def test_a_query_of_any_length_is_answered_without_an_error_of_ours(tmp_path: Path) -> None:
    async with site(tmp_path, PORTAL, browser()) as s:
        for filler in (b"x=" + b"y" * 2000, b"&".join(b"p%d=" % n + b"\xc3\xa4" * 1000 for n in range(30))):
            body = authorize().partition("?")[2].encode() + b"&" + filler
            form = {"Content-Type": "application/x-www-form-urlencoded", **COOKIE}
            answer = await s.http.post("/oauth2/authorize", data=body, headers=form)
            assert answer.status < 500, len(body)


# A right that ends between the decision and the record.


@pytest.mark.row("T123")
async def test_what_ends_while_the_delivery_is_recorded_lets_no_byte_out(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        told = await (await s.http.get(ACCESS, headers=s.headers())).json()
        header = dict(line.split(": ", 1) for line in told["headers"])
        record = s.stage.ledger.record

        async def racing(entry: Any, *changes: Any) -> int:
            index = await record(entry, *changes)
            if entry.kind == "download.authorised":
                s.stage.live.committed([revoked("grant", str(b.GRANT))])
            return index

        object.__setattr__(s.stage.ledger, "record", racing)
        got = b""
        try:
            async with s.http.get(told["url"].removeprefix(b.US), headers=header) as answer:
                got = await answer.read()
        except Exception:  # noqa: BLE001 (however the client sees that it broke)
            assert got == b""
        assert got == b""
        for _ in range(300):  # the client may see it before it is on record
            if s.stage.kinds()[-1] == "download.cut":
                break
            await asyncio.sleep(0.01)
        assert s.stage.ledger.entries[-1].about["sent"] == 0
        assert s.stage.kinds()[-1] == "download.cut"


async def test_a_pre_check_of_many_does_not_find_hidden_data(tmp_path: Path) -> None:
    unknown = "https://bank.example/datasets/none"
    async with site(tmp_path, dataset=b.dataset(existence="hidden")) as s:
        body = {"purpose": PURPOSE, "datasets": [b.HEART, unknown]}
        answer = await s.http.post("/api/v1/pre-checks", json=body, headers=s.headers(NOBODY))
        said = await answer.json()
        hidden, none = said["datasets"]
        assert {**hidden, "dataset": ""} == {**none, "dataset": ""}
        assert said["outcomes"] == {"DENY": 2}
        assert said["sentences"].keys() == {"REQ-NOT-FOUND"}
        all_of_them = await s.http.post("/api/v1/pre-checks", json={"purpose": PURPOSE}, headers=s.headers(NOBODY))
        assert b.HEART not in await all_of_them.text()
