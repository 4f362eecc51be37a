-- Foundation: tenants, people and keys, cameras, leases and checkpoints, detections, alerts, outbox, unsealed audit.
-- Conventions: every tenant table carries chain_id (and store_id where it belongs to a store); ids are UUIDv7 from the application;
-- times are timestamptz; the application role sees rows only through the policies at the end of this file.

CREATE EXTENSION IF NOT EXISTS vector;

-- Tenancy ---------------------------------------------------------------------------------------------------------

CREATE TABLE chains (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE stores (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    timezone text NOT NULL DEFAULT 'UTC',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (chain_id, id)
);

-- The three biometric switches of a store, off at install. A revision is never changed, only followed by the next.
CREATE TABLE site_policies (
    store_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    face boolean NOT NULL DEFAULT false,
    gait boolean NOT NULL DEFAULT false,
    re_identification boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store_id, revision),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id)
);

-- People, sessions, keys ------------------------------------------------------------------------------------------

CREATE TABLE users (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    username text NOT NULL CHECK (username = lower(username) AND length(username) BETWEEN 1 AND 100),
    password_hash text NOT NULL,
    failed_logins integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (username),
    UNIQUE (chain_id, id)
);

-- store_id NULL: the whole chain.
CREATE TABLE memberships (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    store_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, user_id) REFERENCES users (chain_id, id),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    UNIQUE NULLS NOT DISTINCT (user_id, role, store_id)
);

-- One row a log-in; the refresh token rotates inside it. A replayed old token revokes the session.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    user_id uuid NOT NULL,
    refresh_hash bytea NOT NULL,
    previous_refresh_hash bytea,
    rotated_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, user_id) REFERENCES users (chain_id, id)
);
CREATE INDEX sessions_refresh ON sessions (refresh_hash);
CREATE INDEX sessions_previous_refresh ON sessions (previous_refresh_hash);

-- chain_id NULL: a key of the platform itself (a cell's workers serve every chain of that cell).
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    chain_id uuid REFERENCES chains (id),
    name text NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    permissions text[] NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Cameras ---------------------------------------------------------------------------------------------------------

CREATE TABLE cameras (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    url text NOT NULL,                    -- without credentials
    credentials bytea,                    -- AES-256-GCM: nonce, then ciphertext of "user:password"; camera id as associated data
    analysis_fps real NOT NULL DEFAULT 5 CHECK (analysis_fps > 0 AND analysis_fps <= 30),
    enabled boolean NOT NULL DEFAULT true,
    revision integer NOT NULL DEFAULT 1,
    origin text NOT NULL DEFAULT 'user' CHECK (origin IN ('user', 'setting', 'demo')),  -- set-up only reconciles its own
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    UNIQUE (chain_id, store_id, id)
);
CREATE INDEX cameras_store ON cameras (store_id) WHERE deleted_at IS NULL;

-- Polygon: [[x, y], ...] in 0..1 of the picture, so that it survives a change of stream size.
CREATE TABLE zones (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('loitering', 'area')),
    polygon jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id)
);
CREATE INDEX zones_camera ON zones (camera_id) WHERE deleted_at IS NULL;

-- Parameters of a rule for a store, a camera or a zone; the most specific row wins, a missing one means the defaults of the code.
CREATE TABLE rules (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid,
    zone_id uuid REFERENCES zones (id),
    kind text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    parameters jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id),
    UNIQUE NULLS NOT DISTINCT (store_id, camera_id, zone_id, kind)
);

-- Bumped by triggers on cameras, zones, rules and site_policies: readers poll one row instead of four tables.
CREATE TABLE configuration_revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL DEFAULT 1
);
INSERT INTO configuration_revision DEFAULT VALUES;

CREATE FUNCTION bump_configuration_revision() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE configuration_revision SET revision = revision + 1;
    RETURN NULL;
END $$;

CREATE TRIGGER cameras_bump AFTER INSERT OR UPDATE OR DELETE ON cameras
    FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration_revision();
