-- A worker's key may be of some stores alone: a worker in a store that joins a region over the internet must neither get other stores'
-- cameras, nor their passwords. Such a store's cameras are left to the workers that stand in it: others could not reach them.
ALTER TABLE camera_workers ADD COLUMN stores uuid[];  -- null: of the platform, for every store that has no workers of its own

-- Stores that an answering worker's key names.
CREATE FUNCTION stores_with_workers() RETURNS uuid[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT coalesce(array_agg(DISTINCT store), '{}') FROM api_keys k, unnest(k.stores) store
    WHERE k.permissions @> '{worker}' AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;
REVOKE EXECUTE ON FUNCTION stores_with_workers() FROM PUBLIC;

-- As before, among the workers that reach the same stores and the cameras of those.
CREATE OR REPLACE FUNCTION camera_shares(worker uuid, lease interval) RETURNS TABLE (worker_id uuid, held integer, share integer)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    WITH mine AS (SELECT w.stores FROM camera_workers w WHERE w.worker_id = worker),
    wanted AS (SELECT count(*)::integer AS cameras FROM cameras c, mine WHERE c.deleted_at IS NULL AND c.enabled
        AND CASE WHEN mine.stores IS NULL THEN c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]) ELSE c.store_id = ANY (mine.stores) END),
    sharing AS (
        SELECT w.worker_id, w.capacity,
            (SELECT count(*) FROM camera_leases l WHERE l.worker_id = w.worker_id)::integer AS held
        FROM camera_workers w, mine WHERE w.worker_id = worker
            OR (w.expires_at - lease >= w.since + lease AND w.expires_at > now() + lease / 2
                AND w.stores IS NOT DISTINCT FROM mine.stores)),
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

CREATE FUNCTION lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[]) RETURNS TABLE (
        camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer,
        policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    others uuid[] := stores_with_workers();
    free integer;
    lacking integer;
    mine record;
    excess integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lease_cameras'));
    DELETE FROM camera_workers w WHERE w.expires_at < now();
    INSERT INTO camera_workers AS w (worker_id, capacity, expires_at, stores)
        VALUES (worker, lease_cameras.capacity, now() + lease, lease_cameras.stores)
        ON CONFLICT ON CONSTRAINT camera_workers_pkey
        DO UPDATE SET capacity = excluded.capacity, expires_at = excluded.expires_at, stores = excluded.stores;
    DELETE FROM camera_leases l USING cameras c
        WHERE c.id = l.camera_id AND (l.expires_at < now() OR c.deleted_at IS NOT NULL OR NOT c.enabled);
    -- What a key reached once and does not reach any more.
    DELETE FROM camera_leases l USING cameras c WHERE c.id = l.camera_id AND l.worker_id = worker
        AND NOT CASE WHEN lease_cameras.stores IS NULL THEN c.store_id <> ALL (others) ELSE c.store_id = ANY (lease_cameras.stores) END;
    UPDATE camera_leases l SET expires_at = now() + lease WHERE l.worker_id = worker;

    SELECT count(*) INTO free FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND NOT EXISTS (SELECT FROM camera_leases l WHERE l.camera_id = c.id)
        AND CASE WHEN lease_cameras.stores IS NULL THEN c.store_id <> ALL (others) ELSE c.store_id = ANY (lease_cameras.stores) END;
    SELECT coalesce(sum(greatest(0, s.share - s.held)), 0) INTO lacking
        FROM camera_shares(worker, lease) s WHERE s.worker_id <> worker;
    SELECT s.held, s.share INTO mine FROM camera_shares(worker, lease) s WHERE s.worker_id = worker;
    excess := greatest(mine.held - lease_cameras.capacity, least(mine.held - mine.share, lacking - free), 0);
    DELETE FROM camera_leases l WHERE l.worker_id = worker AND l.camera_id IN (
        SELECT m.camera_id FROM camera_leases m WHERE m.worker_id = worker ORDER BY m.camera_id DESC LIMIT excess);
    INSERT INTO camera_leases (camera_id, worker_id, expires_at)
        SELECT c.id, worker, now() + lease FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND NOT EXISTS (SELECT FROM camera_leases l WHERE l.camera_id = c.id)
        AND CASE WHEN lease_cameras.stores IS NULL THEN c.store_id <> ALL (others) ELSE c.store_id = ANY (lease_cameras.stores) END
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
REVOKE EXECUTE ON FUNCTION lease_cameras(uuid, integer, interval, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lease_cameras(uuid, integer, interval, uuid[]) TO pennyprotect_app;

-- The release before this one still calls it so.
CREATE OR REPLACE FUNCTION lease_cameras(worker uuid, capacity integer, lease interval) RETURNS TABLE (
        camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer,
        policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    RETURN QUERY SELECT * FROM lease_cameras(worker, capacity, lease, NULL::uuid[]);
END $$;

CREATE FUNCTION relayed_cameras(stores uuid[]) RETURNS TABLE (camera_id uuid, url text, credentials bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT c.id, c.url, c.credentials FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND c.url ~* '^rtsps?://'
        AND CASE WHEN stores IS NULL THEN c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]) ELSE c.store_id = ANY (stores) END
        ORDER BY c.id
$$;
REVOKE EXECUTE ON FUNCTION relayed_cameras(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION relayed_cameras(uuid[]) TO pennyprotect_app;
