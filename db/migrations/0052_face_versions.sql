-- Versions of the face embedding that a chain pushed: who is embedded by them, which cameras use them, what they were calibrated to.
-- Expand only.

-- SECURITY DEFINER: a worker's cameras are of all chains. A store with workers of its own has a Triton of its own, with the released one.
CREATE FUNCTION face_use_of_worker(worker uuid)
    RETURNS TABLE (camera_id uuid, stable integer, candidate integer, share double precision, previous integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT l.camera_id, p.stable, p.candidate, p.share, p.previous
    FROM camera_leases l JOIN cameras c ON c.id = l.camera_id
    JOIN model_pointers p ON p.chain_id = c.chain_id AND p.model = 'face_embedding'
    WHERE l.worker_id = worker AND c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]) $$;

-- SECURITY DEFINER: of every chain with templates. `over`: what it made is to go.
CREATE FUNCTION pushed_face_versions() RETURNS TABLE (chain_id uuid, version integer, over boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT v.chain_id, v.version, v.state <> 'ready' FROM model_versions v WHERE v.model = 'face_embedding' AND v.state <> 'retiring'
        AND EXISTS (SELECT FROM facial_profiles p WHERE p.chain_id = v.chain_id
            AND (v.state = 'ready' AND store_runs(p.store_id, 'face') OR v.state <> 'ready' AND p.model = v.model
                AND p.model_version = v.version::text)) $$;

REVOKE EXECUTE ON FUNCTION face_use_of_worker(uuid), pushed_face_versions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION face_use_of_worker(uuid), pushed_face_versions() TO pennyprotect_app;

-- A chain calibrates the versions that it pushed, on a set of pictures.
CREATE POLICY calibrates ON face_calibrations FOR INSERT TO pennyprotect_app
    WITH CHECK (chain_id = (SELECT tenant_chain()) AND (SELECT tenant_stores()) IS NULL);
GRANT INSERT ON face_calibrations TO pennyprotect_app;
