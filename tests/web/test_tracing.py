"""Traces: one trace leads from a request to its parts, by the id that log, answer and entry have; nobody is in it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from broker.adapters.telemetry import telling
from broker.app import opened, serving
from broker.config import Settings
from broker.state import make_state
from broker.web.edge import Edge, networks
from tests import builders as b
from tests.web.site import site

pytestmark = pytest.mark.row("F94")
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OURS = networks(("127.0.0.1",))


async def traced(folder: Path, path: str, edge: Edge | None = None, **headers: str) -> tuple[Any, list[Any], Any]:
    """The answer, the spans, the last entry."""
    kept = InMemorySpanExporter()
    with telling(kept, version="1") as tracer:
        async with site(folder, edge=edge, tracer=tracer) as s:
            got = await s.http.get(path, headers=s.headers() | headers)
            await got.read()
            entry = next(reversed(s.stage.ledger.entries), None)
    return got, list(kept.get_finished_spans()), entry


async def test_a_request_its_record_and_its_entry_have_one_id(tmp_path: Path) -> None:
    got, spans, entry = await traced(tmp_path, f"/ga4gh/drs/v1/objects/{b.ONE}/access/https")
    request = next(one for one in spans if one.name.startswith("GET "))
    record = next(one for one in spans if one.name == "record")
    assert request.name == "GET /ga4gh/drs/v1/objects/{object_id}/access/{access_id}"
    assert request.attributes["http.response.status_code"] == got.status == 200
    assert request.attributes["broker.request"] == got.headers["X-Request-ID"] == entry.about["http_request"]
    assert record.parent.span_id == request.context.span_id
    assert record.attributes["broker.kind"] == entry.kind


async def test_no_span_names_a_person_an_object_or_a_token(tmp_path: Path) -> None:
    token = {"Authorization": "Bearer not-a-token-but-secret"}
    for more in ({}, token):
        sent = more | {"X-Request-ID": "ada.of.rhine"}
        _, spans, _ = await traced(tmp_path, f"/ga4gh/drs/v1/objects/{b.ONE}/access/https", None, **sent)
        assert spans
        told = "".join(one.to_json() for one in spans)
        for secret in (str(b.ONE), str(b.ADA), str(b.GRANT), "not-a-token", "ada.of.rhine"):
            assert secret not in told


@pytest.mark.parametrize(("proxies", "goes_on"), [((), False), (OURS, True)], ids=["stranger", "proxy of ours"])
async def test_only_a_proxy_of_ours_says_which_trace_goes_on(tmp_path: Path, proxies: Any, goes_on: bool) -> None:  # noqa: FBT001
    _, spans, _ = await traced(tmp_path, "/healthz", Edge(proxies=proxies), traceparent=PARENT)
    (request,) = spans
    assert (f"{request.context.trace_id:032x}" == PARENT.split("-")[1]) is goes_on


async def test_a_collector_is_told_over_otlp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[ExportTraceServiceRequest] = []

    async def take(request: web.Request) -> web.Response:
        told.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    async with TestServer(app) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", str(collector.make_url("")))
        settings = Settings(issuer="http://127.0.0.1:1", state=tmp_path / "s", mode="example", port=0, traces=True)
        make_state(settings)
        async with opened(settings) as running, serving(running, settings) as port, ClientSession() as http:
            await (await http.get(f"http://127.0.0.1:{port}/healthz")).read()
    names = [span.name for one in told for r in one.resource_spans for s in r.scope_spans for span in s.spans]
    assert "GET /healthz" in names


def test_without_the_extra_a_broker_that_should_trace_does_not_start(tmp_path: Path) -> None:
    script = "import sys; sys.modules['opentelemetry'] = None; from broker.__main__ import main; main()"
    env = {**os.environ, "BROKER_ISSUER": "http://127.0.0.1:1", "BROKER_STATE": str(tmp_path / "s")} | {
        "BROKER_MODE": "example", "BROKER_TRACES": "true", "BROKER_PORT": "0",
    }  # fmt: skip
    run(script, "init", env)
    said = run(script, "serve", env, fails=True)
    assert said.strip().endswith("install ga4gh-access-broker[traces]; opentelemetry is missing")
    assert "Traceback" not in said


def run(script: str, verb: str, env: Mapping[str, str], *, fails: bool = False) -> str:
    done = subprocess.run([sys.executable, "-c", script, verb], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) is fails, done.stderr
    return done.stderr
