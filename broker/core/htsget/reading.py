"""How does core read a file that it cannot open? It asks for spans, and somebody sends the bytes.

A `Reading` is a generator: it yields the span that it needs next, is sent just these bytes, and returns what it
found. Flows feed one from a repository, the catalogue from a file at hand; both by the same code here.
"""

from collections.abc import Generator
from typing import TypeVar

from broker.core.ranges import Span

T = TypeVar("T")
Reading = Generator[Span, bytes, T]


class MalformedError(ValueError):
    """The file or its index is not what its format demands. Of the message nothing comes from the file's content."""
