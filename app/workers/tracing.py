"""Traces that begin at the camera: a sampled share of frames carries a W3C `traceparent` to everything downstream."""

from typing import Final

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

SAMPLED_SHARE: Final = 0.01

_propagator = TraceContextTextMapPropagator()


def frame_tracer(share: float = SAMPLED_SHARE) -> trace.Tracer:
    """A tracer of a provider of its own that samples this share of frames.

    Where the process configured OpenTelemetry itself (an exporter, a sampler), that is used instead.
    """
    configured = trace.get_tracer_provider()
    if isinstance(configured, TracerProvider):
        return configured.get_tracer("pennyprotect.worker")
    return TracerProvider(sampler=ParentBased(TraceIdRatioBased(share))).get_tracer("pennyprotect.worker")


def trace_parent(span: trace.Span) -> str:
    """The span's `traceparent`, or "" where it is not sampled."""
    if not span.get_span_context().trace_flags.sampled:
        return ""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent", "")
