"""What DRS clients and the compliance suite ask about one object, over real HTTP: by token, by Passport, by nothing."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from broker.core.ids import Issuer, ObjectId
from broker.core.passport.trust import TrustRow
from broker.core.rows import Repository, VisaIssuer
from broker.core.rows.catalogue import Member
from tests import builders as b
from tests.fakes import START
from tests.web.drs_world import BASE, MEI, SECRET, WORLD, asked, bundle, file, of, valid
from tests.web.site import CONTENT, site
from tests.web.test_attacks import passport

AUTHS = ("none", "bearer", "passport")
DIGEST = hashlib.sha256(CONTENT).hexdigest()


async def test_service_info_says_what_is_here_for_everybody(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        answer = await s.http.get(f"{BASE}/service-info", json={})
        info = valid("ServiceInfo", await answer.json())
        assert (info["id"], info["maxBulkRequestLength"]) == ("example.broker.drs", info["drs"]["maxBulkRequestLength"])
        assert info["drs"]["objectCount"] == 7, "all but what is hidden"
        assert info["drs"]["totalObjectSize"] == len(CONTENT) + 10 + 10 + 10


@pytest.mark.parametrize("auth", AUTHS)
async def test_the_metadata_of_a_listed_file_are_the_same_for_everybody(tmp_path: Path, auth: str) -> None:
    async with site(tmp_path, *WORLD) as s:
        status, told = await asked(s, auth, "/objects/named")
        assert status == 200
        valid("DrsObject", told)
        assert told["self_uri"] == "drs://broker.example/named"
        assert (told["aliases"], told["version"], told["updated_time"][:4]) == (["EGAF00001"], "2", "2027")
        assert [one["type"] for one in told["checksums"]] == ["sha-256", "md5"]
        assert told == await (await s.http.get(f"{BASE}/objects/named")).json()
        assert s.stage.kinds() == [], "reading what is public is nobody's business"


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.row("DR6")
async def test_a_bundle_shows_what_is_in_it_and_expands(tmp_path: Path, auth: str) -> None:
    async with site(tmp_path, *WORLD) as s:
        plain = valid("DrsObject", (await asked(s, auth, "/objects/study"))[1])
        expanded = valid("DrsObject", (await asked(s, auth, "/objects/study", expand=True))[1])
        assert [(one["name"], one["id"]) for one in plain["contents"]] == [("m0", "run"), ("m1", "obj-2")]
        assert "contents" not in plain["contents"][0]
        inside = [one["id"] for one in expanded["contents"][0]["contents"]]
        assert inside == (["obj-1"] if auth == "none" else ["obj-1", "inside"])
        assert "access_methods" not in plain
        assert {name: plain[name] for name in ("size", "checksums")} == {
            name: expanded[name] for name in ("size", "checksums")
        }


@pytest.mark.row("T102", "T088")
@pytest.mark.row("DR11")
async def test_hidden_members_leave_no_trace_in_a_bundle(tmp_path: Path) -> None:
    """Not in its contents, its size or its checksums; and a bundle of hidden things alone is not there."""
    async with site(tmp_path, *WORLD) as s:
        status, told = await asked(s, "none", "/objects/run")
        assert (status, told["size"], [one["id"] for one in told["contents"]]) == (200, len(CONTENT), ["obj-1"])
        joined = hashlib.sha256(DIGEST.encode()).hexdigest()
        assert {"type": "sha-256", "checksum": joined} in told["checksums"]
        assert (await asked(s, "none", "/objects/only-dark"))[0] == 404
        assert (await asked(s, "none", "/objects/dark"))[0] == 404
        for auth in ("bearer", "passport"):
            status, told = await asked(s, auth, "/objects/run")
            assert (status, told["size"]) == (200, len(CONTENT) + 1000)
            assert [(await asked(s, auth, f"/objects/{id}"))[0] for id in ("dark", "only-dark", "inside")] == [200] * 3


@pytest.mark.row("T104")
@pytest.mark.parametrize("auth", ["bearer", "passport"])
async def test_every_access_method_leads_to_the_bytes_that_the_metadata_promise(tmp_path: Path, auth: str) -> None:
    async with site(tmp_path, *WORLD) as s:
        _, told = await asked(s, auth, "/objects/obj-1")
        for method in told["access_methods"]:
            status, address = await asked(s, auth, f"/objects/obj-1/access/{method['access_id']}")
            assert status == 200
            valid("AccessURL", address)
            headers = dict(line.split(": ", 1) for line in address["headers"])
            answer = await s.http.get(address["url"].removeprefix(b.US), headers=headers)
            got = await answer.read()
            assert len(got) == told["size"]
            digests = {one["type"]: one["checksum"] for one in told["checksums"]}
            assert hashlib.sha256(got).hexdigest() == digests["sha-256"]


WRONG_TOKENS: list[tuple[str, dict[str, str] | None, int]] = [
    ("none", {}, 401),
    ("another scheme", {"Authorization": "Basic dXNlcjpwYXNz"}, 401),
    ("no token", {"Authorization": "Bearer x.y.z"}, 401),
    ("malformed", {"Authorization": "Bearer a b"}, 400),
    ("no grant", None, 403),
]


@pytest.mark.parametrize(("name", "headers", "status"), WRONG_TOKENS, ids=[name for name, _, _ in WRONG_TOKENS])
async def test_a_wrong_token_opens_nothing(
    tmp_path: Path, name: str, headers: dict[str, str] | None, status: int
) -> None:
    async with site(tmp_path, *WORLD) as s:
        answer = await s.http.get(
            f"{BASE}/objects/obj-1/access/https", headers=s.headers(MEI) if headers is None else headers
        )
        told = valid("Error", await answer.json())
        assert (answer.status, told["status_code"]) == (status, status), name
        assert ("WWW-Authenticate" in answer.headers) is (
            status in (401, 400) and bool(name != "malformed")
        ) or status == 400
        assert (await s.http.get(f"{BASE}/objects/obj-1", headers=headers or {})).status == 200, "which is public"


async def test_tokens_that_have_ended_or_are_for_another_door_open_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        for claims in ({"exp": START - 1}, {"aud": ["https://elsewhere.example"]}, {"scope": "openid"}):
            answer = await s.http.get(f"{BASE}/objects/obj-1/access/https", headers=s.headers(**claims))
            assert answer.status in (401, 403), claims
            valid("Error", await answer.json())


async def test_wrong_passports_open_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        right = of(s)
        cases: list[tuple[str, list[str], set[int]]] = [
            ("none", [], {401}),
            ("garbage", ["x"], {400, 401}),
            ("cut", [right[:-4]], {401}),
            ("expired", [of(s, exp=START)], {401}),
            ("for somebody else", [of(s, aud=["https://elsewhere.example"])], {401}),
            ("an access token", [s.access_token(str(b.ADA))], {400, 401}),
            ("of two people", [right, of(s, MEI)], {400}),
            ("one good and one that has ended", [right, of(s, exp=START)], {401}),
            ("without a visa", [of(s, MEI)], {403}),
        ]
        for name, passports, wanted in cases:
            answer = await s.http.post(f"{BASE}/objects/obj-1/access/https", json={"passports": passports})
            assert answer.status in wanted, (name, answer.status)
            text = await answer.text()
            assert not any(one in text for one in passports if len(one) > 9), name
            valid("Error", await answer.json())
        assert "access.permitted" not in s.stage.kinds()


async def test_of_two_passports_the_second_may_have_the_visa(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        both = [passport(s, [], jti="p0"), of(s)]
        assert (await s.http.post(f"{BASE}/objects/obj-1/access/https", json={"passports": both})).status == 200


BODIES: list[dict[str, Any]] = [
    {},
    {"data": b"", "headers": {"Content-Type": "application/json"}},
    {"data": b"passports=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"data": b"{", "headers": {"Content-Type": "application/json"}},
    {"data": b'{"a":1,"a":2}', "headers": {"Content-Type": "application/json"}},
    {"json": []},
    {"json": {"passports": "x"}},
    {"json": {"passports": [1]}},
    {"json": {"passport": []}},
    {"json": {"expand": "yes"}},
]


@pytest.mark.row("DR2")
async def test_a_body_that_cannot_be_read_is_a_bad_request(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        for path in ("/objects/obj-1", "/objects/obj-1/access/https", "/objects", "/objects/access"):
            for sent in BODIES:
                answer = await s.http.post(BASE + path, **sent)
                assert answer.status == 400, (path, sent)
                valid("Error", await answer.json())


TOGETHER: dict[str, dict[str, Any]] = {
    "/objects/obj-1": {}, "/objects/obj-1/access/https": {}, "/objects": {"bulk_object_ids": []},
    "/objects/access": {"bulk_object_access_ids": []},
}  # fmt: skip


@pytest.mark.row("DR2")
async def test_a_token_and_passports_together_are_two_answers_to_one_question(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        for path, more in TOGETHER.items():
            body = {"passports": [of(s)], **more}
            assert (await s.http.post(BASE + path, headers=s.headers(), json=body)).status == 400, path


@pytest.mark.row("DR2")
async def test_a_post_may_come_with_a_token_instead_of_passports(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        assert (await s.http.post(f"{BASE}/objects/obj-1/access/https", headers=s.headers(), json={})).status == 200
        assert (await s.http.post(f"{BASE}/objects/inside", headers=s.headers(), json={})).status == 200
        assert (await s.http.post(f"{BASE}/objects/inside", json={})).status == 404


@pytest.mark.row("T090")
async def test_what_is_not_there_is_404(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        for path in ("/none", "/none/access/https", "/obj-1/access/s3", "/run/access/https"):
            for auth in ("bearer", "passport"):
                status, told = await asked(s, auth, f"/objects{path}")
                assert status == 404, path
                assert valid("Error", told)["code"] == "REQ-NOT-FOUND"


EXPANDS = [("true", 200), ("True", 200), ("false", 200), ("yes", 400), ("", 400), ("true&expand=1", 400)]


async def test_expand_is_true_or_false(tmp_path: Path) -> None:
    async with site(tmp_path, *WORLD) as s:
        for said, status in EXPANDS:
            assert (await s.http.get(f"{BASE}/objects/study?expand={said}")).status == status, said


ODD = ["a/b", "a:b", "50%", "Größe", "a%2Fb", "a+b", "~.-_", "..x", "a;b=1", "a?b#c", '"q"', "objects"]


@pytest.mark.row("T082")
async def test_an_id_of_any_characters_is_reached_and_decoded_once(tmp_path: Path) -> None:
    async with site(tmp_path, *(row for n, id in enumerate(ODD) for row in (file(id), bundle(f"odd-{n}", id)))) as s:
        for n, id in enumerate(ODD):
            path = f"{BASE}/objects/{quote(id, safe='')}"
            told = valid("DrsObject", await (await s.http.get(URL(path, encoded=True))).json())
            assert (told["id"], told["self_uri"]) == (id, f"drs://broker.example/{quote(id, safe='')}")
            ticket = await s.http.get(URL(f"{path}/access/https", encoded=True), headers=s.headers())
            assert (await ticket.json())["url"] == f"{b.US}/data/{quote(id, safe='')}"
            inside = (await (await s.http.get(f"{BASE}/objects/odd-{n}")).json())["contents"]
            assert inside[0]["drs_uri"] == [told["self_uri"]]


@pytest.mark.row("DR3")
async def test_options_says_what_to_show_to_anybody(tmp_path: Path) -> None:
    def issuer(name: str, **more: Any) -> VisaIssuer:
        iss, status = Issuer(f"https://{name}.example"), more.pop("status", "active")
        return VisaIssuer(id=iss, trust=TrustRow(iss=iss, jku=(f"{iss}/jwks",), **more), status=status)

    others = [
        issuer("grants", values=(str(b.HEART),)),
        issuer("gone", values=(str(b.HEART),), status="suspended"),
        issuer("elsewhere", values=("https://other.example/*",)),
        issuer("broker-2", is_broker=True, userinfo=True, discovery=True),
    ]
    async with site(tmp_path, *WORLD, *others) as s:
        answer = await s.http.options(f"{BASE}/objects/obj-1")
        told = valid("Authorizations", await answer.json())
        assert told["supported_types"] == ["PassportAuth", "BearerAuth"]
        assert told["passport_auth_issuers"] == [b.US, "https://grants.example"]
        assert told["bearer_auth_issuers"] == [b.US, "https://broker-2.example"]
        method = (await (await s.http.get(f"{BASE}/objects/obj-1")).json())["access_methods"][0]
        assert method["authorizations"] == told
        assert (await s.http.options(f"{BASE}/objects/run")).status == 200
        assert [(await s.http.options(f"{BASE}/objects/{id}")).status for id in ("inside", "none")] == [404, 404]


@pytest.mark.row("T085")
@pytest.mark.row("DR3")
async def test_a_browsers_preflight_is_no_question_about_authorizations(tmp_path: Path) -> None:
    asks = {"Origin": "https://igv.example", "Access-Control-Request-Method": "POST"}
    async with site(tmp_path, *WORLD) as s:
        for path in ("/objects/obj-1", "/objects", "/objects/access", "/objects/none"):
            answer = await s.http.options(BASE + path, headers=asks)
            assert (answer.status, await answer.read()) == (204, b""), path
            assert "POST" in answer.headers["Access-Control-Allow-Methods"]


async def test_bundles_that_came_to_hold_one_another_end_as_our_fault(tmp_path: Path) -> None:
    """Registration refuses it; two registrations at the same moment could still make it."""
    ring = bundle("ring", members=(Member(name="m", object=ObjectId("ring")),))
    async with site(tmp_path, ring) as s:
        answer = await s.http.get(f"{BASE}/objects/ring?expand=true")
        assert answer.status == 500
        valid("Error", await answer.json())


async def test_every_secret_dataset_has_a_home(tmp_path: Path) -> None:
    """The bytes of a hidden object come to who holds its grant, as those of any other."""
    (tmp_path / "obj-1.bam").write_bytes(CONTENT)
    async with site(tmp_path, *WORLD, repository=Repository(id="bank", name="The bank", root=str(tmp_path))) as s:
        assert (await asked(s, "bearer", "/objects/inside/access/https"))[0] == 200
        entry = s.stage.ledger.entries[-1]
        assert (entry.kind, entry.about["dataset"]) == ("access.permitted", SECRET)
