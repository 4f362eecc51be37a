-- Chains whose gallery is not (only) of the model version in use: their entries are embedded anew from the enrolled pictures, and
-- what the earlier version made goes once it has served its time. A store whose face switch is off waits.
CREATE FUNCTION chains_to_embed(wanted_model text, wanted_version text) RETURNS TABLE (chain_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT p.chain_id FROM facial_profiles p
        WHERE (p.model <> wanted_model OR p.model_version <> wanted_version) AND store_runs(p.store_id, 'face') $$;
REVOKE EXECUTE ON FUNCTION chains_to_embed(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chains_to_embed(text, text) TO pennyprotect_app;
