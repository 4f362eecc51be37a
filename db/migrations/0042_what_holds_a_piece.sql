-- What a deletion waits for stands in columns of its own; a rule of the chain is written for the whole chain; alerts are recorded
-- first. Expand only.
ALTER TABLE evidence ADD COLUMN locked_at_store boolean NOT NULL DEFAULT false;  -- to be deleted, and the object store refuses yet
ALTER TABLE evidence ADD COLUMN deletion_class text CHECK (length(deletion_class) BETWEEN 1 AND 50);  -- what it lived by, once it is to go
GRANT SELECT (locked_at_store, deletion_class), UPDATE (locked_at_store, deletion_class) ON evidence TO pennyprotect_retention;
UPDATE evidence SET locked_at_store = reason LIKE '% Its store holds it.', deletion_class = split_part(reason, ': ', 1),
        reason = regexp_replace(regexp_replace(reason, '^[a-z]+: ', ''), ' Its store holds it\.$', '')
    WHERE state = 'deleted' AND deleted_at IS NULL AND reason ~ '^[a-z]+: ';

-- People of some stores read the chain's rules and write their stores' only.
ALTER POLICY tenant ON retention_rules WITH CHECK (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));

-- As before, but what alerts want comes before what people ask for, also in the order in which it is told.
CREATE OR REPLACE FUNCTION evidence_jobs(worker uuid, most integer)
    RETURNS TABLE (evidence_id uuid, camera_id uuid, type text, wanted_from timestamptz, wanted_to timestamptz, moment timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE evidence e SET state = 'lost', reason = CASE e.state
            WHEN 'uploading' THEN 'It was recorded, but could not be stored within a day.'
            ELSE 'No worker that had the pictures could record it: the camera or its worker was away.' END
        WHERE e.state IN ('wanted', 'recording', 'uploading')
        AND e.wanted_to < now() - CASE e.state WHEN 'uploading' THEN interval '1 day' ELSE interval '10 minutes' END;
    RETURN QUERY WITH jobs AS (
        UPDATE evidence e SET state = CASE e.state WHEN 'uploading' THEN 'uploading' ELSE 'recording' END, worker_id = worker
        FROM (SELECT w.id FROM evidence w JOIN camera_leases l ON l.camera_id = w.camera_id AND l.worker_id = worker
            WHERE w.state IN ('wanted', 'recording') OR (w.state = 'uploading' AND w.worker_id = worker)
            ORDER BY w.alert_id IS NULL, w.wanted_to, w.id LIMIT most) chosen
        WHERE e.id = chosen.id
        RETURNING e.id, e.camera_id, e.type, e.wanted_from, e.wanted_to, e.moment, e.alert_id)
    SELECT j.id, j.camera_id, j.type, j.wanted_from, j.wanted_to, j.moment FROM jobs j
        ORDER BY j.alert_id IS NULL, j.wanted_to, j.id;
END $$;
