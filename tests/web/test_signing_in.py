"""Signing in at home identity providers over the whole edge: the attacks of section D, each tried as an attacker would."""

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from broker.adapters.outgoing import FetchError
from broker.core.oidc.limits import PENDING_PER_BROWSER, PENDING_SIGN_IN_LIFE
from broker.core.oidc.opaque import stored_id
from broker.core.rows import IdentityProvider, Person, Row, Session
from tests import builders as b
from tests.fakes import MemoryScratch
from tests.web.site import BACK, COOKIE, PORTAL, SECRET, Site, signed_in, site
from tests.web.upstream import Home, follow, session_of, upstreams


def homes(**row: Any) -> tuple[Home, Home]:
    return Home(slug="uni", subject="u-1", row=row), Home(slug="bank", subject="b-1")


def rows(*of: Home) -> list[Row]:
    return [PORTAL, *(home.provider for home in of)]


def sessions(s: Site) -> list[Session]:
    """Those that were made since the site was made."""
    return [row for row in s.stage.ledger.rows.values() if isinstance(row, Session) and not row.id.startswith("ses-")]


def authorize(**more: str) -> str:
    query = {
        "client_id": "portal", "redirect_uri": BACK, "response_type": "code", "scope": "openid profile", "state": "st",
        "code_challenge": "c" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"/oauth2/authorize?{urlencode(query | more)}"


async def code_of(answer: Any) -> str:
    """Which reason a page names."""
    found = re.search(r"<code>([A-Z]+-[A-Z-]+)</code>", await answer.text())
    return found[1] if found else ""


async def test_somebody_signs_in_and_is_the_pair_of_issuer_and_subject(tmp_path: Path) -> None:
    uni, _ = homes()
    uni.info = {"name": "Ada", "eduperson_scoped_affiliation": ["faculty@uni.example", "faculty@other.example"]}
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie = await up.sign_in(uni, return_to="/device")
        [made] = sessions(s)
        assert (made.id, made.identities) == (stored_id(cookie.split("=")[1]), ((uni.issuer, "u-1"),))
        assert (made.name, made.affiliations) == ("Ada", ("faculty@uni.example",))
        assert s.stage.kinds() == ["person.made", "sign_in.ok"]


# T052: state.


@pytest.mark.row("T052")
@pytest.mark.parametrize(
    ("state", "cookie", "status", "code"),
    [
        ("", True, 400, "AUTH-IDP-STATE"),
        ("", False, 400, "AUTH-IDP-STATE"),
        (None, True, 400, "AUTH-IDP-STATE"),
        ("x" * 43, True, 400, "AUTH-IDP-STATE"),
        ("its own", False, 400, "AUTH-IDP-BROWSER"),
    ],
)
async def test_an_answer_that_this_browser_did_not_ask_for_signs_nobody_in(
    tmp_path: Path,
    state: str | None,
    cookie: bool,  # noqa: FBT001
    status: int,
    code: str,
) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        kept, asked = await up.begin(uni)
        said = asked["state"] if state == "its own" else state
        answer = await up.come_back(uni, kept if cookie else "", state=said)
        assert (answer.status, await code_of(answer)) == (status, code)
        assert not sessions(s)
        assert "__Host-broker-session" not in answer.cookies


@pytest.mark.row("T052")
async def test_a_state_counts_once(tmp_path: Path) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        assert (await up.come_back(uni, cookie)).status == 303
        again = await up.come_back(uni, cookie)
        assert (again.status, await code_of(again)) == (400, "AUTH-IDP-STATE")
        assert len(sessions(s)) == 1


@pytest.mark.row("T052")
async def test_a_state_of_another_browser_or_provider_is_nobodys(tmp_path: Path) -> None:
    uni, bank = homes()
    async with site(tmp_path, *rows(uni, bank)) as s:
        up = upstreams(s, uni, bank)
        _, mine = await up.begin(uni)
        theirs, _ = await up.begin(uni)
        stolen = await up.come_back(uni, theirs, state=mine["state"])
        assert (stolen.status, await code_of(stolen)) == (400, "AUTH-IDP-BROWSER")
        cookie, asked = await up.begin(uni)
        crossed = await up.come_back(bank, cookie, state=asked["state"])
        assert (crossed.status, await code_of(crossed)) == (400, "AUTH-IDP-MIX-UP")
        assert not sessions(s)


async def test_a_sign_in_that_took_too_long_is_over(tmp_path: Path) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        for late, status in ((PENDING_SIGN_IN_LIFE - 1, 303), (PENDING_SIGN_IN_LIFE, 400)):
            cookie, _ = await up.begin(uni)
            s.stage.clock.advance(late)
            assert (await up.come_back(uni, cookie)).status == status


# T053, T054: codes and mix-up.


@pytest.mark.row("T053")
async def test_an_attackers_code_with_the_victims_state_fails_at_pkce_and_at_the_nonce(tmp_path: Path) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        _, attackers = await up.begin(uni)
        uni.codes.append("attackers")
        cookie, victims = await up.begin(uni)
        uni.asked = attackers  # the code was made for the attacker's challenge and nonce
        injected = await up.come_back(uni, cookie, code="attackers", state=victims["state"])
        assert (injected.status, await code_of(injected)) == (502, "SRV-UPSTREAM")
        up.net.strict = False  # a provider that does not look at the verifier: then the nonce tells
        cookie, victims = await up.begin(uni)
        uni.asked, uni.codes = attackers, ["attackers"]
        injected = await up.come_back(uni, cookie, code="attackers", state=victims["state"])
        assert (injected.status, await code_of(injected)) == (403, "AUTH-IDP-TOKEN-NONCE")
        assert not sessions(s)


@pytest.mark.row("T054")
@pytest.mark.parametrize("iss", [None, "https://bank.example", "https://uni.example/", "https://UNI.example"])
async def test_an_answer_without_its_issuer_or_with_another_is_a_mix_up(tmp_path: Path, iss: str | None) -> None:
    uni, bank = homes()
    async with site(tmp_path, *rows(uni, bank)) as s:
        up = upstreams(s, uni, bank)
        cookie, _ = await up.begin(uni)
        answer = await up.come_back(uni, cookie, iss=iss, code="code")
        assert (answer.status, await code_of(answer)) == (400, "AUTH-IDP-MIX-UP")
        assert not [url for url, _, _ in up.net.sent], "the code went nowhere"


@pytest.mark.row("T054")
async def test_the_code_of_one_provider_never_goes_to_another(tmp_path: Path) -> None:
    """The attacker's provider sends the browser to the honest one, and hopes that we redeem at its own endpoint."""
    uni, bank = homes()
    uni.document = {"authorization_response_iss_parameter_supported": None}
    bank.document = {"authorization_response_iss_parameter_supported": None}
    async with site(tmp_path, *rows(uni, bank)) as s:
        up = upstreams(s, uni, bank)
        cookie, evil = await up.begin(bank)
        assert evil["redirect_uri"] == f"{b.US}/sign-in/bank/callback"
        # the honest provider's answer lands where it was registered for us: at its own address
        answer = await up.come_back(uni, cookie, state=evil["state"], code="honest", iss=None)
        assert await code_of(answer) == "AUTH-IDP-MIX-UP"
        assert not up.net.sent


@pytest.mark.row("T054", "T022")
async def test_our_secret_code_and_tokens_go_to_the_providers_own_host_alone(tmp_path: Path) -> None:
    uni, bank = homes()
    async with site(tmp_path, *rows(uni, bank)) as s:
        up = upstreams(s, uni, bank)
        await up.sign_in(uni)
        await up.sign_in(bank)
        for url, form, header in up.net.sent:
            assert (header or "") + str(form) != "{}"
            other = "bank" if "uni" in url else "uni"
            assert f"secret-{other}" not in str(form)
        hijacked = Home(slug="evil", document={"token_endpoint": "https://bank.example/token_endpoint"})
        s.stage.live.committed([hijacked.provider])
        up.net.homes["evil.example"] = hijacked
        refused = await s.http.get("/sign-in/evil", allow_redirects=False)
        assert (refused.status, await code_of(refused)) == (502, "SRV-UPSTREAM")


# T055, T047: the ID token and UserInfo.


@pytest.mark.row("T055")
@pytest.mark.parametrize(
    ("claims", "header", "code"),
    [
        ({"aud": "somebody"}, {}, "AUTH-IDP-TOKEN-AUDIENCE"),
        ({"aud": ["us-at-uni", "x"]}, {}, "AUTH-IDP-TOKEN-AUDIENCE"),
        ({"aud": ["us-at-uni", "x"], "azp": "x"}, {}, "AUTH-IDP-TOKEN-AUDIENCE"),
        ({"azp": "x"}, {}, "AUTH-IDP-TOKEN-AUDIENCE"),
        ({"nonce": None}, {}, "AUTH-IDP-TOKEN-NONCE"),
        ({"nonce": "old"}, {}, "AUTH-IDP-TOKEN-NONCE"),
        ({"at_hash": "wrong"}, {}, "AUTH-IDP-TOKEN-HASH"),
        ({"iss": "https://bank.example"}, {}, "AUTH-IDP-TOKEN-ISSUER"),
        ({"exp": 1}, {}, "AUTH-IDP-TOKEN-TIME"),
        ({"sub": None}, {}, "AUTH-IDP-TOKEN-SUBJECT"),
        ({}, {"typ": "at+jwt"}, "AUTH-IDP-TOKEN-KIND"),
        ({}, {"alg": "none"}, "SRV-UPSTREAM"),
        ({}, {"alg": "RS256"}, "SRV-UPSTREAM"),
        ({}, {"alg": "HS256"}, "SRV-UPSTREAM"),
        ({}, {"kid": "another"}, "SRV-UPSTREAM"),
        ({}, {"crit": ["b64"]}, "SRV-UPSTREAM"),
    ],
)
async def test_an_id_token_with_a_flaw_signs_nobody_in(
    tmp_path: Path, claims: dict[str, Any], header: dict[str, Any], code: str
) -> None:
    uni, _ = homes()
    uni.claims, uni.header = claims, header
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        answer = await up.come_back(uni, cookie)
        assert await code_of(answer) == code
        assert not sessions(s)


@pytest.mark.row("T055")
async def test_an_unsigned_id_token_or_one_of_anothers_key_signs_nobody_in(tmp_path: Path) -> None:
    uni, bank = homes()
    async with site(tmp_path, *rows(uni, bank)) as s:
        up = upstreams(s, uni, bank)
        for forge in (
            lambda t: t.rsplit(".", 1)[0] + ".",
            lambda t: t.rsplit(".", 1)[0] + "." + "A" * 86,
            lambda _: "x",
        ):
            cookie, _ = await up.begin(uni)
            uni.tokens = {"id_token": forge(uni.id_token(s.stage.clock.now()))}
            assert await code_of(await up.come_back(uni, cookie)) == "SRV-UPSTREAM"
        cookie, _ = await up.begin(uni)
        bank.asked = uni.asked
        uni.tokens = {"id_token": bank.sign({"iss": uni.issuer, "sub": "u-1"}, {"kid": "k-uni"})}
        assert await code_of(await up.come_back(uni, cookie)) == "SRV-UPSTREAM"
        assert not sessions(s)


@pytest.mark.row("T055")
async def test_a_row_may_allow_one_algorithm_alone(tmp_path: Path) -> None:
    uni, _ = homes(algorithms=frozenset({"RS256"}))
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        assert await code_of(await up.come_back(uni, cookie)) == "SRV-UPSTREAM"


@pytest.mark.row("T047")
@pytest.mark.parametrize("signed", [False, True])
async def test_userinfo_of_somebody_else_refuses_the_sign_in(tmp_path: Path, signed: bool) -> None:  # noqa: FBT001
    uni, _ = homes()
    uni.info, uni.signed_info = {"sub": "u-2"}, {"sub": "u-2"} if signed else None
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        assert await code_of(await up.come_back(uni, cookie)) == "AUTH-IDP-USERINFO"
        assert not sessions(s)


@pytest.mark.parametrize(
    ("info", "code"),
    [
        ({"name": "Ada", "aud": ["us-at-uni"]}, ""),
        ({"name": "Ada", "aud": "somebody"}, "AUTH-IDP-USERINFO-TOKEN"),
        ({"iss": "https://bank.example"}, "AUTH-IDP-USERINFO-TOKEN"),
        ({"exp": 1}, "AUTH-IDP-USERINFO-TOKEN"),
        ({"iat": 2**39}, "AUTH-IDP-USERINFO-TOKEN"),
    ],
)
async def test_signed_userinfo_counts_if_it_was_made_for_us(tmp_path: Path, info: dict[str, Any], code: str) -> None:
    uni, _ = homes()
    uni.signed_info = info
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        assert await code_of(await up.come_back(uni, cookie)) == code
        assert [one.name for one in sessions(s)] == ([] if code else ["Ada"])


@pytest.mark.parametrize("body", [b"a.b.c", b"a.b.c.d.e", b"\xff\xfe", b"[]", b"{}x", b"<html>"])
async def test_userinfo_that_cannot_be_read_is_refused_cleanly(tmp_path: Path, body: bytes) -> None:
    uni, _ = homes()
    uni.answers = {"userinfo_endpoint": body}
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        answer = await up.come_back(uni, cookie)
        assert (answer.status, await code_of(answer)) == (502, "SRV-UPSTREAM")


async def test_signed_userinfo_of_another_key_is_refused(tmp_path: Path) -> None:
    uni, bank = homes()
    forged = bank.sign({"sub": "u-1", "iss": uni.issuer, "aud": "us-at-uni", "name": "Eve"}, {"kid": "k-uni"})
    uni.answers = {"userinfo_endpoint": forged.encode()}
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        assert await code_of(await up.come_back(uni, cookie)) == "SRV-UPSTREAM"


# T056: where the browser goes on.


@pytest.mark.row("T056")
@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("//evil.example", "/"), ("/\\evil.example", "/"), ("\\\\evil.example", "/"), ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"), ("/%0d%0aSet-Cookie:x=1", "/%0d%0aSet-Cookie:x=1"), ("/\r\nSet-Cookie: x=1", "/"),
        ("https://broker.example@evil.example", "/"), ("https://broker.example.evil.example/", "/"),
        ("https://broker.example/x", "/"), ("/\t/evil.example", "/"), (" /x", "/"), ("", "/"), ("/ü", "/"),
        ("/device?user_code=A-B", "/device?user_code=A-B"),
    ],
)  # fmt: skip
async def test_after_signing_in_the_browser_stays_here(tmp_path: Path, wanted: str, there: str) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni, return_to=wanted)
        answer = await up.come_back(uni, cookie)
        assert (answer.status, answer.headers["Location"]) == (303, there)
        assert set(answer.cookies) == {"__Host-broker-session"}


