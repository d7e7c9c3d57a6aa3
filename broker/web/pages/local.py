"""What templates write for people: days, moments, numbers, sizes and places, in the words of the page's language.

Beside each day and moment stands the same for machines (HTML, the `time` element).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from broker.core.reasons.figures import Figures
from broker.core.reasons.language import Tongue
from broker.core.time import Seconds, day_of, parse_rfc3339, rfc3339

TONGUE = "tongue"
"""Under which name a template has the language that it is told in."""


@pass_context
def _day(context: Context, at: Seconds | date | str) -> Markup:
    on = at if isinstance(at, date) else day_of(_seconds(at))
    return _time(on.isoformat(), _figures(context).day(on))


@pass_context
def _moment(context: Context, at: Seconds | str) -> Markup:
    then = _seconds(at)
    return _time(rfc3339(then), _figures(context).moment(then))


@pass_context
def _number(context: Context, n: float) -> str:
    return _figures(context).number(n)


@pass_context
def _size(context: Context, octets: int) -> str:
    return _figures(context).size(octets)


@pass_context
def _place(context: Context, code: str) -> str:
    return _tongue(context).place(code)


@pass_context
def _places(context: Context, codes: Iterable[str]) -> str:
    names = map(_tongue(context).place, codes)
    return ", ".join(sorted(names, key=_figures(context).order))


FILTERS: Mapping[str, Callable[..., str]] = {
    "day": _day,
    "moment": _moment,
    "number": _number,
    "size": _size,
    "place": _place,
    "places": _places,
}


def _tongue(context: Context) -> Tongue:
    tongue: Tongue = context[TONGUE]
    return tongue


def _figures(context: Context) -> Figures:
    return _tongue(context).language.figures


def _seconds(at: Seconds | str) -> Seconds:
    return parse_rfc3339(at) if isinstance(at, str) else at


def _time(machine: str, people: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(machine, people)
