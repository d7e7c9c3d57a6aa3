"""Keys on a PKCS#11 token: a hardware module, a smart card, or SoftHSM. (PKCS #11 v2.40, section 2.3 and 2.1)

One thread talks to the token: a session is for one thread at a time, and a token that hangs must not hold the loop.
A wrong PIN is shown once and never again until the next start: after a few wrong ones a token locks itself.
"""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pkcs11
from cryptography.hazmat.primitives import serialization
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from broker.adapters.keys import KeyStoreError
from broker.ports.keys import Algorithm, KeyServiceDownError

PKCS11 = "pkcs11"
_SECONDS = 5.0
"""For which a signature is waited for."""
_MAKING_SECONDS = 120.0
"""For which a new key is: a smart card takes its time."""
_WAITING = 200
"""Who may wait for the token at once; who comes then hears it at once."""
_RSA_BITS = 3072
_WRONG_PIN = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked, pkcs11.PinExpired)
_KINDS = {"ES256": pkcs11.KeyType.EC, "RS256": pkcs11.KeyType.RSA}
_STAYS = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}

T = TypeVar("T")


class Pkcs11Keys:
    """A ports.keys.KeyMaker. A key's name is its label. Trusted: the library runs in this process, and sees all."""

    def __init__(self, module: Path, token: str, pin: Callable[[], bytes], seconds: float = _SECONDS) -> None:
        """`module`: the library of the token's maker. `pin`: read when a session is opened, and not kept."""
        self._module, self._token, self._pin, self._seconds = module, token, pin, seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=PKCS11)
        self._waiting = 0
        self._session: Any = None
        self._keys: dict[tuple[str, str], Any] = {}
        self._locked_out = ""

    async def sign(self, key: str, algorithm: Algorithm, data: bytes) -> bytes:
        """See ports.keys.KeyService."""
        return await self._asked(partial(self._again, partial(self._signed, key, algorithm, data)), self._seconds)

    async def make(self, key: str, algorithm: Algorithm) -> bytes:
        """See ports.keys.KeyMaker."""
        return await self._asked(partial(self._made, key, algorithm), _MAKING_SECONDS)

    async def close(self) -> None:
        """End the session; the token is free for others."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.forget)
        self._thread.shutdown(wait=False)

    async def _asked(self, work: Callable[[], T], seconds: float) -> T:
        """`work`, in the thread of the token."""
        if self._waiting >= _WAITING:
            raise KeyServiceDownError(f"{PKCS11}: {_WAITING} wait for the token")
        self._waiting += 1
        answer = asyncio.get_running_loop().run_in_executor(self._thread, work)
        answer.add_done_callback(self._done)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(answer)
        except TimeoutError:
            raise KeyServiceDownError(f"{PKCS11}: no answer within {seconds:g} seconds") from None

    def _done(self, answer: "asyncio.Future[Any]") -> None:
        self._waiting -= 1
        if not answer.cancelled():
            answer.exception()  # of somebody who does not wait any more: nobody else looks at it

    # In the thread.

    def _again(self, work: Callable[[], T]) -> T:
        """A session that ended since it was opened, as when the token was taken out and put back, is opened anew."""
        fresh = self._session is None
        try:
            return self._tried(work)
        except KeyServiceDownError:
            if fresh or self._locked_out:
                raise
        return self._tried(work)

    def _tried(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except KeyStoreError as wrong:
            raise KeyServiceDownError(f"{PKCS11}: {wrong}") from None
        except (pkcs11.PKCS11Error, RuntimeError, OSError) as wrong:
            self.forget()
            raise KeyServiceDownError(f"{PKCS11}: {self._said(wrong)}") from None

    def _said(self, wrong: Exception) -> str:
        """What an operator can do something about, in words; of anything else, what the standard calls it."""
        if isinstance(wrong, _WRONG_PIN):
            self._locked_out = f"the token {self._token!r} does not take the PIN; it is not shown again"
            return self._locked_out
        if isinstance(wrong, pkcs11.NoSuchToken):
            return f"there is no token {self._token!r}"
        if isinstance(wrong, pkcs11.PKCS11Error) and type(wrong) is not pkcs11.PKCS11Error:
            return f"the token {self._token!r} says {type(wrong).__name__}"
        return f"{self._module} cannot be used as a library of PKCS#11"

    def _opened(self, *, writable: bool = False) -> Any:
        if self._locked_out:
            raise KeyServiceDownError(f"{PKCS11}: {self._locked_out}")
        if self._session is None:
            library = pkcs11.lib(str(self._module))
            library.reinitialize()  # what was there when it was first looked at may not be what is there now
            token = library.get_token(token_label=self._token)
            self._session = token.open(rw=writable, user_pin=self._text_of_pin())
        return self._session

    def _text_of_pin(self) -> str:
        try:
            return self._pin().decode()
        except UnicodeDecodeError:  # which says one of its bytes
            raise KeyStoreError("the PIN is no text in UTF-8") from None

    def forget(self) -> None:
        """End the session; the next signature opens another."""
        session, self._session = self._session, None
        self._keys.clear()
        if session is not None:
            try:
                session.close()
            except pkcs11.PKCS11Error:
                return  # it had ended

    def _signed(self, name: str, algorithm: Algorithm, data: bytes) -> bytes:
        key = self._keys.get((name, algorithm))
        if key is None:
            key = self._found(name, algorithm)
        if algorithm == "RS256":
            return bytes(key.sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))
        return bytes(key.sign(hashlib.sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA))

    def _found(self, name: str, algorithm: Algorithm) -> Any:
        session = self._opened()
        try:
            key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, key_type=_KINDS[algorithm], label=name)
        except pkcs11.NoSuchKey:
            raise KeyServiceDownError(f"{PKCS11}: the token {self._token!r} has no key {name}") from None
        except pkcs11.MultipleObjectsReturned:
            raise KeyServiceDownError(f"{PKCS11}: the token {self._token!r} has several keys {name}") from None
        self._keys[name, algorithm] = key
        return key

    def _made(self, name: str, algorithm: Algorithm) -> bytes:
        self.forget()
        try:
            return self._tried(partial(self._generated, name, algorithm))
        finally:
            self.forget()  # what signs needs no right to write

    def _generated(self, name: str, algorithm: Algorithm) -> bytes:
        session = self._opened(writable=True)
        if algorithm == "RS256":
            public, _ = session.generate_keypair(
                pkcs11.KeyType.RSA, _RSA_BITS, label=name, store=True, private_template=_STAYS
            )
            encoded = encode_rsa_public_key(public)
        else:
            curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
            public, _ = parameters.generate_keypair(label=name, store=True, private_template=_STAYS)
            encoded = encode_ec_public_key(public)
        return serialization.load_der_public_key(encoded).public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
