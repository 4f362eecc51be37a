-- The gallery's loader in two steps that stay linear: which templates may be searched, without their vectors, and the vectors of
-- some of them by their keys. `gallery_entries` computed every vector for each part that was asked for; releases before this one use it.
CREATE FUNCTION gallery_listed(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) RETURNS TABLE (
        profile_id uuid, enrolment_id uuid, person_id uuid, watchlist_id uuid, category text, expires_at timestamptz, dimensions smallint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.id, e.id, e.person_id, e.watchlist_id, e.category, e.expires_at, p.dimensions
    FROM facial_profiles p JOIN enrolments e ON e.id = p.enrolment_id JOIN watchlists w ON w.id = e.watchlist_id
    WHERE p.chain_id = wanted_chain AND p.model = wanted_model AND p.model_version = wanted_version AND p.rotation = wanted_rotation
        AND e.state = 'approved' AND e.expires_at > now() AND w.retired_at IS NULL
        AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL) $$;

-- One that has gone meanwhile, or was turned anew, is absent: with that the gallery's revision rises, and it is listed again.
CREATE FUNCTION gallery_vectors(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer, wanted uuid[])
        RETURNS TABLE (profile_id uuid, embeddings halfvec)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.id, p.embeddings FROM facial_profiles p
    WHERE p.id = ANY (wanted) AND p.chain_id = wanted_chain AND p.model = wanted_model AND p.model_version = wanted_version
        AND p.rotation = wanted_rotation $$;

REVOKE EXECUTE ON FUNCTION gallery_listed(uuid, text, text, integer), gallery_vectors(uuid, text, text, integer, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gallery_listed(uuid, text, text, integer), gallery_vectors(uuid, text, text, integer, uuid[])
    TO pennyprotect_pipeline;
