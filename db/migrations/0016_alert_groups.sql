-- Alerts form groups and cool down, rules open incidents, and what rules measured is kept for replay. Expand only.

ALTER TABLE rules
    ADD COLUMN cool_down_s real NOT NULL DEFAULT 30 CHECK (cool_down_s BETWEEN 0 AND 86400),  -- what comes so soon joins the open alert
    ADD COLUMN opens_incident boolean NOT NULL DEFAULT false;

ALTER TABLE alerts ADD COLUMN group_id uuid;               -- the first alert of its group; NULL: itself
ALTER TABLE alert_occurrences ADD COLUMN started_at timestamptz;
CREATE INDEX alerts_group ON alerts (group_id) WHERE group_id IS NOT NULL;

-- An incident that a rule opened has nobody who did.
ALTER TABLE incidents ALTER COLUMN opened_by DROP NOT NULL;
ALTER TABLE incidents
    ADD COLUMN opened_by_rule text CHECK (length(opened_by_rule) BETWEEN 1 AND 100),
    ADD COLUMN camera_id uuid;                             -- of one that a rule opened: where follow-up alerts are looked for
ALTER TABLE incident_entries ALTER COLUMN by_user DROP NOT NULL;  -- NULL: a rule did
CREATE INDEX incidents_by_rule ON incidents (camera_id, opened_at DESC) WHERE opened_by_rule IS NOT NULL AND state <> 'closed';

-- Foot points and the scalars that rules measured, by camera in pieces of some seconds. Never keypoints.
CREATE TABLE rule_series (
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    started_at timestamptz NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    ended_at timestamptz NOT NULL,
    frames integer NOT NULL CHECK (frames > 0),
    samples integer NOT NULL CHECK (samples >= 0),
    series bytea NOT NULL CHECK (length(series) <= 1000000),
    PRIMARY KEY (camera_id, started_at, epoch),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id)
);
CREATE INDEX rule_series_age ON rule_series (ended_at);

ALTER TABLE rule_series ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rule_series TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
CREATE POLICY tenant ON alert_occurrences FOR SELECT TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
CREATE POLICY pipeline ON rule_series TO pennyprotect_pipeline USING (true);
CREATE POLICY pipeline ON incidents TO pennyprotect_pipeline USING (opened_by IS NULL);
CREATE POLICY pipeline ON incident_alerts TO pennyprotect_pipeline USING (true);
CREATE POLICY pipeline ON incident_entries FOR INSERT TO pennyprotect_pipeline WITH CHECK (by_user IS NULL);
CREATE POLICY pipeline ON audit_unsealed FOR INSERT TO pennyprotect_pipeline WITH CHECK (actor_kind = 'system');

GRANT SELECT ON rule_series, alert_occurrences TO pennyprotect_app;
GRANT SELECT, INSERT, DELETE ON rule_series TO pennyprotect_pipeline;
GRANT SELECT (id, store_id, state, opened_by, opened_by_rule, camera_id, opened_at, changed_at), INSERT, UPDATE (changed_at)
    ON incidents TO pennyprotect_pipeline;
GRANT SELECT, INSERT ON incident_alerts TO pennyprotect_pipeline;
GRANT INSERT ON incident_entries, audit_unsealed TO pennyprotect_pipeline;
