-- A piece that is registered while a worker asks for its jobs stays registered: the row is looked at again once its lock is had.
-- Before, it became 'recording' once more, its worker recorded nothing and said so, and stored evidence was called lost.

CREATE OR REPLACE FUNCTION evidence_jobs(worker uuid, most integer)
    RETURNS TABLE (evidence_id uuid, camera_id uuid, type text, wanted_from timestamptz, wanted_to timestamptz, moment timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
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
        WHERE e.id = chosen.id AND e.state IN ('wanted', 'recording', 'uploading')
        RETURNING e.id, e.camera_id, e.type, e.wanted_from, e.wanted_to, e.moment, e.alert_id)
    SELECT j.id, j.camera_id, j.type, j.wanted_from, j.wanted_to, j.moment FROM jobs j
        ORDER BY j.alert_id IS NULL, j.wanted_to, j.id;
END $$;
