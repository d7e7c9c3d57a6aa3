"""One way of client authentication, the right one (P4, T068, T073)."""

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pytest

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


@pytest.mark.parametrize(
    ("row", "header", "members", "error"),
    [
        ("Basic and a posted secret", basic("app", "x"), {"client_secret": "x"}, OAuthError.CLIENT_TWICE),
        ("Basic and another client_id", basic("app", "x"), {"client_id": "other"}, OAuthError.CLIENT_FAILED),
        ("T068 an assertion", None, {"client_assertion": "x.y.z", "client_id": "app"}, OAuthError.CLIENT_FAILED),
        ("T068 an assertion beside Basic", basic("app", "x"), {"client_assertion": "e"}, OAuthError.CLIENT_FAILED),
        ("an assertion type alone", None, {"client_assertion_type": "t", "client_id": "a"}, OAuthError.CLIENT_FAILED),
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


def test_the_right_secret_in_the_registered_way_is_accepted() -> None:
    assert authenticate(Registered(), Credentials("client_secret_basic", "app", SECRET)) is None
    posting = Registered(auth_method="client_secret_post")
    assert authenticate(posting, Credentials("client_secret_post", "app", SECRET)) is None
    public = Registered(auth_method="none", secret=None)
    assert authenticate(public, Credentials("none", "app")) is None


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
    ],
)
def test_every_failure_has_the_same_words(row: str, client: Registered | None, method: Method, secret: str) -> None:
    assert authenticate(client, Credentials(method, "app", secret)) is OAuthError.CLIENT_FAILED, row


def test_a_secret_is_not_in_the_repr() -> None:
    assert SECRET not in repr(Credentials("client_secret_basic", "app", SECRET))
