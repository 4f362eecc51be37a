-- The sealed audit: one hash chain per tenant ("ledger"), and one of the platform itself. The application only ever inserts into
-- audit_unsealed; the sealer moves rows here, in the order of their transactions, and may not change what it wrote.

-- The writing transaction, so that the sealer takes only rows below which nothing can still commit.
-- Older rows get this migration's own transaction: they are sealed first, in the order of their ids.
ALTER TABLE audit_unsealed ADD COLUMN transaction xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX audit_unsealed_order ON audit_unsealed (transaction, id);

CREATE TABLE audit_log (
    ledger uuid NOT NULL,                 -- the tenant's chain_id; all zeros: the platform
    sequence bigint NOT NULL CHECK (sequence > 0),
    id uuid NOT NULL,
    chain_id uuid,
    store_id uuid,
    actor_kind text NOT NULL,
    actor_id uuid,
    act text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid,
    details json NOT NULL,                -- json, not jsonb: exactly the text that was hashed
    at timestamptz NOT NULL,
    sealed_at timestamptz NOT NULL,
    previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (ledger, sequence),
    CHECK (ledger = coalesce(chain_id, '00000000-0000-0000-0000-000000000000'))
);
CREATE INDEX audit_log_actor ON audit_log (ledger, actor_id, sequence);
CREATE INDEX audit_log_subject ON audit_log (ledger, subject_id, sequence) WHERE subject_id IS NOT NULL;

-- One sealer at a time: each sealing transaction renews this row first, so two can never write side by side.
CREATE TABLE audit_lease (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    owner uuid,
    token bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO audit_lease DEFAULT VALUES;

-- What the last verification of each ledger found.
CREATE TABLE audit_checks (
    ledger uuid PRIMARY KEY,
    checked_at timestamptz NOT NULL,
    rows bigint NOT NULL,
    anchors bigint NOT NULL,              -- anchors outside the database that were compared
    broken_sequence bigint,               -- NULL: whole
    finding text NOT NULL DEFAULT ''
);

-- How far each target outside has been told, so that an export resumes where it stopped.
CREATE TABLE audit_exports (
    target text NOT NULL CHECK (length(target) BETWEEN 1 AND 300),
    ledger uuid NOT NULL,
    sequence bigint NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (target, ledger)
);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pennyprotect_sealer') THEN
        CREATE ROLE pennyprotect_sealer NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO pennyprotect_sealer;

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_checks ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_log FOR SELECT TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
CREATE POLICY tenant ON audit_checks FOR SELECT TO pennyprotect_app USING (ledger = (SELECT tenant_chain()));
CREATE POLICY sealer ON audit_unsealed TO pennyprotect_sealer USING (true);
CREATE POLICY sealer ON audit_log TO pennyprotect_sealer USING (true);
CREATE POLICY sealer ON audit_checks TO pennyprotect_sealer USING (true);

GRANT SELECT ON audit_log, audit_checks TO pennyprotect_app;
GRANT SELECT, DELETE ON audit_unsealed TO pennyprotect_sealer;
GRANT SELECT, INSERT ON audit_log TO pennyprotect_sealer;
GRANT SELECT, UPDATE ON audit_lease TO pennyprotect_sealer;
GRANT SELECT, INSERT, UPDATE ON audit_checks, audit_exports TO pennyprotect_sealer;

-- How far the present tenant's ledger is sealed, and what waits: counted here, since the application may not read unsealed rows.
CREATE FUNCTION audit_state() RETURNS TABLE (sequence bigint, sealed_at timestamptz, waiting bigint, oldest_waiting timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT l.sequence, l.sealed_at, w.waiting, w.oldest
    FROM (SELECT count(*) AS waiting, min(at) AS oldest FROM audit_unsealed WHERE chain_id = tenant_chain()) w
    LEFT JOIN LATERAL (SELECT a.sequence, a.sealed_at FROM audit_log a WHERE a.ledger = tenant_chain()
        ORDER BY a.sequence DESC LIMIT 1) l ON true $$;
REVOKE EXECUTE ON FUNCTION audit_state() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_state() TO pennyprotect_app;
GRANT EXECUTE ON FUNCTION schema_version() TO pennyprotect_sealer;
