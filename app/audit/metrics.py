"""The sealer's metrics."""

from app.kit.metrics import counter, gauge, histogram

sealed = counter("audit_sealed", "Rows chained.")
lag = histogram("audit_seal_lag_seconds", "From an act to its seal.")
outages = counter("audit_outages", "Failed tries to reach the database or the anchors.", ("server",))
anchored = counter("audit_anchors", "Anchors written outside the database.")
oldest_unsealed = gauge("audit_oldest_unsealed_seconds", "For how long the oldest row has waited for its seal.")
leading = gauge("audit_sealer_leads", "1 while this process holds the sealers' lease.")
broken = gauge("audit_broken_ledgers", "Ledgers that the last verification found broken.")
verified = counter("audit_verified", "Rows verified.")
