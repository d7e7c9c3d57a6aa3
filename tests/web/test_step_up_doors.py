"""Step-up over the whole edge (RFC 9470): a door asks for another sign-in, a client brings it, and the door opens."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from broker.core.oidc.opaque import stored_id
from broker.core.rows import Session
from broker.core.rows.assurance import Demand
from broker.core.rows.catalogue import AssuranceRule
from broker.core.time import Seconds
from broker.flows.visas import held_visas
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import ADA
from tests.web.site import BACK, COOKIE, PORTAL, SECRET, Site, signed_in, site
from tests.web.test_attacks import passport, visas
from tests.web.upstream import Home, follow, upstreams

MFA = "https://refeds.org/profile/mfa"
ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"
MFA_DATA = b.dataset(assurance=Demand(acr=(MFA,), max_age=3600))


def ada(**changes: Any) -> Session:
    made = signed_in(str(b.ADA), ("faculty@rhine.example",))[0]
    assert isinstance(made, Session)
    return replace(made, **changes)


def strong(s: Site) -> None:
    """Ada's session turns into a strong one, as if she had signed in so."""
    stored = s.stage.ledger.rows["session", "ses-usr_ada"]
    assert isinstance(stored, Session)
    s.stage.ledger.rows["session", "ses-usr_ada"] = replace(stored, acr=MFA, amr=("mfa",))


def challenges(answer: Any) -> str:
    return "; ".join(answer.headers.getall("WWW-Authenticate", ()))


@pytest.mark.row("B12")
async def test_a_door_asks_for_another_sign_in_and_opens_to_it(tmp_path: Path) -> None:
    async with site(tmp_path, dataset=MFA_DATA) as s:
        weak = await s.http.get(ACCESS, headers=s.headers())
        told = await weak.json()
        assert (weak.status, told["code"]) == (401, "AUTH-STEP-UP")
        asked = challenges(weak)
        assert 'error="insufficient_user_authentication"' in asked
        assert f'acr_values="{MFA}"' in asked
        assert 'max_age="3600"' in asked
        strong(s)
        assert (await s.http.get(ACCESS, headers=s.headers())).status == 200


async def test_a_ticket_ends_with_the_sign_in_that_it_rests_on(tmp_path: Path) -> None:
    async with site(tmp_path, dataset=MFA_DATA) as s:
        strong(s)
        told = await (await s.http.get(ACCESS, headers=s.headers())).json()
        path, ticket = told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])
        assert (await s.http.get(path, headers=ticket)).status == 200
        s.stage.clock.advance(3599)
        assert (await s.http.get(path, headers=ticket)).status == 200
        s.stage.clock.advance(1)
        assert (await s.http.get(path, headers=ticket)).status == 401


async def test_a_demand_that_is_made_while_a_ticket_lives_reaches_it(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        told = await (await s.http.get(ACCESS, headers=s.headers())).json()
        path, ticket = told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])
        assert (await s.http.get(path, headers=ticket)).status == 200
        s.stage.live.committed([replace(MFA_DATA, version=2)])
        refused = await s.http.get(path, headers=ticket)
        assert (refused.status, (await refused.json())["code"]) == (401, "AUTH-STEP-UP")


async def test_our_passport_is_as_strong_as_the_session_behind_it(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        inside = visas(s)
        s.stage.live.committed([replace(MFA_DATA, version=2)])
        shown = {"passports": [passport(s, inside)]}
        weak = await s.http.post(ACCESS, json=shown)
        assert (weak.status, (await weak.json())["code"]) == (401, "AUTH-STEP-UP")
        strong(s)
        assert (await s.http.post(ACCESS, json=shown)).status == 200


async def test_a_weak_sign_in_gets_no_visa_for_what_demands_a_strong_one(tmp_path: Path) -> None:
    async with site(tmp_path, dataset=MFA_DATA) as s:
        for session, held in ((ada(), False), (ada(acr=MFA), True)):
            found = held_visas(s.stage.world, ADA, session, START)
            assert any(one.value == b.HEART for one in found) == held


# The authorization endpoint.


def authorize(**more: str) -> str:
    query = {
        "client_id": "portal", "redirect_uri": BACK, "response_type": "code", "scope": "openid profile", "state": "st",
        "code_challenge": "c" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"/oauth2/authorize?{urlencode(query | more)}"


ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "values": [MFA]}}})


