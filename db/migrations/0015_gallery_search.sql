-- What matching needs beside the loader's functions: which kinds of templates there are, a last look before a lead is written, and
-- the key that opens a chain's rotation.
CREATE FUNCTION gallery_kinds(wanted_chain uuid) RETURNS TABLE (model text, model_version text, rotation integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT p.model, p.model_version, p.rotation FROM facial_profiles p WHERE p.chain_id = wanted_chain $$;

-- In the transaction that writes the lead: an enrolment that was erased or has expired a moment ago gives none.
CREATE FUNCTION may_match(wanted uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (SELECT FROM enrolments e JOIN watchlists w ON w.id = e.watchlist_id
        WHERE e.id = wanted AND e.state = 'approved' AND e.expires_at > now() AND w.retired_at IS NULL
            AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL)) $$;

REVOKE EXECUTE ON FUNCTION gallery_kinds(uuid), may_match(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gallery_kinds(uuid), may_match(uuid), tenant_key(uuid, integer) TO pennyprotect_pipeline;

GRANT UPDATE (embeddings, rotation) ON facial_profiles TO pennyprotect_app;
