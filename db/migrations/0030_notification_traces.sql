-- A notification carries the trace of the frame that caused it, as its outbox row did. Expand only.
ALTER TABLE notifications ADD COLUMN trace_parent text NOT NULL DEFAULT '' CHECK (length(trace_parent) <= 100);  -- W3C; '' where nothing is traced
