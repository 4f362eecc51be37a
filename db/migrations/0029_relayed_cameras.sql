-- What a MediaMTX beside the workers pulls, asked for by its role `live-paths` through the service. Expand only.

CREATE FUNCTION relayed_cameras() RETURNS TABLE (camera_id uuid, url text, credentials bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT c.id, c.url, c.credentials FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND c.url ~* '^rtsps?://' ORDER BY c.id
$$;
REVOKE EXECUTE ON FUNCTION relayed_cameras() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION relayed_cameras() TO pennyprotect_app;
