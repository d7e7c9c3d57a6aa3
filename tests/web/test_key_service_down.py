"""Whoever keeps our keys does not sign: what callers hear, and what goes on (T034)."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters.keys import Elsewhere, Key, KeyStore
from tests import builders as b
from tests.fakes import START
from tests.web.site import keys, signed_in, site

THERE = Elsewhere("pkcs11", "broker-oidc-es256-1", ec.generate_private_key(ec.SECP256R1()).public_key())


def kept_elsewhere() -> KeyStore:
    """A new key signs, which nobody keeps; the one before it is still believed."""
    return KeyStore(
        (*keys().keys, Key("oidc-es256", "new", START - 5, THERE), Key("ticket", "newer", START - 5, THERE))
    )


@pytest.mark.row("F87", "F93")
async def test_nothing_is_signed_everybody_hears_when_to_come_back_and_old_tokens_count(tmp_path: Path) -> None:
    async with site(tmp_path, *signed_in(b.ADA)) as s:
        hers = s.headers()
        s.tokens.adopt(kept_elsewhere())
        for path in ("/.well-known/authzen-configuration", "/readyz"):
            async with s.http.get(path) as answer:
                told = await answer.text()
            assert answer.status == 503, path
            assert "SRV-NO-SIGNATURE" in told + answer.headers.get("Reason-Code", "")
            assert answer.headers["Retry-After"]
            assert THERE.name not in told
        async with s.http.get("/api/v1/me", headers=hers) as answer:
            assert answer.status == 200
        s.tokens.adopt(keys())
        async with s.http.get("/readyz") as answer:
            assert answer.status == 200
