"""Reads which income group each country is in: a list that somebody publishes, with its year and source."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from broker.adapters.catalogue.form import Part
from broker.adapters.yaml_files import load_yaml
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
    loaded = load_yaml(path, anchors=False)
    try:
        said = _File.model_validate(loaded.value)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise ValueError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    found: dict[str, str] = {}
    for group, countries in said.groups.items():
        for country in countries:
            if country not in COUNTRIES or country in found:
                raise ValueError(f"{path}: {country[:10]}: no country by its two letters, or in two groups")
            found[country] = group
    return IncomeGroups(year=said.year, source=said.source, reviewed_by=said.reviewed_by, groups=found)
