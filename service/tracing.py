"""Traces: what was done to a submission, in which order and for how long, by ids of ours and nothing else.

Without the OpenTelemetry SDK all of this does nothing. The trace of a submission follows from its id, so the service that
took it in and the worker that sends it write into the same one, and nothing need be stored or sent along for that. A
caller's own trace context is not looked at: it could hold anything.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, TraceFlags

from canonical.errors import ConfigurationError
from canonical.version import __version__
from service.metrics.instruments import STEP_SECONDS

#: What may be told of a step: names of ours, counts, states and the type of an error.
ALLOWED: Final = frozenset({
    "agency", "submission", "payload", "request",
    "attempt", "kind", "outcome", "state", "count",
    "route", "method", "status", "error",
})  # fmt: skip
_SPAN: Final = slice(16, 24)
_TRACE: Final = slice(0, 16)
_tracer: Final = trace.get_tracer("ecas-bridge", __version__)


class Step(StrEnum):
    """What a span can be about."""

    REQUEST = "request"
    READ = "read"
    JUDGE = "judge"
    WRITE = "write"
    RECEIVED = "received"
    ATTEMPT = "attempt"
    CLAIM = "claim"
    BUILD = "build"
    ASK = "ask"
    SEND = "send"
    POLL = "poll"
    SETTLE = "settle"


@contextmanager
def step(name: Step, *, of: str | None = None, **told: str | int) -> Iterator[Span]:
    """Time a step and, where somebody traces, tell of it; ``of`` is the submission whose trace it belongs to.

    Of an error its type is told: its text may hold a record.
    """
    began = time.perf_counter()
    context = None if of is None else _context(of)
    told = told if of is None else {"submission": of, **told}
    with _tracer.start_as_current_span(
        name.value, context=context, record_exception=False, set_status_on_exception=False
    ) as span:
        tell(span, **told)
        try:
            yield span
        except BaseException as error:
            tell(span, error=type(error).__name__)
            raise
        finally:
            STEP_SECONDS.labels(name.value).observe(time.perf_counter() - began)


def mark(name: Step, submission: str, **told: str | int) -> None:
    """Tell of something that takes no time, in a submission's trace."""
    with _tracer.start_as_current_span(name.value, context=_context(submission)) as span:
        tell(span, submission=submission, **told)


def received(submissions: Sequence[str]) -> None:
    """Begin the traces of these submissions, each linked to the request that brought them."""
    here = trace.get_current_span()
    if not here.is_recording():
        return
    links = [Link(here.get_span_context())]
    for id_ in submissions:
        with _tracer.start_as_current_span(Step.RECEIVED.value, context=_context(id_), links=links) as span:
            tell(span, submission=id_)


def tell(span: Span, **told: str | int) -> None:
    """Set what may be told; the rest is dropped."""
    if span.is_recording():
        span.set_attributes({f"ecas.{name}": value for name, value in told.items() if name in ALLOWED})


def start(url: str | None) -> Callable[[], None]:
    """Send traces to this address from now on (OTLP over HTTP), if there is one; return what sends the rest at the end.

    Raises:
        ConfigurationError: what sends them is not installed.
    """
    if url is None:
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - same
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - same
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - same
    except ImportError:
        raise ConfigurationError(
            "ECAS_TRACES_URL is set, and what sends traces is not installed: install ecas-bridge with its extra “traces”."
        ) from None
    named = Resource({"service.name": "ecas-bridge", "service.version": __version__})
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def trace_of(submission: str) -> str:
    """Return the id of a submission's trace, as tracing systems write it."""
    return f"{_span_context(submission).trace_id:032x}"


def _context(submission: str) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(_span_context(submission)), Context())


def _span_context(submission: str) -> SpanContext:
    digest = hashlib.sha256(f"ecas-bridge trace {submission}".encode()).digest()
    return SpanContext(
        trace_id=int.from_bytes(digest[_TRACE]),
        span_id=int.from_bytes(digest[_SPAN]),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
