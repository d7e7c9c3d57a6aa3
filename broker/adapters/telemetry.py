"""How do spans reach the operator's collector? By OpenTelemetry, over OTLP and HTTP. An extra: `traces`.

Where to, how many and under which name is said by the standard's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`,
`OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`). What an exception says is never sent: it may quote what somebody wrote.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from broker.ports.tracing import Fact, Span, Tracer

_NAME = "ga4gh-access-broker"
_W3C = TraceContextTextMapPropagator()
_CONVENTIONS = {
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "host": "server.address",
}


class _OtelSpan:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, name: str, value: Fact) -> None:
        self._span.set_attribute(_named(name), value)


class OtelTracer:
    """A ports.Tracer."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def serving(self, name: str, parent: str, **facts: Fact) -> Iterator[Span]:
        """See ports.Tracer."""
        # An empty context, not none: a connection's task may still hold the context of what opened it.
        before = _W3C.extract({"traceparent": parent}) if parent else trace.set_span_in_context(trace.INVALID_SPAN)
        with self._tracer.start_as_current_span(
            name,
            context=before,
            kind=trace.SpanKind.SERVER,
            attributes=_attributes(facts),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield _OtelSpan(span)

    @contextmanager
    def part(self, name: str, **facts: Fact) -> Iterator[Span]:
        """See ports.Tracer."""
        with self._tracer.start_as_current_span(
            name, attributes=_attributes(facts), record_exception=False, set_status_on_exception=False
        ) as span:
            yield _OtelSpan(span)


def _attributes(facts: dict[str, Fact]) -> dict[str, Fact]:
    return {_named(name): value for name, value in facts.items()}


def _named(name: str) -> str:
    """As OpenTelemetry's conventions for HTTP spans say; a name of ours is `broker.…`."""
    return _CONVENTIONS.get(name, f"broker.{name}")


@contextmanager
def telling(exporter: SpanExporter | None = None, *, version: str) -> Iterator[Tracer]:
    """The tracer; what is not sent on leaving is sent then. `exporter`: another one than OTLP, for tests."""
    ours = Resource({"service.name": _NAME, "service.version": version})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    try:
        yield OtelTracer(provider.get_tracer(_NAME, version))
    finally:
        provider.shutdown()
