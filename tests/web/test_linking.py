"""Linking two identities of one person: only with proof of both, and parted at once."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from broker.core.decision import evaluate
from broker.core.ids import Issuer, PersonId
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import LINK_PROOF_LIFE, LINK_SIGN_IN_AGE, MAX_IDENTITIES
from broker.core.oidc.opaque import stored_id
from broker.core.passport.visa import GRANT
from broker.core.rows import Family, IdentityLink, Person, Row, Session
from broker.core.rows.linking import link_id
from broker.core.time import Seconds
from broker.flows.linking import unlink
from broker.flows.oauth.targets import foreign_grant
from broker.flows.release_visas import visas_to_release
from broker.flows.visas import held_visas, mint
from tests import builders as b
from tests.core.decision.test_closed_holes import suspension
from tests.fakes import START, at_once, signed
from tests.flows.worlds import ADA
from tests.web.site import Site, site
from tests.web.test_data_endpoint import BIG, stopped
from tests.web.upstream import Home, Upstreams, follow, session_of, upstreams

ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Two:
    """Two providers, at each of which one human being has an account."""

    s: Site
    up: Upstreams
    uni: Home
    gov: Home

    async def page(self, cookie: str) -> str:
        return await (await self.s.http.get("/identities", headers={"Cookie": cookie})).text()

    async def post(self, path: str, cookie: str, **form: str) -> ClientResponse:
        token = re.findall(r'name="form" value="([^"]+)"', await self.page(cookie))
        sent = {"form": token[0] if token else ""} | form
        headers = FORM | {"Cookie": cookie}
        return await self.s.http.post(path, data=sent, headers=headers, allow_redirects=False)

    async def prove(self, cookie: str, home: Home | None = None) -> tuple[str, str]:
        """The browser's cookies, and the address of the page that asks whether both are one person's."""
        home = home or self.gov
        begun = await self.post("/identities/link", cookie, idp=home.slug)
        assert begun.status == 303, await begun.text()
        browser, asked = follow(home, begun, cookie)
        assert (asked["prompt"], asked["max_age"]) == ("login", "0"), "the second sign-in is fresh"
        back = await self.up.come_back(home, browser)
        assert back.status == 303, await back.text()
        assert "__Host-broker-session" not in back.cookies, "nobody is signed in as the second identity"
        return browser, back.headers["Location"]

    async def link(self, cookie: str, home: Home | None = None) -> ClientResponse:
        browser, page = await self.prove(cookie, home)
        shown = await (await self.s.http.get(page, headers={"Cookie": browser})).text()
        proof = re.findall(r'name="proof" value="([^"]+)"', shown)[0]
        return await self.post("/identities/confirm", browser, proof=proof, answer="yes")

    def links(self) -> list[IdentityLink]:
        return [row for row in self.s.stage.ledger.rows.values() if isinstance(row, IdentityLink)]

    def session(self, cookie: str) -> Session:
        row = self.s.stage.ledger.rows["session", stored_id(cookie.split("=")[1].split(";", maxsplit=1)[0])]
        assert isinstance(row, Session)
        return row


@asynccontextmanager
async def two(folder: Path, *more: Row, **changes: Any) -> AsyncIterator[Two]:
    uni, gov = Home(slug="uni", subject="u-1", info={"name": "Ada L."}), Home(slug="gov", subject="g-1")
    async with site(folder, uni.provider, gov.provider, *more, **changes) as s:
        yield Two(s=s, up=upstreams(s, uni, gov), uni=uni, gov=gov)


async def test_two_identities_are_linked_with_proof_of_both_and_a_yes(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        mine = await t.up.sign_in(t.uni)
        browser, page = await t.prove(mine)
        shown = await (await t.s.http.get(page, headers={"Cookie": browser})).text()
        assert all(name in shown for name in ("The uni", "Ada L.", "The gov"))
        assert not t.links(), "a proof is not a link"
        proof = re.findall(r'name="proof" value="([^"]+)"', shown)[0]
        done = await t.post("/identities/confirm", browser, proof=proof, answer="yes")
        assert (done.status, done.headers["Location"]) == (303, "/identities")
        [made] = t.links()
        assert made.identities == ((t.uni.issuer, "u-1"), (t.gov.issuer, "g-1"))
        told = [entry.who for entry in t.s.stage.ledger.entries if entry.kind == "identity.linked"]
        assert len(set(told)) == 2, "both sides can read it in the record, under pseudonyms that stay apart"
        assert "The gov" in await t.page(mine)
        again = await t.post("/identities/confirm", browser, proof=proof, answer="yes")
        assert again.status == 400, "a proof counts once"


async def test_each_side_keeps_its_own_sub(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        before = t.session(await t.up.sign_in(t.uni)).person, t.session(await t.up.sign_in(t.gov)).person
        assert before[0] != before[1]
        await t.link(await t.up.sign_in(t.uni))
        assert (t.session(await t.up.sign_in(t.uni)).person, t.session(await t.up.sign_in(t.gov)).person) == before


# What is not proof.


@pytest.mark.row("T059")
@pytest.mark.parametrize("path", ["/identities/link", "/identities/confirm", "/identities/unlink"])
@pytest.mark.parametrize("token", [{}, {"form": ""}, {"form": "x" * 64}])
async def test_a_form_that_our_page_did_not_make_does_nothing(tmp_path: Path, path: str, token: dict[str, str]) -> None:
    async with two(tmp_path) as t:
        mine = await t.up.sign_in(t.uni)
        _, page = await t.prove(mine)
        sent = {"idp": "gov", "proof": page.split("=")[1], "answer": "yes"} | token
        answer = await t.s.http.post(path, data=sent, headers=FORM | {"Cookie": mine}, allow_redirects=False)
        assert answer.status == 400
        assert not t.links()


@pytest.mark.row("T059")
async def test_a_form_from_elsewhere_does_nothing_even_with_the_token(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        mine = await t.up.sign_in(t.uni)
        token = re.findall(r'name="form" value="([^"]+)"', await t.page(mine))[0]
        for origin in ("https://evil.example", "null"):
            headers = FORM | {"Cookie": mine, "Origin": origin}
            answer = await t.s.http.post("/identities/link", data={"form": token, "idp": "gov"}, headers=headers)
            assert answer.status == 400


async def test_a_no_links_nothing(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        mine = await t.up.sign_in(t.uni)
        browser, page = await t.prove(mine)
        await t.post("/identities/confirm", browser, proof=page.split("=")[1], answer="no")
        assert not t.links()


async def test_a_proof_of_another_session_is_none(tmp_path: Path) -> None:
    """The victim proves an identity; the attacker, who learned the address, does not get it linked with theirs."""
    async with two(tmp_path) as t:
        victim = await t.up.sign_in(t.uni)
        _, page = await t.prove(victim)
        t.uni.subject = "attacker"
        attacker = await t.up.sign_in(t.uni)
        assert (await t.s.http.get(page, headers={"Cookie": attacker})).status == 400
        answer = await t.post("/identities/confirm", attacker, proof=page.split("=")[1], answer="yes")
        assert answer.status == 400
        assert not t.links()


async def test_a_proof_waits_ten_minutes(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        for late, status in ((LINK_PROOF_LIFE - 1, 303), (LINK_PROOF_LIFE, 400)):
            t.gov.subject = f"g-{late}"
            browser, page = await t.prove(await t.up.sign_in(t.uni))
            t.s.stage.clock.advance(late)
            done = await t.post("/identities/confirm", browser, proof=page.split("=")[1], answer="yes")
            assert done.status == status


async def test_an_old_sign_in_links_nothing_until_it_is_renewed(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        mine = await t.up.sign_in(t.uni)
        t.s.stage.clock.advance(LINK_SIGN_IN_AGE)
        browser, page = await t.prove(mine)
        t.s.stage.clock.advance(1)
        refused = await t.post("/identities/confirm", browser, proof=page.split("=")[1], answer="yes")
        assert refused.status == 403
        again = await t.post("/identities/link", mine, idp="gov")
        _, asked = follow(t.uni, again)
        assert asked["prompt"] == "login"
        assert not t.links()


async def test_a_stale_second_sign_in_is_no_proof(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        mine = await t.up.sign_in(t.uni)
        browser, _ = follow(t.gov, await t.post("/identities/link", mine, idp="gov"), mine)
        t.gov.claims = {"auth_time": t.s.stage.clock.now() - 3600}
        assert (await t.up.come_back(t.gov, browser)).status == 403


async def test_the_same_identity_twice_and_the_same_link_twice_are_refused(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        mine = await t.up.sign_in(t.uni)
        assert (await t.link(mine, t.uni)).status == 409
        assert (await t.link(mine)).status == 303
        assert (await t.link(mine)).status == 409
        assert len(t.links()) == 1


@pytest.mark.row("T050", "T038")
async def test_nothing_but_the_two_sign_ins_links_anybody(tmp_path: Path) -> None:
    same = {"email": "ada@x.example", "email_verified": True, "orcid": "0000-0002-1825-0097", "name": "Ada"}
    async with two(tmp_path) as t:
        t.uni.info, t.gov.info = same, same
        t.gov.subject = t.uni.subject
        one, other = t.session(await t.up.sign_in(t.uni)), t.session(await t.up.sign_in(t.gov))
        assert not t.links()
        assert t.s.stage.live.current().linked(one.person, START) == ()
        assert one.person != other.person


async def test_a_participant_is_never_linked(tmp_path: Path) -> None:
    bank = Home(slug="bank", subject="sub_1", row={"audience": "participant"})
    async with two(tmp_path, bank.provider) as t:
        t.up.net.homes["bank.example"] = bank
        mine = await t.up.sign_in(t.uni)
        assert "The bank" not in await t.page(mine)
        assert (await t.post("/identities/link", mine, idp="bank")).status == 403
        subject = await t.up.sign_in(bank)
        assert "never linked" in await t.page(subject)
        sent = {"form": stored_id("form:" + subject.split("=")[1]), "idp": "gov"}
        answer = await t.s.http.post("/identities/link", data=sent, headers=FORM | {"Cookie": subject})
        assert answer.status == 403
        assert not t.links()


async def test_a_provider_that_turned_into_a_consent_source_half_way_is_not_linked(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        browser, page = await t.prove(await t.up.sign_in(t.uni))
        t.s.stage.live.committed([replace(t.gov.provider, version=2, audience="participant")])
        done = await t.post("/identities/confirm", browser, proof=page.split("=")[1], answer="yes")
        assert done.status == 403
        assert not t.links()


async def test_at_most_ten_identities_are_linked(tmp_path: Path) -> None:
    others = [Home(slug=f"h{n}", subject="x") for n in range(MAX_IDENTITIES)]
    async with two(tmp_path, *(home.provider for home in others)) as t:
        t.up.net.homes |= {f"{home.slug}.example": home for home in others}
        mine = await t.up.sign_in(t.uni)
        for home in others[: MAX_IDENTITIES - 1]:
            assert (await t.link(mine, home)).status == 303
        person = t.session(mine).person
        assert len(t.s.stage.live.current().linked(person, t.s.stage.clock.now())) == MAX_IDENTITIES - 1
        assert (await t.post("/identities/link", mine, idp=others[-1].slug)).status == 409
        newcomer = await t.up.sign_in(others[-1])
        assert (await t.link(newcomer, t.uni)).status == 409, "nor from the other side"


# What a link does, and what its end undoes.


def link(**changes: Any) -> IdentityLink:
    """Mei's identity and Ada's are one person's; Ada holds the grant."""
    made = IdentityLink(
        id=link_id(b.MEI, b.ADA), persons=(b.MEI, b.ADA), identities=((b.HOME, "mei"), (b.HOME, "ada")), since=START
    )
    return replace(made, **changes)