CREATE TRIGGER zones_bump AFTER INSERT OR UPDATE OR DELETE ON zones
    FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration_revision();
CREATE TRIGGER rules_bump AFTER INSERT OR UPDATE OR DELETE ON rules
    FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration_revision();
CREATE TRIGGER site_policies_bump AFTER INSERT OR UPDATE OR DELETE ON site_policies
    FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration_revision();

-- Which worker runs which camera.
CREATE TABLE camera_leases (
    camera_id uuid PRIMARY KEY REFERENCES cameras (id),
    worker_id uuid NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX camera_leases_worker ON camera_leases (worker_id);

CREATE TABLE stream_sessions (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    status varchar(50) NOT NULL,          -- active, ended, error
    reason text NOT NULL DEFAULT '',
    width integer NOT NULL DEFAULT 0,
    height integer NOT NULL DEFAULT 0,
    codec text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id),
    UNIQUE (camera_id, epoch)
);
CREATE INDEX stream_sessions_camera ON stream_sessions (camera_id, started_at DESC);

-- Latest health of each camera, written by the pipeline at each change and at most every 10 s otherwise.
CREATE TABLE camera_status (
    camera_id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    state text NOT NULL,
    reason text NOT NULL DEFAULT '',
    width integer NOT NULL DEFAULT 0,
    height integer NOT NULL DEFAULT 0,
    codec text NOT NULL DEFAULT '',
    fps_in real NOT NULL DEFAULT 0,
    fps_analysed real NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    reconnects integer NOT NULL DEFAULT 0,
    last_frame_at timestamptz,
    reported_at timestamptz NOT NULL,
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id)
) WITH (fillfactor = 50);

-- Pipeline --------------------------------------------------------------------------------------------------------

