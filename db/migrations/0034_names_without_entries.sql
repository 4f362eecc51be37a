-- A name given to enrol somebody who was never enrolled rests on no ground: it goes after a day. So do the answers that are kept for
-- repeated requests, whoever asked: they hold names, too, and went only when the same user or key sent another one.
CREATE FUNCTION persons_without_entry(before timestamptz, most integer) RETURNS TABLE (chain_id uuid, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.chain_id, p.id FROM persons p WHERE p.erased_at IS NULL AND p.created_at < before
        AND NOT EXISTS (SELECT FROM enrolments e WHERE e.person_id = p.id AND e.ended_at IS NULL)
        ORDER BY p.created_at LIMIT most $$;
CREATE FUNCTION forget_old_answers() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours' RETURNING 1)
    SELECT count(*) FROM gone $$;
REVOKE EXECUTE ON FUNCTION persons_without_entry(timestamptz, integer), forget_old_answers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION persons_without_entry(timestamptz, integer), forget_old_answers() TO pennyprotect_app;
