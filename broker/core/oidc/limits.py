"""How long does each thing live, and how large may each input be? One table (rulings 15, 16 and 17).

Lives are in seconds and belong to us: dead at `now >= end`, no leeway. `LEEWAY` is for other people's clocks.
"""

from collections.abc import Mapping
from types import MappingProxyType

from broker.core.time import Seconds

CODE_LIFE = 60
ACCESS_TOKEN_LIFE = 600
ID_TOKEN_LIFE = 600
PASSPORT_LIFE = 3600
TASK_LIFE = 30 * 86_400
"""The longest that work may go on without its person."""
TASKS_OF_A_PERSON = 100
"""Tasks that one person may have at a time."""
DEVICE_LIFE = 600
"""How long a device waits for its user (RFC 8628 section 3.2 `expires_in`)."""
DEVICE_INTERVAL = 5
"""Seconds between two polls, and what `slow_down` adds (RFC 8628 section 3.5)."""
USER_CODE_TRIES = 5
"""Wrong user codes that one session may type within `DEVICE_LIFE` (RFC 8628 section 5.1)."""
MAX_INSTALLATIONS = 20
"""Computers that one person may have connected at a time, each a client of its own (ruling 14)."""
REFRESH_GRACE = 10
"""For so long after its first use a refresh token gives the same result again (ruling 18)."""
PENDING_SIGN_IN_LIFE = 600
ASSERTION_LIFE = 300
"""How long a client's assertion may live (RFC 7523 section 3): as long as its `jti` must be remembered."""
PUSHED_LIFE = 60
"""How long a pushed authorization request waits for its browser (RFC 9126 section 2.2)."""
MAX_REGISTRATION = 32 * 1024
"""Bytes of a client's description of itself (RFC 7591)."""
MAX_REDIRECTS = 10
"""Addresses that a client may register for itself."""
MAX_AUTHORIZATION = 30 * 1024
"""Bytes of an authorization request: it is kept while the person is asked, and must fit into Scratch."""
PENDING_PER_BROWSER = 5
"""Sign-ins that one browser may have begun and not ended; of more, the oldest is forgotten (T058)."""
MAX_IDENTITIES = 10
"""Identities that one person may have linked, their own included."""
LINK_SIGN_IN_AGE = 900
"""How long ago the sign-in may be by which somebody links another identity: a link outlives a stolen session."""
LINK_PROOF_LIFE = 600
"""How long the second sign-in waits to be confirmed."""
LEEWAY = 30
LOGOUT_TOKEN_AGE = 600
"""How old a home provider's logout token may be, whatever its `exp` says."""
FAREWELL_LIFE = 86_400
"""For so long a client that does not answer is told again that a session has ended."""
FAREWELL_DELAYS = (5, 30, 120, 600, 3600)
"""Seconds before the second attempt, the third, and so on; the last of them again and again."""

NONCE_LIFE = 300
"""For so long one DPoP nonce is given out; for as long again it is taken."""
MAX_PROOF = 8 * 1024
"""Characters of a DPoP proof: an RSA key of 8192 bits and its signature are less."""
MAX_JTI = 256
"""Characters of a `jti`, of a proof or of a client's assertion."""

SECRET_BYTES = 32
"""Entropy of a code, a refresh token, a device code, a state, a nonce, a verifier: 256 bits."""

MIN_KEY_BYTES = 32
"""Of a key from which we compute what nobody may guess."""

MAX_FORM = 64 * 1024
"""Bytes of a query or form body."""
MAX_TOKEN_FORM = 2 * 1024 * 1024
"""Bytes of a form that may hold a Passport: introspection and revocation."""
MAX_TOKEN = 1024 * 1024
"""Bytes of a token that is looked at; a Passport is the longest (ruling 17)."""
MAX_VISAS = 500
MAX_VISA_BYTES = 1024 * 1024 * 3 // 4 - 4096
"""Visas of one Passport and their bytes: base64 makes four of three, and the whole stays below `MAX_TOKEN`."""
MAX_BEARER = 16 * 1024
"""Bytes of an access token of ours."""
MAX_PARAMETERS = 64
MAX_TARGETS = 20
"""`resource` and `audience` parameters in one request."""
MAX_VALUE = 2048
"""Characters of a parameter that `VALUE_LIMITS` does not name."""

VALUE_LIMITS: Mapping[str, int] = MappingProxyType({
    "client_id": 256,
    "nonce": 512,
    "dpop_jkt": 43,
    "login_hint": 256,
    "user_code": 64,
    "claims": 8 * 1024,
    "id_token_hint": 16 * 1024,
    "logout_token": 16 * 1024,
    "client_assertion": 16 * 1024,
    "installation": 4 * 1024,
    "subject_token": 32 * 1024,
    "actor_token": 32 * 1024,
    "request": 32 * 1024,
    "token": MAX_TOKEN_FORM,
})  # fmt: skip
"""Characters of the parameters that have a limit of their own."""


def until(now: Seconds, life: int, *ends: Seconds) -> Seconds:
    """The end of what begins `now` and lives `life` seconds, but never outlives any of `ends`."""
    return Seconds(min((now + life, *ends)))