# T057, T058: cookies.


@pytest.mark.row("T057")
async def test_a_session_that_was_known_before_is_not_the_one_after(tmp_path: Path) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        planted = f"__Host-broker-session={'p' * 43}"
        cookie, _ = await up.begin(uni, cookie=planted)
        answer = await up.come_back(uni, f"{planted}; {cookie}")
        [made] = sessions(s)
        assert made.id != stored_id("p" * 43)
        assert made.id != stored_id(cookie.rpartition("=")[2]), "nor is it what the browser held while signing in"
        asked = await s.http.get(authorize(), headers={"Cookie": planted}, allow_redirects=False)
        assert asked.headers["Location"].startswith(uni.issuer), "the planted cookie is nobody's"
        assert (await s.http.get(authorize(), headers={"Cookie": session_of(answer)})).status == 200
        other, _ = await up.begin(uni)
        again = await up.come_back(uni, other)
        assert session_of(again) != session_of(answer)


@pytest.mark.row("T058")
async def test_cookies_are_ours_alone_and_say_so(tmp_path: Path) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        begun = await s.http.get("/sign-in/uni", allow_redirects=False)
        cookie, _ = follow(uni, begun)
        done = await up.come_back(uni, cookie)
        for answer in (begun, done):
            for name, morsel in answer.cookies.items():
                assert name.startswith("__Host-")
                assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
                assert (morsel["path"], morsel["domain"]) == ("/", "")
                assert 0 < int(morsel["max-age"]) <= 8 * 3600
                assert len(morsel.value) == 43


