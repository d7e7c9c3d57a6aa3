"""DPoP over the whole edge, with a real client's key: what is bound to a key is nobody's without it (RFC 9449)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from structlog.testing import capture_logs

from broker.core.ids import ClientId
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, GRANT_TYPE, PASSPORT_TYPE
from broker.core.oidc.limits import LEEWAY, NONCE_LIFE
from broker.core.oidc.metadata import BASIC_SCOPES
from broker.core.oidc.opaque import stored_id
from broker.core.oidc.pkce import challenge_of
from broker.core.rows import Client, Session
from tests import builders as b
from tests.fakes import START
from tests.flows.oauth.fakes_oauth import basic, hashed
from tests.proofs import ClientKey
from tests.web.site import BACK, COOKIE, SECRET, Site, signed_in, site

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PUSH, TOKEN, INFO, ME = "/oauth2/par", "/oauth2/token", "/oauth2/userinfo", "/api/v1/me"
ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"
VERIFIER = "v" * 43
SCOPE = "openid ga4gh_passport_v1"
KEY, OTHER = ClientKey(), ClientKey()


def client(id: str, **changes: Any) -> Client:
    given: dict[str, Any] = {
        "name": id, "auth_method": "none", "redirect_uris": (BACK,), "scopes": tuple(BASIC_SCOPES),
        "grant_types": ("authorization_code", "refresh_token", GRANT_TYPE), "consent": "remembered",
    }  # fmt: skip
    return Client(id=ClientId(id), **{**given, **changes})


SECRETIVE = {"auth_method": "client_secret_basic", "secret": hashed("s3cret")}
PUBLIC, APP = client("spa"), client("app", **SECRETIVE)
STRICT = client("strict", **SECRETIVE, dpop_required=True)
NONCES = client("nonces", **SECRETIVE, dpop_nonce=True)


def here(*clients: Client) -> list[Any]:
    """Ada's session in this browser, and the clients."""
    made = signed_in("usr_ada", ("faculty@rhine.example",))[0]
    assert isinstance(made, Session)
    return [replace(made, id=stored_id(SECRET)), *(clients or (PUBLIC, APP, STRICT, NONCES))]


def proof(method: str, path: str, token: str | None = None, key: Any = KEY, **more: Any) -> dict[str, str]:
    return {"DPoP": key.proof(method, f"{b.US}{path}", token, **more)}


async def code(s: Site, of: Client, **more: str) -> str:
    query = {
        "response_type": "code", "client_id": of.id, "redirect_uri": BACK, "scope": SCOPE, "state": "st",
        "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256",
    }  # fmt: skip
    path = f"/oauth2/authorize?{urlencode(query | more)}"
    for _ in range(3):
        answer = await s.http.get(path, headers=COOKIE, allow_redirects=False)
        location = answer.headers["Location"]
        if location.startswith(BACK):
            return parse_qs(urlsplit(location).query)["code"][0]
        path = location
    raise AssertionError(path)


async def post(s: Site, of: Client, headers: Mapping[str, str], **form: str) -> tuple[int, dict[str, Any], Any]:
    """A token request of this client: status, answer, headers."""
    sent = {**FORM, **headers}
    if of.auth_method == "none":
        form["client_id"] = of.id
    else:
        sent["Authorization"] = basic(of.id, "s3cret")
    answer = await s.http.post(TOKEN, data=urlencode(form), headers=sent)
    return answer.status, await answer.json(), answer.headers


async def redeemed(s: Site, of: Client, headers: Mapping[str, str], **more: str) -> tuple[int, dict[str, Any], Any]:
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
    return await post(s, of, headers, **form, code=more.pop("code", "") or await code(s, of, **more))


async def tokens(s: Site, of: Client = APP, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    status, told, _ = await redeemed(s, of, proof("POST", TOKEN) if headers is None else headers)
    assert status == 200, told
    return told


async def refreshed(s: Site, of: Client, token: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any], Any]:
    return await post(s, of, headers, grant_type="refresh_token", refresh_token=token)


# What is given is bound.


