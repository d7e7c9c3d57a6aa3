"""The words of which the forms of a catalogue file are made."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s#]+$", max_length=255)]
Word = Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,255}$")]
"""Printable ASCII without blank, quotation mark and backslash."""
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)