-- The token rises with every change of owner; a transaction that presents an old one changes nothing.
CREATE TABLE shard_leases (
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
    owner uuid,
    token bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO shard_leases (shard) SELECT generate_series(0, 63);

-- Pipelines that live, so that one which holds nothing yet still counts for its fair share of the shards.
CREATE TABLE pipelines (
    id uuid PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE TABLE checkpoints (
    shard smallint PRIMARY KEY REFERENCES shard_leases (shard),
    token bigint NOT NULL,
    frames_id text NOT NULL DEFAULT '0-0',
    tracklets_id text NOT NULL DEFAULT '0-0',
    health_id text NOT NULL DEFAULT '0-0',
    rule_state bytea NOT NULL DEFAULT '',
    committed_at timestamptz NOT NULL DEFAULT now()
);

-- One row a tracklet: boxes at 1 Hz, never keypoints.
CREATE TABLE ai_detections (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    track_id numeric(20) NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    frames integer NOT NULL,
    mean_score real NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    boxes bytea NOT NULL,                 -- little-endian float32 (m, 5): seconds since started_at, x1, y1, x2, y2
    PRIMARY KEY (started_at, camera_id, epoch, track_id)
) PARTITION BY RANGE (started_at);
CREATE INDEX ai_detections_store ON ai_detections (store_id, started_at DESC, id);
CREATE INDEX ai_detections_camera ON ai_detections (camera_id, started_at DESC, id);
-- Daily partitions are made ahead by make_detection_partitions(); this one catches what none was made for.
CREATE TABLE ai_detections_default PARTITION OF ai_detections DEFAULT;

-- SECURITY DEFINER: the pipeline may have partitions made without owning the table.
CREATE FUNCTION make_detection_partitions(days_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    day date;
    made integer := 0;
BEGIN
    IF days_ahead NOT BETWEEN 0 AND 31 THEN
        RAISE EXCEPTION 'days_ahead must be between 0 and 31';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('make_detection_partitions'));
    FOR day IN SELECT generate_series((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + days_ahead, '1 day')::date LOOP
        IF to_regclass('public.ai_detections_' || to_char(day, 'YYYYMMDD')) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE public.%I PARTITION OF public.ai_detections FOR VALUES FROM (%L) TO (%L)',
                    'ai_detections_' || to_char(day, 'YYYYMMDD'), day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                NULL;  -- the default partition has rows of that day (a clock ran ahead): they stay there together
            END;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- Alerts ----------------------------------------------------------------------------------------------------------

-- id is derived from the occurrence (camera, rule, zone, first presence), so raising twice inserts once.
CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    zone_id uuid REFERENCES zones (id),
    kind text NOT NULL,
    threat text NOT NULL CHECK (threat IN ('low', 'medium', 'high')),
    state text NOT NULL DEFAULT 'raised'
        CHECK (state IN ('raised', 'claimed', 'acknowledged', 'snoozed', 'escalated', 'resolved')),
    score real NOT NULL,
    threshold real NOT NULL,
    explanation jsonb NOT NULL,
    track_ids numeric(20)[] NOT NULL,
    epoch bigint NOT NULL,
    started_at timestamptz NOT NULL,      -- when the act began
    ended_at timestamptz NOT NULL,        -- last seen
    raised_at timestamptz NOT NULL DEFAULT now(),
    claimed_by uuid REFERENCES users (id),
    claimed_at timestamptz,
    acknowledged_by uuid REFERENCES users (id),
    acknowledged_at timestamptz,
    resolved_by uuid REFERENCES users (id),
    resolved_at timestamptz,
    outcome text,
    changed_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id)
);
CREATE INDEX alerts_store ON alerts (store_id, raised_at DESC, id DESC);
CREATE INDEX alerts_camera ON alerts (camera_id, raised_at DESC, id DESC);

-- Effects on later stages, written in the transaction of their cause, sent by the dispatcher.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    kind text NOT NULL,                   -- alert-raised, alert-changed, camera-status
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION announce_outbox() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NOTIFY outbox;  -- only wakes the dispatcher; its poll guarantees
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_announce AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION announce_outbox();

-- Audit and idempotency -------------------------------------------------------------------------------------------

-- An act's row is written in the act's own transaction; the sealer chains it later. Holds opaque ids, so erasure keeps the chain.
CREATE TABLE audit_unsealed (
    id uuid PRIMARY KEY,
    chain_id uuid,
    store_id uuid,
    actor_kind text NOT NULL,             -- user, api-key, system
    actor_id uuid,
    act text NOT NULL,
    subject_kind text NOT NULL DEFAULT '',
    subject_id uuid,
    details jsonb NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT now()
);

-- What a POST with an Idempotency-Key answered, per principal, for 24 hours.
CREATE TABLE idempotency_keys (
    principal uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash bytea NOT NULL,
    status integer,                       -- NULL while the first request is under way
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, key)
);

-- Who sees what ---------------------------------------------------------------------------------------------------

-- After a transaction an unset custom setting reads '' rather than NULL, hence nullif. No scope: NULL: no rows.
CREATE FUNCTION tenant_chain() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
    $$ SELECT nullif(current_setting('pennyprotect.chain_id', true), '')::uuid $$;
-- NULL in the array's place means every store of the chain ('*').
CREATE FUNCTION tenant_stores() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
    $$ SELECT CASE current_setting('pennyprotect.store_ids', true) WHEN '*' THEN NULL
       ELSE coalesce(string_to_array(nullif(current_setting('pennyprotect.store_ids', true), ''), ',')::uuid[], '{}') END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['pennyprotect_app', 'pennyprotect_pipeline', 'pennyprotect_dispatcher'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', name);
        END IF;
    END LOOP;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO pennyprotect_app, pennyprotect_pipeline, pennyprotect_dispatcher;
    REVOKE EXECUTE ON FUNCTION tenant_chain(), tenant_stores(), make_detection_partitions(integer), bump_configuration_revision(), announce_outbox() FROM PUBLIC;

    -- Tables of a store: chain must match, and the store must be in scope.
    FOREACH name IN ARRAY ARRAY['site_policies', 'cameras', 'zones', 'rules', 'stream_sessions', 'camera_status', 'ai_detections', 'alerts', 'outbox'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
            AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])))', name);
    END LOOP;
    -- Tables of a chain.
    FOREACH name IN ARRAY ARRAY['users', 'memberships', 'sessions', 'api_keys'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()))', name);
    END LOOP;