def mei(**changes: Any) -> Session:
    """Mei signs in with what the law asks of a recipient, but holds no grant of her own."""
    made = Session(
        id="ses-usr_mei", person=b.MEI, idp=b.HOME, identities=((b.HOME, "mei"),), auth_time=START,
        expires=Seconds(START + 9000), affiliations=("faculty@rhine.example",), location="DE",
    )  # fmt: skip
    return replace(made, **changes)


@asynccontextmanager
async def linked(folder: Path, *more: Row, **changes: Any) -> AsyncIterator[Site]:
    async with site(folder, link(), *more, **changes) as s:
        s.stage.ledger.rows["session", "ses-usr_mei"] = mei()
        yield s


def person(s: Site, id: PersonId = b.MEI) -> Person:
    row = s.stage.ledger.rows["person", id]
    assert isinstance(row, Person)
    return row


async def part(s: Site) -> None:
    assert await unlink(s.stage.world, person(s), link().id) is None


async def test_grants_of_both_count_together(tmp_path: Path) -> None:
    async with linked(tmp_path) as s:
        assert (await s.http.get(ACCESS, headers=s.headers("usr_mei"))).status == 200
        told = await (await s.http.get("/api/v1/grants", headers=s.headers("usr_mei"))).json()
        assert [grant["id"] for grant in told["grants"]] == [b.GRANT]
    async with site(tmp_path) as s:
        s.stage.ledger.rows["session", "ses-usr_mei"] = mei()
        assert (await s.http.get(ACCESS, headers=s.headers("usr_mei"))).status == 403


