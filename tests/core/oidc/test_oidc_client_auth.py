"""One way of client authentication, the right one (P4, T068, T073)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

import pytest

from broker.core.oidc.client_assertion import ASSERTION_TYPE as TYPE
from broker.core.oidc.client_auth import Credentials, Method, authenticate, credentials
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.parameters import Parameters, parse

SECRET = "s3cret+/ %"


@dataclass(frozen=True)
class Registered:
    id: str = "app"
    auth_method: str = "client_secret_basic"
    secret: str | None = hashlib.sha256(SECRET.encode()).hexdigest()
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    status: str = "active"


def form(**members: str) -> Parameters:
    read = parse(urlencode(members).encode())
    assert isinstance(read, Parameters)
    return read


def basic(id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{quote(id, safe='')}:{quote(secret, safe='')}".encode()).decode()


def test_basic_is_form_decoded() -> None:
    assert credentials(basic("a:b", SECRET), form()) == Credentials("client_secret_basic", "a:b", SECRET)


def test_a_posted_secret_and_a_bare_id_are_the_two_other_ways() -> None:
    assert credentials(None, form(client_id="app", client_secret="s")) == Credentials("client_secret_post", "app", "s")
    assert credentials(None, form(client_id="app")) == Credentials("none", "app")
    assert credentials(None, form(client_id="app", client_secret="")) == Credentials("none", "app")


def test_basic_and_the_same_client_id_in_the_form_are_one_authentication() -> None:
    assert isinstance(credentials(basic("app", SECRET), form(client_id="app")), Credentials)


@pytest.mark.row("T068", "P4")
@pytest.mark.parametrize(
    ("row", "header", "members", "error"),
    [
        ("Basic and a posted secret", basic("app", "x"), {"client_secret": "x"}, OAuthError.CLIENT_TWICE),
        ("Basic and another client_id", basic("app", "x"), {"client_id": "other"}, OAuthError.CLIENT_FAILED),
        ("an assertion of no type", None, {"client_assertion": "x.y.z", "client_id": "app"}, OAuthError.CLIENT_FAILED),
        ("of another type", None, {"client_assertion": "e", "client_assertion_type": "t"}, OAuthError.CLIENT_FAILED),
        ("an assertion type alone", None, {"client_assertion_type": TYPE, "client_id": "a"}, OAuthError.CLIENT_FAILED),
        ("assertion and Basic", basic("app", "x"), {"client_assertion": "e"}, OAuthError.CLIENT_TWICE),
        ("assertion type and Basic", basic("app", "x"), {"client_assertion_type": TYPE}, OAuthError.CLIENT_TWICE),
        ("assertion and secret", None, {"client_assertion": "e", "client_secret": "x"}, OAuthError.CLIENT_TWICE),
        ("nothing", None, {}, OAuthError.CLIENT_FAILED),
        ("a secret of nobody", None, {"client_secret": "x"}, OAuthError.CLIENT_FAILED),
        ("another scheme", "Bearer abc", {"client_id": "app"}, OAuthError.CLIENT_FAILED),
        ("not base64", "Basic %%%", {}, OAuthError.CLIENT_FAILED),
        ("no colon", "Basic " + base64.b64encode(b"app").decode(), {}, OAuthError.CLIENT_FAILED),
        ("not UTF-8", "Basic " + base64.b64encode(b"\xff:x").decode(), {}, OAuthError.CLIENT_FAILED),
        ("not UTF-8 inside", "Basic " + base64.b64encode(b"app:%ff").decode(), {}, OAuthError.CLIENT_FAILED),
        ("an empty id", "Basic " + base64.b64encode(b":x").decode(), {}, OAuthError.CLIENT_FAILED),
        ("an empty secret", "Basic " + base64.b64encode(b"app:").decode(), {}, OAuthError.CLIENT_FAILED),
        ("a NUL", "Basic " + base64.b64encode(b"app:%00").decode(), {}, OAuthError.CLIENT_FAILED),
        ("two credentials in one header", basic("app", "x") + ", " + basic("b", "x"), {}, OAuthError.CLIENT_FAILED),
        ("a very long header", "Basic " + "A" * 2056, {}, OAuthError.CLIENT_FAILED),
        ("an id that is no id", None, {"client_id": "äpp"}, OAuthError.CLIENT_FAILED),
    ],
)
def test_more_than_one_way_or_none_is_refused(
    row: str, header: str | None, members: dict[str, str], error: OAuthError
) -> None:
    assert credentials(header, form(**members)) is error, row


@pytest.mark.row("P4")
def test_the_right_secret_in_the_registered_way_is_accepted() -> None:
    assert authenticate(Registered(), Credentials("client_secret_basic", "app", SECRET)) is None
    posting = Registered(auth_method="client_secret_post")
    assert authenticate(posting, Credentials("client_secret_post", "app", SECRET)) is None
    public = Registered(auth_method="none", secret=None)
    assert authenticate(public, Credentials("none", "app")) is None


@pytest.mark.row("T073", "P4")
@pytest.mark.parametrize(
    ("row", "client", "method", "secret"),
    [
        ("T073 unknown client", None, "client_secret_basic", SECRET),
        ("T073 wrong secret", Registered(), "client_secret_basic", SECRET + "x"),
        ("empty secret", Registered(), "client_secret_basic", ""),
        ("the stored hash offered as the secret", Registered(), "client_secret_basic", Registered().secret),
        ("the secret in another way", Registered(), "client_secret_post", SECRET),
        ("no secret at all", Registered(), "none", ""),
        ("a public client with a secret", Registered(auth_method="none", secret=None), "client_secret_basic", "x"),
        ("a row without a secret", Registered(secret=None), "client_secret_basic", SECRET),
        ("suspended", Registered(status="suspended"), "client_secret_basic", SECRET),
        ("another client's row", Registered(id="other"), "client_secret_basic", SECRET),
        ("an assertion that nobody verified", Registered(auth_method="private_key_jwt"), "private_key_jwt", ""),
        ("a secret instead of an assertion", Registered(auth_method="private_key_jwt"), "client_secret_basic", SECRET),
        ("only its name instead of an assertion", Registered(auth_method="private_key_jwt"), "none", ""),
    ],
)
def test_every_failure_has_the_same_words(row: str, client: Registered | None, method: Method, secret: str) -> None:
    assert authenticate(client, Credentials(method, "app", secret)) is OAuthError.CLIENT_FAILED, row


def test_a_verified_assertion_counts_for_no_other_way() -> None:
    by_key = Registered(auth_method="private_key_jwt", secret=None)
    assert authenticate(by_key, Credentials("private_key_jwt", "app"), asserted=True) is None
    for wrong in (replace(by_key, status="suspended"), replace(by_key, id="other"), Registered()):
        given = Credentials("private_key_jwt", "app")
        assert authenticate(wrong, given, asserted=True) is OAuthError.CLIENT_FAILED
    assert authenticate(Registered(), Credentials("client_secret_basic", "app", "x"), asserted=True) is not None


@pytest.mark.row("T073")
def test_t073_every_failure_costs_one_look_at_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Constant-time comparison, with something to compare where there is no client and no secret."""
    compared: list[int] = []
    real = hmac.compare_digest

    def counting(a: bytes, b: bytes) -> bool:
        compared.append(len(b))
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    for client in (None, Registered(), Registered(secret=None), Registered(status="suspended")):
        authenticate(client, Credentials("client_secret_basic", "app", "wrong"))
    assert compared == [64] * 4


@pytest.mark.row("T130")
def test_a_secret_is_not_in_the_repr() -> None:
    assert SECRET not in repr(Credentials("client_secret_basic", "app", SECRET))
