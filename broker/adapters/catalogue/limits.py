"""The part of a dataset in a catalogue that says from when on people are told of a use."""

from typing import Annotated

from pydantic import Field

from broker.adapters.catalogue.form import Part
from broker.core.rows.uses import Limits, Rule


class LimitsPart(Part):
    """From when on people are told of a use under one grant; null: there is no such limit."""

    bytes_a_day: Annotated[int, Field(ge=0)] | None = None
    bytes_in_all: Annotated[int, Field(ge=0)] | None = None
    downloads_a_day: Annotated[int, Field(ge=0)] | None = None
    """Deliveries from the first byte on."""
    pieces_a_day: Annotated[int, Field(ge=0)] | None = None
    """Deliveries of any part: one small region after another."""
    times_in_all: Annotated[int, Field(ge=1)] | None = 5
    """Bytes in all, as a multiple of what the dataset holds."""
    countries_a_day: Annotated[int, Field(ge=1)] | None = 2
    elsewhere: bool = True
    """Also of a use from a country that the approved purpose does not name?"""
    holds: list[Rule] = []
    """Rules after which the grant rests too, until somebody of the committee resumes it."""


def limits(part: LimitsPart) -> Limits:
    """As a row."""
    return Limits(
        bytes_a_day=part.bytes_a_day,
        bytes_in_all=part.bytes_in_all,
        downloads_a_day=part.downloads_a_day,
        pieces_a_day=part.pieces_a_day,
        times_in_all=part.times_in_all,
        countries_a_day=part.countries_a_day,
        elsewhere=part.elsewhere,
        holds=frozenset(part.holds),
    )
