"""A setting that is wrong is named and never repeated: it may be a secret that was put in the wrong place."""

import traceback

import pytest

from broker.config import Settings, SettingsError, read_settings

CANARY = "canary-4711 of a mistaken operator"
GOOD = {"issuer": "https://broker.example", "state": "/nowhere"}


@pytest.mark.row("F88")
def test_no_setting_that_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = set[str]()
    for name in Settings.model_fields:
        monkeypatch.setenv(f"BROKER_{name.upper()}", CANARY)
        try:
            read_settings(None, **{key: value for key, value in GOOD.items() if key != name})
        except SettingsError as wrong:
            said = "".join(traceback.format_exception(wrong))
            assert CANARY not in said, name
            assert name in said
            refused.add(name)
        monkeypatch.delenv(f"BROKER_{name.upper()}")
    assert len(refused) > len(Settings.model_fields) // 3
