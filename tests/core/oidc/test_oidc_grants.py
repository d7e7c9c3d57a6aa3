"""Codes, PKCE, refresh tokens, devices: who may turn what into tokens (T064, T065, T066, B5, B6)."""

from dataclasses import dataclass

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc import device, pkce, redeem, refresh
from broker.core.oidc.device import Event, State, Waiting
from broker.core.oidc.errors import OAuthError, Penalty
from broker.core.oidc.lasting import lasts
from broker.core.oidc.limits import REFRESH_GRACE, until
from broker.core.oidc.narrowing import narrowed_scope, within_targets
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.time import Seconds

NOW, SOON, LATER = Seconds(1_000), Seconds(1_001), Seconds(2_000)
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
KEY = b"k" * 32
UNRESERVED = st.text("ABCXYZabcxyz0189-._~", min_size=43, max_size=128)


def test_pkce_is_that_of_rfc_7636_appendix_b() -> None:
    assert pkce.challenge_of(VERIFIER) == CHALLENGE
    assert pkce.proves(VERIFIER, CHALLENGE)


@given(UNRESERVED)
def test_pkce_agrees_with_authlib(verifier: str) -> None:
    assert pkce.challenge_of(verifier) == create_s256_code_challenge(verifier)
    assert pkce.is_challenge(pkce.challenge_of(verifier))
    assert pkce.proves(verifier, pkce.challenge_of(verifier))


@pytest.mark.row("T064")
@pytest.mark.parametrize("verifier", [
    None, "", VERIFIER[:42], VERIFIER * 3, VERIFIER + "\n", VERIFIER[:-1] + "é", VERIFIER[:-1] + "+", CHALLENGE,
])  # fmt: skip
def test_another_verifier_proves_nothing(verifier: str | None) -> None:
    assert not pkce.proves(verifier, CHALLENGE)


@pytest.mark.parametrize("text", [None, "", CHALLENGE + "\n", CHALLENGE + "A", CHALLENGE[:-1], CHALLENGE[:-1] + "="])
def test_a_challenge_is_43_characters_and_nothing_else(text: str | None) -> None:
    assert not pkce.is_challenge(text)


@dataclass(frozen=True)
class Code:
    redirect_uri: str = "https://app.example/cb"
    challenge: str = CHALLENGE
    expires: Seconds = SOON
    spent: Seconds | None = None
    device: bool = False
    jkt: str | None = None


@pytest.mark.row("T064", "B12")
@pytest.mark.parametrize(
    ("row", "code", "changes", "answer"),
    [
        ("a good one", Code(), {}, None),
        ("a good one, with a proof that it does not need", Code(), {"jkt": "k"}, None),
        ("T076 the key that it is bound to", Code(jkt="k"), {"jkt": "k"}, None),
        ("T076 another key", Code(jkt="k"), {"jkt": "other"}, OAuthError.DPOP_KEY),
        ("T076 no key", Code(jkt="k"), {}, OAuthError.DPOP_KEY),
        ("T064 unknown", None, {}, OAuthError.CODE_UNKNOWN),
        ("T064 another client's", Code(), {"owner": "other"}, OAuthError.CODE_UNKNOWN),
        ("nobody's", Code(), {"owner": None}, OAuthError.CODE_UNKNOWN),
        ("T064 another client's, used", Code(spent=NOW), {"owner": "other"}, OAuthError.CODE_UNKNOWN),
        ("a device's", Code(device=True), {}, OAuthError.CODE_UNKNOWN),
        ("T064 replay", Code(spent=NOW), {}, Penalty(OAuthError.CODE_REPLAYED)),
        ("T064 replay, too late", Code(spent=NOW, expires=NOW), {}, Penalty(OAuthError.CODE_REPLAYED)),
        ("T064 replay, wrong verifier", Code(spent=NOW), {"verifier": "x"}, Penalty(OAuthError.CODE_REPLAYED)),
        ("T064 after its life", Code(expires=NOW), {}, OAuthError.CODE_EXPIRED),
        ("another address", Code(), {"redirect_uri": "https://app.example/cb2"}, OAuthError.CODE_REDIRECT),
        ("an address that is not ASCII", Code(), {"redirect_uri": "https://äpp/"}, OAuthError.CODE_REDIRECT),
        ("no address", Code(), {"redirect_uri": None}, OAuthError.CODE_REDIRECT),
        ("T064 wrong verifier", Code(), {"verifier": "w" * 43}, OAuthError.PKCE_FAILED),
        ("T064 no verifier", Code(), {"verifier": None}, OAuthError.PKCE_FAILED),
        ("T064 the challenge itself", Code(), {"verifier": CHALLENGE}, OAuthError.PKCE_FAILED),
        ("the family has ended", Code(), {"alive": False}, OAuthError.AUTHORIZATION_ENDED),
    ],
)
def test_a_code(row: str, code: Code | None, changes: dict[str, str], answer: OAuthError | Penalty | None) -> None:
    given: dict[str, object] = {
        "owner": "app",
        "client_id": "app",
        "redirect_uri": Code.redirect_uri,
        "verifier": VERIFIER,
        "alive": True,
        "now": NOW,
    }
    assert redeem.judge(code, **{**given, **changes}) == answer, row  # type: ignore[arg-type]


