"""OpenTelemetry traces that follow a frame from camera to socket.

A sampled frame gets a root span in the worker; its W3C `traceparent` travels in `TrackedFrame.trace_parent`, in the outbox row
and in the live stream's entry, and each role continues it. Roles that only pass on start no trace of their own.

Spans are recorded only where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector; without one nothing of the SDK is imported, no
frame carries a `traceparent`, and so no later role does anything. Spans hold ids and durations: no name, no address of a
camera, no text of an exception, which could quote one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

SAMPLED_SHARE: Final = 0.01
"""Of frames, unless the standard `OTEL_TRACES_SAMPLER` says otherwise."""

EXPORT_S: Final = 3.0
"""How long one export may take: a role that ends waits for the last one. `OTEL_EXPORTER_OTLP_TIMEOUT` changes it."""

QUEUED_SPANS: Final = 2048

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("pennyprotect")


def configure_tracing(role: str, endpoint: str) -> bool:
    """Send this process's spans to the collector at `endpoint` (gRPC); False, and no-op spans, where it is "".

    Other `OTEL_` variables are the SDK's own: headers, certificate, sampler, resource attributes.
    """
    if not endpoint:
        return False
    # Imported only here: they take 0.2 s and some MB that a process without traces need not spend.
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    sampler = None if os.environ.get("OTEL_TRACES_SAMPLER") else ParentBased(TraceIdRatioBased(SAMPLED_SHARE))
    timeout_s = None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else EXPORT_S
    provider = TracerProvider(sampler=sampler, resource=Resource.create({"service.name": f"pennyprotect-{role}"}))
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=timeout_s)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=QUEUED_SPANS))
    trace.set_tracer_provider(provider)
    return True


@contextmanager
def begin_trace(name: str, **attributes: str | int) -> Iterator[str]:
    """A root span, if this one is sampled; yields its `traceparent`, or "" where it is not."""
    with _tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        yield _traceparent(span)


@contextmanager
def continue_trace(name: str, trace_parent: str, **attributes: str | int) -> Iterator[str]:
    """A span below `trace_parent`; yields the `traceparent` to hand on. Nothing, and "", where `trace_parent` is ""."""
    if not trace_parent:
        yield ""
        return
    with _tracer.start_as_current_span(
        name,
        context=_propagator.extract({"traceparent": trace_parent}),
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield _traceparent(span) or trace_parent


def _traceparent(span: trace.Span) -> str:
    if not span.get_span_context().trace_flags.sampled:
        return ""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent", "")
