-- Identity, connected: pictures of leads, rotations that are in force, and thresholds measured on the strangers of the chain itself.

-- A lead is written only under a lock that an erasure, an expiry or a suspension waits for, so that none is written after it.
CREATE FUNCTION hold_enrolment(wanted uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM FROM enrolments e JOIN watchlists w ON w.id = e.watchlist_id
        WHERE e.id = wanted AND e.state = 'approved' AND e.expires_at > now() AND w.retired_at IS NULL
            AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL)
        FOR SHARE OF e;
    RETURN FOUND;
END $$;

-- Chains with templates that another rotation than the newest turned, or none, or with rotations that nothing needs. A store
-- whose face switch is off waits: nothing biometric of it is written.
CREATE FUNCTION chains_to_turn() RETURNS TABLE (chain_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT p.chain_id FROM facial_profiles p
        LEFT JOIN (SELECT r.chain_id, max(r.version) AS newest FROM template_rotations r GROUP BY r.chain_id) n ON n.chain_id = p.chain_id
        WHERE p.rotation IS DISTINCT FROM n.newest AND store_runs(p.store_id, 'face')
    UNION
    SELECT r.chain_id FROM template_rotations r
        WHERE r.version < (SELECT max(o.version) FROM template_rotations o WHERE o.chain_id = r.chain_id)
            AND NOT EXISTS (SELECT FROM facial_profiles p WHERE p.chain_id = r.chain_id AND p.rotation = r.version) $$;

-- How high strangers scored against a store's lists, a day in one row: counts only. `bins[i]` counts tracks whose best score lay in
-- [(i-1)/400, i/400); `comparisons` is the sum over them of the templates they were compared with.
CREATE TABLE stranger_scores (
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    model text NOT NULL CHECK (length(model) <= 100),
    model_version text NOT NULL CHECK (length(model_version) <= 100),
    day date NOT NULL,
    searches bigint NOT NULL CHECK (searches > 0),
    comparisons bigint NOT NULL CHECK (comparisons > 0),
    bins integer[] NOT NULL CHECK (cardinality(bins) = 400),
    PRIMARY KEY (store_id, model, model_version, day),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id)
);
ALTER TABLE stranger_scores ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON stranger_scores TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
CREATE POLICY pipeline ON stranger_scores TO pennyprotect_pipeline USING (true);

-- A calibration is of everybody (measured on a set of pictures) or of one chain (measured on its strangers); the higher one counts.
ALTER TABLE face_calibrations ADD COLUMN chain_id uuid REFERENCES chains (id);
ALTER POLICY everybody ON face_calibrations TO pennyprotect_app USING (chain_id IS NULL OR chain_id = (SELECT tenant_chain()));
CREATE POLICY pipeline ON face_calibrations TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON match_pictures TO pennyprotect_pipeline USING (true);
CREATE POLICY pipeline ON tenant_keys FOR SELECT TO pennyprotect_pipeline USING (true);

REVOKE EXECUTE ON FUNCTION hold_enrolment(uuid), chains_to_turn() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_enrolment(uuid) TO pennyprotect_pipeline;
GRANT EXECUTE ON FUNCTION chains_to_turn() TO pennyprotect_app;
GRANT SELECT ON stranger_scores TO pennyprotect_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON stranger_scores TO pennyprotect_pipeline;
GRANT INSERT ON face_calibrations, match_pictures TO pennyprotect_pipeline;
GRANT SELECT (match_id) ON match_pictures TO pennyprotect_pipeline;
GRANT SELECT ON tenant_keys TO pennyprotect_pipeline;
GRANT SELECT (model, model_version, raised_at) ON matches TO pennyprotect_pipeline;