@dataclass(frozen=True)
class Refresh:
    expires: Seconds = LATER
    spent: Seconds | None = None


AGAIN = Seconds(NOW - REFRESH_GRACE + 1)
STOLEN = Seconds(NOW - REFRESH_GRACE)


@pytest.mark.row("T065", "T066")
@pytest.mark.parametrize(
    ("row", "token", "owner", "alive", "answer"),
    [
        ("a good one", Refresh(), "app", True, refresh.Rotate(NOW)),
        ("unknown", None, "app", True, OAuthError.REFRESH_UNKNOWN),
        ("another client's", Refresh(), "other", True, OAuthError.REFRESH_UNKNOWN),
        ("another client's, used", Refresh(spent=STOLEN), "other", True, OAuthError.REFRESH_UNKNOWN),
        ("T065 used this very second", Refresh(spent=NOW), "app", True, refresh.Again(NOW)),
        ("T065 in the last second of grace", Refresh(spent=AGAIN), "app", True, refresh.Again(AGAIN)),
        ("T066 after it", Refresh(spent=STOLEN), "app", True, Penalty(OAuthError.REFRESH_REPLAYED)),
        ("the family has ended", Refresh(), "app", False, OAuthError.AUTHORIZATION_ENDED),
        ("the family has ended within grace", Refresh(spent=NOW), "app", False, OAuthError.AUTHORIZATION_ENDED),
        ("expired", Refresh(expires=NOW), "app", True, OAuthError.REFRESH_EXPIRED),
    ],
)
def test_a_refresh_token(row: str, token: Refresh | None, owner: str, alive: bool, answer: object) -> None:  # noqa: FBT001 (a table)
    assert refresh.judge(token, owner=owner, client_id="app", alive=alive, now=NOW) == answer, row


def test_a_successor_needs_the_token_and_the_key() -> None:
    one = refresh.successor(KEY, "token")
    assert one == refresh.successor(KEY, "token")
    assert len({one, refresh.successor(KEY, "token2"), refresh.successor(b"j" * 32, "token")}) == 3
    assert len(one) == len(opaque(bytes(32))) == 43


def test_an_access_token_id_is_the_same_for_the_same_use_only() -> None:
    uses = [
        refresh.access_token_id(KEY, "t", ("a", "b"), ()),
        refresh.access_token_id(KEY, "t", ("a",), ("b",)),
        refresh.access_token_id(KEY, "t", ("a",), ()),
        refresh.access_token_id(KEY, "u", ("a", "b"), ()),
    ]
    assert len(set(uses)) == 4
    assert uses[0] == refresh.access_token_id(KEY, "t", ("a", "b"), ())


def test_a_short_key_or_short_randomness_is_an_error() -> None:
    with pytest.raises(ValueError, match="32"):
        refresh.successor(b"k" * 31, "token")
    with pytest.raises(ValueError, match="32"):
        opaque(bytes(31))
    with pytest.raises(ValueError, match="16"):
        device.user_code(bytes(15))