async def test_userinfo_says_yes_to_visa_access_tokens_about_a_linked_identity_until_it_is_parted(
    tmp_path: Path,
) -> None:
    async with linked(tmp_path) as s:
        w, session, who = s.broker.world, mei(), person(s)
        found = await visas_to_release(w, s.broker.gathering, who, session, frozenset(), w.clock.now(), "fam-usr_mei")
        [grant] = [one for one in found if one.type == GRANT]
        asked = {"Authorization": f"Bearer {grant.token}"}
        answer = await s.http.get("/oauth2/userinfo", headers=asked)
        assert (answer.status, await answer.json()) == (200, {"sub": b.ADA, "iss": b.US})
        await part(s)
        assert (await s.http.get("/oauth2/userinfo", headers=asked)).status == 401


async def test_what_was_not_released_is_not_shown_by_a_link(tmp_path: Path) -> None:
    kept = Family(
        id="fam-kept", client="web", person=b.MEI, session="ses-usr_mei", scope=("openid",), released=frozenset(),  # type: ignore[arg-type]
        auth_time=START, expires=Seconds(START + 9000),
    )  # fmt: skip
    async with linked(tmp_path, kept) as s:
        assert (await s.http.get(ACCESS, headers=s.headers("usr_mei", sid="fam-kept"))).status == 403


