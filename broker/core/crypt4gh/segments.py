"""Where in the encrypted body of a Crypt4GH file is a byte of the plaintext? (Crypt4GH 1.0, section 3)

The body is segments of 64 KiB, each with a nonce before it and a MAC behind it; only the last one may be shorter.
Nothing in the format tells that whole segments are missing at the end: who registered a file knows how long it is.
"""

from broker.core.ranges import Span

PLAIN = 65_536
"""Bytes of plaintext in a full segment."""
OVERHEAD = 28
"""Bytes of nonce and MAC in each."""
SEALED = PLAIN + OVERHEAD


def plain_size(body: int) -> int:
    """How much plaintext an encrypted body of `body` bytes holds. ValueError: no body can be so long."""
    full, rest = divmod(body, SEALED)
    if 0 < rest <= OVERHEAD:
        raise ValueError("the last segment is cut off")
    return full * PLAIN + (rest - OVERHEAD if rest else 0)


def sealed_size(plain: int) -> int:
    """How long the body of `plain` bytes of plaintext is."""
    full, rest = divmod(plain, PLAIN)
    return full * SEALED + (rest + OVERHEAD if rest else 0)


def sealed_span(plain: Span, size: int) -> Span:
    """The bytes of the body whose segments hold these bytes of a plaintext of `size` bytes."""
    begin, end = plain.first // PLAIN, plain.last // PLAIN + 1
    return Span(begin * SEALED, min(end * SEALED, sealed_size(size)) - 1)


def plain_span(sealed: Span, size: int) -> Span:
    """The whole segments' plaintext out of which these bytes of a body of `size` bytes of plaintext are made."""
    begin, end = sealed.first // SEALED, sealed.last // SEALED + 1
    return Span(begin * PLAIN, min(end * PLAIN, size) - 1)
