-- Site policy: what a store may run, by whose decision, and the evidence for it. A revision is never changed, only followed.

-- Where a store stands, by the law ('' = not said yet, which permits nothing), and the address of its public page.
ALTER TABLE stores
    ADD COLUMN jurisdiction text NOT NULL DEFAULT '' CHECK (length(jurisdiction) <= 40),
    ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN demo boolean NOT NULL DEFAULT false;

-- A photo of the sign at the door, without the camera's metadata.
CREATE TABLE sign_photos (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    taken_on date NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    jpeg bytea NOT NULL CHECK (length(jpeg) <= 4194304),
    uploaded_by uuid NOT NULL,
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, uploaded_by) REFERENCES users (chain_id, id)
);
CREATE INDEX sign_photos_store ON sign_photos (store_id, taken_on DESC, id DESC);

-- A test in the store with its own cameras: how often a switch's model was wrong.
CREATE TABLE acceptance_tests (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    switch text NOT NULL CHECK (switch IN ('face', 'gait', 're_identification')),
    performed_on date NOT NULL,
    performed_by text NOT NULL CHECK (length(performed_by) BETWEEN 1 AND 200),
    cameras integer NOT NULL CHECK (cameras > 0),
    strangers integer NOT NULL CHECK (strangers > 0),
    false_matches integer NOT NULL CHECK (false_matches BETWEEN 0 AND strangers),
    enrolled integer NOT NULL CHECK (enrolled > 0),
    misses integer NOT NULL CHECK (misses BETWEEN 0 AND enrolled),
    passed boolean NOT NULL,
    report_reference text NOT NULL DEFAULT '' CHECK (length(report_reference) <= 500),
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, recorded_by) REFERENCES users (chain_id, id)
);
CREATE INDEX acceptance_tests_store ON acceptance_tests (store_id, switch, performed_on DESC, id DESC);

ALTER TABLE site_policies
    ADD COLUMN jurisdiction text NOT NULL DEFAULT '',
    ADD COLUMN pack text NOT NULL DEFAULT '',
    ADD COLUMN legal_basis text NOT NULL DEFAULT '' CHECK (length(legal_basis) <= 2000),
    ADD COLUMN dpia_reference text NOT NULL DEFAULT '' CHECK (length(dpia_reference) <= 500),
    ADD COLUMN notice_text text NOT NULL DEFAULT '' CHECK (length(notice_text) <= 4000),
    ADD COLUMN counsel_reference text NOT NULL DEFAULT '' CHECK (length(counsel_reference) <= 500),
    ADD COLUMN counsel_signed_on date,
    ADD COLUMN sign_photo_id uuid REFERENCES sign_photos (id),
    ADD COLUMN cause text NOT NULL DEFAULT 'install'
        CHECK (cause IN ('install', 'approved', 'switched-off', 'jurisdiction', 'lapsed', 'demo')),
    ADD COLUMN reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    ADD COLUMN proposed_by uuid,
    ADD COLUMN made_by uuid,
    ADD CONSTRAINT on_needs_two_people_and_papers CHECK (
        NOT (face OR gait OR re_identification) OR cause = 'demo'
        OR (jurisdiction <> '' AND legal_basis <> '' AND dpia_reference <> '' AND notice_text <> '' AND sign_photo_id IS NOT NULL
            AND proposed_by IS NOT NULL AND (cause <> 'approved' OR (made_by IS NOT NULL AND made_by <> proposed_by))));

-- Even the owner changes no revision, only the demo's store has switches on without papers, and only what is on already
-- may stay on without a second person.
CREATE FUNCTION check_site_policy() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    before site_policies;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'a revision of a site policy is never changed; write the next one' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.cause = 'demo' AND NOT EXISTS (SELECT FROM stores WHERE id = NEW.store_id AND demo) THEN
        RAISE EXCEPTION 'this store is not the demo''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.cause NOT IN ('approved', 'demo') THEN
        SELECT * INTO before FROM site_policies WHERE store_id = NEW.store_id ORDER BY revision DESC LIMIT 1;
        IF (NEW.face AND before.face IS NOT TRUE) OR (NEW.gait AND before.gait IS NOT TRUE)
            OR (NEW.re_identification AND before.re_identification IS NOT TRUE) THEN
            RAISE EXCEPTION 'switching on needs two people' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER site_policies_check BEFORE INSERT OR UPDATE OR DELETE ON site_policies
    FOR EACH ROW EXECUTE FUNCTION check_site_policy();

