"""What a repository learns of the grants behind a token when it asks about it: its own data's, and nothing else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from broker.core.ids import ClientId, DatasetId, GrantId, ObjectId
from broker.core.oidc.opaque import stored_id
from broker.core.rows import Client, Family, Row, Trace
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.flows.oauth.fakes_oauth import basic
from tests.web.site import CLIENT, Site, site
from tests.web.test_linking import link
from tests.web.test_obligations_over_http import REPORT

DRS = f"{b.US}/ga4gh/drs/v1"
LUNG = DatasetId("https://bank.example/datasets/lung")
SECRET = "a secret of the repository, long enough"


def client(id: str, *serves: str) -> Client:
    return Client(
        id=ClientId(id), name=id, auth_method="client_secret_basic", secret=stored_id(SECRET), grant_types=(),
        scopes=("openid",), serves=serves,
    )  # fmt: skip


CLIENTS = (client("everything", DRS), client("hearts", DRS, str(b.HEART)), client("api", str(b.US)), client("none"))
OTHER = b.grant(id=GrantId("grt_2"), dataset=LUNG, document="signed.lung")


@asynccontextmanager
async def house(folder: Path, *more: Row, **changes: Any) -> AsyncIterator[Site]:
    """Ada holds grants for two datasets."""
    lung = b.dataset(id=LUNG), b.drs_object(ObjectId("obj-9"), dataset=LUNG)
    both = replace(b.consent(b.PIA), datasets=frozenset({b.HEART, LUNG}))
    world: dict[str, Any] = {"grant": b.grant(document="signed.heart"), "pia": both} | changes
    async with site(folder, *CLIENTS, *lung, OTHER, *more, **world) as s:
        yield s


async def look(s: Site, who: str, *resources: str, token: str | None = None) -> Any:
    text = token or s.access_token(str(b.ADA), aud=[DRS, "web"])
    form = urlencode([("token", text), *(("resource", one) for one in resources)])
    kind = "application/x-www-form-urlencoded"
    answer = await s.http.post(
        "/oauth2/introspect", data=form, headers={"Authorization": basic(who, SECRET), "Content-Type": kind}
    )
    assert answer.status == 200, await answer.text()
    return await answer.json()


def datasets(told: Any) -> list[str]:
    return [one["dataset"] for one in told["grants"]]


@pytest.mark.row("OUT-INTROSPECT")
async def test_a_repository_reads_the_permission_its_duties_and_its_end(tmp_path: Path) -> None:
    owed = b.grant(document="signed.heart", obligations=(REPORT,))
    async with house(tmp_path, grant=owed) as s:
        told = await look(s, "hearts")
        (one,) = told["grants"]
        assert told["active"] is True
        assert (one["id"], one["dataset"], one["permission"]) == (b.GRANT, b.HEART, "signed.heart")
        assert START < one["exp"] <= owed.ends
        assert [duty["id"] for duty in one["obligations"]] == ["report:1"]
        assert one.keys() == {"id", "dataset", "exp", "obligations", "permission"}


@pytest.mark.row("OUT-INTROSPECT")
async def test_each_service_learns_of_its_own_data_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as s:
        assert sorted(datasets(await look(s, "everything"))) == [b.HEART, LUNG]
        assert datasets(await look(s, "hearts")) == [b.HEART]
        assert datasets(await look(s, "everything", str(LUNG))) == [LUNG]
        assert datasets(await look(s, "hearts", str(LUNG))) == [], "what it does not keep it does not learn by asking"
        assert datasets(await look(s, "everything", "https://bank.example/datasets/none")) == []


@pytest.mark.row("OUT-INTROSPECT")
async def test_who_serves_nothing_here_learns_of_no_grant(tmp_path: Path) -> None:
    async with house(tmp_path) as s:
        assert await look(s, "none") == {"active": False}
        assert await look(s, "api") == {"active": False}, "the token is for the data, and not for our API"
        ours = s.access_token(str(b.ADA), aud=[str(b.US), "web"])
        assert datasets(await look(s, "api", token=ours)) == [], "no data lie at the API"


@pytest.mark.row("OUT-INTROSPECT")
async def test_the_tokens_own_client_is_told_nothing_more(tmp_path: Path) -> None:
    own = replace(CLIENT, auth_method="client_secret_basic", secret=stored_id(SECRET))
    async with house(tmp_path, own) as s:
        told = await look(s, "web")
        assert told["active"] is True
        assert "grants" not in told


GONE: dict[str, dict[str, Any]] = {
    "revoked": {"x": b.revocation(f"grant:{b.GRANT}")},
    "ended": {"grant": b.grant(ends=START)},
    "not begun": {"grant": b.grant(begins=Seconds(START + 10))},
    "withdrawn": {"x": b.consent(b.PIA, 2, status="withdrawn"), "y": b.consent(b.PAUL, 2, status="withdrawn")},
    "somebody else's": {"grant": b.grant(person=b.MEI)},
    "abroad now": {
        "organisation": b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "US", "recipient.can_sign_scc": False}),
    },
}  # fmt: skip


@pytest.mark.row("OUT-INTROSPECT")
@pytest.mark.parametrize("why", GONE)
async def test_a_grant_that_opens_nothing_now_is_not_told(tmp_path: Path, why: str) -> None:
    async with house(tmp_path, **GONE[why]) as s:
        assert datasets(await look(s, "hearts")) == []


@pytest.mark.row("OUT-INTROSPECT")
async def test_a_token_without_the_scope_of_data_shows_no_grant(tmp_path: Path) -> None:
    async with house(tmp_path) as s:
        told = await look(s, "hearts", token=s.access_token(str(b.ADA), scope="openid", aud=[DRS, "web"]))
        assert (told["active"], "grants" in told) == (True, False)
    lost = replace(CLIENT, scopes=("openid",))
    async with house(tmp_path, lost) as s:
        told = await look(s, "hearts")
        assert (told["active"], "grants" in told) == (True, False), "the client has lost the scope since"


@pytest.mark.row("OUT-INTROSPECT")
async def test_what_was_not_released_to_the_client_is_not_told(tmp_path: Path) -> None:
    for released, wanted in ((frozenset({"grant:grt_2"}), [LUNG]), (frozenset[str](), []), (None, [b.HEART, LUNG])):
        async with house(tmp_path) as s:
            family = s.stage.ledger.rows["family", "fam-usr_ada"]
            assert isinstance(family, Family)
            s.stage.ledger.rows["family", "fam-usr_ada"] = replace(family, released=released)
            assert sorted(datasets(await look(s, "everything"))) == wanted


@pytest.mark.row("OUT-INTROSPECT")
async def test_a_task_shows_the_grants_of_its_own_data(tmp_path: Path) -> None:
    async with house(tmp_path) as s:
        family = s.stage.ledger.rows["family", "fam-usr_ada"]
        assert isinstance(family, Family)
        s.stage.ledger.rows["family", "fam-usr_ada"] = replace(family, datasets=(LUNG,))
        assert datasets(await look(s, "everything")) == [LUNG]


@pytest.mark.row("OUT-INTROSPECT")
async def test_another_identitys_grant_is_told_only_where_the_link_is(tmp_path: Path) -> None:
    """Its permission names the other identity: who did not agree to show the link keeps it."""
    mei = b.grant(id=GrantId("grt_3"), person=b.MEI, document="signed.mei")
    wishes: list[tuple[frozenset[str], list[str]]] = [
        (frozenset({"grant:grt_3"}), []),
        (frozenset({"grant:grt_3", "links"}), ["grt_3"]),
    ]
    for released, wanted in wishes:
        async with house(tmp_path, link(), mei) as s:
            family = s.stage.ledger.rows["family", "fam-usr_ada"]
            assert isinstance(family, Family)
            s.stage.ledger.rows["family", "fam-usr_ada"] = replace(family, released=released)
            assert [one["id"] for one in (await look(s, "hearts"))["grants"]] == wanted


@pytest.mark.row("OUT-INTROSPECT")
async def test_each_time_a_grant_is_told_is_on_record_with_its_decision(tmp_path: Path) -> None:
    async with house(tmp_path) as s:
        ledger = s.stage.ledger
        before = len(ledger.entries)
        await look(s, "none")
        await look(s, "everything", "https://bank.example/datasets/none")
        assert len(ledger.entries) == before, "nothing was told"
        for times in (1, 2):
            await look(s, "hearts")
            assert len(ledger.entries) == before + times
        entry = ledger.entries[-1]
        assert (entry.kind, entry.about["client"], entry.about["grants"]) == ("grants.told", "hearts", (b.GRANT,))
        decisions = entry.about["decisions"]
        assert isinstance(decisions, tuple)
        (decision,) = decisions
        trace = ledger.rows["trace", decision]
        assert isinstance(trace, Trace)
        assert (trace.person, trace.body["question"]["dataset"]) == (b.ADA, b.HEART)
