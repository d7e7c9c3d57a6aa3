"""Reads what the law of each place gives people about their data, for the page that tells them."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from broker.adapters.catalogue.form import Part, Text, Url, read_form
from broker.core.jurisdiction.countries import COUNTRIES
from broker.core.rights import LawOf, Right, Rights

_MOST_DAYS = 366


class _Answered(Part):
    days: Annotated[int, Field(ge=1, le=_MOST_DAYS)]
    basis: Text


class _Law(Part):
    jurisdiction: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    law: Text
    rights: Annotated[dict[Right, Text], Field(min_length=1)]
    authority: Text
    address: Url
    answered: _Answered | None = None


class _File(Part):
    schema_: Literal["broker.rights/1"] = Field(alias="schema")
    as_of: Annotated[date, Field(strict=False)]
    reviewed_by: Annotated[str, Field(max_length=500)]
    laws: list[_Law]


def load_rights(path: Path) -> Rights:
    """The file. ValueError, naming it, for any fault: a place that is none, or that is there twice."""
    said, _ = read_form(path, _File)
    laws: dict[str, LawOf] = {}
    for one in said.laws:
        if one.jurisdiction not in COUNTRIES | {"EU"} or one.jurisdiction in laws:
            raise ValueError(f"{path}: {one.jurisdiction}: neither EU nor a country by its two letters, or there twice")
        laws[one.jurisdiction] = LawOf(
            law=one.law,
            rights=one.rights,
            authority=one.authority,
            address=one.address,
            answered_days=one.answered.days if one.answered else None,
            answered_by_law=one.answered.basis if one.answered else "",
        )
    return Rights(as_of=said.as_of, reviewed_by=said.reviewed_by, laws=laws)
