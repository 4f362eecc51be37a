-- More kinds of zones (a line has two points), and the pipeline reads the time zone in which a rule's hours hold.
ALTER TABLE zones DROP CONSTRAINT zones_kind_check;
ALTER TABLE zones ADD CONSTRAINT zones_kind_check
    CHECK (kind IN ('loitering', 'entry', 'line', 'crowding', 'queue', 'shelf', 'area'));

GRANT SELECT (id, timezone) ON stores TO pennyprotect_pipeline;
CREATE POLICY pipeline ON stores TO pennyprotect_pipeline USING (true);
