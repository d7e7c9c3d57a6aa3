"""Secrets of settings, keys and requests: each is a word that stands nowhere else, and after a day it is looked for everywhere.

Everywhere: what the process says, its metrics, its answers, how it is listed, its database, a backup of it.
"""

import base64
import hashlib
import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from broker.adapters.keys import USES, Elsewhere, open_keys, read_passphrase
from broker.config import Settings
from broker.copies import back_up
from broker.demo.browser import Browser
from broker.ports.faults import POINTS
from broker.web.pages.problems import page
from broker.web.routes import ROUTES
from tests.faults.days import Client, Ready, Seen, days, hold_against
from tests.faults.life import Life, lived
from tests.web.test_response_headers import path_of

_IN_A_STORY = [one for one in POINTS if not one.startswith(("ledger.", "head.", "start."))]
_FIELDS = (
    "access_token", "assertion", "client_assertion", "client_id", "client_secret", "code", "code_verifier", "device_code",
    "id_token_hint", "initial_access_token", "login_hint", "logout_token", "passports", "password", "refresh_token",
    "request", "secret", "statement", "subject_token", "token", "user_code",
)  # fmt: skip
"""Members of bodies and queries in which callers send what is theirs."""
_LEAST = 12
"""Bytes of a secret from which on it is looked for."""


def canary(name: str) -> str:
    """A word of 32 letters and digits that stands for this secret alone."""
    return hashlib.sha256(f"canary {name}".encode()).hexdigest()[:32]


def forms(secret: bytes) -> Iterator[bytes]:
    """How a secret may be written: as it is, in hexadecimal, in base 64 wherever it begins."""
    yield secret
    yield secret.hex().encode()
    for skipped in range(3):
        written = base64.b64encode(secret[skipped : len(secret) - (len(secret) - skipped) % 3])
        yield written
        yield written.replace(b"+", b"-").replace(b"/", b"_")


