"""Repositories ask over AuthZEN, and our own decisions answer: whose data, about whom, what is told and recorded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.authz.asked import MOST
from broker.core.consent.model import Scope
from broker.core.ids import GrantId
from broker.core.rows import AskedAbout, Trace
from broker.web import authzen
from broker.web.authzen import OurDecisions
from tests import builders as b
from tests.fakes import START, signed
from tests.web.depot import AUDIENCE, FOREIGN, THEIRS, as_client, ask, basic, depots, question, user
from tests.web.site import Site, site


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer["context"]["reasons"]]


def nameless(answer: Any) -> Any:
    """The answer without what is another in every answer."""
    context = {name: said for name, said in answer["context"].items() if name not in {"decision", "explanation"}}
    return answer | {"context": context}


@pytest.mark.row("RO-RECORD")
async def test_a_yes_says_under_what_until_when_and_what_to_do(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), grant=b.grant(document="signed")) as s:
        got = await ask(s, question())
        context = got["context"]
        assert got["decision"] is True
        assert context["grant"] == {"id": b.GRANT, "permission": "signed"}
        assert {"id": "no_reidentification", "type": "custom"} in context["obligations"]
        assert context["until"] == "2027-01-15T10:30:00Z"  # the sign-in ends before the grant
        assert context["explanation"] == f"{b.US}/api/v1/decisions/{context['decision']}"
        entry = s.stage.ledger.entries[-1]
        assert (entry.kind, entry.about["client"], entry.about["decision"]) == (
            "decision.told",
            "depot",
            context["decision"],
        )
        kept = s.stage.ledger.rows["trace", context["decision"]]
        assert isinstance(kept, Trace)
        assert (kept.person, kept.body["told_to"]) == (b.ADA, "depot")
        # The person reads the whole of it, and finds it in their own record.
        theirs = await s.http.get(f"/api/v1/decisions/{context['decision']}", headers=s.headers())
        assert theirs.status == 200
        assert entry.who is not None


@pytest.mark.row("RO-RECORD")
async def test_no_record_no_answer(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        s.stage.ledger.breaks = "lost"
        for path in ("evaluation", "evaluations"):
            body = question() | ({"evaluations": [{}, {}]} if path == "evaluations" else {})
            got = await s.http.post(f"/access/v1/{path}", json=body, headers=as_client(s))
            assert (got.status, "decision" in await got.text()) == (503, False)


@pytest.mark.row("RO-SCOPE", "T088")
@pytest.mark.parametrize("resource", [
    {"type": "object", "id": str(THEIRS)}, {"type": "dataset", "id": str(FOREIGN)}, {"type": "spaceship", "id": "x"},
    {"type": "object", "id": "drs://elsewhere.example/obj-1"}, {"type": "object", "id": "../obj-1"},
], ids=str)  # fmt: skip
async def test_what_is_anothers_is_like_what_does_not_exist(tmp_path: Path, resource: Any) -> None:
    lungs = b.grant(id=GrantId("grt_2"), dataset=FOREIGN)
    agreed = replace(b.consent(consent_id="con-lungs"), id="con-lungs/1", datasets=frozenset({FOREIGN}))
    async with site(tmp_path, *depots(), lungs, agreed) as s:
        missing = await ask(s, question(object="no-such-object"))
        theirs = await ask(s, question() | {"resource": resource})
        assert codes(theirs) == ["REQ-NOT-FOUND"]
        assert nameless(theirs) == nameless(missing)
        searched = await ask(s, question() | {"resource": {"type": resource["type"]}}, "search/resource")
        assert {str(THEIRS), str(FOREIGN)}.isdisjoint(one["id"] for one in searched["results"])
        assert (await ask(s, question(subject={"type": "user"}) | {"resource": resource}, "search/subject"))[
            "results"
        ] == []
        # The other repository asks about the same, and is answered.
        if resource["id"] == THEIRS:
            assert (await ask(s, question() | {"resource": resource}, client="other"))["decision"] is True


@pytest.mark.row("RO-SCOPE")
async def test_who_speaks_for_no_repository_asks_nothing(tmp_path: Path) -> None:
    rows = [row for row in depots() if row.id != "depot" or row.KIND != "role"]
    for_all = replace(next(row for row in depots() if row.KIND == "role"), scope="service")  # type: ignore[type-var]
    for more in ((), (for_all,)):
        async with site(tmp_path, *rows, *more) as s:
            got = await s.http.post("/access/v1/evaluation", json=question(), headers=as_client(s))
            assert (got.status, got.headers["Reason-Code"]) == (403, "AUTH-NOT-YOURS")
            assert s.stage.kinds() == []


@pytest.mark.row("RO-SCOPE")
async def test_the_door_opens_for_a_registered_client_with_the_scope_alone(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        for sent, status in (
            ({}, 401),
            (s.headers(), 401),  # a person is no repository
            (as_client(s, scope="feed:read"), 403),
            ({"Authorization": basic(secret="wrong")}, 401),
            ({"Authorization": basic()}, 200),
        ):
            got = await s.http.post("/access/v1/evaluation", json=question(), headers=sent)
            assert got.status == status, sent


async def shown(s: Site, properties: Any, sub: str = str(b.ADA)) -> list[str]:
    got = await ask(s, question(user(sub, **properties)))
    return [] if got["decision"] else codes(got)


@pytest.mark.row("RO-SUBJECT", "T014")
async def test_a_token_counts_for_whom_it_is_and_where_it_was_issued_for(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        ours = s.access_token("usr_ada", aud=[AUDIENCE])
        assert await shown(s, {"access_token": ours}) == []
        assert await shown(s, {"access_token": ours}, "usr_mei") == ["ASK-SUBJECT"]
        assert await shown(s, {"access_token": ours, "iss": b.HOME}, "ada") == []
        assert await shown(s, {"access_token": ours, "iss": b.HOME}, "mei") == ["ASK-SUBJECT"]
        assert await shown(s, {"access_token": s.access_token("usr_ada")}) == ["AUTH-TOKEN-INVALID"]
        assert await shown(s, {"access_token": s.access_token("usr_ada", aud=["https://elsewhere.example"])}) == [
            "AUTH-TOKEN-INVALID"
        ]
        assert await shown(s, {"access_token": ours + "x"}) == ["AUTH-TOKEN-INVALID"]
        assert await shown(s, {"access_token": ours, "passports": []}) == ["REQ-INVALID"]
        assert await shown(s, {"access_token": 3}) == ["REQ-INVALID"]
        by_itself = question({"type": "access_token", "id": ours})
        assert (await ask(s, by_itself))["decision"] is True
        assert set(s.stage.kinds()) == {"decision.told", "decision.unasked"}


@pytest.mark.row("RO-SUBJECT", "T014")
async def test_a_passport_counts_where_it_was_issued_for(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        w = s.broker.world
        claims = {
            "iss": b.US, "sub": "usr_ada", "sid": "fam-usr_ada", "jti": "p1", "iat": START, "exp": START + 600,
            "ga4gh_passport_v1": [],
        }  # fmt: skip
        for aud, wanted in (
            (AUDIENCE, "AUTH-NO-GRANT"),
            (b.US, "PASSPORT-AUDIENCE"),
            ("https://elsewhere.example", "PASSPORT-AUDIENCE"),
        ):
            passport = signed(w.signer, "oidc-es256", "vnd.ga4gh.passport+jwt", claims | {"aud": [aud]})
            assert await shown(s, {"passports": [passport]}) == [wanted]
            assert codes(await ask(s, question({"type": "passport", "id": passport}))) == [wanted]


@pytest.mark.row("RO-SUBJECT")
async def test_of_whom_only_the_name_is_said_counts_what_is_on_record_here(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        assert (await ask(s, question()))["decision"] is True
        # The sign-in ends: nobody knows any more where they are, and what is unknown is refused.
        s.stage.clock.advance(9001)
        later = await s.http.post("/access/v1/evaluation", json=question(), headers={"Authorization": basic()})
        assert (await later.json())["decision"] is False


@pytest.mark.row("RO-MINIMAL")
async def test_whoever_holds_nothing_is_a_stranger_whether_we_met_them_or_not(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        known, unknown = await ask(s, question(user("usr_mei"))), await ask(s, question(user("usr_nobody")))
        assert codes(known) == ["AUTH-NO-GRANT"]
        assert nameless(known) == nameless(unknown)


@pytest.mark.row("RO-MINIMAL")
async def test_what_is_about_the_person_is_told_to_the_person(tmp_path: Path) -> None:
    weak = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.security_level": 0})
    data = b.dataset(security_level=3)
    async with site(tmp_path, *depots(), organisation=weak, dataset=data) as s:
        got = await ask(s, question())
        assert "ASK-PRIVATE" in codes(got)
        assert not [code for code in codes(got) if code.startswith("SEC-")]
        theirs = await (await s.http.get(f"/api/v1/decisions/{got['context']['decision']}", headers=s.headers())).json()
        assert set(_codes_in(theirs)) - set(codes(got))


def _codes_in(told: Any) -> list[str]:
    return [one["code"] for one in told["explanation"]["why"]]


@pytest.mark.row("RO-MINIMAL")
async def test_a_repository_hears_whom_to_leave_out_and_not_why(tmp_path: Path) -> None:
    paul = b.consent(b.PAUL, scope=Scope(permissions=b.codes("DUO:0000011")))  # ancestry alone
    async with site(tmp_path, *depots(), paul=paul) as s:
        got = await ask(s, question() | {"resource": {"type": "dataset", "id": str(b.HEART)}})
        assert got["decision"] is True
        duty = next(one for one in got["context"]["obligations"] if one["id"] == "leave-out")
        assert duty["properties"] == {"code": "CON-LEFT-OUT", "subjects": [str(b.PAUL)]}
        one = await ask(s, question())
        assert "leave-out" not in [each["id"] for each in one["context"]["obligations"]]  # Paul is not in this file


@pytest.mark.row("RO-FACTS", "T132")
async def test_nothing_that_is_said_beside_becomes_a_fact(tmp_path: Path) -> None:
    boast = {
        "role": "admin", "location": "US", "affiliations": ["faculty@x.example"], "recipient.security_level": 9,
        "grants": ["grt_1"], "roles": ["auditor"], "time": "2000-01-01T00:00:00Z", "visas": [], "purpose": {},
    }  # fmt: skip
    async with site(tmp_path, *depots()) as s:
        for who in ("usr_ada", "usr_mei"):
            plain = await ask(s, question(user(who)))
            loud = question(user(who, **boast), context=boast)
            loud["action"]["properties"] = loud["resource"]["properties"] = boast
            told = await ask(s, loud)
            assert nameless(told) == nameless(plain)
            kept = [s.stage.ledger.rows["trace", one["context"]["decision"]] for one in (plain, told)]
            assert kept[0].body == kept[1].body  # type: ignore[attr-defined]


async def test_the_request_may_name_the_grant(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        assert (await ask(s, question(context={"grant": str(b.GRANT)})))["decision"] is True
        assert (await ask(s, question(context={"grant": "grt_other"})))["decision"] is False


async def test_an_unknown_way_is_no_way(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        assert codes(await ask(s, question(way="read"))) == ["ASK-WAY"]


ITEMS = [question(user("usr_mei")), question(), question(object="nope"), {"subject": "x"}, question()]
SETTLED = {
    "execute_all": [False, True, False, False, True],
    "deny_on_first_deny": [False],
    "permit_on_first_permit": [False, True],
}


@pytest.mark.row("AZ-SEMANTIC")
@pytest.mark.parametrize("semantic", SETTLED)
async def test_a_batch_ends_where_it_is_settled_and_records_what_it_tells(tmp_path: Path, semantic: str) -> None:
    async with site(tmp_path, *depots()) as s:
        body = {"evaluations": ITEMS, "options": {"evaluations_semantic": semantic}}
        told = (await ask(s, body, "evaluations"))["evaluations"]
        assert [one["decision"] for one in told] == SETTLED[semantic]
        decisions = {one["context"]["decision"] for one in told if "decision" in one["context"]}
        recorded = [entry.about["decision"] for entry in s.stage.ledger.entries if entry.kind == "decision.told"]
        assert (set(recorded), len(recorded)) == (decisions, len(decisions))


@pytest.mark.row("AZ-SEMANTIC")
async def test_a_faulty_item_settles_a_batch_like_a_no(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        body = {"evaluations": [{}, question()], "options": {"evaluations_semantic": "deny_on_first_deny"}}
        told = (await ask(s, body, "evaluations"))["evaluations"]
        assert [one["context"]["error"]["status"] for one in told] == [400]
        wrong = {"evaluations": [{}], "options": {"evaluations_semantic": "guess"}}
        got = await s.http.post("/access/v1/evaluations", json=wrong, headers=as_client(s))
        assert got.status == 400


@pytest.mark.row("T089")
async def test_a_giant_batch_is_refused_and_the_same_question_is_judged_once(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        body: Any = question() | {"evaluations": [{}] * MOST}
        told = (await ask(s, body, "evaluations"))["evaluations"]
        assert (len(told), s.stage.kinds()) == (MOST, ["decision.told"])
        body["evaluations"].append({})
        got = await s.http.post("/access/v1/evaluations", json=body, headers=as_client(s))
        assert (got.status, got.headers["Reason-Code"]) == (413, "REQ-TOO-LARGE")


@pytest.mark.row("AZ-SEARCH")
async def test_searches_find_what_an_evaluation_permits(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        subjects = await ask(s, question(subject={"type": "user"}), "search/subject")
        assert subjects["results"] == [{"type": "user", "id": "usr_ada"}]
        objects = await ask(s, question() | {"resource": {"type": "object"}}, "search/resource")
        assert [one["id"] for one in objects["results"]] == ["obj-1", "obj-2"]
        data = await ask(s, question() | {"resource": {"type": "dataset"}}, "search/resource")
        assert [one["id"] for one in data["results"]] == [str(b.HEART)]
        ways = await ask(s, {name: said for name, said in question().items() if name != "action"}, "search/action")
        assert {"name": "download"} in ways["results"]
        nothing = await ask(s, question(user("usr_mei")) | {"resource": {"type": "object"}}, "search/resource")
        assert nothing["results"] == []
        about = [entry.about for entry in s.stage.ledger.entries if entry.kind == "search.made"]
        assert [(one["looked"], one["found"]) for one in about] == [(1, 1), (2, 2), (1, 1), (5, 5), (2, 0)]


@pytest.mark.row("AZ-SEARCH", "T131")
async def test_a_page_goes_on_where_the_last_one_ended_and_belongs_to_its_search(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        body = question() | {"resource": {"type": "object"}}
        first = await ask(s, body | {"page": {"limit": 1}}, "search/resource")
        assert [one["id"] for one in first["results"]] == ["obj-1"]
        token = first["page"]["next_token"]
        last = await ask(s, body | {"page": {"limit": 1, "token": token}}, "search/resource")
        assert ([one["id"] for one in last["results"]], last["page"]["next_token"]) == (["obj-2"], "")
        for other in (body | {"action": {"name": "stream"}}, body | {"subject": user("usr_mei")}):
            got = await s.http.post(
                "/access/v1/search/resource", json=other | {"page": {"token": token}}, headers=as_client(s)
            )
            assert got.status == 400
        got = await s.http.post(
            "/access/v1/search/resource", json=body | {"page": {"token": "é"}}, headers=as_client(s)
        )
        assert got.status == 400


async def test_whom_a_repository_was_told_about_is_kept_once(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        for _ in range(2):
            await ask(s, question())
        kept = [row for row in s.stage.ledger.rows.values() if isinstance(row, AskedAbout)]
        assert [(row.client, row.about) for row in kept] == [("depot", "person:usr_ada")]


@pytest.mark.row("AZ-SCENARIO")
async def test_every_broker_decides_by_its_own_rules(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        assert isinstance(s.http.app[authzen.PDP], OurDecisions)