@pytest.mark.row("T058")
async def test_one_browser_keeps_a_few_sign_ins_open_and_its_cookies_do_not_grow(tmp_path: Path) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, first = await up.begin(uni)
        states = [first["state"]]
        for _ in range(PENDING_PER_BROWSER):
            after, asked = await up.begin(uni, cookie=cookie)
            assert len(after) == len(cookie), "one cookie, however many sign-ins"
            cookie = after
            states.append(asked["state"])
        oldest = await up.come_back(uni, cookie, state=states[0])
        assert await code_of(oldest) == "AUTH-IDP-STATE"
        scratch = s.stage.world.scratch
        assert isinstance(scratch, MemoryScratch)
        assert len([key for key in scratch.values if key[0] == "sign_in"]) == PENDING_PER_BROWSER
        # n: the fifth newest still counts (its nonce is the one that the provider was asked with)
        cookie2, mine = await up.begin(uni)
        for _ in range(PENDING_PER_BROWSER - 1):
            cookie2, _ = await up.begin(uni, cookie=cookie2)
        uni.asked = mine
        assert (await up.come_back(uni, cookie2, state=mine["state"])).status == 303


@pytest.mark.row("T058")
async def test_planted_cookies_of_any_size_and_number_are_no_secret_of_ours(tmp_path: Path) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        bomb = "; ".join(f"c{n}={'x' * 100}" for n in range(50)) + f"; __Host-broker-browser={'y' * 400}"
        cookie, _ = await up.begin(uni, cookie=bomb)
        mine = next(part for part in cookie.split("; ") if part.startswith("__Host-broker-browser="))
        assert len(mine.split("=")[1]) == 43
        huge = await s.http.get("/sign-in/uni", headers={"Cookie": "c=" + "x" * 8180}, allow_redirects=False)
        assert huge.status == 303