def leaks(secrets: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[str]:
    """Which secret stands where."""
    assert all(len(secret) >= _LEAST for secret in secrets.values())
    return [
        f"{name} in {place}"
        for name, secret in secrets.items()
        for place, content in places.items()
        if any(written in content for written in forms(secret))
    ]


def _of_keys(ready: Ready) -> dict[str, bytes]:
    """The passphrase, and a piece of every private key."""
    store = open_keys(ready.state / "keys", ready.state / "passphrase")
    found = {"passphrase": read_passphrase(ready.state / "passphrase")}
    for use in USES:
        private = store.signing(use).private
        assert not isinstance(private, Elsewhere)
        if isinstance(private, RSAPrivateKey):
            number = private.private_numbers().d
        elif isinstance(private, EllipticCurvePrivateKey):
            number = private.private_numbers().private_value
        else:
            number = int.from_bytes(private.private_bytes_raw(), "big")
        found[f"key {use}"] = number.to_bytes(-(-number.bit_length() // 8), "big")[:32]
    return found


_GIVEN_BACK = ("client_id", "code", "request", "statement")
"""What forms of ours ask for too: who wrote for an hour, and whose sign-in ended meanwhile, gets back what they sent to a
page, and nobody else does. Never what opens something: the code is one by which somebody joins an application.
"""


async def _strangers(issuer: str, answers: dict[str, bytes]) -> None:
    """Every address is asked by somebody who shows, and sends, nothing but words that mean nothing."""
    said = {field: canary(f"field {field}") for field in _FIELDS}
    shown = (
        {"Authorization": f"Bearer {canary('bearer')}", "DPoP": canary("proof"), "X-Api-Key": canary("header")},
        {"Authorization": "Basic " + base64.b64encode(f"somebody:{canary('basic')}".encode()).decode()},
        {"Cookie": f"__Host-broker={canary('cookie')}; session={canary('cookie')}"},
    )
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for route in ROUTES:
            for number, headers in enumerate(shown):
                where = "params" if route.method == "GET" else ("json", "data", "data")[number]
                sent: dict[str, Any] = {where: said, "headers": headers, "allow_redirects": False}
                async with http.request(route.method, issuer + path_of(route), **sent) as answer:
                    if answer.status >= 400:  # a page may lead back to the very address that was asked for
                        told = await answer.read()
                        if route.method == "POST" and route.form is page:
                            for field in _GIVEN_BACK:
                                told = told.replace(said[field].encode(), b"")
                        answers[f"{route.method} {route.path} {number}"] = told


def _settings(folder: Path) -> dict[str, Any]:
    """Settings that hold secrets, or lead to some: of a store, of a token with keys on it, of a key service."""
    for name in ("pin", "service token"):
        (folder / name).write_text(canary(name))
        (folder / name).chmod(0o600)
    store = folder / "credentials"
    store.mkdir(mode=0o700)
    secret = store / "store.json"
    secret.write_text(json.dumps({"access_key_id": "somebody", "secret_access_key": canary("store")}))
    secret.chmod(0o600)
    return {
        "repository_credentials": str(store),
        "pkcs11_module": "/nowhere/library.so",
        "pkcs11_token": "nobody's",
        "pkcs11_pin_file": str(folder / "pin"),
        "key_service": "https://bao.example/v1/transit",
        "key_service_token_file": str(folder / "service token"),
        "registration": "initial_access_token",
        "registration_token_sha256": hashlib.sha256(canary("registration").encode()).hexdigest(),
        "log_level": "debug",
    }


async def _held(ready: Ready, browser: Browser) -> dict[str, bytes]:
    """What people are given that opens something: nobody but they may have it."""
    ada = Client(ready, browser, Seen())
    object = ready.described["datasets"][1]["objects"][0]["id"]
    status, told = await ada.call(ready.ada, "GET", f"/ga4gh/drs/v1/objects/{object}/access/https")
    assert status == 200
    given = {
        "access token": ready.ada,
        "token of the committee": ready.mei,
        "refresh token": (await browser.token(grant_type="refresh_token", refresh_token=ready.ada_refresh))[
            "refresh_token"
        ],
        "Passport": await browser.passport(ready.ada),
        "ticket": " ".join(told["headers"]).rpartition(" ")[2],
    }
    return {name: token.rpartition(".")[2].encode() for name, token in given.items()}


def _listed(life: Life) -> bytes:
    """What everybody on the machine can read about the process."""
    return b"".join((Path("/proc") / str(life.pid) / what).read_bytes() for what in ("cmdline", "comm"))


def _files(folder: Path) -> dict[str, bytes]:
    """Whatever the broker has written; not what an operator gave it to keep."""
    return {
        f"file {path.name}": path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.name not in ("passphrase", "described.json")
    }


@pytest.mark.row("F88")
async def test_no_secret_is_in_anything_that_leaves_or_lies_about(ready: Ready, tmp_path: Path) -> None:
    answers, seen = dict[str, bytes](), Seen()
    plans = [f"{point}=raise" for point in _IN_A_STORY]
    async with lived(ready.state, *plans, **_settings(tmp_path)) as life, Browser(ready.described) as browser:
        await days(ready, seen, most=3)
        assert seen.statuses[500], "errors are part of the day"
        held = await _held(ready, browser)
        await _strangers(ready.issuer, answers)
        async with browser.http.get(f"{ready.issuer}/metrics") as answer:
            metrics = await answer.read()
        listed = _listed(life)
        copy = tmp_path / "copy.sqlite"
        await back_up(Settings(issuer=ready.issuer, state=ready.state), copy)
        while_it_runs = _files(ready.state)
        await life.end(signal.SIGTERM)
    await hold_against(ready, seen)
    places = (
        while_it_runs
        | answers
        | {
            "metrics": metrics,
            "list of processes": listed,
            "backup": copy.read_bytes(),
            **{f"{name}, afterwards": content for name, content in _files(ready.state).items()},
        }
    )
    assert {"file serve.log", "file broker.sqlite", "file broker.sqlite-wal", "backup"} <= places.keys()
    words = {f"field {field}": canary(f"field {field}") for field in _FIELDS}
    words |= {
        name: canary(name)
        for name in ("bearer", "proof", "header", "basic", "cookie", "store", "registration", "pin", "service token")
    }
    found = leaks(_of_keys(ready) | held | {name: word.encode() for name, word in words.items()}, places)
    assert found == [], "; ".join(found)


@pytest.mark.row("F88")
@pytest.mark.parametrize("name", ["database_url", "head_url", "registration_token_sha256"])
async def test_a_setting_that_is_wrong_is_named_and_not_repeated(ready: Ready, name: str) -> None:
    """Also where somebody puts a secret into the wrong one."""
    wrong = {
        "database_url": f"postgresql://broker:{canary(name)}@127.0.0.1:1/broker",
        "head_url": f"mysql://broker:{canary(name)}@127.0.0.1:1/broker",
    }
    settings: dict[str, Any] = {name: wrong.get(name, canary(name))}
    async with lived(ready.state, **settings) as life:
        assert life.is_over, "it serves"
    assert leaks({name: canary(name).encode()}, {"log": life.log.read_bytes()}) == []
    assert "Traceback" not in life.log.read_text()


@pytest.mark.parametrize("way", range(8))
def test_secrets_are_found_however_they_are_written(way: int) -> None:
    secret = canary("a secret").encode()
    written = list(forms(secret))[way]
    assert leaks({"it": secret}, {"a place": b"before" + written + b"behind"}) == ["it in a place"]
    assert leaks({"it": secret}, {"a place": base64.b64encode(b"ab" + secret + b"cde")}) == ["it in a place"]
    assert not leaks({"it": secret}, {"a place": b"nothing"})
