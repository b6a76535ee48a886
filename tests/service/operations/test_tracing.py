from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from draft import of_2026
from office import Office
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service import tracing
from service.tracing import ALLOWED, Step, step, trace_of

CANARY = "canary7f3a"
_EXPORTER = InMemorySpanExporter()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Return where spans end up; the library lets a process choose its provider once."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(_EXPORTER))
        trace.set_tracer_provider(provider)
    _EXPORTER.clear()
    yield _EXPORTER
    _EXPORTER.clear()


def _written(exporter: InMemorySpanExporter) -> str:
    """Return everything that would be sent."""
    return "".join(span.to_json() for span in exporter.get_finished_spans())


def _named(exporter: InMemorySpanExporter, trace_id: str) -> list[str]:
    return [span.name for span in exporter.get_finished_spans() if f"{span.context.trace_id:032x}" == trace_id]


def test_service_and_worker_meet_in_one_trace(tmp_path, spans):
    """What the service took in and the worker sent is one trace, which follows from the submission's id; no record is in it."""
    office = Office(tmp_path)
    office.open()
    given = of_2026()
    entry = office.submit(given)
    office.deliver()
    office.close()
    assert office.state.said
    names = _named(spans, trace_of(entry.id))
    assert names == ["received", "build", "send", "attempt", "settle"]
    everything = _written(spans)
    assert entry.id in everything
    words = {value for item, value in given.items() if item.startswith("MEMBER") or "NAME" in item or "COMMENT" in item}
    assert words
    assert not [value for value in words if len(value) > 3 and value in everything]


def test_a_request_links_to_what_it_brought(start, spans):
    """The trace of a submission begins with a link to the request that brought it."""
    running = start()
    status, taken = running.submit("k")
    assert status == 202
    (submission,) = taken["submissions"]
    (received,) = [span for span in spans.get_finished_spans() if span.name == "received"]
    (request,) = [
        span
        for span in spans.get_finished_spans()
        if span.name == "request" and span.attributes["ecas.route"] == "/v1/submissions"
    ]
    assert f"{received.context.trace_id:032x}" == trace_of(submission["id"])
    assert received.links[0].context.trace_id == request.context.trace_id
    assert (request.attributes["ecas.status"], request.attributes["ecas.agency"]) == (202, "riverbend")
    below = [span.name for span in spans.get_finished_spans() if span.context.trace_id == request.context.trace_id]
    assert {"read", "judge", "write"} <= set(below)


def test_nothing_that_a_caller_wrote_is_in_a_span(start, spans):
    """Path, query, headers, method, body and a trace context of the caller's own are in no span, nor is the framework's."""
    running = start()
    context = "00-" + "7f3a" * 8 + "-" + "7f3a" * 4 + "-01"
    headers = {"Traceparent": context, "Tracestate": f"x={CANARY}", "X-A": CANARY, "Idempotency-Key": CANARY}
    body = json.dumps({"resourceType": CANARY, CANARY: CANARY}).encode()
    for method, path in (
        ("GET", f"/v1/submissions/{CANARY}?{CANARY}={CANARY}"),
        ("GET", f"/{CANARY}"),
        ("POST", f"/v1/submissions?format={CANARY}"),
        ("POST", "/v1/validate"),
        ("POST", "/v1/submissions"),
        (CANARY.upper(), "/healthz"),
    ):
        running.ask(method, path, body, headers)
    everything = _written(spans)
    assert "unmatched" in everything
    assert CANARY not in everything.lower()
    assert "7f3a" * 4 not in everything
    assert {span.name for span in spans.get_finished_spans()} <= {step.value for step in Step}


def test_of_an_error_its_type_is_told(spans):
    """The text of an exception, and what is no name of ours, stays out of a span."""
    with pytest.raises(ValueError, match=CANARY), step(Step.READ, payload="payload:pay_1", member=CANARY):
        raise ValueError(CANARY)
    (span,) = spans.get_finished_spans()
    assert dict(span.attributes) == {"ecas.payload": "payload:pay_1", "ecas.error": "ValueError"}
    assert not span.events
    assert "member" not in ALLOWED


def test_without_an_address_nothing_is_sent():
    """Traces are off unless a deployment says where they go."""
    assert tracing.start(None)() is None


def test_one_address_is_one_trace():
    """The id of a trace follows from the submission's, always."""
    assert trace_of("sub_1") == "1183f28ceadea55751ebf3068b800f0c"
    assert trace_of("sub_2") != trace_of("sub_1")
