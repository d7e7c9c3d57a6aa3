"""Reads which income group each country is in: a list that somebody publishes, with its year and source."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from broker.adapters.catalogue.form import Part, read_form
from broker.core.equity import IncomeGroups
from broker.core.jurisdiction.countries import COUNTRIES

Words = Annotated[str, Field(min_length=1, max_length=500)]
Group = Literal["high", "upper_middle", "lower_middle", "low"]


class _File(Part):
    schema_: Literal["broker.income-groups/1"] = Field(alias="schema")
    year: Words
    source: Words
    reviewed_by: Annotated[str, Field(max_length=500)]
    groups: dict[Group, list[str]]


def load_income_groups(path: Path) -> IncomeGroups:
    """The list in a file. ValueError, naming it, for any fault: a country that is none, or that is in two groups."""
    said, _ = read_form(path, _File)
    found: dict[str, str] = {}
    for group, countries in said.groups.items():
        for country in countries:
            if country not in COUNTRIES or country in found:
                raise ValueError(f"{path}: {country[:10]}: no country by its two letters, or in two groups")
            found[country] = group
    return IncomeGroups(year=said.year, source=said.source, reviewed_by=said.reviewed_by, groups=found)