@pytest.mark.row("T061")
async def test_ten_thousand_unfinished_sign_ins_forget_the_oldest(tmp_path: Path) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        scratch = s.stage.world.scratch
        assert isinstance(scratch, MemoryScratch)
        oldest, first = await up.begin(uni)
        for n in range(scratch.limit - 1):  # as many browsers, each with one; straight into the store
            await scratch.put("sign_in", f"other-{n}", {}, b.START_LATER)
        assert await scratch.get("sign_in", stored_id(first["state"]), s.stage.clock.now()) is not None
        _, newest = await up.begin(uni)
        assert await scratch.get("sign_in", stored_id(first["state"]), s.stage.clock.now()) is None
        assert await scratch.get("sign_in", stored_id(newest["state"]), s.stage.clock.now()) is not None
        assert len([key for key in scratch.values if key[0] == "sign_in"]) == scratch.limit
        late = await up.come_back(uni, oldest, state=first["state"])
        assert await code_of(late) == "AUTH-IDP-STATE"


# T059: somebody else's sign-in, somebody else's sign-out.


@pytest.mark.row("T059")
async def test_nobody_is_signed_in_as_an_attacker_by_a_link(tmp_path: Path) -> None:
    """The attacker signs in up to the last step and gives the victim the address of it."""
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        _, attackers = await up.begin(uni)
        victim, _ = await up.begin(uni)
        uni.asked = attackers
        for cookie in (victim, ""):
            answer = await up.come_back(uni, cookie, state=attackers["state"])
            assert await code_of(answer) in ("AUTH-IDP-BROWSER", "AUTH-IDP-STATE")
            assert not answer.cookies
        assert not sessions(s)