async def test_the_grant_of_a_linked_identity_can_be_named_as_a_resource(tmp_path: Path) -> None:
    asked, released = [f"{b.US}/api/v1/grants/{b.GRANT}"], None
    async with linked(tmp_path) as s:
        assert await foreign_grant(s.broker.oauth, asked, person(s), released) is None
        await part(s)
        assert await foreign_grant(s.broker.oauth, asked, person(s), released) is OAuthError.GRANT_FOREIGN


def visas(s: Site) -> dict[str, str]:
    w = s.stage.world
    return {one.id: one.token for one in at_once(mint(w, person(s), held_visas(w, person(s), mei(), START), START))}


async def test_a_visa_of_the_other_identity_names_that_one_and_a_link_says_who_it_is(tmp_path: Path) -> None:
    async with linked(tmp_path) as s:
        signed = {id: s.tokens.read(token, "vnd.ga4gh.visa+jwt") for id, token in visas(s).items()}
        grant, links = signed[f"grant:{b.GRANT}"], signed["links"]
        assert grant is not None
        assert links is not None
        assert (grant["sub"], links["sub"]) == (b.ADA, b.MEI)
        assert str(b.ADA) in links["ga4gh_visa_v1"]["value"]
        await part(s)
        assert not {f"grant:{b.GRANT}", "links"} & visas(s).keys()


