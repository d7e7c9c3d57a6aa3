"""Whoever is told a decision is told under which receipt it is on record, so that the record can be checked."""

from pathlib import Path
from typing import Any

import pytest

from tests import builders as b
from tests.web.depot import AUDIENCE, THEIRS, as_client, basic, depots, question
from tests.web.site import Site, site

pytestmark = pytest.mark.row("RO-RECORD")
RECEIPT = "X-Audit-Receipt"
NOBODY = question(subject={"type": "passport", "id": "no.such.token"})
NOT_THEIRS = question(resource={"type": "object", "id": THEIRS})


async def evaluated(s: Site, asked: Any) -> Any:
    return await s.http.post("/access/v1/evaluation", json=asked, headers=as_client(s))


@pytest.mark.parametrize(
    ("asked", "kind"),
    [(question(), "decision.told"), (NOT_THEIRS, "decision.told"), (NOBODY, "decision.unasked")],
    ids=["yes", "not there", "nobody"],
)
async def test_an_evaluation_names_its_receipt(tmp_path: Path, asked: Any, kind: str) -> None:
    async with site(tmp_path, *depots()) as s:
        got = await evaluated(s, asked)
        last = s.stage.ledger.entries[-1]
        assert (last.kind, got.headers[RECEIPT]) == (kind, last.id)


async def test_each_repeated_yes_has_a_receipt_of_its_own(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        told = [(await evaluated(s, question())).headers[RECEIPT] for _ in range(3)]
        assert told == [one.id for one in s.stage.ledger.entries[-3:]]
        assert [one.kind for one in s.stage.ledger.entries[-2:]] == ["decision.repeated"] * 2


async def test_each_answer_of_a_batch_has_its_receipt_beside_it(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        batch = {"evaluations": [question(), NOT_THEIRS, NOBODY]}
        got = await s.http.post("/access/v1/evaluations", json=batch, headers=as_client(s))
        told = [one["context"]["receipt"] for one in (await got.json())["evaluations"]]
        assert RECEIPT not in got.headers
        assert sorted(told) == sorted(one.id for one in s.stage.ledger.entries[-3:])


YES, STOPPABLE = {"uninterruptible_delivery": 60}, dict[str, int]()
DOORS = {"yes": ("obj-1", YES, 200), "not there": (str(THEIRS), YES, 403), "unstoppable": ("obj-1", STOPPABLE, 403)}


@pytest.mark.parametrize(("object", "settings", "status"), DOORS.values(), ids=list(DOORS))
@pytest.mark.parametrize("door", ["nginx", "envoy", "htsget-rs"])
async def test_a_proxy_hears_the_receipt_of_yes_and_of_no(
    tmp_path: Path, door: str, object: str, settings: dict[str, int], status: int
) -> None:
    async with site(tmp_path, *depots(), dataset=b.dataset(**settings)) as s:
        got = await ask_at(s, door, object)
        assert (got.status, got.headers[RECEIPT]) == (status, s.stage.ledger.entries[-1].id)


async def ask_at(s: Site, door: str, object: str) -> Any:
    person = {"Authorization": f"Bearer {s.access_token('usr_ada', aud=[AUDIENCE])}"}
    if door == "htsget-rs":
        sent = {"Authorization": basic(), "Htsget-Context-Id": object}
        sent |= {f"Htsget-Context-{name}": value for name, value in person.items()}
        return await s.http.get("/authz/htsget-rs", headers=sent)
    sent = {"X-Repository-Authorization": basic(), "X-Object-Prefix": "/files/", **person}
    if door == "envoy":
        return await s.http.get(f"/authz/envoy/files/{object}", headers=sent)
    sent |= {"X-Original-URI": f"/files/{object}", "X-Original-Method": "GET"}
    return await s.http.get("/authz/nginx", headers=sent)
