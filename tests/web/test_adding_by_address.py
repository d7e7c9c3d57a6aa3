"""An administrator who knows no JSON adds an issuer, a home organisation and an application: look first, then agree."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from multidict import MultiDict

from broker.core.administration import Managed
from broker.core.reasons.found_words import FOUND_WORDS
from broker.core.rows import Client, IdentityProvider, VisaIssuer
from broker.flows.inspect import inspect
from broker.web.pages import adding_fields
from broker.web.pages.adding import Looked
from broker.web.recent import RECENT
from broker.web.state import BROKER
from tests.web.browsing import Browser
from tests.web.site import Site, site
from tests.web.test_admin import EGA, es256, jwks
from tests.web.test_admin_pages import rows

DOCUMENT = "/.well-known/openid-configuration"
GOOD = {
    "authorization_endpoint": f"{EGA}/a", "token_endpoint": f"{EGA}/t", "jwks_uri": f"{EGA}/keys", "issuer": EGA,
    "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
}  # fmt: skip
IDP = {"issuer": EGA, "name": "The uni", "slug": "uni", "client_id": "us", "audience": "researcher"}
CLIENT = {"name": "Portal", "id": "portal", "auth_method": "client_secret_basic", "scopes": "profile",
          "redirect_uris": "https://portal.example/back\n\n https://portal.example/two ", "lasting": "yes"}  # fmt: skip


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows()) as made:
        laid(made)
        yield made


def laid(s: Site, *keys: dict[str, Any], **document: Any) -> None:
    """What is published at EGA."""
    s.stage.probe.documents[EGA + DOCUMENT] = json.dumps(GOOD | document).encode()
    s.stage.probe.documents[f"{EGA}/keys"] = jwks(*(keys or (es256("k1"),)))


async def looked(s: Site, noun: str, language: str = "en", **fields: str) -> tuple[Browser, str]:
    """What root is shown, and what agreeing to it would name; empty: nobody is asked to."""
    root = Browser(s, "root", language)
    await root.open(f"/admin/{noun}")
    shown = await root.send(f"/admin/{noun}", do="look", **fields)
    found = re.findall(r'name="seen" value="([0-9a-f]{64})"', shown)
    return root, found[0] if found else ""


def nothing_was_added(s: Site) -> bool:
    return not s.stage.kinds() and s.stage.live.current().get(VisaIssuer, EGA) is None


@pytest.mark.row("PAG-ADD")
@pytest.mark.parametrize(("language", "words"), [("en", "would be used"), ("es", "se usarían")])
async def test_an_issuer_is_found_by_its_address_and_added_by_a_second_step(s: Site, language: str, words: str) -> None:
    fields = {"issuer": EGA, "values": f"{EGA}/datasets/*\n"}
    root, seen = await looked(s, "issuers", language, **fields)
    assert nothing_was_added(s), "to look changes nothing"
    assert words in root.text
    assert "k1" in root.text
    assert seen
    await root.send("/admin/issuers", do="agree", seen=seen, **fields)
    row = s.stage.live.current().get(VisaIssuer, EGA)
    assert row is not None
    assert (row.trust.jku, row.trust.values, row.internal) == ((f"{EGA}/keys",), (f"{EGA}/datasets/*",), False)
    assert s.stage.kinds() == ["issuer.registered"]
    facts = root.text[root.text.index("<dl>") : root.text.index("</dl>")]
    opens = {"en": "What it may open", "es": "Qué puede abrir"}[language]
    assert f"<dt>{opens}</dt><dd>{EGA}/datasets/*</dd>" in facts, "a newcomer reads what was added, and no JSON"


@pytest.mark.row("PAG-ADD")
async def test_nobody_agrees_to_what_they_did_not_see(s: Site) -> None:
    root, seen = await looked(s, "issuers", issuer=EGA)
    for changes in ({"seen": ""}, {"seen": "0" * 64}, {"seen": seen, "may_link": "yes"}):
        await root.send("/admin/issuers", **{"do": "agree", "issuer": EGA} | changes)
        assert nothing_was_added(s), changes
        assert root.status == 400
    laid(s, es256("k1"), es256("k2"))
    shown = await root.send("/admin/issuers", do="agree", issuer=EGA, seen=seen)
    assert "It is not what you saw" in shown, "its keys are others by now"
    assert nothing_was_added(s)


@pytest.mark.row("PAG-ADD")
async def test_what_went_wrong_between_the_two_steps_is_not_added(s: Site) -> None:
    root, seen = await looked(s, "idps", **IDP)
    assert seen
    laid(s, token_endpoint="http://ega.example/t")
    shown = await root.send("/admin/idps", do="agree", seen=seen, client_secret="very-secret", **IDP)
    assert "Something was refused" in shown
    assert 'name="seen"' not in shown
    assert not s.stage.kinds()


@pytest.mark.row("PAG-ADD")
async def test_a_warning_that_nobody_saw_is_shown_before_anything_is_added(s: Site) -> None:
    root, seen = await looked(s, "idps", **IDP)
    laid(s, code_challenge_methods_supported=[])
    typed = IDP | {"client_secret": "very-secret"}
    shown = await root.send("/admin/idps", do="agree", seen=seen, **typed)
    assert "It is not what you saw" in shown
    assert not s.stage.kinds()
    again = re.findall(r'name="seen" value="([0-9a-f]{64})"', shown)[0]
    await root.send("/admin/idps", do="agree", seen=again, **typed)
    assert s.stage.kinds() == ["idp.registered"]


HOSTILE: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "http": ({"issuer": "http://ega.example"}, {}),
    "a private address": ({"issuer": "https://10.0.0.1"}, {}),
    "this machine": ({"issuer": "https://localhost"}, {}),
    "a script": ({"issuer": "javascript:alert(1)"}, {}),
    "a user name": ({"issuer": "https://root@ega.example"}, {}),
    "nothing": ({"issuer": ""}, {}),
    "nobody there": ({"issuer": "https://dead.example"}, {}),
    "another issuer": ({"issuer": EGA}, {"issuer": "https://evil.example"}),
    "a slash": ({"issuer": EGA}, {"issuer": f"{EGA}/"}),
    "keys at a script": ({"issuer": EGA}, {"jwks_uri": "javascript:alert(1)"}),
    "keys at home": ({"issuer": EGA}, {"jwks_uri": "https://127.0.0.1/keys"}),
    "keys without TLS": ({"issuer": EGA}, {"jwks_uri": "http://ega.example/keys"}),
    "keys in a file": ({"issuer": EGA}, {"jwks_uri": "file:///etc/passwd"}),
    "keys of a wrong kind": ({"issuer": EGA}, {"jwks_uri": ["x"]}),
    "keys elsewhere, typed": ({"issuer": EGA, "jku": "https://169.254.169.254/keys"}, {}),
}


@pytest.mark.row("PAG-ADD")
@pytest.mark.parametrize(
    ("noun", "how"),
    [(noun, how) for noun in ("issuers", "idps") for how in HOSTILE if noun == "issuers" or "typed" not in how],
)
async def test_what_does_not_fit_is_told_and_cannot_be_added(s: Site, noun: str, how: str) -> None:
    fields, document = HOSTILE[how]
    laid(s, **document)
    fields = (IDP if noun == "idps" else {"values": "my words <b>"}) | fields
    root, seen = await looked(s, noun, **fields)
    assert not seen
    assert 'role="alert"' in root.text or "Something was refused" in root.text
    if fields["issuer"]:
        assert f'value="{fields["issuer"]}"' in root.text, "nothing typed is lost"
    if how in ("a private address", "this machine"):
        assert "wrong-issuer" in root.text, "it is said where it was typed"
    assert "<b>" not in root.text
    assert 'href="javascript' not in root.text
    asked = s.stage.probe.asked
    assert not [url for url in asked if not url.startswith(("https://ega.example", "https://dead.example"))]
    await root.send(f"/admin/{noun}", do="agree", seen=seen, **fields)
    assert not s.stage.kinds()


AT_HOME = "http://10.1.2.3:8080/uni"
INSIDE: dict[str, dict[str, str]] = {
    "issuers": {"issuer": AT_HOME},
    "idps": IDP | {"issuer": AT_HOME},
    "clients": CLIENT | {"auth_method": "private_key_jwt", "jwks_uri": f"{AT_HOME}/keys"},
}
KINDS: dict[str, type[Managed]] = {"issuers": VisaIssuer, "idps": IdentityProvider, "clients": Client}


@pytest.mark.row("PAG-ADD")
@pytest.mark.parametrize("noun", INSIDE)
async def test_what_is_inside_our_network_is_added_when_that_is_said(s: Site, noun: str) -> None:
    there = {name: at.replace(EGA, AT_HOME) if isinstance(at, str) else at for name, at in GOOD.items()}
    s.stage.probe.documents[AT_HOME + DOCUMENT] = json.dumps(there).encode()
    s.stage.probe.documents[f"{AT_HOME}/keys"] = jwks(es256("k1"))
    fields = INSIDE[noun]
    field = "jwks_uri" if noun == "clients" else "issuer"
    root, seen = await looked(s, noun, **fields)
    assert not seen
    assert not [url for url in s.stage.probe.asked if url.startswith(AT_HOME)]
    assert f"wrong-{field}" in root.text
    assert "inside our own network" in root.text[root.text.index(f"wrong-{field}") :]
    root, seen = await looked(s, noun, internal="yes", **fields)
    assert "said to be inside our own network" in root.text
    await root.send(f"/admin/{noun}", do="agree", seen=seen, client_secret="very-secret", **fields)
    assert not s.stage.kinds(), "it is another row without the tick"
    secret = {"client_secret": "very-secret"} if noun == "idps" else {}
    await root.send(f"/admin/{noun}", do="agree", seen=seen, internal="yes", **secret, **fields)
    row = s.stage.live.current().get(KINDS[noun], fields.get("id", AT_HOME))
    assert row is not None
    assert row.internal


@pytest.mark.row("PAG-ADD")
async def test_hostile_names_in_what_is_found_are_words_and_nothing_else(s: Site) -> None:
    laid(s, es256("<script>alert(1)</script>"), {"kty": "<img src=x>", "kid": "javascript:alert(2)"})
    root, _ = await looked(s, "issuers", issuer=EGA)
    assert "<script>" not in root.text
    assert "<img" not in root.text
    assert "&lt;script&gt;" in root.text


@pytest.mark.row("PAG-ADD")
async def test_keys_that_it_does_not_name_itself_are_named_by_hand(s: Site) -> None:
    del s.stage.probe.documents[EGA + DOCUMENT]
    root, seen = await looked(s, "issuers", issuer=EGA)
    assert not seen
    assert "wrong-jku" in root.text
    root, seen = await looked(s, "issuers", issuer=EGA, jku=f"{EGA}/keys")
    await root.send("/admin/issuers", do="agree", seen=seen, issuer=EGA, jku=f"{EGA}/keys")
    assert s.stage.kinds() == ["issuer.registered"]


@pytest.mark.row("PAG-ADD")
async def test_what_will_not_do_is_not_added_even_by_who_names_its_digest(s: Site) -> None:
    """No page shows it; who reads the code can make it."""
    laid(s, {"kty": "EC"})
    broker, fields = s.http.app[BROKER], {"issuer": EGA, "jku": f"{EGA}/keys"}
    said = adding_fields.declared("issuers", adding_fields.typed_in("issuers", MultiDict(fields)))
    row = broker.administration.forms.read(VisaIssuer, said)
    report = await inspect(broker.world, broker.administration.tools, row)
    assert not report.passes
    root, shown = await looked(s, "issuers", **fields)
    assert shown == ""
    await root.send("/admin/issuers", do="agree", seen=Looked(said=said, row=row, report=report).seen, **fields)
    assert nothing_was_added(s)


@pytest.mark.row("PAG-ADD")
async def test_a_home_organisation_is_added_and_its_secret_is_never_shown(s: Site) -> None:
    root, seen = await looked(s, "idps", **IDP)
    assert "/sign-in/uni/callback" in root.text, "what is to be registered there"
    assert 'type="password"' in root.text
    shown = await root.send("/admin/idps", do="agree", seen=seen, **IDP)
    assert root.status == 400
    assert "wrong-client_secret" in shown
    await root.send("/admin/idps", do="agree", seen="0" * 64, client_secret="very-secret", **IDP)
    assert "very-secret" not in root.text
    await root.send("/admin/idps", do="agree", seen=seen, client_secret="very-secret", **IDP)
    assert "very-secret" not in root.text
    row = s.stage.live.current().get(IdentityProvider, EGA)
    assert row is not None
    assert (row.client_secret, row.slug, row.internal, row.silent_sign_in) == ("very-secret", "uni", False, False)


@pytest.mark.row("PAG-ADD")
async def test_an_application_is_added_by_fields_and_gets_its_secret_once(s: Site) -> None:
    root, seen = await looked(s, "clients", **CLIENT)
    shown = await root.send("/admin/clients", do="agree", seen=seen, **CLIENT)
    assert root.status == 200
    assert "shown here once" in shown
    row = s.stage.live.current().get(Client, "portal")
    assert row is not None
    assert row.redirect_uris == ("https://portal.example/back", "https://portal.example/two")
    assert (row.grant_types, row.scopes) == (("authorization_code", "refresh_token"), ("openid", "profile"))
    assert row.secret is not None
    await root.open("/admin/clients")
    await root.send("/admin/clients", do="agree", seen=seen, **CLIENT)
    assert root.status == 400, "there is one already"
    assert s.stage.kinds() == ["client.registered"]


@pytest.mark.row("PAG-ADD")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"),
        ({"redirect_uris": ""}, "redirect_uris"),
        ({"id": "usr_root"}, "id"),
        ({"id": "two words"}, "id"),
        ({"name": ""}, "name"),
        ({"auth_method": "private_key_jwt"}, "jwks_uri"),
        ({"jwks_uri": "https://x.example/keys"}, "jwks_uri"),
        ({"auth_method": "none", "services": "issuers:write"}, "redirect_uris"),
        ({"jwks_uri": "http://x.example/keys", "auth_method": "private_key_jwt"}, "jwks_uri"),
    ],
)
async def test_what_is_wrong_with_an_application_is_said_at_its_field(
    s: Site, changes: dict[str, str], field: str
) -> None:
    root, seen = await looked(s, "clients", **CLIENT | changes)
    assert not seen
    assert root.status == 400
    assert f"wrong-{field}" in root.text
    assert 'value="portal"' in root.text or "id" in changes


@pytest.mark.row("PAG-ADD")
async def test_a_service_may_not_be_given_what_no_field_offers(s: Site) -> None:
    root, seen = await looked(s, "clients", **CLIENT | {"scopes": "task", "services": "everything"})
    await root.send("/admin/clients", do="agree", seen=seen, **CLIENT | {"scopes": "task", "services": "everything"})
    row = s.stage.live.current().get(Client, "portal")
    assert row is not None
    assert row.scopes == ("openid",)


@pytest.mark.row("PAG-ADD")
async def test_only_who_may_add_looks_and_only_after_a_sign_in_of_the_last_minutes(s: Site) -> None:
    root, seen = await looked(s, "issuers", issuer=EGA)
    token = re.findall(r'name="form" value="([^"]+)"', root.text)[0]
    asked = list(s.stage.probe.asked)
    await root.send("/admin/issuers", token="f" * 64, do="look", issuer=EGA)
    assert (root.status, f'value="{EGA}"' in root.text) == (400, True), "what was typed is there again"
    for name in ("eve", "lex", "sam"):
        other = Browser(s, name)
        await other.open("/identities")
        await other.send("/admin/issuers", do="look", issuer=EGA)
        assert other.status == 403
    s.stage.clock.advance(RECENT + 1)
    for do in ("look", "agree"):
        await root.send("/admin/issuers", token=token, do=do, issuer=EGA, seen=seen)
        assert (root.status, f'value="{EGA}"' in root.text) == (401, True), "what was typed is there again"
        assert "signed in too long ago" in root.text
    assert s.stage.probe.asked == asked, "nothing is fetched for them"
    assert nothing_was_added(s)


def test_every_finding_has_its_words() -> None:
    import broker.core.inspection as core  # noqa: PLC0415
    import broker.flows.inspect as flow  # noqa: PLC0415

    source = "".join(Path(str(one.__file__)).read_text("utf-8") for one in (core, flow))
    codes = set(re.findall(r'code="([a-z_.]+)"', source)) | set(re.findall(r'"(url\.[a-z_]+)"', source))
    abouts = set(re.findall(r'about="(\w+)"', source)) | set(core._ENDPOINTS)
    keys = {"private", "no_kid", "twice", "members", "row", "weak", "no_object"}
    wanted = codes | {f"about.{one}" for one in abouts} | {f"key.{one}" for one in keys}
    assert len(codes) > 20
    assert {f"found.{one}" for one in wanted} <= FOUND_WORDS.keys()


def test_no_field_is_beyond_what_the_newcomers_form_may_say() -> None:
    """What weakens a row (`silent_sign_in`, `vouches`, …) is said by who writes the row itself. That it is inside our
    own network is said by name here too: nothing else could be added by hand there.
    """
    named = {field.name for fields in adding_fields.FIELDS.values() for field in fields}
    assert named.isdisjoint({"silent_sign_in", "vouches", "consent", "installs", "assert_from_claims"})
