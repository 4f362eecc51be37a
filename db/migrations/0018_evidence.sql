-- Evidence: clips and stills that alerts and people ask for, their chain of custody, their exports, and the keys that sign them.
CREATE TABLE evidence (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    alert_id uuid REFERENCES alerts (id),
    incident_id uuid,
    type text NOT NULL CHECK (type IN ('clip', 'still', 'playback')),
    state text NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted', 'recording', 'uploading', 'present', 'lost', 'deleted')),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 300),
    wanted_from timestamptz NOT NULL,
    wanted_to timestamptz NOT NULL,
    moment timestamptz NOT NULL,
    worker_id uuid,
    s3_key text UNIQUE,
    size bigint CHECK (size > 0),
    sha256 bytea CHECK (length(sha256) = 32),
    media_type text CHECK (length(media_type) <= 50),
    recorded_from timestamptz,
    recorded_to timestamptz,
    masked boolean NOT NULL DEFAULT false,   -- re-encoded through the camera's privacy masks
    boxes jsonb,                             -- who was where, for overlay and blurring: boxes only, never keypoints
    created_at timestamptz NOT NULL DEFAULT now(),
    present_at timestamptz,
    held boolean NOT NULL DEFAULT false,     -- legal hold: nothing deletes it
    hold_reason text NOT NULL DEFAULT '' CHECK (length(hold_reason) <= 500),
    deleted_at timestamptz,
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id),
    FOREIGN KEY (chain_id, store_id, incident_id) REFERENCES incidents (chain_id, store_id, id),
    UNIQUE (chain_id, store_id, id),
    CHECK (wanted_from <= wanted_to),
    CHECK (state <> 'present' OR (s3_key IS NOT NULL AND size IS NOT NULL AND sha256 IS NOT NULL AND present_at IS NOT NULL))
);
CREATE INDEX evidence_store ON evidence (store_id, created_at DESC, id DESC);
CREATE INDEX evidence_alert ON evidence (alert_id);
CREATE INDEX evidence_incident ON evidence (incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX evidence_open ON evidence (camera_id) WHERE state IN ('wanted', 'recording', 'uploading');

-- Who had what in hand: a hash chain for each piece, which nobody changes.
CREATE TABLE evidence_custody (
    evidence_id uuid NOT NULL,
    sequence integer NOT NULL CHECK (sequence > 0),
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    act text NOT NULL CHECK (length(act) BETWEEN 1 AND 50),
    actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'api-key', 'system')),
    actor_id uuid,
    at timestamptz NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (evidence_id, sequence),
    FOREIGN KEY (chain_id, store_id, evidence_id) REFERENCES evidence (chain_id, store_id, id)
);

-- Ed25519, one a chain; the private half is sealed under the chain's data key.
CREATE TABLE signing_keys (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    secret bytea NOT NULL,
    secret_key integer GENERATED ALWAYS AS (
        CASE WHEN length(secret) >= 36 AND substr(secret, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(secret, 20) << 24) | (get_byte(secret, 21) << 16) | (get_byte(secret, 22) << 8) | get_byte(secret, 23)
        END) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (chain_id),
    CONSTRAINT signing_keys_secret_key FOREIGN KEY (chain_id, secret_key) REFERENCES tenant_keys (chain_id, version)
);

CREATE TABLE evidence_exports (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    evidence_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'making', 'ready', 'failed', 'ended')),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 300),
    purpose text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 500),
    recipient text NOT NULL CHECK (length(recipient) BETWEEN 1 AND 200),
    redaction text NOT NULL CHECK (redaction IN ('bodies', 'faces', 'everyone', 'none')),
    subjects numeric[] NOT NULL DEFAULT '{}',
    requested_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    claimed_until timestamptz,
    tries integer NOT NULL DEFAULT 0,
    s3_key text UNIQUE,
    size bigint,
    sha256 bytea CHECK (length(sha256) = 32),
    downloads integer NOT NULL DEFAULT 0,
    FOREIGN KEY (chain_id, store_id, evidence_id) REFERENCES evidence (chain_id, store_id, id)
);
CREATE INDEX evidence_exports_evidence ON evidence_exports (evidence_id, created_at DESC);
CREATE INDEX evidence_exports_open ON evidence_exports (created_at) WHERE state IN ('waiting', 'making');

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['evidence', 'evidence_custody', 'evidence_exports'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
            AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])))', name);
    END LOOP;
