"""A setting that is wrong is named and never repeated: it may be a secret that was put in the wrong place."""

import traceback

import pytest

from broker.config import Settings, SettingsError, read_settings

CANARY = "canary-4711 of a mistaken operator"
GOOD = {"issuer": "https://broker.example", "state": "/nowhere"}


@pytest.mark.row("T136")
@pytest.mark.parametrize(
    "issuer",
    ["http://broker.example", "http://10.0.0.1:8080", "http://127.0.0.1.evil.example", "http://localhost.evil.example",
     "http://127.0.0.1@evil.example", "https://broker.example/", "https://broker.example?x"],
)  # fmt: skip
def test_nobody_is_reached_by_plain_http_but_on_this_machine(issuer: str) -> None:
    with pytest.raises(SettingsError, match="issuer"):
        read_settings(None, issuer=issuer, state="/nowhere")


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
