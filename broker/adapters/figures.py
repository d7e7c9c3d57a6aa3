"""How people write days, numbers and places, by language: the Unicode CLDR, through Babel. The only file that knows it.

Babel reads the data of a language when something is first written in it: of its thirty megabytes, those of our
languages alone, and none in a broker that only delivers.
"""

import unicodedata
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import format_decimal
from babel.units import format_unit

from broker.core.duo.countries import COUNTRIES
from broker.core.duo.regions import country
from broker.core.reasons.figures import BARE, Figures
from broker.core.time import Seconds

_LOCALES = {"en": "en_GB"}
"""English for readers of all countries: the day before the month, and never in digits alone."""
_REGIONS = {"AFRICA": "002", "ASIA": "142", "OCEANIA": "009", "WORLDWIDE": "001"}
"""Names of ours for regions that CLDR knows by UN M49."""
_SIZES = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte")
_STEP = 1000
_KEPT = 4096


class _OfLocale:
    """A page writes the same few days and countries again and again: each is put together once."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        self.day = lru_cache(_KEPT)(self._day)
        self.moment = lru_cache(_KEPT)(self._moment)
        self.number = lru_cache(_KEPT)(self._number)
        self.size = lru_cache(_KEPT)(self._size)

    def place(self, code: str) -> str:
        known = (country(code) if code.isupper() or code.isdigit() else None) or _REGIONS.get(
            code, code.removeprefix("M49:")
        )
        told = known in COUNTRIES or known == "EU" or known.isdigit()
        return str(self._locale.territories.get(known, code)) if told else code

    def order(self, name: str) -> str:
        letters = unicodedata.normalize("NFKD", name)
        return "".join(one for one in letters if one.isalnum() or one == " ").casefold()

    def itself(self) -> str:
        return str(self._locale.get_language_name() or "")

    def _day(self, day: date) -> str:
        return format_date(day, "long", self._locale)

    def _moment(self, at: Seconds) -> str:
        then = datetime.fromtimestamp(at, UTC)
        time = format_time(then.time(), "short", locale=self._locale)
        both = str(get_datetime_format("medium", self._locale))
        return f"{both.replace('{1}', self.day(then.date())).replace('{0}', time)} UTC"

    def _number(self, n: float) -> str:
        return format_decimal(n, locale=self._locale)

    def _size(self, octets: int) -> str:
        left, step = float(octets), 0
        while left >= _STEP and step < len(_SIZES) - 1:
            left, step = left / _STEP, step + 1
        length: Literal["short", "long"] = "short" if step else "long"
        return format_unit(round(left, 1), f"digital-{_SIZES[step]}", length=length, locale=self._locale)


@lru_cache(64)
def figures_of(tag: str) -> Figures:
    """Those of a language; of one that CLDR does not know, as machines write them."""
    try:
        return _OfLocale(Locale.parse(_LOCALES.get(tag, tag), sep="_" if tag in _LOCALES else "-"))
    except (ValueError, UnknownLocaleError):
        return BARE
