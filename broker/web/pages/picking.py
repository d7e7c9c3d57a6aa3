"""Fields in which people choose things by their names: they write words of one, and tick it among what is found.

Every step works without a script: a button shows the same page with what was found, and all that was typed. With one,
what is found follows what is written (templates/pick.html, static/pick.mjs). What was chosen is kept by code or
address; a whole name is as good as a tick, anything less is asked back. Nobody finds a dataset here that they may not
know of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, Protocol

from aiohttp import web

from broker.core.committees import known
from broker.core.duo.called import Diseases, is_code
from broker.core.ids import DatasetId
from broker.core.reasons.language import Tongue
from broker.core.rows import Committee, Dataset
from broker.flows.world import Caller
from broker.web.bodies import listed
from broker.web.called import about_of, title_of
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages import searching
from broker.web.pages.here import page, visitor
from broker.web.pages.paper_form import FIND, PICKED
from broker.web.pages.render import asking
from broker.web.state import BROKER

MOST = 20
"""What is offered at once."""
_CHOSEN = 200
"""What a purpose may name at most (core/purpose.py); what an application may ask for is less."""
_RANKED = 2_000
"""Of so many at most it is worked out which are nearest: where more are found, more words are wanted anyway."""

_QUESTIONS = {"datasets": "apply.datasets", "diseases": "apply.diseases", "dataset": "incident.dataset"}
"""By field, what is asked there."""

Typed = Mapping[str, Any]


class Source(Protocol):
    """Where something is chosen from."""

    def meant(self, text: str) -> str | None:
        """What `text` is the whole name of; None: of nothing, or of several things."""
        ...

    def like(self, text: str, most: int) -> Sequence[str]:
        """What has these words in its name, the nearest first."""
        ...

    def told(self, value: str) -> str:
        """What people call it."""
        ...

    def kept(self, value: str) -> str | None:
        """What a value that was sent stands for; None: these are words, and no choice."""
        ...


@dataclass(frozen=True, slots=True)
class Offer:
    """`more`: what tells it from another of the same name."""

    value: str
    told: str
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """A field as it is shown: what is chosen, what was written, what was found. `most`: there is more than that.

    `cut`: how many more were chosen than can be.
    """

    name: str
    chosen: tuple[Offer, ...]
    text: str
    found: tuple[Offer, ...]
    most: bool
    cut: int = 0


ONE = {"about", "dataset"}
"""Fields in which one thing is chosen, and no more."""


def source(request: web.Request, who: Caller | None, name: str) -> Source:
    """Of the field with this name."""
    if name == "diseases":
        return _Named(request)
    return _Concerned(request, who) if name == "about" else _Datasets(request, who)


def picked(name: str, there: Source, typed: Typed) -> Picked:
    """How the field looks with what was typed."""
    cut = max(0, len(listed(str(typed.get(name, "")))) - _CHOSEN)
    chosen, text = _values(name, there, typed)
    like = [one for one in _found(there, text, len(chosen)) if one not in chosen] if text.strip() else []
    shown = _offers(there, [*chosen, *like[:MOST]])
    return Picked(
        name=name, chosen=shown[: len(chosen)], text=text, found=shown[len(chosen) :], most=len(like) > MOST,
        cut=cut,
    )  # fmt: skip


def settled(name: str, there: Source, typed: Typed) -> tuple[dict[str, Any], bool]:
    """`typed` with whole names taken for what they name, and whether nothing is left open.

    What is left open stays as it was written, so that it is shown again with what was found. Words by which somebody
    found what they ticked are answered by the tick.
    """
    chosen, text = _values(name, there, typed)
    named = _meant(text, there, one=name in ONE) if text.strip() else []
    if named is None and not set(chosen).isdisjoint(_found(there, text, len(chosen))):
        named = []
    rest = {key: value for key, value in typed.items() if key not in (name, name + FIND)}
    values = list(dict.fromkeys([*chosen, *(named or [])]))
    told = {name: "\n".join(values)} if values else {}
    return rest | told | ({name + FIND: text} if named is None else {}), named is not None


def all_settled(
    request: web.Request, who: Caller | None, typed: Typed, names: Iterable[str]
) -> tuple[dict[str, Any], str]:
    """The same for each of `names`; and what to do about the first that is left open, empty where none is."""
    after, problem = dict(typed), ""
    for name in names:
        there = source(request, who, name)
        if len(listed(str(after.get(name, "")))) > _CHOSEN:
            tongue = Tongue(language(request))
            problem = problem or tongue.word("pick.too_many", question=tongue.word(_QUESTIONS[name]), n=_CHOSEN)
            continue
        after, closed = settled(name, there, after)
        if not closed and not problem:
            problem = _problem(picked(name, there, after), Tongue(language(request)))
    return after, problem


def _problem(one: Picked, tongue: Tongue) -> str:
    key, question = "pick.choose" if one.found else "pick.unknown", tongue.word(_QUESTIONS[one.name])
    return tongue.word(key, question=question, text=one.text.strip())


async def found(request: web.Request) -> web.Response:
    """GET /pick/{what}: what has these words in its name; for people who look, and for the script of every picker."""
    what, who = request.match_info["what"], await visitor(request)
    if what not in (*PICKED, *ONE):
        raise Problem("REQ-NOT-FOUND")
    typed = {what: "\n".join(request.query.getall(what, ())), what + FIND: request.query.get(what + FIND, "")}
    one = picked(what, source(request, who, what), typed)
    values = {"one": one, "kind": what if what == "diseases" else "datasets", "single": what in ONE}
    return asking(page(request, who, "picking.html", values))


def _values(name: str, there: Source, typed: Typed) -> tuple[list[str], str]:
    """What is chosen, and the words that are written; words among what was sent as chosen go with the others."""
    sent = [(one, there.kept(one)) for one in listed(str(typed.get(name, "")))[:_CHOSEN]]
    words = [one for one, value in sent if value is None]
    written = str(typed.get(name + FIND, ""))
    values = list(dict.fromkeys(value for _, value in sent if value is not None))
    return values, ", ".join([*words, *([written] if written else [])])


def _found(there: Source, text: str, besides: int) -> Iterator[str]:
    just = there.meant(text)
    if just is not None:
        yield just
    yield from (one for one in there.like(text, MOST + 1 + besides) if one != just)


def _meant(text: str, there: Source, *, one: bool) -> list[str] | None:
    """What the words name, one thing or several with commas between; None: not all of them name something, or there are
    more than anybody looks for at once. `one`: several are no answer.
    """
    if (whole := there.meant(text)) is not None:
        return [whole]
    parts = listed(text)
    if one or not 0 < len(parts) <= MOST:
        return None
    found = [each for part in parts if (each := there.meant(part)) is not None]
    return found if len(found) == len(parts) else None


def _offers(there: Source, values: Sequence[str]) -> tuple[Offer, ...]:
    names = [there.told(one) for one in values]
    return tuple(
        Offer(value, told, value if names.count(told) > 1 else "") for value, told in zip(values, names, strict=True)
    )


class _Named:
    """Diseases, by the names of the ontology in force."""

    def __init__(self, request: web.Request) -> None:
        broker = request.app[BROKER]
        self._diseases: Diseases = broker.searched.diseases(broker.snapshots.current().ontology)

    def meant(self, text: str) -> str | None:
        code = text.strip()
        return self._diseases.meant(text) or (code if is_code(code) else None)  # of an unknown one a person decides

    def like(self, text: str, most: int) -> Sequence[str]:
        return self._diseases.like(text, most)

    def told(self, value: str) -> str:
        return self._diseases.told(value)

    def kept(self, value: str) -> str | None:
        return value if is_code(value) else self._diseases.meant(value)


class _Datasets:
    """Datasets, by their titles, as far as who asks may know of them."""

    def __init__(self, request: web.Request, who: Caller | None) -> None:
        self._request, self._who = request, who
        self._last: tuple[str, Sequence[Dataset]] = ("", ())

    def meant(self, text: str) -> str | None:
        same = searching.called(self._request, self._who, text)
        return same[0].id if len(same) == 1 else None

    def like(self, text: str, most: int) -> Sequence[str]:
        name = " ".join(text.casefold().split())
        near = nsmallest(
            most, self._with(text)[:_RANKED], lambda row: (name not in row.title.casefold(), len(row.title), row.id)
        )
        return [row.id for row in near]

    def told(self, value: str) -> str:
        return title_of(self._request, DatasetId(value))

    def kept(self, value: str) -> str | None:
        return value  # whether there is such a one is said by who is asked for it, and as of one that there is not

    def _with(self, text: str) -> Sequence[Dataset]:
        if self._last[0] != text:
            words = searching.words(text)
            rows = searching.found(self._request, self._who, searching.Search(words=words)) if words else []
            self._last = (text, rows)
        return self._last[1]


class _Concerned(_Datasets):
    """What a complaint may be about: data, and the committees that decide about them, by their names. Of one that
    decides about hidden data alone nobody learns.
    """

    def meant(self, text: str) -> str | None:
        name = " ".join(text.casefold().split())
        same = [row.id for row in self._committees(text) if name in (row.name.casefold(), row.id.casefold())]
        data = super().meant(text)
        found = [*same, *([data] if data is not None else [])]
        return found[0] if len(found) == 1 else None

    def like(self, text: str, most: int) -> Sequence[str]:
        return [*(row.id for row in self._committees(text)), *super().like(text, most)][:most]

    def told(self, value: str) -> str:
        return about_of(self._request, value)

    def _committees(self, text: str) -> Sequence[Committee]:
        words, snapshot = searching.words(text), self._request.app[BROKER].snapshots.current()
        rows = [row for row in snapshot.all(Committee) if known(row.id, snapshot)] if words else []
        return [row for row in rows if all(word in f"{row.name} {row.id}".casefold() for word in words)]
