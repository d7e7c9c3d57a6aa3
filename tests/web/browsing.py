"""Somebody's browser in tests of pages: its cookie, the forms of the page that was shown, and whether pages are sound."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from broker.core.oidc.opaque import stored_id
from broker.core.rows import Session
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


def secret(name: str) -> str:
    return (name * 43)[:43]


def browser_session(name: str, **more: Any) -> Session:
    """A session of usr_<name> that `Browser` has the cookie of."""
    made: dict[str, Any] = {
        "id": stored_id(secret(name)), "person": f"usr_{name}", "idp": b.HOME, "identities": ((b.HOME, name),),
        "auth_time": START, "expires": Seconds(START + 9000), "location": "DE",
    }  # fmt: skip
    return Session(**(made | more))


@dataclass
class Browser:
    """One person's browser; `name` empty: nobody is signed in. Every page that is shown is looked at (`Sound`)."""

    s: Site
    name: str
    language: str = "en"
    path: str = ""
    text: str = ""
    status: int = 0

    @property
    def headers(self) -> dict[str, str]:
        cookie = {"Cookie": f"__Host-broker-session={secret(self.name)}"} if self.name else {}
        return {"Accept-Language": self.language, **cookie}

    async def open(self, path: str) -> str:
        answer = await self.s.http.get(path, headers=self.headers, allow_redirects=False)
        return await self._shown(answer, path)

    async def send(self, action: str, *, token: str | None = None, **fields: Any) -> str:
        """Send the form of the page that is shown; follow where it leads."""
        hidden = [token] if token is not None else re.findall(r'name="form" value="([^"]+)"', self.text)
        assert hidden, "the page has no form"
        answer = await self.s.http.post(
            action, data={"form": hidden[0], **fields}, headers=self.headers | FORM, allow_redirects=False
        )
        if answer.status == 303:
            return await self.open(answer.headers["Location"])
        return await self._shown(answer, action)

    def links(self, begin: str) -> list[str]:
        return re.findall(rf'href="({re.escape(begin)}[^"]*)"', self.text)

    async def _shown(self, answer: Any, path: str) -> str:
        self.path, self.status, self.text = path, answer.status, await answer.text()
        if answer.content_type == "text/html":
            policy = answer.headers["Content-Security-Policy"]
            assert "unsafe-inline" not in policy
            sound = Sound(self.language)
            sound.feed(self.text)
            sound.done()
        return self.text


class Sound(HTMLParser):
    """Tags close in order, fields have labels, ids are unique, headings do not skip, no inline script or style.

    What scrolls is reached by keyboard, and is a region with a name. Nothing has a width of its own, so a page fits where 320 pixels are all there is.
    """

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.ids: set[str] = set()
        self.labels: set[str] = set()
        self.unlabelled: list[str] = []
        self.open: list[str] = []
        self.level = 0
        self.named_by: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        assert tag != "style"
        assert tag != "script" or said.get("src", "").startswith("/static/"), "no script but our own files"
        assert not [name for name in said if name.startswith("on") or name in ("style", "width")]
        if tag == "html":
            assert said["lang"] == self.language
        if "id" in said:
            assert said["id"] not in self.ids, said["id"]
            self.ids.add(said["id"])
        if "scroll" in said.get("class", "").split():
            named = said.get("aria-label") or said.get("aria-labelledby")
            assert (tag, said.get("tabindex"), bool(named)) == ("section", "0", True), "scrolled by keyboard, and named"
        self.named_by |= set(said.get("aria-labelledby", "").split())
        if tag == "label":
            self.labels.add(said.get("for", ""))
        if (tag in ("textarea", "select") or (tag == "input" and said.get("type") != "hidden")) and not (
            "label" in self.open or said.get("aria-label")
        ):
            self.unlabelled.append(said["id"])
        if re.fullmatch("h[1-6]", tag):
            assert int(tag[1]) <= self.level + 1, f"{tag} after h{self.level}"
            self.level = int(tag[1])
        if tag not in _VOID:
            self.open.append(tag)

    def handle_data(self, data: str) -> None:
        assert not (self.open and self.open[-1] == "script" and data.strip()), "a script stands on the page"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def done(self) -> None:
        assert not self.open, self.open
        assert self.labels >= set(self.unlabelled)
        assert self.named_by <= self.ids, "what names it is on the page"
        assert self.level, "a page has a heading"
