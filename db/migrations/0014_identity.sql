-- Identity by face, the governed part: who is on which list, why, since when and until when; templates; leads and what people said of them.
-- A person, its enrolments, pictures and templates live in the home store of their list; other stores see them by an assignment.

CREATE TABLE identity_settings (
    chain_id uuid PRIMARY KEY REFERENCES chains (id),
    longest_days integer NOT NULL DEFAULT 365 CHECK (longest_days BETWEEN 1 AND 730),       -- of an enrolment
    review_days integer NOT NULL DEFAULT 90 CHECK (review_days BETWEEN 1 AND 365),          -- it is looked at again at the latest
    second_reviewer boolean NOT NULL DEFAULT false,                                         -- a confirmed match needs two people
    false_match_share real NOT NULL DEFAULT 0.5 CHECK (false_match_share > 0 AND false_match_share <= 1),
    false_match_least integer NOT NULL DEFAULT 5 CHECK (false_match_least BETWEEN 1 AND 1000),  -- reviewed leads before the share counts
    changed_by uuid REFERENCES users (id),
    changed_at timestamptz NOT NULL DEFAULT now(),
    revision integer NOT NULL DEFAULT 0
);

CREATE TABLE watchlists (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,               -- the home store, which answers for the list
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    category text NOT NULL CHECK (category IN ('violence', 'weapon', 'organised-theft', 'exclusion-order')),
    reach text NOT NULL DEFAULT 'store' CHECK (reach IN ('store', 'region', 'chain')),      -- where it may be assigned, never where it is
    region_id uuid,
    purpose text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 2000),
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, region_id) REFERENCES regions (chain_id, id),
    FOREIGN KEY (chain_id, created_by) REFERENCES users (chain_id, id),
    UNIQUE (chain_id, store_id, id),
    CHECK ((reach = 'region') = (region_id IS NOT NULL)),
    CHECK (reach = 'store' OR category <> 'exclusion-order')
);
CREATE INDEX watchlists_store ON watchlists (store_id, created_at, id);

-- Where a list is searched. The home store's row has no end; every other has one, and two people.
CREATE TABLE watchlist_assignments (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    watchlist_id uuid NOT NULL,
    home_store_id uuid NOT NULL,
    store_id uuid NOT NULL,
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 1000),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    state text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'rejected', 'ended')),
    proposed_by uuid NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    FOREIGN KEY (chain_id, home_store_id, watchlist_id) REFERENCES watchlists (chain_id, store_id, id),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, proposed_by) REFERENCES users (chain_id, id),
    CHECK (store_id = home_store_id OR (ends_at > starts_at AND ends_at <= starts_at + interval '366 days')),
    CHECK (store_id = home_store_id OR state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> proposed_by))
);
CREATE UNIQUE INDEX watchlist_assignments_live ON watchlist_assignments (watchlist_id, store_id) WHERE state IN ('proposed', 'approved');
CREATE INDEX watchlist_assignments_store ON watchlist_assignments (store_id, watchlist_id);

CREATE TABLE persons (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),  -- '' where nobody knows it, and after erasure
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    erased_at timestamptz,
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, created_by) REFERENCES users (chain_id, id),
    UNIQUE (chain_id, store_id, id),
    CHECK (erased_at IS NULL OR name = '')
);
CREATE INDEX persons_store ON persons (store_id, created_at DESC, id DESC);

