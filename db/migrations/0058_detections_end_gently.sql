-- The end of old tracks holds no alert up: what lies in the default partition goes first, a bounded part of it at a time and before any
-- lock that writers wait for; and a day that somebody reads (a backup) is waited for half a second.

CREATE OR REPLACE FUNCTION drop_detection_partitions(keep_days integer) RETURNS TABLE (days integer, strays bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    oldest date := (now() AT TIME ZONE 'UTC')::date - keep_days;
    name text;
BEGIN
    IF keep_days IS NULL OR keep_days NOT BETWEEN 1 AND 3650 THEN
        RAISE EXCEPTION 'keep_days must be between 1 and 3650';
    END IF;
    days := 0;
    DELETE FROM public.ai_detections_default WHERE ctid = ANY (ARRAY(SELECT ctid FROM public.ai_detections_default
        WHERE started_at < oldest::timestamp AT TIME ZONE 'UTC' LIMIT 20000));
    GET DIAGNOSTICS strays = ROW_COUNT;
    PERFORM pg_advisory_xact_lock(hashtext('make_detection_partitions'));
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.ai_detections'::regclass AND c.relname ~ '^ai_detections_[0-9]{8}$'
            AND to_date(right(c.relname, 8), 'YYYYMMDD') < oldest ORDER BY c.relname LIMIT 31
    LOOP
        EXECUTE format('DROP TABLE public.%I', name);
        days := days + 1;
    END LOOP;
    RETURN NEXT;
END $$;

-- A new day waits for whoever reads the default partition, and the pipeline for the new day: no longer than its leases bear.
ALTER FUNCTION make_detection_partitions(integer) SET lock_timeout = '2s';

-- What is temporary is looked up first unless the path says otherwise, so that a role which may make a temporary table or function could
-- have its own run with the owner's rights, where a database lets everybody make them.
DO $$
DECLARE
    own regprocedure;
    path text;
BEGIN
    FOR own, path IN SELECT p.oid::regprocedure, substr(c.setting, length('search_path=') + 1)
        FROM pg_proc p CROSS JOIN LATERAL unnest(p.proconfig) AS c(setting)
        WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
            AND c.setting IN ('search_path=pg_catalog', 'search_path=pg_catalog, public')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %s, pg_temp', own, path);
    END LOOP;
END $$;