async def test_parting_ends_everything_that_rests_on_the_link_at_once(tmp_path: Path) -> None:
    async with linked(tmp_path) as s:
        said = {
            "iss": b.US, "sub": str(b.MEI), "aud": [f"{b.US}/ga4gh/drs/v1"], "sid": "fam-usr_mei", "jti": "p1",
            "iat": START, "exp": START + 3600, "ga4gh_passport_v1": list(visas(s).values()),
        }  # fmt: skip
        passport = {"passports": [signed(s.tokens, "oidc-es256", "vnd.ga4gh.passport+jwt", said)]}
        assert (await s.http.post(ACCESS, json=passport)).status == 200
        told = await (await s.http.get(ACCESS, headers=s.headers("usr_mei"))).json()
        path, ticket = told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])
        assert (await s.http.get(path, headers=ticket)).status == 200
        gone = await s.http.delete(f"/api/v1/me/identities/{link().id}", headers=s.headers("usr_mei"))
        assert gone.status == 204
        assert (await s.http.get(path, headers=ticket)).status == 403
        assert (await s.http.get(ACCESS, headers=s.headers("usr_mei"))).status == 403
        assert (await s.http.post(ACCESS, json=passport)).status == 403
        assert (await s.http.get(ACCESS, headers=s.headers())).status == 200, "each side keeps what was its own"
        assert s.stage.kinds().count("identity.unlinked") == 2
        twice = await s.http.delete(f"/api/v1/me/identities/{link().id}", headers=s.headers("usr_mei"))
        assert twice.status == 404


async def test_a_running_download_that_rests_on_the_link_is_cut(tmp_path: Path) -> None:
    class Meis(Site):
        def headers(self, person: str = "usr_mei", **claims: Any) -> dict[str, str]:
            return super().headers(person, **claims)

    async with linked(tmp_path, content=BIG) as s:
        got, kinds = await stopped(Meis(stage=s.stage, http=s.http, tokens=s.tokens, broker=s.broker), part)
        assert got < len(BIG)
        assert kinds[-1] == "download.cut"


async def test_a_stranger_parts_nobody_and_either_side_may(tmp_path: Path) -> None:
    async with linked(tmp_path) as s:
        for path in (link().id, "lnk_0", "x"):
            assert (await s.http.delete(f"/api/v1/me/identities/{path}", headers=s.headers("usr_pia"))).status == 404
        told = await (await s.http.get("/api/v1/me/identities", headers=s.headers())).json()
        assert [one["link"] for one in told["identities"]] == [None, link().id]
        assert "mei" not in str(told), "no subject of another provider is told to programs"
        assert (await s.http.delete(f"/api/v1/me/identities/{link().id}", headers=s.headers())).status == 204


async def test_a_role_is_not_lent_by_a_link(tmp_path: Path) -> None:
    """Mei sits in the committee. Who signs in as Ada does not, though they are one person."""
    async with linked(tmp_path) as s:
        assert (await (await s.http.get("/api/v1/me", headers=s.headers())).json())["roles"] == []
        assert (await (await s.http.get("/api/v1/me", headers=s.headers("usr_mei"))).json())["roles"] != []


@pytest.mark.parametrize("ended", [None, Seconds(START)])
async def test_nobody_decides_their_own_request_under_another_name(tmp_path: Path, ended: Seconds | None) -> None:
    """Also not after parting: they are the same human being still."""
    async with site(tmp_path, link(since=Seconds(START - 10), ended=ended), b.request()) as s:
        sent = {"decision": "approve", "ground": "Because I say so."}
        answer = await s.http.post("/api/v1/requests/req_1/decision", json=sent, headers=s.headers("usr_mei"))
        assert (answer.status, (await answer.json())["code"]) == (403, "REQ-OWN")


