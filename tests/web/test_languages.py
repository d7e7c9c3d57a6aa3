"""Every sentence is told in the language that was asked for, wherever it stands; English where there is no other."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.core.purpose import purpose_json
from tests import builders as b
from tests.web.site import Site, site
from tests.web.test_decisions import ABROAD, MEI, PIA

ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"
API = "/api/v1"
SPANISH = {"Accept-Language": "es-MX, en;q=0.5"}
ASKED = {"dataset": str(b.HEART), "purpose": purpose_json(b.PURPOSE)}
NO, YES = {"decision": "reject", "ground": "No."}, {"decision": "approve", "ground": "Yes."}
TOLD: dict[str, tuple[str, str, str, Any, str]] = {
    "nothing there": ("GET", f"{API}/requests/none", str(b.ADA), None, "En esta dirección no hay nada que usted pueda ver"),
    "a malformed body": ("POST", f"{API}/requests", str(b.ADA), {"x": 1}, "Algo en la solicitud no es como debe ser"),
    "a role that is missing": ("GET", f"{API}/sanctions", str(b.ADA), None, "Usted no puede hacer esto"),
    "a refusal at DRS": ("GET", ACCESS, str(b.ADA), None, "Su organización no puede firmar"),
    "how it would be decided": ("POST", f"{API}/decisions", str(b.ADA), ASKED, "Su organización no puede firmar"),
    "many at once": (
        "POST", f"{API}/pre-checks", str(b.ADA), {"purpose": ASKED["purpose"], "datasets": [str(b.HEART)]},
        "Su organización no puede firmar",
    ),
    "a request": (
        "POST", f"{API}/requests", str(b.ADA), {**ASKED, "statement": "Please."}, "Su organización no puede firmar",
    ),
    "a committee's no": ("POST", f"{API}/requests/req_1/decision", MEI, NO, "El comité dijo que no"),
    "what stands above its yes": (
        "POST", f"{API}/requests/req_1/decision", MEI, YES, "el destinatario no puede firmar las cláusulas contractuales tipo",
    ),
    "a receipt": ("GET", f"{API}/me/consents/con-sub_pia/receipt", PIA, None, "Nunca se le preguntó"),
    "no such address": ("GET", "/nowhere", str(b.ADA), None, "En esta dirección no hay nada que usted pueda ver"),
}  # fmt: skip
"""Method, path, who asks, the body, and what is read in Spanish."""


async def asked(s: Site, door: str, **headers: str) -> Any:
    method, path, who, body, _ = TOLD[door]
    more = {"json": body} if body is not None else {}
    return await s.http.request(method, path, headers={**s.headers(who), **headers}, **more)


@pytest.mark.row("EXP-LANGUAGE")
@pytest.mark.parametrize("door", TOLD)
async def test_spanish_is_told_to_who_asks_for_it_and_english_to_others(tmp_path: Path, door: str) -> None:
    for headers, tag in ((SPANISH, "es"), ({}, "en"), ({"Accept-Language": "fr"}, "en")):
        async with site(tmp_path, b.request(), organisation=ABROAD) as s:
            answer = await asked(s, door, **headers)
            text = json.dumps(await answer.json(), ensure_ascii=False)
            assert (answer.headers["Content-Language"], answer.headers["Vary"]) == (tag, "Accept-Language"), text
            assert (TOLD[door][4] in text) == (tag == "es"), text


@pytest.mark.row("EXP-LANGUAGE")
async def test_an_answer_without_a_sentence_names_no_language(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        for path in (f"{API}/datasets", f"{API}/grants", "/.well-known/jwks.json"):
            answer = await s.http.get(path, headers={**s.headers(), **SPANISH})
            assert answer.status == 200
            assert not {"Content-Language", "Vary"} & answer.headers.keys()


@pytest.mark.row("EXP-LANGUAGE")
async def test_an_answer_that_was_kept_says_its_own_language(tmp_path: Path) -> None:
    async with site(tmp_path, b.request(), organisation=ABROAD) as s:
        once = {"Idempotency-Key": "one"}
        first = await asked(s, "a request", **once, **SPANISH)
        again = await asked(s, "a request", **once, **{"Accept-Language": "en"})
        assert (again.headers["Idempotent-Replayed"], again.headers["Content-Language"]) == ("true", "es")
        assert await again.json() == await first.json()


@pytest.mark.row("EXP-LANGUAGE")
async def test_the_words_of_oauth_stay_ascii(tmp_path: Path) -> None:
    """RFC 6749 section 5.2 allows no other characters in `error_description`."""
    async with site(tmp_path) as s:
        bad = {**s.headers(scope="ga4gh_passport_v1"), **SPANISH}
        told = await (await s.http.get("/oauth2/userinfo", headers=bad)).json()
        assert told["error_description"].isascii()
        assert "ámbito" in told["reasons"][0]["sentence"] or not told["reasons"][0]["sentence"].startswith("The ")


@pytest.mark.parametrize(("accept", "kind"), [
    ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"), ("*/*", "application/problem+json"),
    ("application/json", "application/problem+json"),
])  # fmt: skip
async def test_an_address_that_is_none_is_told_to_a_browser_as_a_page(tmp_path: Path, accept: str, kind: str) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.get("/nowhere", headers={"Accept": accept})
        assert (answer.status, answer.content_type) == (404, kind)