END $$;

ALTER TABLE chains ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON chains TO pennyprotect_app USING (id = (SELECT tenant_chain()));
ALTER TABLE stores ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON stores TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR id = ANY ((SELECT tenant_stores())::uuid[])));
ALTER TABLE audit_unsealed ENABLE ROW LEVEL SECURITY;
CREATE POLICY append ON audit_unsealed FOR INSERT TO pennyprotect_app
    WITH CHECK (chain_id IS NOT DISTINCT FROM (SELECT tenant_chain()));
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON idempotency_keys TO pennyprotect_app
    USING (principal = nullif(current_setting('pennyprotect.principal', true), '')::uuid);

GRANT EXECUTE ON FUNCTION tenant_chain(), tenant_stores() TO pennyprotect_app;
GRANT SELECT ON chains, stores, site_policies, users, memberships, sessions, api_keys, cameras, zones, rules,
    stream_sessions, camera_status, ai_detections, alerts TO pennyprotect_app;
GRANT INSERT ON stores, site_policies, cameras, zones, rules, sessions, outbox, audit_unsealed TO pennyprotect_app;
GRANT UPDATE ON cameras, zones, rules TO pennyprotect_app;
GRANT DELETE ON rules TO pennyprotect_app;  -- back to the defaults of the code
GRANT UPDATE (refresh_hash, previous_refresh_hash, rotated_at, expires_at, revoked_at) ON sessions TO pennyprotect_app;
GRANT UPDATE (state, claimed_by, claimed_at, acknowledged_by, acknowledged_at, resolved_by, resolved_at, outcome, changed_at)
    ON alerts TO pennyprotect_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO pennyprotect_app;

-- The pipeline works for every chain of its cell, on exactly these tables.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['cameras', 'zones', 'rules', 'stream_sessions', 'camera_status', 'ai_detections', 'alerts', 'outbox'] LOOP
        EXECUTE format('CREATE POLICY pipeline ON %I TO pennyprotect_pipeline USING (true)', name);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION make_detection_partitions(integer) TO pennyprotect_pipeline;
GRANT SELECT (id, chain_id, store_id, name, enabled, deleted_at) ON cameras TO pennyprotect_pipeline;
GRANT SELECT ON zones, rules, configuration_revision TO pennyprotect_pipeline;
GRANT SELECT, INSERT, UPDATE ON stream_sessions, camera_status, checkpoints TO pennyprotect_pipeline;
GRANT SELECT, UPDATE ON shard_leases TO pennyprotect_pipeline;
GRANT SELECT, INSERT, UPDATE, DELETE ON pipelines TO pennyprotect_pipeline;
GRANT SELECT, INSERT ON ai_detections, alerts TO pennyprotect_pipeline;
GRANT UPDATE (ended_at, score, explanation, track_ids, epoch, changed_at) ON alerts TO pennyprotect_pipeline;
GRANT INSERT ON outbox TO pennyprotect_pipeline;

CREATE POLICY dispatcher ON outbox TO pennyprotect_dispatcher USING (true);
GRANT SELECT, DELETE, UPDATE (created_at) ON outbox TO pennyprotect_dispatcher;  -- an UPDATE right is what FOR UPDATE asks for

-- Look-ups that happen before a tenant is known: narrow, each returns only what the caller needs.

