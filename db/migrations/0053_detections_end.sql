-- Tracks of people went into daily partitions that nothing ever removed; and lists over a whole chain were sorted anew for each page.

-- SECURITY DEFINER: retention may drop whole days without owning the table. Days before `keep_days` ago (UTC) go, at most 31 in one call, so
-- that few locks are held; the lock of a partition is waited for 2 s, the next run tries again. Rows of such days in the default partition
-- (a clock ran behind) go, too. How many of each went.
CREATE FUNCTION drop_detection_partitions(keep_days integer) RETURNS TABLE (days integer, strays bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '2s' AS $$
DECLARE
    oldest date := (now() AT TIME ZONE 'UTC')::date - keep_days;
    name text;
BEGIN
    IF keep_days IS NULL OR keep_days NOT BETWEEN 1 AND 3650 THEN
        RAISE EXCEPTION 'keep_days must be between 1 and 3650';
    END IF;
    days := 0;
    PERFORM pg_advisory_xact_lock(hashtext('make_detection_partitions'));
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.ai_detections'::regclass AND c.relname ~ '^ai_detections_[0-9]{8}$'
            AND to_date(right(c.relname, 8), 'YYYYMMDD') < oldest ORDER BY c.relname LIMIT 31
    LOOP
        EXECUTE format('DROP TABLE public.%I', name);
        days := days + 1;
    END LOOP;
    DELETE FROM public.ai_detections_default WHERE started_at < oldest::timestamp AT TIME ZONE 'UTC';
    GET DIAGNOSTICS strays = ROW_COUNT;
    RETURN NEXT;
END $$;
REVOKE EXECUTE ON FUNCTION drop_detection_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_detection_partitions(integer) TO pennyprotect_retention;

CREATE INDEX alerts_chain ON alerts (chain_id, raised_at DESC, id DESC);
CREATE INDEX incidents_chain ON incidents (chain_id, opened_at DESC, id DESC);
CREATE INDEX evidence_chain ON evidence (chain_id, created_at DESC, id DESC);