@pytest.mark.parametrize("wish", [{"acr_values": f"{MFA} other"}, {"claims": ESSENTIAL}])
async def test_who_is_signed_in_weakly_is_sent_to_their_own_provider_for_more(
    tmp_path: Path, wish: dict[str, str]
) -> None:
    uni = Home(slug="uni", row={"assurance": (AssuranceRule(acr=MFA, said_acr="gold"),)})
    bank = Home(slug="bank")
    weak = ada(id=stored_id(SECRET), idp=uni.issuer, began=Seconds(START - 10))
    async with site(tmp_path, PORTAL, uni.provider, bank.provider, weak) as s:
        up = upstreams(s, uni, bank)
        sent = await s.http.get(authorize(**wish), headers=COOKIE, allow_redirects=False)
        cookie, asked = follow(uni, sent, COOKIE["Cookie"])
        assert asked["acr_values"].split()[0] == "gold", "asked in the provider's own words"
        assert "prompt" not in asked, "a second factor is wanted, not the password again"
        s.stage.clock.advance(5)
        uni.claims = {"acr": "gold"}
        back = await up.come_back(uni, cookie)
        again = f"__Host-broker-session={back.cookies['__Host-broker-session'].value}"
        page = await s.http.get(back.headers["Location"], headers={"Cookie": again})
        assert page.status == 200
        assert "What may" in await page.text()
        made = [row for row in s.stage.ledger.rows.values() if isinstance(row, Session) and row.acr == MFA]
        assert len(made) == 1


@pytest.mark.parametrize(("wish", "error"), [({"acr_values": MFA}, None), ({"claims": ESSENTIAL}, "unmet_authentication_requirements")])  # fmt: skip
async def test_what_is_liked_is_tried_once_and_what_is_essential_is_refused_without(
    tmp_path: Path, wish: dict[str, str], error: str | None
) -> None:
    uni = Home(slug="uni", claims={"acr": "weak"})
    async with site(tmp_path, PORTAL, uni.provider) as s:
        up = upstreams(s, uni)
        sent = await s.http.get(authorize(**wish), allow_redirects=False)
        cookie, asked = follow(uni, sent)
        assert asked["acr_values"] == MFA
        back = await up.come_back(uni, cookie)
        again = f"__Host-broker-session={back.cookies['__Host-broker-session'].value}"
        page = await s.http.get(back.headers["Location"], headers={"Cookie": again}, allow_redirects=False)
        if error is None:
            assert page.status == 200
        else:
            told = {name: value for name, [value] in parse_qs(urlsplit(page.headers["Location"]).query).items()}
            assert (told["error"], told["state"], told["iss"]) == (error, "st", b.US)


async def test_through_the_page_to_choose_from_the_wish_is_kept(tmp_path: Path) -> None:
    uni, bank = Home(slug="uni"), Home(slug="bank")
    async with site(tmp_path, PORTAL, uni.provider, bank.provider) as s:
        upstreams(s, uni, bank)
        sent = await s.http.get(authorize(acr_values=MFA, prompt="login"), allow_redirects=False)
        page = await (await s.http.get(sent.headers["Location"])).text()
        link = re.findall(r'href="(/sign-in/uni[^"]*)"', page)[0].replace("&amp;", "&")
        answer = await s.http.get(link, allow_redirects=False)
        _, asked = follow(uni, answer)
        assert (asked["acr_values"], asked["prompt"]) == (MFA, "login")


async def test_what_can_be_asked_for_is_in_the_metadata(tmp_path: Path) -> None:
    uni = Home(slug="uni", row={"assurance": (AssuranceRule(acr=MFA, amr=("mfa",)),), "acr_values": ("sfa",)})
    async with site(tmp_path, uni.provider) as s:
        told = await (await s.http.get("/.well-known/openid-configuration")).json()
        assert told["acr_values_supported"] == [MFA, "sfa"]
    async with site(tmp_path) as s:
        assert "acr_values_supported" not in await (await s.http.get("/.well-known/openid-configuration")).json()
