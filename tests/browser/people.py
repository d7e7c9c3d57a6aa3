"""A whole broker for four people before browsers of their own, with the demo's home organisation, where they sign in."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, get_args

import yaml
from aiohttp import web
from playwright.async_api import Browser as Chromium

from broker.adapters.clock import SystemClock
from broker.adapters.entropy import SystemEntropy
from broker.demo.browser import Browser as Program
from broker.demo.idp import make_idp
from broker.demo.idp_requests import IdpClient
from broker.demo.people import PERSONAS, IssuerName
from tests.browser.chromium import Window, window
from tests.interop.serving import broker, free_port
from tests.web.site import CONTENT

HOST = "http://127.0.0.1"
HEART = "https://elbe-biobank.example/datasets/heart"
OBJECT = "heart-0001"
DAC = "committee:https://elbe-biobank.example/dac"
TERMS = "https://elbe-biobank.example/terms/1"
_SECRETS = {"idp": "i" * 43, "web": "w" * 43}
_ROLES = {
    "bao": ("signing_official", "organisation:rhine-university"),
    "mei": ("committee_member", DAC),
    "olga": ("committee_chair", DAC),
}
_SCOPES = ["openid", "profile", "eduperson_scoped_affiliation", "ga4gh_passport_v1"]


def demo_catalogue(issuer: str, idp: str, data: Path) -> dict[str, Any]:
    """The demo's, as it is."""
    text = (Path(__file__).parents[2] / "config" / "demo" / "catalogue.yaml").read_text("utf-8")
    web_secret = hashlib.sha256(_SECRETS["web"].encode()).hexdigest()
    raw: dict[str, Any] = yaml.safe_load(
        Template(text).substitute(
            IDP=idp, IDP_SECRET=_SECRETS["idp"], ISSUER=issuer, DATA=str(data), WEB_SECRET_SHA256=web_secret
        )
    )
    del raw["schema"]
    return raw


def _catalogue(issuer: str, idp: str, data: Path) -> dict[str, Any]:
    """The demo's, with a committee of two, a signing official, and terms to accept; one file."""
    raw = demo_catalogue(issuer, idp, data)
    _file(data)
    subs = {one.id: one.sub for one in PERSONAS}
    raw["roles"] = [
        {"role": role, "scope": scope, "iss": f"{idp}/home", "sub": subs[who]} for who, (role, scope) in _ROLES.items()
    ]
    raw["committees"][0] |= {"quorum": 2, "endorsed": True}
    raw["objects"] = [{name: value for name, value in raw["objects"][0].items() if name != "index"}]
    raw["datasets"] = [raw["datasets"][0] | {"terms_of_use": TERMS, "terms_sha256": "a" * 64}]
    raw["consents"] = [one | {"datasets": [HEART]} for one in raw["consents"] if HEART in one["datasets"]]
    return raw


@asynccontextmanager
async def elbe(folder: Path, catalogue: Callable[[str, str, Path], dict[str, Any]] = _catalogue) -> AsyncIterator[str]:
    """The broker of a biobank, and the home organisation beside it; the broker's address."""
    ours, theirs = free_port(), free_port()
    issuer, idp = f"{HOST}:{ours}", f"{HOST}:{theirs}"
    clients = [
        IdpClient(
            issuer=name,
            id="access-broker",
            secret=_SECRETS["idp"],
            redirect_uris=(f"{issuer}/sign-in/{name}/callback",),
        )
        for name in get_args(IssuerName)
    ]
    runner = web.AppRunner(make_idp(idp, clients, SystemClock(), SystemEntropy()), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", theirs).start()
    try:
        async with broker(folder / "state", ours, catalogue(issuer, idp, folder / "data")) as made:
            yield made
    finally:
        await runner.cleanup()


def _file(data: Path) -> None:
    data.mkdir(parents=True)
    (data / "DEMO0001.bam").write_bytes(CONTENT)


@dataclass
class Person:
    """One of them: a window, the keyboard, and no script anywhere."""

    name: str
    at: Window

    @classmethod
    async def sits_down(cls, browser: Chromium, issuer: str, name: str, *, script: bool = False) -> "Person":
        return cls(name, await window(browser, base=issuer, script=script))

    async def signs_in(self) -> None:
        """From the page of the broker that asks for it, by the page of the home organisation, and back."""
        await self.at.press('a[href^="/sign-in/home"]')
        await self.at.press(f'button[value="{self.name}"]')

    async def goes(self, to: str) -> None:
        """By the links of the page's head, whose fold they open by keyboard."""
        await self.at.tab_to(f'nav:has(a[href="{to}"]) summary')
        await self.at.page.keyboard.press("Enter")
        await self.at.press(f'nav a[href="{to}"]')

    async def follows(self, begin: str) -> None:
        await self.at.press(f'main a[href^="{begin}"]')

    async def writes(self, **texts: str) -> None:
        """Field by field, in the order of the page."""
        for id, text in texts.items():
            await self.at.write(f"#{id}", text)

    async def presses(self, do: str = "", **button: str) -> None:
        """A button of the form that has this `do`."""
        form = f'form:has(input[name="do"][value="{do}"]) ' if do else "main "
        wanted = "".join(f'[{name}="{value}"]' for name, value in button.items())
        await self.at.press(f"{form}button{wanted}")

    async def chooses(self, name: str, value: str) -> None:
        """Among radio buttons: Tab leads to the chosen one, the arrows to the others. What is not asked is left out."""
        if not await self.at.page.locator(f'input[name="{name}"]').count():
            return
        await self.at.tab_to(f'input[type="radio"][name="{name}"]')
        wanted = f'input[type="radio"][name="{name}"][value="{value}"]'
        for _ in range(9):
            if await self.at.page.is_checked(wanted):
                return
            await self.at.page.keyboard.press("ArrowUp")
        raise AssertionError(f"{name}: {value} is not among the choices")

    async def ticks(self, name: str, value: str) -> None:
        await self.at.tab_to(f'input[type="checkbox"][name="{name}"][value="{value}"]')
        await self.at.page.keyboard.press("Space")

    async def reads(self, *texts: str) -> None:
        shown = await self.at.text()
        for text in texts:
            assert text in shown, (self.at.path, shown)


async def downloaded(issuer: str, name: str) -> tuple[int, bytes]:
    """What the program of `name` gets for the file: the status that refused it, or 200 and the bytes."""
    described = {
        "issuer": issuer, "scopes": _SCOPES,
        "clients": {"confidential": {"client_id": "demo-web", "client_secret": _SECRETS["web"], "redirect_uris": ["http://127.0.0.1:8765/callback"]}},
    }  # fmt: skip
    async with Program(described) as program:
        token = (await program.tokens(name))["access_token"]
        way = f"{issuer}/ga4gh/drs/v1/objects/{OBJECT}/access/https"
        async with program.http.get(way, headers={"Authorization": f"Bearer {token}"}) as answer:
            if answer.status != 200:
                return answer.status, await answer.read()
            told = await answer.json()
        headers = dict(line.split(": ", 1) for line in told["headers"])
        async with program.http.get(told["url"], headers=headers) as answer:
            return answer.status, await answer.read()