@pytest.mark.row("T073")
def test_only_a_hash_is_stored_and_any_text_has_one() -> None:
    assert stored_id("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert stored_id("\ud800") != stored_id("")


@pytest.mark.row("T067")
@pytest.mark.parametrize(
    ("asked", "granted", "answer"),
    [
        ((), ("a", "b"), ("a", "b")),
        (("b",), ("a", "b"), ("b",)),
        (("b", "a"), ("a", "b"), ("b", "a")),
        (("a", "c"), ("a", "b"), OAuthError.SCOPE),
    ],
)
def test_t067_a_scope_never_grows(asked: tuple[str, ...], granted: tuple[str, ...], answer: object) -> None:
    assert narrowed_scope(asked, granted) == answer


@pytest.mark.row("T067")
def test_t067_a_target_never_grows() -> None:
    base = {"https://a/d1": "https://a/", "https://a/d2": "https://a/", "https://b/d": "https://b/"}.get
    assert within_targets(["https://a/d1"], ["https://a/d1"], base)
    assert within_targets(["https://a/d1"], ["https://a/"], base)
    assert within_targets([], [], base)
    assert not within_targets(["https://a/d2"], ["https://a/d1"], base)
    assert not within_targets(["https://a/d1", "https://b/d"], ["https://a/"], base)
    assert not within_targets(["https://a/d1"], [], base)


@pytest.mark.parametrize(
    ("ends", "stops", "answer"),
    [
        ((1_001,), (None,), True),
        ((1_001, 1_000), (), False),
        ((1_000,), (), False),
        ((1_001,), (1_000,), False),
        ((1_001,), (None, 999), False),
        ((1_001,), (1_001,), True),
        ((), (), False),
    ],
)
def test_an_authorisation_lasts_until_the_first_end(
    ends: tuple[Seconds, ...],
    stops: tuple[Seconds | None, ...],
    answer: bool,  # noqa: FBT001 (a table)
) -> None:
    assert lasts(NOW, ends, stops) is answer


@pytest.mark.row("P13")
def test_nothing_outlives_what_it_rests_on() -> None:
    assert until(NOW, 60) == 1_060
    assert until(NOW, 60, Seconds(1_030), Seconds(2_000)) == 1_030


# devices

WAITING = Waiting(client="app", scope=("openid",), user_code="BCDF-GHJK", expires=Seconds(1_600))


@given(st.binary(min_size=16, max_size=16))
def test_a_user_code_is_typed_in_any_way(random: bytes) -> None:
    code = device.user_code(random)
    assert device.normalised(code) == code
    assert device.normalised(f" {code.lower().replace('-', ' ')}\t") == code
    assert set(code) <= set(device.ALPHABET) | {"-"}


def test_all_user_codes_are_possible() -> None:
    assert device.user_code(bytes(16)) == "BBBB-BBBB"
    assert device.user_code((20**8 - 1).to_bytes(16)) == "ZZZZ-ZZZZ"
    assert len(device.ALPHABET) == 20


@pytest.mark.parametrize(
    "typed", ["", "BCDF-GHJ", "BCDF-GHJKL", "BCDF-GHJA", "BCDF-GHJ1", "\uff22CDF-GHJK", "BCDF/GHJK"]
)
def test_what_is_no_user_code_is_none(typed: str) -> None:
    assert device.normalised(typed) is None


def test_the_machine_of_device_requests_has_these_steps_and_no_others() -> None:
    steps = {(state, event): after for state, row in device.STEPS.items() for event, after in row.items()}
    assert steps == {
        (State.PENDING, Event.APPROVE): State.APPROVED,
        (State.PENDING, Event.DENY): State.DENIED,
        (State.APPROVED, Event.REDEEM): State.SPENT,
    }
    assert device.STEPS.keys() == set(State)


def test_a_request_is_answered_once_and_in_time() -> None:
    approved = device.answered(WAITING, Event.APPROVE, NOW)
    assert approved is not None
    assert approved.state is State.APPROVED
    assert device.answered(approved, Event.DENY, NOW) is None
    assert device.answered(device.answered(WAITING, Event.DENY, NOW), Event.APPROVE, NOW) is None
    assert device.answered(WAITING, Event.APPROVE, WAITING.expires) is None
    assert device.answered(None, Event.APPROVE, NOW) is None


def test_a_device_that_waits_is_told_so_and_slowed_down_for_good() -> None:
    error, first = device.judge_poll(WAITING, "app", NOW)
    assert error is OAuthError.DEVICE_PENDING
    error, second = device.judge_poll(first, "app", Seconds(NOW + 4))
    assert error is OAuthError.DEVICE_SLOW_DOWN
    assert second is not None
    assert second.interval == 10
    assert device.judge_poll(second, "app", Seconds(NOW + 13))[0] is OAuthError.DEVICE_SLOW_DOWN
    assert device.judge_poll(second, "app", Seconds(NOW + 14))[0] is OAuthError.DEVICE_PENDING


@pytest.mark.parametrize(
    ("row", "waiting", "client", "now", "error"),
    [
        ("unknown", None, "app", NOW, OAuthError.DEVICE_UNKNOWN),
        ("another client's", WAITING, "other", NOW, OAuthError.DEVICE_UNKNOWN),
        ("too late", WAITING, "app", WAITING.expires, OAuthError.DEVICE_EXPIRED),
        ("denied", device.answered(WAITING, Event.DENY, NOW), "app", NOW, OAuthError.DEVICE_DENIED),
    ],
)
def test_a_device_that_need_not_ask_again(
    row: str, waiting: Waiting | None, client: str, now: Seconds, error: OAuthError
) -> None:
    assert device.judge_poll(waiting, client, now) == (error, None), row


@pytest.mark.parametrize(
    ("row", "code", "owner", "alive", "answer"),
    [
        ("a good one", Code(device=True), "app", True, None),
        ("another client's", Code(device=True), "other", True, OAuthError.DEVICE_UNKNOWN),
        ("an authorization code", Code(), "app", True, OAuthError.DEVICE_UNKNOWN),
        ("used", Code(device=True, spent=NOW), "app", True, Penalty(OAuthError.DEVICE_REPLAYED)),
        ("too late", Code(device=True, expires=NOW), "app", True, OAuthError.DEVICE_EXPIRED),
        ("ended", Code(device=True), "app", False, OAuthError.AUTHORIZATION_ENDED),
    ],
)
def test_an_approved_device(row: str, code: Code, owner: str, alive: bool, answer: object) -> None:  # noqa: FBT001 (a table)
    assert device.judge_approved(code, owner=owner, client_id="app", alive=alive, now=NOW) == answer, row
