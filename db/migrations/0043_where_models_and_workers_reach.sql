-- A watch of a promotion remembers at the pointer, for every service, when the version before was last seen not to answer: then the
-- server is away, and no version at fault.
ALTER TABLE model_pointers ADD COLUMN away_at timestamptz;
GRANT UPDATE (away_at) ON model_pointers TO pennyprotect_app;

-- Which stores' cameras a worker's key reaches, said once. `stores`: of the key; `others`: those that have workers of their own.
CREATE FUNCTION worker_reaches(store uuid, stores uuid[], others uuid[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (stores IS NULL) THEN (store <> ALL (others)) ELSE (store = ANY (stores)) END;

CREATE OR REPLACE FUNCTION camera_shares(worker uuid, lease interval) RETURNS TABLE(worker_id uuid, held integer, share integer)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public
    AS $$
    WITH mine AS (SELECT w.stores FROM camera_workers w WHERE w.worker_id = worker),
    wanted AS (SELECT count(*)::integer AS cameras FROM cameras c, mine WHERE c.deleted_at IS NULL AND c.enabled
        AND worker_reaches(c.store_id, mine.stores, (SELECT stores_with_workers()))),
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

CREATE OR REPLACE FUNCTION lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[], with_key uuid) RETURNS TABLE(camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer, policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public
    AS $$
DECLARE
    others uuid[] := stores_with_workers();
    free integer;
    lacking integer;
    mine record;
    excess integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lease_cameras'));
    DELETE FROM camera_workers w WHERE w.expires_at < now();
    IF EXISTS (SELECT FROM camera_workers w WHERE w.worker_id = worker AND w.key_id <> with_key) THEN
        RAISE EXCEPTION 'another key answers for this worker' USING ERRCODE = 'object_in_use';
    END IF;
    INSERT INTO camera_workers AS w (worker_id, capacity, expires_at, stores, key_id)
        VALUES (worker, lease_cameras.capacity, now() + lease, lease_cameras.stores, with_key)
        ON CONFLICT ON CONSTRAINT camera_workers_pkey
        DO UPDATE SET capacity = excluded.capacity, expires_at = excluded.expires_at, stores = excluded.stores,
            key_id = coalesce(excluded.key_id, w.key_id);
    DELETE FROM camera_leases l USING cameras c
        WHERE c.id = l.camera_id AND (l.expires_at < now() OR c.deleted_at IS NOT NULL OR NOT c.enabled);
    -- What a key reached once and does not reach any more.
    DELETE FROM camera_leases l USING cameras c WHERE c.id = l.camera_id AND l.worker_id = worker
        AND NOT worker_reaches(c.store_id, lease_cameras.stores, others);
    UPDATE camera_leases l SET expires_at = now() + lease WHERE l.worker_id = worker;

    SELECT count(*) INTO free FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND NOT EXISTS (SELECT FROM camera_leases l WHERE l.camera_id = c.id)
        AND worker_reaches(c.store_id, lease_cameras.stores, others);
    SELECT coalesce(sum(greatest(0, s.share - s.held)), 0) INTO lacking
        FROM camera_shares(worker, lease) s WHERE s.worker_id <> worker;
    SELECT s.held, s.share INTO mine FROM camera_shares(worker, lease) s WHERE s.worker_id = worker;
    excess := greatest(mine.held - lease_cameras.capacity, least(mine.held - mine.share, lacking - free), 0);
    DELETE FROM camera_leases l WHERE l.worker_id = worker AND l.camera_id IN (
        SELECT m.camera_id FROM camera_leases m WHERE m.worker_id = worker ORDER BY m.camera_id DESC LIMIT excess);
    INSERT INTO camera_leases (camera_id, worker_id, expires_at)
        SELECT c.id, worker, now() + lease FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND NOT EXISTS (SELECT FROM camera_leases l WHERE l.camera_id = c.id)
        AND worker_reaches(c.store_id, lease_cameras.stores, others)
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

CREATE OR REPLACE FUNCTION lease_cameras(worker uuid, capacity integer, lease interval) RETURNS TABLE(camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer, policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public
    AS $$
BEGIN
    RETURN QUERY SELECT * FROM lease_cameras(worker, capacity, lease, NULL::uuid[], NULL::uuid);
END $$;
-- To contract: `lease_cameras` of four arguments, which only the release before this one calls.

CREATE OR REPLACE FUNCTION relayed_cameras(stores uuid[]) RETURNS TABLE(camera_id uuid, url text, credentials bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public
    AS $$
    SELECT c.id, c.url, c.credentials FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND c.url ~* '^rtsps?://'
        AND worker_reaches(c.store_id, stores, (SELECT stores_with_workers()))
        ORDER BY c.id
$$;

-- Cameras of stores with workers of their own have a Triton of their own, to which nothing was pushed: they compare nothing.
CREATE OR REPLACE FUNCTION note_model_comparisons(comparisons jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, public
    AS $$
    WITH said AS (
        SELECT s.id AS shadow_id, s.chain_id, s.version = r.against AS turned,
            CASE WHEN s.version = r.against THEN r.version ELSE r.against END AS other, r.*
        FROM jsonb_to_recordset(comparisons) AS r (
            camera_id uuid, model text, version integer, against integer, frames bigint, failures bigint, skipped bigint,
            agreeing bigint, "both" bigint, only_old bigint, only_new bigint, overlap_sum double precision,
            likeness_sum double precision, likened bigint, shift_sum double precision, shift_squares double precision,
            latency_old bigint[], latency_new bigint[]
        ) JOIN cameras c ON c.id = r.camera_id
        JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = r.model AND s.version IN (r.version, r.against)
            AND s.ended_at IS NULL
        WHERE c.store_id <> ALL ((SELECT stores_with_workers())::uuid[])
    )
    INSERT INTO model_comparisons AS m (
        shadow_id, chain_id, camera_id, against, frames, failures, skipped, agreeing, "both", only_old, only_new, overlap_sum,
        likeness_sum, likened, shift_sum, shift_squares, latency_old, latency_new
    )
    SELECT shadow_id, chain_id, camera_id, other, sum(frames), coalesce(sum(failures) FILTER (WHERE NOT turned), 0), sum(skipped),
        sum(agreeing), sum("both"), sum(CASE WHEN turned THEN only_new ELSE only_old END),
        sum(CASE WHEN turned THEN only_old ELSE only_new END), sum(overlap_sum), sum(likeness_sum), sum(likened),
        sum(CASE WHEN turned THEN -shift_sum ELSE shift_sum END), sum(shift_squares),
        added_up(CASE WHEN turned THEN latency_new ELSE latency_old END),
        added_up(CASE WHEN turned THEN latency_old ELSE latency_new END)
    FROM said GROUP BY shadow_id, chain_id, camera_id, other ORDER BY camera_id, other
    ON CONFLICT (shadow_id, camera_id, against) DO UPDATE SET
        frames = m.frames + excluded.frames, failures = m.failures + excluded.failures, skipped = m.skipped + excluded.skipped,
        agreeing = m.agreeing + excluded.agreeing, "both" = m."both" + excluded."both",
        only_old = m.only_old + excluded.only_old, only_new = m.only_new + excluded.only_new,
        overlap_sum = m.overlap_sum + excluded.overlap_sum, likeness_sum = m.likeness_sum + excluded.likeness_sum,
        likened = m.likened + excluded.likened, shift_sum = m.shift_sum + excluded.shift_sum,
        shift_squares = m.shift_squares + excluded.shift_squares,
        latency_old = added(m.latency_old, excluded.latency_old), latency_new = added(m.latency_new, excluded.latency_new) $$;

CREATE OR REPLACE FUNCTION keep_model_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamptz, old_alone integer, new_alone integer, alike double precision, picture bytea, most integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, public
    AS $$
    INSERT INTO model_disagreements (id, shadow_id, chain_id, camera_id, against, captured_at, only_old, only_new, likeness, still)
    SELECT made, s.id, s.chain_id, c.id, CASE WHEN s.version = other THEN of_version ELSE other END, moment,
        CASE WHEN s.version = other THEN new_alone ELSE old_alone END,
        CASE WHEN s.version = other THEN old_alone ELSE new_alone END, alike, picture
    FROM cameras c JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = of_model AND s.version IN (of_version, other)
        AND s.ended_at IS NULL
    WHERE c.id = camera AND c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]);
    DELETE FROM model_disagreements d USING model_disagreements fresh
    WHERE fresh.id = made AND d.shadow_id = fresh.shadow_id AND d.id IN (
        SELECT o.id FROM model_disagreements o WHERE o.shadow_id = fresh.shadow_id ORDER BY o.kept_at DESC, o.id DESC OFFSET most
    ) $$;
