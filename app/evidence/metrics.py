"""Retention's metrics."""

from app.kit.metrics import counter

failures = counter(
    "retention_failures", "Runs of retention that an error ended, or kept from dropping old tracks, by its kind.", ("error",)
)
