"""The doctor tells an operator which words no person has read, before production tells them to anybody."""

from pathlib import Path

import pytest

from broker.commands.doctor import _translations
from broker.config import Settings


@pytest.mark.parametrize(("mode", "warned"), [("production", True), ("example", False)])
def test_unreviewed_translations_are_looked_at_in_production(tmp_path: Path, mode: str, warned: bool) -> None:  # noqa: FBT001
    said = _translations(Settings(issuer="https://broker.example", mode=mode, state=tmp_path))
    assert said.startswith("en, es")
    assert ("nobody has reviewed" in said) is warned
