"""What did the broker say, and what can be done now? Its answers, and its refusals as sentences for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from broker.core import strict_json

_APPEAL = {
    "facts": "If a fact in this is wrong, tell the contact of the data: it can be corrected.",
    "merits": "You may ask the contact of the data for another look at this decision.",
}
_NEXT = {
    "AUTH-NO-GRANT": "Ask for it with: broker request make DATA-SET --purpose FILE --statement FILE",
    "AUTH-REVOKED": "Sign in again with: broker login",
    "REQ-RECIPIENT-NONE": "Register a key with: broker recipient add FILE",
    "AUTH-STEP-UP": "Sign in again with: broker login",
}
"""What a command of this program can do about a reason."""
MAX_ANSWER = 16 * 1024 * 1024
"""Bytes of a JSON answer that are read."""


class TalkError(Exception):
    """The broker cannot be reached, or answered in a way that is none; the message says what to do."""


class RefusedError(Exception):
    """The broker said no. `said`: its problem, in whichever form that address answers in."""

    def __init__(self, status: int, said: Mapping[str, Any]) -> None:
        super().__init__(f"refused with status {status}")
        self.status = status
        self.said = said

    @property
    def code(self) -> str:
        """The stable code of the reason, or OAuth's word for it."""
        return one_line(self.said.get("code")) or self.word or f"HTTP {self.status}"

    @property
    def word(self) -> str:
        """OAuth's word for it (RFC 6749 section 5.2), by which a client goes on; empty where there is none."""
        return one_line(self.said.get("error"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a server: `body` is JSON, or None if it was something else."""

    status: int
    body: Any
    headers: Mapping[str, str]

    def taken(self) -> Any:
        """The body of a yes. RefusedError for any other answer."""
        if self.status < 300:  # noqa: PLR2004 (the last of the statuses that mean yes)
            return self.body
        raise RefusedError(self.status, self.body if isinstance(self.body, dict) else {})


def read(body: bytes) -> Any:
    """JSON, strictly; None for anything else."""
    try:
        return strict_json.loads(body, MAX_ANSWER)
    except strict_json.StrictJsonError:
        return None


def refusal(no: RefusedError) -> Iterator[str]:
    """A refusal line by line: what happened, why, what to do now, and what to quote when asking about it."""
    said = no.said
    reasons = [one_line(one.get("sentence")) for one in _all(said, "reasons") if isinstance(one, dict)]
    first = one_line(said.get("detail")) or one_line(said.get("msg")) or one_line(said.get("error_description"))
    yield from dict.fromkeys(filter(None, (*reasons, first if not reasons else "")))
    if not reasons and not first:
        yield f"The server refused with status {no.status} and said nothing else."
    for one in _all(said, "you_can"):
        yield f"You can: {one_line(one.get('do') if isinstance(one, dict) else one)}"
    for change in _all(said, "change_that_would_help"):
        yield f"What would help: {one_line(change)}"
    for fact in _all(said, "missing"):
        yield f"Not stated yet: {one_line(fact)}"
    if said.get("appeal") in _APPEAL:
        yield _APPEAL[said["appeal"]]
    if no.code in _NEXT:
        yield _NEXT[no.code]
    if said.get("example") is True:
        yield "Example policy packs had a part in this: it is no legal advice."
    quoted = [no.code, *(f"{name} {said[name]}" for name in ("decision", "receipt", "request_id") if said.get(name))]
    yield f"({', '.join(quoted)})"


def _all(said: Mapping[str, Any], name: str) -> list[Any]:
    found = said.get(name)
    return found if isinstance(found, list) else []


def one_line(value: Any) -> str:
    """One line of text, whatever was sent: what a server says must not steer a terminal."""
    return "".join(each if each.isprintable() else " " for each in value) if isinstance(value, str) else ""
