"""Steps 1 to 6: sign in, ask, approve, exchange, download; and a colleague who may not."""

import asyncio
import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import aiohttp

from broker.demo.browser import ACCESS_TOKEN, EXCHANGE, PASSPORT, Form
from broker.demo.teller import Teller

_CHUNK = 64 * 1024
_OK, _CREATED, _PARTIAL, _FORBIDDEN = 200, 201, 206, 403


async def sign_in(t: Teller) -> None:
    """Step 1."""
    t.narrator.step(1, "The researcher signs in, and sees what she gives away", "Ada's client sends her to the broker "
                    "(code flow, PKCE, state, nonce); the broker sends her to her university and never sees her password.")  # fmt: skip
    browser = await t.browser("ada")
    verifier, state = browser.random(), browser.random()
    url = browser.authorization_url("ada", verifier, state)
    t.narrator.request("GET", url, "the client sends her browser here")
    page, html = await browser.follow(url)
    form = Form(html)
    t.narrator.answer(_OK, f"A page, after her university vouched for her: {len(form.labels)} things to tick")
    for label in form.labels:
        t.narrator.say(f"    {label}")
    t.narrator.check("the page lists what would leave, visa by visa", any("organisation" in one for one in form.labels))
    location = await browser.submit(page, form, answer="yes")
    t.narrator.request("POST", f"{t.issuer}{form.action}", "she agrees")
    tokens = await browser.redeem(browser.code(location, state), verifier)
    t.narrator.request("POST", f"{t.issuer}/oauth2/token", "her client redeems the code")
    t.narrator.answer(_OK, tokens)
    t.kept["ada"] = tokens["access_token"]
    t.narrator.check("the client holds a Passport-Scoped Access Token", "ga4gh_passport_v1" in tokens["scope"].split())
    t.narrator.check("and a refresh token and an ID token", {"refresh_token", "id_token"} <= tokens.keys())


async def ask(t: Teller) -> None:
    """Step 2."""
    t.narrator.step(2, "She asks for the data, and learns beforehand how it would be decided", "The purpose is coded in "
                    "DUO's terms; every gate is asked but the committee's.")  # fmt: skip
    asking = {"dataset": t.heart["id"], "purpose": t.described["purpose"]}
    status, told = await t.call("ada", "POST", "/api/v1/decisions", "how would you decide?", body=asking)
    t.narrator.check(
        "the pre-check permits, with obligations", (status, told["outcome"]) == (_OK, "PERMIT_WITH_OBLIGATIONS")
    )
    selling = asking["purpose"] | {"commercial": True}
    status, told = await t.call(
        "ada", "POST", "/api/v1/decisions", "and if it were commercial?", body=asking | {"purpose": selling}
    )
    t.narrator.check(
        "a commercial use would be refused, with the reason", told["outcome"] == "DENY" and bool(told["why"])
    )
    statement = "Rare variants in heart failure: burden tests over the cohort."
    status, told = await t.call(
        "ada", "POST", "/api/v1/requests", "the request", body=asking | {"statement": statement}
    )
    t.kept["request"] = told["id"]
    t.narrator.check("the request waits for the committee", (status, told["state"]) == (_CREATED, "submitted"))
    status, told = await t.call(
        "ada", "POST", _access(t), "what if she tries already?", body={"passports": [await _passport(t)]}, token=""
    )
    t.narrator.check("without a grant nothing opens", (status, told["code"]) == (_FORBIDDEN, "AUTH-NO-GRANT"))


async def approve(t: Teller) -> None:
    """Step 3."""
    t.narrator.step(3, "The committee says yes", "A yes makes a grant: a signed permission that carries the DUO codes, "
                    "the purpose and the obligations. Visas are minted from it.")  # fmt: skip
    path = f"/api/v1/requests/{t.kept['request']}/decision"
    yes = {"decision": "approve", "ground": "Within the consent; the group has the expertise."}
    status, told = await t.call("ada", "POST", path, "may she decide on her own request?", body=yes)
    t.narrator.check("nobody decides on their own request", status == _FORBIDDEN)
    status, told = await t.call("mei", "POST", path, "the committee member decides", body=yes)
    t.narrator.check("the request is approved", (status, told["state"]) == (_OK, "approved"))
    t.kept["grant"] = told["grant"]
    status, told = await t.call("ada", "GET", f"/api/v1/grants/{told['grant']}", "the grant itself")
    t.narrator.check(
        "the grant is a signed, DUO-coded permission", told["permission"].count(".") == 2 and bool(told["codes"])
    )


async def exchange(t: Teller) -> None:
    """Step 4."""
    t.narrator.step(4, "The client exchanges its token for a Passport", "RFC 8693, with the client's own credentials: the "
                    "Passport is what a repository gets, and never the access token.")  # fmt: skip
    form = {
        "grant_type": EXCHANGE,
        "requested_token_type": PASSPORT,
        "subject_token_type": ACCESS_TOKEN,
        "subject_token": t.kept["ada"],
        "resource": t.heart["id"],
    }
    t.narrator.request("POST", f"{t.issuer}/oauth2/token", "token exchange", form=form)
    answer = await (await t.browser("ada")).token(**form)
    t.narrator.answer(_OK, answer)
    t.kept["passport"] = answer["access_token"]
    visas = [_payload(visa)["ga4gh_visa_v1"] for visa in _payload(answer["access_token"])["ga4gh_passport_v1"]]
    for visa in visas:
        t.narrator.say(f"    visa: {visa['type']} = {visa['value']} (source {visa['source']}, by {visa['by']})")
    t.narrator.check("it is a Passport", answer["issued_token_type"] == PASSPORT)
    named = {(visa["type"], visa["value"]) for visa in visas}
    t.narrator.check(
        "with a ControlledAccessGrants visa for the dataset", ("ControlledAccessGrants", t.heart["id"]) in named
    )


