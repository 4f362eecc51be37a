"""OpenTelemetry traces that follow a frame from camera to socket.

Spans are recorded only where `OTEL_EXPORTER_OTLP_ENDPOINT` is set and an OTLP exporter is installed; otherwise every call here is
the API's own no-op. A frame's trace travels as a W3C `traceparent` in `TrackedFrame.trace_parent`.
"""

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.kit.logs import logger

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
EXPORTERS = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.exporter.otlp.proto.grpc.trace_exporter")

log = logger(__name__)
_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("pennyprotect")


def configure_tracing(role: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send this process's spans to the endpoint of the environment; False (and no-op spans) where there is none."""
    if not environment.get(ENDPOINT):
        return False
    for module in EXPORTERS:
        try:
            exporter = importlib.import_module(module).OTLPSpanExporter()
        except ImportError:
            continue
        provider = TracerProvider(resource=Resource.create({"service.name": f"pennyprotect-{role}"}))
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=2048))
        trace.set_tracer_provider(provider)
        return True
    log.warning("traces are off: no OTLP exporter is installed", wanted=" or ".join(EXPORTERS))
    return False


@contextmanager
def span(name: str, trace_parent: str = "", **attributes: str | int | float | bool) -> Iterator[str]:
    """A span that continues `trace_parent`; yields the `traceparent` to hand on ("" when nothing records)."""
    context = _propagator.extract({"traceparent": trace_parent}) if trace_parent else None
    with _tracer.start_as_current_span(name, context=context, attributes=attributes):
        yield current_trace_parent()


def current_trace_parent() -> str:
    """The W3C traceparent of the span under way, or ""."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent", "")
