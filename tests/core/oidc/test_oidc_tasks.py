"""What a task may do: never more, never longer than what it comes from (T071)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, TASK_MIN, Exchange, read
from broker.core.oidc.limits import TASK_LIFE, TASKS_OF_A_PERSON
from broker.core.oidc.own_tokens import OwnToken
from broker.core.oidc.parameters import Parameters, parse
from broker.core.oidc.release import MintedVisa
from broker.core.oidc.tasks import Work, judge
from broker.core.time import Seconds
from tests.flows.oauth.fakes_oauth import CLIENTS, DATASET, DRS, audience_of

NOW = Seconds(1_000_000)
END = Seconds(NOW + 10 * 86_400)
GRANT = "https://broker.example/api/v1/grants/1"
SUBJECT = OwnToken(
    kind="access_token", sub="ada", audience=frozenset({"us"}), family="fam", jti="j", issued=NOW, expires=Seconds(NOW + 1),
    client_id="app", scope=("openid", "ga4gh_passport_v1", "task"),
)  # fmt: skip


def visa(id: str, value: str, type: str = "ControlledAccessGrants", **changes: Any) -> MintedVisa:
    made = MintedVisa(id=id, jti=id, token=id, type=type, value=value, source="s", exp=Seconds(NOW + 60), ends=END)
    return replace(made, **changes)


VISAS = (
    visa("grant:1", DATASET, answers=frozenset({GRANT})),
    visa("grant:2", DRS + "d2", ends=Seconds(NOW + 500)),
    visa("affiliation:x", "faculty@x", "AffiliationAndRole"),
    visa("foreign:9", DRS + "d9"),
)
OWN = ("grant:1", "grant:2")


def asked(*resources: str, **changes: Any) -> Exchange:
    made = Exchange(subject_token="t", resources=resources, audiences=(), scope=(), task=True)
    return replace(made, **changes)


def work(exchange: Exchange, subject: OwnToken = SUBJECT, live: int = 0) -> Work | OAuthError:
    return judge(exchange, subject, VISAS[:2], ("affiliation:x",), live, NOW)


@pytest.mark.row("T071")
def test_a_task_is_for_what_was_named_and_shows_no_other_grant() -> None:
    found = work(asked(DATASET))
    assert found == Work(
        datasets=(DATASET,), grants=("grant:1",), released=frozenset({"grant:1", "affiliation:x"}), ends=END
    )
    assert work(asked(GRANT)) == found
    both = work(asked(GRANT, DRS + "d2"))
    assert isinstance(both, Work)
    assert (both.datasets, both.ends) == ((DATASET, DRS + "d2"), NOW + 500)


@pytest.mark.parametrize(
    ("row", "life", "expected"),
    [("none wanted", None, END), ("less", 60, NOW + 60), ("more than the grant", 20 * 86_400, END)],
)
def test_a_task_ends_with_what_was_asked_and_what_it_rests_on(row: str, life: int | None, expected: int) -> None:
    found = work(asked(DATASET, life=life))
    assert isinstance(found, Work)
    assert found.ends == expected, row


def test_no_task_lasts_longer_than_30_days() -> None:
    held = (replace(VISAS[0], ends=Seconds(NOW + 10**9)),)
    for life in (None, TASK_LIFE, TASK_LIFE + 1, 10**8):
        found = judge(asked(DATASET, life=life), SUBJECT, held, (), 0, NOW)
        assert isinstance(found, Work)
        assert found.ends == NOW + TASK_LIFE == NOW + 30 * 86_400


@pytest.mark.row("T071")
@pytest.mark.parametrize(
    ("row", "exchange", "error"),
    [
        ("nothing named", asked(), OAuthError.TASK_DATA),
        ("a service, no data", asked(DRS), OAuthError.TASK_DATA),
        ("data and a service", asked(DATASET, DRS), OAuthError.TASK_DATA),
        ("outside the grants", asked(DRS + "d3"), OAuthError.TASK_DATA),
        ("one inside, one outside", asked(DATASET, DRS + "d3"), OAuthError.TASK_DATA),
        ("another issuer's visa", asked(DRS + "d9"), OAuthError.TASK_DATA),
        ("not a grant's visa", asked("faculty@x"), OAuthError.TASK_DATA),
        ("another audience", asked(DATASET, audiences=(DRS,)), OAuthError.TARGET),
        ("a wider scope", asked(DATASET, scope=("openid",)), OAuthError.SCOPE),
        ("a wider scope beside", asked(DATASET, scope=("task", "openid")), OAuthError.SCOPE),
    ],
)
def test_a_task_is_refused(row: str, exchange: Exchange, error: OAuthError) -> None:
    assert work(exchange) is error, row


@pytest.mark.row("B13", "T071")
def test_without_the_scope_that_the_person_agreed_to_there_is_no_task() -> None:
    assert work(asked(DATASET), replace(SUBJECT, scope=("openid", "ga4gh_passport_v1"))) is OAuthError.TASK_SCOPE
    assert isinstance(work(asked(DATASET, scope=("task",))), Work)


def test_a_person_has_100_tasks_and_no_more() -> None:
    assert isinstance(work(asked(DATASET), live=TASKS_OF_A_PERSON - 1), Work)
    assert work(asked(DATASET), live=TASKS_OF_A_PERSON) is OAuthError.TASKS_TOO_MANY


@given(
    st.lists(st.sampled_from([DATASET, GRANT, DRS + "d2", DRS + "d3", DRS, "x"]), max_size=4),
    st.none() | st.integers(60, 10**8),
)
def test_a_task_is_never_more_than_what_it_comes_from(resources: list[str], life: int | None) -> None:
    found = work(asked(*resources, life=life))
    if isinstance(found, OAuthError):
        return
    named = [one for one in VISAS if one.id in found.grants]
    assert set(found.grants) <= set(OWN)
    assert all(({one.value} | one.answers) & set(resources) for one in named)
    assert found.ends <= min(one.ends for one in named)
    assert found.ends <= NOW + min(life or TASK_LIFE, TASK_LIFE)
    assert {one.value for one in named} == set(found.datasets)
    assert found.released <= {one.id for one in VISAS if one in named or one.type != "ControlledAccessGrants"}


@pytest.mark.parametrize(
    ("life", "expected"),
    [("", None), (str(TASK_MIN), TASK_MIN), ("999999999", 999999999), (str(TASK_MIN - 1), "no"), ("0", "no"), ("-60", "no"),
     ("1e3", "no"), ("60.0", "no"), ("\u0661\u0662\u0663", "no"), ("1000000000", "no"), (" 60", "no")],
)  # fmt: skip
def test_a_wanted_end_is_a_number_of_seconds(life: str, expected: object) -> None:
    from urllib.parse import urlencode  # noqa: PLC0415

    form = parse(
        urlencode(
            {
                "requested_token_type": ACCESS_TOKEN_TYPE, "subject_token": "t", "subject_token_type": ACCESS_TOKEN_TYPE,
                "requested_expiry": life,
            }
        ).encode()
    )  # fmt: skip
    assert isinstance(form, Parameters)
    found = read(form, CLIENTS[0], audience_of)
    assert (found is OAuthError.TASK_LIFE) if expected == "no" else (found.life == expected)  # type: ignore[union-attr]
