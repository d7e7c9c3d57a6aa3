"""Which object does a proxy's URI name? Only one that cannot be read in two ways (adversarial row T103).

The proxy and whatever stands behind it decode and tidy URIs, each in its own way. So what any of them could change is
refused here: escapes, dot segments, empty segments, backslashes, queries. What is left is the same for all of them.
"""

import re

MOST = 1_024
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*")
_PREFIX = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*")
_DOTS = frozenset({".", ".."})


def below(uri: str, prefix: str) -> str | None:
    """What follows `prefix` in the raw request target `uri`; None unless every server reads it alike.

    `prefix`: begins and ends with a slash. `uri`: the origin form (RFC 9112 section 3.2.1), as it came.
    """
    if len(uri) > MOST or not _PREFIX.fullmatch(prefix) or not uri.startswith(prefix):
        return None
    rest = uri[len(prefix) :]
    if not _PLAIN.fullmatch(rest) or not _DOTS.isdisjoint((prefix + rest).split("/")):
        return None
    return rest