-- Active is: approved, not suspended, before expires_at. What decides compares expires_at with its own clock.
CREATE TABLE enrolments (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    person_id uuid NOT NULL,
    watchlist_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'proposed', 'approved', 'rejected', 'expired', 'erased')),
    category text NOT NULL CHECK (category IN ('violence', 'weapon', 'organised-theft', 'exclusion-order')),
    reason text NOT NULL CHECK (length(reason) <= 2000),        -- what the person did
    incident_id uuid NOT NULL,
    source text NOT NULL CHECK (source IN ('store-camera', 'incident-evidence', 'police', 'court')),
    evidence text NOT NULL CHECK (length(evidence) <= 500),     -- reference of what proves it
    review_on date NOT NULL,
    expires_at timestamptz NOT NULL,
    under_18 boolean NOT NULL,            -- said by the enroller; nothing infers it
    vulnerable boolean NOT NULL,
    age_basis text NOT NULL CHECK (length(age_basis) <= 500),   -- how that is known
    exception_reason text NOT NULL DEFAULT '' CHECK (length(exception_reason) <= 2000),
    notice_given_on date,
    notice_how text NOT NULL DEFAULT '' CHECK (length(notice_how) <= 500),
    notice_withheld text NOT NULL DEFAULT '' CHECK (length(notice_withheld) <= 1000),
    quality jsonb NOT NULL DEFAULT '{}',  -- of the gate: parts, findings, model and version
    findings text[] NOT NULL DEFAULT '{}',                      -- what the gate did not like
    override_reason text NOT NULL DEFAULT '' CHECK (length(override_reason) <= 1000),
    look_alikes jsonb NOT NULL DEFAULT '[]',                    -- [{enrolment_id, match_score}]
    enrolled_by uuid NOT NULL,
    enrolled_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    decision_reason text NOT NULL DEFAULT '' CHECK (length(decision_reason) <= 1000),
    renewal jsonb,                        -- {expires_at, review_on, reason, proposed_by, proposed_at}, until a second person decides
    ended_at timestamptz,
    revision integer NOT NULL DEFAULT 0,
    FOREIGN KEY (chain_id, store_id, person_id) REFERENCES persons (chain_id, store_id, id),
    FOREIGN KEY (chain_id, store_id, watchlist_id) REFERENCES watchlists (chain_id, store_id, id),
    FOREIGN KEY (chain_id, store_id, incident_id) REFERENCES incidents (chain_id, store_id, id),
    FOREIGN KEY (chain_id, enrolled_by) REFERENCES users (chain_id, id),
    UNIQUE (chain_id, store_id, id),
    UNIQUE (chain_id, id),
    CHECK (state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> enrolled_by)),
    CHECK (expires_at > enrolled_at),
    CONSTRAINT said_why CHECK (state IN ('rejected', 'expired', 'erased')
        OR (reason <> '' AND evidence <> '' AND age_basis <> '')),
    CONSTRAINT notice_or_why_not CHECK (state IN ('rejected', 'expired', 'erased')
        OR (notice_given_on IS NOT NULL AND notice_how <> '') <> (notice_withheld <> '')),
    CONSTRAINT excluded_without_exception CHECK (NOT (under_18 OR vulnerable) OR exception_reason <> '' OR state IN ('rejected', 'expired', 'erased')),
    CONSTRAINT findings_need_a_reason CHECK (cardinality(findings) = 0 OR override_reason <> '' OR state IN ('rejected', 'expired', 'erased')),
    CHECK ((state IN ('rejected', 'expired', 'erased')) = (ended_at IS NOT NULL))
);
CREATE INDEX enrolments_store ON enrolments (store_id, enrolled_at DESC, id DESC);
CREATE INDEX enrolments_person ON enrolments (person_id);
CREATE INDEX enrolments_expiry ON enrolments (expires_at) WHERE ended_at IS NULL;

-- The picture a template was made of, encoded anew, sealed with the chain's key. In the database so that picture, template and
-- index row go in one transaction.
CREATE TABLE enrolment_images (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    enrolment_id uuid NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    box real[] NOT NULL CHECK (cardinality(box) = 4),           -- x1, y1, x2, y2 in pixels
    points real[] NOT NULL CHECK (cardinality(points) = 8),     -- eyes, nose, mouth: x, y each
    picture bytea NOT NULL CHECK (length(picture) <= 4194304),
    picture_key integer GENERATED ALWAYS AS (
        CASE WHEN length(picture) >= 36 AND substr(picture, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(picture, 20) << 24) | (get_byte(picture, 21) << 16) | (get_byte(picture, 22) << 8) | get_byte(picture, 23)
        END) STORED,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (chain_id, store_id, enrolment_id) REFERENCES enrolments (chain_id, store_id, id),
    FOREIGN KEY (chain_id, picture_key) REFERENCES tenant_keys (chain_id, version)
);
CREATE INDEX enrolment_images_enrolment ON enrolment_images (enrolment_id);

-- A tenant's secret rotations of templates, as sealed seeds. 0 is none: vectors as the model gave them.
CREATE TABLE template_rotations (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    version integer NOT NULL CHECK (version > 0),
    seed bytea NOT NULL,
    seed_key integer GENERATED ALWAYS AS (
        CASE WHEN length(seed) >= 36 AND substr(seed, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(seed, 20) << 24) | (get_byte(seed, 21) << 16) | (get_byte(seed, 22) << 8) | get_byte(seed, 23)
        END) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (chain_id, version),
    FOREIGN KEY (chain_id, seed_key) REFERENCES tenant_keys (chain_id, version)
);

