"""Ground floor: clock, ids, errors, logging, metrics, PostgreSQL, Redis streams, outbox, task supervision."""
