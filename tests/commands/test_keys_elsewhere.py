"""`broker keys rotate --in`: a key is made where others keep it, and the state folder says where (F87)."""

import asyncio
import shutil
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from broker.__main__ import cli
from broker.adapters.keys import Elsewhere, open_keys
from broker.adapters.signing import OwnTokens
from broker.commands.common import Fail
from broker.config import SettingsError, read_settings
from broker.core.time import FOREVER
from broker.flows.visas import VISA_TYPE
from broker.key_places import key_makers
from tests import builders as b
from tests.adapters.test_rotation import first_keys
from tests.conformance.key_places import LABEL, PIN, Engine, make_token, softhsm, tokens_in
from tests.faults.test_canaries import canary, leaks

PLACE = """
pkcs11_module = "{library}"
pkcs11_token = "{label}"
pkcs11_pin_file = "{pin}"
"""


def run(config: Path, *words: str) -> str:
    told = CliRunner().invoke(cli, ["--config", str(config), *words], catch_exceptions=True)
    if isinstance(told.exception, Fail):
        raise told.exception
    assert told.exit_code == 0, told.output
    return told.output


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A broker with keys in files, and a token beside it."""
    shutil.copytree(first_keys(), tmp_path / "state")
    library, pin, file = softhsm(), tmp_path / "pin", tmp_path / "broker.toml"
    tokens_in(tmp_path)
    make_token()
    pin.write_bytes(PIN)
    pin.chmod(0o600)
    place = PLACE.format(library=library, label=LABEL, pin=pin)
    file.write_text(f'issuer = "{b.US}"\nstate = "{tmp_path}/state"\n{place}')
    return file


@pytest.mark.row("F87")
def test_a_key_is_made_on_the_token_and_signs_from_there(config: Path) -> None:
    told = run(config, "keys", "rotate", "visa", "--in", "pkcs11")
    chosen = read_settings(config)
    store = open_keys(chosen.keys, chosen.passphrase_file)
    key = store.signing("visa")
    assert f"visa {key.kid} made" in told
    assert isinstance(key.private, Elsewhere)
    assert key.private.where == "pkcs11"
    for file in chosen.keys.glob("*.json"):
        assert file.stat().st_mode & 0o077 == 0
        assert PIN.decode() not in file.read_text()

    async def signed() -> None:
        makers = key_makers(chosen)
        tokens = OwnTokens(store, b.US, lambda: FOREVER, makers)
        try:
            await tokens.prove(store)
            assert tokens.read(await tokens.sign("visa", VISA_TYPE, {"jti": "v"}), VISA_TYPE) == {"jti": "v"}
        finally:
            await makers["pkcs11"].close()

    asyncio.run(signed())


@pytest.mark.row("F87", "F95")
def test_a_pin_that_others_can_read_and_a_place_that_is_not_named_are_refused(config: Path) -> None:
    with pytest.raises(Fail, match="--in transit: the settings name no such place"):
        run(config, "keys", "rotate", "visa", "--in", "transit")
    (config.parent / "pin").chmod(0o644)
    with pytest.raises(Fail, match="pin: readable by others; chmod 600 it"):
        run(config, "keys", "rotate", "visa", "--in", "pkcs11")
    assert not list((config.parent / "state" / "keys").glob("*.json"))


def _write(folder: Path, secrets: Mapping[str, bytes]) -> None:
    for name, secret in secrets.items():
        (folder / name).write_bytes(secret)
        (folder / name).chmod(0o600)


def _add(config: Path, address: str) -> None:
    token = config.parent / "service token"
    more = f'key_service = "{address}"\nkey_service_token_file = "{token}"\nlog_level = "debug"\n'
    config.write_text(config.read_text() + more)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.mark.row("F88")
async def test_neither_pin_nor_token_of_a_place_of_keys_is_told_or_written_down(
    config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Shown to a token and to a service that take neither, by a command that says why."""
    secrets = {name: canary(name).encode() for name in ("pin", "service token")}
    _write(tmp_path, secrets)
    engine = Engine()
    async with TestServer(engine.application()) as server:
        _add(config, str(server.make_url("/v1/transit")))
        told = []
        for where, why in (("pkcs11", "does not take the PIN"), ("transit", "status 403")):
            with pytest.raises(Fail, match=why) as failed:
                await asyncio.to_thread(run, config, "keys", "rotate", "visa", "--in", where)
            told.append("".join(traceback.format_exception(failed.value)).encode())
    assert (
        leaks(
            secrets,
            _files(tmp_path / "state") | {"told": b"".join(told), "printed": "".join(capfd.readouterr()).encode()},
        )
        == []
    )


@pytest.mark.row("F95")
@pytest.mark.parametrize(
    "said",
    [
        'pkcs11_token = "x"', 'key_service = "https://bao.example/v1/transit"', 'key_service_token_file = "/x"',
        'key_service = "http://bao.example/v1/transit"\nkey_service_token_file = "/x"',
        'key_service = "https://bao.example/v1/transit/"\nkey_service_token_file = "/x"',
        'key_service = "https://u:p@bao.example/v1/transit"\nkey_service_token_file = "/x"',
    ],
)  # fmt: skip
def test_a_place_that_is_named_by_half_or_not_safely_is_refused(tmp_path: Path, said: str) -> None:

    file = tmp_path / "broker.toml"
    file.write_text(f'issuer = "{b.US}"\n{said}\n')
    with pytest.raises(SettingsError, match=r"come together|key_service: "):
        read_settings(file)