@pytest.mark.row("T076", "B3")
async def test_a_proof_binds_the_access_token_and_its_absence_does_not(tmp_path: Path) -> None:
    async with site(tmp_path, *here()) as s:
        bound = await tokens(s)
        said = s.tokens.read(bound["access_token"], "at+jwt")
        assert said is not None
        assert (bound["token_type"], said["cnf"]) == ("DPoP", {"jkt": KEY.jkt})
        free = await tokens(s, headers={})
        said = s.tokens.read(free["access_token"], "at+jwt")
        assert said is not None
        assert (free["token_type"], "cnf" in said) == ("Bearer", False)


@pytest.mark.row("T076")
@pytest.mark.parametrize(
    "bad",
    [
        {"method": "GET"}, {"path": INFO}, {"at": START - LEEWAY}, {"at": START + LEEWAY + 1}, {"htm": "post"},
        {"header": {"typ": "JWT"}}, {"header": {"jwk": OTHER.jwk}},
    ],
)  # fmt: skip
async def test_a_bad_proof_gets_nothing_and_the_code_stays_good(tmp_path: Path, bad: dict[str, Any]) -> None:
    async with site(tmp_path, *here()) as s:
        made = await code(s, APP)
        wrong = proof(**{"method": "POST", "path": TOKEN, **bad})
        status, told, headers = await redeemed(s, APP, wrong, code=made)
        assert (status, told["error"], told["code"]) == (400, "invalid_dpop_proof", "AUTH-DPOP-PROOF")
        assert "DPoP-Nonce" not in headers
        assert (await redeemed(s, APP, proof("POST", TOKEN), code=made))[0] == 200


