-- Incidents: what people handle, with the alerts that belong to it. Texts are about acts; there is no field for what a person is.
CREATE TABLE incidents (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 100),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 5000),  -- what was done, in free text
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'in-review', 'closed')),
    loss_value numeric(12, 2) CHECK (loss_value >= 0),
    loss_currency text CHECK (loss_currency ~ '^[A-Z]{3}$'),
    police_reference text CHECK (length(police_reference) <= 100),
    conclusion text CHECK (length(conclusion) <= 5000),
    staff uuid[] NOT NULL DEFAULT '{}',   -- users who were there or work on it
    opened_by uuid NOT NULL REFERENCES users (id),
    opened_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    revision integer NOT NULL DEFAULT 0,
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    UNIQUE (chain_id, store_id, id),
    CHECK ((loss_value IS NULL) = (loss_currency IS NULL)),
    CHECK (state <> 'closed' OR conclusion IS NOT NULL)
);
CREATE INDEX incidents_store ON incidents (store_id, opened_at DESC, id DESC);

CREATE TABLE incident_alerts (
    incident_id uuid NOT NULL,
    alert_id uuid NOT NULL REFERENCES alerts (id),
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    PRIMARY KEY (incident_id, alert_id),
    FOREIGN KEY (chain_id, store_id, incident_id) REFERENCES incidents (chain_id, store_id, id)
);
CREATE INDEX incident_alerts_alert ON incident_alerts (alert_id);

-- What happened to an incident, in order; the timeline is read from it, and nobody changes it.
CREATE TABLE incident_entries (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    kind text NOT NULL,
    by_user uuid NOT NULL REFERENCES users (id),
    at timestamptz NOT NULL,
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 5000),
    details jsonb NOT NULL DEFAULT '{}',
    FOREIGN KEY (chain_id, store_id, incident_id) REFERENCES incidents (chain_id, store_id, id)
);
CREATE INDEX incident_entries_incident ON incident_entries (incident_id, at, id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['incidents', 'incident_alerts', 'incident_entries'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
            AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])))', name);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON incidents, incident_alerts, incident_entries TO pennyprotect_app;
GRANT DELETE ON incident_alerts TO pennyprotect_app;
GRANT UPDATE (title, description, state, loss_value, loss_currency, police_reference, conclusion, staff, changed_at, revision)
    ON incidents TO pennyprotect_app;
