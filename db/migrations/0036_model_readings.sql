-- What workers measured of served versions, shadow runs beside the version in use, and the stills of their disagreements. Expand only.
CREATE TABLE model_readings (
    chain_id uuid NOT NULL REFERENCES chains (id),
    camera_id uuid NOT NULL REFERENCES cameras (id) ON DELETE CASCADE,
    model text NOT NULL CHECK (model ~ '^[a-z][a-z0-9_]{0,62}$'),
    version integer NOT NULL CHECK (version > 0),
    span text NOT NULL CHECK (span IN ('minute', 'hour')),  -- minutes are kept for hours, hours for weeks
    since timestamptz NOT NULL,
    frames bigint NOT NULL,
    failures bigint NOT NULL,
    persons bigint NOT NULL,
    score_sum double precision NOT NULL,
    quality_sum double precision NOT NULL,
    norm_sum double precision NOT NULL,
    latency bigint[] NOT NULL,
    PRIMARY KEY (chain_id, model, span, since, camera_id, version)
);
CREATE INDEX model_readings_age ON model_readings (span, since);
CREATE INDEX model_readings_camera ON model_readings (camera_id);

CREATE TABLE model_shadows (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    model text NOT NULL,
    version integer NOT NULL,
    share double precision NOT NULL CHECK (share > 0 AND share <= 1),
    started_by uuid NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE UNIQUE INDEX model_shadows_one ON model_shadows (chain_id, model) WHERE ended_at IS NULL;
CREATE INDEX model_shadows_newest ON model_shadows (chain_id, model, started_at DESC);

CREATE TABLE model_comparisons (
    shadow_id uuid NOT NULL REFERENCES model_shadows (id) ON DELETE CASCADE,
    chain_id uuid NOT NULL REFERENCES chains (id),
    camera_id uuid NOT NULL REFERENCES cameras (id) ON DELETE CASCADE,
    against integer NOT NULL,
    frames bigint NOT NULL,
    failures bigint NOT NULL,
    skipped bigint NOT NULL,
    agreeing bigint NOT NULL,
    "both" bigint NOT NULL,
    only_old bigint NOT NULL,
    only_new bigint NOT NULL,
    overlap_sum double precision NOT NULL,
    likeness_sum double precision NOT NULL,
    likened bigint NOT NULL,
    shift_sum double precision NOT NULL,
    shift_squares double precision NOT NULL,
    latency_old bigint[] NOT NULL,
    latency_new bigint[] NOT NULL,
    PRIMARY KEY (shadow_id, camera_id, against)
);
CREATE INDEX model_comparisons_camera ON model_comparisons (camera_id);

CREATE TABLE model_disagreements (
    id uuid PRIMARY KEY,
    shadow_id uuid NOT NULL REFERENCES model_shadows (id) ON DELETE CASCADE,
    chain_id uuid NOT NULL REFERENCES chains (id),
    camera_id uuid NOT NULL REFERENCES cameras (id) ON DELETE CASCADE,
    against integer NOT NULL,
    captured_at timestamptz NOT NULL,
    only_old integer NOT NULL,
    only_new integer NOT NULL,
    likeness double precision NOT NULL,
    still bytea NOT NULL CHECK (length(still) <= 120000),
    kept_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX model_disagreements_shadow ON model_disagreements (shadow_id, kept_at DESC);
CREATE INDEX model_disagreements_age ON model_disagreements (kept_at);
CREATE INDEX model_disagreements_camera ON model_disagreements (camera_id);

ALTER TABLE model_readings ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_shadows ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_comparisons ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_disagreements ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON model_readings TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
CREATE POLICY tenant ON model_shadows TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
CREATE POLICY tenant ON model_comparisons TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
CREATE POLICY tenant ON model_disagreements TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
GRANT SELECT ON model_readings, model_comparisons TO pennyprotect_app;
GRANT SELECT, INSERT, UPDATE (ended_at) ON model_shadows TO pennyprotect_app;
GRANT SELECT ON model_disagreements TO pennyprotect_app;

-- SECURITY DEFINER: a heartbeat is of cameras of all chains. Version numbers, nothing else.
CREATE FUNCTION model_use_of_worker(worker uuid)
    RETURNS TABLE (
        camera_id uuid, stable integer, candidate integer, share double precision, previous integer,
        shadow integer, shadow_share double precision
    )
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT l.camera_id, p.stable, p.candidate, p.share, p.previous, s.version, s.share
    FROM camera_leases l JOIN cameras c ON c.id = l.camera_id
    LEFT JOIN model_pointers p ON p.chain_id = c.chain_id AND p.model = 'yolo_pose'
    LEFT JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = 'yolo_pose' AND s.ended_at IS NULL
    WHERE l.worker_id = worker AND (p.chain_id IS NOT NULL OR s.id IS NOT NULL) $$;

CREATE FUNCTION added(one bigint[], other bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY place)
    FROM unnest(one, other) WITH ORDINALITY AS each (a, b, place) $$;

-- SECURITY DEFINER: a worker's report is of cameras of all chains; the service has checked that they are its own.
CREATE FUNCTION note_model_readings(readings jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO model_readings AS m (
        chain_id, camera_id, model, version, span, since, frames, failures, persons, score_sum, quality_sum, norm_sum, latency
    )
    SELECT c.chain_id, c.id, r.model, r.version, span, date_trunc(span, now()), r.frames, r.failures, r.persons,
        r.score_sum, r.quality_sum, r.norm_sum, r.latency
    FROM jsonb_to_recordset(readings) AS r (
        camera_id uuid, model text, version integer, frames bigint, failures bigint, persons bigint, score_sum double precision,
        quality_sum double precision, norm_sum double precision, latency bigint[]
    ) JOIN cameras c ON c.id = r.camera_id CROSS JOIN unnest(ARRAY['minute', 'hour']) AS span
    ORDER BY c.id, r.model, r.version, span
    ON CONFLICT (chain_id, model, span, since, camera_id, version) DO UPDATE SET
        frames = m.frames + excluded.frames, failures = m.failures + excluded.failures,
        persons = m.persons + excluded.persons, score_sum = m.score_sum + excluded.score_sum,
        quality_sum = m.quality_sum + excluded.quality_sum, norm_sum = m.norm_sum + excluded.norm_sum,
        latency = added(m.latency, excluded.latency) $$;

CREATE FUNCTION note_model_comparisons(comparisons jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO model_comparisons AS m (
        shadow_id, chain_id, camera_id, against, frames, failures, skipped, agreeing, "both", only_old, only_new, overlap_sum,
        likeness_sum, likened, shift_sum, shift_squares, latency_old, latency_new
    )
    SELECT s.id, s.chain_id, c.id, r.against, r.frames, r.failures, r.skipped, r.agreeing, r."both", r.only_old, r.only_new,
        r.overlap_sum, r.likeness_sum, r.likened, r.shift_sum, r.shift_squares, r.latency_old, r.latency_new
    FROM jsonb_to_recordset(comparisons) AS r (
        camera_id uuid, model text, version integer, against integer, frames bigint, failures bigint, skipped bigint,
        agreeing bigint, "both" bigint, only_old bigint, only_new bigint, overlap_sum double precision,
        likeness_sum double precision, likened bigint, shift_sum double precision, shift_squares double precision,
        latency_old bigint[], latency_new bigint[]
    ) JOIN cameras c ON c.id = r.camera_id
    JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = r.model AND s.version = r.version AND s.ended_at IS NULL
    ORDER BY c.id, r.against
    ON CONFLICT (shadow_id, camera_id, against) DO UPDATE SET
        frames = m.frames + excluded.frames, failures = m.failures + excluded.failures, skipped = m.skipped + excluded.skipped,
        agreeing = m.agreeing + excluded.agreeing, "both" = m."both" + excluded."both",
        only_old = m.only_old + excluded.only_old, only_new = m.only_new + excluded.only_new,
        overlap_sum = m.overlap_sum + excluded.overlap_sum, likeness_sum = m.likeness_sum + excluded.likeness_sum,
        likened = m.likened + excluded.likened, shift_sum = m.shift_sum + excluded.shift_sum,
        shift_squares = m.shift_squares + excluded.shift_squares,
        latency_old = added(m.latency_old, excluded.latency_old), latency_new = added(m.latency_new, excluded.latency_new) $$;

-- A still of a running shadow; the oldest of a shadow beyond `most` go.
CREATE FUNCTION keep_model_disagreement(
    made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamptz,
    old_alone integer, new_alone integer, alike double precision, picture bytea, most integer
) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO model_disagreements (id, shadow_id, chain_id, camera_id, against, captured_at, only_old, only_new, likeness, still)
    SELECT made, s.id, s.chain_id, c.id, other, moment, old_alone, new_alone, alike, picture
    FROM cameras c JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = of_model AND s.version = of_version
        AND s.ended_at IS NULL
    WHERE c.id = camera;
    DELETE FROM model_disagreements d USING model_disagreements fresh
    WHERE fresh.id = made AND d.shadow_id = fresh.shadow_id AND d.id IN (
        SELECT o.id FROM model_disagreements o WHERE o.shadow_id = fresh.shadow_id ORDER BY o.kept_at DESC, o.id DESC OFFSET most
    ) $$;

-- What is too old goes: of every chain, whoever asks.
CREATE FUNCTION forget_model_readings(minutes interval, hours interval, stills interval) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH short AS (DELETE FROM model_readings WHERE span = 'minute' AND since < now() - minutes RETURNING 1),
    long AS (DELETE FROM model_readings WHERE span = 'hour' AND since < now() - hours RETURNING 1),
    pictures AS (DELETE FROM model_disagreements WHERE kept_at < now() - stills RETURNING 1)
    SELECT (SELECT count(*) FROM short) + (SELECT count(*) FROM long) + (SELECT count(*) FROM pictures) $$;

REVOKE EXECUTE ON FUNCTION model_use_of_worker(uuid), note_model_readings(jsonb), note_model_comparisons(jsonb),
    keep_model_disagreement(uuid, uuid, text, integer, integer, timestamptz, integer, integer, double precision, bytea, integer),
    forget_model_readings(interval, interval, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION model_use_of_worker(uuid), note_model_readings(jsonb), note_model_comparisons(jsonb),
    keep_model_disagreement(uuid, uuid, text, integer, integer, timestamptz, integer, integer, double precision, bytea, integer),
    forget_model_readings(interval, interval, interval) TO pennyprotect_app;