@pytest.mark.row("T059")
async def test_nobody_is_signed_out_by_a_link(tmp_path: Path) -> None:
    """Signing out needs a token that only the person's own program holds; a cookie is not looked at."""
    async with site(tmp_path, PORTAL) as s:
        for method in ("DELETE", "GET", "POST"):
            answer = await s.http.request(method, "/api/v1/me/session", headers=COOKIE)
            assert answer.status in (401, 405)
        assert "session.ended" not in s.stage.kinds()


# T060: whatever a provider answers.

SAID = "<script>alert(1)</script>"


@pytest.mark.row("T060")
@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable", "invalid_scope", SAID, "x" * 300])
async def test_an_error_of_the_provider_is_a_clean_page(tmp_path: Path, error: str) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        answer = await up.come_back(uni, cookie, error=error, error_description=SAID, error_uri="https://evil.example")
        text = await answer.text()
        assert await code_of(answer) == "AUTH-IDP-ERROR"
        assert "<script" not in text
        assert "alert(1)" not in text
        assert "evil" not in text
        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.row("T060", "F28")
@pytest.mark.parametrize(
    "path", [".well-known/openid-configuration", "token_endpoint", "userinfo_endpoint", "jwks_uri"]
)
@pytest.mark.parametrize(
    "answer",
    [
        b"<html><script>alert(1)</script>", b"", b"null", b'"x"', b"[1]", b'{"a":1,"a":2}', b"[" * 50_000, b"\x00" * 10,
        FetchError("status 302"), FetchError("no answer within 8 seconds"), FetchError("longer than 262144 bytes"),
    ],
)  # fmt: skip
async def test_whatever_a_provider_answers_is_a_clean_page(tmp_path: Path, path: str, answer: Any) -> None:
    uni, _ = homes()
    uni.answers = {path: answer}
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        begun = await s.http.get("/sign-in/uni", allow_redirects=False)
        if begun.status == 303:
            cookie, _ = follow(uni, begun)
            begun = await up.come_back(uni, cookie)
        assert begun.status == 502
        assert await code_of(begun) == "SRV-UPSTREAM"
        assert "alert" not in await begun.text()
        assert not sessions(s)


