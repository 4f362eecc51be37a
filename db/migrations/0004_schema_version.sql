-- Pods of one release start side by side: each asks with its own role whether the schema is made, without a view of the table.
CREATE FUNCTION schema_version() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
    $$ SELECT coalesce(max(number), 0) FROM schema_migrations $$;
REVOKE EXECUTE ON FUNCTION schema_version() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION schema_version() TO pennyprotect_app, pennyprotect_pipeline, pennyprotect_dispatcher;
