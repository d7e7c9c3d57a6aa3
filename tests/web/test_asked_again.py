"""A repository asks the same again: the yes of before is told once more, on record, and not a moment too long."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP
from broker.core.passport.keys import thumbprint
from broker.core.rows import Client, Family, IdentityProvider, Person, Put, Role, Row, Session, Trace, changed
from broker.flows.repositories.before import MOST, Told
from broker.flows.visas import held_visas, mint
from broker.web.asking import DESK as THEIR_DESK
from tests import builders as b
from tests.fakes import START, at_once, signed
from tests.flows import foreign
from tests.web.depot import AUDIENCE, DEPOT, SPEAKS, as_client, ask, basic, depots, question
from tests.web.site import Site, site

Ending = Callable[[Site], Any]


def with_token(s: Site) -> Any:
    return question({"type": "access_token", "id": s.access_token("usr_ada", aud=[AUDIENCE])})


async def happens(s: Site, *rows: Row) -> None:
    w = s.stage.world
    await w.ledger.record(w.entry("revocation.made", w.clock.now(), None), *map(Put, rows))


def stored(s: Site, kind: Any, id: str) -> Any:
    return s.stage.ledger.rows[kind.KIND, id]


async def twice(s: Site, body: Any) -> None:
    for _ in range(2):
        assert (await ask(s, body))["decision"] is True
    assert s.stage.kinds()[-2:] == ["decision.told", "decision.repeated"]


@pytest.mark.row("RO-RECORD", "RO-AGAIN")
async def test_each_answer_is_on_record_and_names_the_decision_whose_trace_is_kept(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        body = with_token(s)
        first = await ask(s, body)
        s.stage.clock.advance(3)
        again = await ask(s, body)
        told, repeated = s.stage.ledger.entries[-2:]
        assert again["context"].pop("evaluated_at") != first["context"].pop("evaluated_at")
        assert again == first
        kept = s.stage.ledger.rows["trace", first["context"]["decision"]]
        assert isinstance(kept, Trace)
        said = {name: value for name, value in repeated.about.items() if name != "http_request"}
        assert (repeated.kind, repeated.who, said) == ("decision.repeated", told.who, {
            "decision": kept.id, "trace": told.about["trace"], "client": "depot", "object": b.ONE, "judged": told.at,
        })  # fmt: skip
        assert repeated.at == told.at + 3


@pytest.mark.row("RO-RECORD", "RO-AGAIN")
async def test_no_record_no_repetition(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        body = with_token(s)
        await twice(s, body)
        s.stage.ledger.breaks = "lost"
        got = await s.http.post("/access/v1/evaluation", json=body, headers=as_client(s))
        assert (got.status, "decision" in await got.text()) == (503, False)


def _suspended(s: Site) -> Row:
    row: Client = stored(s, Client, "web")
    return changed(row, status="suspended")


ENDS: dict[str, Ending] = {
    "the person": lambda _: b.revocation("person:usr_ada"),
    "the session": lambda _: b.revocation("session:ses-usr_ada"),
    "the session's own row": lambda s: changed(stored(s, Session, "ses-usr_ada"), ended=s.stage.clock.now()),
    "what was agreed to": lambda _: b.revocation("family:fam-usr_ada"),
    "what was released": lambda s: changed(stored(s, Family, "fam-usr_ada"), released=frozenset()),
    "the token": lambda _: b.revocation("token:t1"),
    "the key that signed it": lambda s: b.revocation(f"key:{thumbprint(s.tokens.keys_for(ACCESS_TOKEN_TYP)[0])}"),
    "the grant": lambda _: b.revocation(f"grant:{b.GRANT}"),
    "the client": _suspended,
    "the person's name": lambda s: changed(stored(s, Person, "usr_ada"), log_key=""),
    "the home provider": lambda _: IdentityProvider(
        id=b.HOME, slug="home", name="Home", client_id="us", client_secret="s", status="suspended"
    ),
    "a participant's consent": lambda _: b.consent(version=2, status="withdrawn"),
}


@pytest.mark.row("RO-AGAIN", "T132")
@pytest.mark.parametrize("what", ENDS)
async def test_what_has_ended_is_over_at_the_next_question(tmp_path: Path, what: str) -> None:
    async with site(tmp_path, *depots()) as s:
        body = with_token(s)
        await twice(s, body)
        await happens(s, ENDS[what](s))
        assert (await ask(s, body, Authorization=basic()))["decision"] is False
        assert "decision.repeated" not in s.stage.kinds()[2:]


@pytest.mark.row("RO-AGAIN")
@pytest.mark.parametrize("seconds", [599, 600])
async def test_nothing_is_repeated_after_the_second_at_which_it_ends(tmp_path: Path, seconds: int) -> None:
    async with site(tmp_path, *depots()) as s:
        body = with_token(s)
        await twice(s, body)
        s.stage.clock.advance(seconds)
        got = await s.http.post("/access/v1/evaluation", json=body, headers={"Authorization": basic()})
        assert (await got.json())["decision"] is (seconds < 600)


@pytest.mark.row("RO-AGAIN", "RO-SCOPE")
async def test_a_service_is_remembered_no_longer_than_it_may_ask(tmp_path: Path) -> None:
    ended = Role(
        id=SPEAKS.id, version=2, role=SPEAKS.role, scope=SPEAKS.scope, iss=b.US, sub=SPEAKS.sub, status="ended"
    )
    for row, status in (
        (ended, 403),
        (changed(DEPOT, scopes=("feed:read",)), 403),
        (changed(DEPOT, status="suspended"), 401),
        (b.revocation("token:s-depot"), 401),
        (None, 401),
    ):
        async with site(tmp_path, *depots()) as s:
            body, shown = with_token(s), as_client(s)
            for _ in range(2):
                assert (await s.http.post("/access/v1/evaluation", json=body, headers=shown)).status == 200
            if row is None:
                s.stage.clock.advance(600)
            else:
                await happens(s, row)
            assert (await s.http.post("/access/v1/evaluation", json=body, headers=shown)).status == status, row


@pytest.mark.row("RO-AGAIN")
@pytest.mark.parametrize("other", [
    {"resource": {"type": "object", "id": str(b.TWO)}}, {"resource": {"type": "dataset", "id": str(b.HEART)}},
    {"action": {"name": "stream"}}, {"context": {"grant": str(b.GRANT)}}, {"subject": {"type": "user", "id": "usr_ada"}},
    {"subject": {"type": "user", "id": "usr_mei"}},
], ids=str)  # fmt: skip
async def test_another_question_is_answered_for_itself(tmp_path: Path, other: Any) -> None:
    async with site(tmp_path, *depots()) as s:
        body = with_token(s)
        await twice(s, body)
        got = await ask(s, body | other)
        assert s.stage.kinds()[-1] == "decision.told"
        assert s.stage.ledger.entries[-1].about["decision"] == got["context"]["decision"]


@pytest.mark.row("RO-AGAIN")
async def test_a_no_is_worked_out_each_time(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        for _ in range(2):
            assert (await ask(s, question({"type": "user", "id": "usr_mei"})))["decision"] is False
        assert s.stage.kinds() == ["decision.told"] * 2


@pytest.mark.row("RO-AGAIN", "T029")
async def test_what_others_signed_counts_while_their_key_does(tmp_path: Path) -> None:
    """No picture changes when an issuer takes a key out of its set."""
    keys = foreign.StaticKeys()
    async with site(tmp_path, *depots(), *foreign.rows()) as s:
        desk, w = s.http.app[THEIR_DESK], s.broker.world
        desk.verifier = replace(desk.verifier, keys=keys)
        ada, session = stored(s, Person, "usr_ada"), stored(s, Session, "ses-usr_ada")
        ours = [one.token for one in at_once(mint(w, ada, held_visas(w, ada, session, START), START))]
        claims = {
            "iss": b.US, "sub": "usr_ada", "sid": "fam-usr_ada", "jti": "p1", "iat": START, "exp": START + 600,
            "aud": [AUDIENCE], "ga4gh_passport_v1": [*ours, foreign.heart()],
        }  # fmt: skip
        body = question({"type": "passport", "id": signed(w.signer, "oidc-es256", "vnd.ga4gh.passport+jwt", claims)})
        await twice(s, body)
        for name in keys.at:
            keys.at[name] = ()
        await ask(s, body)
        assert s.stage.kinds()[-1] == "decision.told"


async def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        await twice(s, with_token(s))
        told = Told()
        judged = next(iter(s.http.app[THEIR_DESK].told.held.values()))
        assert judged.before is not None
        for n in range(MOST + 5):
            told.keep(replace(judged.before, judged=replace(judged, name=(str(n),))))
        assert len(told.held) == MOST
