"""Keys rotate under load, and not one request fails: with a real folder, real signatures and a clock of our own (T034)."""

import asyncio
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters import jose
from broker.adapters.key_ring import KeyRing
from broker.adapters.key_services.files import FileKeys
from broker.adapters.keys import (
    USES,
    Key,
    KeyStoreError,
    make_key,
    make_passphrase,
    note_elsewhere,
    open_keys,
    read_passphrase,
)
from broker.adapters.signing import OwnTokens, life_of, own_trust
from broker.core.jobs import Jobs
from broker.core.oidc.key_life import JWKS_SECONDS, LIVES, PREPUBLISH
from broker.core.passport.compact import Compact, parse
from broker.core.time import Seconds
from broker.flows.note_keys import FoundKey, note_keys
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.introspect import introspect
from broker.flows.oauth.revoke import revoke
from broker.flows.visas import VISA_SECONDS, VISA_TYPE
from tests import builders as b
from tests.fakes import START, signed
from tests.flows.oauth import fakes_oauth as oauth
from tests.flows.worlds import Stage, stage

PASSPORT, ACCESS = "vnd.ga4gh.passport+jwt", "at+jwt"


@cache
def first_keys() -> Path:
    """A folder with a passphrase and a key of each use: made once, for RSA keys take a second."""
    made = Path(tempfile.mkdtemp())
    make_passphrase(made / "passphrase", b"p" * 32)
    (made / "keys").mkdir()
    for use in USES:
        make_key(made / "keys", use, read_passphrase(made / "passphrase"), START - 10_000)
    return made