-- Templates: one for an enrolment, model, version and rotation. `embeddings` is rotated and searched; `template` is the vector as
-- the model gave it (little-endian float32), sealed. A partition for each number of dimensions; HNSW indexes stand on partitions.
CREATE TABLE facial_profiles (
    id uuid NOT NULL,
    dimensions smallint NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    person_id uuid NOT NULL,
    enrolment_id uuid NOT NULL,
    model text NOT NULL CHECK (length(model) BETWEEN 1 AND 100),
    model_version text NOT NULL CHECK (length(model_version) BETWEEN 1 AND 100),
    rotation integer NOT NULL DEFAULT 0 CHECK (rotation >= 0),
    features jsonb NOT NULL DEFAULT '{}', -- quality in parts
    embeddings halfvec NOT NULL CHECK (vector_dims(embeddings) = dimensions),
    template bytea NOT NULL,
    template_key integer GENERATED ALWAYS AS (
        CASE WHEN length(template) >= 36 AND substr(template, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(template, 20) << 24) | (get_byte(template, 21) << 16) | (get_byte(template, 22) << 8) | get_byte(template, 23)
        END) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, dimensions),
    UNIQUE (enrolment_id, model, model_version, rotation, dimensions),
    FOREIGN KEY (chain_id, store_id, person_id) REFERENCES persons (chain_id, store_id, id),
    FOREIGN KEY (chain_id, store_id, enrolment_id) REFERENCES enrolments (chain_id, store_id, id),
    FOREIGN KEY (chain_id, template_key) REFERENCES tenant_keys (chain_id, version)
) PARTITION BY LIST (dimensions);
ALTER TABLE facial_profiles ALTER COLUMN embeddings SET STORAGE PLAIN, ALTER COLUMN template SET STORAGE EXTERNAL;
CREATE TABLE facial_profiles_128 PARTITION OF facial_profiles FOR VALUES IN (128);
CREATE TABLE facial_profiles_512 PARTITION OF facial_profiles FOR VALUES IN (512);
CREATE INDEX facial_profiles_gallery ON facial_profiles (chain_id, model, model_version, rotation);

-- What a model was measured to need; made by calibration, not by people.
CREATE TABLE face_calibrations (
    id uuid PRIMARY KEY,
    model text NOT NULL,
    model_version text NOT NULL,
    fpir real NOT NULL CHECK (fpir > 0 AND fpir < 1),           -- the agreed rate the threshold stands for
    threshold real NOT NULL CHECK (threshold BETWEEN -1 AND 1),
    details jsonb NOT NULL DEFAULT '{}',                        -- tail, sample sizes, data set
    made_at timestamptz NOT NULL
);
CREATE INDEX face_calibrations_model ON face_calibrations (model, model_version, made_at DESC);

-- A store's own threshold, for one list or (NULL) for all: only above the measured one, by two people. The newest row holds.
CREATE TABLE match_thresholds (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    watchlist_id uuid REFERENCES watchlists (id),
    model text NOT NULL,
    model_version text NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    threshold real NOT NULL CHECK (threshold BETWEEN -1 AND 1),
    change_id uuid NOT NULL REFERENCES proposed_changes (id),
    proposed_by uuid NOT NULL,
    approved_by uuid NOT NULL CHECK (approved_by <> proposed_by),
    created_at timestamptz NOT NULL,
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    UNIQUE NULLS NOT DISTINCT (store_id, watchlist_id, model, model_version, revision)
);

-- Leads: a face that a camera saw and an enrolment it may be. id is derived from camera, epoch, track and enrolment. Nothing is
-- written of a face that matched nobody.
CREATE TABLE matches (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,               -- where it was seen
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    track_id numeric(20) NOT NULL,
    captured_at timestamptz NOT NULL,     -- of the best shot
    enrolment_id uuid NOT NULL,
    person_id uuid NOT NULL,
    watchlist_id uuid NOT NULL,
    match_score real NOT NULL,
    band text NOT NULL CHECK (band IN ('low', 'medium', 'high')),
    threshold real NOT NULL,
    quality jsonb NOT NULL DEFAULT '{}',  -- parts of the best shot
    evidence jsonb NOT NULL DEFAULT '{}', -- of the fusion: shots, second best, warnings of presentation attacks
    model text NOT NULL,
    model_version text NOT NULL,
    policy_revision integer NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'second-review', 'confirmed', 'rejected', 'undecided', 'withdrawn')),
    raised_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    alert_id uuid,
    changed_at timestamptz NOT NULL DEFAULT now(),
    revision integer NOT NULL DEFAULT 0,
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id),
    FOREIGN KEY (chain_id, enrolment_id) REFERENCES enrolments (chain_id, id),
    UNIQUE (chain_id, store_id, id),
    UNIQUE (camera_id, epoch, track_id, enrolment_id)
);
CREATE INDEX matches_store ON matches (store_id, raised_at DESC, id DESC);
CREATE INDEX matches_enrolment ON matches (enrolment_id, raised_at DESC);

