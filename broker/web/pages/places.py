"""Countries in forms: people choose and write names in their language, or the two letters; codes are kept."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from broker.core.duo.countries import COUNTRIES
from broker.core.duo.regions import country
from broker.core.reasons.figures import Figures
from broker.core.reasons.language import Language
from broker.web.bodies import listed


def countries(told_in: Language) -> Sequence[tuple[str, str]]:
    """Code and name of every country, in the order of the names."""
    return _named(told_in.figures)


def codes(typed: Iterable[str], told_in: Language) -> list[str]:
    """The codes of what stands in the fields, several in one with commas between; what is no country as it is."""
    known = _known(told_in.figures)
    found = []
    for field in typed:
        whole = [field] if _folded(field, told_in.figures) in known else listed(field)
        found += [_code(one, told_in.figures) for one in whole]
    return list(dict.fromkeys(found))


def _code(written: str, figures: Figures) -> str:
    return _known(figures).get(_folded(written, figures)) or country(written) or written


@lru_cache(32)
def _named(figures: Figures) -> Sequence[tuple[str, str]]:
    found = [(code, figures.place(code)) for code in COUNTRIES]
    return tuple(sorted(found, key=lambda one: (figures.order(one[1]), one[0])))


@lru_cache(32)
def _known(figures: Figures) -> Mapping[str, str]:
    return {_folded(name, figures): code for code, name in _named(figures)}


def _folded(name: str, figures: Figures) -> str:
    """Capitals and accents make no other country."""
    return figures.order(name.strip())
