"""What is read of a form is written as that form: so that GET, change and PUT lose nothing, whatever a row has."""

from dataclasses import fields, replace
from typing import Any

import pytest

from broker.adapters.catalogue.forms import FORMS, CatalogueForms
from broker.core.ids import ClientId, Issuer
from broker.core.passport.trust import TrustRow
from broker.core.rows import Client, IdentityProvider, VisaIssuer
from broker.core.time import Seconds
from broker.ports import FormError
from tests.web.test_admin import FORMS as SAID

KINDS: dict[str, Any] = {"issuers": VisaIssuer, "clients": Client, "idps": IdentityProvider}
BASE = {noun: CatalogueForms().read(kind, SAID[noun]) for noun, kind in KINDS.items()}
SECRETS = {"issuers": None, "clients": SAID["clients"]["secret_sha256"], "idps": SAID["idps"]["client_secret"]}
NOT_SAID = {"id", "version", "status", "secret", "client_secret", "parent", "owner", "created", "trust", "is_us", "iss"}
"""What no form says, or says under another name; `created` and `owner` belong to installations."""


@pytest.mark.parametrize("noun", KINDS)
def test_what_was_read_is_written(noun: str) -> None:
    forms = CatalogueForms()
    assert forms.read(KINDS[noun], forms.write(BASE[noun]), secret=SECRETS[noun]) == BASE[noun]


RICH = TrustRow(
    iss="https://ega.example", jku=("https://ega.example/jwks",), keys=({"kty": "EC", "kid": "k"},), algorithms=frozenset({"ES256"}),
    types=frozenset({"a"}), sources=frozenset({"https://s.example"}), values=("https://ega.example/*",), may_link=True, is_broker=True,
    vouches=True, granted_by=frozenset({"so"}), link_issuers=frozenset({"https://l.example"}), link_sources=frozenset({"https://m.example"}),
    access_tokens=True, max_lifetime=Seconds(5), max_asserted_age=Seconds(6), aliases={"x": "https://y.example"},
    grant_profile={"kinds": ["hmb"]}, discovery=True, userinfo=True, userinfo_url="https://ega.example/me",
    userinfo_audiences=frozenset({"a"}), opaque_tokens=True, polled=True,
)  # fmt: skip


def test_every_member_of_a_trust_row_survives() -> None:
    forms, row = CatalogueForms(), VisaIssuer(id=Issuer(RICH.iss), trust=RICH, internal=True)
    assert forms.read(VisaIssuer, forms.write(row)) == row


@pytest.mark.parametrize("noun", KINDS)
def test_a_form_has_every_member_of_its_row(noun: str) -> None:
    """A member that was added to a row and not to its form could be set by nobody, and a PUT would lose it."""
    form, row = FORMS[KINDS[noun]], BASE[noun]
    said = {form.names.get(name, name) for name in form.part.model_fields}
    holders = [row.trust, row] if noun == "issuers" else [row]
    held = {one.name for holder in holders for one in fields(holder)}
    assert held - said - NOT_SAID == set()


@pytest.mark.parametrize("noun", ["clients", "idps"])
def test_a_secret_is_not_written(noun: str) -> None:
    assert SECRETS[noun] not in str(CatalogueForms().write(BASE[noun]))


@pytest.mark.parametrize(("noun", "said", "field"), [
    ("issuers", {"issuer": "nonsense"}, "issuer"),
    ("issuers", {"issuer": 7}, "issuer"),
    ("issuers", {"issuer": "https://a.example", "grant_profile": {"kinds": ["x"]}}, "body"),
    ("clients", {}, "id"),
    ("idps", SAID["idps"] | {"slug": "No Slug"}, "slug"),
])  # fmt: skip
def test_a_fault_has_its_field_and_nothing_of_what_was_sent(noun: str, said: dict[str, Any], field: str) -> None:
    with pytest.raises(FormError) as caught:
        CatalogueForms().read(KINDS[noun], said)
    assert field in {name for name, _ in caught.value.faults} or field == "body"
    assert "their-secret-of-ours" not in str(caught.value)


def test_installations_keep_whose_they_are() -> None:
    row = replace(BASE["clients"], parent=ClientId("p"))
    assert "parent" not in CatalogueForms().write(row)
