-- How long evidence stays, by class and store; what was deleted, when and why.
CREATE TABLE retention_rules (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    store_id uuid,                            -- NULL: of every store of the chain that has no rule of its own
    class text NOT NULL CHECK (class IN ('alert', 'incident', 'playback')),
    days integer NOT NULL CHECK (days BETWEEN 1 AND 3650),
    most_bytes bigint CHECK (most_bytes > 0), -- of a store; the oldest go first
    changed_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    UNIQUE NULLS NOT DISTINCT (chain_id, store_id, class)
);
CREATE TABLE deletion_receipts (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    store_id uuid,
    class text NOT NULL,
    evidence_id uuid,
    s3_key text NOT NULL,
    size bigint,
    sha256 bytea,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 300),
    deleted_at timestamptz NOT NULL
);
CREATE INDEX deletion_receipts_chain ON deletion_receipts (chain_id, deleted_at DESC, id DESC);

ALTER TABLE retention_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE deletion_receipts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON retention_rules TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
CREATE POLICY tenant ON deletion_receipts TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
GRANT SELECT, INSERT ON retention_rules, deletion_receipts TO pennyprotect_app;
GRANT UPDATE (days, most_bytes, changed_at) ON retention_rules TO pennyprotect_app;

-- One run at a time, of any replica.
CREATE TABLE retention_lease (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO retention_lease DEFAULT VALUES;
GRANT SELECT, UPDATE ON retention_lease TO pennyprotect_app;

CREATE FUNCTION retention_chains() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$ SELECT id FROM chains ORDER BY id $$;
REVOKE EXECUTE ON FUNCTION retention_chains() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION retention_chains() TO pennyprotect_app;
