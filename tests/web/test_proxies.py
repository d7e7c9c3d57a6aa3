"""nginx, Envoy and htsget-rs ask about one request; by contract: what they send, and the statuses they understand."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from yarl import URL

from broker.web.routes import ROUTES
from tests import builders as b
from tests.web.depot import AUDIENCE, THEIRS, basic, depots, lying
from tests.web.site import Site, site

CONFIG = Path(__file__).parents[2] / "config"
LETS = {"uninterruptible_delivery": 60}


def nginx(s: Site, uri: str = "/files/obj-1", method: str = "GET", **more: str) -> dict[str, str]:
    """What config/nginx/auth_request.conf sends."""
    return {
        "X-Repository-Authorization": basic(), "X-Original-URI": uri, "X-Original-Method": method,
        "X-Object-Prefix": "/files/", "Authorization": f"Bearer {s.access_token('usr_ada', aud=[AUDIENCE])}", **more,
    }  # fmt: skip


async def asked(s: Site, headers: dict[str, str], path: str = "/authz/nginx", method: str = "GET") -> Any:
    return await s.http.request(method, URL(path, encoded=True), headers=headers)


@pytest.mark.row("RO-PROXY")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_nginx_is_told_yes_and_what_to_hand_on(tmp_path: Path, method: str) -> None:
    async with site(tmp_path, *depots(), dataset=b.dataset(**LETS)) as s:
        got = await asked(s, nginx(s, method=method))
        assert (got.status, await got.read()) == (200, b"")
        assert got.headers["X-Broker-Subject"] == "usr_ada"
        assert got.headers["X-Broker-Grant"] == b.GRANT
        assert got.headers["X-Broker-Until"] == "2027-01-15T10:30:00Z"
        assert "no_reidentification" in got.headers["X-Broker-Obligations"].split(", ")
        entry = s.stage.ledger.entries[-1]
        assert (entry.about["decision"], entry.about["uninterruptible"]) == (got.headers["Decision-Id"], 60)


NO = {
    "no person": ({"Authorization": ""}, 401, "AUTH-NO-CREDENTIALS"),
    "two words": ({"Authorization": "Bearer a b"}, 401, "AUTH-TOKEN-MALFORMED"),
    "a DPoP token": ({"Authorization": "DPoP abc"}, 401, "AUTH-TOKEN-BOUND"),
    "a wrong token": ({"Authorization": "Bearer abc"}, 401, "AUTH-TOKEN-INVALID"),
    "a wrong proxy": ({"X-Repository-Authorization": basic(secret="wrong")}, 403, "AUTH-CLIENT-FAILED"),
    "another repository's": ({"X-Original-URI": f"/files/{THEIRS}"}, 403, "REQ-NOT-FOUND"),
    "nothing there": ({"X-Original-URI": "/files/nope"}, 403, "REQ-NOT-FOUND"),
    "a way out": ({"X-Original-URI": "/files/../obj-1"}, 403, "ASK-PATH"),
    "encoded": ({"X-Original-URI": "/files/%6fbj-1"}, 403, "ASK-PATH"),
    "a folder": ({"X-Original-URI": "/files/x/obj-1"}, 403, "ASK-PATH"),
    "two names": ({"X-Object-Id": "obj-1"}, 403, "ASK-PATH"),
    "writing": ({"X-Original-Method": "PUT"}, 403, "REQ-METHOD"),
    "a method in small letters": ({"X-Original-Method": "get"}, 403, "REQ-METHOD"),
}


@pytest.mark.row("RO-PROXY")
@pytest.mark.parametrize(("changes", "status", "code"), NO.values(), ids=list(NO))
async def test_nginx_is_told_no_in_statuses_that_it_understands(
    tmp_path: Path, changes: dict[str, str], status: int, code: str
) -> None:
    async with site(tmp_path, *depots(), dataset=b.dataset(**LETS)) as s:
        got = await asked(s, nginx(s) | changes)
        assert (got.status, got.headers["X-Broker-Reason"]) == (status, code)
        assert ("WWW-Authenticate" in got.headers) == (status == 401)
        assert "Location" not in got.headers


@pytest.mark.row("RO-PROXY")
@pytest.mark.parametrize(
    "missing", ["X-Repository-Authorization", "X-Original-URI", "X-Original-Method", "X-Object-Prefix"]
)
async def test_what_the_proxy_leaves_out_lets_nobody_through(tmp_path: Path, missing: str) -> None:
    async with site(tmp_path, *depots(), dataset=b.dataset(**LETS)) as s:
        sent = nginx(s)
        del sent[missing]
        assert (await asked(s, sent)).status == 403
        twice = [*nginx(s).items(), (missing, nginx(s)[missing])]
        assert (await s.http.get("/authz/nginx", headers=twice)).status == 403


@pytest.mark.row("RO-UNSTOPPABLE")
async def test_data_that_must_be_stoppable_do_not_leave_behind_a_proxy(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        got = await asked(s, nginx(s))
        assert (got.status, got.headers["X-Broker-Reason"]) == (403, "ASK-UNSTOPPABLE")
        assert s.stage.ledger.entries[-1].about["door"] == "ASK-UNSTOPPABLE"


RANGES = [
    ({}, 403), ({"Range": "bytes=0-1048575"}, 200), ({"Range": "bytes=0-1048576"}, 403), ({"Range": "bytes=-5"}, 200),
    ({"Range": "bytes=0-1", "If-Range": '"x"'}, 403), ({"Range": "bytes=0-1,0-1"}, 403), ({"Range": "items=0-1"}, 403),
    ({"Range": "bytes=9999999-"}, 200),
]  # fmt: skip


@pytest.mark.row("RO-UNSTOPPABLE")
@pytest.mark.parametrize(("sent", "status"), RANGES, ids=str)
async def test_one_answer_is_no_longer_than_may_run(tmp_path: Path, sent: dict[str, str], status: int) -> None:
    big = b.drs_object(b.TWO, (b.PIA,), size=5_000_000)
    async with site(tmp_path, *depots(), dataset=b.dataset(uninterruptible_delivery=1), two=big) as s:
        got = await asked(s, nginx(s, "/files/obj-2") | sent)
        assert got.status == status
        if status == 403:
            assert got.headers["X-Broker-Reason"] == "ASK-RANGE"


@pytest.mark.row("RO-PROXY")
async def test_what_is_broken_lets_nobody_through(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), dataset=b.dataset(**LETS)) as s:
        sent = nginx(s)
        s.stage.ledger.breaks = "lost"
        assert (await asked(s, sent)).status == 503


def envoy(s: Site, **more: str) -> dict[str, str]:
    """What config/envoy/ext_authz.yaml sends."""
    (filter_,) = yaml.safe_load((CONFIG / "envoy" / "ext_authz.yaml").read_text("utf-8"))
    request = filter_["typed_config"]["http_service"]["authorization_request"]
    sent = {one["key"]: one["value"] for one in request["headers_to_add"]}
    assert set(sent) == {"x-object-prefix", "x-repository-authorization"}
    sent["x-repository-authorization"] = basic()
    return sent | {"authorization": f"Bearer {s.access_token('usr_ada', aud=[AUDIENCE])}", **more}


@pytest.mark.row("RO-PROXY")
async def test_envoy_asks_with_the_original_method_and_path(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), dataset=b.dataset(**LETS)) as s:
        for method in ("GET", "HEAD"):
            got = await asked(s, envoy(s), "/authz/envoy/files/obj-1", method)
            assert (got.status, got.headers["X-Broker-Subject"]) == (200, "usr_ada")
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            assert (await asked(s, envoy(s), "/authz/envoy/files/obj-1", method)).status == 403
        assert (await asked(s, {**envoy(s), "authorization": "Bearer x"}, "/authz/envoy/files/obj-1")).status == 401


@pytest.mark.row("RO-PROXY", "RO-PATH")
@pytest.mark.parametrize("path", [
    "/files/../obj-1", "/files/%2e%2e/obj-1", "/files/..%2fobj-1", "/%2e%2e/%2e%2e/healthz", "/../../healthz",
    "/files/obj-1?x=1", "/files//obj-1", "//files/obj-1", "", "/", "/files/obj-1/..", "/..%2f..%2fhealthz",
])  # fmt: skip
async def test_envoys_path_never_leads_elsewhere(tmp_path: Path, path: str) -> None:
    """Everything at and behind /authz/envoy is a question; nothing there is another address of ours."""
    async with site(tmp_path, *depots(), dataset=b.dataset(**LETS)) as s:
        port = s.http.port
        status = await lying(port, f"GET /authz/envoy{path} HTTP/1.1", envoy(s))  # type: ignore[arg-type]
        assert status != 200


@pytest.mark.row("RO-PROXY")
def test_envoys_example_lets_nobody_through_when_it_cannot_ask() -> None:
    (filter_,) = yaml.safe_load((CONFIG / "envoy" / "ext_authz.yaml").read_text("utf-8"))
    config = filter_["typed_config"]
    assert config["failure_mode_allow"] is False
    assert any(route.path.startswith(config["http_service"]["path_prefix"]) for route in ROUTES)
    told = {one["exact"] for one in config["allowed_headers"]["patterns"]}
    assert told == {"authorization", "range", "if-range"}


def htsget(s: Site, name: str = "obj-1", **more: str) -> dict[str, str]:
    """What htsget-rs sends: user and password of its URL, and its context headers."""
    token = s.access_token("usr_ada", aud=[AUDIENCE])
    return {
        "Authorization": basic(), "Htsget-Context-Authorization": f"Bearer {token}", "Htsget-Context-Id": name,
        "Htsget-Context-Endpoint-Type": "reads", **more,
    }  # fmt: skip


@pytest.mark.row("RO-PROXY")
async def test_htsget_rs_is_told_which_id_is_open(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), dataset=b.dataset(**LETS)) as s:
        got = await asked(s, htsget(s), "/authz/htsget-rs")
        assert got.status == 200
        assert await got.json() == {"version": 1, "htsgetAuth": [{"location": {"id": "obj-1"}}]}
        for sent, status in (
            (htsget(s, str(THEIRS)), 403), (htsget(s, "nope"), 403), (htsget(s, "../obj-1"), 403),
            (htsget(s) | {"Htsget-Context-Authorization": "Bearer x"}, 401), (htsget(s) | {"Authorization": "Bearer x"}, 403),
        ):  # fmt: skip
            got = await asked(s, sent, "/authz/htsget-rs")
            assert (got.status, "htsgetAuth" in await got.text()) == (status, False)