-- What one person proposes and another decides: a site policy, a match threshold.
CREATE TABLE proposed_changes (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('site-policy', 'match-threshold')),
    subject text NOT NULL DEFAULT '' CHECK (length(subject) <= 200),
    base_revision integer NOT NULL,
    content jsonb NOT NULL,
    proposed_by uuid NOT NULL,
    proposed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'rejected', 'expired', 'overtaken')),
    decided_by uuid,
    decided_at timestamptz,
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, proposed_by) REFERENCES users (chain_id, id),
    CHECK (state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> proposed_by))
);
CREATE UNIQUE INDEX proposed_changes_open ON proposed_changes (store_id, kind, subject) WHERE state = 'open';
CREATE INDEX proposed_changes_store ON proposed_changes (store_id, kind, proposed_at DESC, id DESC);

-- What must never be seen: polygons that a worker blackens right after decoding.
CREATE TABLE privacy_masks (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    polygon jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id)
);
CREATE INDEX privacy_masks_camera ON privacy_masks (camera_id) WHERE deleted_at IS NULL;
CREATE TRIGGER privacy_masks_bump AFTER INSERT OR UPDATE OR DELETE ON privacy_masks
    FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration_revision();
CREATE TRIGGER stores_bump AFTER UPDATE ON stores
    FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration_revision();

-- Training: courses of a chain, the gates each opens, and who has taken them until when.
CREATE TABLE training_courses (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    gate text NOT NULL CHECK (gate ~ '^[a-z][a-z-]{1,39}$'),
    valid_months integer NOT NULL CHECK (valid_months BETWEEN 1 AND 60),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    UNIQUE (chain_id, id)
);
CREATE TABLE training_records (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    course_id uuid NOT NULL,
    user_id uuid NOT NULL,
    trainer text NOT NULL CHECK (length(trainer) BETWEEN 1 AND 200),
    trained_on date NOT NULL,
    expires_on date NOT NULL CHECK (expires_on > trained_on),
    certificate text NOT NULL DEFAULT '' CHECK (length(certificate) <= 200),
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    FOREIGN KEY (chain_id, course_id) REFERENCES training_courses (chain_id, id),
    FOREIGN KEY (chain_id, user_id) REFERENCES users (chain_id, id),
    FOREIGN KEY (chain_id, recorded_by) REFERENCES users (chain_id, id),
    CHECK (recorded_by <> user_id)
);
CREATE INDEX training_records_user ON training_records (user_id, course_id, expires_on DESC);