async def download(t: Teller) -> None:
    """Step 5."""
    t.narrator.step(5, "She downloads; it breaks; she resumes", "The Passport goes to DRS, which answers with an address and "
                    "a ticket for it. Each range is judged and recorded before its first byte.")  # fmt: skip
    status, told = await t.call("ada", "GET", f"{t.described['drs']}/objects/{t.bam['id']}", "the DRS object", token="")
    t.narrator.check("DRS describes the object", told.get("checksums") is not None and status == _OK)
    url, headers = await ticket(t)
    path = Path(t.described["state"]) / "downloaded.bam"
    size, half = t.bam["size"], t.bam["size"] // 3
    got = await _fetch(t, url, headers, path, first=0, stop=half)
    t.narrator.check("the connection broke on the way", 0 < got < size)
    got += await _fetch(t, url, headers, path, first=got, stop=None)
    digest = await asyncio.to_thread(lambda: hashlib.sha256(path.read_bytes()).hexdigest())
    t.narrator.check("resumed with a Range request, all bytes are here", got == size)
    t.narrator.check(f"the SHA-256 agrees ({digest[:16]}…)", digest == t.bam["sha256"])
    reads = await asyncio.to_thread(_count, path)
    t.narrator.check(f"pysam reads the file: {reads} aligned reads", reads > 0)


async def colleague(t: Teller) -> None:
    """Step 6."""
    t.narrator.step(6, "Her colleague abroad asks for the same, and may not", "Bao works at a state university in the United "
                    "States that cannot sign the EU's standard clauses. The committee would say yes; the law does not.")  # fmt: skip
    purpose = t.described["purpose"] | {"countries": ["US"], "project": "heart-2026-us"}
    benefit = "Results go to the clinics of the Elbe valley first, and one of their people works with us."
    statement = "The same analysis, in the United States."
    asking = {"dataset": t.heart["id"], "purpose": purpose, "statement": statement, "benefit": benefit}
    status, told = await t.call("bao", "POST", "/api/v1/requests", "his request", body=asking)
    foresight = told["foresight"]
    t.narrator.check("he is told beforehand that a copy will not be possible", foresight["outcome"] == "ALTERNATIVE")
    t.narrator.check("with the reason", any(one["code"] == "JUR-EU-NO-SAFEGUARD" for one in foresight["why"]))
    t.narrator.check("and the alternative", any(one["modality"] == "code_to_data" for one in foresight["you_can"]))
    path = f"/api/v1/requests/{told['id']}/decision"
    yes = {"decision": "approve", "ground": "A good project."}
    status, told = await t.call("mei", "POST", path, "the committee says yes all the same", body=yes)
    t.narrator.check(
        "the committee's yes does not lift the law's no", (status, told["code"]) == (_FORBIDDEN, "JUR-EU-NO-SAFEGUARD")
    )
    passport = await (await t.browser("bao")).passport(await t.token("bao"))
    status, told = await t.call("bao", "POST", _access(t), "he tries DRS", body={"passports": [passport]}, token="")
    t.narrator.check("DRS refuses him", status == _FORBIDDEN)


async def ticket(t: Teller) -> tuple[str, dict[str, str]]:
    """Where the bytes are, and the header that opens them."""
    status, told = await t.call(
        "ada", "POST", _access(t), "the Passport opens the object", body={"passports": [t.kept["passport"]]}, token=""
    )
    t.narrator.check("DRS gives an access URL", status == _OK)
    return told["url"], dict(line.split(": ", 1) for line in told["headers"])


async def _fetch(t: Teller, url: str, headers: dict[str, str], path: Path, *, first: int, stop: int | None) -> int:
    """Download from byte `first`; hang up after about `stop` bytes. Returns how many came."""
    ranged = headers | ({"Range": f"bytes={first}-"} if first else {})
    t.narrator.request("GET", url, "hangs up on the way" if stop else "the rest", headers=ranged)
    http, got = (await t.browser("ada")).http, 0
    async with http.get(url, headers=ranged, timeout=aiohttp.ClientTimeout(total=120)) as answer:
        t.narrator.answer(answer.status, f"receipt {answer.headers.get('X-Audit-Receipt')}")
        t.narrator.check("the start is on record before the first byte", "X-Audit-Receipt" in answer.headers)
        with (
            path.open("ab" if first else "wb") as file,
            t.narrator.download(t.bam["name"], t.bam["size"], first) as bar,
        ):
            async for chunk in answer.content.iter_chunked(_CHUNK):
                file.write(chunk)
                got += len(chunk)
                bar(len(chunk))
                if stop is not None and got >= stop:
                    break
    return got


async def _passport(t: Teller) -> str:
    return await (await t.browser("ada")).passport(t.kept["ada"])


def _access(t: Teller) -> str:
    return f"{t.described['drs']}/objects/{t.bam['id']}/access/{t.bam['access_id']}"


def _payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def _count(path: Path) -> int:
    import pysam  # noqa: PLC0415 (an optional dependency)

    with pysam.AlignmentFile(str(path), check_sq=False) as file:
        return sum(1 for _ in file.fetch(until_eof=True))
