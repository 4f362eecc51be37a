-- Visits across cameras, behind the re-identification switch: which finished tracks are one visit. No name, no picture, no measure of a
-- body: an id made at random, and gone within a day unless an open incident needs it.

-- A way that people walk between the pictures of two cameras of a store.
CREATE TABLE camera_links (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_a uuid NOT NULL,
    camera_b uuid NOT NULL,
    zone_a uuid REFERENCES zones (id),    -- where in the picture people leave and come in; NULL: anywhere
    zone_b uuid REFERENCES zones (id),
    metres real NOT NULL CHECK (metres BETWEEN 0 AND 200),      -- walked unseen
    created_at timestamptz NOT NULL,
    FOREIGN KEY (chain_id, store_id, camera_a) REFERENCES cameras (chain_id, store_id, id),
    FOREIGN KEY (chain_id, store_id, camera_b) REFERENCES cameras (chain_id, store_id, id),
    UNIQUE (camera_a, camera_b),
    CHECK (camera_a < camera_b)
);
CREATE INDEX camera_links_store ON camera_links (store_id, created_at, id);
CREATE INDEX camera_links_other ON camera_links (camera_b);

CREATE TABLE visit_sightings (
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    track_id numeric(20) NOT NULL,
    started_at timestamptz NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    ended_at timestamptz NOT NULL,
    visit_id uuid NOT NULL,
    rivals integer NOT NULL,              -- other joins to the sighting before that are nearly as likely
    PRIMARY KEY (camera_id, epoch, track_id, started_at),
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id)
);
CREATE INDEX visit_sightings_visit ON visit_sightings (visit_id, started_at);
CREATE INDEX visit_sightings_store ON visit_sightings (store_id);
CREATE INDEX visit_sightings_ended ON visit_sightings (ended_at);
SELECT guard_biometrics('visit_sightings', 're_identification', ARRAY['visit_id']);

-- SECURITY DEFINER: visits of any store whose switch is off go at once; others `keep` after their end, and those that an incident's
-- alert is part of while that is open, and for `keep_closed` after it was changed last. How many sightings went.
CREATE FUNCTION forget_visits(keep interval, keep_closed interval) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (DELETE FROM visit_sightings s
        WHERE s.store_id IN (SELECT o.id FROM stores o WHERE NOT store_runs(o.id, 're_identification')
                AND EXISTS (SELECT FROM visit_sightings v WHERE v.store_id = o.id))
            OR s.visit_id IN (SELECT v.visit_id FROM visit_sightings v WHERE v.ended_at < now() - keep
                AND NOT EXISTS (SELECT FROM visit_sightings n WHERE n.visit_id = v.visit_id AND n.ended_at >= now() - keep)
                AND NOT EXISTS (
                    SELECT FROM visit_sightings p JOIN alerts a ON a.camera_id = p.camera_id AND a.epoch = p.epoch
                        AND p.track_id = ANY (a.track_ids) AND a.started_at <= p.ended_at AND a.ended_at >= p.started_at
                    JOIN incident_alerts j ON j.alert_id = a.id JOIN incidents i ON i.id = j.incident_id
                    WHERE p.visit_id = v.visit_id AND (i.state <> 'closed' OR i.changed_at > now() - keep_closed)))
        RETURNING 1)
    SELECT count(*) FROM gone $$;
REVOKE EXECUTE ON FUNCTION forget_visits(interval, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_visits(interval, interval) TO pennyprotect_pipeline;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['camera_links', 'visit_sightings'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
            AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])))', name);
        EXECUTE format('CREATE POLICY pipeline ON %I TO pennyprotect_pipeline USING (true)', name);
    END LOOP;
END $$;
GRANT SELECT, INSERT, DELETE ON camera_links TO pennyprotect_app;
GRANT SELECT ON visit_sightings TO pennyprotect_app;
GRANT SELECT ON camera_links TO pennyprotect_pipeline;
GRANT SELECT (created_at) ON site_policies TO pennyprotect_pipeline;      -- since when the switch is on
GRANT SELECT, INSERT, UPDATE, DELETE ON visit_sightings TO pennyprotect_pipeline;