-- What the camera saw of a lead, sealed; gone with the enrolment, and when reviewers say it is somebody else.
CREATE TABLE match_pictures (
    match_id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    picture bytea NOT NULL CHECK (length(picture) <= 1048576),
    picture_key integer GENERATED ALWAYS AS (
        CASE WHEN length(picture) >= 36 AND substr(picture, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(picture, 20) << 24) | (get_byte(picture, 21) << 16) | (get_byte(picture, 22) << 8) | get_byte(picture, 23)
        END) STORED,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (chain_id, store_id, match_id) REFERENCES matches (chain_id, store_id, id),
    FOREIGN KEY (chain_id, picture_key) REFERENCES tenant_keys (chain_id, version)
);

CREATE TABLE match_reviews (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    match_id uuid NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('match', 'not-a-match', 'cannot-tell')),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    reviewed_by uuid NOT NULL,
    reviewed_at timestamptz NOT NULL,
    FOREIGN KEY (chain_id, store_id, match_id) REFERENCES matches (chain_id, store_id, id),
    FOREIGN KEY (chain_id, reviewed_by) REFERENCES users (chain_id, id),
    UNIQUE (match_id, reviewed_by)
);

-- What is not matched until somebody lifts it: an entry everywhere, or a camera, or a store.
CREATE TABLE match_suspensions (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid,
    enrolment_id uuid,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    suspended_by uuid,                    -- NULL: the limit on false matches did it
    suspended_at timestamptz NOT NULL,
    lifted_by uuid,
    lifted_at timestamptz,
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id),
    FOREIGN KEY (chain_id, enrolment_id) REFERENCES enrolments (chain_id, id),
    CHECK (camera_id IS NULL OR enrolment_id IS NULL),
    CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
);
CREATE UNIQUE INDEX match_suspensions_standing ON match_suspensions (store_id, camera_id, enrolment_id) NULLS NOT DISTINCT WHERE lifted_at IS NULL;

-- Proof of what was removed: counts before and after, no content.
CREATE TABLE erasures (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    enrolment_id uuid NOT NULL,
    cause text NOT NULL CHECK (cause IN ('erased', 'expired', 'rejected')),
    erased_by uuid,                       -- NULL: its time was over
    erased_at timestamptz NOT NULL,
    receipt jsonb NOT NULL,
    FOREIGN KEY (chain_id, store_id, enrolment_id) REFERENCES enrolments (chain_id, store_id, id)
);
CREATE INDEX erasures_enrolment ON erasures (enrolment_id);

