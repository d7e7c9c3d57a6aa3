"""Proofs of possession (RFC 9449), judged for every door that takes them: ours as a server of tokens and of data.

A proof counts once. What was seen is kept in Scratch until the proof is too old anyway; if there is no room left,
or no answer, nothing is handed out (LedgerDownError).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.core.jws import CheckSignature
from broker.core.oidc import dpop_nonce
from broker.core.oidc.bearer import Shown
from broker.core.oidc.dpop import Proof, Sent, read_proof, seal
from broker.core.oidc.errors import OAuthError
from broker.core.time import Seconds
from broker.ports import Scratch

SEEN = "dpop_proof"
"""The kind of Scratch that holds what was seen."""
SEEN_OF_STRANGERS = "dpop_proof_public"
"""The same for who only says a public client's name: filling it up stops nobody who proved who they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What judging takes. `nonce_key`: 32 bytes or more, the same in every process; `nonces`: everybody needs one."""

    check: CheckSignature
    scratch: Scratch
    nonce_key: bytes
    nonces: bool = False

    def nonce(self, now: Seconds) -> str:
        """The nonce to give out now (`DPoP-Nonce`)."""
        return dpop_nonce.current(self.nonce_key, now)

    def judge(
        self, sent: Sent, now: Seconds, *, nonce: bool = False, access_token: str | None = None
    ) -> Proof | OAuthError:
        """The proof that came with a request. Whether it came before is another question (`first_use`).

        `nonce`: must this client use our nonces, whatever holds for the others?
        """
        claimed = read_proof(sent, now, access_token)
        proof = claimed if isinstance(claimed, OAuthError) else seal(claimed, self.check)
        if isinstance(proof, OAuthError):
            return proof
        if (nonce or self.nonces) and not dpop_nonce.is_ours(self.nonce_key, proof.nonce, now):
            return OAuthError.DPOP_NONCE
        return proof

    async def first_use(self, proof: Proof, now: Seconds, *, stranger: bool = False) -> OAuthError | None:
        """None the first time, and DPOP_REPLAYED ever after. `stranger`: has its sender not proved who they are?"""
        kind = SEEN_OF_STRANGERS if stranger else SEEN
        first = await self.scratch.add(kind, proof.once, {}, proof.ends, now)
        return None if first else OAuthError.DPOP_REPLAYED

    async def with_passports(self, sent: Sent, keys: Sequence[str], now: Seconds) -> OAuthError | None:
        """May Passports that are bound to `keys` be used by who sent this? None of them bound: anybody may."""
        if not keys:
            return None
        if not sent.proofs:
            return OAuthError.DPOP_NEEDED
        proof = self.judge(sent, now)
        if isinstance(proof, OAuthError):
            return proof
        return OAuthError.TOKEN_BOUND if {*keys} != {proof.jkt} else await self.first_use(proof, now)

    async def at_resource(self, shown: Shown, jkt: str | None, now: Seconds, *, nonce: bool) -> OAuthError | None:
        """May this access token be used as it was sent? `jkt`: the key that it is bound to (section 7).

        A bound token is refused as a bearer token, and with anybody else's key; one that is not bound is
        refused in the scheme of those that are. Ask last: it marks the proof as used.
        """
        if jkt is None:
            return None if shown.scheme == "Bearer" else OAuthError.TOKEN_INVALID
        if shown.scheme == "Bearer":
            return OAuthError.TOKEN_BOUND
        proof = self.judge(shown.sent, now, nonce=nonce, access_token=shown.token)
        if isinstance(proof, OAuthError):
            return proof
        return OAuthError.TOKEN_BOUND if proof.jkt != jkt else await self.first_use(proof, now)
