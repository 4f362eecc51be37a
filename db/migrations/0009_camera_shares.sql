-- Who works: a worker without a camera must be seen too, or nobody would leave it one.
CREATE TABLE camera_workers (
    worker_id uuid PRIMARY KEY,
    capacity integer NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),   -- of its unbroken heartbeats
    expires_at timestamptz NOT NULL
);

-- What each worker should hold: the level to which all fill up evenly within their capacities; what is left over stays with those who
-- hold most, so that nothing moves without need. A worker counts once it has reported for a whole lease, and while it
-- reported in the last half: one that starts over and over, or just went, draws nothing. The worker that asks counts always.
CREATE FUNCTION camera_shares(worker uuid, lease interval) RETURNS TABLE (worker_id uuid, held integer, share integer)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    WITH wanted AS (SELECT count(*)::integer AS cameras FROM cameras c WHERE c.deleted_at IS NULL AND c.enabled),
    sharing AS (
        SELECT w.worker_id, w.capacity,
            (SELECT count(*) FROM camera_leases l WHERE l.worker_id = w.worker_id)::integer AS held
        FROM camera_workers w WHERE w.worker_id = worker
            OR (w.expires_at - lease >= w.since + lease AND w.expires_at > now() + lease / 2)),
    filled AS (
        SELECT coalesce(max(level), 0) AS level
        FROM generate_series(0, (SELECT least(cameras, (SELECT max(s.capacity) FROM sharing s)) FROM wanted)) level
        WHERE (SELECT sum(least(s.capacity, level)) FROM sharing s) <= (SELECT cameras FROM wanted)),
    spare AS (
        SELECT (SELECT cameras FROM wanted) - sum(least(s.capacity, level)) AS cameras FROM sharing s, filled)
    SELECT s.worker_id, s.held,
        least(s.capacity, level)
            + CASE WHEN s.capacity > level AND row_number() OVER (PARTITION BY s.capacity > level ORDER BY s.held DESC, s.worker_id)
                <= (SELECT cameras FROM spare) THEN 1 ELSE 0 END
    FROM sharing s, filled
$$;
REVOKE EXECUTE ON FUNCTION camera_shares(uuid, interval) FROM PUBLIC;

-- Each heartbeat: renew, hand back what others lack (no more than that, and only what is above the own share), take what is free up
-- to the own share. A camera that nobody holds waits for nobody's share to settle: whoever asks first takes it.
CREATE OR REPLACE FUNCTION lease_cameras(worker uuid, capacity integer, lease interval) RETURNS TABLE (
        camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer,
        policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    free integer;
    lacking integer;
    mine record;
    excess integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lease_cameras'));
    DELETE FROM camera_workers w WHERE w.expires_at < now();
    INSERT INTO camera_workers AS w (worker_id, capacity, expires_at) VALUES (worker, lease_cameras.capacity, now() + lease)
        ON CONFLICT ON CONSTRAINT camera_workers_pkey DO UPDATE SET capacity = excluded.capacity, expires_at = excluded.expires_at;
    DELETE FROM camera_leases l USING cameras c
        WHERE c.id = l.camera_id AND (l.expires_at < now() OR c.deleted_at IS NOT NULL OR NOT c.enabled);
    UPDATE camera_leases l SET expires_at = now() + lease WHERE l.worker_id = worker;

    SELECT count(*) INTO free FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND NOT EXISTS (SELECT FROM camera_leases l WHERE l.camera_id = c.id);
    SELECT coalesce(sum(greatest(0, s.share - s.held)), 0) INTO lacking
        FROM camera_shares(worker, lease) s WHERE s.worker_id <> worker;
    SELECT s.held, s.share INTO mine FROM camera_shares(worker, lease) s WHERE s.worker_id = worker;
    excess := greatest(mine.held - lease_cameras.capacity, least(mine.held - mine.share, lacking - free), 0);
    DELETE FROM camera_leases l WHERE l.worker_id = worker AND l.camera_id IN (
        SELECT m.camera_id FROM camera_leases m WHERE m.worker_id = worker ORDER BY m.camera_id DESC LIMIT excess);
    INSERT INTO camera_leases (camera_id, worker_id, expires_at)
        SELECT c.id, worker, now() + lease FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND NOT EXISTS (SELECT FROM camera_leases l WHERE l.camera_id = c.id)
        ORDER BY c.id
        LIMIT greatest(0, mine.share - mine.held);
    RETURN QUERY
        SELECT c.id, c.store_id, c.url, c.credentials, c.analysis_fps, c.revision,
            coalesce(p.revision, 0), coalesce(p.face, false), coalesce(p.gait, false), coalesce(p.re_identification, false),
            coalesce((SELECT jsonb_agg(m.polygon ORDER BY m.id) FROM privacy_masks m
                WHERE m.camera_id = c.id AND m.deleted_at IS NULL), '[]'::jsonb)
        FROM camera_leases l JOIN cameras c ON c.id = l.camera_id
        LEFT JOIN LATERAL (SELECT s.revision, s.face, s.gait, s.re_identification FROM site_policies s
            WHERE s.store_id = c.store_id ORDER BY s.revision DESC LIMIT 1) p ON true
        WHERE l.worker_id = worker ORDER BY c.id;
END $$;
