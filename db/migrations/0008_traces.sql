-- An outbox row carries the trace of the frame that caused it.
ALTER TABLE outbox ADD COLUMN trace_parent text NOT NULL DEFAULT '';  -- W3C traceparent; '' where nothing is traced
