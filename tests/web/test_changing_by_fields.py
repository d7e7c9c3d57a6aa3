"""An administrator changes what is registered by the fields in which it was added: look first, then agree."""

import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.catalogue.forms import CatalogueForms
from broker.core.administration import Managed, Noun, ref, secret_of, shown
from broker.core.ids import DatasetId, PersonId
from broker.core.rows import Client, Dataset, IdentityProvider, Person, Put, Role, VisaIssuer
from broker.web.pages.changing_fields import held_in, patched
from broker.web.recent import RECENT
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site
from tests.web.test_adding_by_address import laid
from tests.web.test_admin import EGA, es256, jwks
from tests.web.test_admin_pages import rows

UNI = "https://uni.example"
KEY = {
    "kty": "EC", "crv": "P-256", "kid": "k", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # fmt: skip
FULL: dict[Noun, dict[str, Any]] = {
    "issuers": {
        "issuer": EGA, "jku": [f"{EGA}/keys", f"{EGA}/more"], "keys": [KEY], "algorithms": ["ES256"],
        "types": ["AffiliationAndRole", "ControlledAccessGrants"], "sources": [f"{EGA}/dac"],
        "values": [f"{EGA}/datasets/*", f"{EGA}/one"], "may_link": True, "is_broker": True, "vouches": True,
        "granted_by": ["dac", "so"], "link_issuers": [UNI], "link_sources": [UNI], "access_tokens": True,
        "max_lifetime_seconds": 100, "max_asserted_age_seconds": 200, "aliases": {"phs1": f"{EGA}/one"},
        "grant_profile": {"kinds": ["hmb"]}, "discovery": True, "userinfo": True,
        "userinfo_url": f"{EGA}/me", "userinfo_audiences": ["us"], "opaque_tokens": True, "polled": True,
        "keys_until": "2030-01-01T00:00:00Z", "internal": True, "gather_key": "our-key-there",
        "gather": {"subjects_of": UNI, "api": f"{EGA}/api", "api_user": "us", "userinfo": True, "push": True},
    },
    "idps": {
        "issuer": UNI, "slug": "uni", "name": "Uni", "client_id": "us", "client_secret": "their-secret",
        "token_auth": "client_secret_post", "scopes": ["uni.example"], "login_hints": ["@uni.example"],
        "silent_sign_in": True, "internal": True, "request_scopes": ["openid", "email"], "acr_values": ["best"],
        "algorithms": ["ES256"], "endpoint_hosts": ["keys.uni.example"], "hidden": True, "audience": "participant",
        "assurance": [{"acr": "https://refeds.org/profile/mfa", "amr": ["hwk"]}],
    },
    "clients": {
        "id": "portal", "name": "Portal", "auth_method": "client_secret_post", "secret_sha256": "ab" * 32,
        "internal": True, "require_par": True, "dpop_required": True, "dpop_nonce": True,
        "redirect_uris": ["https://portal.example/back"],
        "post_logout_redirect_uris": ["https://portal.example/out"],
        "backchannel_logout_uri": "https://portal.example/bc", "backchannel_logout_session_required": True,
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "scopes": ["openid", "profile", "task"], "resources": ["https://repo.example"],
        "serves": ["https://repo.example"], "id_token_alg": "ES256", "consent": "remembered",
        "visa_style": "access_token",
    },
}  # fmt: skip
KINDS: dict[Noun, type[Managed]] = {"issuers": VisaIssuer, "idps": IdentityProvider, "clients": Client}
PATH = f"/admin/issuers/{ref(EGA)}/change"
SCOPE = f"{EGA}/datasets/*"


def row_of(noun: Noun, **changes: Any) -> Any:
    return CatalogueForms().read(KINDS[noun], FULL[noun] | changes)


def plain_issuer() -> VisaIssuer:
    return CatalogueForms().read(VisaIssuer, {"issuer": EGA, "jku": [f"{EGA}/keys"], "values": [SCOPE]})


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    scoped = Role(id="r-ina", role="issuer_admin", scope=f"issuer:{EGA}", iss=b.HOME, sub="ina")
    ina = Person(id=PersonId("usr_ina"), log_key="dd" * 32, created=START)
    async with site(
        tmp_path, *rows(), ina, browser_session("ina"), scoped, plain_issuer(), row_of("clients", consent="ask")
    ) as made:
        laid(made)
        yield made


def issuer(s: Site) -> VisaIssuer:
    row = s.stage.live.current().get(VisaIssuer, EGA)
    assert row is not None
    return row


def filled(text: str) -> dict[str, Any]:
    """What a browser would send of the form as it is shown."""
    found: dict[str, Any] = {}
    for name, said in re.findall(r'<input type="(?:hidden|text)"[^>]* name="(\w+)"[^>]*? value="([^"]*)"', text):
        found[name] = html.unescape(said)
    for name, said in re.findall(r'<textarea id="(\w+)"[^>]*>([^<]*)</textarea>', text):
        found[name] = html.unescape(said).replace("\n", "\r\n")
    for name, said in re.findall(r'<input type="checkbox"[^>]* name="(\w+)" value="([^"]+)" checked', text):
        found[name] = [*found.get(name, []), said]
    found.pop("form")
    return found


async def looked(s: Site, path: str, who: str = "root", language: str = "en", **changes: Any) -> Browser:
    browser = Browser(s, who, language)
    await browser.open(path)
    await browser.send(path, **filled(browser.text) | {"do": "look"} | changes)
    return browser


@pytest.mark.row("PAG-CHANGE")
@pytest.mark.parametrize("noun", KINDS)
def test_what_no_field_was_changed_in_stays_exactly_as_it_was(noun: Noun) -> None:
    """With every member set to something that is not its default: nothing is left out, and nothing comes."""
    row = row_of(noun)
    for holder in (row, *((row.trust, row.gather) if noun == "issuers" else ())):
        never = {"parent", "owner", "created", "version", "status", "is_us", "trust", "gather"}
        unset = [
            one.name for one in fields(holder)
            if one.name not in never | {"assert_from_claims", "jwks", "jwks_uri", "installs", "assertion_audience"}
            and not getattr(holder, one.name)
        ]  # fmt: skip
        assert not unset, "a new member is to be set here too"
    forms = CatalogueForms()
    declared = shown(row, forms.write(row))["declared"]
    held = held_in(noun, declared)
    assert patched(noun, declared, held) == declared
    assert forms.read(KINDS[noun], declared, secret=secret_of(row)) == row
    name = {"issuers": "values", "idps": "name", "clients": "name"}[noun]
    changed = forms.read(KINDS[noun], patched(noun, declared, held | {name: "urn:other"}), secret=secret_of(row))
    if isinstance(changed, VisaIssuer):
        assert changed == replace(row, trust=replace(row.trust, values=("urn:other",)))
    else:
        assert changed == replace(row, name="urn:other")


@pytest.mark.row("PAG-CHANGE")
@pytest.mark.parametrize(("language", "words"), [("en", "What would be different"), ("es", "Qué sería distinto")])
async def test_the_scope_of_an_issuer_is_changed_by_a_second_step(s: Site, language: str, words: str) -> None:
    wanted = f"{SCOPE}\r\n\r\n {b.US}/datasets/* "
    root = await looked(s, PATH, language=language, values=wanted)
    assert root.status == 200
    assert words in root.text
    assert issuer(s).version == 1, "to look changes nothing"
    assert "k1" in root.text, "what is found there"
    assert f"<strong>{b.US}/datasets/*</strong>" in root.text
    await root.send(PATH, **filled(root.text) | {"do": "agree"})
    assert root.path == PATH.removesuffix("/change")
    assert issuer(s) == replace(
        plain_issuer(), version=2, trust=replace(plain_issuer().trust, values=(SCOPE, f"{b.US}/datasets/*"))
    )
    assert s.stage.kinds() == ["issuer.registered"], "one change, one entry"


@pytest.mark.row("PAG-CHANGE")
async def test_the_second_click_of_two_changes_nothing_more(s: Site) -> None:
    root = await looked(s, PATH, values=f"{EGA}/one")
    sent, token = filled(root.text) | {"do": "agree"}, re.findall(r'name="form" value="([^"]+)"', root.text)[0]
    for _ in range(2):
        await root.send(PATH, token=token, **sent)
        assert (root.status, root.path) == (200, PATH.removesuffix("/change"))
    assert issuer(s).version == 2


@pytest.mark.row("PAG-CHANGE")
async def test_which_datasets_come_and_go_is_told_and_hidden_ones_are_only_counted(s: Site) -> None:
    seen = next(one for one in s.stage.live.current().all(Dataset) if one.existence == "listed")
    hidden = replace(seen, id=DatasetId(f"{b.US}/datasets/none-knows"), version=1, existence="hidden")
    await s.stage.ledger.record(s.stage.world.entry("issuer.registered", s.stage.clock.now(), None, {}), Put(hidden))
    root = await looked(s, PATH, values=f"{seen.id}\n{hidden.id}")
    told = root.text[: root.text.index("<form")]
    assert "and cannot now: 2." in told
    assert f"<li>{html.escape(seen.title)}</li>" in told
    assert f"<li>{hidden.id}</li>" not in told
    await root.send(PATH, **filled(root.text) | {"do": "agree"})
    root = await looked(s, PATH, values="")
    assert "could open no longer: 2." in root.text


@pytest.mark.row("PAG-CHANGE")
def test_a_home_organisation_to_which_we_prove_ourselves_by_a_key_is_sent_back_as_it_was_read() -> None:
    forms = CatalogueForms()
    said = {"issuer": UNI, "slug": "uni", "name": "Uni", "client_id": "us", "token_auth": "private_key_jwt"}
    row = forms.read(IdentityProvider, said)
    told = shown(row, forms.write(row))
    assert told["has_secret"] is False
    assert forms.read(IdentityProvider, told["declared"], secret=secret_of(row)) == row


@pytest.mark.row("PAG-CHANGE")
async def test_an_empty_scope_opens_nothing(s: Site) -> None:
    root = await looked(s, PATH, values="  \r\n ")
    assert "<td>Nothing" in root.text
    assert "could open no longer" in root.text
    await root.send(PATH, **filled(root.text) | {"do": "agree"})
    assert issuer(s).trust.values == ()
    assert not issuer(s).trust.may_grant(f"{EGA}/datasets/1")
    for star in ("*", "https://*", f"{EGA}*"):
        root = await looked(s, PATH, values=star)
        assert root.status == 400, star
        assert "wrong-values" in root.text or 'role="alert"' in root.text
        assert 'name="seen"' not in root.text


@pytest.mark.row("PAG-CHANGE")
async def test_a_field_that_was_not_sent_was_not_emptied(s: Site) -> None:
    root = await looked(s, PATH)
    assert "Nothing would be different" in root.text
    sent = {name: said for name, said in filled(root.text).items() if name in ("version", "was")}
    await root.send(PATH, **sent, do="look")
    assert "Nothing would be different" in root.text
    await root.send(PATH, do="agree", seen="0" * 64)
    assert issuer(s).version == 1


@pytest.mark.row("PAG-CHANGE")
async def test_nobody_agrees_to_what_they_did_not_see(s: Site) -> None:
    root = await looked(s, PATH, values=f"{EGA}/one")
    sent = filled(root.text)
    for changes in ({"seen": ""}, {"seen": "0" * 64}, {"may_link": "yes"}, {"values": f"{EGA}/two"}):
        await root.send(PATH, **sent | {"do": "agree"} | changes)
        assert root.status == 400, changes
        assert issuer(s).version == 1
    laid(s, es256("k1"), es256("k2"))
    await root.send(PATH, **sent | {"do": "agree"})
    assert "It is not what you saw" in root.text, "its keys are others by now"
    assert issuer(s).version == 1


@pytest.mark.row("PAG-CHANGE")
async def test_two_administrators_do_not_write_over_each_other(s: Site) -> None:
    first, second = await looked(s, PATH, may_link="yes"), await looked(s, PATH, values=f"{EGA}/mine")
    await second.send(PATH, **filled(second.text) | {"do": "agree"})
    assert issuer(s).trust.values == (f"{EGA}/mine",)
    await first.send(PATH, **filled(first.text) | {"do": "agree"})
    assert issuer(s).version == 2, "not before they have seen it"
    assert "Somebody changed it while you were here" in first.text
    assert f"<li>{SCOPE}</li>" in first.text, "as it was"
    assert f"<li>{EGA}/mine</li>" in first.text, "as it is now"
    shown = filled(first.text)
    assert (shown["may_link"], shown["values"]) == (["yes"], f"{EGA}/mine"), "what was typed is there still"
    await first.send(PATH, **shown | {"do": "agree"})
    assert (issuer(s).trust.may_link, issuer(s).trust.values) == (True, (f"{EGA}/mine",))
    assert issuer(s).version == 3


@pytest.mark.row("PAG-CHANGE")
async def test_where_both_typed_the_later_sees_both_and_keeps_their_words(s: Site) -> None:
    first, second = await looked(s, PATH, values=f"{EGA}/first"), await looked(s, PATH, values=f"{EGA}/second")
    await second.send(PATH, **filled(second.text) | {"do": "agree"})
    await first.send(PATH, **filled(first.text) | {"do": "look"})
    assert filled(first.text)["values"] == f"{EGA}/first"
    assert f"<li>{EGA}/second</li>" in first.text
    await first.send(PATH, **filled(first.text) | {"do": "agree"})
    assert issuer(s).trust.values == (f"{EGA}/first",)


@pytest.mark.row("PAG-CHANGE")
async def test_what_no_field_asks_and_another_changed_meanwhile_is_kept(s: Site) -> None:
    root = await looked(s, PATH, values=f"{EGA}/one")
    stopped = replace(issuer(s), version=2, status="suspended", trust=replace(issuer(s).trust, vouches=True))
    await s.stage.ledger.record(s.stage.world.entry("issuer.suspended", s.stage.clock.now(), None, {}), Put(stopped))
    sent = filled(root.text)
    await root.send(PATH, **sent | {"do": "agree"})
    assert issuer(s) == stopped
    assert "in what these fields do not ask" in root.text
    await root.send(PATH, **filled(root.text) | {"do": "agree"})
    assert issuer(s) == replace(stopped, version=3, trust=replace(stopped.trust, values=(f"{EGA}/one",)))


@pytest.mark.row("PAG-CHANGE")
@pytest.mark.parametrize("was", ["", "[]", "nonsense", '{"values": 1, "may_link": "yes"}', "[" * 50_000])
async def test_what_a_form_says_of_the_past_is_read_with_care(s: Site, was: str) -> None:
    root = await looked(s, PATH, was=was, values=f"{EGA}/one")
    assert root.status == 200
    await root.send(PATH, **filled(root.text) | {"do": "agree"})
    assert issuer(s).trust == replace(plain_issuer().trust, values=(f"{EGA}/one",))


@pytest.mark.row("PAG-CHANGE")
async def test_an_application_keeps_what_no_field_ticks(s: Site) -> None:
    path = f"/admin/clients/{ref('portal')}/change"
    root = await looked(s, path, redirect_uris="https://portal.example/two", scopes=["ga4gh_passport_v1"])
    assert root.status == 200, root.text
    await root.send(path, **filled(root.text) | {"do": "agree"})
    row = s.stage.live.current().get(Client, "portal")
    expected = replace(
        row_of("clients", consent="ask"),
        version=2,
        redirect_uris=("https://portal.example/two",),
        scopes=("openid", "task", "ga4gh_passport_v1"),
    )
    assert row == expected, "profile was unticked, the other was ticked, the rest is as it was"


@pytest.mark.row("PAG-CHANGE")
@pytest.mark.parametrize(
    "typed", ["javascript:alert(1)", "http://portal.example/back", "https://a.example/#x", '"><script>']
)
async def test_what_cannot_be_is_said_at_its_field_and_is_not_lost(s: Site, typed: str) -> None:
    path = f"/admin/clients/{ref('portal')}/change"
    root = await looked(s, path, redirect_uris=typed, name="Another <b>")
    assert "<b>" not in root.text
    assert "<script>" not in root.text
    assert filled(root.text)["redirect_uris"] == typed
    assert filled(root.text)["name"] == "Another <b>"
    await root.send(path, **filled(root.text) | {"do": "agree", "seen": "0" * 64})
    assert s.stage.live.current().get(Client, "portal") == row_of("clients", consent="ask")


@pytest.mark.row("PAG-CHANGE")
async def test_who_administers_one_issuer_does_not_say_what_it_may_open(s: Site) -> None:
    asked = list(s.stage.probe.asked)
    ina = await looked(s, PATH, "ina", values=f"{SCOPE}\n{b.US}/*")
    assert ina.status == 400
    assert 'name="seen"' not in ina.text
    assert s.stage.probe.asked == asked, "nothing is fetched for it"
    await ina.send(PATH, **filled(ina.text) | {"do": "agree", "seen": "0" * 64})
    assert issuer(s).version == 1
    s.stage.probe.documents[f"{EGA}/new"] = jwks(es256("k9"))
    ina = await looked(s, PATH, "ina", jku=f"{EGA}/new")
    await ina.send(PATH, **filled(ina.text) | {"do": "agree"})
    assert issuer(s).trust == replace(plain_issuer().trust, jku=(f"{EGA}/new",)), "where its keys are, they say"


@pytest.mark.row("PAG-CHANGE")
async def test_only_who_may_and_after_a_sign_in_of_the_last_minutes(s: Site) -> None:
    root = await looked(s, PATH, values=f"{EGA}/one")
    sent = filled(root.text) | {"do": "agree"}
    token = re.findall(r'name="form" value="([^"]+)"', root.text)[0]
    await root.send(PATH, token="f" * 64, **sent)
    assert root.status == 400
    for name in ("eve", "lex", "sam"):
        other = Browser(s, name)
        await other.open(PATH)
        assert other.status == 403, name
        await other.open("/identities")
        await other.send(PATH, **sent)
        assert other.status == 403, name
    s.stage.clock.advance(RECENT + 1)
    await root.send(PATH, token=token, **sent)
    assert (root.status, f"{EGA}/one" in root.text) == (401, True), "what was typed is there again"
    assert "signed in too long ago" in root.text
    assert issuer(s).version == 1


@pytest.mark.row("PAG-CHANGE")
async def test_an_issuer_that_cannot_be_reached_can_be_narrowed(s: Site) -> None:
    s.stage.probe.documents.clear()
    root = await looked(s, PATH, values="")
    assert "Something was refused" in root.text
    await root.send(PATH, **filled(root.text) | {"do": "agree"})
    assert issuer(s).trust.values == ()


async def test_the_page_of_a_row_leads_there_and_back(s: Site) -> None:
    root = Browser(s, "root")
    await root.open(PATH.removesuffix("/change"))
    assert root.links(PATH) == [PATH]
    await root.open(PATH)
    assert root.links(PATH.removesuffix("/change"))
    assert json.loads(filled(root.text)["was"])["values"] == SCOPE
