"""The words of which the forms of files are made that people write, and how such a file is read as its form."""

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.adapters.yaml_files import Document, load_yaml

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s#]+$", max_length=255)]
Word = Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,255}$")]
"""Printable ASCII without blank, quotation mark and backslash."""
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


P = TypeVar("P", bound=Part)


def read_form(path: Path, form: type[P]) -> tuple[P, Document]:
    """A file of one form, and what it says as it stands. ValueError, with line and member, for its first fault."""
    loaded = load_yaml(path, anchors=False)
    try:
        return form.model_validate(loaded.value), loaded
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{path}:{loaded.line(first['loc'])}: {place}: {first['msg']}") from None