@pytest.mark.row("T076", "T078")
async def test_two_proofs_are_none(tmp_path: Path) -> None:
    async with site(tmp_path, *here()) as s:
        form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
        form["code"] = await code(s, APP)
        doubled = [("DPoP", KEY.proof("POST", b.US + TOKEN)), ("DPoP", KEY.proof("POST", b.US + TOKEN))]
        sent = [*FORM.items(), ("Authorization", basic("app", "s3cret")), *doubled]
        answer = await s.http.post(TOKEN, data=urlencode(form), headers=sent)
        assert (answer.status, (await answer.json())["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.row("T076")
async def test_a_proof_counts_once_at_every_door_together(tmp_path: Path) -> None:
    async with site(tmp_path, *here()) as s:
        once = proof("POST", TOKEN)
        got = await tokens(s, headers=once)
        status, told, _ = await refreshed(s, APP, got["refresh_token"], once)
        assert (status, told["error"], told["code"]) == (400, "invalid_dpop_proof", "AUTH-DPOP-REPLAYED")
        token = got["access_token"]
        used = {"Authorization": f"DPoP {token}", **proof("GET", ME, token)}
        assert (await s.http.get(ME, headers=used)).status == 200
        again = await s.http.get(ME, headers=used)
        assert (again.status, (await again.json())["code"]) == (401, "AUTH-DPOP-REPLAYED")
        assert 'DPoP realm="ga4gh-access-broker"' in again.headers["WWW-Authenticate"]
        assert 'error="invalid_dpop_proof"' in again.headers["WWW-Authenticate"]


async def test_no_room_to_remember_proofs_is_no_yes(tmp_path: Path) -> None:
    async with site(tmp_path, *here()) as s:
        s.stage.world.scratch.marks = 0  # type: ignore[attr-defined]
        status, told, _ = await redeemed(s, APP, proof("POST", TOKEN))
        assert (status, told["error"]) == (503, "temporarily_unavailable")


@pytest.mark.row("T076")
async def test_a_client_that_must_prove_gets_nothing_without(tmp_path: Path) -> None:
    async with site(tmp_path, *here()) as s:
        made = await code(s, STRICT)
        status, told, _ = await redeemed(s, STRICT, {}, code=made)
        assert (status, told["error"], told["code"]) == (400, "invalid_dpop_proof", "AUTH-DPOP-NEEDED")
        got = await redeemed(s, STRICT, proof("POST", TOKEN), code=made)
        assert got[0] == 200
        assert (await refreshed(s, STRICT, got[1]["refresh_token"], {}))[1]["code"] == "AUTH-DPOP-NEEDED"


@pytest.mark.row("T076")
@pytest.mark.parametrize("of", [PUBLIC, APP])
async def test_a_refresh_token_keeps_to_the_key_that_it_was_asked_for_with(tmp_path: Path, of: Client) -> None:
    async with site(tmp_path, *here()) as s:
        first = await tokens(s, of)
        for wrong in ({}, proof("POST", TOKEN, key=OTHER)):
            status, told, _ = await refreshed(s, of, first["refresh_token"], wrong)
            assert (status, told["error"], told["code"]) == (400, "invalid_grant", "AUTH-DPOP-KEY")
        status, second, _ = await refreshed(s, of, first["refresh_token"], proof("POST", TOKEN))
        assert (status, second["token_type"]) == (200, "DPoP")
        s.stage.clock.advance(11)
        status, told, _ = await refreshed(s, of, second["refresh_token"], {})
        assert told["code"] == "AUTH-DPOP-KEY"
        late = proof("POST", TOKEN, at=s.stage.clock.now())
        assert (await refreshed(s, of, second["refresh_token"], late))[0] == 200


async def test_a_refresh_token_that_was_free_is_bound_by_its_first_proof(tmp_path: Path) -> None:
    async with site(tmp_path, *here()) as s:
        first = await tokens(s, headers={})
        _, second, _ = await refreshed(s, APP, first["refresh_token"], proof("POST", TOKEN))
        assert second["token_type"] == "DPoP"
        assert (await refreshed(s, APP, second["refresh_token"], {}))[1]["code"] == "AUTH-DPOP-KEY"


@pytest.mark.row("T076")
async def test_a_code_may_be_bound_to_a_key(tmp_path: Path) -> None:
    async with site(tmp_path, *here()) as s:
        made = await code(s, PUBLIC, dpop_jkt=KEY.jkt)
        for wrong in ({}, proof("POST", TOKEN, key=OTHER)):
            assert (await redeemed(s, PUBLIC, wrong, code=made))[1]["code"] == "AUTH-DPOP-KEY"
        assert (await redeemed(s, PUBLIC, proof("POST", TOKEN), code=made))[0] == 200
        query = {
            "response_type": "code", "client_id": "spa", "redirect_uri": BACK, "scope": SCOPE, "dpop_jkt": "x",
            "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256",
        }  # fmt: skip
        answer = await s.http.get(f"/oauth2/authorize?{urlencode(query)}", headers=COOKIE, allow_redirects=False)
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == ["invalid_request"]


@pytest.mark.row("T076")
async def test_a_proof_with_a_pushed_request_binds_the_code(tmp_path: Path) -> None:
    """RFC 9449 section 10.1: as if `dpop_jkt` had named the key; naming another one is refused."""
    async with site(tmp_path, *here()) as s:
        form = {
            "response_type": "code", "redirect_uri": BACK, "scope": SCOPE, "state": "st",
            "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256",
        }  # fmt: skip
        sent = {**FORM, "Authorization": basic("app", "s3cret")}
        for wrong, more in ((proof("POST", PUSH, key=OTHER), {"dpop_jkt": KEY.jkt}), (proof("POST", TOKEN), {})):
            refused = await s.http.post(PUSH, data=urlencode(form | more), headers=sent | wrong)
            assert refused.status == 400
        answer = await s.http.post(PUSH, data=urlencode(form), headers=sent | proof("POST", PUSH))
        assert answer.status == 201, await answer.text()
        path = "/oauth2/authorize?" + urlencode(
            {"client_id": "app", "request_uri": (await answer.json())["request_uri"]}
        )
        while not path.startswith(BACK):
            path = (await s.http.get(path, headers=COOKIE, allow_redirects=False)).headers["Location"]
        made = parse_qs(urlsplit(path).query)["code"][0]
        assert (await redeemed(s, APP, proof("POST", TOKEN, key=OTHER), code=made))[1]["code"] == "AUTH-DPOP-KEY"
        assert (await redeemed(s, APP, proof("POST", TOKEN), code=made))[0] == 200


# Nonces


@pytest.mark.row("T076")
@pytest.mark.parametrize("everybody", [True, False])
async def test_where_nonces_are_asked_for_only_ours_will_do(tmp_path: Path, everybody: bool) -> None:  # noqa: FBT001
    async with site(tmp_path, *here()) as s:
        of = APP if everybody else NONCES
        object.__setattr__(s.broker.oauth.proofs, "nonces", everybody)
        made = await code(s, of)
        for wrong in ({}, {"nonce": "x"}, {"nonce": ""}):
            status, told, headers = await redeemed(s, of, proof("POST", TOKEN, **wrong), code=made)
            assert (status, told["error"], told["code"]) == (400, "use_dpop_nonce", "AUTH-DPOP-NONCE")
        nonce = headers["DPoP-Nonce"]
        status, got, headers = await redeemed(s, of, proof("POST", TOKEN, nonce=nonce), code=made)
        assert (status, headers.get("DPoP-Nonce")) == (200, nonce if everybody else None)
        token = got["access_token"]
        for path, named in ((ME, "code"), (INFO, "error"), (ACCESS, "code")):
            asked = {"Authorization": f"DPoP {token}", **proof("GET", path, token)}
            answer = await s.http.get(path, headers=asked)
            assert (answer.status, answer.headers["DPoP-Nonce"]) == (401, nonce)
            assert (await answer.json())[named] in {"use_dpop_nonce", "AUTH-DPOP-NONCE"}
            assert 'error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"]
            asked = {"Authorization": f"DPoP {token}", **proof("GET", path, token, nonce=nonce)}
            assert (await s.http.get(path, headers=asked)).status == 200
        later = s.stage.clock.advance(2 * NONCE_LIFE)
        _, told, _ = await refreshed(s, of, got["refresh_token"], proof("POST", TOKEN, nonce=nonce, at=later))
        assert told["error"] == "use_dpop_nonce"
        assert "AUTH-DPOP-NONCE" not in str(s.stage.ledger.entries), "a step that is tried again is no refusal"


# Doors


DOORS = [("GET", ME), ("GET", "/api/v1/grants"), ("GET", INFO), ("POST", INFO), ("GET", ACCESS)]


@pytest.mark.row("T076", "T078", "T087")
@pytest.mark.parametrize(("method", "path"), DOORS)
async def test_a_bound_token_needs_its_key_at_every_door(tmp_path: Path, method: str, path: str) -> None:
    async with site(tmp_path, *here()) as s:
        token = (await tokens(s))["access_token"]
        free = (await tokens(s, headers={}))["access_token"]
        for authorization, more, code_ in (
            (f"Bearer {token}", {}, "AUTH-TOKEN-BOUND"),
            (f"Bearer {token}", proof(method, path, token), "AUTH-TOKEN-BOUND"),
            (f"DPoP {token}", {}, "AUTH-DPOP-PROOF"),
            (f"DPoP {token}", proof(method, path, token, key=OTHER), "AUTH-TOKEN-BOUND"),
            (f"DPoP {token}", proof(method, path), "AUTH-DPOP-PROOF"),
            (f"DPoP {token}", proof(method, path, free), "AUTH-DPOP-PROOF"),
            (f"DPoP {token}", proof(method, TOKEN, token), "AUTH-DPOP-PROOF"),
            (f"DPoP {token}", proof("PUT", path, token), "AUTH-DPOP-PROOF"),
            (f"DPoP {token}", proof(method, path, token, at=START - LEEWAY), "AUTH-DPOP-PROOF"),
            (f"DPoP {free}", proof(method, path, free), "AUTH-TOKEN-INVALID"),
        ):
            answer = await s.http.request(method, path, headers={"Authorization": authorization, **more})
            assert (answer.status, (await answer.json())["code"]) == (401, code_), (authorization[:6], more.keys())
            asked = answer.headers.getall("WWW-Authenticate")
            assert any('algs="ES256 RS256"' in one for one in asked)
            assert any("error=" in one and one.startswith(authorization[:4]) for one in asked)
        good = {"Authorization": f"DPoP {token}", **proof(method, path + "?x=1", token)}
        assert (await s.http.request(method, path, headers=good)).status == 200
        assert (await s.http.request(method, path, headers={"Authorization": f"Bearer {free}"})).status == 200


@pytest.mark.row("T078", "T087")
@pytest.mark.parametrize(("method", "path"), DOORS)
async def test_a_token_in_a_wrong_place_or_form_is_an_invalid_request(tmp_path: Path, method: str, path: str) -> None:
    """RFC 6750 section 3.1: 400 `invalid_request`, also beside a good header."""
    async with site(tmp_path, *here()) as s:
        token = (await tokens(s, headers={}))["access_token"]
        good = {"Authorization": f"Bearer {token}"}
        wrong: list[tuple[str, dict[str, str], str | None]] = [
            (f"{path}?access_token={token}", {}, None),
            (f"{path}?access_token={token}", good, None),
            (f"{path}?access_token=", good, None),
            (path, {"Authorization": f"Bearer {token}, DPoP {token}"}, None),
            (path, {"Authorization": f"Bearer {token} {token}"}, None),
            (path, {"Authorization": f"Bearer  {token}"}, None),
            (path, {"Authorization": f"bearer\t{token}"}, None),
            (path, {"Authorization": "Bearer"}, None),
            (path, {"Authorization": "DPoP"}, None),
        ]
        if (method, path) == ("POST", INFO):
            wrong += [(path, {**FORM, **more}, f"access_token={token}") for more in ({}, good)]
        for where, headers, body in wrong:
            with capture_logs() as logged:
                answer = await s.http.request(method, where, headers=headers, data=body)
            text = await answer.text()
            assert token not in str(logged)
            assert (answer.status, "AUTH-TOKEN-MALFORMED" in text) == (400, True), (where[-20:], headers.keys())
            assert any('error="invalid_request"' in one for one in answer.headers.getall("WWW-Authenticate"))
            assert token not in text


@pytest.mark.row("P12", "T071", "T076")
async def test_a_bound_token_is_exchanged_by_its_key_alone(tmp_path: Path) -> None:
    async with site(tmp_path, *here()) as s:
        token = (await tokens(s))["access_token"]
        form = {
            "grant_type": GRANT_TYPE, "requested_token_type": PASSPORT_TYPE, "subject_token": token,
            "subject_token_type": ACCESS_TOKEN_TYPE,
        }  # fmt: skip
        for of, wrong in (
            (APP, {}), (APP, proof("POST", TOKEN, key=OTHER)), (STRICT, proof("POST", TOKEN)),
        ):  # fmt: skip
            status, told, _ = await post(s, of, wrong, **form)
            assert (status, told["code"]) == (400, "AUTH-SUBJECT-TOKEN")
        status, told, _ = await post(s, APP, proof("POST", TOKEN), **form)
        assert (status, told["token_type"]) == (200, "Bearer")
        said = s.tokens.read(told["access_token"], "vnd.ga4gh.passport+jwt")
        assert said is not None
        assert "cnf" not in said, "a Passport is a document, unless its client must always prove its key"


@pytest.mark.row("T048", "T076", "T091")
async def test_what_a_client_that_must_prove_hands_on_is_bound_too(tmp_path: Path) -> None:
    """A Passport and a ticket, captured on their way, open nothing without the key."""
    async with site(tmp_path, *here()) as s:
        token = (await tokens(s, STRICT))["access_token"]
        form = {
            "grant_type": GRANT_TYPE, "requested_token_type": PASSPORT_TYPE, "subject_token": token,
            "subject_token_type": ACCESS_TOKEN_TYPE,
        }  # fmt: skip
        _, told, _ = await post(s, STRICT, proof("POST", TOKEN), **form)
        body = {"passports": [told["access_token"]]}
        for wrong, code_ in (
            ({}, "AUTH-DPOP-NEEDED"), (proof("POST", ACCESS, key=OTHER), "AUTH-TOKEN-BOUND"),
            (proof("GET", ACCESS), "AUTH-DPOP-PROOF"),
        ):  # fmt: skip
            answer = await s.http.post(ACCESS, json=body, headers=wrong)
            assert (answer.status, (await answer.json())["code"]) == (401, code_)
            assert answer.headers["WWW-Authenticate"].startswith("DPoP ")
        once = proof("POST", ACCESS)
        granted = await s.http.post(ACCESS, json=body, headers=once)
        assert granted.status == 200, await granted.text()
        assert (await s.http.post(ACCESS, json=body, headers=once)).status == 401
        by_token = {"Authorization": f"DPoP {token}", **proof("GET", ACCESS, token)}
        for answer in (granted, await s.http.get(ACCESS, headers=by_token)):
            told = await answer.json()
            path, (line,) = told["url"].removeprefix(b.US), told["headers"]
            ticket = line.removeprefix("Authorization: DPoP ")
            for scheme, more in (("Bearer", {}), ("DPoP", {}), ("DPoP", proof("GET", path, ticket, key=OTHER))):
                refused = await s.http.get(path, headers={"Authorization": f"{scheme} {ticket}", **more})
                assert refused.status == 401, scheme
            for method in ("GET", "HEAD"):
                sent = {"Authorization": f"DPoP {ticket}", **proof(method, path, ticket)}
                assert (await s.http.request(method, path, headers=sent)).status == 200


async def test_the_ticket_of_a_client_that_need_not_prove_is_for_any_tool(tmp_path: Path) -> None:
    async with site(tmp_path, *here()) as s:
        token = (await tokens(s))["access_token"]
        answer = await s.http.get(ACCESS, headers={"Authorization": f"DPoP {token}", **proof("GET", ACCESS, token)})
        told = await answer.json()
        header = dict(line.split(": ", 1) for line in told["headers"])
        assert (await s.http.get(told["url"].removeprefix(b.US), headers=header)).status == 200


# What is said about it


@pytest.mark.row("B2")
async def test_metadata_and_introspection_tell_of_keys(tmp_path: Path) -> None:
    repository = client("repository", **SECRETIVE, serves=(b.US,), grant_types=())
    async with site(tmp_path, *here(APP, repository)) as s:
        found = await (await s.http.get("/.well-known/openid-configuration")).json()
        assert found["dpop_signing_alg_values_supported"] == ["ES256", "RS256"]
        for path, resource in (("", b.US), ("/ga4gh/drs/v1", f"{b.US}/ga4gh/drs/v1")):
            said = await (await s.http.get(f"/.well-known/oauth-protected-resource{path}")).json()
            assert (said["resource"], said["authorization_servers"]) == (resource, [b.US])
            assert said["dpop_signing_alg_values_supported"] == ["ES256", "RS256"]
            assert said["bearer_methods_supported"] == ["header"]
            door = ACCESS if path else ME
            asked = (await s.http.get(door)).headers.getall("WWW-Authenticate")
            wanted = f'resource_metadata="{b.US}/.well-known/oauth-protected-resource{path}"'
            assert [wanted in one for one in asked] == [True, True]
        for headers, kind, confirmed in ((proof("POST", TOKEN), "DPoP", {"jkt": KEY.jkt}), ({}, "Bearer", None)):
            token = (await tokens(s, APP, headers))["access_token"]
            for form in (
                {"token": token},
                {"token": token, "token_type_hint": "access_token"},
                {"token": token, "token_type_hint": "refresh_token"},
            ):
                sent = {**FORM, "Authorization": basic("repository", "s3cret"), "Accept": "application/json"}
                told = await (await s.http.post("/oauth2/introspect", data=urlencode(form), headers=sent)).json()
                assert (told["active"], told["token_type"], told.get("cnf")) == (True, kind, confirmed)
