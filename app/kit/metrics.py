"""Prometheus metrics of this process: one registry, counters declared where they are counted, one text to serve.

Names start with `pennyprotect_`; a unit is part of the name (`_seconds`, `_bytes`, `_total`).
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "pennyprotect"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

registry = CollectorRegistry()
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)
GCCollector(registry=registry)


def counter(name: str, says: str, labels: tuple[str, ...] = ()) -> Counter:
    """A count that only rises; `_total` is added to its name."""
    return Counter(name, says, labels, namespace=PREFIX, registry=registry)


def gauge(name: str, says: str, labels: tuple[str, ...] = ()) -> Gauge:
    """A value that goes up and down."""
    return Gauge(name, says, labels, namespace=PREFIX, registry=registry)


def histogram(name: str, says: str, labels: tuple[str, ...] = (), buckets: tuple[float, ...] = SECONDS) -> Histogram:
    """A distribution, in seconds unless `buckets` say otherwise."""
    return Histogram(name, says, labels, namespace=PREFIX, registry=registry, buckets=buckets)


def exposition() -> bytes:
    """All metrics of this process in the Prometheus text format."""
    return generate_latest(registry)