@pytest.mark.row("T060")
@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("access_denied", "access_denied"),
        ("login_required", "login_required"),
        ("interaction_required", "login_required"),
        ("unmet_authentication_requirements", "unmet_authentication_requirements"),
    ],
)
async def test_a_no_of_the_home_provider_reaches_the_client_that_waits(tmp_path: Path, said: str, error: str) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        sent = await s.http.get(authorize(), allow_redirects=False)
        cookie, _ = follow(uni, sent)
        answer = await up.come_back(uni, cookie, error=said, error_description=SAID)
        back = await s.http.get(answer.headers["Location"], allow_redirects=False)
        location = urlsplit(back.headers["Location"])
        told = {name: value for name, [value] in parse_qs(location.query).items()}
        assert f"{location.scheme}://{location.netloc}{location.path}" == BACK
        assert (told["error"], told["state"], told["iss"]) == (error, "st", b.US)
        assert "code" not in told
        assert SAID not in str(told)
        gone = await s.http.get(answer.headers["Location"], allow_redirects=False)
        assert gone.status == 400, "the request is over"


async def test_where_no_client_waits_the_person_is_told_that_they_cancelled(tmp_path: Path) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni, return_to="/device")
        answer = await up.come_back(uni, cookie, error="access_denied")
        assert (answer.status, await code_of(answer)) == (403, "AUTH-IDP-CANCELLED")


