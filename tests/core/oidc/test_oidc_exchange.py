"""Token exchange: rows P4 to P13 of the AAI checklist, and T071."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.exchange import (
    ACCESS_TOKEN_TYPE,
    GRANT_TYPE,
    PASSPORT_TYPE,
    Exchange,
    audience,
    judge_subject,
    read,
)
from broker.core.oidc.own_tokens import OwnToken
from broker.core.oidc.parameters import parse
from broker.core.time import Seconds

ISSUER = "https://broker.example"
DRS, OTHER = "https://drs.example/", "https://other.example/"


@dataclass(frozen=True)
class Registered:
    id: str = "app"
    auth_method: str = "client_secret_basic"
    secret: str | None = None
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = (GRANT_TYPE,)
    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = (DRS, "registry")
    status: str = "active"


def audience_of(resource: str) -> str | None:
    return next((base for base in (DRS, OTHER) if resource.startswith(base)), None)


GOOD: Mapping[str, str] = {
    "grant_type": GRANT_TYPE,
    "requested_token_type": PASSPORT_TYPE,
    "subject_token": "a.b.c",
    "subject_token_type": ACCESS_TOKEN_TYPE,
}
APP = Registered()


def ask(client: Registered = APP, more: Sequence[tuple[str, str]] = (), /, **changes: str | None) -> object:
    members = [(name, value) for name, value in {**GOOD, **changes}.items() if value is not None]
    form = parse(urlencode([*members, *more]).encode())
    assert not isinstance(form, OAuthError)
    return read(form, client, audience_of)


@pytest.mark.row("P3", "P8")
def test_p8_the_faq_example_with_two_resources_is_read() -> None:
    asked = ask(APP, [("resource", DRS + "d1"), ("resource", DRS + "d2"), ("resource", DRS + "d1")])
    assert asked == Exchange(subject_token="a.b.c", resources=(DRS + "d1", DRS + "d2"), audiences=(), scope=())


@pytest.mark.row("P5", "P7", "P8", "T071")
@pytest.mark.parametrize(
    ("row", "client", "changes", "error"),
    [
        ("P4 a public client", Registered(auth_method="none"), {}, OAuthError.CLIENT_PUBLIC),
        ("P5 absent", APP, {"requested_token_type": None}, OAuthError.EXCHANGE_WANTED),
        (
            "P5 another",
            APP,
            {"requested_token_type": "urn:ietf:params:oauth:token-type:jwt"},
            OAuthError.EXCHANGE_WANTED,
        ),
        ("P5 another case", APP, {"requested_token_type": PASSPORT_TYPE.upper()}, OAuthError.EXCHANGE_WANTED),
        ("P6 absent", APP, {"subject_token": None}, OAuthError.MISSING),
        ("P7 absent", APP, {"subject_token_type": None}, OAuthError.SUBJECT_TYPE),
        (
            "P7 id_token",
            APP,
            {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
            OAuthError.SUBJECT_TYPE,
        ),
        ("T071 an actor", APP, {"actor_token": "a", "actor_token_type": ACCESS_TOKEN_TYPE}, OAuthError.ACTOR),
        ("an actor without its type", APP, {"actor_token": "a"}, OAuthError.ACTOR),
        ("an actor's type alone", APP, {"actor_token_type": ACCESS_TOKEN_TYPE}, OAuthError.ACTOR),
        ("P11 unknown resource", APP, {"resource": "https://evil.example/"}, OAuthError.TARGET),
        ("P11 resource of another client", APP, {"resource": OTHER + "d"}, OAuthError.TARGET),
        ("P11 a resource with a fragment", APP, {"resource": DRS + "d#1"}, OAuthError.TARGET),
        ("P11 a relative resource", APP, {"resource": "d1"}, OAuthError.TARGET),
        ("P11 unknown audience", APP, {"audience": OTHER}, OAuthError.TARGET),
        ("a client without resources", Registered(resources=()), {"resource": DRS}, OAuthError.TARGET),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    row: str, client: Registered, changes: dict[str, str | None], error: OAuthError
) -> None:
    assert ask(client, **changes) is error, row


def test_every_audience_of_the_client_may_be_asked_for_at_once() -> None:
    asked = ask(APP, [("audience", DRS), ("audience", "registry")])
    assert isinstance(asked, Exchange)
    assert asked.audiences == (DRS, "registry")


@pytest.mark.row("P11")
def test_p11_every_error_about_the_subject_token_is_invalid_request() -> None:
    assert {e.error for e in (OAuthError.SUBJECT_TOKEN, OAuthError.SUBJECT_TYPE, OAuthError.ACTOR)} == {
        "invalid_request"
    }
    assert OAuthError.TARGET.error == "invalid_target"


def token(**changes: object) -> OwnToken:
    given: dict[str, object] = {
        "kind": "access_token",
        "sub": "ada",
        "audience": frozenset({ISSUER, "app"}),
        "family": "fam",
        "jti": "j",
        "issued": Seconds(1),
        "expires": Seconds(9),
        "client_id": "app",
        "scope": ("openid", "ga4gh_passport_v1"),
    }
    return OwnToken(**{**given, **changes})  # type: ignore[arg-type]


def plain_exchange(*scope: str) -> Exchange:
    return Exchange(subject_token="t", resources=(), audiences=(), scope=scope)


@pytest.mark.row("P6")
def test_p6_a_passport_scoped_access_token_of_this_client_will_do() -> None:
    assert judge_subject(plain_exchange("openid"), token(), "app", ISSUER) == token()


@pytest.mark.row("P6", "P12", "T071")
@pytest.mark.parametrize(
    ("row", "subject", "error"),
    [
        ("P6 not ours", OAuthError.TOKEN_INVALID, OAuthError.SUBJECT_TOKEN),
        ("P6 T071 expired", OAuthError.TOKEN_EXPIRED, OAuthError.SUBJECT_TOKEN),
        ("P6 a passport", token(kind="passport"), OAuthError.SUBJECT_TOKEN),
        ("P6 without the scope", token(scope=("openid",)), OAuthError.SUBJECT_TOKEN),
        ("P6 without openid", token(scope=("ga4gh_passport_v1",)), OAuthError.SUBJECT_TOKEN),
        ("P12 another client's", token(client_id="other"), OAuthError.SUBJECT_TOKEN),
        ("T071 another audience", token(audience=frozenset({DRS, "app"})), OAuthError.SUBJECT_TOKEN),
    ],
)
def test_a_subject_token_with_a_flaw_is_refused(row: str, subject: OwnToken | OAuthError, error: OAuthError) -> None:
    assert judge_subject(plain_exchange(), subject, "app", ISSUER) is error, row


@pytest.mark.row("T071")
def test_t071_a_wider_scope_is_refused() -> None:
    assert judge_subject(plain_exchange("openid", "profile"), token(), "app", ISSUER) is OAuthError.SCOPE


@pytest.mark.row("P8", "P11", "T067")
@pytest.mark.parametrize(
    ("row", "resources", "audiences", "granted", "answer"),
    [
        ("two datasets of one service", (DRS + "d1", DRS + "d2"), (), (), (DRS,)),
        ("an audience by name", (), ("registry",), (), ("registry",)),
        ("nothing asked: what the client is registered for", (), (), (), (DRS, "registry")),
        ("nothing asked: what was granted", (), (), (DRS + "d1",), (DRS,)),
        ("T067 beyond what was granted", (DRS + "d2",), (), (DRS + "d1",), OAuthError.TARGET),
        ("T067 an audience beyond it", (), ("registry",), (DRS,), OAuthError.TARGET),
        ("within an audience that was granted", (DRS + "d2",), (), (DRS,), (DRS,)),
    ],
)
def test_for_whom_the_passport_is(
    row: str, resources: tuple[str, ...], audiences: tuple[str, ...], granted: tuple[str, ...], answer: object
) -> None:
    asked = Exchange(subject_token="t", resources=resources, audiences=audiences, scope=())
    assert audience(asked, APP, granted, ISSUER, audience_of) == answer, row


def test_a_client_that_is_registered_for_nothing_gets_a_passport_for_us_alone() -> None:
    assert audience(plain_exchange(), Registered(resources=()), (), ISSUER, audience_of) == (ISSUER,)
