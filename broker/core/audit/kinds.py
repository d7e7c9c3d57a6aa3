"""Which events the log knows: a closed list. A stored word is never renamed, nor given another meaning."""

from collections.abc import Mapping
from types import MappingProxyType

KINDS: Mapping[str, str] = MappingProxyType({
    # signing in, and what identities hang together
    "sign_in.ok": "somebody signed in through a home identity provider",
    "sign_in.refused": "a sign-in by an identity that could be named was refused",
    "session.attested": "somebody attested in which country they are, for the rest of their session",
    "logout.told": "a client was told, and took note, that a session had ended",
    "logout.untold": "a client did not take note within a day that a session had ended",
    "session.ended": "a session was ended before its time",
    "person.made": "somebody was met for the first time and got a `sub` of ours",
    "identity.linked": "one more identity of the same person was joined to theirs",
    "person.erased": "the key to a person's pseudonym was destroyed; `ground` says on which legal basis",
    "person.exported": "a person's data were handed out to them",
    # OAuth 2.0 and OpenID Connect
    "client.registered": "a client was registered or changed",
    "code.issued": "an authorisation code was given to a client",
    "token.issued": "tokens were issued to a client",
    "token.refused": "a known client or person was refused a token",
    "token.revoked": "a token and everything that descends from it was ended",
    "token.replayed": "a code or refresh token was used twice; its whole family was ended",
    "passport.issued": "a Passport was issued, with the visas that `visas` names by jti",
    "passport.refused": "a Passport was refused",
    # asking for data, and the committee's answer
    "request.submitted": "a researcher asked a committee for a dataset",
    "request.changed": "a request moved to another state that gives no right",
    "request.approved": "a committee approved a request",
    "request.rejected": "a committee rejected a request",
    "request.withdrawn": "a researcher took a request back",
    "finding.given": "who may answer an open question answered it",
    "grant.given": "a grant came into being",
    "grant.revoked": "a grant was ended before its time",
    "assertion.made": "a source said something of somebody, from which visas are minted",
    "assertion.changed": "what a source said was corrected",
    "assertion.ended": "what a source said holds no longer",
    "terms.accepted": "somebody accepted terms of use here",
    "visa.gathered": "visas of another issuer about somebody were taken in, or dropped out; `via` says how",
    "visa.minted": "a visa was signed; `jti` names it",
    "visa.polled": "a Visa Access Token of another issuer is watched; `result` says what was answered",
    "visa.revoked": "a visa of ours was ended before its time",
    # deciding
    "decision.made": "the question was answered; `trace` is the digest of all that was read and said",
    "access.permitted": "an access to one object was permitted",
    "access.refused": "an access to one object was refused",
    # bytes
    "download.authorised": "bytes up to the range given may have left from here on",
    "download.refused": "a request for bytes was refused",
    "download.end": "a delivery ended; `sent` bytes were handed to the kernel",
    "download.unknown_end": "a delivery was open when the process ended; nobody knows how much left",
    "download.cut": "a running delivery was cut, because the right to it ended",
    # whose data they are
    "consent.changed": "a participant's, family's or community's consent got a new version",
    "consent.withdrawn": "a consent was withdrawn",
    # how the broker itself is set up
    "catalogue.applied": "a catalogue file was applied: trust, datasets, committees, repositories",
    "role.granted": "somebody got a role",
    "role.ended": "somebody lost a role",
    "issuer.registered": "a visa issuer was registered, or its row was changed; `fields` says what",
    "issuer.suspended": "a visa issuer or identity provider is trusted no longer",
    "issuer.resumed": "a suspended visa issuer is trusted again",
    "issuer.removed": "a visa issuer was removed for good",
    "issuer.keys": "the keys of a visa issuer were fetched anew because somebody asked for it",
    "idp.registered": "a home identity provider was registered, or its row was changed; `fields` says what",
    "idp.suspended": "a home identity provider lets nobody in any more, and its sessions rest",
    "idp.resumed": "a suspended home identity provider lets people in again",
    "idp.removed": "a home identity provider was removed for good, and its sessions with it",
    "client.suspended": "a client gets nothing any more, and its tokens rest",
    "client.resumed": "a suspended client may work again",
    "client.removed": "a client was removed for good, and its tokens with it",
    "client.secret": "a client got a new secret",
    "key.made": "a signing key was made",
    "key.rotated": "a signing key took the place of another",
    "key.revoked": "a signing key was withdrawn",
    "audit.read": "somebody read entries of the log",
    "revocation.made": "something else was ended before its time; `what` and `value` say what",
    # the log about itself
    "log.created": "the first entry of every log: its `origin`",
    "clock.step": "the clock went back, from `before` to `after`, by more than two seconds",
    "noise.counted": "unauthenticated refusals of one minute, counted and not listed",
})  # fmt: skip
"""Kind of entry to what it says."""
