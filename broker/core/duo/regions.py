"""Which countries does a place name mean? (DUO:0000022; ISO 3166-1 alpha-2)

A country is its code; a group is one of the few below, whose members are settled by treaty. A territory
with a code of its own is a place of its own. Anything else is unknown, and an unknown place goes to a person.
"""

from collections.abc import Mapping
from types import MappingProxyType

_SECOND_LETTERS = {
    "A": "DEFGILMOQRSTUWXZ",
    "B": "ABDEFGHIJLMNOQRSTVWYZ",
    "C": "ACDFGHIKLMNORUVWXYZ",
    "D": "EJKMOZ",
    "E": "CEGHRST",
    "F": "IJKMOR",
    "G": "ABDEFGHILMNPQRSTUWY",
    "H": "KMNRTU",
    "I": "DELMNOQRST",
    "J": "EMOP",
    "K": "EGHIMNPRWYZ",
    "L": "ABCIKRSTUVY",
    "M": "ACDEFGHKLMNOPQRSTUVWXYZ",
    "N": "ACEFGILOPRUZ",
    "O": "M",
    "P": "AEFGHKLMNRSTWY",
    "Q": "A",
    "R": "EOSUW",
    "S": "ABCDEGHIJKLMNORSTVXYZ",
    "T": "CDFGHJKLMNORTVWZ",
    "U": "AGMSYZ",
    "V": "ACEGINU",
    "W": "FS",
    "Y": "ET",
    "Z": "AMW",
}
"""Of the codes that begin with each letter."""

COUNTRIES = frozenset(first + second for first, seconds in _SECOND_LETTERS.items() for second in seconds)
"""Every assigned ISO 3166-1 alpha-2 code (249)."""

_BENELUX = frozenset({"BE", "LU", "NL"})
_EU = _BENELUX | frozenset(
    {
        "AT",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LV",
        "MT",
    }
    | {"PL", "PT", "RO", "SE", "SI", "SK"}
)
_EEA = _EU | {"IS", "LI", "NO"}
_UK = frozenset({"GB"})

GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "EU": _EU,
        "EUROPEAN UNION": _EU,
        "EEA": _EEA,
        "EUROPEAN ECONOMIC AREA": _EEA,
        "EFTA": frozenset({"CH", "IS", "LI", "NO"}),
        "UK": _UK,
        "UNITED KINGDOM": _UK,
        "NORDIC": frozenset({"DK", "FI", "IS", "NO", "SE"}),
        "BENELUX": _BENELUX,
        "WORLDWIDE": COUNTRIES,
    }
)
"""Named groups, in capitals."""


def expand(region: str) -> frozenset[str] | None:
    """The countries that `region` means, whatever its case; None when nobody knows."""
    name = region.strip().upper()
    if name in COUNTRIES:
        return frozenset({name})
    return GROUPS.get(name)
