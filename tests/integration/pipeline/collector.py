"""A real OTLP receiver on loopback that keeps what it is sent."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)


class Receiver(TraceServiceServicer):  # type: ignore[misc]
    """A collector that keeps what it is sent: roles and span names by trace id, and the bytes."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.roles: dict[bytes, set[str]] = defaultdict(set)
        self.names: dict[bytes, set[str]] = defaultdict(set)
        self.parents: dict[bytes, bytes] = {}
        self.sent = b""

    def Export(self, request: ExportTraceServiceRequest, _context: Any) -> ExportTraceServiceResponse:  # noqa: N802 - of the protocol
        self.sent += request.SerializeToString()
        for resource in request.resource_spans:
            attributes = {each.key: each.value.string_value for each in resource.resource.attributes}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                self.roles[span.trace_id].add(attributes["service.name"])
                self.names[span.trace_id].add(span.name)
                self.parents[span.span_id] = span.parent_span_id
        return ExportTraceServiceResponse()

    def whole(self) -> set[bytes]:
        """Trace ids that all four roles told of, to the last span."""
        return {
            each
            for each, roles in self.roles.items()
            if roles == {f"pennyprotect-{role}" for role in ("worker", "pipeline", "dispatcher", "service")}
            and self.names[each] >= {"frame", "rules", "dispatch", "store-message", "analysis-result"}
        }

    def told_by_sms(self) -> bool:
        """Whether a trace goes from the camera's frame to a notification."""
        return any(names >= {"frame", "rules", "dispatch", "notify"} for names in self.names.values())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found, server = Receiver(), grpc.server(ThreadPoolExecutor(4))
    add_TraceServiceServicer_to_server(found, server)
    found.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield found
    server.stop(2).wait(5)