class Rotating:
    """A key folder, the ring that looks at it, and what signs with it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.secret = folder / "keys", folder / "passphrase"
        shutil.copytree(first_keys(), folder, dirs_exist_ok=True)
        self.stage: Stage = stage()
        store = open_keys(self.folder, self.secret)
        self.tokens = OwnTokens(store, b.US, self.stage.clock.now)
        self.ring = KeyRing(self.folder, self.secret, self._note, self._adopt, self.tokens.prove)

    def make(self, use: Any, *, urgent: bool = False) -> str:
        return make_key(self.folder, use, read_passphrase(self.secret), self.stage.clock.now(), urgent=urgent).kid

    async def _note(self, found: Any) -> Any:
        return await note_keys(
            self.stage.world, [FoundKey(kid=k.kid, use=k.use, made=Seconds(k.made), urgent=k.urgent) for k in found]
        )

    async def _adopt(self, store: Any) -> None:
        self.tokens.adopt(store)
        self.stage.live.as_ourselves(own_trust(self.tokens, b.US))


def opened(token: str) -> Compact:
    parsed = parse(token, 1 << 20, "PASSPORT")
    assert isinstance(parsed, Compact)
    return parsed


class Caching:
    """A client that keeps a key set for as long as it was told, and asks for no key that it does not know."""

    def __init__(self, fetch: Any) -> None:
        self._fetch = fetch
        self._keys: dict[str, Any] = {}
        self._until = 0

    def verifies(self, token: str, now: int) -> bool:
        if now >= self._until:
            self._keys = {key["kid"]: key for key in self._fetch()["keys"]}
            self._until = now + JWKS_SECONDS
        parsed = opened(token)
        key = self._keys.get(parsed.header["kid"])
        return key is not None and jose.check_signature(
            key["alg"],
            key,
            parsed.signing_input,
            parsed.signature,
        )


@pytest.mark.row("T034", "T028", "F86")
async def test_not_one_request_fails_over_two_rotations(tmp_path: Path) -> None:
    """Clients began to cache at every second there is; tokens are used until they end."""
    r = Rotating(tmp_path)
    await r.ring.look()
    clients = [Caching(r.tokens.jwks) for _ in range(60)]
    visitors = [Caching(r.tokens.visa_jwks) for _ in range(60)]
    alive: list[tuple[str, int, str]] = []
    signers: set[str] = set()
    for step in range(0, 3000, 5):
        now = r.stage.clock.now()
        if step in (400, 1700):
            r.make("oidc-es256")
            r.make("visa")
        await r.ring.look()
        alive.append((signed(r.tokens, "oidc-es256", ACCESS, {"n": step}), now + LIVES[ACCESS], ACCESS))
        alive.append((signed(r.tokens, "visa", VISA_TYPE, {"n": step}), now + VISA_SECONDS, VISA_TYPE))
        alive = [one for one in alive if now < one[1]]
        for token, _, typ in (*alive[:2], *alive[-2:]):
            assert r.tokens.read(token, typ) is not None, (step, typ)
            chosen = (visitors if typ == VISA_TYPE else clients)[step // 5 % 60]
            assert chosen.verifies(token, now), (step, typ)
            signers.add(opened(token).header["kid"])
        r.stage.clock.advance(5)
    assert len(signers) == 6
    assert r.stage.kinds().count("key.rotated") == 4


@pytest.mark.row("T034")
async def test_a_retired_key_is_believed_for_as_long_as_each_kind_of_token_lives(tmp_path: Path) -> None:
    r = Rotating(tmp_path)
    await r.ring.look()
    tokens = {
        typ: signed(r.tokens, "oidc-es256", typ, {}) for typ in (ACCESS, PASSPORT, "task+jwt", "duo-permission+jwt")
    }
    kid = opened(tokens[ACCESS]).header["kid"]
    r.make("oidc-es256")
    await r.ring.look()
    r.stage.clock.advance(PREPUBLISH)
    retired = r.stage.clock.now()
    for typ, token in tokens.items():
        r.stage.clock.time = Seconds(retired + LIVES[typ] - 1)
        assert r.tokens.read(token, typ) is not None, typ
        r.stage.clock.time = Seconds(retired + LIVES[typ])
        assert r.tokens.read(token, typ) is None, typ
    published = [key["kid"] for key in r.tokens.jwks()["keys"]]  # type: ignore[attr-defined]
    assert kid not in published
    r.stage.clock.time = Seconds(retired + life_of("oidc-es256") - 1)
    assert kid in [key["kid"] for key in r.tokens.jwks()["keys"]]  # type: ignore[attr-defined]


async def test_an_urgent_key_signs_at_the_next_look(tmp_path: Path) -> None:
    r = Rotating(tmp_path)
    await r.ring.look()
    kid = r.make("visa", urgent=True)
    await r.ring.look()
    assert opened(signed(r.tokens, "visa", VISA_TYPE, {})).header["kid"] == kid


@pytest.mark.row("T029", "F86")
async def test_a_key_that_is_taken_away_is_believed_no_more(tmp_path: Path) -> None:
    r = Rotating(tmp_path)
    await r.ring.look()
    token = signed(r.tokens, "visa", VISA_TYPE, {})
    (old,) = r.folder.glob("visa.*.pem")
    r.make("visa", urgent=True)
    old.unlink()
    await r.ring.look()
    assert r.tokens.read(token, VISA_TYPE) is None
    assert len(r.tokens.visa_jwks()["keys"]) == 1  # type: ignore[arg-type]
    assert all(key["kid"] not in old.name for key in r.stage.live.current().own.keys)


async def test_a_folder_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    r = Rotating(tmp_path)
    await r.ring.look()
    before = r.tokens.jwks()
    (r.folder / "visa.1.garbage.pem").write_text("half a key")
    (r.folder / "visa.1.garbage.pem").chmod(0o600)
    with pytest.raises(KeyStoreError):
        await r.ring.look()
    assert r.tokens.jwks() == before
    jobs = Jobs()
    looking = asyncio.create_task(r.ring.look_on(jobs.turns("keys", 3600, lambda: Seconds(0)), 3600))
    r.ring.asked.set()
    while jobs.told()[0].outcome != "failed":  # noqa: ASYNC110 (turns of the loop, not time)
        await asyncio.sleep(0)
    assert jobs.told()[0].failures == 1
    (r.folder / "visa.1.garbage.pem").unlink()
    kid = r.make("visa", urgent=True)
    r.ring.asked.set()
    while kid not in [key["kid"] for key in r.tokens.visa_jwks()["keys"]]:  # type: ignore[attr-defined]  # noqa: ASYNC110
        await asyncio.sleep(0)
    while jobs.told()[0].outcome != "done":  # noqa: ASYNC110
        await asyncio.sleep(0)
    looking.cancel()


@pytest.mark.row("T035")
async def test_published_keys_have_no_private_half(tmp_path: Path) -> None:
    r = Rotating(tmp_path)
    await r.ring.look()
    for document in (r.tokens.jwks(), r.tokens.visa_jwks()):
        for key in document["keys"]:  # type: ignore[attr-defined]
            assert set(key) <= {"kty", "kid", "use", "alg", "crv", "x", "y", "n", "e"}


async def test_what_is_derived_from_keys_does_not_change_with_a_rotation(tmp_path: Path) -> None:
    """A repeat of a refresh within its grace gives the same token over a rotation."""
    r = Rotating(tmp_path)
    before = open_keys(r.folder, r.secret).secret("refresh")
    r.make("ticket", urgent=True)
    assert open_keys(r.folder, r.secret).secret("refresh") == before


@pytest.mark.row("T034")
async def test_a_token_of_a_retired_key_is_introspected_renewed_and_revoked(tmp_path: Path) -> None:
    r, w = Rotating(tmp_path), oauth.World()
    r.stage.clock = w.clock
    await r.ring.look()
    tokens = OwnTokens(open_keys(r.folder, r.secret), oauth.ISSUER, w.clock.now)
    w.d = replace(w.d, signer=tokens, reader=tokens)
    got = await w.tokens()
    old = opened(got.access_token).header["kid"]
    r.make("oidc-es256", urgent=True)
    tokens.adopt(open_keys(r.folder, r.secret))
    again = await w.post(grant_type="refresh_token", refresh_token=got.refresh_token)
    assert opened(again.access_token).header["kid"] != old
    assert isinstance(await w.exchange(got.access_token), Tokens)
    form = f"token={got.access_token}".encode()
    assert (await introspect(w.d, oauth.basic("app"), form))["active"] is True  # type: ignore[index]
    assert await revoke(w.d, oauth.basic("app"), form) is None
    assert await introspect(w.d, oauth.basic("app"), form) == {"active": False}


@pytest.mark.row("F87")
async def test_a_key_that_is_kept_elsewhere_is_adopted_when_it_can_sign_and_not_before(tmp_path: Path) -> None:
    r = Rotating(tmp_path)
    await r.ring.look()
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    before = opened(await r.tokens.sign("visa", VISA_TYPE, {})).header["kid"]
    kid = note_elsewhere(r.folder, "visa", "there", "k", der, r.stage.clock.now(), urgent=True).kid
    with pytest.raises(KeyStoreError, match=f"visa {kid}: the settings say nothing of there, where k is kept"):
        await r.ring.look()
    assert opened(await r.tokens.sign("visa", VISA_TYPE, {})).header["kid"] == before
    services = {"there": FileKeys([Key("visa", "k", 0, private)])}
    r.tokens = OwnTokens(r.tokens._keys, b.US, r.stage.clock.now, services)
    ring = KeyRing(r.folder, r.secret, r._note, r._adopt, r.tokens.prove)
    await ring.look()
    assert opened(await r.tokens.sign("visa", VISA_TYPE, {})).header["kid"] == kid
