"""What every place that keeps keys must do: one body of tests for files, a PKCS#11 token and a key service."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broker.adapters import jose
from broker.adapters.key_services.files import FileKeys
from broker.adapters.key_services.transit import TransitKeys
from broker.adapters.keys import Elsewhere, Key, KeyStore, KeyStoreError
from broker.adapters.signing import OwnTokens
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP
from broker.flows.visas import VISA_TYPE
from broker.ports.keys import Algorithm, KeyServiceDownError
from tests import builders as b
from tests.conformance.key_places import LABEL, NAMES, PIN, TOKEN, Engine, Place, at_an_engine, on_a_token, softhsm
from tests.fakes import FakeClock
from tests.web.site import keys

DATA = b"header.claims"


class InFiles(FileKeys):
    """With what the others have besides, for this suite."""

    async def make(self, key: str, algorithm: Algorithm) -> bytes:
        raise NotImplementedError

    async def close(self) -> None:
        pass


@asynccontextmanager
async def in_files(folder: Path) -> AsyncIterator[Place]:
    del folder
    made: dict[Algorithm, Any] = {
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "RS256": rsa.generate_private_key(65537, 2048),
    }
    service = InFiles(Key("visa", NAMES[each], 0, made[each]) for each in NAMES)
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    held = dict(service._private)
    yield Place(
        service, {each: made[each].public_key().public_bytes(*form) for each in NAMES},
        service._private.clear, lambda: service._private.update(held),
    )  # fmt: skip


PLACES = {"files": in_files, "pkcs11": on_a_token, "transit": at_an_engine}


@pytest.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    made: Callable[[Path], AbstractAsyncContextManager[Place]] = PLACES[request.param]
    async with made(tmp_path) as found:
        yield found


def jwk(place: Place, algorithm: Algorithm) -> dict[str, str]:
    public: Any = serialization.load_der_public_key(place.public[algorithm])
    return jose.public_jwk(Elsewhere("x", "x", public), "k", algorithm)


async def is_good(place: Place, algorithm: Algorithm, data: bytes = DATA) -> bool:
    made = await place.service.sign(NAMES[algorithm], algorithm, data)
    return jose.check_signature(algorithm, jwk(place, algorithm), data, made)


@pytest.mark.row("F87")
async def test_what_it_signs_is_verified_with_the_public_half_of_that_key(place: Place) -> None:
    for algorithm in NAMES:
        assert await is_good(place, algorithm)
        other = b"x" * 100_000 + DATA
        assert await is_good(place, algorithm, other)
        made = await place.service.sign(NAMES[algorithm], algorithm, other)
        assert not jose.check_signature(algorithm, jwk(place, algorithm), DATA, made)


@pytest.mark.row("F87")
async def test_many_at_once_each_get_their_own(place: Place) -> None:
    said = [b"%d" % n for n in range(40)]
    assert all(await asyncio.gather(*(is_good(place, "ES256", one) for one in said)))


@pytest.mark.row("F87")
@pytest.mark.parametrize("algorithm", NAMES)
async def test_a_key_that_is_not_there_or_is_of_another_kind_signs_nothing(place: Place, algorithm: Algorithm) -> None:
    other: Algorithm = "RS256" if algorithm == "ES256" else "ES256"
    with pytest.raises(KeyServiceDownError):
        await place.service.sign("broker-nobody", algorithm, DATA)
    if not isinstance(place.service, TransitKeys):  # there the key knows its algorithm, and the signature is looked at
        with pytest.raises(KeyServiceDownError):
            await place.service.sign(NAMES[other], algorithm, DATA)
    assert await is_good(place, algorithm), "what was refused harms nobody"


@pytest.mark.row("F87")
async def test_away_nobody_signs_and_back_again_everybody_does(place: Place) -> None:
    assert await is_good(place, "ES256")
    place.end()
    for _ in range(2):
        with pytest.raises(KeyServiceDownError):
            await place.service.sign(NAMES["ES256"], "ES256", DATA)
    place.begin()
    assert await is_good(place, "ES256")
    assert await is_good(place, "RS256")


@pytest.mark.row("F87", "F88")
async def test_neither_it_nor_its_errors_show_a_secret(place: Place) -> None:
    place.end()
    with pytest.raises(KeyServiceDownError) as down:
        await place.service.sign(NAMES["ES256"], "ES256", DATA)
    for shown in (repr(place.service), str(down.value)):
        assert PIN.decode() not in shown
        assert TOKEN.decode() not in shown


# With the broker's own tokens.


def kept_at(place: Place) -> KeyStore:
    """The keys of a broker of which those for visas and access tokens are kept there."""
    public: Any = serialization.load_der_public_key(place.public["ES256"])
    there = Elsewhere("there", NAMES["ES256"], public)
    return KeyStore(
        tuple(
            Key(key.use, key.kid, 0, there if key.use in ("visa", "oidc-es256") else key.private) for key in keys().keys
        )
    )


@pytest.mark.row("F87")
async def test_without_it_there_are_no_tokens_and_verification_goes_on(place: Place) -> None:
    tokens = OwnTokens(kept_at(place), b.US, FakeClock().now, {"there": place.service})
    visa = await tokens.sign("visa", VISA_TYPE, {"jti": "v"})
    token = await tokens.sign("oidc-es256", ACCESS_TOKEN_TYP, {"jti": "t"})
    place.end()
    with pytest.raises(KeyServiceDownError):
        await tokens.sign("visa", VISA_TYPE, {"jti": "w"})
    assert tokens.read(visa, VISA_TYPE) == {"jti": "v"}
    assert tokens.read(token, ACCESS_TOKEN_TYP) == {"jti": "t"}
    with pytest.raises(KeyStoreError, match=r"visa|oidc-es256"):
        await tokens.prove(kept_at(place))
    place.begin()
    await tokens.prove(kept_at(place))


@pytest.mark.row("F87")
async def test_what_another_key_signed_is_never_handed_out(tmp_path: Path) -> None:
    async with in_files(tmp_path) as ours, in_files(tmp_path) as theirs:
        tokens = OwnTokens(kept_at(ours), b.US, FakeClock().now, {"there": theirs.service})
        with pytest.raises(KeyServiceDownError, match="another key"):
            await tokens.sign("visa", VISA_TYPE, {"jti": "v"})
        with pytest.raises(KeyServiceDownError, match="the settings say nothing of there"):
            await OwnTokens(kept_at(ours), b.US, FakeClock().now).sign("visa", VISA_TYPE, {})


# What is wrong with one of them, in words.


@pytest.mark.row("F87", "F95")
@pytest.mark.parametrize(
    ("module", "label", "pin", "said"),
    [
        ("/nowhere.so", LABEL, PIN, "/nowhere.so cannot be used as a library of PKCS#11"),
        ("", "another", PIN, "there is no token 'another'"),
        ("", LABEL, b"0000", "does not take the PIN"),
        ("", LABEL, b"4711\xff", "the PIN is no text in UTF-8"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_token_is_said(
    tmp_path: Path, module: str, label: str, pin: bytes, said: str
) -> None:
    async with on_a_token(tmp_path):
        from broker.adapters.key_services.pkcs11 import Pkcs11Keys  # noqa: PLC0415 (an extra)

        wrong = Pkcs11Keys(Path(module) if module else softhsm(), label, lambda: pin)
        with pytest.raises(KeyServiceDownError) as down:
            await wrong.sign(NAMES["ES256"], "ES256", DATA)
        assert said in str(down.value)
        assert pin.decode(errors="ignore") not in str(down.value)
        await wrong.close()


@pytest.mark.row("F87")
async def test_a_wrong_pin_is_shown_once_or_the_token_would_lock_itself(tmp_path: Path) -> None:
    async with on_a_token(tmp_path):
        from broker.adapters.key_services.pkcs11 import Pkcs11Keys  # noqa: PLC0415 (an extra)

        shown: list[int] = []

        def pin() -> bytes:
            shown.append(1)
            return b"0000"

        wrong = Pkcs11Keys(softhsm(), LABEL, pin)
        for _ in range(5):
            with pytest.raises(KeyServiceDownError, match="does not take the PIN"):
                await wrong.sign(NAMES["ES256"], "ES256", DATA)
        assert len(shown) == 1
        await wrong.close()


@pytest.mark.row("F87")
async def test_a_session_that_ended_behind_us_is_opened_anew_before_anybody_hears_of_it(tmp_path: Path) -> None:
    async with on_a_token(tmp_path) as place:
        import pkcs11  # noqa: PLC0415 (an extra)

        for algorithm in NAMES:
            assert await is_good(place, algorithm)
            pkcs11.lib(str(softhsm())).reinitialize()  # as when the token was taken out and put back
            assert await is_good(place, algorithm), "the first one who asks"


@pytest.mark.row("F87")
@pytest.mark.parametrize(
    "said",
    [lambda _: [], lambda _: {"data": None}, lambda _: {"data": {"signature": 7}}, lambda _: {"data": {"signature": "vault:v2:AAAA"}},
     lambda _: {"data": {"signature": "vault:v1:\u00e9"}}, lambda _: {"data": {"signature": "vault:v1:A"}}],
    ids=["list", "nothing", "number", "another version", "no base64", "cut"],
)  # fmt: skip
async def test_a_key_service_that_talks_nonsense_signs_nothing(said: Any) -> None:
    engine = Engine(keys={"k": ec.generate_private_key(ec.SECP256R1())}, said=said)
    async with TestServer(engine.application()) as server:
        service = TransitKeys(str(server.make_url("/v1/transit")), lambda: TOKEN, seconds=20)
        with pytest.raises(KeyServiceDownError):
            await service.sign("k", "ES256", DATA)
        await service.close()


@pytest.mark.row("F87")
async def test_a_key_service_that_does_not_answer_is_waited_for_so_long_and_a_wrong_token_is_refused() -> None:
    engine = Engine(keys={"k": ec.generate_private_key(ec.SECP256R1())}, slow=asyncio.Event())
    async with TestServer(engine.application()) as server:
        slow = TransitKeys(address := str(server.make_url("/v1/transit")), lambda: TOKEN, seconds=0.05)
        with pytest.raises(KeyServiceDownError, match=r"no answer within 0\.05 seconds"):
            await slow.sign("k", "ES256", DATA)
        stranger = TransitKeys(address, lambda: b"stranger", seconds=20)
        with pytest.raises(KeyServiceDownError, match="status 403"):
            await stranger.sign("k", "ES256", DATA)
        engine.slow.set()
        await asyncio.gather(slow.close(), stranger.close())


@pytest.mark.row("F87")
async def test_an_answer_of_a_key_service_may_come_in_pieces_and_ends_somewhere() -> None:
    signature = json.dumps({"data": {"signature": "vault:v1:" + "A" * 86}}).encode()
    sent = [signature[:20], signature[20:]]

    async def in_pieces(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for piece in sent:
            await answer.write(piece)
            for _ in range(50):
                await asyncio.sleep(0)  # whoever waits hears of this piece alone
        return answer

    app = web.Application()
    app.router.add_post("/v1/transit/sign/k/sha2-256", in_pieces)
    async with TestServer(app) as server:
        service = TransitKeys(str(server.make_url("/v1/transit")), lambda: TOKEN, seconds=20)
        assert await service.sign("k", "ES256", DATA) == bytes(64)
        sent[:] = [signature, b" " * 70_000]
        with pytest.raises(KeyServiceDownError, match="cannot be read"):
            await service.sign("k", "ES256", DATA)
        await service.close()
