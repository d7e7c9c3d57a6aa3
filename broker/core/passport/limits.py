"""How large may what strangers send be, how long may it live, whose clock may be wrong? (rulings 16 and 17)

One table. Each limit is tested at n and at n + 1; whichever is passed first refuses, by name, and nothing is
ever silently cut.
"""

from broker.core.time import Seconds

VISA_BYTES = 16 * 1024
"""One visa, as it is sent."""
PASSPORT_VISAS = 500
PASSPORT_BYTES = 1024 * 1024
REQUEST_PASSPORTS = 10
REQUEST_BYTES = 4 * 1024 * 1024
"""All Passports of one request together."""

TOO_LARGE = frozenset({"VISA-TOO-LARGE", "PASSPORT-TOO-LARGE", "PASSPORT-TOO-MANY-VISAS", "PASSPORT-TOO-MANY"})
"""The reasons that HTTP answers with 413."""

TEXT = 255
"""Characters of an `iss`, `sub`, `jti`, `kid` or URL claim (Passport "URL Claims"; OpenID Connect Core 2)."""

LEEWAY = Seconds(30)
"""For other people's clocks, and theirs alone: alive while `now < exp + LEEWAY` and `now >= nbf - LEEWAY`."""
VISA_LIFETIME = Seconds(366 * 86400)
"""Longest `exp - iat` of a visa whose trust row does not say otherwise: what REMS issues by default."""
PASSPORT_LIFETIME = Seconds(86400)
VISA_ACCESS_TOKEN_AGE = Seconds(3600)
"""How long a Visa Access Token counts without asking its issuer again (AAI, C7; `polling.py`)."""

CONDITION_GROUPS = 16
"""Alternatives (OR) in one visa's `conditions`."""
CONDITION_CLAUSES = 16
"""Clauses (AND) in one alternative."""
CONDITION_WORK = 2_000_000
"""Characters that all conditional visas of one caller may make us look at: well under a second."""
PATTERN = 16 * 1024
"""Characters of a pattern, and of a text that it is compared with: no visa holds more."""

KEYS = 100
"""Members of a JWK Set."""
KEY_SET_BYTES = 256 * 1024
