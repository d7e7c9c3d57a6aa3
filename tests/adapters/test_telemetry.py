"""Spans as OpenTelemetry gets them: nested, named by us, and without a word of what went wrong."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from broker.adapters.telemetry import telling

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def spans(kept: InMemorySpanExporter) -> Iterator[ReadableSpan]:
    yield from kept.get_finished_spans()


def test_a_part_belongs_to_the_request_in_which_it_runs(kept: InMemorySpanExporter) -> None:
    with telling(kept, version="1") as tracer, tracer.serving("GET /a", "", route="/a") as span:
        with tracer.part("record", kind="a.kind"):
            pass
        span.note("status", 200)
    part, request = spans(kept)
    assert (part.name, request.name) == ("record", "GET /a")
    assert part.parent is not None
    assert part.parent.span_id == request.context.span_id
    assert dict(part.attributes or {}) == {"broker.kind": "a.kind"}
    assert dict(request.attributes or {}) == {"http.route": "/a", "http.response.status_code": 200}


def test_a_request_goes_on_with_the_trace_it_is_given_and_with_no_other(kept: InMemorySpanExporter) -> None:
    with telling(kept, version="1") as tracer:
        with tracer.serving("one", PARENT):
            pass
        with tracer.part("around"), tracer.serving("two", ""), tracer.serving("three", "nonsense"):
            pass
    one, three, two, _ = spans(kept)
    assert f"{one.context.trace_id:032x}" == PARENT.split("-")[1]
    assert two.parent is None
    assert three.parent is None


def test_what_went_wrong_is_not_told(kept: InMemorySpanExporter) -> None:
    with (
        telling(kept, version="1") as t,
        pytest.raises(ValueError, match="secret"),
        t.serving("one", ""),
        t.part("two"),
    ):
        raise ValueError("a secret")
    assert len(kept.get_finished_spans()) == 2
    for span in spans(kept):
        assert "secret" not in span.to_json()


@pytest.mark.parametrize("name", ["", "ours"])
def test_the_operator_may_name_the_service(
    name: str, kept: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", name)
    with telling(kept, version="1") as tracer, tracer.part("one"):
        pass
    (span,) = spans(kept)
    assert span.resource.attributes["service.name"] == (name or "ga4gh-access-broker")
