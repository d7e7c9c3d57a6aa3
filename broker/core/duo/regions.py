"""Which countries does a place name mean? (DUO:0000022; ISO 3166-1, UN M49)

A country is its code; a group is one of the few below, whose members are settled by treaty or by the UN. Anything
else is unknown, and an unknown place goes to a person: also `Europe`, which some mean as the EU and some as a
continent. Members are those of November 2026; no decision is older, so that no earlier ones matter.
"""

from collections.abc import Mapping
from types import MappingProxyType

from broker.core.duo.countries import CODES, COUNTRIES, REGIONS

_BENELUX = frozenset({"BE", "LU", "NL"})
_EU_BESIDE = "AT BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LV MT PL PT RO SE SI SK"
_EU = _BENELUX | set(_EU_BESIDE.split())
_EEA = _EU | {"IS", "LI", "NO"}

GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "EU": _EU,
        "EUROPEAN UNION": _EU,
        "EEA": _EEA,
        "EUROPEAN ECONOMIC AREA": _EEA,
        "EFTA": frozenset({"CH", "IS", "LI", "NO"}),
        "UNITED KINGDOM": frozenset({"GB"}),
        "NORDIC": frozenset({"DK", "FI", "IS", "NO", "SE"}),
        "BENELUX": _BENELUX,
        "AFRICA": REGIONS["002"],
        "ASIA": REGIONS["142"],
        "OCEANIA": REGIONS["009"],
        "WORLDWIDE": COUNTRIES,
    }
    | {f"M49:{number}": members for number, members in REGIONS.items()}
)
"""Named groups, in capitals."""


def country(written: str) -> str | None:
    """The alpha-2 code of a country that is written alpha-2, alpha-3 or in digits; None for anything else."""
    return CODES.get(written.strip().upper())


def expand(region: str) -> frozenset[str] | None:
    """The countries that `region` means, whatever its case; None when nobody knows."""
    alone = country(region)
    return frozenset({alone}) if alone is not None else GROUPS.get(region.strip().upper())
