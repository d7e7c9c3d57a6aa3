"""Which home provider does somebody mean who types a part of its name, or whose program gives a hint?

Hints: `login_hint` (OpenID Connect Core 3.1.2.1) and `aarc_idp_hint` (AARC-G061). A hint that leads nowhere is no
fault: the person chooses on a page.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

MAX_SEARCH = 100
"""Characters of what is searched for."""


class Named(Protocol):
    """What is looked at of a provider's row."""

    @property
    def id(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def scopes(self) -> frozenset[str]: ...
    @property
    def login_hints(self) -> frozenset[str]: ...


P = TypeVar("P", bound=Named)


def sorted_by_name(providers: Iterable[P]) -> list[P]:
    """As people look for them: accents and capitals do not count."""
    return sorted(providers, key=lambda idp: (_folded(idp.name), idp.slug))


def matching(providers: Sequence[P], typed: str) -> list[P]:
    """Those in whose name, short name or domains every word of `typed` occurs; all, if nothing was typed."""
    words = _folded(typed[:MAX_SEARCH]).split()
    return [idp for idp in providers if all(word in _searched(idp) for word in words)]


def hinted(providers: Sequence[P], login_hint: str) -> P | None:
    """The only one that registered this hint, or the end of it that begins with `@`."""
    found = [idp for idp in providers if any(_leads(one, login_hint) for one in idp.login_hints)]
    return found[0] if len(found) == 1 else None


def issuer_of(idp_hint: str) -> tuple[str, str | None]:
    """The provider that an `aarc_idp_hint` names, and the hint that it is to be given itself (nested, section 3).

    `https://proxy.example?aarc_idp_hint=https%3A%2F%2Fhome.example` means: this proxy, and there that home.
    """
    issuer, _, query = idp_hint.partition("?")
    inner = parse_qs(urlsplit(f"?{query}").query, max_num_fields=8).get("aarc_idp_hint", []) if query else []
    return issuer, inner[0] if len(inner) == 1 else None


def _leads(registered: str, hint: str) -> bool:
    return hint == registered or (registered.startswith("@") and hint.endswith(registered))


def _searched(idp: Named) -> str:
    return _folded(" ".join((idp.name, idp.slug, *sorted(idp.scopes))))


def _folded(text: str) -> str:
    """Without accents and capitals, so that `zurich` finds `Zürich`."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char)).casefold()
