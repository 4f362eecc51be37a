-- Readings of models: cameras of joined stores, comparisons after a promotion, ends of shadow runs, keys of workers. Expand only.

-- Shadow runs, comparisons and readings are the chain's: nobody of some stores reads them.
ALTER POLICY tenant ON model_readings USING (chain_id = (SELECT tenant_chain()) AND (SELECT tenant_stores()) IS NULL);
ALTER POLICY tenant ON model_shadows USING (chain_id = (SELECT tenant_chain()) AND (SELECT tenant_stores()) IS NULL);
ALTER POLICY tenant ON model_comparisons USING (chain_id = (SELECT tenant_chain()) AND (SELECT tenant_stores()) IS NULL);
ALTER POLICY tenant ON model_disagreements USING (chain_id = (SELECT tenant_chain()) AND (SELECT tenant_stores()) IS NULL);

-- Under the caller's own rights: of its own chain.
GRANT EXECUTE ON FUNCTION stores_with_workers() TO pennyprotect_app;

-- A store with workers of its own has a Triton of its own, to which nothing was pushed: its cameras use the released version alone.
CREATE OR REPLACE FUNCTION model_use_of_worker(worker uuid)
    RETURNS TABLE (
        camera_id uuid, stable integer, candidate integer, share double precision, previous integer,
        shadow integer, shadow_share double precision
    )
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT l.camera_id, p.stable, p.candidate, p.share, p.previous, s.version, s.share
    FROM camera_leases l JOIN cameras c ON c.id = l.camera_id
    LEFT JOIN model_pointers p ON p.chain_id = c.chain_id AND p.model = 'yolo_pose'
    LEFT JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = 'yolo_pose' AND s.ended_at IS NULL
    WHERE l.worker_id = worker AND (p.chain_id IS NOT NULL OR s.id IS NOT NULL)
        AND c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]) $$;

CREATE AGGREGATE added_up(bigint[]) (SFUNC = added, STYPE = bigint[], INITCOND = '{}');

-- A camera that uses the shadowed version already asks the one before it: what it says is the same comparison from the other side,
-- kept as if the version before were in use. Failures of that version are none of the shadowed one.
CREATE OR REPLACE FUNCTION note_model_comparisons(comparisons jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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

-- A still of a running shadow, from either side; the oldest of a shadow beyond `most` go.
CREATE OR REPLACE FUNCTION keep_model_disagreement(
    made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamptz,
    old_alone integer, new_alone integer, alike double precision, picture bytea, most integer
) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO model_disagreements (id, shadow_id, chain_id, camera_id, against, captured_at, only_old, only_new, likeness, still)
    SELECT made, s.id, s.chain_id, c.id, CASE WHEN s.version = other THEN of_version ELSE other END, moment,
        CASE WHEN s.version = other THEN new_alone ELSE old_alone END,
        CASE WHEN s.version = other THEN old_alone ELSE new_alone END, alike, picture
    FROM cameras c JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = of_model AND s.version IN (of_version, other)
        AND s.ended_at IS NULL
    WHERE c.id = camera;
    DELETE FROM model_disagreements d USING model_disagreements fresh
    WHERE fresh.id = made AND d.shadow_id = fresh.shadow_id AND d.id IN (
        SELECT o.id FROM model_disagreements o WHERE o.shadow_id = fresh.shadow_id ORDER BY o.kept_at DESC, o.id DESC OFFSET most
    ) $$;

-- As before; and runs that ended as long ago as the oldest hours, with what they compared, but the newest of a chain and model.
CREATE OR REPLACE FUNCTION forget_model_readings(minutes interval, hours interval, stills interval) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH short AS (DELETE FROM model_readings WHERE span = 'minute' AND since < now() - minutes RETURNING 1),
    long AS (DELETE FROM model_readings WHERE span = 'hour' AND since < now() - hours RETURNING 1),
    pictures AS (DELETE FROM model_disagreements WHERE kept_at < now() - stills RETURNING 1),
    runs AS (DELETE FROM model_shadows s WHERE s.ended_at < now() - hours AND EXISTS (
        SELECT FROM model_shadows n WHERE n.chain_id = s.chain_id AND n.model = s.model
            AND (n.started_at, n.id) > (s.started_at, s.id)) RETURNING 1)
    SELECT (SELECT count(*) FROM short) + (SELECT count(*) FROM long) + (SELECT count(*) FROM pictures) + (SELECT count(*) FROM runs) $$;

-- SECURITY DEFINER: shadow runs of any chain that nobody ended in time. Ids of chains and names of models, nothing else.
CREATE FUNCTION overdue_model_shadows(longest interval) RETURNS TABLE (chain_id uuid, model text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT s.chain_id, s.model FROM model_shadows s WHERE s.ended_at IS NULL AND s.started_at < now() - longest $$;
REVOKE EXECUTE ON FUNCTION overdue_model_shadows(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION overdue_model_shadows(interval) TO pennyprotect_app;

-- Which key a worker's heartbeats come with: while they do, another key does not speak for it.
ALTER TABLE camera_workers ADD COLUMN key_id uuid;  -- null: said by a release that did not know it

CREATE FUNCTION lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[], with_key uuid) RETURNS TABLE (
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
REVOKE EXECUTE ON FUNCTION lease_cameras(uuid, integer, interval, uuid[], uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lease_cameras(uuid, integer, interval, uuid[], uuid) TO pennyprotect_app;

-- The release before this one still calls it so.
CREATE OR REPLACE FUNCTION lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[]) RETURNS TABLE (
        camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer,
        policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    RETURN QUERY SELECT * FROM lease_cameras(worker, capacity, lease, stores, NULL::uuid);
END $$;
