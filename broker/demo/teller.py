"""Who tells the story: calls the broker, shows each request and each answer, and remembers what comes next."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from broker.demo.browser import Browser
from broker.demo.narrator import Narrator

Json = dict[str, Any]


class Teller:
    """A narrator with a browser for each persona."""

    def __init__(self, described: Mapping[str, Any], narrator: Narrator) -> None:
        self.described = described
        self.narrator = narrator
        self.issuer: str = described["issuer"]
        self.heart, self.cancer = self._dataset("heart"), self._dataset("cancer")
        self.bam: Json = next(one for one in self.heart["objects"] if one["name"] == "DEMO0001.bam")
        self.kept: Json = {}
        """What one step leaves for the next: tokens, ids, passports."""
        self._browsers: dict[str, Browser] = {}

    def _dataset(self, name: str) -> Json:
        return next(one for one in self.described["datasets"] if one["id"].endswith(f"/{name}"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for browser in self._browsers.values():
            await browser.http.close()

    async def browser(self, persona: str) -> Browser:
        """The persona's own browser: nobody shares a cookie jar."""
        if persona not in self._browsers:
            self._browsers[persona] = await Browser(self.described).__aenter__()
        return self._browsers[persona]

    async def token(self, persona: str) -> str:
        """An access token of the persona, got by redirects alone."""
        if persona not in self.kept:
            self.kept[persona] = (await (await self.browser(persona)).tokens(persona))["access_token"]
            self.narrator.say(f"{persona} signs in (login_hint={persona}, prompt=none: by redirects alone)")
        return str(self.kept[persona])

    async def call(
        self,
        persona: str,
        method: str,
        path: str,
        note: str,
        *,
        body: Any = None,
        token: str | None = None,
        brief: Callable[[Json], Any] = lambda told: told,
    ) -> tuple[int, Json]:
        """One JSON call in somebody's name, shown with its answer. `token` empty: without one.

        `brief`: what of the answer is shown.
        """
        bearer = await self.token(persona) if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        url = path if path.startswith("http") else f"{self.issuer}{path}"
        self.narrator.request(method, url, note, headers=headers, body=body)
        browser = await self.browser(persona)
        async with browser.http.request(method, url, json=body, headers=headers) as answer:
            told: Json = await answer.json(content_type=None)
            self.narrator.answer(answer.status, brief(told))
            self.explain(told)
            return answer.status, told

    def explain(self, told: Json) -> None:
        """The reasons that an answer carries, as sentences, and the way out."""
        explanation = told.get("foresight") or told.get("explanation") or told
        for reason in explanation.get("why") or explanation.get("reasons") or ():
            if isinstance(reason, dict):
                self.narrator.reason(reason["code"], reason["sentence"])
        for way in explanation.get("you_can") or ():
            self.narrator.say(f"    You can: {way['do']}")