async def test_a_no_that_this_browser_did_not_get_is_nobodys(tmp_path: Path) -> None:
    """A forged no ends nothing: the client waits on."""
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        sent = await s.http.get(authorize(), allow_redirects=False)
        cookie, asked = follow(uni, sent)
        for forged in (await up.come_back(uni, "", error="access_denied", state="x" * 43),):
            assert forged.status == 400
        assert (await up.come_back(uni, cookie, state=asked["state"])).status == 303


# T062: a cookie and a token of two people.


@pytest.mark.row("T062")
async def test_a_cookie_counts_for_nothing_where_tokens_are_asked_and_the_other_way_round(tmp_path: Path) -> None:
    ada = Session(**{name: getattr(signed_in(str(b.ADA))[0], name) for name in Session.__slots__} | {"id": stored_id(SECRET)})  # fmt: skip
    async with site(tmp_path, PORTAL, ada) as s:
        assert (await s.http.get("/api/v1/me", headers=COOKIE)).status == 401
        mei = await s.http.get("/api/v1/me", headers=s.headers("usr_mei") | COOKIE)
        assert (await mei.json())["sub"] == "usr_mei"
        wrong = await s.http.get("/api/v1/me", headers={"Authorization": "Bearer x"} | COOKIE)
        assert wrong.status == 401
        for path in (authorize(), "/device?user_code=BCDF-GHJK"):
            page = await s.http.get(path, headers=s.headers("usr_mei") | COOKIE, allow_redirects=False)
            assert page.status == 400, "neither the one nor the other is chosen"
            assert (await s.http.get(path, headers=COOKIE, allow_redirects=False)).status == 200


# T038, T050, T051: who somebody is.


@pytest.mark.row("T038", "T050")
async def test_the_same_mail_orcid_name_or_subject_elsewhere_is_somebody_else(tmp_path: Path) -> None:
    same = {"email": "ada@uni.example", "email_verified": True, "orcid": "0000-0002-1825-0097", "name": "Ada"}
    uni, bank = Home(slug="uni", subject="one", info=same, claims=same), Home(slug="bank", subject="one", info=same)
    async with site(tmp_path, *rows(uni, bank)) as s:
        up = upstreams(s, uni, bank)
        await up.sign_in(uni)
        await up.sign_in(bank)
        uni.subject = "ONE"
        await up.sign_in(uni)
        assert len({one.person for one in sessions(s)}) == 3
        assert not [row for row in s.stage.ledger.rows.values() if "ada@" in str(row)], "no address is kept"


@pytest.mark.row("T051")
async def test_a_subject_is_the_same_person_for_ever_unless_that_person_was_ended(tmp_path: Path) -> None:
    """OpenID Connect forbids to give a `sub` to somebody else; who does not trust a provider in this ends the person."""
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        await up.sign_in(uni)
        uni.info = {"name": "Somebody else"}
        await up.sign_in(uni)
        first, second = sessions(s)
        assert first.person == second.person
        person = s.stage.ledger.rows[Person.KIND, first.person]
        s.stage.live.committed([b.revocation(f"person:{person.id}")])
        cookie, _ = await up.begin(uni)
        assert await code_of(await up.come_back(uni, cookie)) == "OPS-RECIPIENT-SUSPENDED"
        uni.subject = "u-2"
        await up.sign_in(uni)
        assert len({one.person for one in sessions(s)}) == 2


# How we prove who we are, and how providers do.


