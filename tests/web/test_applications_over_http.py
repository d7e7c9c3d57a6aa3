"""Applications over HTTP: four people at one application, what each of them reads, and what is refused how."""

from pathlib import Path
from typing import Any

import pytest

from broker.core.purpose import purpose_json
from broker.core.rows import Committee, Person, Role, Row
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site, signed_in, site

PAPER = {"title": "Hearts", "statement": "Why hearts fail.", "lay": "Hearts.", "purpose": purpose_json(b.PURPOSE)}
ADA, MEI, LEE, ODA = "usr_ada", "usr_mei", "usr_lee", "usr_oda"


def world() -> list[Row]:
    people: list[Row] = [Person(id=one, log_key="dd" * 32, created=START) for one in (LEE, ODA)]  # type: ignore[arg-type]
    roles = (("committee_chair", "mei"), ("committee_member", "lee"), ("handler", "oda"))
    scope = f"committee:{b.DAC}"
    seats: list[Row] = [Role(id=f"s-{sub}", role=role, scope=scope, iss=b.HOME, sub=sub) for role, sub in roles]
    return [*people, *seats, *signed_in(LEE), *signed_in(ODA)]


def voting() -> dict[str, Any]:
    committee = Committee(id=b.DAC, name="The committee", contact="dac@bank.example", voters=("bank",), quorum=2)
    return {"committee": committee, "grant": None}


async def ask(s: Site, method: str, path: str, by: str, body: Any = None) -> tuple[int, Any]:
    response = await s.http.request(method, f"/api/v1{path}", headers=s.headers(by), json=body)
    text = await response.text()
    return response.status, (await response.json(content_type=None)) if text else None


@pytest.mark.row("WF-HIDDEN")
async def test_the_life_of_an_application_with_four_people(tmp_path: Path) -> None:
    async with site(tmp_path, *world(), **voting()) as s:
        status, draft = await ask(s, "POST", "/me/drafts", ADA, {"draft": {"title": "Hea"}})
        assert status == 201
        assert (await ask(s, "GET", f"/me/drafts/{draft['id']}", MEI))[0] == 404
        status, made = await ask(s, "POST", "/applications", ADA, {**PAPER, "datasets": [b.HEART]})
        assert status == 201, made
        assert made["foresight"][0]["dataset"] == b.HEART
        review = f"/reviews/{made['reviews'][0]['id']}"
        asked = made["reviews"][0]["requests"][0]["id"]

        _, inbox = await ask(s, "GET", "/reviews", LEE)
        assert [one["id"] for one in inbox["reviews"]] == [made["reviews"][0]["id"]]
        assert {"vote", "return"} <= set(inbox["reviews"][0]["may"])
        await ask(s, "POST", f"{review}/remarks", LEE, {"text": "Who pays?", "to": "committee"})
        status, _ = await ask(
            s, "POST", f"{review}/return", ODA, {"remarks": [{"text": "Which?", "about": "statement"}]}
        )
        assert status == 200

        _, mine = await ask(s, "GET", f"/applications/{made['id']}", ADA)
        assert [one["text"] for one in mine["reviews"][0]["remarks"]] == ["Which?"]
        assert not {"votes", "invited", "aside", "opinions"} & mine["reviews"][0].keys()
        assert ODA not in str(mine), "who sits in the committee is not told"
        again = {**PAPER, "statement": "Why human hearts fail."}
        status, mine = await ask(s, "POST", f"/applications/{made['id']}/turns", ADA, again)
        assert (status, mine["turn"], mine["changed"]) == (200, 2, ["statement"])
        assert mine["before"][0]["statement"] == PAPER["statement"]

        assert (await ask(s, "POST", f"/requests/{asked}/decision", MEI, {"decision": "approve", "ground": "Good."}))[
            0
        ] == 409
        sides = {"risk_of_use": "Little.", "risk_of_non_use": "Much.", "benefit": "Health.", "to_whom": "Everybody."}
        status, told = await ask(s, "POST", f"{review}/assessments", LEE, {"dataset": b.HEART, **sides})
        assert (status, told["assessments"][b.HEART]) == (201, sides)
        del sides["benefit"]
        assert (await ask(s, "POST", f"{review}/assessments", LEE, {"dataset": b.HEART, **sides}))[0] == 400
        status, told = await ask(s, "POST", f"{review}/delay", MEI, {"until": "2027-02-20", "ground": "Holidays."})
        assert (status, told["due"]) == (200, "2027-02-20T00:00:00Z"), told
        assert (await ask(s, "POST", f"{review}/delay", MEI, {"until": "soon", "ground": "So."}))[0] == 400
        for by in (LEE, MEI):
            status, told = await ask(
                s, "POST", f"{review}/votes", by, {"dataset": b.HEART, "choice": "yes", "ground": "Ok."}
            )
            assert status == 201
        assert told["opinions"] == {b.HEART: "yes"}
        status, done = await ask(
            s, "POST", f"/requests/{asked}/decision", MEI, {"decision": "approve", "ground": "Good."}
        )
        assert (status, done["state"]) == (200, "approved")
        _, mine = await ask(s, "GET", "/applications", ADA)
        assert mine["applications"][0]["reviews"][0]["stage"] == "decided"
        assert mine["applications"][0]["reviews"][0]["may"] == ["amend", "bring", "copy", "remark", "remove", "see"]

        status, _ = await ask(s, "POST", f"{review}/reopening", MEI, {"dataset": b.HEART, "ground": "A mistake."})
        assert status == 200
        _, grants = await ask(s, "GET", f"/grants/{done['grant']}", ADA)
        assert s.stage.live.current().revoked("grant", done["grant"], s.stage.clock.now())
        assert grants is not None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/applications", {**PAPER, "datasets": []}),
        ("/applications", {**PAPER, "datasets": ["x"] * 101}),
        ("/applications", {**PAPER, "title": "", "datasets": ["x"]}),
        ("/applications", {**PAPER, "purpose": {"kinds": ["mischief"]}, "datasets": ["x"]}),
        ("/applications", {**PAPER, "datasets": ["x"], "state": "approved"}),
        ("/applications", {**PAPER, "statement": "x" * 20_001, "datasets": ["x"]}),
        ("/me/drafts", {"draft": "text"}),
        ("/me/drafts", {}),
    ],
)
async def test_what_is_not_as_it_must_be_is_said(tmp_path: Path, path: str, body: Any) -> None:
    async with site(tmp_path, *world(), **voting()) as s:
        status, told = await ask(s, "POST", path, ADA, body)
        assert (status, told["code"]) == (400, "REQ-INVALID")


async def test_a_draft_that_is_too_large_is_refused_and_the_one_before_stays(tmp_path: Path) -> None:
    async with site(tmp_path, *world()) as s:
        _, made = await ask(s, "POST", "/me/drafts", ADA, {"draft": {"statement": "x" * 40_000}})
        status, told = await ask(s, "PUT", f"/me/drafts/{made['id']}", ADA, {"draft": {"statement": "x" * 50_000}})
        assert (status, told["code"]) == (413, "REQ-TOO-LARGE")
        _, kept = await ask(s, "GET", f"/me/drafts/{made['id']}", ADA)
        assert len(kept["draft"]["statement"]) == 40_000


async def test_a_draft_of_many_bytes_in_few_signs_fits_or_is_refused_whole(tmp_path: Path) -> None:
    """Stored bytes can be more than sent ones: what is escaped grows."""
    async with site(tmp_path, *world()) as s:
        status, _ = await ask(s, "POST", "/me/drafts", ADA, {"draft": {"statement": "\n" * 24_000}})
        assert status in (201, 413)
