"""Where keys may be kept besides our own files, as the settings say."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

from broker.adapters.key_services.transit import TRANSIT, TransitKeys
from broker.adapters.keys import KeyStoreError, read_passphrase
from broker.config import Settings, SettingsError
from broker.ports.keys import KeyMaker


def key_makers(settings: Settings) -> Mapping[str, KeyMaker]:
    """By their names. Nothing is opened yet: that is for the first signature. SettingsError without the extra."""
    found: dict[str, KeyMaker] = {}
    if settings.pkcs11_module is not None and settings.pkcs11_token and settings.pkcs11_pin_file is not None:
        try:
            pkcs11 = import_module("broker.adapters.key_services.pkcs11")  # an extra: nobody else needs its packages
        except ImportError as missing:
            raise SettingsError(
                f"pkcs11_module: install ga4gh-access-broker[pkcs11]; {missing.name} is missing"
            ) from None
        pin = partial(_secret, settings.pkcs11_pin_file)
        found[pkcs11.PKCS11] = pkcs11.Pkcs11Keys(settings.pkcs11_module, settings.pkcs11_token, pin)
    if settings.key_service is not None and settings.key_service_token_file is not None:
        found[TRANSIT] = TransitKeys(settings.key_service, partial(_secret, settings.key_service_token_file))
    return found


def _secret(path: Path) -> bytes:
    """KeyStoreError if it is missing, empty, or readable by others."""
    if not path.exists():
        raise KeyStoreError(f"{path}: missing")
    return read_passphrase(path)
