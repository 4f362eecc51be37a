-- A promotion is watched for a while: what it may not exceed, until when, and why it was last taken back by itself. Expand only.
ALTER TABLE model_pointers
    ADD COLUMN limits jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN watched_until timestamptz,
    ADD COLUMN reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 500);
GRANT UPDATE (limits, watched_until, reason) ON model_pointers TO pennyprotect_app;

-- SECURITY DEFINER: which pointers of any chain are watched now. Names of chains and models, nothing else.
CREATE FUNCTION watched_model_pointers() RETURNS TABLE (chain_id uuid, model text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.chain_id, p.model FROM model_pointers p WHERE p.candidate IS NOT NULL OR p.watched_until > now() $$;
REVOKE EXECUTE ON FUNCTION watched_model_pointers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION watched_model_pointers() TO pennyprotect_app;
