"""May work go on after its person has signed out? Task tokens: for datasets, until an end, and for nothing else.

A token exchange (RFC 8693) down to an access token of another kind (`task+jwt`). It comes from an access token with
the scope `task`, which the person must have agreed to, and is never more than that: grants that were released to
this client, no longer than any of them, and no token can be had from it but Passports for the same data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.exchange import Exchange
from broker.core.oidc.limits import TASK_LIFE, TASKS_OF_A_PERSON, until
from broker.core.oidc.own_tokens import TASK_SCOPE, OwnToken
from broker.core.oidc.release import MintedVisa
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a task may do: `grants` are ids of visas (`MintedVisa.id`); `released` all that it may show."""

    datasets: tuple[str, ...]
    grants: tuple[str, ...]
    released: frozenset[str]
    ends: Seconds


def judge(
    asked: Exchange, subject: OwnToken, grants: Sequence[MintedVisa], others: Iterable[str], live: int, now: Seconds
) -> Work | OAuthError:
    """What the task may do, or why there is none.

    `grants`: visas of grants of ours that the person released to this client, live. Another issuer's cannot be asked
    for anew, so no task rests on it. `others`: the ids of visas that are no grants, affiliations for example; a task
    may show them too. `live`: tasks that the person has.
    """
    if TASK_SCOPE not in subject.scope:
        return OAuthError.TASK_SCOPE
    if asked.scope not in ((), (TASK_SCOPE,)):
        return OAuthError.SCOPE
    if asked.audiences:
        return OAuthError.TARGET
    named = [visa for visa in grants if _answers(visa) & set(asked.resources)]
    answered = frozenset[str]().union(*(_answers(visa) for visa in named))
    if not asked.resources or not answered >= set(asked.resources):
        return OAuthError.TASK_DATA
    if live >= TASKS_OF_A_PERSON:
        return OAuthError.TASKS_TOO_MANY
    wanted = TASK_LIFE if asked.life is None else min(asked.life, TASK_LIFE)
    return Work(
        datasets=tuple(dict.fromkeys(visa.value for visa in named)),
        grants=tuple(visa.id for visa in named),
        released=frozenset({*(visa.id for visa in named), *others}),
        ends=until(now, wanted, *(visa.ends for visa in named)),
    )


def _answers(visa: MintedVisa) -> frozenset[str]:
    return visa.answers | {visa.value}
