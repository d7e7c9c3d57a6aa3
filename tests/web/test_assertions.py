"""Sources assert over the API: who may, for whom, which version, and what follows for visas."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import Issuer
from broker.core.rows import Assertion, Identity, IdentityLink, Revocation, Role, Row
from broker.core.rows.identity import identity_id
from broker.core.rows.linking import link_id
from broker.core.time import rfc3339
from tests import builders as b
from tests.fakes import START
from tests.flows.test_issued_visas import BONA_FIDE, SOCIETY, assertion
from tests.web.site import Site, signed_in, site

URL = "/api/v1/assertions"
BODY: dict[str, Any] = {
    "iss": b.HOME,
    "sub": "ada",
    "type": "ResearcherStatus",
    "value": BONA_FIDE,
    "source": SOCIETY,
    "by": "so",
    "ends": rfc3339(START + b.YEAR),  # type: ignore[arg-type]
}
AFFILIATION = BODY | {"type": "AffiliationAndRole", "value": "faculty@rhine.example"}


def role(scope: str, name: str = "issuer_admin", sub: str = "mei", iss: Issuer = b.HOME, **changes: Any) -> Role:
    return Role(id=f"{name} {scope} {sub}", role=name, scope=scope, iss=iss, sub=sub, **changes)


MEI = role(f"source:{SOCIETY}")
KNOWN = Identity(id=identity_id(b.HOME, "mei"), person=b.MEI, iss=b.HOME, sub="mei")
LINKED = IdentityLink(
    id=link_id(b.MEI, b.ADA), persons=(b.MEI, b.ADA), identities=((b.HOME, "mei"), (b.HOME, "ada")), since=START
)
HERS = Identity(id=identity_id(b.HOME, "ada"), person=b.ADA, iss=b.HOME, sub="ada")


async def post(s: Site, body: Mapping[str, Any] = BODY, who: str = "usr_mei") -> tuple[int, dict[str, Any]]:
    answer = await s.http.post(URL, json=dict(body), headers=s.headers(who))
    return answer.status, await answer.json()


async def mine(s: Site, who: str = "usr_ada") -> list[dict[str, Any]]:
    answer = await s.http.get("/api/v1/me/visas", headers=s.headers(who))
    return list((await answer.json())["visas"])


@pytest.mark.row("B16", "V7")
async def test_a_source_asserts_and_the_person_holds_a_visa(tmp_path: Path) -> None:
    async with site(tmp_path, MEI) as s:
        status, told = await post(s)
        assert (status, told["version"], told["entered_by"]) == (201, 1, "usr_mei")
        (visa,) = [one for one in await mine(s) if one["id"] == f"assertion:{told['id']}"]
        assert visa["visa"] == {
            "type": "ResearcherStatus", "value": BONA_FIDE, "source": SOCIETY, "by": "so", "asserted": START,
        }  # fmt: skip
        assert s.stage.kinds() == ["assertion.made"]
        assert b"ada" not in s.stage.ledger.bodies[0].replace(b"usr_ada", b"")


@pytest.mark.row("B16")
@pytest.mark.parametrize(
    ("rows", "held"),
    [
        ((assertion(),), True),
        ((assertion(entered_by=b.MEI),), True),
        ((assertion(entered_by=b.ADA),), False),
        ((assertion(entered_by=b.MEI), LINKED), False),
        ((assertion(entered_by=b.MEI), replace(LINKED, ended=START)), False),
        ((assertion(iss=b.US, sub=str(b.ADA), entered_by=b.ADA, by="self"),), False),
        ((assertion(iss=b.US, sub=str(b.ADA), entered_by=b.ADA, by="self", source=b.US),), True),
        ((assertion(iss=b.US, sub=str(b.ADA), entered_by=b.ADA, by="so", source=b.US),), False),
    ],
)
async def test_nobody_vouches_for_an_identity_that_turns_out_to_be_their_own(
    tmp_path: Path, *, rows: tuple[Row, ...], held: bool
) -> None:
    """Who asserted it may sign in with it for the first time, or link it, only afterwards."""
    async with site(tmp_path, *rows) as s:
        assert any(one["id"].startswith("assertion:") for one in await mine(s)) is held


WHO: list[tuple[str, tuple[Row, ...], Mapping[str, Any], int]] = [
    ("nobody's administrator", (), BODY, 403),
    ("of another source", (role("source:https://else.example"),), BODY, 403),
    ("of a longer source", (role(f"source:{SOCIETY}/"),), BODY, 403),
    ("of a role that looks like it", (role(f"source:{SOCIETY}", "issuer_admins"),), BODY, 403),
    ("of another role", (role(f"source:{SOCIETY}", "admin"),), BODY, 403),
    ("no longer", (role(f"source:{SOCIETY}", status="ended"),), BODY, 403),
    ("the same sub of another provider", (role(f"source:{SOCIETY}", iss=Issuer("https://x.example")),), BODY, 403),
    ("of this source", (MEI,), BODY, 201),
    ("of the whole service", (role("service"),), BODY, 201),
    ("an affiliation, source alone", (MEI,), AFFILIATION, 403),
    ("an affiliation, organisation alone", (role("organisation:rhine"),), AFFILIATION, 403),
    ("an affiliation, another organisation", (MEI, role("organisation:elbe")), AFFILIATION, 403),
    ("an affiliation, both", (MEI, role("organisation:rhine")), AFFILIATION, 201),
    ("an affiliation that nobody registered", (MEI, role("organisation:rhine")),
        AFFILIATION | {"value": "faculty@else.example"}, 403),
    ("of no organisation", (MEI,), AFFILIATION | {"value": "public.citizen-scientist@no.organization"}, 201),
    ("oneself", (MEI, KNOWN), BODY | {"sub": "mei"}, 403),
    ("oneself by our own sub", (MEI,), BODY | {"iss": b.US, "sub": "usr_mei"}, 403),
    ("oneself, under a linked identity", (MEI, HERS, LINKED), BODY, 403),
    ("oneself, under our own sub of a linked identity", (MEI, LINKED), BODY | {"iss": b.US, "sub": "usr_ada"}, 403),
    ("oneself, under an identity that was linked once", (MEI, HERS, replace(LINKED, ended=START)), BODY, 403),
    ("a grant", (role("service"),), BODY | {"type": "ControlledAccessGrants", "value": b.HEART, "by": "dac"}, 400),
    ("a link", (role("service"),), BODY | {"type": "LinkedIdentities", "value": "a,b"}, 400),
    ("a member that is unknown", (MEI,), BODY | {"jku": "x"}, 400),
    ("a time that is none", (MEI,), BODY | {"ends": "tomorrow"}, 400),
    ("evidence that is no digest", (MEI,), BODY | {"evidence": "the letter"}, 400),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rows", "body", "status"), WHO, ids=[row[0] for row in WHO])
async def test_who_may_say_what(
    tmp_path: Path, what: str, rows: tuple[Row, ...], body: Mapping[str, Any], status: int
) -> None:
    del what
    async with site(tmp_path, *rows) as s:
        assert (await post(s, body))[0] == status
        assert s.stage.kinds() == (["assertion.made"] if status == 201 else [])


async def test_a_correction_needs_the_newest_version_and_reaches_the_visas_of_the_old_one(tmp_path: Path) -> None:
    async with site(tmp_path, MEI, assertion()) as s:
        url, said = f"{URL}/{assertion().id}", {"value": "https://doi.org/x", "by": "so", "ends": BODY["ends"]}
        read = await s.http.get(url, headers=s.headers("usr_mei"))
        tag = read.headers["ETag"]
        for given, status in ((None, 428), ('"v9"', 412), ("*", 428), (tag, 200), (tag, 412)):
            extra = {} if given is None else {"If-Match": given}
            answer = await s.http.put(url, json=said, headers=s.headers("usr_mei") | extra)
            assert answer.status == status, given
        row = s.stage.ledger.rows["assertion", assertion().id]
        assert isinstance(row, Assertion)
        assert (row.version, row.value, row.asserted, row.sub) == (2, "https://doi.org/x", assertion().asserted, "ada")
        assert isinstance(s.stage.ledger.rows["revocation", f"visa:{b.US} {row.id}.1"], Revocation)
        assert s.stage.kinds() == ["assertion.changed"]


async def test_what_is_ended_is_ended_once_and_its_visas_with_it(tmp_path: Path) -> None:
    async with site(tmp_path, MEI, assertion()) as s:
        url = f"{URL}/{assertion().id}"
        strange = await s.http.delete(url, headers=s.headers() | {"If-Match": '"v1"'})
        assert (strange.status, s.stage.kinds()) == (404, [])
        for _ in range(2):
            assert (await s.http.delete(url, headers=s.headers("usr_mei") | {"If-Match": '"v1"'})).status == 204
        assert s.stage.kinds() == ["assertion.ended"]
        assert ("revocation", f"visa:{b.US} {assertion().id}") in s.stage.ledger.rows
        assert not [one for one in await mine(s) if one["id"].startswith("assertion:")]
        again = await s.http.put(
            url,
            json={"value": "https://x.example", "ends": BODY["ends"]},
            headers=s.headers("usr_mei") | {"If-Match": '"v2"'},
        )
        assert again.status == 412


async def test_one_sees_what_one_administers_and_what_is_said_of_oneself(tmp_path: Path) -> None:
    other = assertion(id="asr_other", source="https://else.example", sub="bao")
    async with site(tmp_path, MEI, HERS, assertion(), other, *signed_in("usr_bao")) as s:
        listed = await (await s.http.get(URL, headers=s.headers("usr_mei"))).json()
        assert [row["id"] for row in listed["assertions"]] == [assertion().id]
        assert (await (await s.http.get(URL, headers=s.headers())).json())["assertions"] == []
        for id, who, status in (
            (assertion().id, "usr_ada", 200),
            ("asr_other", "usr_ada", 404),
            ("asr_no", "usr_mei", 404),
        ):
            assert (await s.http.get(f"{URL}/{id}", headers=s.headers(who))).status == status


async def test_a_page_at_a_time(tmp_path: Path) -> None:
    many = [assertion(id=f"asr_{n}", sub=f"u{n}") for n in range(5)]
    async with site(tmp_path, MEI, *many) as s:
        seen: list[str] = []
        token = ""
        for _ in range(3):
            told = await (await s.http.get(f"{URL}?page_size=2{token}", headers=s.headers("usr_mei"))).json()
            seen += [row["id"] for row in told["assertions"]]
            token = f"&token={told['next_page_token']}"
        assert seen == [row.id for row in many]
        assert not told["next_page_token"]


TERMS = "https://terms.example/1"


async def test_a_person_accepts_terms_once_and_takes_it_back(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        ids = set()
        for _ in range(2):
            answer = await s.http.post("/api/v1/me/terms", json={"url": TERMS, "sha256": "0" * 64}, headers=s.headers())
            ids.add((await answer.json())["id"])
            assert answer.status == 201
        assert (s.stage.kinds(), len(ids)) == (["terms.accepted"], 1)
        (visa,) = [one for one in await mine(s) if one["visa"]["type"] == "AcceptedTermsAndPolicies"]
        assert (visa["visa"]["by"], visa["visa"]["source"], visa["visa"]["value"]) == ("self", b.US, TERMS)
        newer = await s.http.post("/api/v1/me/terms", json={"url": TERMS, "sha256": "1" * 64}, headers=s.headers())
        assert (await newer.json())["id"] not in ids
        url = f"{URL}/{ids.pop()}"
        assert (await s.http.delete(url, headers=s.headers("usr_mei") | {"If-Match": '"v1"'})).status == 404
        assert (await s.http.delete(url, headers=s.headers() | {"If-Match": '"v1"'})).status == 204


async def test_a_participant_accepts_no_terms_of_researchers(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.post(
            "/api/v1/me/terms", json={"url": TERMS, "sha256": "0" * 64}, headers=s.headers("usr_pia")
        )
        assert (answer.status, s.stage.kinds()) == (403, [])


@pytest.mark.row("B13")
async def test_a_client_sees_the_visas_that_were_released_to_it(tmp_path: Path) -> None:
    from dataclasses import replace  # noqa: PLC0415

    session, family = signed_in("usr_ada", ("faculty@rhine.example",))
    few = replace(family, id="fam-few", released=frozenset({f"grant:{b.GRANT}"}))  # type: ignore[type-var]
    async with site(tmp_path, assertion(), few) as s:
        answer = await s.http.get("/api/v1/me/visas", headers=s.headers(sid="fam-few"))
        assert [one["id"] for one in (await answer.json())["visas"]] == [f"grant:{b.GRANT}"]
        assert len(await mine(s)) == 3
    del session
