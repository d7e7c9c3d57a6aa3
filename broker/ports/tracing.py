"""Where does the time of a request go? Spans, for who follows requests through several systems.

A span never holds what a path, a body or a header said: only which of our routes, kinds and codes it was.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Fact = str | int


class Span(Protocol):
    """Something that takes time, while it runs."""

    def note(self, name: str, value: Fact) -> None:
        """Say something of it that was not known when it began."""
        ...


class Tracer(Protocol):
    """Who is told of spans. Never raises."""

    def serving(self, name: str, parent: str, **facts: Fact) -> AbstractContextManager[Span]:
        """A request that came in; `parent`: the W3C `traceparent` to go on with, or empty."""
        ...

    def part(self, name: str, **facts: Fact) -> AbstractContextManager[Span]:
        """A part of what is going on now."""
        ...


class _Unseen:
    def note(self, name: str, value: Fact) -> None:
        pass


_NOTHING: AbstractContextManager[Span] = nullcontext(_Unseen())


class Untraced:
    """The Tracer of a broker that tells nobody."""

    def serving(self, name: str, parent: str, **facts: Fact) -> AbstractContextManager[Span]:
        del name, parent, facts
        return _NOTHING

    def part(self, name: str, **facts: Fact) -> AbstractContextManager[Span]:
        del name, facts
        return _NOTHING


UNTRACED: Tracer = Untraced()
