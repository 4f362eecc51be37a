-- The scope's two functions are written into the plan of whatever asks for them, instead of being called for every statement and
-- table. A body that is parsed here, once, needs no search_path of its own to be safe from a caller's. Expand only: same answers.
CREATE OR REPLACE FUNCTION tenant_chain() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(pg_catalog.current_setting('pennyprotect.chain_id', true), '')::pg_catalog.uuid;
CREATE OR REPLACE FUNCTION tenant_stores() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE pg_catalog.current_setting('pennyprotect.store_ids', true) WHEN '*' THEN NULL
        ELSE coalesce(pg_catalog.string_to_array(nullif(pg_catalog.current_setting('pennyprotect.store_ids', true), ''), ',')
            ::pg_catalog.uuid[], '{}') END;

-- An act's audit row, by a call that is cheap to send beside COMMIT: the plan of its insert is kept, and it runs as whoever calls.
CREATE FUNCTION append_act(id uuid, chain_id uuid, store_id uuid, actor_kind text, actor_id uuid, act text, subject_kind text,
    subject_id uuid, details jsonb) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO public.audit_unsealed (id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
END $$;
REVOKE EXECUTE ON FUNCTION append_act(uuid, uuid, uuid, text, uuid, text, text, uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_act(uuid, uuid, uuid, text, uuid, text, text, uuid, jsonb)
    TO pennyprotect_app, pennyprotect_pipeline, pennyprotect_dispatcher, pennyprotect_retention;  -- who may insert such a row