SUSPENDED = {
    "expelled": (b.revocation(f"person:{b.ADA}"), 401, "AUTH-REVOKED"),
    "a sanction": (suspension("person", b.ADA, "suspend_person"), 403, "OPS-RECIPIENT-SUSPENDED"),
}


@pytest.mark.parametrize(("row", "status", "code"), SUSPENDED.values(), ids=list(SUSPENDED))
async def test_a_sanction_holds_for_every_identity_and_is_not_shaken_off_by_parting(
    tmp_path: Path, row: Row, status: int, code: str
) -> None:
    async with linked(tmp_path) as s:
        s.stage.live.committed([row])
        refused = await s.http.get(ACCESS, headers=s.headers("usr_mei"))
        assert (refused.status, (await refused.json())["code"]) == (status, code)
        answer = await s.http.delete(f"/api/v1/me/identities/{link().id}", headers=s.headers("usr_mei"))
        assert (answer.status, (await answer.json())["code"]) == (status, code)


ELSEWHERE = Issuer("https://gov.example")


@pytest.mark.parametrize("gone", ["suspended", "revoked", "before", "after"])
def test_a_link_counts_only_while_it_holds_and_both_providers_are_trusted(gone: str) -> None:
    gov = Home(slug="gov", row={"status": "suspended"} if gone == "suspended" else {}).provider
    held = link(identities=((b.HOME, "mei"), (ELSEWHERE, "ada")), since=Seconds(START - 10))
    changes: dict[str, Any] = {"before": {"since": Seconds(START + 1)}, "after": {"ended": START}}.get(gone, {})
    more: list[Row] = [gov, replace(held, **changes)]
    more += [b.revocation(f"issuer:{ELSEWHERE}")] if gone == "revoked" else []
    asked = b.question(person=b.MEI, identities=frozenset({(b.US, str(b.MEI)), (b.HOME, "mei")}))
    assert evaluate(asked, b.snapshot(held)).permits
    assert not evaluate(asked, b.snapshot(*more)).permits
    assert evaluate(b.question(), b.snapshot(*more)).permits, "the one whose grant it is keeps it"


def test_links_are_followed_and_a_ring_of_them_ends() -> None:
    people = [PersonId(f"usr_{n}") for n in range(4)]

    def pair(one: int, other: int) -> IdentityLink:
        return IdentityLink(
            id=link_id(people[one], people[other]), persons=(people[one], people[other]),
            identities=((b.HOME, str(one)), (b.HOME, str(other))), since=START,
        )  # fmt: skip

    snapshot = b.snapshot(pair(0, 1), pair(1, 2), pair(2, 0), pair(3, 2))
    found = [{one.sub for one in snapshot.linked(each, START)} for each in people]
    assert found == [{"1", "2", "3"}, {"0", "2", "3"}, {"0", "1", "3"}, {"0", "1", "2"}]
    assert snapshot.ever_linked(people[0]) == set(people)
    apart = b.snapshot(pair(0, 1), replace(pair(1, 2), ended=START))
    assert {one.sub for one in apart.linked(people[0], START)} == {"1"}
    assert apart.ever_linked(people[0]) == set(people[:3])
    assert snapshot.linked(ADA.id, START) == ()


async def test_who_parts_signs_in_as_before_and_may_link_again(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        mine = await t.up.sign_in(t.uni)
        await t.link(mine)
        [made] = t.links()
        assert (await t.post("/identities/unlink", mine, link=made.id)).status == 303
        assert t.links()[0].ended == t.s.stage.clock.now()
        t.s.stage.clock.advance(1)
        assert (await t.link(mine)).status == 303
        assert (t.links()[0].version, t.links()[0].ended) == (3, None)
        assert session_of(await t.up.come_back(t.gov, (await t.up.begin(t.gov))[0]))
