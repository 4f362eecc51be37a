-- Retention has a database role of its own: it alone ends evidence and writes receipts. The application's role no longer can.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pennyprotect_retention') THEN
        CREATE ROLE pennyprotect_retention NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO pennyprotect_retention;
GRANT EXECUTE ON FUNCTION schema_version(), tenant_chain(), tenant_stores(), retention_chains() TO pennyprotect_retention;

-- A run renews its lease as it goes on; one that lost it stops.
ALTER TABLE retention_lease ADD COLUMN holder uuid;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['evidence', 'evidence_exports'] LOOP
        EXECUTE format('CREATE POLICY retention ON %I TO pennyprotect_retention USING (chain_id = (SELECT tenant_chain()))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['retention_rules', 'incidents', 'incident_alerts', 'complaints'] LOOP
        EXECUTE format('CREATE POLICY retention ON %I FOR SELECT TO pennyprotect_retention
            USING (chain_id = (SELECT tenant_chain()))', name);
    END LOOP;
END $$;
CREATE POLICY retention ON evidence_custody TO pennyprotect_retention USING (chain_id = (SELECT tenant_chain()))
    WITH CHECK (chain_id = (SELECT tenant_chain()) AND actor_kind = 'system');
CREATE POLICY retention ON deletion_receipts FOR INSERT TO pennyprotect_retention WITH CHECK (chain_id = (SELECT tenant_chain()));
CREATE POLICY retention ON audit_unsealed FOR INSERT TO pennyprotect_retention WITH CHECK (actor_kind = 'system');

-- Everything of a piece but who was in it.
GRANT SELECT (id, chain_id, store_id, camera_id, alert_id, incident_id, type, state, reason, wanted_from, wanted_to, moment, s3_key,
    size, sha256, media_type, recorded_from, recorded_to, masked, created_at, present_at, held, hold_reason, deleted_at)
    ON evidence TO pennyprotect_retention;
GRANT UPDATE (state, reason, boxes, deleted_at) ON evidence TO pennyprotect_retention;
GRANT SELECT, INSERT ON evidence_custody TO pennyprotect_retention;
GRANT SELECT (id, chain_id, s3_key, expires_at, state), UPDATE (state) ON evidence_exports TO pennyprotect_retention;
GRANT SELECT ON retention_rules TO pennyprotect_retention;
GRANT SELECT, UPDATE ON retention_lease TO pennyprotect_retention;
GRANT SELECT (id, chain_id, state, changed_at) ON incidents TO pennyprotect_retention;
GRANT SELECT (chain_id, incident_id, alert_id) ON incident_alerts TO pennyprotect_retention;
GRANT SELECT (chain_id, store_id, state, alert_id, happened_at) ON complaints TO pennyprotect_retention;
GRANT INSERT ON deletion_receipts, audit_unsealed TO pennyprotect_retention;

REVOKE INSERT ON deletion_receipts FROM pennyprotect_app;
REVOKE UPDATE (deleted_at) ON evidence FROM pennyprotect_app;
REVOKE SELECT, UPDATE ON retention_lease FROM pennyprotect_app;
REVOKE EXECUTE ON FUNCTION retention_chains() FROM pennyprotect_app;
CREATE POLICY not_deleted_here ON evidence AS RESTRICTIVE FOR UPDATE TO pennyprotect_app USING (true) WITH CHECK (state <> 'deleted');