-- Whether a store's newest policy has a switch on. Unknown store, unknown switch, no policy: off.
CREATE FUNCTION store_runs(wanted_store uuid, switch text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT coalesce((SELECT CASE switch WHEN 'face' THEN face WHEN 'gait' THEN gait
        WHEN 're_identification' THEN re_identification ELSE false END
        FROM site_policies WHERE store_id = wanted_store ORDER BY revision DESC LIMIT 1), false) $$;

-- Trigger of a table with biometric columns; arguments: the switch, then the columns.
CREATE FUNCTION refuse_biometrics_when_off() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    fields jsonb := to_jsonb(NEW);
    number integer;
BEGIN
    FOR number IN 1 .. TG_NARGS - 1 LOOP
        IF fields -> TG_ARGV[number] IS DISTINCT FROM 'null'::jsonb THEN
            IF NOT store_runs(NEW.store_id, TG_ARGV[0]) THEN
                RAISE EXCEPTION 'the % switch of this store is off: % is not written', TG_ARGV[0], TG_ARGV[number]
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN NEW;
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

-- For migrations of later tables: SELECT guard_biometrics('probe_faces', 'face', ARRAY['embedding']); the table has store_id.
CREATE FUNCTION guard_biometrics(guarded regclass, switch text, guarded_columns text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF switch NOT IN ('face', 'gait', 're_identification') OR cardinality(guarded_columns) = 0 THEN
        RAISE EXCEPTION 'name one of the three switches and at least one column';
    END IF;
    IF (SELECT count(*) FROM pg_attribute WHERE attrelid = guarded AND NOT attisdropped
        AND attname = ANY (guarded_columns || 'store_id'::text)) <> cardinality(guarded_columns) + 1 THEN
        RAISE EXCEPTION '% lacks store_id or one of the columns %', guarded, guarded_columns;
    END IF;
    EXECUTE format('CREATE TRIGGER biometrics_%s BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION refuse_biometrics_when_off(%s)',
        switch, guarded, (SELECT string_agg(quote_literal(each), ', ') FROM unnest(switch || guarded_columns) each));
END $$;

-- The stores that have anything on, across chains, for the loop that switches off what has lapsed.
CREATE FUNCTION stores_with_biometrics() RETURNS TABLE (chain_id uuid, store_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT newest.chain_id, newest.store_id FROM (
        SELECT DISTINCT ON (p.store_id) p.* FROM site_policies p ORDER BY p.store_id, p.revision DESC) newest
    WHERE newest.face OR newest.gait OR newest.re_identification $$;

-- What a passer-by may read of a store: no person, no camera, no address.
CREATE FUNCTION public_policy(wanted uuid) RETURNS TABLE (
        chain_name text, store_name text, jurisdiction text, demo boolean, revision integer, face boolean, gait boolean,
        re_identification boolean, legal_basis text, notice_text text, since timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT c.name, s.name, s.jurisdiction, s.demo, coalesce(p.revision, 0), coalesce(p.face, false), coalesce(p.gait, false),
        coalesce(p.re_identification, false), coalesce(p.legal_basis, ''), coalesce(p.notice_text, ''), coalesce(p.created_at, s.created_at)
    FROM stores s JOIN chains c ON c.id = s.chain_id
    LEFT JOIN LATERAL (SELECT * FROM site_policies WHERE site_policies.store_id = s.id ORDER BY site_policies.revision DESC LIMIT 1) p ON true
    WHERE s.public_id = wanted $$;

-- The desired state of a camera carries its store's policy and its masks.
DROP FUNCTION lease_cameras(uuid, integer, interval);
CREATE FUNCTION lease_cameras(worker uuid, capacity integer, lease interval) RETURNS TABLE (
        camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer,
        policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
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
            coalesce(p.revision, 0), coalesce(p.face, false), coalesce(p.gait, false), coalesce(p.re_identification, false),
            coalesce((SELECT jsonb_agg(m.polygon ORDER BY m.id) FROM privacy_masks m
                WHERE m.camera_id = c.id AND m.deleted_at IS NULL), '[]'::jsonb)
        FROM camera_leases l JOIN cameras c ON c.id = l.camera_id
        LEFT JOIN LATERAL (SELECT s.revision, s.face, s.gait, s.re_identification FROM site_policies s
            WHERE s.store_id = c.store_id ORDER BY s.revision DESC LIMIT 1) p ON true
        WHERE l.worker_id = worker ORDER BY c.id;
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['sign_photos', 'acceptance_tests', 'proposed_changes', 'privacy_masks'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
            AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['training_courses', 'training_records'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()))', name);
    END LOOP;
END $$;
CREATE POLICY pipeline ON site_policies FOR SELECT TO pennyprotect_pipeline USING (true);

REVOKE EXECUTE ON FUNCTION check_site_policy(), refuse_biometrics_when_off(), store_runs(uuid, text),
    guard_biometrics(regclass, text, text[]), stores_with_biometrics(), public_policy(uuid), lease_cameras(uuid, integer, interval)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stores_with_biometrics(), public_policy(uuid), lease_cameras(uuid, integer, interval) TO pennyprotect_app;
GRANT EXECUTE ON FUNCTION store_runs(uuid, text) TO pennyprotect_app, pennyprotect_pipeline;
GRANT SELECT, INSERT ON sign_photos, acceptance_tests, proposed_changes, privacy_masks, training_courses, training_records
    TO pennyprotect_app;
GRANT UPDATE (state, decided_by, decided_at, reason) ON proposed_changes TO pennyprotect_app;
GRANT UPDATE (name, polygon, deleted_at) ON privacy_masks TO pennyprotect_app;
GRANT UPDATE (retired_at) ON training_courses TO pennyprotect_app;
GRANT UPDATE (withdrawn_at) ON training_records TO pennyprotect_app;
GRANT UPDATE (jurisdiction) ON stores TO pennyprotect_app;
GRANT SELECT (store_id, revision, face, gait, re_identification) ON site_policies TO pennyprotect_pipeline;