async def test_a_client_assertion_is_for_this_provider_alone(tmp_path: Path) -> None:
    uni, _ = homes(token_auth="private_key_jwt", client_secret="")
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        await up.sign_in(uni)
        [(_, form, header)] = [one for one in up.net.sent if "token_endpoint" in one[0]]
        assert header is None
        assert "client_secret" not in form
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        claims = s.tokens.read(form["client_assertion"], "JWT")
        assert claims is not None, "signed by a key that we publish"
        now = s.stage.clock.now()
        assert {**claims, "jti": ""} == {
            "iss": "us-at-uni", "sub": "us-at-uni", "aud": "https://uni.example", "iat": now, "exp": now + 60, "jti": "",
        }  # fmt: skip
        await up.sign_in(uni)
        again = s.tokens.read(up.net.sent[-2][1]["client_assertion"], "JWT")
        assert again is not None
        assert again["jti"] != claims["jti"]
        for door in ("/api/v1/me", "/oauth2/userinfo"):
            bearer = {"Authorization": f"Bearer {form['client_assertion']}"}
            assert (await s.http.get(door, headers=bearer)).status == 401


async def test_a_provider_that_takes_no_es256_assertion_is_sent_none(tmp_path: Path) -> None:
    uni, _ = homes(token_auth="private_key_jwt", client_secret="")
    uni.document = {"token_endpoint_auth_signing_alg_values_supported": ["PS256"]}
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        assert await code_of(await up.come_back(uni, cookie)) == "SRV-UPSTREAM"
        assert not up.net.sent


async def test_how_each_provider_does_is_told_without_asking_it(tmp_path: Path) -> None:
    uni, bank = homes()
    bank.answers = {".well-known/openid-configuration": FetchError("status 500")}
    async with site(tmp_path, *rows(uni, bank)) as s:
        up = upstreams(s, uni, bank)
        both = (uni.provider, bank.provider)
        assert [one.state for one in up.idps.health(both)] == ["unused", "unused"]
        assert not up.net.asked
        await up.sign_in(uni)
        for _ in range(20):
            assert (await s.http.get("/sign-in/bank")).status == 502
        assert up.net.asked["https://bank.example/.well-known/openid-configuration"] == 1, "not within the cool-down"
        good, bad = up.idps.health(both)
        assert (good.state, good.error) == ("good", None)
        assert good.keys is not None
        assert (good.keys.state, [key.kid for key in good.keys.keys]) == ("good", ["k-uni"])
        assert (bad.state, bad.error, bad.keys) == ("refused", "status 500", None)
        bank.answers = {}
        assert (await up.idps.refresh(bank.provider)).state == "good"


async def test_a_provider_that_stalls_delays_nobody_at_another(tmp_path: Path) -> None:
    uni, bank = homes()
    async with site(tmp_path, *rows(uni, bank)) as s:
        up = upstreams(s, uni, bank)
        gate, answer = asyncio.Event(), up.net.fetch

        async def stalling(url: str, **how: Any) -> bytes:
            if "bank" in url:
                await gate.wait()
            return await answer(url, **how)

        up.net.fetch = stalling  # type: ignore[method-assign]
        waiting = asyncio.create_task(s.http.get("/sign-in/bank", allow_redirects=False))
        await up.sign_in(uni)
        assert not waiting.done()
        gate.set()
        assert (await waiting).status == 303


@pytest.mark.parametrize("status", ["suspended"])
async def test_a_provider_that_is_suspended_lets_nobody_in_half_way(tmp_path: Path, status: Any) -> None:
    uni, _ = homes()
    async with site(tmp_path, *rows(uni)) as s:
        up = upstreams(s, uni)
        cookie, _ = await up.begin(uni)
        gone = IdentityProvider(
            **{n: getattr(uni.provider, n) for n in IdentityProvider.__slots__} | {"status": status}
        )
        s.stage.live.committed([gone])
        assert (await up.come_back(uni, cookie)).status == 404
        assert (await s.http.get(f"/sign-in/uni?return_to={quote('/')}", allow_redirects=False)).status == 404