-- One row a chain, raised in the transaction that changes what is searched; NOTIFY only wakes, a poll guarantees.
CREATE TABLE gallery_revisions (
    chain_id uuid PRIMARY KEY REFERENCES chains (id),
    revision bigint NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO gallery_revisions (chain_id) SELECT id FROM chains;

CREATE FUNCTION bump_gallery_revision() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO gallery_revisions AS g (chain_id) SELECT DISTINCT chain_id FROM changed ORDER BY 1
        ON CONFLICT (chain_id) DO UPDATE SET revision = g.revision + 1, changed_at = now();
    IF FOUND THEN
        NOTIFY gallery;
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['watchlists', 'watchlist_assignments', 'enrolments', 'facial_profiles', 'template_rotations',
            'match_thresholds', 'match_suspensions'] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION bump_gallery_revision()', name || '_gallery_insert', name);
        EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION bump_gallery_revision()', name || '_gallery_update', name);
        EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION bump_gallery_revision()', name || '_gallery_delete', name);
    END LOOP;
END $$;

-- With a store's face switch off nothing biometric of it is written. Sealing anew under another key writes no new biometrics, so
-- that only the vectors and their features count in an UPDATE.
CREATE TRIGGER biometrics_face BEFORE INSERT OR UPDATE OF embeddings, features, dimensions, store_id ON facial_profiles
    FOR EACH ROW EXECUTE FUNCTION refuse_biometrics_when_off('face', 'embeddings', 'template');
CREATE TRIGGER biometrics_face BEFORE INSERT OR UPDATE OF box, points, store_id ON enrolment_images
    FOR EACH ROW EXECUTE FUNCTION refuse_biometrics_when_off('face', 'picture', 'box', 'points');
CREATE TRIGGER biometrics_face BEFORE INSERT OR UPDATE OF store_id ON match_pictures
    FOR EACH ROW EXECUTE FUNCTION refuse_biometrics_when_off('face', 'picture');
CREATE TRIGGER biometrics_face BEFORE INSERT OR UPDATE OF match_score, quality, evidence, store_id ON matches
    FOR EACH ROW EXECUTE FUNCTION refuse_biometrics_when_off('face', 'match_score', 'quality');

-- The gallery's loader, for the pipeline, which serves every chain of its cell: exactly what matching needs, no name, no reason.

CREATE FUNCTION gallery_state() RETURNS TABLE (chain_id uuid, revision bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT g.chain_id, g.revision FROM gallery_revisions g $$;

-- Approved, unsuspended entries of lists in use that have not expired; of each model, version and rotation that is asked for.
CREATE FUNCTION gallery_entries(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) RETURNS TABLE (
        profile_id uuid, enrolment_id uuid, person_id uuid, watchlist_id uuid, category text, expires_at timestamptz,
        dimensions smallint, embeddings halfvec)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.id, e.id, e.person_id, e.watchlist_id, e.category, e.expires_at, p.dimensions, p.embeddings
    FROM facial_profiles p JOIN enrolments e ON e.id = p.enrolment_id JOIN watchlists w ON w.id = e.watchlist_id
    WHERE p.chain_id = wanted_chain AND p.model = wanted_model AND p.model_version = wanted_version AND p.rotation = wanted_rotation
        AND e.state = 'approved' AND e.expires_at > now() AND w.retired_at IS NULL
        AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL)
    ORDER BY p.id $$;

-- Where each list is searched, and from when until when; a store whose face switch is off is none.
CREATE FUNCTION gallery_assignments(wanted_chain uuid) RETURNS TABLE (
        watchlist_id uuid, store_id uuid, starts_at timestamptz, ends_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT a.watchlist_id, a.store_id, a.starts_at, a.ends_at FROM watchlist_assignments a
    WHERE a.chain_id = wanted_chain AND a.state = 'approved' AND (a.ends_at IS NULL OR a.ends_at > now())
        AND store_runs(a.store_id, 'face') $$;

-- Stores' own thresholds that hold; list NULL: all lists of the store.
CREATE FUNCTION gallery_thresholds(wanted_chain uuid) RETURNS TABLE (
        store_id uuid, watchlist_id uuid, model text, model_version text, threshold real)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT ON (t.store_id, t.watchlist_id, t.model, t.model_version)
        t.store_id, t.watchlist_id, t.model, t.model_version, t.threshold
    FROM match_thresholds t WHERE t.chain_id = wanted_chain
    ORDER BY t.store_id, t.watchlist_id, t.model, t.model_version, t.revision DESC $$;

-- Stores and (camera not NULL) cameras that do not match for now.
CREATE FUNCTION gallery_suspensions(wanted_chain uuid) RETURNS TABLE (store_id uuid, camera_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT s.store_id, s.camera_id FROM match_suspensions s
    WHERE s.chain_id = wanted_chain AND s.enrolment_id IS NULL AND s.lifted_at IS NULL $$;

CREATE FUNCTION gallery_rotations(wanted_chain uuid) RETURNS TABLE (id uuid, version integer, seed bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT r.id, r.version, r.seed FROM template_rotations r WHERE r.chain_id = wanted_chain ORDER BY r.version $$;

-- What the sweeper has to end, across chains.
CREATE FUNCTION expired_enrolments(moment timestamptz, most integer) RETURNS TABLE (chain_id uuid, store_id uuid, enrolment_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT e.chain_id, e.store_id, e.id FROM enrolments e
    WHERE e.ended_at IS NULL AND e.expires_at <= moment ORDER BY e.expires_at LIMIT most $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['watchlists', 'watchlist_assignments', 'persons', 'enrolments', 'enrolment_images', 'facial_profiles',
            'match_thresholds', 'matches', 'match_pictures', 'match_reviews', 'match_suspensions', 'erasures'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
            AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['identity_settings', 'template_rotations', 'gallery_revisions'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()))', name);
    END LOOP;
END $$;
-- The home store sees where its list goes; a store to which a list is assigned sees the list and what is on it, and changes nothing.
CREATE POLICY home ON watchlist_assignments TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND home_store_id = ANY ((SELECT tenant_stores())::uuid[]));
CREATE FUNCTION lists_assigned_here() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT a.watchlist_id FROM watchlist_assignments a
    WHERE a.chain_id = tenant_chain() AND a.store_id = ANY (tenant_stores()::uuid[])
        AND a.state = 'approved' AND now() >= a.starts_at AND (a.ends_at IS NULL OR now() < a.ends_at) $$;
CREATE POLICY assigned ON watchlists FOR SELECT TO pennyprotect_app
    USING (chain_id = (SELECT tenant_chain()) AND id IN (SELECT lists_assigned_here()));
CREATE POLICY assigned ON enrolments FOR SELECT TO pennyprotect_app
    USING (chain_id = (SELECT tenant_chain()) AND watchlist_id IN (SELECT lists_assigned_here()));
CREATE POLICY assigned ON persons FOR SELECT TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND id IN (SELECT e.person_id FROM enrolments e WHERE e.watchlist_id IN (SELECT lists_assigned_here())));
CREATE POLICY assigned ON enrolment_images FOR SELECT TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND enrolment_id IN (SELECT e.id FROM enrolments e WHERE e.watchlist_id IN (SELECT lists_assigned_here())));
ALTER TABLE face_calibrations ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON face_calibrations FOR SELECT TO pennyprotect_app, pennyprotect_pipeline USING (true);
CREATE POLICY pipeline ON matches TO pennyprotect_pipeline USING (true);

REVOKE EXECUTE ON FUNCTION bump_gallery_revision(), gallery_state(), gallery_entries(uuid, text, text, integer),
    gallery_assignments(uuid), gallery_thresholds(uuid), gallery_suspensions(uuid), gallery_rotations(uuid),
    expired_enrolments(timestamptz, integer), lists_assigned_here() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gallery_state(), gallery_entries(uuid, text, text, integer), gallery_assignments(uuid),
    gallery_thresholds(uuid), gallery_suspensions(uuid), gallery_rotations(uuid) TO pennyprotect_pipeline;
GRANT EXECUTE ON FUNCTION expired_enrolments(timestamptz, integer), lists_assigned_here() TO pennyprotect_app;

GRANT SELECT, INSERT ON identity_settings, watchlists, watchlist_assignments, persons, enrolments, enrolment_images, template_rotations,
    facial_profiles, match_thresholds, match_pictures, match_reviews, match_suspensions, erasures TO pennyprotect_app;
GRANT SELECT ON matches, face_calibrations, gallery_revisions TO pennyprotect_app;
GRANT UPDATE (longest_days, review_days, second_reviewer, false_match_share, false_match_least, changed_by, changed_at, revision)
    ON identity_settings TO pennyprotect_app;
GRANT UPDATE (name, purpose, retired_at) ON watchlists TO pennyprotect_app;
GRANT UPDATE (state, ends_at, decided_by, decided_at) ON watchlist_assignments TO pennyprotect_app;
GRANT UPDATE (name, erased_at) ON persons TO pennyprotect_app;
GRANT UPDATE (state, reason, evidence, review_on, expires_at, age_basis, exception_reason, notice_given_on, notice_how, notice_withheld,
    quality, findings, override_reason, look_alikes, decided_by, decided_at, decision_reason, renewal, ended_at, revision)
    ON enrolments TO pennyprotect_app;
GRANT UPDATE (state, decided_at, changed_at, revision) ON matches TO pennyprotect_app;
GRANT UPDATE (lifted_by, lifted_at) ON match_suspensions TO pennyprotect_app;
GRANT DELETE ON enrolment_images, facial_profiles, match_pictures, template_rotations TO pennyprotect_app;
GRANT INSERT ON matches TO pennyprotect_pipeline;
GRANT SELECT (id, chain_id, store_id, camera_id, epoch, track_id, enrolment_id, match_score, state, captured_at, revision) ON matches
    TO pennyprotect_pipeline;
GRANT UPDATE (captured_at, match_score, band, quality, evidence, changed_at, revision) ON matches TO pennyprotect_pipeline;
GRANT SELECT ON face_calibrations TO pennyprotect_pipeline;
