-- SECURITY DEFINER: of which chains workers reported readings in the last day. Ids, nothing else. Expand only.
CREATE FUNCTION chains_with_model_readings() RETURNS TABLE (chain_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT c.id FROM chains c
    WHERE EXISTS (
        SELECT FROM model_readings r WHERE r.chain_id = c.id AND r.span = 'hour' AND r.since >= now() - interval '1 day'
    ) $$;
REVOKE EXECUTE ON FUNCTION chains_with_model_readings() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chains_with_model_readings() TO pennyprotect_app;
