-- Alerts are worked on together: who waits since when, snoozes, escalation by rota, what each person has seen. Expand only.

ALTER TABLE alerts
    ADD COLUMN revision integer NOT NULL DEFAULT 0,        -- of what people and the clock do: transitions compare and set it
    ADD COLUMN occurrences integer NOT NULL DEFAULT 1 CHECK (occurrences > 0),
    ADD COLUMN waiting_since timestamptz DEFAULT now(),    -- since when nobody is on it; NULL while somebody is, or it sleeps
    ADD COLUMN escalation_level text NOT NULL DEFAULT 'store' CHECK (escalation_level IN ('store', 'area', 'operations-centre')),
    ADD COLUMN escalated_to uuid[] NOT NULL DEFAULT '{}',  -- who was on duty there
    ADD COLUMN escalated_by uuid REFERENCES users (id),    -- NULL: by time
    ADD COLUMN escalated_at timestamptz,
    ADD COLUMN snoozed_by uuid REFERENCES users (id),
    ADD COLUMN snoozed_until timestamptz,
    ADD COLUMN snooze_reason text CHECK (length(snooze_reason) <= 500),
    ADD CHECK (state <> 'snoozed' OR snoozed_until IS NOT NULL) NOT VALID;
UPDATE alerts SET waiting_since = NULL WHERE state NOT IN ('raised', 'escalated');
-- The outcomes of the first release, by their new names.
UPDATE alerts SET outcome = CASE outcome WHEN 'handled' THEN 'action-taken' WHEN 'false-alarm' THEN 'false' ELSE 'unknown' END
    WHERE outcome IN ('handled', 'false-alarm', 'no-action');
CREATE INDEX alerts_waiting ON alerts (waiting_since) WHERE waiting_since IS NOT NULL;
CREATE INDEX alerts_snoozed ON alerts (snoozed_until) WHERE state = 'snoozed';

-- Occurrences that joined an alert instead of raising one of their own.
CREATE TABLE alert_occurrences (
    id uuid PRIMARY KEY,                  -- the occurrence's
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    alert_id uuid NOT NULL REFERENCES alerts (id),
    joined_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id)
);
CREATE INDEX alert_occurrences_alert ON alert_occurrences (alert_id);

CREATE TABLE alert_views (
    alert_id uuid NOT NULL REFERENCES alerts (id),
    user_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, alert_id),
    FOREIGN KEY (chain_id, user_id) REFERENCES users (chain_id, id),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id)
);

-- Who is on duty when. A store's entry is of the level store, a region's of the area, one without either of the operations centre.
CREATE TABLE rota_entries (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid,
    region_id uuid,
    user_id uuid NOT NULL,
    days smallint[] NOT NULL CHECK (cardinality(days) BETWEEN 1 AND 7 AND days <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]),
    starts time NOT NULL,                 -- local time; starts = ends: the whole day
    ends time NOT NULL,                   -- at or before starts: on the next day
    timezone text NOT NULL,
    after_s integer NOT NULL CHECK (after_s BETWEEN 10 AND 86400),  -- how long an alert waits below before it comes here
    lowest_threat text NOT NULL CHECK (lowest_threat IN ('low', 'medium', 'high')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (store_id IS NULL OR region_id IS NULL),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, region_id) REFERENCES regions (chain_id, id),
    FOREIGN KEY (chain_id, user_id) REFERENCES users (chain_id, id)
);
CREATE INDEX rota_entries_chain ON rota_entries (chain_id, created_at, id);

-- One escalating loop at a time.
CREATE TABLE escalation_lease (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    owner uuid,
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO escalation_lease DEFAULT VALUES;

ALTER TABLE alert_occurrences ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_views ENABLE ROW LEVEL SECURITY;
ALTER TABLE rota_entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY pipeline ON alert_occurrences TO pennyprotect_pipeline USING (true);
CREATE POLICY tenant ON alert_views TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
-- Who is on duty in the area and the operations centre is known to every store of the chain.
CREATE POLICY tenant ON rota_entries TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));

GRANT UPDATE (revision, waiting_since, escalation_level, escalated_to, escalated_by, escalated_at, snoozed_by, snoozed_until,
    snooze_reason) ON alerts TO pennyprotect_app;
GRANT SELECT, INSERT ON alert_views TO pennyprotect_app;
GRANT SELECT, INSERT, DELETE ON rota_entries TO pennyprotect_app;
GRANT SELECT, INSERT ON alert_occurrences TO pennyprotect_pipeline;
GRANT UPDATE (occurrences) ON alerts TO pennyprotect_pipeline;

-- The escalating loop runs beside the dispatcher: of an alert it sees what it needs to move it on, and nothing of what was found.
CREATE POLICY dispatcher ON alerts TO pennyprotect_dispatcher USING (true);
CREATE POLICY dispatcher ON rota_entries FOR SELECT TO pennyprotect_dispatcher USING (true);
CREATE POLICY dispatcher ON stores FOR SELECT TO pennyprotect_dispatcher USING (true);
CREATE POLICY dispatcher ON audit_unsealed FOR INSERT TO pennyprotect_dispatcher WITH CHECK (actor_kind = 'system');
GRANT SELECT (id, chain_id, store_id, camera_id, kind, threat, state, epoch, track_ids, ended_at, changed_at, revision,
    waiting_since, escalation_level, escalated_to, escalated_by, escalated_at, snoozed_until) ON alerts TO pennyprotect_dispatcher;
GRANT UPDATE (state, revision, waiting_since, escalation_level, escalated_to, escalated_by, escalated_at, changed_at)
    ON alerts TO pennyprotect_dispatcher;
GRANT SELECT (id, chain_id, region_id) ON stores TO pennyprotect_dispatcher;
GRANT SELECT ON rota_entries TO pennyprotect_dispatcher;
GRANT INSERT ON outbox, audit_unsealed TO pennyprotect_dispatcher;
GRANT SELECT, UPDATE ON escalation_lease TO pennyprotect_dispatcher;