CREATE FUNCTION login_lookup(wanted text) RETURNS TABLE (
        user_id uuid, chain_id uuid, password_hash text, failed_logins integer, locked_until timestamptz, disabled boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT id, users.chain_id, users.password_hash, users.failed_logins, users.locked_until, disabled_at IS NOT NULL
    FROM users WHERE username = lower(wanted) $$;

CREATE FUNCTION login_record(wanted uuid, succeeded boolean, locked_for interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE users SET failed_logins = CASE WHEN succeeded THEN 0 ELSE failed_logins + 1 END,
        locked_until = CASE WHEN succeeded THEN NULL ELSE now() + locked_for END
    WHERE id = wanted $$;

CREATE FUNCTION session_lookup(wanted bytea) RETURNS TABLE (
        session_id uuid, user_id uuid, chain_id uuid, replayed boolean, expires_at timestamptz, revoked boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT sessions.id, sessions.user_id, sessions.chain_id, sessions.refresh_hash <> wanted, sessions.expires_at,
        sessions.revoked_at IS NOT NULL OR users.disabled_at IS NOT NULL
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.refresh_hash = wanted OR sessions.previous_refresh_hash = wanted $$;

CREATE FUNCTION api_key_lookup(wanted bytea) RETURNS TABLE (
        key_id uuid, chain_id uuid, name text, permissions text[], expires_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT id, api_keys.chain_id, api_keys.name, api_keys.permissions, api_keys.expires_at
    FROM api_keys WHERE key_hash = wanted AND revoked_at IS NULL $$;

-- Grants up to `capacity` cameras to a worker: renews its own, then takes free ones. Returns what it should run.
CREATE FUNCTION lease_cameras(worker uuid, capacity integer, lease interval) RETURNS TABLE (
        camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer,
        policy_revision integer, face boolean, gait boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lease_cameras'));
    DELETE FROM camera_leases l USING cameras c
        WHERE c.id = l.camera_id AND (l.expires_at < now() OR c.deleted_at IS NOT NULL OR NOT c.enabled);
    DELETE FROM camera_leases l WHERE l.worker_id = worker AND l.camera_id NOT IN (
        SELECT m.camera_id FROM camera_leases m WHERE m.worker_id = worker ORDER BY m.camera_id LIMIT capacity);
    UPDATE camera_leases l SET expires_at = now() + lease WHERE l.worker_id = worker;
    INSERT INTO camera_leases (camera_id, worker_id, expires_at)
        SELECT c.id, worker, now() + lease FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND NOT EXISTS (SELECT FROM camera_leases l WHERE l.camera_id = c.id)
        ORDER BY c.id
        LIMIT greatest(0, capacity - (SELECT count(*) FROM camera_leases l WHERE l.worker_id = worker));
    RETURN QUERY
        SELECT c.id, c.store_id, c.url, c.credentials, c.analysis_fps, c.revision,
            coalesce(p.revision, 0), coalesce(p.face, false), coalesce(p.gait, false)
        FROM camera_leases l JOIN cameras c ON c.id = l.camera_id
        LEFT JOIN LATERAL (SELECT s.revision, s.face, s.gait FROM site_policies s
            WHERE s.store_id = c.store_id ORDER BY s.revision DESC LIMIT 1) p ON true
        WHERE l.worker_id = worker ORDER BY c.id;
END $$;

REVOKE EXECUTE ON FUNCTION login_lookup(text), login_record(uuid, boolean, interval), session_lookup(bytea), api_key_lookup(bytea),
    lease_cameras(uuid, integer, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION login_lookup(text), login_record(uuid, boolean, interval), session_lookup(bytea), api_key_lookup(bytea),
    lease_cameras(uuid, integer, interval) TO pennyprotect_app;

-- Readiness of the pipeline, without a view of the leases themselves.
CREATE FUNCTION shards_owned() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
    $$ SELECT count(*)::integer FROM shard_leases WHERE owner IS NOT NULL AND expires_at > now() $$;
REVOKE EXECUTE ON FUNCTION shards_owned() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shards_owned() TO pennyprotect_app;