END $$;
ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON signing_keys TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
GRANT SELECT, INSERT ON evidence, evidence_custody, evidence_exports, signing_keys TO pennyprotect_app;
GRANT UPDATE (state, reason, worker_id, s3_key, size, sha256, media_type, recorded_from, recorded_to, masked, boxes, present_at,
    held, hold_reason, incident_id, deleted_at) ON evidence TO pennyprotect_app;
GRANT UPDATE (state, reason, claimed_until, tries, s3_key, size, sha256, downloads) ON evidence_exports TO pennyprotect_app;
GRANT UPDATE (secret), DELETE ON signing_keys TO pennyprotect_app;  -- with the chain's key its signing key goes

-- Every alert asks for a clip and a still in the transaction that raises it, so neither can be forgotten.
CREATE FUNCTION want_evidence() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO evidence (id, chain_id, store_id, camera_id, alert_id, type, wanted_from, wanted_to, moment)
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
            PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
        NEW.chain_id, NEW.store_id, NEW.camera_id, NEW.id, kind.type,
        CASE kind.type WHEN 'clip' THEN NEW.ended_at - interval '10 seconds' ELSE NEW.ended_at END,
        CASE kind.type WHEN 'clip' THEN NEW.ended_at + interval '20 seconds' ELSE NEW.ended_at END, NEW.ended_at
    FROM (VALUES ('clip'), ('still')) AS kind (type);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION want_evidence() FROM PUBLIC;
CREATE TRIGGER alerts_want_evidence AFTER INSERT ON alerts FOR EACH ROW EXECUTE FUNCTION want_evidence();

-- What a worker should record: of the cameras it holds. Rows that nobody can serve any more are given up with a reason.
CREATE FUNCTION evidence_jobs(worker uuid, most integer)
    RETURNS TABLE (evidence_id uuid, camera_id uuid, type text, wanted_from timestamptz, wanted_to timestamptz, moment timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE evidence e SET state = 'lost', reason = CASE e.state
            WHEN 'uploading' THEN 'It was recorded, but could not be stored within a day.'
            ELSE 'No worker that had the pictures could record it: the camera or its worker was away.' END
        WHERE e.state IN ('wanted', 'recording', 'uploading')
        AND e.wanted_to < now() - CASE e.state WHEN 'uploading' THEN interval '1 day' ELSE interval '10 minutes' END;
    RETURN QUERY UPDATE evidence e SET state = CASE e.state WHEN 'uploading' THEN 'uploading' ELSE 'recording' END, worker_id = worker
        FROM (SELECT w.id FROM evidence w JOIN camera_leases l ON l.camera_id = w.camera_id AND l.worker_id = worker
            WHERE w.state IN ('wanted', 'recording') OR (w.state = 'uploading' AND w.worker_id = worker)
            ORDER BY w.wanted_to, w.id LIMIT most) chosen
        WHERE e.id = chosen.id
        RETURNING e.id, e.camera_id, e.type, e.wanted_from, e.wanted_to, e.moment;
END $$;
REVOKE EXECUTE ON FUNCTION evidence_jobs(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION evidence_jobs(uuid, integer) TO pennyprotect_app;

-- Workers and links name a piece before a tenant is known.
CREATE FUNCTION evidence_chain(wanted uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT chain_id FROM evidence WHERE id = wanted $$;
REVOKE EXECUTE ON FUNCTION evidence_chain(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION evidence_chain(uuid) TO pennyprotect_app;

CREATE FUNCTION export_by_token(wanted bytea) RETURNS TABLE (export_id uuid, chain_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT id, evidence_exports.chain_id FROM evidence_exports WHERE token_hash = wanted $$;
REVOKE EXECUTE ON FUNCTION export_by_token(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_by_token(bytea) TO pennyprotect_app;

-- The next export to make, for whichever replica is free; one that died leaves its claim to end.
CREATE FUNCTION claim_export() RETURNS TABLE (export_id uuid, chain_id uuid)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE evidence_exports x SET state = 'making', claimed_until = now() + interval '5 minutes', tries = x.tries + 1
    WHERE x.id = (SELECT id FROM evidence_exports WHERE state = 'waiting' OR (state = 'making' AND claimed_until < now())
        ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING x.id, x.chain_id $$;
REVOKE EXECUTE ON FUNCTION claim_export() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_export() TO pennyprotect_app;
