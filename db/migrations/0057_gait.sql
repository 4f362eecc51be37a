-- Gait behind its own switch: templates of people who are enrolled by their face, and what gait says of a lead that a face led to. It
-- has no row without an enrolment or a lead, so that it can name nobody and raise nothing on its own. Expand only.

CREATE TABLE gait_profiles (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    person_id uuid NOT NULL,
    enrolment_id uuid NOT NULL,               -- its grounds, incident, review date and end hold here as well
    model text NOT NULL CHECK (length(model) BETWEEN 1 AND 100),
    model_version text NOT NULL CHECK (length(model_version) BETWEEN 1 AND 100),
    rotation integer NOT NULL CHECK (rotation >= 0),
    features jsonb NOT NULL,                  -- with units, and the sequence's quality
    embeddings halfvec(128) NOT NULL,         -- turned by the chain's secret rotation, as a face's
    template bytea NOT NULL,                  -- the same, sealed
    template_key integer GENERATED ALWAYS AS (
        CASE WHEN length(template) >= 36 AND substr(template, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(template, 20) << 24) | (get_byte(template, 21) << 16) | (get_byte(template, 22) << 8) | get_byte(template, 23)
        END) STORED,
    source text NOT NULL CHECK (length(source) BETWEEN 1 AND 500),        -- which footage, and how it is known to be the person
    proposed_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    approved_by uuid,
    approved_at timestamptz,
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (approved_by <> proposed_by),       -- rule 5
    UNIQUE (enrolment_id, model, model_version),
    FOREIGN KEY (chain_id, store_id, person_id) REFERENCES persons (chain_id, store_id, id),
    FOREIGN KEY (chain_id, store_id, enrolment_id) REFERENCES enrolments (chain_id, store_id, id),
    FOREIGN KEY (chain_id, template_key) REFERENCES tenant_keys (chain_id, version),
    FOREIGN KEY (chain_id, proposed_by) REFERENCES users (chain_id, id)
);
CREATE INDEX gait_profiles_person ON gait_profiles (person_id);
CREATE INDEX gait_profiles_chain ON gait_profiles (chain_id, rotation);
CREATE TRIGGER biometrics_gait BEFORE INSERT OR UPDATE OF embeddings, features, store_id ON gait_profiles
    FOR EACH ROW EXECUTE FUNCTION refuse_biometrics_when_off('gait', 'embeddings', 'template');

CREATE TABLE gait_supports (
    match_id uuid PRIMARY KEY,                -- the lead that it supports, or fails to
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('supports', 'unknown', 'no-result')),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 60),
    gait_score real,                          -- cosine with the lead's own template
    threshold real,
    searched integer NOT NULL CHECK (searched > 0),       -- templates of the store's lists that it was compared with
    quality jsonb NOT NULL,
    features jsonb NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    seen_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((verdict = 'no-result') = (gait_score IS NULL) AND (gait_score IS NULL) = (threshold IS NULL)),
    FOREIGN KEY (chain_id, store_id, match_id) REFERENCES matches (chain_id, store_id, id)
);
CREATE TRIGGER biometrics_gait BEFORE INSERT OR UPDATE ON gait_supports
    FOR EACH ROW EXECUTE FUNCTION refuse_biometrics_when_off('gait', 'features');

-- SECURITY DEFINER: for the pipeline, which serves every chain of its cell. Only for a lead that waits for review, whose own entry has
-- a template: that one, and those of the store's lists that it is compared beside. No name, no reason.
CREATE FUNCTION gait_candidates(wanted_match uuid, wanted_model text, wanted_version text)
    RETURNS TABLE (enrolment_id uuid, person_id uuid, rotation integer, embeddings halfvec)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH listed AS (
        SELECT DISTINCT p.id, e.id AS enrolment_id, e.person_id, p.rotation, p.embeddings, m.enrolment_id AS own
        FROM matches m JOIN watchlist_assignments a ON a.store_id = m.store_id AND a.state = 'approved' AND a.starts_at <= now()
            AND (a.ends_at IS NULL OR a.ends_at > now())
        JOIN watchlists w ON w.id = a.watchlist_id AND w.retired_at IS NULL
        JOIN enrolments e ON e.watchlist_id = w.id AND e.state = 'approved' AND e.expires_at > now()
        JOIN gait_profiles p ON p.enrolment_id = e.id AND p.approved_at IS NOT NULL AND p.model = wanted_model
            AND p.model_version = wanted_version
        WHERE m.id = wanted_match AND m.state IN ('open', 'second-review') AND store_runs(m.store_id, 'gait')
            AND store_runs(p.store_id, 'gait')
            AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL))
    SELECT l.enrolment_id, l.person_id, l.rotation, l.embeddings FROM listed l
    WHERE EXISTS (SELECT FROM listed o WHERE o.enrolment_id = o.own) ORDER BY l.id $$;
REVOKE EXECUTE ON FUNCTION gait_candidates(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gait_candidates(uuid, text, text) TO pennyprotect_pipeline;

-- As in 0014, and templates of gait turn with those of faces.
CREATE OR REPLACE FUNCTION chains_to_turn() RETURNS TABLE (chain_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH held AS (
        SELECT p.chain_id, p.rotation, store_runs(p.store_id, 'face') AS runs FROM facial_profiles p
        UNION
        SELECT g.chain_id, g.rotation, store_runs(g.store_id, 'gait') FROM gait_profiles g),
    newest AS (SELECT r.chain_id, max(r.version) AS version FROM template_rotations r GROUP BY r.chain_id)
    SELECT DISTINCT h.chain_id FROM held h LEFT JOIN newest n ON n.chain_id = h.chain_id
        WHERE h.runs AND h.rotation IS DISTINCT FROM n.version
    UNION
    SELECT r.chain_id FROM template_rotations r JOIN newest n ON n.chain_id = r.chain_id
        WHERE r.version < n.version AND NOT EXISTS (SELECT FROM held h WHERE h.chain_id = r.chain_id AND h.rotation = r.version) $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['gait_profiles', 'gait_supports'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
            AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])))', name);
    END LOOP;
END $$;
CREATE POLICY pipeline ON gait_supports TO pennyprotect_pipeline USING (true);
GRANT SELECT, INSERT, DELETE, UPDATE (embeddings, rotation, approved_by, approved_at) ON gait_profiles TO pennyprotect_app;
GRANT SELECT, DELETE ON gait_supports TO pennyprotect_app;
GRANT SELECT, INSERT, UPDATE ON gait_supports TO pennyprotect_pipeline;
