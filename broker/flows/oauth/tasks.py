"""A client gets a token for work that outlasts the sign-in; its person sees it, and ends it (core/oidc/tasks.py).

A task stands on an authorisation and a sign-in of its own, made here: whatever asks about either, asks about it.
"""

from dataclasses import replace

from broker.core.ids import DatasetId, GrantId, make_id
from broker.core.oidc import claims
from broker.core.oidc import tasks as rules
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, Exchange
from broker.core.oidc.own_tokens import TASK_SCOPE, TASK_TYP, OwnToken
from broker.core.oidc.release import MintedVisa
from broker.core.oidc.tasks import Work
from broker.core.outcome import Reason
from broker.core.passport.visa import GRANT
from broker.core.rows.change import Put, changed
from broker.core.rows.identity import Person
from broker.core.rows.oauth import Family
from broker.core.rows.revocation import Revocation, revocation_id
from broker.core.rows.tasks import Task
from broker.core.time import Seconds
from broker.flows.oauth.answers import Refused, Tokens
from broker.flows.oauth.deps import About, Deps, deciding_anew
from broker.flows.oauth.standing import Standing, standing_of
from broker.flows.traces import decided, decisions_of
from broker.flows.visas import grant_visa_id


async def issue_task(
    d: Deps, s: Standing, asked: Exchange, subject: OwnToken, visas: tuple[MintedVisa, ...], now: Seconds
) -> Tokens | Refused:
    """Steps: 1 gather, 2 decide, 3 record, 4 act. `visas`: live, and released to this client."""
    # 1. Gather.
    live = await tasks_of(d, s.person, now)
    grants = [visa for visa in visas if visa.id.startswith(grant_visa_id(""))]
    others = [visa.id for visa in visas if visa.type != GRANT]
    # 2. Decide.
    work = rules.judge(asked, subject, grants, others, len(live), now)
    if isinstance(work, OAuthError):
        return Refused(error=work, standing=s)
    # 3. Record.
    task, family = _rows(d, s, work, now)
    session = replace(s.session, id=task.id, version=1, expires=work.ends, ended=None, task=True)
    why = decided(visa for visa in grants if visa.id in work.grants)
    about: About = decisions_of(why) | {
        "client": s.client.id,
        "family": s.family.id,
        "task": task.id,
        "datasets": task.datasets,
        "grants": task.grants,
        "until": task.ends,
    }
    await d.ledger.record(d.entry("task.begun", now, s.person, about), Put(session), Put(family), Put(task), *why)
    # 4. Act.
    return await _sign(d, s, task, subject.jkt, now)


def _rows(d: Deps, s: Standing, work: Work, now: Seconds) -> tuple[Task, Family]:
    task = Task(
        id=make_id("tsk", now, d.entropy.for_id()),
        person=s.person.id,
        client=s.client.id,
        family=make_id("fam", now, d.entropy.for_id()),
        datasets=tuple(DatasetId(one) for one in work.datasets),
        grants=tuple(GrantId(one.removeprefix(grant_visa_id(""))) for one in work.grants),
        made=now,
        ends=work.ends,
    )
    family = Family(
        id=task.family,
        client=s.client.id,
        person=s.person.id,
        session=task.id,
        scope=(TASK_SCOPE,),
        released=work.released,
        auth_time=s.family.auth_time,
        expires=work.ends,
        resources=(*task.datasets, *(s.family.resources or s.client.resources)),
        parent=s.family.id,
        datasets=task.datasets,
    )
    return task, family


async def _sign(d: Deps, s: Standing, task: Task, jkt: str | None, now: Seconds) -> Tokens:
    """Bound to the key of the token that it came from, if that was bound to one."""
    named = tuple(dict.fromkeys(aud for one in task.datasets if (aud := d.audience_of(one)) is not None))
    said = claims.access_token(
        issuer=d.issuer,
        sub=s.person.id,
        client_id=s.client.id,
        audiences=named,
        scope=(TASK_SCOPE,),
        family=task.family,
        jti=task.id,
        auth_time=s.family.auth_time,
        now=now,
        ends=task.ends,
        jkt=jkt,
    )
    return Tokens(
        access_token=await d.signer.sign("oidc-es256", TASK_TYP, said),
        expires_in=task.ends - now,
        scope=TASK_SCOPE,
        issued_token_type=ACCESS_TOKEN_TYPE,
        token_type="Bearer" if jkt is None else "DPoP",
    )


async def tasks_of(d: Deps, person: Person, now: Seconds) -> tuple[Task, ...]:
    """The tasks of a person that go on, the oldest first. One whose client is suspended is not gone for good."""
    found = [task async for task in d.rows.find(Task, "person", person.id) if task.ended is None and now < task.ends]
    standings = [await standing_of(d, task.family, now) for task in found]
    return tuple(task for task, s in zip(found, standings, strict=True) if s is not None and s.alive)


async def end_task(d: Deps, person: Person, id: str) -> Reason | OAuthError | None:
    """The person ends one of their tasks, and whatever runs for it. None when that is recorded; twice is once.

    Steps: 1 gather, 2 decide, 3 record.
    """

    async def step() -> Reason | None:
        now, task = d.clock.now(), await d.rows.get(Task, id)
        if task is None or task.person != person.id:
            return Reason(code="REQ-NOT-FOUND")
        if task.ended is None:
            await close_task(d, person, task, "ended by its person", now)
        return None

    return await deciding_anew(step)


async def close_task(d: Deps, person: Person, task: Task, ground: str, now: Seconds) -> None:
    """Record that a task has ended. StaleError: it was ended meanwhile."""
    puts = [Put(changed(task, ended=now))]
    name = revocation_id("family", task.family)
    if await d.rows.get(Revocation, name) is None:
        puts.append(Put(Revocation(id=name, since=now, until=task.ends, ground=ground)))
    about: About = {"task": task.id, "client": task.client, "ground": ground}
    await d.ledger.record(d.entry("task.ended", now, person, about), *puts)
