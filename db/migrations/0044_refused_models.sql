-- A pushed version whose files are no longer those that a trusted key signed is refused for good. Expand only.
ALTER TABLE model_versions DROP CONSTRAINT model_versions_state_check;
ALTER TABLE model_versions ADD CONSTRAINT model_versions_state_check CHECK (state IN ('ready', 'retiring', 'retired', 'refused'));
ALTER TABLE model_versions ADD COLUMN refused_because text NOT NULL DEFAULT '' CHECK (length(refused_because) <= 500);
GRANT UPDATE (refused_because) ON model_versions TO pennyprotect_app;

-- SECURITY DEFINER: the folder that Triton reads holds versions of every chain. Numbers and hashes, nothing else.
CREATE FUNCTION ready_model_versions() RETURNS TABLE (chain_id uuid, id uuid, model text, version integer, manifest_sha256 bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT v.chain_id, v.id, v.model, v.version, v.manifest_sha256 FROM model_versions v WHERE v.state = 'ready'
    ORDER BY v.model, v.version $$;
REVOKE EXECUTE ON FUNCTION ready_model_versions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ready_model_versions() TO pennyprotect_app;
