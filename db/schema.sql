CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

CREATE FUNCTION public.added(one bigint[], other bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $$
    SELECT array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY place)
    FROM unnest(one, other) WITH ORDINALITY AS each (a, b, place) $$;

ALTER FUNCTION public.added(one bigint[], other bigint[]) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.announce_notifications() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
    NOTIFY notifications;  -- only wakes the sender; its poll guarantees
    RETURN NULL;
END $$;

ALTER FUNCTION public.announce_notifications() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.announce_outbox() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
    NOTIFY outbox;  -- only wakes the dispatcher; its poll guarantees
    RETURN NULL;
END $$;

ALTER FUNCTION public.announce_outbox() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.api_key_lookup(wanted bytea) RETURNS TABLE(key_id uuid, chain_id uuid, name text, permissions text[], expires_at timestamp with time zone, store_ids uuid[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT k.id, k.chain_id, k.name, k.permissions,
        CASE WHEN k.key_hash = wanted THEN k.expires_at ELSE least(k.expires_at, k.previous_ends_at) END,
        CASE WHEN k.stores IS NULL THEN NULL
             ELSE ARRAY(SELECT s.id FROM stores s WHERE s.chain_id = k.chain_id AND (s.id = ANY (k.stores) OR s.region_id = ANY (k.regions))) END
    FROM api_keys k
    WHERE k.revoked_at IS NULL AND (k.key_hash = wanted OR (k.previous_hash = wanted AND k.previous_ends_at > now())) $$;

ALTER FUNCTION public.api_key_lookup(wanted bytea) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.append_act(id uuid, chain_id uuid, store_id uuid, actor_kind text, actor_id uuid, act text, subject_kind text, subject_id uuid, details jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
BEGIN
    INSERT INTO public.audit_unsealed (id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
END $_$;

ALTER FUNCTION public.append_act(id uuid, chain_id uuid, store_id uuid, actor_kind text, actor_id uuid, act text, subject_kind text, subject_id uuid, details jsonb) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.audit_state() RETURNS TABLE(sequence bigint, sealed_at timestamp with time zone, waiting bigint, oldest_waiting timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT l.sequence, l.sealed_at, w.waiting, w.oldest
    FROM (SELECT count(*) AS waiting, min(at) AS oldest FROM audit_unsealed WHERE chain_id = tenant_chain()) w
    LEFT JOIN LATERAL (SELECT a.sequence, a.sealed_at FROM audit_log a WHERE a.ledger = tenant_chain()
        ORDER BY a.sequence DESC LIMIT 1) l ON true $$;

ALTER FUNCTION public.audit_state() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.bump_configuration_revision() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE configuration_revision SET revision = revision + 1;
    RETURN NULL;
END $$;

ALTER FUNCTION public.bump_configuration_revision() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.bump_gallery_revision() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO gallery_revisions AS g (chain_id) SELECT DISTINCT chain_id FROM changed ORDER BY 1
        ON CONFLICT (chain_id) DO UPDATE SET revision = g.revision + 1, changed_at = now();
    IF FOUND THEN
        NOTIFY gallery;
    END IF;
    RETURN NULL;
END $$;

ALTER FUNCTION public.bump_gallery_revision() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.camera_shares(worker uuid, lease interval) RETURNS TABLE(worker_id uuid, held integer, share integer)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    WITH mine AS (SELECT w.stores FROM camera_workers w WHERE w.worker_id = worker),
    wanted AS (SELECT count(*)::integer AS cameras FROM cameras c, mine WHERE c.deleted_at IS NULL AND c.enabled
        AND worker_reaches(c.store_id, mine.stores, (SELECT stores_with_workers()))),
    sharing AS (
        SELECT w.worker_id, w.capacity,
            (SELECT count(*) FROM camera_leases l WHERE l.worker_id = w.worker_id)::integer AS held
        FROM camera_workers w, mine WHERE w.worker_id = worker
            OR (w.expires_at - lease >= w.since + lease AND w.expires_at > now() + lease / 2
                AND w.stores IS NOT DISTINCT FROM mine.stores)),
    filled AS (
        SELECT coalesce(max(level), 0) AS level
        FROM generate_series(0, (SELECT least(cameras, (SELECT max(s.capacity) FROM sharing s)) FROM wanted)) level
        WHERE (SELECT sum(least(s.capacity, level)) FROM sharing s) <= (SELECT cameras FROM wanted)),
    spare AS (
        SELECT (SELECT cameras FROM wanted) - sum(least(s.capacity, level)) AS cameras FROM sharing s, filled)
    SELECT s.worker_id, s.held,
        least(s.capacity, level)
            + CASE WHEN s.capacity > level AND row_number() OVER (PARTITION BY s.capacity > level ORDER BY s.held DESC, s.worker_id)
                <= (SELECT cameras FROM spare) THEN 1 ELSE 0 END
    FROM sharing s, filled
$$;

ALTER FUNCTION public.camera_shares(worker uuid, lease interval) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.chain_of_disagreement(camera uuid, of_model text, of_version integer, other integer) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT c.chain_id FROM cameras c JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = of_model
        AND s.version IN (of_version, other) AND s.ended_at IS NULL
    WHERE c.id = camera AND c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]) $$;

ALTER FUNCTION public.chain_of_disagreement(camera uuid, of_model text, of_version integer, other integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.chains_to_embed(wanted_model text, wanted_version text) RETURNS TABLE(chain_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT DISTINCT p.chain_id FROM facial_profiles p
        WHERE (p.model <> wanted_model OR p.model_version <> wanted_version) AND store_runs(p.store_id, 'face') $$;

ALTER FUNCTION public.chains_to_embed(wanted_model text, wanted_version text) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.chains_to_turn() RETURNS TABLE(chain_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH held AS (
        SELECT p.chain_id, p.rotation, store_runs(p.store_id, 'face') AS runs FROM facial_profiles p
        UNION
        SELECT g.chain_id, g.rotation, store_runs(g.store_id, 'gait') FROM gait_profiles g),
    newest AS (SELECT r.chain_id, max(r.version) AS version FROM template_rotations r GROUP BY r.chain_id)
    SELECT DISTINCT h.chain_id FROM held h LEFT JOIN newest n ON n.chain_id = h.chain_id
        WHERE h.runs AND h.rotation IS DISTINCT FROM n.version
    UNION
    SELECT r.chain_id FROM template_rotations r JOIN newest n ON n.chain_id = r.chain_id
        WHERE r.version < n.version AND NOT EXISTS (SELECT FROM held h WHERE h.chain_id = r.chain_id AND h.rotation = r.version) $$;

ALTER FUNCTION public.chains_to_turn() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.chains_with_model_readings() RETURNS TABLE(chain_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT c.id FROM chains c
    WHERE EXISTS (
        SELECT FROM model_readings r WHERE r.chain_id = c.id AND r.span = 'hour' AND r.since >= now() - interval '1 day'
    ) $$;

ALTER FUNCTION public.chains_with_model_readings() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.check_site_policy() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    before site_policies;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'a revision of a site policy is never changed; write the next one' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.cause = 'demo' AND NOT EXISTS (SELECT FROM stores WHERE id = NEW.store_id AND demo) THEN
        RAISE EXCEPTION 'this store is not the demo''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.cause NOT IN ('approved', 'demo') THEN
        SELECT * INTO before FROM site_policies WHERE store_id = NEW.store_id ORDER BY revision DESC LIMIT 1;
        IF (NEW.face AND before.face IS NOT TRUE) OR (NEW.gait AND before.gait IS NOT TRUE)
            OR (NEW.re_identification AND before.re_identification IS NOT TRUE) THEN
            RAISE EXCEPTION 'switching on needs two people' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    RETURN NEW;
END $$;

ALTER FUNCTION public.check_site_policy() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.claim_export() RETURNS TABLE(export_id uuid, chain_id uuid)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    UPDATE evidence_exports x SET state = 'making', claimed_until = now() + interval '5 minutes', tries = x.tries + 1
    WHERE x.id = (SELECT id FROM evidence_exports WHERE state = 'waiting' OR (state = 'making' AND claimed_until < now())
        ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING x.id, x.chain_id $$;

ALTER FUNCTION public.claim_export() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.drop_detection_partitions(keep_days integer) RETURNS TABLE(days integer, strays bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '500ms'
    AS $_$
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
END $_$;

ALTER FUNCTION public.drop_detection_partitions(keep_days integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.evidence_chain(wanted uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT chain_id FROM evidence WHERE id = wanted $$;

ALTER FUNCTION public.evidence_chain(wanted uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.evidence_jobs(worker uuid, most integer) RETURNS TABLE(evidence_id uuid, camera_id uuid, type text, wanted_from timestamp with time zone, wanted_to timestamp with time zone, moment timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE evidence e SET state = 'lost', reason = CASE e.state
            WHEN 'uploading' THEN 'It was recorded, but could not be stored within a day.'
            ELSE 'No worker that had the pictures could record it: the camera or its worker was away.' END
        WHERE e.state IN ('wanted', 'recording', 'uploading')
        AND e.wanted_to < now() - CASE e.state WHEN 'uploading' THEN interval '1 day' ELSE interval '10 minutes' END;
    RETURN QUERY WITH jobs AS (
        UPDATE evidence e SET state = CASE e.state WHEN 'uploading' THEN 'uploading' ELSE 'recording' END, worker_id = worker
        FROM (SELECT w.id FROM evidence w JOIN camera_leases l ON l.camera_id = w.camera_id AND l.worker_id = worker
            WHERE w.state IN ('wanted', 'recording') OR (w.state = 'uploading' AND w.worker_id = worker)
            ORDER BY w.alert_id IS NULL, w.wanted_to, w.id LIMIT most) chosen
        WHERE e.id = chosen.id AND e.state IN ('wanted', 'recording', 'uploading')
        RETURNING e.id, e.camera_id, e.type, e.wanted_from, e.wanted_to, e.moment, e.alert_id)
    SELECT j.id, j.camera_id, j.type, j.wanted_from, j.wanted_to, j.moment FROM jobs j
        ORDER BY j.alert_id IS NULL, j.wanted_to, j.id;
END $$;

ALTER FUNCTION public.evidence_jobs(worker uuid, most integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.expired_enrolments(moment timestamp with time zone, most integer) RETURNS TABLE(chain_id uuid, store_id uuid, enrolment_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT e.chain_id, e.store_id, e.id FROM enrolments e
    WHERE e.ended_at IS NULL AND e.expires_at <= moment ORDER BY e.expires_at LIMIT most $$;

ALTER FUNCTION public.expired_enrolments(moment timestamp with time zone, most integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.export_by_token(wanted bytea) RETURNS TABLE(export_id uuid, chain_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT id, evidence_exports.chain_id FROM evidence_exports WHERE token_hash = wanted $$;

ALTER FUNCTION public.export_by_token(wanted bytea) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.face_use_of_worker(worker uuid) RETURNS TABLE(camera_id uuid, stable integer, candidate integer, share double precision, previous integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT l.camera_id, p.stable, p.candidate, p.share, p.previous
    FROM camera_leases l JOIN cameras c ON c.id = l.camera_id
    JOIN model_pointers p ON p.chain_id = c.chain_id AND p.model = 'face_embedding'
    WHERE l.worker_id = worker AND c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]) $$;

ALTER FUNCTION public.face_use_of_worker(worker uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.forget_answered_contacts() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH requests AS (UPDATE data_requests SET contact = NULL WHERE contact IS NOT NULL AND state = 'answered'
            AND answered_at < now() - interval '90 days' RETURNING 1),
        heard AS (UPDATE complaints SET contact = NULL WHERE contact IS NOT NULL AND state = 'decided'
            AND decided_at < now() - interval '90 days' RETURNING 1)
    SELECT ((SELECT count(*) FROM requests) + (SELECT count(*) FROM heard))::integer $$;

ALTER FUNCTION public.forget_answered_contacts() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.forget_answers_about(wanted uuid) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH blank AS (
            SELECT '{"name": ""}'::jsonb AS words FROM persons p
                WHERE p.id = wanted AND p.chain_id = tenant_chain() AND p.erased_at IS NOT NULL
            UNION ALL
            SELECT '{"state": "erased", "reason": "", "evidence": "", "age_basis": "", "exception_reason": "", "notice_how": "",
                "notice_withheld": "", "override_reason": "", "decision_reason": "", "quality": {}, "findings": [], "look_alikes": [],
                "renewal": null}'::jsonb FROM enrolments e
                WHERE e.id = wanted AND e.chain_id = tenant_chain() AND e.state = 'erased'),
        emptied AS (UPDATE idempotency_keys k SET response = k.response || blank.words FROM blank
            WHERE k.response->>'id' = wanted::text RETURNING 1)
    SELECT count(*)::integer FROM emptied $$;

ALTER FUNCTION public.forget_answers_about(wanted uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.forget_ended_sign_ins() RETURNS TABLE(sessions bigint, codes bigint)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH gone AS (
        DELETE FROM sessions s WHERE least(s.expires_at, s.revoked_at) < now() - interval '30 days' RETURNING 1
    ), used AS (
        DELETE FROM recovery_codes c WHERE c.used_at < now() - interval '30 days' RETURNING 1
    ) SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM used) $$;

ALTER FUNCTION public.forget_ended_sign_ins() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.forget_model_readings(minutes interval, hours interval, stills interval) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH short AS (DELETE FROM model_readings WHERE span = 'minute' AND since < now() - minutes RETURNING 1),
    long AS (DELETE FROM model_readings WHERE span = 'hour' AND since < now() - hours RETURNING 1),
    pictures AS (DELETE FROM model_disagreements WHERE kept_at < now() - stills OR picture IS NULL RETURNING 1),
    runs AS (DELETE FROM model_shadows s WHERE s.ended_at < now() - hours AND EXISTS (
        SELECT FROM model_shadows n WHERE n.chain_id = s.chain_id AND n.model = s.model
            AND (n.started_at, n.id) > (s.started_at, s.id)) RETURNING 1)
    SELECT (SELECT count(*) FROM short) + (SELECT count(*) FROM long) + (SELECT count(*) FROM pictures) + (SELECT count(*) FROM runs) $$;

ALTER FUNCTION public.forget_model_readings(minutes interval, hours interval, stills interval) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.forget_old_answers() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH gone AS (DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours' RETURNING 1)
    SELECT count(*) FROM gone $$;

ALTER FUNCTION public.forget_old_answers() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.forget_visits(keep interval, keep_closed interval) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH free AS (SELECT v.visit_id FROM (SELECT DISTINCT visit_id FROM visit_sightings WHERE ended_at < now() - keep) v
        WHERE NOT EXISTS (
            SELECT FROM visit_sightings p JOIN alerts a ON a.camera_id = p.camera_id AND a.epoch = p.epoch
                AND p.track_id = ANY (a.track_ids) AND a.started_at <= p.ended_at AND a.ended_at >= p.started_at
            JOIN incident_alerts j ON j.alert_id = a.id JOIN incidents i ON i.id = j.incident_id
            WHERE p.visit_id = v.visit_id AND (i.state <> 'closed' OR i.changed_at > now() - keep_closed))),
    gone AS (DELETE FROM visit_sightings s
        WHERE s.store_id IN (SELECT o.id FROM stores o WHERE NOT store_runs(o.id, 're_identification')
                AND EXISTS (SELECT FROM visit_sightings v WHERE v.store_id = o.id))
            OR (s.ended_at < now() - keep AND s.visit_id IN (SELECT visit_id FROM free))
        RETURNING 1)
    SELECT count(*) FROM gone $$;

ALTER FUNCTION public.forget_visits(keep interval, keep_closed interval) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.forget_words_about(wanted uuid) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH ended AS (SELECT id FROM enrolments WHERE id = wanted AND ended_at IS NOT NULL AND chain_id = tenant_chain()
            AND tenant_stores() IS NULL),
        reviews AS (UPDATE match_reviews r SET reason = 'erased' FROM matches m, ended WHERE m.id = r.match_id
            AND m.enrolment_id = ended.id AND r.reason <> 'erased' RETURNING 1),
        suspensions AS (UPDATE match_suspensions s SET reason = 'erased' FROM ended WHERE s.enrolment_id = ended.id
            AND s.reason <> 'erased' RETURNING 1)
    SELECT ((SELECT count(*) FROM reviews) + (SELECT count(*) FROM suspensions))::integer $$;

ALTER FUNCTION public.forget_words_about(wanted uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gait_candidates(wanted_match uuid, wanted_model text, wanted_version text) RETURNS TABLE(enrolment_id uuid, person_id uuid, rotation integer, embeddings public.halfvec)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH listed AS (
        SELECT DISTINCT p.id, e.id AS enrolment_id, e.person_id, p.rotation, p.embeddings, m.enrolment_id AS own
        FROM matches m JOIN watchlist_assignments a ON a.store_id = m.store_id AND a.state = 'approved' AND a.starts_at <= now()
            AND (a.ends_at IS NULL OR a.ends_at > now())
        JOIN watchlists w ON w.id = a.watchlist_id AND w.retired_at IS NULL
        JOIN enrolments e ON e.watchlist_id = w.id AND e.state = 'approved' AND e.expires_at > now()
        JOIN gait_profiles p ON p.enrolment_id = e.id AND p.approved_at IS NOT NULL AND p.model = wanted_model
            AND p.model_version = wanted_version
        WHERE m.id = wanted_match AND m.state IN ('open', 'second-review') AND store_runs(m.store_id, 'gait')
            AND store_runs(p.store_id, 'gait')
            AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL))
    SELECT l.enrolment_id, l.person_id, l.rotation, l.embeddings FROM listed l
    WHERE EXISTS (SELECT FROM listed o WHERE o.enrolment_id = o.own) ORDER BY l.id $$;

ALTER FUNCTION public.gait_candidates(wanted_match uuid, wanted_model text, wanted_version text) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gallery_assignments(wanted_chain uuid) RETURNS TABLE(watchlist_id uuid, store_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT a.watchlist_id, a.store_id, a.starts_at, a.ends_at FROM watchlist_assignments a
    WHERE a.chain_id = wanted_chain AND a.state = 'approved' AND (a.ends_at IS NULL OR a.ends_at > now())
        AND store_runs(a.store_id, 'face') $$;

ALTER FUNCTION public.gallery_assignments(wanted_chain uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gallery_entries(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) RETURNS TABLE(profile_id uuid, enrolment_id uuid, person_id uuid, watchlist_id uuid, category text, expires_at timestamp with time zone, dimensions smallint, embeddings public.halfvec)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT p.id, e.id, e.person_id, e.watchlist_id, e.category, e.expires_at, p.dimensions, p.embeddings
    FROM facial_profiles p JOIN enrolments e ON e.id = p.enrolment_id JOIN watchlists w ON w.id = e.watchlist_id
    WHERE p.chain_id = wanted_chain AND p.model = wanted_model AND p.model_version = wanted_version AND p.rotation = wanted_rotation
        AND e.state = 'approved' AND e.expires_at > now() AND w.retired_at IS NULL
        AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL)
    ORDER BY p.id $$;

ALTER FUNCTION public.gallery_entries(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gallery_kinds(wanted_chain uuid) RETURNS TABLE(model text, model_version text, rotation integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT DISTINCT p.model, p.model_version, p.rotation FROM facial_profiles p WHERE p.chain_id = wanted_chain $$;

ALTER FUNCTION public.gallery_kinds(wanted_chain uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gallery_listed(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) RETURNS TABLE(profile_id uuid, enrolment_id uuid, person_id uuid, watchlist_id uuid, category text, expires_at timestamp with time zone, dimensions smallint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT p.id, e.id, e.person_id, e.watchlist_id, e.category, e.expires_at, p.dimensions
    FROM facial_profiles p JOIN enrolments e ON e.id = p.enrolment_id JOIN watchlists w ON w.id = e.watchlist_id
    WHERE p.chain_id = wanted_chain AND p.model = wanted_model AND p.model_version = wanted_version AND p.rotation = wanted_rotation
        AND e.state = 'approved' AND e.expires_at > now() AND w.retired_at IS NULL
        AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL) $$;

ALTER FUNCTION public.gallery_listed(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gallery_rotations(wanted_chain uuid) RETURNS TABLE(id uuid, version integer, seed bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT r.id, r.version, r.seed FROM template_rotations r WHERE r.chain_id = wanted_chain ORDER BY r.version $$;

ALTER FUNCTION public.gallery_rotations(wanted_chain uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gallery_state() RETURNS TABLE(chain_id uuid, revision bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT g.chain_id, g.revision FROM gallery_revisions g $$;

ALTER FUNCTION public.gallery_state() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gallery_suspensions(wanted_chain uuid) RETURNS TABLE(store_id uuid, camera_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT s.store_id, s.camera_id FROM match_suspensions s
    WHERE s.chain_id = wanted_chain AND s.enrolment_id IS NULL AND s.lifted_at IS NULL $$;

ALTER FUNCTION public.gallery_suspensions(wanted_chain uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gallery_thresholds(wanted_chain uuid) RETURNS TABLE(store_id uuid, watchlist_id uuid, model text, model_version text, threshold real)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT DISTINCT ON (t.store_id, t.watchlist_id, t.model, t.model_version)
        t.store_id, t.watchlist_id, t.model, t.model_version, t.threshold
    FROM match_thresholds t WHERE t.chain_id = wanted_chain
    ORDER BY t.store_id, t.watchlist_id, t.model, t.model_version, t.revision DESC $$;

ALTER FUNCTION public.gallery_thresholds(wanted_chain uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.gallery_vectors(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer, wanted uuid[]) RETURNS TABLE(profile_id uuid, embeddings public.halfvec)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT p.id, p.embeddings FROM facial_profiles p
    WHERE p.id = ANY (wanted) AND p.chain_id = wanted_chain AND p.model = wanted_model AND p.model_version = wanted_version
        AND p.rotation = wanted_rotation $$;

ALTER FUNCTION public.gallery_vectors(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer, wanted uuid[]) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.guard_biometrics(guarded regclass, switch text, guarded_columns text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
BEGIN
    IF switch NOT IN ('face', 'gait', 're_identification') OR cardinality(guarded_columns) = 0 THEN
        RAISE EXCEPTION 'name one of the three switches and at least one column';
    END IF;
    IF (SELECT count(*) FROM pg_attribute WHERE attrelid = guarded AND NOT attisdropped
        AND attname = ANY (guarded_columns || 'store_id'::text)) <> cardinality(guarded_columns) + 1 THEN
        RAISE EXCEPTION '% lacks store_id or one of the columns %', guarded, guarded_columns;
    END IF;
    EXECUTE format('CREATE TRIGGER biometrics_%s BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION refuse_biometrics_when_off(%s)',
        switch, guarded, (SELECT string_agg(quote_literal(each), ', ') FROM unnest(switch || guarded_columns) each));
END $$;

ALTER FUNCTION public.guard_biometrics(guarded regclass, switch text, guarded_columns text[]) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.hold_enrolment(wanted uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM enrolments e JOIN watchlists w ON w.id = e.watchlist_id
        WHERE e.id = wanted AND e.state = 'approved' AND e.expires_at > now() AND w.retired_at IS NULL
            AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL)
        FOR SHARE OF e;
    RETURN FOUND;
END $$;

ALTER FUNCTION public.hold_enrolment(wanted uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.keep_model_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamp with time zone, old_alone integer, new_alone integer, alike double precision, picture bytea, most integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    INSERT INTO model_disagreements (id, shadow_id, chain_id, camera_id, against, captured_at, only_old, only_new, likeness, still)
    SELECT made, s.id, s.chain_id, c.id, CASE WHEN s.version = other THEN of_version ELSE other END, moment,
        CASE WHEN s.version = other THEN new_alone ELSE old_alone END,
        CASE WHEN s.version = other THEN old_alone ELSE new_alone END, alike, picture
    FROM cameras c JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = of_model AND s.version IN (of_version, other)
        AND s.ended_at IS NULL
    WHERE c.id = camera AND c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]);
    DELETE FROM model_disagreements d USING model_disagreements fresh
    WHERE fresh.id = made AND d.shadow_id = fresh.shadow_id AND d.id IN (
        SELECT o.id FROM model_disagreements o WHERE o.shadow_id = fresh.shadow_id ORDER BY o.kept_at DESC, o.id DESC OFFSET most
    ) $$;

ALTER FUNCTION public.keep_model_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamp with time zone, old_alone integer, new_alone integer, alike double precision, picture bytea, most integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.keep_sealed_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamp with time zone, old_alone integer, new_alone integer, alike double precision, sealed bytea, most integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    INSERT INTO model_disagreements (id, shadow_id, chain_id, camera_id, against, captured_at, only_old, only_new, likeness, picture)
    SELECT made, s.id, s.chain_id, c.id, CASE WHEN s.version = other THEN of_version ELSE other END, moment,
        CASE WHEN s.version = other THEN new_alone ELSE old_alone END,
        CASE WHEN s.version = other THEN old_alone ELSE new_alone END, alike, sealed
    FROM cameras c JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = of_model AND s.version IN (of_version, other)
        AND s.ended_at IS NULL
    WHERE c.id = camera AND c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]);
    DELETE FROM model_disagreements d USING model_disagreements fresh
    WHERE fresh.id = made AND d.shadow_id = fresh.shadow_id AND d.id IN (
        SELECT o.id FROM model_disagreements o WHERE o.shadow_id = fresh.shadow_id ORDER BY o.kept_at DESC, o.id DESC OFFSET most
    ) $$;

ALTER FUNCTION public.keep_sealed_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamp with time zone, old_alone integer, new_alone integer, alike double precision, sealed bytea, most integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval) RETURNS TABLE(camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer, policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY SELECT * FROM lease_cameras(worker, capacity, lease, NULL::uuid[], NULL::uuid);
END $$;

ALTER FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[]) RETURNS TABLE(camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer, policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY SELECT * FROM lease_cameras(worker, capacity, lease, stores, NULL::uuid);
END $$;

ALTER FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[]) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[], with_key uuid) RETURNS TABLE(camera_id uuid, store_id uuid, url text, credentials bytea, analysis_fps real, camera_revision integer, policy_revision integer, face boolean, gait boolean, re_identification boolean, masks jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    others uuid[] := stores_with_workers();
    free integer;
    lacking integer;
    mine record;
    excess integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lease_cameras'));
    DELETE FROM camera_workers w WHERE w.expires_at < now();
    IF EXISTS (SELECT FROM camera_workers w WHERE w.worker_id = worker AND w.key_id <> with_key) THEN
        RAISE EXCEPTION 'another key answers for this worker' USING ERRCODE = 'object_in_use';
    END IF;
    INSERT INTO camera_workers AS w (worker_id, capacity, expires_at, stores, key_id)
        VALUES (worker, lease_cameras.capacity, now() + lease, lease_cameras.stores, with_key)
        ON CONFLICT ON CONSTRAINT camera_workers_pkey
        DO UPDATE SET capacity = excluded.capacity, expires_at = excluded.expires_at, stores = excluded.stores,
            key_id = coalesce(excluded.key_id, w.key_id);
    DELETE FROM camera_leases l USING cameras c
        WHERE c.id = l.camera_id AND (l.expires_at < now() OR c.deleted_at IS NOT NULL OR NOT c.enabled);
    -- What a key reached once and does not reach any more.
    DELETE FROM camera_leases l USING cameras c WHERE c.id = l.camera_id AND l.worker_id = worker
        AND NOT worker_reaches(c.store_id, lease_cameras.stores, others);
    UPDATE camera_leases l SET expires_at = now() + lease WHERE l.worker_id = worker;

SELECT count(*) INTO free FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND NOT EXISTS (SELECT FROM camera_leases l WHERE l.camera_id = c.id)
        AND worker_reaches(c.store_id, lease_cameras.stores, others);
    SELECT coalesce(sum(greatest(0, s.share - s.held)), 0) INTO lacking
        FROM camera_shares(worker, lease) s WHERE s.worker_id <> worker;
    SELECT s.held, s.share INTO mine FROM camera_shares(worker, lease) s WHERE s.worker_id = worker;
    excess := greatest(mine.held - lease_cameras.capacity, least(mine.held - mine.share, lacking - free), 0);
    DELETE FROM camera_leases l WHERE l.worker_id = worker AND l.camera_id IN (
        SELECT m.camera_id FROM camera_leases m WHERE m.worker_id = worker ORDER BY m.camera_id DESC LIMIT excess);
    INSERT INTO camera_leases (camera_id, worker_id, expires_at)
        SELECT c.id, worker, now() + lease FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND NOT EXISTS (SELECT FROM camera_leases l WHERE l.camera_id = c.id)
        AND worker_reaches(c.store_id, lease_cameras.stores, others)
        ORDER BY c.id
        LIMIT greatest(0, mine.share - mine.held);
    RETURN QUERY
        SELECT c.id, c.store_id, c.url, c.credentials, c.analysis_fps, c.revision,
            coalesce(p.revision, 0), coalesce(p.face, false), coalesce(p.gait, false), coalesce(p.re_identification, false),
            coalesce((SELECT jsonb_agg(m.polygon ORDER BY m.id) FROM privacy_masks m
                WHERE m.camera_id = c.id AND m.deleted_at IS NULL), '[]'::jsonb)
        FROM camera_leases l JOIN cameras c ON c.id = l.camera_id
        LEFT JOIN LATERAL (SELECT s.revision, s.face, s.gait, s.re_identification FROM site_policies s
            WHERE s.store_id = c.store_id ORDER BY s.revision DESC LIMIT 1) p ON true
        WHERE l.worker_id = worker ORDER BY c.id;
END $$;

ALTER FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[], with_key uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.lists_assigned_here() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT a.watchlist_id FROM watchlist_assignments a
    WHERE a.chain_id = tenant_chain() AND a.store_id = ANY (tenant_stores()::uuid[])
        AND a.state = 'approved' AND now() >= a.starts_at AND (a.ends_at IS NULL OR now() < a.ends_at) $$;

ALTER FUNCTION public.lists_assigned_here() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.login_lookup(wanted text) RETURNS TABLE(user_id uuid, chain_id uuid, password_hash text, failed_logins integer, locked_until timestamp with time zone, disabled boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT id, users.chain_id, users.password_hash, users.failed_logins, users.locked_until, disabled_at IS NOT NULL
    FROM users WHERE username = lower(wanted) $$;

ALTER FUNCTION public.login_lookup(wanted text) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.login_record(wanted uuid, succeeded boolean, locked_for interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    UPDATE users SET failed_logins = CASE WHEN succeeded THEN 0 ELSE failed_logins + 1 END,
        locked_until = CASE WHEN succeeded THEN NULL ELSE now() + locked_for END
    WHERE id = wanted $$;

ALTER FUNCTION public.login_record(wanted uuid, succeeded boolean, locked_for interval) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.make_detection_partitions(days_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '2s'
    AS $$
DECLARE
    day date;
    made integer := 0;
BEGIN
    IF days_ahead NOT BETWEEN 0 AND 31 THEN
        RAISE EXCEPTION 'days_ahead must be between 0 and 31';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('make_detection_partitions'));
    FOR day IN SELECT generate_series((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + days_ahead, '1 day')::date LOOP
        IF to_regclass('public.ai_detections_' || to_char(day, 'YYYYMMDD')) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE public.%I PARTITION OF public.ai_detections FOR VALUES FROM (%L) TO (%L)',
                    'ai_detections_' || to_char(day, 'YYYYMMDD'), day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                NULL;  -- the default partition has rows of that day (a clock ran ahead): they stay there together
            END;
        END IF;
    END LOOP;
    RETURN made;
END $$;

ALTER FUNCTION public.make_detection_partitions(days_ahead integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.may_match(wanted uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT EXISTS (SELECT FROM enrolments e JOIN watchlists w ON w.id = e.watchlist_id
        WHERE e.id = wanted AND e.state = 'approved' AND e.expires_at > now() AND w.retired_at IS NULL
            AND NOT EXISTS (SELECT FROM match_suspensions s WHERE s.enrolment_id = e.id AND s.lifted_at IS NULL)) $$;

ALTER FUNCTION public.may_match(wanted uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.model_pointers_of_worker(worker uuid) RETURNS TABLE(camera_id uuid, model text, stable integer, candidate integer, share double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT l.camera_id, p.model, p.stable, p.candidate, p.share
    FROM camera_leases l JOIN cameras c ON c.id = l.camera_id JOIN model_pointers p ON p.chain_id = c.chain_id
    WHERE l.worker_id = worker AND p.model = 'yolo_pose' $$;

ALTER FUNCTION public.model_pointers_of_worker(worker uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.model_use_of_worker(worker uuid) RETURNS TABLE(camera_id uuid, stable integer, candidate integer, share double precision, previous integer, shadow integer, shadow_share double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT l.camera_id, p.stable, p.candidate, p.share, p.previous, s.version, s.share
    FROM camera_leases l JOIN cameras c ON c.id = l.camera_id
    LEFT JOIN model_pointers p ON p.chain_id = c.chain_id AND p.model = 'yolo_pose'
    LEFT JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = 'yolo_pose' AND s.ended_at IS NULL
    WHERE l.worker_id = worker AND (p.chain_id IS NOT NULL OR s.id IS NOT NULL)
        AND c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]) $$;

ALTER FUNCTION public.model_use_of_worker(worker uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.next_model_version() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ SELECT nextval('model_version_numbers')::integer $$;

ALTER FUNCTION public.next_model_version() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.note_model_comparisons(comparisons jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    WITH said AS (
        SELECT s.id AS shadow_id, s.chain_id, s.version = r.against AS turned,
            CASE WHEN s.version = r.against THEN r.version ELSE r.against END AS other, r.*
        FROM jsonb_to_recordset(comparisons) AS r (
            camera_id uuid, model text, version integer, against integer, frames bigint, failures bigint, skipped bigint,
            agreeing bigint, "both" bigint, only_old bigint, only_new bigint, overlap_sum double precision,
            likeness_sum double precision, likened bigint, shift_sum double precision, shift_squares double precision,
            latency_old bigint[], latency_new bigint[]
        ) JOIN cameras c ON c.id = r.camera_id
        JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = r.model AND s.version IN (r.version, r.against)
            AND s.ended_at IS NULL
        WHERE c.store_id <> ALL ((SELECT stores_with_workers())::uuid[])
    )
    INSERT INTO model_comparisons AS m (
        shadow_id, chain_id, camera_id, against, frames, failures, skipped, agreeing, "both", only_old, only_new, overlap_sum,
        likeness_sum, likened, shift_sum, shift_squares, latency_old, latency_new
    )
    SELECT shadow_id, chain_id, camera_id, other, sum(frames), coalesce(sum(failures) FILTER (WHERE NOT turned), 0), sum(skipped),
        sum(agreeing), sum("both"), sum(CASE WHEN turned THEN only_new ELSE only_old END),
        sum(CASE WHEN turned THEN only_old ELSE only_new END), sum(overlap_sum), sum(likeness_sum), sum(likened),
        sum(CASE WHEN turned THEN -shift_sum ELSE shift_sum END), sum(shift_squares),
        added_up(CASE WHEN turned THEN latency_new ELSE latency_old END),
        added_up(CASE WHEN turned THEN latency_old ELSE latency_new END)
    FROM said GROUP BY shadow_id, chain_id, camera_id, other ORDER BY camera_id, other
    ON CONFLICT (shadow_id, camera_id, against) DO UPDATE SET
        frames = m.frames + excluded.frames, failures = m.failures + excluded.failures, skipped = m.skipped + excluded.skipped,
        agreeing = m.agreeing + excluded.agreeing, "both" = m."both" + excluded."both",
        only_old = m.only_old + excluded.only_old, only_new = m.only_new + excluded.only_new,
        overlap_sum = m.overlap_sum + excluded.overlap_sum, likeness_sum = m.likeness_sum + excluded.likeness_sum,
        likened = m.likened + excluded.likened, shift_sum = m.shift_sum + excluded.shift_sum,
        shift_squares = m.shift_squares + excluded.shift_squares,
        latency_old = added(m.latency_old, excluded.latency_old), latency_new = added(m.latency_new, excluded.latency_new) $$;

ALTER FUNCTION public.note_model_comparisons(comparisons jsonb) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.note_model_readings(readings jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    INSERT INTO model_readings AS m (
        chain_id, camera_id, model, version, span, since, frames, failures, persons, score_sum, quality_sum, norm_sum, latency
    )
    SELECT c.chain_id, c.id, r.model, r.version, span, date_trunc(span, now()), r.frames, r.failures, r.persons,
        r.score_sum, r.quality_sum, r.norm_sum, r.latency
    FROM jsonb_to_recordset(readings) AS r (
        camera_id uuid, model text, version integer, frames bigint, failures bigint, persons bigint, score_sum double precision,
        quality_sum double precision, norm_sum double precision, latency bigint[]
    ) JOIN cameras c ON c.id = r.camera_id CROSS JOIN unnest(ARRAY['minute', 'hour']) AS span
    ORDER BY c.id, r.model, r.version, span
    ON CONFLICT (chain_id, model, span, since, camera_id, version) DO UPDATE SET
        frames = m.frames + excluded.frames, failures = m.failures + excluded.failures,
        persons = m.persons + excluded.persons, score_sum = m.score_sum + excluded.score_sum,
        quality_sum = m.quality_sum + excluded.quality_sum, norm_sum = m.norm_sum + excluded.norm_sum,
        latency = added(m.latency, excluded.latency) $$;

ALTER FUNCTION public.note_model_readings(readings jsonb) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.oidc_chain(wanted uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT CASE WHEN wanted IS NOT NULL THEN (SELECT id FROM chains WHERE id = wanted)
                WHEN (SELECT count(*) FROM chains) = 1 THEN (SELECT id FROM chains) END $$;

ALTER FUNCTION public.oidc_chain(wanted uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.overdue_model_shadows(longest interval) RETURNS TABLE(chain_id uuid, model text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT s.chain_id, s.model FROM model_shadows s WHERE s.ended_at IS NULL AND s.started_at < now() - longest $$;

ALTER FUNCTION public.overdue_model_shadows(longest interval) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.persons_without_entry(before timestamp with time zone, most integer) RETURNS TABLE(chain_id uuid, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT p.chain_id, p.id FROM persons p WHERE p.erased_at IS NULL AND p.created_at < before
        AND NOT EXISTS (SELECT FROM enrolments e WHERE e.person_id = p.id AND e.ended_at IS NULL)
        ORDER BY p.created_at LIMIT most $$;

ALTER FUNCTION public.persons_without_entry(before timestamp with time zone, most integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.public_policy(wanted uuid) RETURNS TABLE(chain_name text, store_name text, jurisdiction text, demo boolean, revision integer, face boolean, gait boolean, re_identification boolean, legal_basis text, notice_text text, since timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT c.name, s.name, s.jurisdiction, s.demo, coalesce(p.revision, 0), coalesce(p.face, false), coalesce(p.gait, false),
        coalesce(p.re_identification, false), coalesce(p.legal_basis, ''), coalesce(p.notice_text, ''), coalesce(p.created_at, s.created_at)
    FROM stores s JOIN chains c ON c.id = s.chain_id
    LEFT JOIN LATERAL (SELECT * FROM site_policies WHERE site_policies.store_id = s.id ORDER BY site_policies.revision DESC LIMIT 1) p ON true
    WHERE s.public_id = wanted $$;

ALTER FUNCTION public.public_policy(wanted uuid) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.pushed_face_versions() RETURNS TABLE(chain_id uuid, version integer, over boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT v.chain_id, v.version, v.state <> 'ready' FROM model_versions v WHERE v.model = 'face_embedding' AND v.state <> 'retiring'
        AND EXISTS (SELECT FROM facial_profiles p WHERE p.chain_id = v.chain_id
            AND (v.state = 'ready' AND store_runs(p.store_id, 'face') OR v.state <> 'ready' AND p.model = v.model
                AND p.model_version = v.version::text)) $$;

ALTER FUNCTION public.pushed_face_versions() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.ready_model_versions() RETURNS TABLE(chain_id uuid, id uuid, model text, version integer, manifest_sha256 bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT v.chain_id, v.id, v.model, v.version, v.manifest_sha256 FROM model_versions v WHERE v.state = 'ready'
    ORDER BY v.model, v.version $$;

ALTER FUNCTION public.ready_model_versions() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.refuse_biometrics_when_off() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    fields jsonb := to_jsonb(NEW);
    number integer;
BEGIN
    FOR number IN 1 .. TG_NARGS - 1 LOOP
        IF fields -> TG_ARGV[number] IS DISTINCT FROM 'null'::jsonb THEN
            IF NOT store_runs(NEW.store_id, TG_ARGV[0]) THEN
                RAISE EXCEPTION 'the % switch of this store is off: % is not written', TG_ARGV[0], TG_ARGV[number]
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN NEW;
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

ALTER FUNCTION public.refuse_biometrics_when_off() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.relayed_cameras() RETURNS TABLE(camera_id uuid, url text, credentials bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT c.id, c.url, c.credentials FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND c.url ~* '^rtsps?://' ORDER BY c.id
$$;

ALTER FUNCTION public.relayed_cameras() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.relayed_cameras(stores uuid[]) RETURNS TABLE(camera_id uuid, url text, credentials bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT c.id, c.url, c.credentials FROM cameras c
        WHERE c.deleted_at IS NULL AND c.enabled AND c.url ~* '^rtsps?://'
        AND worker_reaches(c.store_id, stores, (SELECT stores_with_workers()))
        ORDER BY c.id
$$;

ALTER FUNCTION public.relayed_cameras(stores uuid[]) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.retention_chains() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ SELECT id FROM chains ORDER BY id $$;

ALTER FUNCTION public.retention_chains() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.schema_version() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ SELECT coalesce(max(number), 0) FROM schema_migrations $$;

ALTER FUNCTION public.schema_version() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.second_looks_due(most integer) RETURNS TABLE(alert_id uuid, chain_id uuid, store_id uuid, camera_id uuid, kind text, explanation jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT a.id, a.chain_id, a.store_id, a.camera_id, a.kind, a.explanation
    FROM alerts a JOIN stores s ON s.id = a.store_id
    WHERE s.second_look AND a.state IN ('raised', 'escalated') AND a.kind NOT LIKE 'camera-%'
        AND a.raised_at > now() - interval '30 seconds'
        AND NOT EXISTS (SELECT FROM second_looks l WHERE l.alert_id = a.id)
    ORDER BY a.raised_at LIMIT least(most, 20) $$;

ALTER FUNCTION public.second_looks_due(most integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.session_lookup(wanted bytea) RETURNS TABLE(session_id uuid, user_id uuid, chain_id uuid, replayed boolean, expires_at timestamp with time zone, revoked boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT sessions.id, sessions.user_id, sessions.chain_id, sessions.refresh_hash <> wanted, sessions.expires_at,
        sessions.revoked_at IS NOT NULL OR users.disabled_at IS NOT NULL
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.refresh_hash = wanted OR sessions.previous_refresh_hash = wanted $$;

ALTER FUNCTION public.session_lookup(wanted bytea) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.shards_owned() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ SELECT count(*)::integer FROM shard_leases WHERE owner IS NOT NULL AND expires_at > now() $$;

ALTER FUNCTION public.shards_owned() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.store_runs(wanted_store uuid, switch text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT coalesce((SELECT CASE switch WHEN 'face' THEN face WHEN 'gait' THEN gait
        WHEN 're_identification' THEN re_identification ELSE false END
        FROM site_policies WHERE store_id = wanted_store ORDER BY revision DESC LIMIT 1), false) $$;

ALTER FUNCTION public.store_runs(wanted_store uuid, switch text) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.stores_with_biometrics() RETURNS TABLE(chain_id uuid, store_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT newest.chain_id, newest.store_id FROM (
        SELECT DISTINCT ON (p.store_id) p.* FROM site_policies p ORDER BY p.store_id, p.revision DESC) newest
    WHERE newest.face OR newest.gait OR newest.re_identification $$;

ALTER FUNCTION public.stores_with_biometrics() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.stores_with_workers() RETURNS uuid[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT coalesce(array_agg(DISTINCT store), '{}') FROM api_keys k, unnest(k.stores) store
    WHERE k.permissions @> '{worker}' AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

ALTER FUNCTION public.stores_with_workers() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.tenant_chain() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('pennyprotect.chain_id'::text, true), ''::text))::uuid;

ALTER FUNCTION public.tenant_chain() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.tenant_key(wanted_chain uuid, wanted_version integer) RETURNS TABLE(version integer, provider_key text, wrapped bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT k.version, k.provider_key, k.wrapped FROM tenant_keys k WHERE k.chain_id = wanted_chain AND k.version = wanted_version $$;

ALTER FUNCTION public.tenant_key(wanted_chain uuid, wanted_version integer) OWNER TO pennyprotect_owner;

CREATE FUNCTION public.tenant_stores() RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE current_setting('pennyprotect.store_ids'::text, true) WHEN '*'::text THEN NULL::uuid[] ELSE COALESCE((string_to_array(NULLIF(current_setting('pennyprotect.store_ids'::text, true), ''::text), ','::text))::uuid[], '{}'::uuid[]) END;

ALTER FUNCTION public.tenant_stores() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.want_evidence() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO evidence (id, chain_id, store_id, camera_id, alert_id, type, wanted_from, wanted_to, moment)
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
            PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
        NEW.chain_id, NEW.store_id, NEW.camera_id, NEW.id, kind.type,
        CASE kind.type WHEN 'clip' THEN NEW.ended_at - interval '10 seconds' ELSE NEW.ended_at END,
        CASE kind.type WHEN 'clip' THEN NEW.ended_at + interval '20 seconds' ELSE NEW.ended_at END, NEW.ended_at
    FROM (VALUES ('clip'), ('still')) AS kind (type);
    RETURN NULL;
END $$;

ALTER FUNCTION public.want_evidence() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.watched_model_pointers() RETURNS TABLE(chain_id uuid, model text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT p.chain_id, p.model FROM model_pointers p WHERE p.candidate IS NOT NULL OR p.watched_until > now() $$;

ALTER FUNCTION public.watched_model_pointers() OWNER TO pennyprotect_owner;

CREATE FUNCTION public.worker_reaches(store uuid, stores uuid[], others uuid[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (stores IS NULL) THEN (store <> ALL (others)) ELSE (store = ANY (stores)) END;

ALTER FUNCTION public.worker_reaches(store uuid, stores uuid[], others uuid[]) OWNER TO pennyprotect_owner;

CREATE AGGREGATE public.added_up(bigint[]) (
    SFUNC = public.added,
    STYPE = bigint[],
    INITCOND = '{}'
);

ALTER AGGREGATE public.added_up(bigint[]) OWNER TO pennyprotect_owner;

CREATE TABLE public.acceptance_tests (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    switch text NOT NULL,
    performed_on date NOT NULL,
    performed_by text NOT NULL,
    cameras integer NOT NULL,
    strangers integer NOT NULL,
    false_matches integer NOT NULL,
    enrolled integer NOT NULL,
    misses integer NOT NULL,
    passed boolean NOT NULL,
    report_reference text DEFAULT ''::text NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    camera_ids uuid[],
    listed integer,
    addresses jsonb,
    CONSTRAINT acceptance_tests_addresses_check CHECK ((jsonb_typeof(addresses) = 'object'::text)),
    CONSTRAINT acceptance_tests_cameras_check CHECK ((cameras > 0)),
    CONSTRAINT acceptance_tests_check CHECK (((false_matches >= 0) AND (false_matches <= strangers))),
    CONSTRAINT acceptance_tests_check1 CHECK (((misses >= 0) AND (misses <= enrolled))),
    CONSTRAINT acceptance_tests_enrolled_check CHECK ((enrolled > 0)),
    CONSTRAINT acceptance_tests_listed_check CHECK ((listed >= 0)),
    CONSTRAINT acceptance_tests_model_check CHECK ((length(model) <= 200)),
    CONSTRAINT acceptance_tests_performed_by_check CHECK (((length(performed_by) >= 1) AND (length(performed_by) <= 200))),
    CONSTRAINT acceptance_tests_report_reference_check CHECK ((length(report_reference) <= 500)),
    CONSTRAINT acceptance_tests_strangers_check CHECK ((strangers > 0)),
    CONSTRAINT acceptance_tests_switch_check CHECK ((switch = ANY (ARRAY['face'::text, 'gait'::text, 're_identification'::text])))
);

ALTER TABLE public.acceptance_tests OWNER TO pennyprotect_owner;

CREATE TABLE public.ai_detections (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    track_id numeric(20,0) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    frames integer NOT NULL,
    mean_score real NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    boxes bytea NOT NULL
)
PARTITION BY RANGE (started_at);

ALTER TABLE public.ai_detections OWNER TO pennyprotect_owner;

CREATE TABLE public.ai_detections_default (
    id uuid CONSTRAINT ai_detections_id_not_null NOT NULL,
    chain_id uuid CONSTRAINT ai_detections_chain_id_not_null NOT NULL,
    store_id uuid CONSTRAINT ai_detections_store_id_not_null NOT NULL,
    camera_id uuid CONSTRAINT ai_detections_camera_id_not_null NOT NULL,
    epoch bigint CONSTRAINT ai_detections_epoch_not_null NOT NULL,
    track_id numeric(20,0) CONSTRAINT ai_detections_track_id_not_null NOT NULL,
    started_at timestamp with time zone CONSTRAINT ai_detections_started_at_not_null NOT NULL,
    ended_at timestamp with time zone CONSTRAINT ai_detections_ended_at_not_null NOT NULL,
    frames integer CONSTRAINT ai_detections_frames_not_null NOT NULL,
    mean_score real CONSTRAINT ai_detections_mean_score_not_null NOT NULL,
    width integer CONSTRAINT ai_detections_width_not_null NOT NULL,
    height integer CONSTRAINT ai_detections_height_not_null NOT NULL,
    boxes bytea CONSTRAINT ai_detections_boxes_not_null NOT NULL
);

ALTER TABLE public.ai_detections_default OWNER TO pennyprotect_owner;

CREATE TABLE public.alert_occurrences (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    joined_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone
);

ALTER TABLE public.alert_occurrences OWNER TO pennyprotect_owner;

CREATE TABLE public.alert_views (
    alert_id uuid NOT NULL,
    user_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.alert_views OWNER TO pennyprotect_owner;

CREATE TABLE public.alerts (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    zone_id uuid,
    kind text NOT NULL,
    threat text NOT NULL,
    state text DEFAULT 'raised'::text NOT NULL,
    score real NOT NULL,
    threshold real NOT NULL,
    explanation jsonb NOT NULL,
    track_ids numeric(20,0)[] NOT NULL,
    epoch bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    raised_at timestamp with time zone DEFAULT now() NOT NULL,
    claimed_by uuid,
    claimed_at timestamp with time zone,
    acknowledged_by uuid,
    acknowledged_at timestamp with time zone,
    resolved_by uuid,
    resolved_at timestamp with time zone,
    outcome text,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    occurrences integer DEFAULT 1 NOT NULL,
    waiting_since timestamp with time zone DEFAULT now(),
    escalation_level text DEFAULT 'store'::text NOT NULL,
    escalated_to uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    escalated_by uuid,
    escalated_at timestamp with time zone,
    snoozed_by uuid,
    snoozed_until timestamp with time zone,
    snooze_reason text,
    group_id uuid,
    CONSTRAINT alerts_escalation_level_check CHECK ((escalation_level = ANY (ARRAY['store'::text, 'area'::text, 'operations-centre'::text]))),
    CONSTRAINT alerts_occurrences_check CHECK ((occurrences > 0)),
    CONSTRAINT alerts_snooze_reason_check CHECK ((length(snooze_reason) <= 500)),
    CONSTRAINT alerts_state_check CHECK ((state = ANY (ARRAY['raised'::text, 'claimed'::text, 'acknowledged'::text, 'snoozed'::text, 'escalated'::text, 'resolved'::text]))),
    CONSTRAINT alerts_threat_check CHECK ((threat = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])))
);

ALTER TABLE public.alerts OWNER TO pennyprotect_owner;

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    chain_id uuid,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    permissions text[] NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    stores uuid[],
    regions uuid[],
    previous_hash bytea,
    previous_ends_at timestamp with time zone,
    rotated_at timestamp with time zone,
    created_by uuid,
    CONSTRAINT api_keys_check CHECK (((stores IS NULL) = (regions IS NULL))),
    CONSTRAINT api_keys_check1 CHECK (((previous_hash IS NULL) = (previous_ends_at IS NULL)))
);

ALTER TABLE public.api_keys OWNER TO pennyprotect_owner;

CREATE TABLE public.audit_checks (
    ledger uuid NOT NULL,
    checked_at timestamp with time zone NOT NULL,
    rows bigint NOT NULL,
    anchors bigint NOT NULL,
    broken_sequence bigint,
    finding text DEFAULT ''::text NOT NULL
);

ALTER TABLE public.audit_checks OWNER TO pennyprotect_owner;

CREATE TABLE public.audit_exports (
    target text NOT NULL,
    ledger uuid NOT NULL,
    sequence bigint NOT NULL,
    sent_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT audit_exports_target_check CHECK (((length(target) >= 1) AND (length(target) <= 300)))
);

ALTER TABLE public.audit_exports OWNER TO pennyprotect_owner;

CREATE TABLE public.audit_lease (
    only_row boolean DEFAULT true NOT NULL,
    owner uuid,
    token bigint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT audit_lease_only_row_check CHECK (only_row)
);

ALTER TABLE public.audit_lease OWNER TO pennyprotect_owner;

CREATE TABLE public.audit_log (
    ledger uuid NOT NULL,
    sequence bigint NOT NULL,
    id uuid NOT NULL,
    chain_id uuid,
    store_id uuid,
    actor_kind text NOT NULL,
    actor_id uuid,
    act text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid,
    details json NOT NULL,
    at timestamp with time zone NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_log_check CHECK ((ledger = COALESCE(chain_id, '00000000-0000-0000-0000-000000000000'::uuid))),
    CONSTRAINT audit_log_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT audit_log_previous_hash_check CHECK ((length(previous_hash) = 32)),
    CONSTRAINT audit_log_sequence_check CHECK ((sequence > 0))
);

ALTER TABLE public.audit_log OWNER TO pennyprotect_owner;

CREATE TABLE public.audit_unsealed (
    id uuid NOT NULL,
    chain_id uuid,
    store_id uuid,
    actor_kind text NOT NULL,
    actor_id uuid,
    act text NOT NULL,
    subject_kind text DEFAULT ''::text NOT NULL,
    subject_id uuid,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    transaction xid8 DEFAULT pg_current_xact_id() NOT NULL
);

ALTER TABLE public.audit_unsealed OWNER TO pennyprotect_owner;

CREATE TABLE public.camera_leases (
    camera_id uuid NOT NULL,
    worker_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE public.camera_leases OWNER TO pennyprotect_owner;

CREATE TABLE public.camera_links (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_a uuid NOT NULL,
    camera_b uuid NOT NULL,
    zone_a uuid,
    zone_b uuid,
    metres real NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT camera_links_check CHECK ((camera_a < camera_b)),
    CONSTRAINT camera_links_metres_check CHECK (((metres >= (0)::double precision) AND (metres <= (200)::double precision)))
);

ALTER TABLE public.camera_links OWNER TO pennyprotect_owner;

CREATE TABLE public.camera_places (
    camera_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    x double precision NOT NULL,
    y double precision NOT NULL,
    heading_deg double precision NOT NULL,
    view_deg double precision NOT NULL,
    reach double precision NOT NULL,
    CONSTRAINT camera_places_heading_deg_check CHECK (((heading_deg >= (0)::double precision) AND (heading_deg < (360)::double precision))),
    CONSTRAINT camera_places_reach_check CHECK (((reach >= (0.01)::double precision) AND (reach <= (1)::double precision))),
    CONSTRAINT camera_places_view_deg_check CHECK (((view_deg >= (5)::double precision) AND (view_deg <= (360)::double precision))),
    CONSTRAINT camera_places_x_check CHECK (((x >= (0)::double precision) AND (x <= (1)::double precision))),
    CONSTRAINT camera_places_y_check CHECK (((y >= (0)::double precision) AND (y <= (1)::double precision)))
);

ALTER TABLE public.camera_places OWNER TO pennyprotect_owner;

CREATE TABLE public.camera_status (
    camera_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    width integer DEFAULT 0 NOT NULL,
    height integer DEFAULT 0 NOT NULL,
    codec text DEFAULT ''::text NOT NULL,
    fps_in real DEFAULT 0 NOT NULL,
    fps_analysed real DEFAULT 0 NOT NULL,
    dropped bigint DEFAULT 0 NOT NULL,
    reconnects integer DEFAULT 0 NOT NULL,
    last_frame_at timestamp with time zone,
    reported_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE public.camera_status OWNER TO pennyprotect_owner;

CREATE TABLE public.camera_workers (
    worker_id uuid NOT NULL,
    capacity integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    stores uuid[],
    key_id uuid
);

ALTER TABLE public.camera_workers OWNER TO pennyprotect_owner;

CREATE TABLE public.cameras (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    credentials bytea,
    analysis_fps real DEFAULT 5 NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    origin text DEFAULT 'user'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    credentials_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(credentials) >= 36) AND (substr(credentials, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(credentials, 20) << 24) | (get_byte(credentials, 21) << 16)) | (get_byte(credentials, 22) << 8)) | get_byte(credentials, 23))
    ELSE NULL::integer
END) STORED,
    floor jsonb,
    CONSTRAINT cameras_analysis_fps_check CHECK (((analysis_fps > (0)::double precision) AND (analysis_fps <= (30)::double precision))),
    CONSTRAINT cameras_floor_check CHECK ((jsonb_typeof(floor) = 'object'::text)),
    CONSTRAINT cameras_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT cameras_origin_check CHECK ((origin = ANY (ARRAY['user'::text, 'setting'::text, 'demo'::text])))
);

ALTER TABLE public.cameras OWNER TO pennyprotect_owner;

CREATE TABLE public.chains (
    id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT chains_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE public.chains OWNER TO pennyprotect_owner;

CREATE TABLE public.checkpoints (
    shard smallint NOT NULL,
    token bigint NOT NULL,
    frames_id text DEFAULT '0-0'::text NOT NULL,
    tracklets_id text DEFAULT '0-0'::text NOT NULL,
    health_id text DEFAULT '0-0'::text NOT NULL,
    rule_state bytea DEFAULT '\x'::bytea NOT NULL,
    committed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.checkpoints OWNER TO pennyprotect_owner;

CREATE TABLE public.complaints (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    alert_id uuid,
    match_id uuid,
    summary text NOT NULL,
    contact bytea,
    contact_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(contact) >= 36) AND (substr(contact, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(contact, 20) << 24) | (get_byte(contact, 21) << 16)) | (get_byte(contact, 22) << 8)) | get_byte(contact, 23))
    ELSE NULL::integer
END) STORED,
    state text DEFAULT 'open'::text NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    acknowledged_by uuid,
    acknowledged_at timestamp with time zone,
    outcome text,
    answer text,
    corrected boolean DEFAULT false NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    revision integer DEFAULT 0 NOT NULL,
    CONSTRAINT complaints_answer_check CHECK (((length(answer) >= 1) AND (length(answer) <= 4000))),
    CONSTRAINT complaints_check CHECK (((state = 'decided'::text) = (decided_at IS NOT NULL))),
    CONSTRAINT complaints_outcome_check CHECK ((outcome = ANY (ARRAY['upheld'::text, 'partly-upheld'::text, 'not-upheld'::text]))),
    CONSTRAINT complaints_state_check CHECK ((state = ANY (ARRAY['open'::text, 'acknowledged'::text, 'decided'::text]))),
    CONSTRAINT complaints_summary_check CHECK (((length(summary) >= 1) AND (length(summary) <= 4000)))
);

ALTER TABLE public.complaints OWNER TO pennyprotect_owner;

CREATE TABLE public.configuration_revision (
    only_row boolean DEFAULT true NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT configuration_revision_only_row_check CHECK (only_row)
);

ALTER TABLE public.configuration_revision OWNER TO pennyprotect_owner;

CREATE TABLE public.data_request_footage (
    request_id uuid NOT NULL,
    evidence_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    theirs boolean NOT NULL,
    decided_by uuid NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    erase_from timestamp with time zone,
    CONSTRAINT data_request_footage_check CHECK ((theirs OR (erase_from IS NULL)))
);

ALTER TABLE public.data_request_footage OWNER TO pennyprotect_owner;

CREATE TABLE public.data_request_subjects (
    request_id uuid NOT NULL,
    enrolment_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    added_by uuid NOT NULL,
    added_at timestamp with time zone NOT NULL,
    erasure_id uuid
);

ALTER TABLE public.data_request_subjects OWNER TO pennyprotect_owner;

CREATE TABLE public.data_requests (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    kind text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    identity_checked text NOT NULL,
    contact bytea,
    contact_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(contact) >= 36) AND (substr(contact, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(contact, 20) << 24) | (get_byte(contact, 21) << 16)) | (get_byte(contact, 22) << 8)) | get_byte(contact, 23))
    ELSE NULL::integer
END) STORED,
    store_id uuid,
    seen_from timestamp with time zone,
    seen_to timestamp with time zone,
    state text DEFAULT 'open'::text NOT NULL,
    extended_days integer DEFAULT 0 NOT NULL,
    extension_reason text DEFAULT ''::text NOT NULL,
    searches integer DEFAULT 0 NOT NULL,
    exports integer DEFAULT 0 NOT NULL,
    outcome text,
    answer text,
    recorded_by uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    answered_by uuid,
    answered_at timestamp with time zone,
    revision integer DEFAULT 0 NOT NULL,
    CONSTRAINT data_requests_answer_check CHECK (((length(answer) >= 1) AND (length(answer) <= 4000))),
    CONSTRAINT data_requests_check CHECK (((state = 'answered'::text) = (answered_at IS NOT NULL))),
    CONSTRAINT data_requests_check1 CHECK ((((store_id IS NULL) = (seen_from IS NULL)) AND ((store_id IS NULL) = (seen_to IS NULL)))),
    CONSTRAINT data_requests_extended_days_check CHECK (((extended_days >= 0) AND (extended_days <= 60))),
    CONSTRAINT data_requests_extension_reason_check CHECK ((length(extension_reason) <= 500)),
    CONSTRAINT data_requests_identity_checked_check CHECK (((length(identity_checked) >= 1) AND (length(identity_checked) <= 500))),
    CONSTRAINT data_requests_kind_check CHECK ((kind = ANY (ARRAY['access'::text, 'erasure'::text]))),
    CONSTRAINT data_requests_outcome_check CHECK ((outcome = ANY (ARRAY['fulfilled'::text, 'partly-fulfilled'::text, 'nothing-held'::text, 'refused'::text]))),
    CONSTRAINT data_requests_state_check CHECK ((state = ANY (ARRAY['open'::text, 'answered'::text])))
);

ALTER TABLE public.data_requests OWNER TO pennyprotect_owner;

CREATE TABLE public.deletion_receipts (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid,
    class text NOT NULL,
    evidence_id uuid,
    s3_key text NOT NULL,
    size bigint,
    sha256 bytea,
    reason text NOT NULL,
    deleted_at timestamp with time zone NOT NULL,
    CONSTRAINT deletion_receipts_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 300)))
);

ALTER TABLE public.deletion_receipts OWNER TO pennyprotect_owner;

CREATE TABLE public.enrolment_images (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    enrolment_id uuid NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    box real[] NOT NULL,
    points real[] NOT NULL,
    picture bytea NOT NULL,
    picture_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(picture) >= 36) AND (substr(picture, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(picture, 20) << 24) | (get_byte(picture, 21) << 16)) | (get_byte(picture, 22) << 8)) | get_byte(picture, 23))
    ELSE NULL::integer
END) STORED,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT enrolment_images_box_check CHECK ((cardinality(box) = 4)),
    CONSTRAINT enrolment_images_picture_check CHECK ((length(picture) <= 4194304)),
    CONSTRAINT enrolment_images_points_check CHECK ((cardinality(points) = 8))
);

ALTER TABLE public.enrolment_images OWNER TO pennyprotect_owner;

CREATE TABLE public.enrolments (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    person_id uuid NOT NULL,
    watchlist_id uuid NOT NULL,
    state text NOT NULL,
    category text NOT NULL,
    reason text NOT NULL,
    incident_id uuid NOT NULL,
    source text NOT NULL,
    evidence text NOT NULL,
    review_on date NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    under_18 boolean NOT NULL,
    vulnerable boolean NOT NULL,
    age_basis text NOT NULL,
    exception_reason text DEFAULT ''::text NOT NULL,
    notice_given_on date,
    notice_how text DEFAULT ''::text NOT NULL,
    notice_withheld text DEFAULT ''::text NOT NULL,
    quality jsonb DEFAULT '{}'::jsonb NOT NULL,
    findings text[] DEFAULT '{}'::text[] NOT NULL,
    override_reason text DEFAULT ''::text NOT NULL,
    look_alikes jsonb DEFAULT '[]'::jsonb NOT NULL,
    enrolled_by uuid NOT NULL,
    enrolled_at timestamp with time zone NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    decision_reason text DEFAULT ''::text NOT NULL,
    renewal jsonb,
    ended_at timestamp with time zone,
    revision integer DEFAULT 0 NOT NULL,
    CONSTRAINT enrolments_age_basis_check CHECK ((length(age_basis) <= 500)),
    CONSTRAINT enrolments_category_check CHECK ((category = ANY (ARRAY['violence'::text, 'weapon'::text, 'organised-theft'::text, 'exclusion-order'::text]))),
    CONSTRAINT enrolments_check CHECK (((state <> 'approved'::text) OR ((decided_by IS NOT NULL) AND (decided_by <> enrolled_by)))),
    CONSTRAINT enrolments_check1 CHECK ((expires_at > enrolled_at)),
    CONSTRAINT enrolments_check2 CHECK (((state = ANY (ARRAY['rejected'::text, 'expired'::text, 'erased'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT enrolments_decision_reason_check CHECK ((length(decision_reason) <= 1000)),
    CONSTRAINT enrolments_evidence_check CHECK ((length(evidence) <= 500)),
    CONSTRAINT enrolments_exception_reason_check CHECK ((length(exception_reason) <= 2000)),
    CONSTRAINT enrolments_notice_how_check CHECK ((length(notice_how) <= 500)),
    CONSTRAINT enrolments_notice_withheld_check CHECK ((length(notice_withheld) <= 1000)),
    CONSTRAINT enrolments_override_reason_check CHECK ((length(override_reason) <= 1000)),
    CONSTRAINT enrolments_reason_check CHECK ((length(reason) <= 2000)),
    CONSTRAINT enrolments_source_check CHECK ((source = ANY (ARRAY['store-camera'::text, 'incident-evidence'::text, 'police'::text, 'court'::text]))),
    CONSTRAINT enrolments_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'proposed'::text, 'approved'::text, 'rejected'::text, 'expired'::text, 'erased'::text]))),
    CONSTRAINT excluded_without_exception CHECK (((NOT (under_18 OR vulnerable)) OR (exception_reason <> ''::text) OR (state = ANY (ARRAY['rejected'::text, 'expired'::text, 'erased'::text])))),
    CONSTRAINT findings_need_a_reason CHECK (((cardinality(findings) = 0) OR (override_reason <> ''::text) OR (state = ANY (ARRAY['rejected'::text, 'expired'::text, 'erased'::text])))),
    CONSTRAINT notice_or_why_not CHECK (((state = ANY (ARRAY['rejected'::text, 'expired'::text, 'erased'::text])) OR (((notice_given_on IS NOT NULL) AND (notice_how <> ''::text)) <> (notice_withheld <> ''::text)))),
    CONSTRAINT said_why CHECK (((state = ANY (ARRAY['rejected'::text, 'expired'::text, 'erased'::text])) OR ((reason <> ''::text) AND (evidence <> ''::text) AND (age_basis <> ''::text))))
);

ALTER TABLE public.enrolments OWNER TO pennyprotect_owner;

CREATE TABLE public.erasures (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    enrolment_id uuid NOT NULL,
    cause text NOT NULL,
    erased_by uuid,
    erased_at timestamp with time zone NOT NULL,
    receipt jsonb NOT NULL,
    CONSTRAINT erasures_cause_check CHECK ((cause = ANY (ARRAY['erased'::text, 'expired'::text, 'rejected'::text])))
);

ALTER TABLE public.erasures OWNER TO pennyprotect_owner;

CREATE TABLE public.escalation_lease (
    only_row boolean DEFAULT true NOT NULL,
    owner uuid,
    expires_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT escalation_lease_only_row_check CHECK (only_row)
);

ALTER TABLE public.escalation_lease OWNER TO pennyprotect_owner;

CREATE TABLE public.evidence (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    alert_id uuid,
    incident_id uuid,
    type text NOT NULL,
    state text DEFAULT 'wanted'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    wanted_from timestamp with time zone NOT NULL,
    wanted_to timestamp with time zone NOT NULL,
    moment timestamp with time zone NOT NULL,
    worker_id uuid,
    s3_key text,
    size bigint,
    sha256 bytea,
    media_type text,
    recorded_from timestamp with time zone,
    recorded_to timestamp with time zone,
    masked boolean DEFAULT false NOT NULL,
    boxes jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    present_at timestamp with time zone,
    held boolean DEFAULT false NOT NULL,
    hold_reason text DEFAULT ''::text NOT NULL,
    deleted_at timestamp with time zone,
    locked_at_store boolean DEFAULT false NOT NULL,
    deletion_class text,
    CONSTRAINT evidence_check CHECK ((wanted_from <= wanted_to)),
    CONSTRAINT evidence_check1 CHECK (((state <> 'present'::text) OR ((s3_key IS NOT NULL) AND (size IS NOT NULL) AND (sha256 IS NOT NULL) AND (present_at IS NOT NULL)))),
    CONSTRAINT evidence_deletion_class_check CHECK (((length(deletion_class) >= 1) AND (length(deletion_class) <= 50))),
    CONSTRAINT evidence_hold_reason_check CHECK ((length(hold_reason) <= 500)),
    CONSTRAINT evidence_media_type_check CHECK ((length(media_type) <= 50)),
    CONSTRAINT evidence_reason_check CHECK ((length(reason) <= 300)),
    CONSTRAINT evidence_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT evidence_size_check CHECK ((size > 0)),
    CONSTRAINT evidence_state_check CHECK ((state = ANY (ARRAY['wanted'::text, 'recording'::text, 'uploading'::text, 'present'::text, 'lost'::text, 'deleted'::text]))),
    CONSTRAINT evidence_type_check CHECK ((type = ANY (ARRAY['clip'::text, 'still'::text, 'playback'::text])))
);

ALTER TABLE public.evidence OWNER TO pennyprotect_owner;

CREATE TABLE public.evidence_custody (
    evidence_id uuid NOT NULL,
    sequence integer NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    act text NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    at timestamp with time zone NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT evidence_custody_act_check CHECK (((length(act) >= 1) AND (length(act) <= 50))),
    CONSTRAINT evidence_custody_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'api-key'::text, 'system'::text]))),
    CONSTRAINT evidence_custody_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT evidence_custody_sequence_check CHECK ((sequence > 0))
);

ALTER TABLE public.evidence_custody OWNER TO pennyprotect_owner;

CREATE TABLE public.evidence_exports (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    evidence_id uuid NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    purpose text NOT NULL,
    recipient text NOT NULL,
    redaction text NOT NULL,
    subjects numeric[] DEFAULT '{}'::numeric[] NOT NULL,
    requested_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    token_hash bytea NOT NULL,
    claimed_until timestamp with time zone,
    tries integer DEFAULT 0 NOT NULL,
    s3_key text,
    size bigint,
    sha256 bytea,
    downloads integer DEFAULT 0 NOT NULL,
    CONSTRAINT evidence_exports_purpose_check CHECK (((length(purpose) >= 1) AND (length(purpose) <= 500))),
    CONSTRAINT evidence_exports_reason_check CHECK ((length(reason) <= 300)),
    CONSTRAINT evidence_exports_recipient_check CHECK (((length(recipient) >= 1) AND (length(recipient) <= 200))),
    CONSTRAINT evidence_exports_redaction_check CHECK ((redaction = ANY (ARRAY['bodies'::text, 'faces'::text, 'everyone'::text, 'none'::text]))),
    CONSTRAINT evidence_exports_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT evidence_exports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'making'::text, 'ready'::text, 'failed'::text, 'ended'::text]))),
    CONSTRAINT evidence_exports_token_hash_check CHECK ((length(token_hash) = 32))
);

ALTER TABLE public.evidence_exports OWNER TO pennyprotect_owner;

CREATE TABLE public.face_calibrations (
    id uuid NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    fpir real NOT NULL,
    threshold real NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    made_at timestamp with time zone NOT NULL,
    chain_id uuid,
    CONSTRAINT face_calibrations_fpir_check CHECK (((fpir > (0)::double precision) AND (fpir < (1)::double precision))),
    CONSTRAINT face_calibrations_threshold_check CHECK (((threshold >= ('-1'::integer)::double precision) AND (threshold <= (1)::double precision)))
);

ALTER TABLE public.face_calibrations OWNER TO pennyprotect_owner;

CREATE TABLE public.facial_profiles (
    id uuid NOT NULL,
    dimensions smallint NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    person_id uuid NOT NULL,
    enrolment_id uuid NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    rotation integer DEFAULT 0 NOT NULL,
    features jsonb DEFAULT '{}'::jsonb NOT NULL,
    embeddings public.halfvec NOT NULL,
    template bytea NOT NULL,
    template_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(template) >= 36) AND (substr(template, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(template, 20) << 24) | (get_byte(template, 21) << 16)) | (get_byte(template, 22) << 8)) | get_byte(template, 23))
    ELSE NULL::integer
END) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT facial_profiles_check CHECK ((public.vector_dims(embeddings) = dimensions)),
    CONSTRAINT facial_profiles_model_check CHECK (((length(model) >= 1) AND (length(model) <= 100))),
    CONSTRAINT facial_profiles_model_version_check CHECK (((length(model_version) >= 1) AND (length(model_version) <= 100))),
    CONSTRAINT facial_profiles_rotation_check CHECK ((rotation >= 0))
)
PARTITION BY LIST (dimensions);
ALTER TABLE ONLY public.facial_profiles ALTER COLUMN embeddings SET STORAGE PLAIN;
ALTER TABLE ONLY public.facial_profiles ALTER COLUMN template SET STORAGE EXTERNAL;

ALTER TABLE public.facial_profiles OWNER TO pennyprotect_owner;

CREATE TABLE public.facial_profiles_128 (
    id uuid CONSTRAINT facial_profiles_id_not_null NOT NULL,
    dimensions smallint CONSTRAINT facial_profiles_dimensions_not_null NOT NULL,
    chain_id uuid CONSTRAINT facial_profiles_chain_id_not_null NOT NULL,
    store_id uuid CONSTRAINT facial_profiles_store_id_not_null NOT NULL,
    person_id uuid CONSTRAINT facial_profiles_person_id_not_null NOT NULL,
    enrolment_id uuid CONSTRAINT facial_profiles_enrolment_id_not_null NOT NULL,
    model text CONSTRAINT facial_profiles_model_not_null NOT NULL,
    model_version text CONSTRAINT facial_profiles_model_version_not_null NOT NULL,
    rotation integer DEFAULT 0 CONSTRAINT facial_profiles_rotation_not_null NOT NULL,
    features jsonb DEFAULT '{}'::jsonb CONSTRAINT facial_profiles_features_not_null NOT NULL,
    embeddings public.halfvec CONSTRAINT facial_profiles_embeddings_not_null NOT NULL,
    template bytea CONSTRAINT facial_profiles_template_not_null NOT NULL,
    template_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(template) >= 36) AND (substr(template, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(template, 20) << 24) | (get_byte(template, 21) << 16)) | (get_byte(template, 22) << 8)) | get_byte(template, 23))
    ELSE NULL::integer
END) STORED,
    created_at timestamp with time zone DEFAULT now() CONSTRAINT facial_profiles_created_at_not_null NOT NULL,
    CONSTRAINT facial_profiles_check CHECK ((public.vector_dims(embeddings) = dimensions)),
    CONSTRAINT facial_profiles_model_check CHECK (((length(model) >= 1) AND (length(model) <= 100))),
    CONSTRAINT facial_profiles_model_version_check CHECK (((length(model_version) >= 1) AND (length(model_version) <= 100))),
    CONSTRAINT facial_profiles_rotation_check CHECK ((rotation >= 0))
);
ALTER TABLE ONLY public.facial_profiles_128 ALTER COLUMN embeddings SET STORAGE PLAIN;
ALTER TABLE ONLY public.facial_profiles_128 ALTER COLUMN template SET STORAGE EXTERNAL;

ALTER TABLE public.facial_profiles_128 OWNER TO pennyprotect_owner;

CREATE TABLE public.facial_profiles_512 (
    id uuid CONSTRAINT facial_profiles_id_not_null NOT NULL,
    dimensions smallint CONSTRAINT facial_profiles_dimensions_not_null NOT NULL,
    chain_id uuid CONSTRAINT facial_profiles_chain_id_not_null NOT NULL,
    store_id uuid CONSTRAINT facial_profiles_store_id_not_null NOT NULL,
    person_id uuid CONSTRAINT facial_profiles_person_id_not_null NOT NULL,
    enrolment_id uuid CONSTRAINT facial_profiles_enrolment_id_not_null NOT NULL,
    model text CONSTRAINT facial_profiles_model_not_null NOT NULL,
    model_version text CONSTRAINT facial_profiles_model_version_not_null NOT NULL,
    rotation integer DEFAULT 0 CONSTRAINT facial_profiles_rotation_not_null NOT NULL,
    features jsonb DEFAULT '{}'::jsonb CONSTRAINT facial_profiles_features_not_null NOT NULL,
    embeddings public.halfvec CONSTRAINT facial_profiles_embeddings_not_null NOT NULL,
    template bytea CONSTRAINT facial_profiles_template_not_null NOT NULL,
    template_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(template) >= 36) AND (substr(template, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(template, 20) << 24) | (get_byte(template, 21) << 16)) | (get_byte(template, 22) << 8)) | get_byte(template, 23))
    ELSE NULL::integer
END) STORED,
    created_at timestamp with time zone DEFAULT now() CONSTRAINT facial_profiles_created_at_not_null NOT NULL,
    CONSTRAINT facial_profiles_check CHECK ((public.vector_dims(embeddings) = dimensions)),
    CONSTRAINT facial_profiles_model_check CHECK (((length(model) >= 1) AND (length(model) <= 100))),
    CONSTRAINT facial_profiles_model_version_check CHECK (((length(model_version) >= 1) AND (length(model_version) <= 100))),
    CONSTRAINT facial_profiles_rotation_check CHECK ((rotation >= 0))
);
ALTER TABLE ONLY public.facial_profiles_512 ALTER COLUMN embeddings SET STORAGE PLAIN;
ALTER TABLE ONLY public.facial_profiles_512 ALTER COLUMN template SET STORAGE EXTERNAL;

ALTER TABLE public.facial_profiles_512 OWNER TO pennyprotect_owner;

CREATE TABLE public.floor_plans (
    store_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    revision integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    sha256 bytea NOT NULL,
    picture bytea NOT NULL,
    width_m double precision,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT floor_plans_height_check CHECK ((height > 0)),
    CONSTRAINT floor_plans_picture_check CHECK ((length(picture) <= 4194304)),
    CONSTRAINT floor_plans_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT floor_plans_width_check CHECK ((width > 0)),
    CONSTRAINT floor_plans_width_m_check CHECK (((width_m >= (1)::double precision) AND (width_m <= (2000)::double precision)))
);

ALTER TABLE public.floor_plans OWNER TO pennyprotect_owner;

CREATE TABLE public.gait_profiles (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    person_id uuid NOT NULL,
    enrolment_id uuid NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    rotation integer NOT NULL,
    features jsonb NOT NULL,
    embeddings public.halfvec(128) NOT NULL,
    template bytea NOT NULL,
    template_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(template) >= 36) AND (substr(template, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(template, 20) << 24) | (get_byte(template, 21) << 16)) | (get_byte(template, 22) << 8)) | get_byte(template, 23))
    ELSE NULL::integer
END) STORED,
    source text NOT NULL,
    proposed_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    approved_by uuid,
    approved_at timestamp with time zone,
    CONSTRAINT gait_profiles_check CHECK (((approved_by IS NULL) = (approved_at IS NULL))),
    CONSTRAINT gait_profiles_check1 CHECK ((approved_by <> proposed_by)),
    CONSTRAINT gait_profiles_model_check CHECK (((length(model) >= 1) AND (length(model) <= 100))),
    CONSTRAINT gait_profiles_model_version_check CHECK (((length(model_version) >= 1) AND (length(model_version) <= 100))),
    CONSTRAINT gait_profiles_rotation_check CHECK ((rotation >= 0)),
    CONSTRAINT gait_profiles_source_check CHECK (((length(source) >= 1) AND (length(source) <= 500)))
);

ALTER TABLE public.gait_profiles OWNER TO pennyprotect_owner;

CREATE TABLE public.gait_supports (
    match_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    verdict text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    gait_score real,
    threshold real,
    searched integer NOT NULL,
    quality jsonb NOT NULL,
    features jsonb NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT gait_supports_check CHECK ((((verdict = 'no-result'::text) = (gait_score IS NULL)) AND ((gait_score IS NULL) = (threshold IS NULL)))),
    CONSTRAINT gait_supports_reason_check CHECK ((length(reason) <= 60)),
    CONSTRAINT gait_supports_searched_check CHECK ((searched > 0)),
    CONSTRAINT gait_supports_verdict_check CHECK ((verdict = ANY (ARRAY['supports'::text, 'unknown'::text, 'no-result'::text])))
);

ALTER TABLE public.gait_supports OWNER TO pennyprotect_owner;

CREATE TABLE public.gallery_revisions (
    chain_id uuid NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.gallery_revisions OWNER TO pennyprotect_owner;

CREATE TABLE public.idempotency_keys (
    principal uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    response jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);

ALTER TABLE public.idempotency_keys OWNER TO pennyprotect_owner;

CREATE TABLE public.identity_settings (
    chain_id uuid NOT NULL,
    longest_days integer DEFAULT 365 NOT NULL,
    review_days integer DEFAULT 90 NOT NULL,
    second_reviewer boolean DEFAULT false NOT NULL,
    false_match_share real DEFAULT 0.5 NOT NULL,
    false_match_least integer DEFAULT 5 NOT NULL,
    changed_by uuid,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    CONSTRAINT identity_settings_false_match_least_check CHECK (((false_match_least >= 1) AND (false_match_least <= 1000))),
    CONSTRAINT identity_settings_false_match_share_check CHECK (((false_match_share > (0)::double precision) AND (false_match_share <= (1)::double precision))),
    CONSTRAINT identity_settings_longest_days_check CHECK (((longest_days >= 1) AND (longest_days <= 730))),
    CONSTRAINT identity_settings_review_days_check CHECK (((review_days >= 1) AND (review_days <= 365)))
);

ALTER TABLE public.identity_settings OWNER TO pennyprotect_owner;

CREATE TABLE public.incident_alerts (
    incident_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL
);

ALTER TABLE public.incident_alerts OWNER TO pennyprotect_owner;

CREATE TABLE public.incident_entries (
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    kind text NOT NULL,
    by_user uuid,
    at timestamp with time zone NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT incident_entries_note_check CHECK ((length(note) <= 5000))
);

ALTER TABLE public.incident_entries OWNER TO pennyprotect_owner;

CREATE TABLE public.incidents (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    loss_value numeric(12,2),
    loss_currency text,
    police_reference text,
    conclusion text,
    staff uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    opened_by uuid,
    opened_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    opened_by_rule text,
    camera_id uuid,
    CONSTRAINT incidents_check CHECK (((loss_value IS NULL) = (loss_currency IS NULL))),
    CONSTRAINT incidents_check1 CHECK (((state <> 'closed'::text) OR (conclusion IS NOT NULL))),
    CONSTRAINT incidents_conclusion_check CHECK ((length(conclusion) <= 5000)),
    CONSTRAINT incidents_description_check CHECK ((length(description) <= 5000)),
    CONSTRAINT incidents_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 100))),
    CONSTRAINT incidents_loss_currency_check CHECK ((loss_currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT incidents_loss_value_check CHECK ((loss_value >= (0)::numeric)),
    CONSTRAINT incidents_opened_by_rule_check CHECK (((length(opened_by_rule) >= 1) AND (length(opened_by_rule) <= 100))),
    CONSTRAINT incidents_police_reference_check CHECK ((length(police_reference) <= 100)),
    CONSTRAINT incidents_state_check CHECK ((state = ANY (ARRAY['open'::text, 'in-review'::text, 'closed'::text]))),
    CONSTRAINT incidents_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

ALTER TABLE public.incidents OWNER TO pennyprotect_owner;

CREATE TABLE public.key_destructions (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    requested_by uuid NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    confirmed_by uuid,
    confirmed_at timestamp with time zone,
    CONSTRAINT key_destructions_check CHECK ((confirmed_by <> requested_by)),
    CONSTRAINT key_destructions_check1 CHECK (((confirmed_by IS NULL) = (confirmed_at IS NULL)))
);

ALTER TABLE public.key_destructions OWNER TO pennyprotect_owner;

CREATE TABLE public.live_layouts (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    owner uuid,
    name text NOT NULL,
    cameras uuid[],
    columns integer,
    large integer,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT live_layouts_cameras_check CHECK (((cardinality(cameras) >= 1) AND (cardinality(cameras) <= 64))),
    CONSTRAINT live_layouts_columns_check CHECK (((columns >= 1) AND (columns <= 8))),
    CONSTRAINT live_layouts_large_check CHECK (((large >= 0) AND (large <= 64))),
    CONSTRAINT live_layouts_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE public.live_layouts OWNER TO pennyprotect_owner;

CREATE TABLE public.match_pictures (
    match_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    picture bytea NOT NULL,
    picture_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(picture) >= 36) AND (substr(picture, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(picture, 20) << 24) | (get_byte(picture, 21) << 16)) | (get_byte(picture, 22) << 8)) | get_byte(picture, 23))
    ELSE NULL::integer
END) STORED,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT match_pictures_picture_check CHECK ((length(picture) <= 1048576))
);

ALTER TABLE public.match_pictures OWNER TO pennyprotect_owner;

CREATE TABLE public.match_reviews (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    match_id uuid NOT NULL,
    verdict text NOT NULL,
    reason text NOT NULL,
    reviewed_by uuid NOT NULL,
    reviewed_at timestamp with time zone NOT NULL,
    CONSTRAINT match_reviews_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000))),
    CONSTRAINT match_reviews_verdict_check CHECK ((verdict = ANY (ARRAY['match'::text, 'not-a-match'::text, 'cannot-tell'::text])))
);

ALTER TABLE public.match_reviews OWNER TO pennyprotect_owner;

CREATE TABLE public.match_suspensions (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid,
    enrolment_id uuid,
    reason text NOT NULL,
    suspended_by uuid,
    suspended_at timestamp with time zone NOT NULL,
    lifted_by uuid,
    lifted_at timestamp with time zone,
    CONSTRAINT match_suspensions_check CHECK (((camera_id IS NULL) OR (enrolment_id IS NULL))),
    CONSTRAINT match_suspensions_check1 CHECK (((lifted_by IS NULL) = (lifted_at IS NULL))),
    CONSTRAINT match_suspensions_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))
);

ALTER TABLE public.match_suspensions OWNER TO pennyprotect_owner;

CREATE TABLE public.match_thresholds (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    watchlist_id uuid,
    model text NOT NULL,
    model_version text NOT NULL,
    revision integer NOT NULL,
    threshold real NOT NULL,
    change_id uuid NOT NULL,
    proposed_by uuid NOT NULL,
    approved_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT match_thresholds_check CHECK ((approved_by <> proposed_by)),
    CONSTRAINT match_thresholds_revision_check CHECK ((revision > 0)),
    CONSTRAINT match_thresholds_threshold_check CHECK (((threshold >= ('-1'::integer)::double precision) AND (threshold <= (1)::double precision)))
);

ALTER TABLE public.match_thresholds OWNER TO pennyprotect_owner;

CREATE TABLE public.matches (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    track_id numeric(20,0) NOT NULL,
    captured_at timestamp with time zone NOT NULL,
    enrolment_id uuid NOT NULL,
    person_id uuid NOT NULL,
    watchlist_id uuid NOT NULL,
    match_score real NOT NULL,
    band text NOT NULL,
    threshold real NOT NULL,
    quality jsonb DEFAULT '{}'::jsonb NOT NULL,
    evidence jsonb DEFAULT '{}'::jsonb NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    policy_revision integer NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    raised_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    alert_id uuid,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    CONSTRAINT matches_band_check CHECK ((band = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text]))),
    CONSTRAINT matches_state_check CHECK ((state = ANY (ARRAY['open'::text, 'second-review'::text, 'confirmed'::text, 'rejected'::text, 'undecided'::text, 'withdrawn'::text])))
);

ALTER TABLE public.matches OWNER TO pennyprotect_owner;

CREATE TABLE public.memberships (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    store_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    source text DEFAULT 'local'::text NOT NULL,
    region_id uuid,
    CONSTRAINT memberships_check CHECK (((store_id IS NULL) OR (region_id IS NULL))),
    CONSTRAINT memberships_source_check CHECK ((source = ANY (ARRAY['local'::text, 'oidc'::text])))
);

ALTER TABLE public.memberships OWNER TO pennyprotect_owner;

CREATE TABLE public.model_comparisons (
    shadow_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    against integer NOT NULL,
    frames bigint NOT NULL,
    failures bigint NOT NULL,
    skipped bigint NOT NULL,
    agreeing bigint NOT NULL,
    "both" bigint NOT NULL,
    only_old bigint NOT NULL,
    only_new bigint NOT NULL,
    overlap_sum double precision NOT NULL,
    likeness_sum double precision NOT NULL,
    likened bigint NOT NULL,
    shift_sum double precision NOT NULL,
    shift_squares double precision NOT NULL,
    latency_old bigint[] NOT NULL,
    latency_new bigint[] NOT NULL
);

ALTER TABLE public.model_comparisons OWNER TO pennyprotect_owner;

CREATE TABLE public.model_disagreements (
    id uuid NOT NULL,
    shadow_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    against integer NOT NULL,
    captured_at timestamp with time zone NOT NULL,
    only_old integer NOT NULL,
    only_new integer NOT NULL,
    likeness double precision NOT NULL,
    still bytea,
    kept_at timestamp with time zone DEFAULT now() NOT NULL,
    picture bytea,
    picture_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(picture) >= 36) AND (substr(picture, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(picture, 20) << 24) | (get_byte(picture, 21) << 16)) | (get_byte(picture, 22) << 8)) | get_byte(picture, 23))
    ELSE NULL::integer
END) STORED,
    CONSTRAINT model_disagreements_picture_check CHECK ((length(picture) <= 130000)),
    CONSTRAINT model_disagreements_still_check CHECK ((length(still) <= 120000))
);

ALTER TABLE public.model_disagreements OWNER TO pennyprotect_owner;

CREATE TABLE public.model_pointers (
    chain_id uuid NOT NULL,
    model text NOT NULL,
    stable integer NOT NULL,
    candidate integer,
    share double precision DEFAULT 0 NOT NULL,
    previous integer,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    limits jsonb DEFAULT '{}'::jsonb NOT NULL,
    watched_until timestamp with time zone,
    reason text DEFAULT ''::text NOT NULL,
    away_at timestamp with time zone,
    CONSTRAINT model_pointers_check CHECK (((candidate IS NULL) = (share = (0)::double precision))),
    CONSTRAINT model_pointers_reason_check CHECK ((length(reason) <= 500)),
    CONSTRAINT model_pointers_share_check CHECK (((share >= (0)::double precision) AND (share < (1)::double precision)))
);

ALTER TABLE public.model_pointers OWNER TO pennyprotect_owner;

CREATE TABLE public.model_readings (
    chain_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    model text NOT NULL,
    version integer NOT NULL,
    span text NOT NULL,
    since timestamp with time zone NOT NULL,
    frames bigint NOT NULL,
    failures bigint NOT NULL,
    persons bigint NOT NULL,
    score_sum double precision NOT NULL,
    quality_sum double precision NOT NULL,
    norm_sum double precision NOT NULL,
    latency bigint[] NOT NULL,
    CONSTRAINT model_readings_model_check CHECK ((model ~ '^[a-z][a-z0-9_]{0,62}$'::text)),
    CONSTRAINT model_readings_span_check CHECK ((span = ANY (ARRAY['minute'::text, 'hour'::text]))),
    CONSTRAINT model_readings_version_check CHECK ((version > 0))
);

ALTER TABLE public.model_readings OWNER TO pennyprotect_owner;

CREATE TABLE public.model_shadows (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    model text NOT NULL,
    version integer NOT NULL,
    share double precision NOT NULL,
    started_by uuid NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT model_shadows_share_check CHECK (((share > (0)::double precision) AND (share <= (1)::double precision)))
);

ALTER TABLE public.model_shadows OWNER TO pennyprotect_owner;

CREATE SEQUENCE public.model_version_numbers
    AS integer
    START WITH 1001
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.model_version_numbers OWNER TO pennyprotect_owner;

CREATE TABLE public.model_versions (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    model text NOT NULL,
    version integer NOT NULL,
    state text DEFAULT 'ready'::text NOT NULL,
    artefact text NOT NULL,
    publisher text NOT NULL,
    licence text NOT NULL,
    training_data text NOT NULL,
    manifest_sha256 bytea NOT NULL,
    signed_by text NOT NULL,
    report jsonb NOT NULL,
    pushed_by uuid NOT NULL,
    pushed_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    refused_because text DEFAULT ''::text NOT NULL,
    CONSTRAINT model_versions_artefact_check CHECK (((length(artefact) >= 1) AND (length(artefact) <= 200))),
    CONSTRAINT model_versions_licence_check CHECK (((length(licence) >= 1) AND (length(licence) <= 200))),
    CONSTRAINT model_versions_manifest_sha256_check CHECK ((length(manifest_sha256) = 32)),
    CONSTRAINT model_versions_model_check CHECK ((model ~ '^[a-z][a-z0-9_]{0,62}$'::text)),
    CONSTRAINT model_versions_publisher_check CHECK (((length(publisher) >= 1) AND (length(publisher) <= 200))),
    CONSTRAINT model_versions_refused_because_check CHECK ((length(refused_because) <= 500)),
    CONSTRAINT model_versions_state_check CHECK ((state = ANY (ARRAY['ready'::text, 'retiring'::text, 'retired'::text, 'refused'::text]))),
    CONSTRAINT model_versions_training_data_check CHECK (((length(training_data) >= 1) AND (length(training_data) <= 2000))),
    CONSTRAINT model_versions_version_check CHECK ((version > 0))
);

ALTER TABLE public.model_versions OWNER TO pennyprotect_owner;

CREATE TABLE public.notification_channels (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid,
    user_id uuid,
    kind text NOT NULL,
    name text NOT NULL,
    hint text NOT NULL,
    address bytea,
    address_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(address) >= 36) AND (substr(address, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(address, 20) << 24) | (get_byte(address, 21) << 16)) | (get_byte(address, 22) << 8)) | get_byte(address, 23))
    ELSE NULL::integer
END) STORED,
    secret bytea,
    secret_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(secret) >= 36) AND (substr(secret, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(secret, 20) << 24) | (get_byte(secret, 21) << 16)) | (get_byte(secret, 22) << 8)) | get_byte(secret, 23))
    ELSE NULL::integer
END) STORED,
    occasions text[] NOT NULL,
    lowest_threat text NOT NULL,
    quiet_starts time without time zone,
    quiet_ends time without time zone,
    quiet_timezone text DEFAULT 'UTC'::text NOT NULL,
    quiet_threat text DEFAULT 'high'::text NOT NULL,
    most_per_hour integer,
    paused boolean DEFAULT false NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    removed_at timestamp with time zone,
    proven_at timestamp with time zone,
    code_until timestamp with time zone,
    code_tries integer DEFAULT 0 NOT NULL,
    previous_secret bytea,
    previous_secret_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(previous_secret) >= 36) AND (substr(previous_secret, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(previous_secret, 20) << 24) | (get_byte(previous_secret, 21) << 16)) | (get_byte(previous_secret, 22) << 8)) | get_byte(previous_secret, 23))
    ELSE NULL::integer
END) STORED,
    previous_until timestamp with time zone,
    language text DEFAULT 'en'::text NOT NULL,
    CONSTRAINT notification_channels_check CHECK (((quiet_starts IS NULL) = (quiet_ends IS NULL))),
    CONSTRAINT notification_channels_hint_check CHECK (((length(hint) >= 1) AND (length(hint) <= 200))),
    CONSTRAINT notification_channels_kind_check CHECK ((kind = ANY (ARRAY['sms'::text, 'email'::text, 'webhook'::text, 'slack'::text, 'teams'::text]))),
    CONSTRAINT notification_channels_language_check CHECK ((language = ANY (ARRAY['en'::text, 'es'::text]))),
    CONSTRAINT notification_channels_lowest_threat_check CHECK ((lowest_threat = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text]))),
    CONSTRAINT notification_channels_most_per_hour_check CHECK (((most_per_hour >= 1) AND (most_per_hour <= 100000))),
    CONSTRAINT notification_channels_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT notification_channels_occasions_check CHECK (((cardinality(occasions) >= 1) AND (cardinality(occasions) <= 10))),
    CONSTRAINT notification_channels_quiet_threat_check CHECK ((quiet_threat = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'none'::text])))
);

ALTER TABLE public.notification_channels OWNER TO pennyprotect_owner;

CREATE TABLE public.notifications (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid,
    channel_id uuid NOT NULL,
    cause uuid NOT NULL,
    occasion text NOT NULL,
    threat text,
    subject_id uuid,
    message jsonb NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    waits text DEFAULT ''::text NOT NULL,
    repeated boolean DEFAULT false NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    checks integer DEFAULT 0 NOT NULL,
    merged integer DEFAULT 1 NOT NULL,
    merged_into uuid,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_until timestamp with time zone,
    tried_at timestamp with time zone,
    provider_id text,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    trace_parent text DEFAULT ''::text NOT NULL,
    CONSTRAINT notifications_occasion_check CHECK ((occasion = ANY (ARRAY['alert-raised'::text, 'alert-escalated'::text, 'incident-changed'::text, 'lead-raised'::text, 'match-confirmed'::text, 'test'::text]))),
    CONSTRAINT notifications_provider_id_check CHECK ((length(provider_id) <= 100)),
    CONSTRAINT notifications_reason_check CHECK ((length(reason) <= 300)),
    CONSTRAINT notifications_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sending'::text, 'checking'::text, 'sent'::text, 'delivered'::text, 'uncertain'::text, 'dead'::text, 'merged'::text]))),
    CONSTRAINT notifications_threat_check CHECK ((threat = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text]))),
    CONSTRAINT notifications_trace_parent_check CHECK ((length(trace_parent) <= 100)),
    CONSTRAINT notifications_waits_check CHECK ((waits = ANY (ARRAY[''::text, 'quiet-hours'::text, 'retry'::text])))
);

ALTER TABLE public.notifications OWNER TO pennyprotect_owner;

CREATE TABLE public.oidc_group_mappings (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    group_name text NOT NULL,
    role text NOT NULL,
    store_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT oidc_group_mappings_group_name_check CHECK (((length(group_name) >= 1) AND (length(group_name) <= 200)))
);

ALTER TABLE public.oidc_group_mappings OWNER TO pennyprotect_owner;

CREATE TABLE public.oidc_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    chain_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_login_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT oidc_identities_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 255)))
);

ALTER TABLE public.oidc_identities OWNER TO pennyprotect_owner;

CREATE TABLE public.oidc_region_mappings (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    group_name text NOT NULL,
    role text NOT NULL,
    region_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT oidc_region_mappings_group_name_check CHECK (((length(group_name) >= 1) AND (length(group_name) <= 200)))
);

ALTER TABLE public.oidc_region_mappings OWNER TO pennyprotect_owner;

CREATE TABLE public.outbox (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    trace_parent text DEFAULT ''::text NOT NULL
);

ALTER TABLE public.outbox OWNER TO pennyprotect_owner;

CREATE TABLE public.persons (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT persons_check CHECK (((erased_at IS NULL) OR (name = ''::text))),
    CONSTRAINT persons_name_check CHECK ((length(name) <= 200))
);

ALTER TABLE public.persons OWNER TO pennyprotect_owner;

CREATE TABLE public.pipelines (
    id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE public.pipelines OWNER TO pennyprotect_owner;

CREATE TABLE public.privacy_masks (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    name text NOT NULL,
    polygon jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    deleted_by uuid,
    CONSTRAINT privacy_masks_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE public.privacy_masks OWNER TO pennyprotect_owner;

CREATE TABLE public.proposed_changes (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    kind text NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    base_revision integer NOT NULL,
    content jsonb NOT NULL,
    proposed_by uuid NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT proposed_changes_check CHECK (((state <> 'approved'::text) OR ((decided_by IS NOT NULL) AND (decided_by <> proposed_by)))),
    CONSTRAINT proposed_changes_kind_check CHECK ((kind = ANY (ARRAY['site-policy'::text, 'match-threshold'::text]))),
    CONSTRAINT proposed_changes_reason_check CHECK ((length(reason) <= 500)),
    CONSTRAINT proposed_changes_state_check CHECK ((state = ANY (ARRAY['open'::text, 'approved'::text, 'rejected'::text, 'expired'::text, 'overtaken'::text]))),
    CONSTRAINT proposed_changes_subject_check CHECK ((length(subject) <= 200))
);

ALTER TABLE public.proposed_changes OWNER TO pennyprotect_owner;

CREATE TABLE public.recovery_codes (
    user_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.recovery_codes OWNER TO pennyprotect_owner;

CREATE TABLE public.regions (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT regions_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE public.regions OWNER TO pennyprotect_owner;

CREATE TABLE public.retention_lease (
    only_row boolean DEFAULT true NOT NULL,
    expires_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    holder uuid,
    CONSTRAINT retention_lease_only_row_check CHECK (only_row)
);

ALTER TABLE public.retention_lease OWNER TO pennyprotect_owner;

CREATE TABLE public.retention_rules (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid,
    class text NOT NULL,
    days integer NOT NULL,
    most_bytes bigint,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT retention_rules_class_check CHECK ((class = ANY (ARRAY['alert'::text, 'incident'::text, 'playback'::text]))),
    CONSTRAINT retention_rules_days_check CHECK (((days >= 1) AND (days <= 3650))),
    CONSTRAINT retention_rules_most_bytes_check CHECK ((most_bytes > 0))
);

ALTER TABLE public.retention_rules OWNER TO pennyprotect_owner;

CREATE TABLE public.rota_entries (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid,
    region_id uuid,
    user_id uuid NOT NULL,
    days smallint[] NOT NULL,
    starts time without time zone NOT NULL,
    ends time without time zone NOT NULL,
    timezone text NOT NULL,
    after_s integer NOT NULL,
    lowest_threat text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT rota_entries_after_s_check CHECK (((after_s >= 10) AND (after_s <= 86400))),
    CONSTRAINT rota_entries_check CHECK (((store_id IS NULL) OR (region_id IS NULL))),
    CONSTRAINT rota_entries_days_check CHECK ((((cardinality(days) >= 1) AND (cardinality(days) <= 7)) AND (days <@ ARRAY[(1)::smallint, (2)::smallint, (3)::smallint, (4)::smallint, (5)::smallint, (6)::smallint, (7)::smallint]))),
    CONSTRAINT rota_entries_lowest_threat_check CHECK ((lowest_threat = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])))
);

ALTER TABLE public.rota_entries OWNER TO pennyprotect_owner;

CREATE TABLE public.rule_series (
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    frames integer NOT NULL,
    samples integer NOT NULL,
    series bytea NOT NULL,
    CONSTRAINT rule_series_frames_check CHECK ((frames > 0)),
    CONSTRAINT rule_series_samples_check CHECK ((samples >= 0)),
    CONSTRAINT rule_series_series_check CHECK ((length(series) <= 1000000))
);

ALTER TABLE public.rule_series OWNER TO pennyprotect_owner;

CREATE TABLE public.rules (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid,
    zone_id uuid,
    kind text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    cool_down_s real DEFAULT 30 NOT NULL,
    opens_incident boolean DEFAULT false NOT NULL,
    CONSTRAINT rules_cool_down_s_check CHECK (((cool_down_s >= (0)::double precision) AND (cool_down_s <= (86400)::double precision)))
);

ALTER TABLE public.rules OWNER TO pennyprotect_owner;

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.schema_migrations OWNER TO pennyprotect_owner;

CREATE TABLE public.second_looks (
    alert_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    model text NOT NULL,
    state text DEFAULT 'asked'::text NOT NULL,
    verdict text,
    summary text,
    tokens integer DEFAULT 0 NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    answered_at timestamp with time zone,
    CONSTRAINT second_looks_model_check CHECK ((length(model) <= 200)),
    CONSTRAINT second_looks_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'answered'::text, 'no-picture'::text, 'refused'::text, 'timed-out'::text, 'unreadable'::text, 'over-allowance'::text]))),
    CONSTRAINT second_looks_summary_check CHECK ((length(summary) <= 400)),
    CONSTRAINT second_looks_tokens_check CHECK ((tokens >= 0)),
    CONSTRAINT second_looks_verdict_check CHECK ((verdict = ANY (ARRAY['supports'::text, 'does-not-support'::text, 'cannot-tell'::text])))
);

ALTER TABLE public.second_looks OWNER TO pennyprotect_owner;

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    user_id uuid NOT NULL,
    refresh_hash bytea NOT NULL,
    previous_refresh_hash bytea,
    rotated_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    method text DEFAULT 'password'::text NOT NULL,
    second_factor_at timestamp with time zone,
    device text DEFAULT ''::text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sessions_method_check CHECK ((method = ANY (ARRAY['password'::text, 'oidc'::text])))
);

ALTER TABLE public.sessions OWNER TO pennyprotect_owner;

CREATE TABLE public.shard_leases (
    shard smallint NOT NULL,
    owner uuid,
    token bigint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT shard_leases_shard_check CHECK (((shard >= 0) AND (shard <= 63)))
);

ALTER TABLE public.shard_leases OWNER TO pennyprotect_owner;

CREATE TABLE public.sign_in_settings (
    chain_id uuid NOT NULL,
    second_factor_roles text[] DEFAULT '{}'::text[] NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.sign_in_settings OWNER TO pennyprotect_owner;

CREATE TABLE public.sign_photos (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    taken_on date NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    sha256 bytea NOT NULL,
    jpeg bytea NOT NULL,
    uploaded_by uuid NOT NULL,
    uploaded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sign_photos_jpeg_check CHECK ((length(jpeg) <= 4194304)),
    CONSTRAINT sign_photos_sha256_check CHECK ((length(sha256) = 32))
);

ALTER TABLE public.sign_photos OWNER TO pennyprotect_owner;

CREATE TABLE public.signing_keys (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    public_key bytea NOT NULL,
    secret bytea NOT NULL,
    secret_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(secret) >= 36) AND (substr(secret, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(secret, 20) << 24) | (get_byte(secret, 21) << 16)) | (get_byte(secret, 22) << 8)) | get_byte(secret, 23))
    ELSE NULL::integer
END) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT signing_keys_public_key_check CHECK ((length(public_key) = 32))
);

ALTER TABLE public.signing_keys OWNER TO pennyprotect_owner;

CREATE TABLE public.site_policies (
    store_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    revision integer NOT NULL,
    face boolean DEFAULT false NOT NULL,
    gait boolean DEFAULT false NOT NULL,
    re_identification boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    jurisdiction text DEFAULT ''::text NOT NULL,
    pack text DEFAULT ''::text NOT NULL,
    legal_basis text DEFAULT ''::text NOT NULL,
    dpia_reference text DEFAULT ''::text NOT NULL,
    notice_text text DEFAULT ''::text NOT NULL,
    counsel_reference text DEFAULT ''::text NOT NULL,
    counsel_signed_on date,
    sign_photo_id uuid,
    cause text DEFAULT 'install'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    proposed_by uuid,
    made_by uuid,
    CONSTRAINT on_needs_two_people_and_papers CHECK (((NOT (face OR gait OR re_identification)) OR (cause = 'demo'::text) OR ((jurisdiction <> ''::text) AND (legal_basis <> ''::text) AND (dpia_reference <> ''::text) AND (notice_text <> ''::text) AND (sign_photo_id IS NOT NULL) AND (proposed_by IS NOT NULL) AND ((cause <> 'approved'::text) OR ((made_by IS NOT NULL) AND (made_by <> proposed_by)))))),
    CONSTRAINT site_policies_cause_check CHECK ((cause = ANY (ARRAY['install'::text, 'approved'::text, 'switched-off'::text, 'jurisdiction'::text, 'lapsed'::text, 'demo'::text]))),
    CONSTRAINT site_policies_counsel_reference_check CHECK ((length(counsel_reference) <= 500)),
    CONSTRAINT site_policies_dpia_reference_check CHECK ((length(dpia_reference) <= 500)),
    CONSTRAINT site_policies_legal_basis_check CHECK ((length(legal_basis) <= 2000)),
    CONSTRAINT site_policies_notice_text_check CHECK ((length(notice_text) <= 4000)),
    CONSTRAINT site_policies_reason_check CHECK ((length(reason) <= 500)),
    CONSTRAINT site_policies_revision_check CHECK ((revision > 0))
);

ALTER TABLE public.site_policies OWNER TO pennyprotect_owner;

CREATE TABLE public.stores (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    name text NOT NULL,
    timezone text DEFAULT 'UTC'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    jurisdiction text DEFAULT ''::text NOT NULL,
    public_id uuid DEFAULT gen_random_uuid() NOT NULL,
    demo boolean DEFAULT false NOT NULL,
    region_id uuid,
    second_look boolean DEFAULT false NOT NULL,
    CONSTRAINT stores_jurisdiction_check CHECK ((length(jurisdiction) <= 40)),
    CONSTRAINT stores_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE public.stores OWNER TO pennyprotect_owner;

CREATE TABLE public.stranger_scores (
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    day date NOT NULL,
    searches bigint NOT NULL,
    comparisons bigint NOT NULL,
    bins integer[] NOT NULL,
    CONSTRAINT stranger_scores_bins_check CHECK ((cardinality(bins) = 400)),
    CONSTRAINT stranger_scores_comparisons_check CHECK ((comparisons > 0)),
    CONSTRAINT stranger_scores_model_check CHECK ((length(model) <= 100)),
    CONSTRAINT stranger_scores_model_version_check CHECK ((length(model_version) <= 100)),
    CONSTRAINT stranger_scores_searches_check CHECK ((searches > 0))
);

ALTER TABLE public.stranger_scores OWNER TO pennyprotect_owner;

CREATE TABLE public.stream_sessions (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    status character varying(50) NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    width integer DEFAULT 0 NOT NULL,
    height integer DEFAULT 0 NOT NULL,
    codec text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone
);

ALTER TABLE public.stream_sessions OWNER TO pennyprotect_owner;

CREATE TABLE public.template_rotations (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    version integer NOT NULL,
    seed bytea NOT NULL,
    seed_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(seed) >= 36) AND (substr(seed, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(seed, 20) << 24) | (get_byte(seed, 21) << 16)) | (get_byte(seed, 22) << 8)) | get_byte(seed, 23))
    ELSE NULL::integer
END) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT template_rotations_version_check CHECK ((version > 0))
);

ALTER TABLE public.template_rotations OWNER TO pennyprotect_owner;

CREATE TABLE public.tenant_keys (
    chain_id uuid NOT NULL,
    version integer NOT NULL,
    provider_key text NOT NULL,
    wrapped bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    destroyed_at timestamp with time zone,
    CONSTRAINT tenant_keys_check CHECK (((wrapped IS NULL) = (destroyed_at IS NOT NULL))),
    CONSTRAINT tenant_keys_provider_key_check CHECK (((length(provider_key) >= 1) AND (length(provider_key) <= 2048))),
    CONSTRAINT tenant_keys_version_check CHECK ((version > 0))
);

ALTER TABLE public.tenant_keys OWNER TO pennyprotect_owner;

CREATE TABLE public.totp_secrets (
    user_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    secret bytea NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    secret_key integer GENERATED ALWAYS AS (
CASE
    WHEN ((length(secret) >= 36) AND (substr(secret, 1, 4) = '\x50506b31'::bytea)) THEN ((((get_byte(secret, 20) << 24) | (get_byte(secret, 21) << 16)) | (get_byte(secret, 22) << 8)) | get_byte(secret, 23))
    ELSE NULL::integer
END) STORED
);

ALTER TABLE public.totp_secrets OWNER TO pennyprotect_owner;

CREATE TABLE public.training_courses (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    name text NOT NULL,
    gate text NOT NULL,
    valid_months integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT training_courses_gate_check CHECK ((gate ~ '^[a-z][a-z-]{1,39}$'::text)),
    CONSTRAINT training_courses_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT training_courses_valid_months_check CHECK (((valid_months >= 1) AND (valid_months <= 60)))
);

ALTER TABLE public.training_courses OWNER TO pennyprotect_owner;

CREATE TABLE public.training_records (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    course_id uuid NOT NULL,
    user_id uuid NOT NULL,
    trainer text NOT NULL,
    trained_on date NOT NULL,
    expires_on date NOT NULL,
    certificate text DEFAULT ''::text NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    withdrawn_at timestamp with time zone,
    CONSTRAINT training_records_certificate_check CHECK ((length(certificate) <= 200)),
    CONSTRAINT training_records_check CHECK ((expires_on > trained_on)),
    CONSTRAINT training_records_check1 CHECK ((recorded_by <> user_id)),
    CONSTRAINT training_records_trainer_check CHECK (((length(trainer) >= 1) AND (length(trainer) <= 200)))
);

ALTER TABLE public.training_records OWNER TO pennyprotect_owner;

CREATE TABLE public.users (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    username text NOT NULL,
    password_hash text NOT NULL,
    failed_logins integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    disabled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    must_change_password boolean DEFAULT false NOT NULL,
    password_changed_at timestamp with time zone,
    language text,
    CONSTRAINT users_language_check CHECK ((language = ANY (ARRAY['en'::text, 'es'::text]))),
    CONSTRAINT users_username_check CHECK (((username = lower(username)) AND ((length(username) >= 1) AND (length(username) <= 100))))
);

ALTER TABLE public.users OWNER TO pennyprotect_owner;

CREATE TABLE public.visit_sightings (
    camera_id uuid NOT NULL,
    epoch bigint NOT NULL,
    track_id numeric(20,0) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    visit_id uuid NOT NULL,
    rivals integer NOT NULL
);

ALTER TABLE public.visit_sightings OWNER TO pennyprotect_owner;

CREATE TABLE public.watchlist_assignments (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    watchlist_id uuid NOT NULL,
    home_store_id uuid NOT NULL,
    store_id uuid NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    state text DEFAULT 'proposed'::text NOT NULL,
    proposed_by uuid NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    CONSTRAINT watchlist_assignments_check CHECK (((store_id = home_store_id) OR ((ends_at > starts_at) AND (ends_at <= (starts_at + '366 days'::interval))))),
    CONSTRAINT watchlist_assignments_check1 CHECK (((store_id = home_store_id) OR (state <> 'approved'::text) OR ((decided_by IS NOT NULL) AND (decided_by <> proposed_by)))),
    CONSTRAINT watchlist_assignments_reason_check CHECK ((length(reason) <= 1000)),
    CONSTRAINT watchlist_assignments_state_check CHECK ((state = ANY (ARRAY['proposed'::text, 'approved'::text, 'rejected'::text, 'ended'::text])))
);

ALTER TABLE public.watchlist_assignments OWNER TO pennyprotect_owner;

CREATE TABLE public.watchlists (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    name text NOT NULL,
    category text NOT NULL,
    reach text DEFAULT 'store'::text NOT NULL,
    region_id uuid,
    purpose text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT watchlists_category_check CHECK ((category = ANY (ARRAY['violence'::text, 'weapon'::text, 'organised-theft'::text, 'exclusion-order'::text]))),
    CONSTRAINT watchlists_check CHECK (((reach = 'region'::text) = (region_id IS NOT NULL))),
    CONSTRAINT watchlists_check1 CHECK (((reach = 'store'::text) OR (category <> 'exclusion-order'::text))),
    CONSTRAINT watchlists_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT watchlists_purpose_check CHECK (((length(purpose) >= 1) AND (length(purpose) <= 2000))),
    CONSTRAINT watchlists_reach_check CHECK ((reach = ANY (ARRAY['store'::text, 'region'::text, 'chain'::text])))
);

ALTER TABLE public.watchlists OWNER TO pennyprotect_owner;

CREATE TABLE public.zones (
    id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    polygon jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT zones_kind_check CHECK ((kind = ANY (ARRAY['loitering'::text, 'entry'::text, 'line'::text, 'crowding'::text, 'queue'::text, 'shelf'::text, 'area'::text]))),
    CONSTRAINT zones_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE public.zones OWNER TO pennyprotect_owner;

ALTER TABLE ONLY public.ai_detections ATTACH PARTITION public.ai_detections_default DEFAULT;

ALTER TABLE ONLY public.facial_profiles ATTACH PARTITION public.facial_profiles_128 FOR VALUES IN ('128');

ALTER TABLE ONLY public.facial_profiles ATTACH PARTITION public.facial_profiles_512 FOR VALUES IN ('512');

ALTER TABLE ONLY public.acceptance_tests
    ADD CONSTRAINT acceptance_tests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ai_detections
    ADD CONSTRAINT ai_detections_pkey PRIMARY KEY (started_at, camera_id, epoch, track_id);

ALTER TABLE ONLY public.ai_detections_default
    ADD CONSTRAINT ai_detections_default_pkey PRIMARY KEY (started_at, camera_id, epoch, track_id);

ALTER TABLE ONLY public.alert_occurrences
    ADD CONSTRAINT alert_occurrences_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.alert_views
    ADD CONSTRAINT alert_views_pkey PRIMARY KEY (user_id, alert_id);

ALTER TABLE public.alerts
    ADD CONSTRAINT alerts_check CHECK (((state <> 'snoozed'::text) OR (snoozed_until IS NOT NULL))) NOT VALID;

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_previous_hash_key UNIQUE (previous_hash);

ALTER TABLE ONLY public.audit_checks
    ADD CONSTRAINT audit_checks_pkey PRIMARY KEY (ledger);

ALTER TABLE ONLY public.audit_exports
    ADD CONSTRAINT audit_exports_pkey PRIMARY KEY (target, ledger);

ALTER TABLE ONLY public.audit_lease
    ADD CONSTRAINT audit_lease_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (ledger, sequence);

ALTER TABLE ONLY public.audit_unsealed
    ADD CONSTRAINT audit_unsealed_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.camera_leases
    ADD CONSTRAINT camera_leases_pkey PRIMARY KEY (camera_id);

ALTER TABLE ONLY public.camera_links
    ADD CONSTRAINT camera_links_camera_a_camera_b_key UNIQUE (camera_a, camera_b);

ALTER TABLE ONLY public.camera_links
    ADD CONSTRAINT camera_links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.camera_places
    ADD CONSTRAINT camera_places_pkey PRIMARY KEY (camera_id);

ALTER TABLE ONLY public.camera_status
    ADD CONSTRAINT camera_status_pkey PRIMARY KEY (camera_id);

ALTER TABLE ONLY public.camera_workers
    ADD CONSTRAINT camera_workers_pkey PRIMARY KEY (worker_id);

ALTER TABLE ONLY public.cameras
    ADD CONSTRAINT cameras_chain_id_store_id_id_key UNIQUE (chain_id, store_id, id);

ALTER TABLE ONLY public.cameras
    ADD CONSTRAINT cameras_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.chains
    ADD CONSTRAINT chains_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (shard);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.configuration_revision
    ADD CONSTRAINT configuration_revision_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.data_request_footage
    ADD CONSTRAINT data_request_footage_pkey PRIMARY KEY (request_id, evidence_id);

ALTER TABLE ONLY public.data_request_subjects
    ADD CONSTRAINT data_request_subjects_pkey PRIMARY KEY (request_id, enrolment_id);

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_chain_id_id_key UNIQUE (chain_id, id);

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.deletion_receipts
    ADD CONSTRAINT deletion_receipts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.enrolment_images
    ADD CONSTRAINT enrolment_images_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_chain_id_id_key UNIQUE (chain_id, id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_chain_id_store_id_id_key UNIQUE (chain_id, store_id, id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.escalation_lease
    ADD CONSTRAINT escalation_lease_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_chain_id_store_id_id_key UNIQUE (chain_id, store_id, id);

ALTER TABLE ONLY public.evidence_custody
    ADD CONSTRAINT evidence_custody_pkey PRIMARY KEY (evidence_id, sequence);

ALTER TABLE ONLY public.evidence_exports
    ADD CONSTRAINT evidence_exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.evidence_exports
    ADD CONSTRAINT evidence_exports_s3_key_key UNIQUE (s3_key);

ALTER TABLE ONLY public.evidence_exports
    ADD CONSTRAINT evidence_exports_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_s3_key_key UNIQUE (s3_key);

ALTER TABLE ONLY public.face_calibrations
    ADD CONSTRAINT face_calibrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.facial_profiles
    ADD CONSTRAINT facial_profiles_enrolment_id_model_model_version_rotation_d_key UNIQUE (enrolment_id, model, model_version, rotation, dimensions);

ALTER TABLE ONLY public.facial_profiles_128
    ADD CONSTRAINT facial_profiles_128_enrolment_id_model_model_version_rotati_key UNIQUE (enrolment_id, model, model_version, rotation, dimensions);

ALTER TABLE ONLY public.facial_profiles
    ADD CONSTRAINT facial_profiles_pkey PRIMARY KEY (id, dimensions);

ALTER TABLE ONLY public.facial_profiles_128
    ADD CONSTRAINT facial_profiles_128_pkey PRIMARY KEY (id, dimensions);

ALTER TABLE ONLY public.facial_profiles_512
    ADD CONSTRAINT facial_profiles_512_enrolment_id_model_model_version_rotati_key UNIQUE (enrolment_id, model, model_version, rotation, dimensions);

ALTER TABLE ONLY public.facial_profiles_512
    ADD CONSTRAINT facial_profiles_512_pkey PRIMARY KEY (id, dimensions);

ALTER TABLE ONLY public.floor_plans
    ADD CONSTRAINT floor_plans_pkey PRIMARY KEY (store_id);

ALTER TABLE ONLY public.gait_profiles
    ADD CONSTRAINT gait_profiles_enrolment_id_model_model_version_key UNIQUE (enrolment_id, model, model_version);

ALTER TABLE ONLY public.gait_profiles
    ADD CONSTRAINT gait_profiles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.gait_supports
    ADD CONSTRAINT gait_supports_pkey PRIMARY KEY (match_id);

ALTER TABLE ONLY public.gallery_revisions
    ADD CONSTRAINT gallery_revisions_pkey PRIMARY KEY (chain_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (principal, key);

ALTER TABLE ONLY public.identity_settings
    ADD CONSTRAINT identity_settings_pkey PRIMARY KEY (chain_id);

ALTER TABLE ONLY public.incident_alerts
    ADD CONSTRAINT incident_alerts_pkey PRIMARY KEY (incident_id, alert_id);

ALTER TABLE ONLY public.incident_entries
    ADD CONSTRAINT incident_entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_chain_id_store_id_id_key UNIQUE (chain_id, store_id, id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.key_destructions
    ADD CONSTRAINT key_destructions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.live_layouts
    ADD CONSTRAINT live_layouts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.live_layouts
    ADD CONSTRAINT live_layouts_store_id_owner_name_key UNIQUE NULLS NOT DISTINCT (store_id, owner, name);

ALTER TABLE ONLY public.match_pictures
    ADD CONSTRAINT match_pictures_pkey PRIMARY KEY (match_id);

ALTER TABLE ONLY public.match_reviews
    ADD CONSTRAINT match_reviews_match_id_reviewed_by_key UNIQUE (match_id, reviewed_by);

ALTER TABLE ONLY public.match_reviews
    ADD CONSTRAINT match_reviews_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.match_suspensions
    ADD CONSTRAINT match_suspensions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.match_thresholds
    ADD CONSTRAINT match_thresholds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.match_thresholds
    ADD CONSTRAINT match_thresholds_store_id_watchlist_id_model_model_version__key UNIQUE NULLS NOT DISTINCT (store_id, watchlist_id, model, model_version, revision);

ALTER TABLE ONLY public.matches
    ADD CONSTRAINT matches_camera_id_epoch_track_id_enrolment_id_key UNIQUE (camera_id, epoch, track_id, enrolment_id);

ALTER TABLE ONLY public.matches
    ADD CONSTRAINT matches_chain_id_store_id_id_key UNIQUE (chain_id, store_id, id);

ALTER TABLE ONLY public.matches
    ADD CONSTRAINT matches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_id_role_store_id_region_id_key UNIQUE NULLS NOT DISTINCT (user_id, role, store_id, region_id);

ALTER TABLE ONLY public.model_comparisons
    ADD CONSTRAINT model_comparisons_pkey PRIMARY KEY (shadow_id, camera_id, against);

ALTER TABLE ONLY public.model_disagreements
    ADD CONSTRAINT model_disagreements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.model_pointers
    ADD CONSTRAINT model_pointers_pkey PRIMARY KEY (chain_id, model);

ALTER TABLE ONLY public.model_readings
    ADD CONSTRAINT model_readings_pkey PRIMARY KEY (chain_id, model, span, since, camera_id, version);

ALTER TABLE ONLY public.model_shadows
    ADD CONSTRAINT model_shadows_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.model_versions
    ADD CONSTRAINT model_versions_model_version_key UNIQUE (model, version);

ALTER TABLE ONLY public.model_versions
    ADD CONSTRAINT model_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_cause_channel_id_key UNIQUE (cause, channel_id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oidc_group_mappings
    ADD CONSTRAINT oidc_group_mappings_chain_id_group_name_role_store_id_key UNIQUE NULLS NOT DISTINCT (chain_id, group_name, role, store_id);

ALTER TABLE ONLY public.oidc_group_mappings
    ADD CONSTRAINT oidc_group_mappings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oidc_identities
    ADD CONSTRAINT oidc_identities_pkey PRIMARY KEY (chain_id, issuer, subject);

ALTER TABLE ONLY public.oidc_region_mappings
    ADD CONSTRAINT oidc_region_mappings_chain_id_group_name_role_region_id_key UNIQUE (chain_id, group_name, role, region_id);

ALTER TABLE ONLY public.oidc_region_mappings
    ADD CONSTRAINT oidc_region_mappings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.persons
    ADD CONSTRAINT persons_chain_id_store_id_id_key UNIQUE (chain_id, store_id, id);

ALTER TABLE ONLY public.persons
    ADD CONSTRAINT persons_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pipelines
    ADD CONSTRAINT pipelines_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.privacy_masks
    ADD CONSTRAINT privacy_masks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.proposed_changes
    ADD CONSTRAINT proposed_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_hash);

ALTER TABLE ONLY public.regions
    ADD CONSTRAINT regions_chain_id_id_key UNIQUE (chain_id, id);

ALTER TABLE ONLY public.regions
    ADD CONSTRAINT regions_chain_id_name_key UNIQUE (chain_id, name);

ALTER TABLE ONLY public.regions
    ADD CONSTRAINT regions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.retention_lease
    ADD CONSTRAINT retention_lease_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.retention_rules
    ADD CONSTRAINT retention_rules_chain_id_store_id_class_key UNIQUE NULLS NOT DISTINCT (chain_id, store_id, class);

ALTER TABLE ONLY public.retention_rules
    ADD CONSTRAINT retention_rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rota_entries
    ADD CONSTRAINT rota_entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rule_series
    ADD CONSTRAINT rule_series_pkey PRIMARY KEY (camera_id, started_at, epoch);

ALTER TABLE ONLY public.rules
    ADD CONSTRAINT rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rules
    ADD CONSTRAINT rules_store_id_camera_id_zone_id_kind_key UNIQUE NULLS NOT DISTINCT (store_id, camera_id, zone_id, kind);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.second_looks
    ADD CONSTRAINT second_looks_pkey PRIMARY KEY (alert_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.shard_leases
    ADD CONSTRAINT shard_leases_pkey PRIMARY KEY (shard);

ALTER TABLE ONLY public.sign_in_settings
    ADD CONSTRAINT sign_in_settings_pkey PRIMARY KEY (chain_id);

ALTER TABLE ONLY public.sign_photos
    ADD CONSTRAINT sign_photos_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_chain_id_key UNIQUE (chain_id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.site_policies
    ADD CONSTRAINT site_policies_pkey PRIMARY KEY (store_id, revision);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_chain_id_id_key UNIQUE (chain_id, id);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_public_id_key UNIQUE (public_id);

ALTER TABLE ONLY public.stranger_scores
    ADD CONSTRAINT stranger_scores_pkey PRIMARY KEY (store_id, model, model_version, day);

ALTER TABLE ONLY public.stream_sessions
    ADD CONSTRAINT stream_sessions_camera_id_epoch_key UNIQUE (camera_id, epoch);

ALTER TABLE ONLY public.stream_sessions
    ADD CONSTRAINT stream_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.template_rotations
    ADD CONSTRAINT template_rotations_chain_id_version_key UNIQUE (chain_id, version);

ALTER TABLE ONLY public.template_rotations
    ADD CONSTRAINT template_rotations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tenant_keys
    ADD CONSTRAINT tenant_keys_pkey PRIMARY KEY (chain_id, version);

ALTER TABLE ONLY public.totp_secrets
    ADD CONSTRAINT totp_secrets_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.training_courses
    ADD CONSTRAINT training_courses_chain_id_id_key UNIQUE (chain_id, id);

ALTER TABLE ONLY public.training_courses
    ADD CONSTRAINT training_courses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.training_records
    ADD CONSTRAINT training_records_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_chain_id_id_key UNIQUE (chain_id, id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_username_key UNIQUE (username);

ALTER TABLE ONLY public.visit_sightings
    ADD CONSTRAINT visit_sightings_pkey PRIMARY KEY (camera_id, epoch, track_id, started_at);

ALTER TABLE ONLY public.watchlist_assignments
    ADD CONSTRAINT watchlist_assignments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.watchlists
    ADD CONSTRAINT watchlists_chain_id_store_id_id_key UNIQUE (chain_id, store_id, id);

ALTER TABLE ONLY public.watchlists
    ADD CONSTRAINT watchlists_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.zones
    ADD CONSTRAINT zones_pkey PRIMARY KEY (id);

CREATE INDEX acceptance_tests_store ON public.acceptance_tests USING btree (store_id, switch, performed_on DESC, id DESC);

CREATE INDEX ai_detections_camera ON ONLY public.ai_detections USING btree (camera_id, started_at DESC, id);

CREATE INDEX ai_detections_default_camera_id_started_at_id_idx ON public.ai_detections_default USING btree (camera_id, started_at DESC, id);

CREATE INDEX ai_detections_store ON ONLY public.ai_detections USING btree (store_id, started_at DESC, id);

CREATE INDEX ai_detections_default_store_id_started_at_id_idx ON public.ai_detections_default USING btree (store_id, started_at DESC, id);

CREATE INDEX alert_occurrences_alert ON public.alert_occurrences USING btree (alert_id);

CREATE INDEX alerts_camera ON public.alerts USING btree (camera_id, raised_at DESC, id DESC);

CREATE INDEX alerts_chain ON public.alerts USING btree (chain_id, raised_at DESC, id DESC);

CREATE INDEX alerts_group ON public.alerts USING btree (group_id) WHERE (group_id IS NOT NULL);

CREATE INDEX alerts_open ON public.alerts USING btree (store_id) INCLUDE (chain_id, threat, waiting_since) WHERE (state = ANY (ARRAY['raised'::text, 'claimed'::text, 'snoozed'::text, 'escalated'::text]));

CREATE INDEX alerts_snoozed ON public.alerts USING btree (snoozed_until) WHERE (state = 'snoozed'::text);

CREATE INDEX alerts_store ON public.alerts USING btree (store_id, raised_at DESC, id DESC);

CREATE INDEX alerts_waiting ON public.alerts USING btree (waiting_since) WHERE (waiting_since IS NOT NULL);

CREATE INDEX audit_log_actor ON public.audit_log USING btree (ledger, actor_id, sequence);

CREATE INDEX audit_log_subject ON public.audit_log USING btree (ledger, subject_id, sequence) WHERE (subject_id IS NOT NULL);

CREATE INDEX audit_unsealed_order ON public.audit_unsealed USING btree (transaction, id);

CREATE INDEX camera_leases_worker ON public.camera_leases USING btree (worker_id);

CREATE INDEX camera_links_other ON public.camera_links USING btree (camera_b);

CREATE INDEX camera_links_store ON public.camera_links USING btree (store_id, created_at, id);

CREATE INDEX camera_places_store ON public.camera_places USING btree (store_id);

CREATE INDEX cameras_store ON public.cameras USING btree (store_id) WHERE (deleted_at IS NULL);

CREATE INDEX complaints_open ON public.complaints USING btree (store_id, happened_at) WHERE (state <> 'decided'::text);

CREATE INDEX complaints_store ON public.complaints USING btree (store_id, received_at DESC, id DESC);

CREATE INDEX data_request_footage_erased ON public.data_request_footage USING btree (chain_id, erase_from) WHERE (erase_from IS NOT NULL);

CREATE INDEX data_request_footage_evidence ON public.data_request_footage USING btree (evidence_id);

CREATE INDEX data_requests_chain ON public.data_requests USING btree (chain_id, received_at DESC, id DESC);

CREATE INDEX data_requests_visit ON public.data_requests USING btree (store_id) WHERE ((state = 'open'::text) AND (store_id IS NOT NULL));

CREATE INDEX deletion_receipts_chain ON public.deletion_receipts USING btree (chain_id, deleted_at DESC, id DESC);

CREATE INDEX enrolment_images_enrolment ON public.enrolment_images USING btree (enrolment_id);

CREATE INDEX enrolments_expiry ON public.enrolments USING btree (expires_at) WHERE (ended_at IS NULL);

CREATE INDEX enrolments_person ON public.enrolments USING btree (person_id);

CREATE INDEX enrolments_store ON public.enrolments USING btree (store_id, enrolled_at DESC, id DESC);

CREATE INDEX erasures_enrolment ON public.erasures USING btree (enrolment_id);

CREATE INDEX evidence_alert ON public.evidence USING btree (alert_id);

CREATE INDEX evidence_chain ON public.evidence USING btree (chain_id, created_at DESC, id DESC);

CREATE INDEX evidence_exports_evidence ON public.evidence_exports USING btree (evidence_id, created_at DESC);

CREATE INDEX evidence_exports_open ON public.evidence_exports USING btree (created_at) WHERE (state = ANY (ARRAY['waiting'::text, 'making'::text]));

CREATE INDEX evidence_incident ON public.evidence USING btree (incident_id) WHERE (incident_id IS NOT NULL);

CREATE INDEX evidence_open ON public.evidence USING btree (camera_id) WHERE (state = ANY (ARRAY['wanted'::text, 'recording'::text, 'uploading'::text]));

CREATE INDEX evidence_store ON public.evidence USING btree (store_id, created_at DESC, id DESC);

CREATE INDEX face_calibrations_model ON public.face_calibrations USING btree (model, model_version, made_at DESC);

CREATE INDEX facial_profiles_gallery ON ONLY public.facial_profiles USING btree (chain_id, model, model_version, rotation);

CREATE INDEX facial_profiles_128_chain_id_model_model_version_rotation_idx ON public.facial_profiles_128 USING btree (chain_id, model, model_version, rotation);

CREATE INDEX facial_profiles_512_chain_id_model_model_version_rotation_idx ON public.facial_profiles_512 USING btree (chain_id, model, model_version, rotation);

CREATE INDEX gait_profiles_chain ON public.gait_profiles USING btree (chain_id, rotation);

CREATE INDEX gait_profiles_person ON public.gait_profiles USING btree (person_id);

CREATE INDEX idempotency_keys_made ON public.idempotency_keys USING btree (((response ->> 'id'::text)));

CREATE INDEX incident_alerts_alert ON public.incident_alerts USING btree (alert_id);

CREATE INDEX incident_entries_incident ON public.incident_entries USING btree (incident_id, at, id);

CREATE INDEX incidents_by_rule ON public.incidents USING btree (camera_id, opened_at DESC) WHERE ((opened_by_rule IS NOT NULL) AND (state <> 'closed'::text));

CREATE INDEX incidents_chain ON public.incidents USING btree (chain_id, opened_at DESC, id DESC);

CREATE INDEX incidents_store ON public.incidents USING btree (store_id, opened_at DESC, id DESC);

CREATE INDEX key_destructions_chain ON public.key_destructions USING btree (chain_id, requested_at DESC);

CREATE UNIQUE INDEX match_suspensions_standing ON public.match_suspensions USING btree (store_id, camera_id, enrolment_id) NULLS NOT DISTINCT WHERE (lifted_at IS NULL);

CREATE INDEX matches_enrolment ON public.matches USING btree (enrolment_id, raised_at DESC);

CREATE INDEX matches_store ON public.matches USING btree (store_id, raised_at DESC, id DESC);

CREATE INDEX memberships_chain ON public.memberships USING btree (chain_id, role);

CREATE INDEX model_comparisons_camera ON public.model_comparisons USING btree (camera_id);

CREATE INDEX model_disagreements_age ON public.model_disagreements USING btree (kept_at);

CREATE INDEX model_disagreements_camera ON public.model_disagreements USING btree (camera_id);

CREATE INDEX model_disagreements_sealed ON public.model_disagreements USING btree (chain_id, picture_key);

CREATE INDEX model_disagreements_shadow ON public.model_disagreements USING btree (shadow_id, kept_at DESC);

CREATE INDEX model_readings_age ON public.model_readings USING btree (span, since);

CREATE INDEX model_readings_camera ON public.model_readings USING btree (camera_id);

CREATE INDEX model_shadows_newest ON public.model_shadows USING btree (chain_id, model, started_at DESC);

CREATE UNIQUE INDEX model_shadows_one ON public.model_shadows USING btree (chain_id, model) WHERE (ended_at IS NULL);

CREATE INDEX model_versions_chain ON public.model_versions USING btree (chain_id, pushed_at DESC, id DESC);

CREATE INDEX notification_channels_chain ON public.notification_channels USING btree (chain_id, created_at, id) WHERE (removed_at IS NULL);

CREATE INDEX notifications_checks ON public.notifications USING btree (next_at) WHERE ((state = ANY (ARRAY['checking'::text, 'sent'::text])) AND (next_at < 'infinity'::timestamp with time zone));

CREATE INDEX notifications_due ON public.notifications USING btree (channel_id, next_at, id) WHERE (state = 'queued'::text);

CREATE INDEX notifications_lapsed ON public.notifications USING btree (lease_until) WHERE (state = 'sending'::text);

CREATE INDEX notifications_log ON public.notifications USING btree (chain_id, created_at DESC, id DESC);

CREATE INDEX notifications_rate ON public.notifications USING btree (channel_id, tried_at) WHERE (tried_at IS NOT NULL);

CREATE INDEX persons_store ON public.persons USING btree (store_id, created_at DESC, id DESC);

CREATE INDEX privacy_masks_camera ON public.privacy_masks USING btree (camera_id) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX proposed_changes_open ON public.proposed_changes USING btree (store_id, kind, subject) WHERE (state = 'open'::text);

CREATE INDEX proposed_changes_store ON public.proposed_changes USING btree (store_id, kind, proposed_at DESC, id DESC);

CREATE INDEX rota_entries_chain ON public.rota_entries USING btree (chain_id, created_at, id);

CREATE INDEX rule_series_age ON public.rule_series USING btree (ended_at);

CREATE INDEX second_looks_chain ON public.second_looks USING btree (chain_id, asked_at);

CREATE INDEX sessions_previous_refresh ON public.sessions USING btree (previous_refresh_hash);

CREATE INDEX sessions_refresh ON public.sessions USING btree (refresh_hash);

CREATE INDEX sessions_user ON public.sessions USING btree (user_id, created_at) WHERE (revoked_at IS NULL);

CREATE INDEX sign_photos_store ON public.sign_photos USING btree (store_id, taken_on DESC, id DESC);

CREATE INDEX stores_region ON public.stores USING btree (region_id) WHERE (region_id IS NOT NULL);

CREATE INDEX stream_sessions_camera ON public.stream_sessions USING btree (camera_id, started_at DESC);

CREATE INDEX training_records_user ON public.training_records USING btree (user_id, course_id, expires_on DESC);

CREATE INDEX visit_sightings_ended ON public.visit_sightings USING btree (ended_at);

CREATE INDEX visit_sightings_store ON public.visit_sightings USING btree (store_id);

CREATE INDEX visit_sightings_visit ON public.visit_sightings USING btree (visit_id, started_at);

CREATE UNIQUE INDEX watchlist_assignments_live ON public.watchlist_assignments USING btree (watchlist_id, store_id) WHERE (state = ANY (ARRAY['proposed'::text, 'approved'::text]));

CREATE INDEX watchlist_assignments_store ON public.watchlist_assignments USING btree (store_id, watchlist_id);

CREATE INDEX watchlists_store ON public.watchlists USING btree (store_id, created_at, id);

CREATE INDEX zones_camera ON public.zones USING btree (camera_id) WHERE (deleted_at IS NULL);

ALTER INDEX public.ai_detections_camera ATTACH PARTITION public.ai_detections_default_camera_id_started_at_id_idx;

ALTER INDEX public.ai_detections_pkey ATTACH PARTITION public.ai_detections_default_pkey;

ALTER INDEX public.ai_detections_store ATTACH PARTITION public.ai_detections_default_store_id_started_at_id_idx;

ALTER INDEX public.facial_profiles_gallery ATTACH PARTITION public.facial_profiles_128_chain_id_model_model_version_rotation_idx;

ALTER INDEX public.facial_profiles_enrolment_id_model_model_version_rotation_d_key ATTACH PARTITION public.facial_profiles_128_enrolment_id_model_model_version_rotati_key;

ALTER INDEX public.facial_profiles_pkey ATTACH PARTITION public.facial_profiles_128_pkey;

ALTER INDEX public.facial_profiles_gallery ATTACH PARTITION public.facial_profiles_512_chain_id_model_model_version_rotation_idx;

ALTER INDEX public.facial_profiles_enrolment_id_model_model_version_rotation_d_key ATTACH PARTITION public.facial_profiles_512_enrolment_id_model_model_version_rotati_key;

ALTER INDEX public.facial_profiles_pkey ATTACH PARTITION public.facial_profiles_512_pkey;

CREATE TRIGGER alerts_want_evidence AFTER INSERT ON public.alerts FOR EACH ROW EXECUTE FUNCTION public.want_evidence();

CREATE TRIGGER biometrics_face BEFORE INSERT OR UPDATE OF box, points, store_id ON public.enrolment_images FOR EACH ROW EXECUTE FUNCTION public.refuse_biometrics_when_off('face', 'picture', 'box', 'points');

CREATE TRIGGER biometrics_face BEFORE INSERT OR UPDATE OF embeddings, features, dimensions, store_id ON public.facial_profiles FOR EACH ROW EXECUTE FUNCTION public.refuse_biometrics_when_off('face', 'embeddings', 'template');

CREATE TRIGGER biometrics_face BEFORE INSERT OR UPDATE OF store_id ON public.match_pictures FOR EACH ROW EXECUTE FUNCTION public.refuse_biometrics_when_off('face', 'picture');

CREATE TRIGGER biometrics_face BEFORE INSERT OR UPDATE OF match_score, quality, evidence, store_id ON public.matches FOR EACH ROW EXECUTE FUNCTION public.refuse_biometrics_when_off('face', 'match_score', 'quality');

CREATE TRIGGER biometrics_gait BEFORE INSERT OR UPDATE OF embeddings, features, store_id ON public.gait_profiles FOR EACH ROW EXECUTE FUNCTION public.refuse_biometrics_when_off('gait', 'embeddings', 'template');

CREATE TRIGGER biometrics_gait BEFORE INSERT OR UPDATE ON public.gait_supports FOR EACH ROW EXECUTE FUNCTION public.refuse_biometrics_when_off('gait', 'features');

CREATE TRIGGER biometrics_re_identification BEFORE INSERT OR UPDATE ON public.visit_sightings FOR EACH ROW EXECUTE FUNCTION public.refuse_biometrics_when_off('re_identification', 'visit_id');

CREATE TRIGGER cameras_bump AFTER INSERT OR DELETE OR UPDATE ON public.cameras FOR EACH STATEMENT EXECUTE FUNCTION public.bump_configuration_revision();

CREATE TRIGGER enrolments_gallery_delete AFTER DELETE ON public.enrolments REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER enrolments_gallery_insert AFTER INSERT ON public.enrolments REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER enrolments_gallery_update AFTER UPDATE ON public.enrolments REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER facial_profiles_gallery_delete AFTER DELETE ON public.facial_profiles REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER facial_profiles_gallery_insert AFTER INSERT ON public.facial_profiles REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER facial_profiles_gallery_update AFTER UPDATE ON public.facial_profiles REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER match_suspensions_gallery_delete AFTER DELETE ON public.match_suspensions REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER match_suspensions_gallery_insert AFTER INSERT ON public.match_suspensions REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER match_suspensions_gallery_update AFTER UPDATE ON public.match_suspensions REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER match_thresholds_gallery_delete AFTER DELETE ON public.match_thresholds REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER match_thresholds_gallery_insert AFTER INSERT ON public.match_thresholds REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER match_thresholds_gallery_update AFTER UPDATE ON public.match_thresholds REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER notifications_announce AFTER INSERT ON public.notifications FOR EACH STATEMENT EXECUTE FUNCTION public.announce_notifications();

CREATE TRIGGER outbox_announce AFTER INSERT ON public.outbox FOR EACH STATEMENT EXECUTE FUNCTION public.announce_outbox();

CREATE TRIGGER privacy_masks_bump AFTER INSERT OR DELETE OR UPDATE ON public.privacy_masks FOR EACH STATEMENT EXECUTE FUNCTION public.bump_configuration_revision();

CREATE TRIGGER rules_bump AFTER INSERT OR DELETE OR UPDATE ON public.rules FOR EACH STATEMENT EXECUTE FUNCTION public.bump_configuration_revision();

CREATE TRIGGER site_policies_bump AFTER INSERT OR DELETE OR UPDATE ON public.site_policies FOR EACH STATEMENT EXECUTE FUNCTION public.bump_configuration_revision();

CREATE TRIGGER site_policies_check BEFORE INSERT OR DELETE OR UPDATE ON public.site_policies FOR EACH ROW EXECUTE FUNCTION public.check_site_policy();

CREATE TRIGGER stores_bump AFTER UPDATE ON public.stores FOR EACH STATEMENT EXECUTE FUNCTION public.bump_configuration_revision();

CREATE TRIGGER template_rotations_gallery_delete AFTER DELETE ON public.template_rotations REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER template_rotations_gallery_insert AFTER INSERT ON public.template_rotations REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER template_rotations_gallery_update AFTER UPDATE ON public.template_rotations REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER watchlist_assignments_gallery_delete AFTER DELETE ON public.watchlist_assignments REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER watchlist_assignments_gallery_insert AFTER INSERT ON public.watchlist_assignments REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER watchlist_assignments_gallery_update AFTER UPDATE ON public.watchlist_assignments REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER watchlists_gallery_delete AFTER DELETE ON public.watchlists REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER watchlists_gallery_insert AFTER INSERT ON public.watchlists REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER watchlists_gallery_update AFTER UPDATE ON public.watchlists REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.bump_gallery_revision();

CREATE TRIGGER zones_bump AFTER INSERT OR DELETE OR UPDATE ON public.zones FOR EACH STATEMENT EXECUTE FUNCTION public.bump_configuration_revision();

ALTER TABLE ONLY public.acceptance_tests
    ADD CONSTRAINT acceptance_tests_chain_id_recorded_by_fkey FOREIGN KEY (chain_id, recorded_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.acceptance_tests
    ADD CONSTRAINT acceptance_tests_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.alert_occurrences
    ADD CONSTRAINT alert_occurrences_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES public.alerts(id);

ALTER TABLE ONLY public.alert_occurrences
    ADD CONSTRAINT alert_occurrences_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.alert_views
    ADD CONSTRAINT alert_views_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES public.alerts(id);

ALTER TABLE ONLY public.alert_views
    ADD CONSTRAINT alert_views_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.alert_views
    ADD CONSTRAINT alert_views_chain_id_user_id_fkey FOREIGN KEY (chain_id, user_id) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_acknowledged_by_fkey FOREIGN KEY (acknowledged_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_claimed_by_fkey FOREIGN KEY (claimed_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_escalated_by_fkey FOREIGN KEY (escalated_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_resolved_by_fkey FOREIGN KEY (resolved_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_snoozed_by_fkey FOREIGN KEY (snoozed_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_zone_id_fkey FOREIGN KEY (zone_id) REFERENCES public.zones(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.camera_leases
    ADD CONSTRAINT camera_leases_camera_id_fkey FOREIGN KEY (camera_id) REFERENCES public.cameras(id);

ALTER TABLE ONLY public.camera_links
    ADD CONSTRAINT camera_links_chain_id_store_id_camera_a_fkey FOREIGN KEY (chain_id, store_id, camera_a) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.camera_links
    ADD CONSTRAINT camera_links_chain_id_store_id_camera_b_fkey FOREIGN KEY (chain_id, store_id, camera_b) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.camera_links
    ADD CONSTRAINT camera_links_zone_a_fkey FOREIGN KEY (zone_a) REFERENCES public.zones(id);

ALTER TABLE ONLY public.camera_links
    ADD CONSTRAINT camera_links_zone_b_fkey FOREIGN KEY (zone_b) REFERENCES public.zones(id);

ALTER TABLE ONLY public.camera_places
    ADD CONSTRAINT camera_places_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.camera_places
    ADD CONSTRAINT camera_places_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.floor_plans(store_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.camera_status
    ADD CONSTRAINT camera_status_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.cameras
    ADD CONSTRAINT cameras_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.cameras
    ADD CONSTRAINT cameras_credentials_key FOREIGN KEY (chain_id, credentials_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.checkpoints
    ADD CONSTRAINT checkpoints_shard_fkey FOREIGN KEY (shard) REFERENCES public.shard_leases(shard);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_acknowledged_by_fkey FOREIGN KEY (acknowledged_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_chain_id_store_id_match_id_fkey FOREIGN KEY (chain_id, store_id, match_id) REFERENCES public.matches(chain_id, store_id, id);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_contact_key FOREIGN KEY (chain_id, contact_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.data_request_footage
    ADD CONSTRAINT data_request_footage_chain_id_request_id_fkey FOREIGN KEY (chain_id, request_id) REFERENCES public.data_requests(chain_id, id);

ALTER TABLE ONLY public.data_request_footage
    ADD CONSTRAINT data_request_footage_chain_id_store_id_evidence_id_fkey FOREIGN KEY (chain_id, store_id, evidence_id) REFERENCES public.evidence(chain_id, store_id, id);

ALTER TABLE ONLY public.data_request_footage
    ADD CONSTRAINT data_request_footage_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.data_request_subjects
    ADD CONSTRAINT data_request_subjects_added_by_fkey FOREIGN KEY (added_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.data_request_subjects
    ADD CONSTRAINT data_request_subjects_chain_id_enrolment_id_fkey FOREIGN KEY (chain_id, enrolment_id) REFERENCES public.enrolments(chain_id, id);

ALTER TABLE ONLY public.data_request_subjects
    ADD CONSTRAINT data_request_subjects_chain_id_request_id_fkey FOREIGN KEY (chain_id, request_id) REFERENCES public.data_requests(chain_id, id);

ALTER TABLE ONLY public.data_request_subjects
    ADD CONSTRAINT data_request_subjects_enrolment_id_fkey FOREIGN KEY (enrolment_id) REFERENCES public.enrolments(id);

ALTER TABLE ONLY public.data_request_subjects
    ADD CONSTRAINT data_request_subjects_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES public.erasures(id);

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_answered_by_fkey FOREIGN KEY (answered_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_contact_key FOREIGN KEY (chain_id, contact_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.deletion_receipts
    ADD CONSTRAINT deletion_receipts_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.enrolment_images
    ADD CONSTRAINT enrolment_images_chain_id_picture_key_fkey FOREIGN KEY (chain_id, picture_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.enrolment_images
    ADD CONSTRAINT enrolment_images_chain_id_store_id_enrolment_id_fkey FOREIGN KEY (chain_id, store_id, enrolment_id) REFERENCES public.enrolments(chain_id, store_id, id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_chain_id_enrolled_by_fkey FOREIGN KEY (chain_id, enrolled_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_chain_id_store_id_incident_id_fkey FOREIGN KEY (chain_id, store_id, incident_id) REFERENCES public.incidents(chain_id, store_id, id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_chain_id_store_id_person_id_fkey FOREIGN KEY (chain_id, store_id, person_id) REFERENCES public.persons(chain_id, store_id, id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_chain_id_store_id_watchlist_id_fkey FOREIGN KEY (chain_id, store_id, watchlist_id) REFERENCES public.watchlists(chain_id, store_id, id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_chain_id_store_id_enrolment_id_fkey FOREIGN KEY (chain_id, store_id, enrolment_id) REFERENCES public.enrolments(chain_id, store_id, id);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES public.alerts(id);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_chain_id_store_id_incident_id_fkey FOREIGN KEY (chain_id, store_id, incident_id) REFERENCES public.incidents(chain_id, store_id, id);

ALTER TABLE ONLY public.evidence_custody
    ADD CONSTRAINT evidence_custody_chain_id_store_id_evidence_id_fkey FOREIGN KEY (chain_id, store_id, evidence_id) REFERENCES public.evidence(chain_id, store_id, id);

ALTER TABLE ONLY public.evidence_exports
    ADD CONSTRAINT evidence_exports_chain_id_store_id_evidence_id_fkey FOREIGN KEY (chain_id, store_id, evidence_id) REFERENCES public.evidence(chain_id, store_id, id);

ALTER TABLE ONLY public.evidence_exports
    ADD CONSTRAINT evidence_exports_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.face_calibrations
    ADD CONSTRAINT face_calibrations_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE public.facial_profiles
    ADD CONSTRAINT facial_profiles_chain_id_store_id_enrolment_id_fkey FOREIGN KEY (chain_id, store_id, enrolment_id) REFERENCES public.enrolments(chain_id, store_id, id);

ALTER TABLE public.facial_profiles
    ADD CONSTRAINT facial_profiles_chain_id_store_id_person_id_fkey FOREIGN KEY (chain_id, store_id, person_id) REFERENCES public.persons(chain_id, store_id, id);

ALTER TABLE public.facial_profiles
    ADD CONSTRAINT facial_profiles_chain_id_template_key_fkey FOREIGN KEY (chain_id, template_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.floor_plans
    ADD CONSTRAINT floor_plans_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.gait_profiles
    ADD CONSTRAINT gait_profiles_chain_id_proposed_by_fkey FOREIGN KEY (chain_id, proposed_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.gait_profiles
    ADD CONSTRAINT gait_profiles_chain_id_store_id_enrolment_id_fkey FOREIGN KEY (chain_id, store_id, enrolment_id) REFERENCES public.enrolments(chain_id, store_id, id);

ALTER TABLE ONLY public.gait_profiles
    ADD CONSTRAINT gait_profiles_chain_id_store_id_person_id_fkey FOREIGN KEY (chain_id, store_id, person_id) REFERENCES public.persons(chain_id, store_id, id);

ALTER TABLE ONLY public.gait_profiles
    ADD CONSTRAINT gait_profiles_chain_id_template_key_fkey FOREIGN KEY (chain_id, template_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.gait_supports
    ADD CONSTRAINT gait_supports_chain_id_store_id_match_id_fkey FOREIGN KEY (chain_id, store_id, match_id) REFERENCES public.matches(chain_id, store_id, id);

ALTER TABLE ONLY public.gallery_revisions
    ADD CONSTRAINT gallery_revisions_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.identity_settings
    ADD CONSTRAINT identity_settings_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.identity_settings
    ADD CONSTRAINT identity_settings_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.incident_alerts
    ADD CONSTRAINT incident_alerts_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES public.alerts(id);

ALTER TABLE ONLY public.incident_alerts
    ADD CONSTRAINT incident_alerts_chain_id_store_id_incident_id_fkey FOREIGN KEY (chain_id, store_id, incident_id) REFERENCES public.incidents(chain_id, store_id, id);

ALTER TABLE ONLY public.incident_entries
    ADD CONSTRAINT incident_entries_by_user_fkey FOREIGN KEY (by_user) REFERENCES public.users(id);

ALTER TABLE ONLY public.incident_entries
    ADD CONSTRAINT incident_entries_chain_id_store_id_incident_id_fkey FOREIGN KEY (chain_id, store_id, incident_id) REFERENCES public.incidents(chain_id, store_id, id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_opened_by_fkey FOREIGN KEY (opened_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.key_destructions
    ADD CONSTRAINT key_destructions_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.live_layouts
    ADD CONSTRAINT live_layouts_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.match_pictures
    ADD CONSTRAINT match_pictures_chain_id_picture_key_fkey FOREIGN KEY (chain_id, picture_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.match_pictures
    ADD CONSTRAINT match_pictures_chain_id_store_id_match_id_fkey FOREIGN KEY (chain_id, store_id, match_id) REFERENCES public.matches(chain_id, store_id, id);

ALTER TABLE ONLY public.match_reviews
    ADD CONSTRAINT match_reviews_chain_id_reviewed_by_fkey FOREIGN KEY (chain_id, reviewed_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.match_reviews
    ADD CONSTRAINT match_reviews_chain_id_store_id_match_id_fkey FOREIGN KEY (chain_id, store_id, match_id) REFERENCES public.matches(chain_id, store_id, id);

ALTER TABLE ONLY public.match_suspensions
    ADD CONSTRAINT match_suspensions_chain_id_enrolment_id_fkey FOREIGN KEY (chain_id, enrolment_id) REFERENCES public.enrolments(chain_id, id);

ALTER TABLE ONLY public.match_suspensions
    ADD CONSTRAINT match_suspensions_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.match_suspensions
    ADD CONSTRAINT match_suspensions_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.match_thresholds
    ADD CONSTRAINT match_thresholds_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.match_thresholds
    ADD CONSTRAINT match_thresholds_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.proposed_changes(id);

ALTER TABLE ONLY public.match_thresholds
    ADD CONSTRAINT match_thresholds_watchlist_id_fkey FOREIGN KEY (watchlist_id) REFERENCES public.watchlists(id);

ALTER TABLE ONLY public.matches
    ADD CONSTRAINT matches_chain_id_enrolment_id_fkey FOREIGN KEY (chain_id, enrolment_id) REFERENCES public.enrolments(chain_id, id);

ALTER TABLE ONLY public.matches
    ADD CONSTRAINT matches_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_chain_id_region_id_fkey FOREIGN KEY (chain_id, region_id) REFERENCES public.regions(chain_id, id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_chain_id_user_id_fkey FOREIGN KEY (chain_id, user_id) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.model_comparisons
    ADD CONSTRAINT model_comparisons_camera_id_fkey FOREIGN KEY (camera_id) REFERENCES public.cameras(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.model_comparisons
    ADD CONSTRAINT model_comparisons_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.model_comparisons
    ADD CONSTRAINT model_comparisons_shadow_id_fkey FOREIGN KEY (shadow_id) REFERENCES public.model_shadows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.model_disagreements
    ADD CONSTRAINT model_disagreements_camera_id_fkey FOREIGN KEY (camera_id) REFERENCES public.cameras(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.model_disagreements
    ADD CONSTRAINT model_disagreements_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.model_disagreements
    ADD CONSTRAINT model_disagreements_chain_id_picture_key_fkey FOREIGN KEY (chain_id, picture_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.model_disagreements
    ADD CONSTRAINT model_disagreements_shadow_id_fkey FOREIGN KEY (shadow_id) REFERENCES public.model_shadows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.model_pointers
    ADD CONSTRAINT model_pointers_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.model_readings
    ADD CONSTRAINT model_readings_camera_id_fkey FOREIGN KEY (camera_id) REFERENCES public.cameras(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.model_readings
    ADD CONSTRAINT model_readings_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.model_shadows
    ADD CONSTRAINT model_shadows_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.model_versions
    ADD CONSTRAINT model_versions_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_address_key FOREIGN KEY (chain_id, address_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_chain_id_user_id_fkey FOREIGN KEY (chain_id, user_id) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_previous_secret_key FOREIGN KEY (chain_id, previous_secret_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_secret_key FOREIGN KEY (chain_id, secret_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES public.notification_channels(id);

ALTER TABLE ONLY public.oidc_group_mappings
    ADD CONSTRAINT oidc_group_mappings_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.oidc_group_mappings
    ADD CONSTRAINT oidc_group_mappings_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.oidc_identities
    ADD CONSTRAINT oidc_identities_chain_id_user_id_fkey FOREIGN KEY (chain_id, user_id) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.oidc_region_mappings
    ADD CONSTRAINT oidc_region_mappings_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.oidc_region_mappings
    ADD CONSTRAINT oidc_region_mappings_chain_id_region_id_fkey FOREIGN KEY (chain_id, region_id) REFERENCES public.regions(chain_id, id);

ALTER TABLE ONLY public.persons
    ADD CONSTRAINT persons_chain_id_created_by_fkey FOREIGN KEY (chain_id, created_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.persons
    ADD CONSTRAINT persons_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.privacy_masks
    ADD CONSTRAINT privacy_masks_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.proposed_changes
    ADD CONSTRAINT proposed_changes_chain_id_proposed_by_fkey FOREIGN KEY (chain_id, proposed_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.proposed_changes
    ADD CONSTRAINT proposed_changes_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_chain_id_user_id_fkey FOREIGN KEY (chain_id, user_id) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.regions
    ADD CONSTRAINT regions_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.retention_rules
    ADD CONSTRAINT retention_rules_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.retention_rules
    ADD CONSTRAINT retention_rules_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.rota_entries
    ADD CONSTRAINT rota_entries_chain_id_region_id_fkey FOREIGN KEY (chain_id, region_id) REFERENCES public.regions(chain_id, id);

ALTER TABLE ONLY public.rota_entries
    ADD CONSTRAINT rota_entries_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.rota_entries
    ADD CONSTRAINT rota_entries_chain_id_user_id_fkey FOREIGN KEY (chain_id, user_id) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.rule_series
    ADD CONSTRAINT rule_series_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.rules
    ADD CONSTRAINT rules_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.rules
    ADD CONSTRAINT rules_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.rules
    ADD CONSTRAINT rules_zone_id_fkey FOREIGN KEY (zone_id) REFERENCES public.zones(id);

ALTER TABLE ONLY public.second_looks
    ADD CONSTRAINT second_looks_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES public.alerts(id);

ALTER TABLE ONLY public.second_looks
    ADD CONSTRAINT second_looks_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_chain_id_user_id_fkey FOREIGN KEY (chain_id, user_id) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.sign_in_settings
    ADD CONSTRAINT sign_in_settings_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.sign_photos
    ADD CONSTRAINT sign_photos_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.sign_photos
    ADD CONSTRAINT sign_photos_chain_id_uploaded_by_fkey FOREIGN KEY (chain_id, uploaded_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_secret_key FOREIGN KEY (chain_id, secret_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.site_policies
    ADD CONSTRAINT site_policies_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.site_policies
    ADD CONSTRAINT site_policies_sign_photo_id_fkey FOREIGN KEY (sign_photo_id) REFERENCES public.sign_photos(id);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_chain_id_region_id_fkey FOREIGN KEY (chain_id, region_id) REFERENCES public.regions(chain_id, id);

ALTER TABLE ONLY public.stranger_scores
    ADD CONSTRAINT stranger_scores_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.stream_sessions
    ADD CONSTRAINT stream_sessions_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.template_rotations
    ADD CONSTRAINT template_rotations_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.template_rotations
    ADD CONSTRAINT template_rotations_chain_id_seed_key_fkey FOREIGN KEY (chain_id, seed_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.tenant_keys
    ADD CONSTRAINT tenant_keys_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.totp_secrets
    ADD CONSTRAINT totp_secrets_chain_id_user_id_fkey FOREIGN KEY (chain_id, user_id) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.totp_secrets
    ADD CONSTRAINT totp_secrets_secret_key FOREIGN KEY (chain_id, secret_key) REFERENCES public.tenant_keys(chain_id, version);

ALTER TABLE ONLY public.training_courses
    ADD CONSTRAINT training_courses_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.training_records
    ADD CONSTRAINT training_records_chain_id_course_id_fkey FOREIGN KEY (chain_id, course_id) REFERENCES public.training_courses(chain_id, id);

ALTER TABLE ONLY public.training_records
    ADD CONSTRAINT training_records_chain_id_recorded_by_fkey FOREIGN KEY (chain_id, recorded_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.training_records
    ADD CONSTRAINT training_records_chain_id_user_id_fkey FOREIGN KEY (chain_id, user_id) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_chain_id_fkey FOREIGN KEY (chain_id) REFERENCES public.chains(id);

ALTER TABLE ONLY public.visit_sightings
    ADD CONSTRAINT visit_sightings_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE ONLY public.watchlist_assignments
    ADD CONSTRAINT watchlist_assignments_chain_id_home_store_id_watchlist_id_fkey FOREIGN KEY (chain_id, home_store_id, watchlist_id) REFERENCES public.watchlists(chain_id, store_id, id);

ALTER TABLE ONLY public.watchlist_assignments
    ADD CONSTRAINT watchlist_assignments_chain_id_proposed_by_fkey FOREIGN KEY (chain_id, proposed_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.watchlist_assignments
    ADD CONSTRAINT watchlist_assignments_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.watchlists
    ADD CONSTRAINT watchlists_chain_id_created_by_fkey FOREIGN KEY (chain_id, created_by) REFERENCES public.users(chain_id, id);

ALTER TABLE ONLY public.watchlists
    ADD CONSTRAINT watchlists_chain_id_region_id_fkey FOREIGN KEY (chain_id, region_id) REFERENCES public.regions(chain_id, id);

ALTER TABLE ONLY public.watchlists
    ADD CONSTRAINT watchlists_chain_id_store_id_fkey FOREIGN KEY (chain_id, store_id) REFERENCES public.stores(chain_id, id);

ALTER TABLE ONLY public.zones
    ADD CONSTRAINT zones_chain_id_store_id_camera_id_fkey FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES public.cameras(chain_id, store_id, id);

ALTER TABLE public.acceptance_tests ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ai_detections ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.alert_occurrences ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.alert_views ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.alerts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY append ON public.audit_unsealed FOR INSERT TO pennyprotect_app WITH CHECK ((NOT (chain_id IS DISTINCT FROM ( SELECT public.tenant_chain() AS tenant_chain))));

CREATE POLICY assigned ON public.enrolment_images FOR SELECT TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (enrolment_id IN ( SELECT e.id
   FROM public.enrolments e
  WHERE (e.watchlist_id IN ( SELECT public.lists_assigned_here() AS lists_assigned_here))))));

CREATE POLICY assigned ON public.enrolments FOR SELECT TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (watchlist_id IN ( SELECT public.lists_assigned_here() AS lists_assigned_here))));

CREATE POLICY assigned ON public.persons FOR SELECT TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (id IN ( SELECT e.person_id
   FROM public.enrolments e
  WHERE (e.watchlist_id IN ( SELECT public.lists_assigned_here() AS lists_assigned_here))))));

CREATE POLICY assigned ON public.watchlists FOR SELECT TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (id IN ( SELECT public.lists_assigned_here() AS lists_assigned_here))));

ALTER TABLE public.audit_checks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_log ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_unsealed ENABLE ROW LEVEL SECURITY;

CREATE POLICY calibrates ON public.face_calibrations FOR INSERT TO pennyprotect_app WITH CHECK (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (( SELECT public.tenant_stores() AS tenant_stores) IS NULL)));

ALTER TABLE public.camera_links ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.camera_places ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.camera_status ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.cameras ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.chains ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.complaints ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.data_request_footage ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.data_request_subjects ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.data_requests ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.deletion_receipts ENABLE ROW LEVEL SECURITY;

CREATE POLICY dispatcher ON public.alerts TO pennyprotect_dispatcher USING (true);

CREATE POLICY dispatcher ON public.audit_unsealed FOR INSERT TO pennyprotect_dispatcher WITH CHECK ((actor_kind = 'system'::text));

CREATE POLICY dispatcher ON public.memberships FOR SELECT TO pennyprotect_dispatcher USING (true);

CREATE POLICY dispatcher ON public.notification_channels FOR SELECT TO pennyprotect_dispatcher USING (true);

CREATE POLICY dispatcher ON public.notifications TO pennyprotect_dispatcher USING (true);

CREATE POLICY dispatcher ON public.outbox TO pennyprotect_dispatcher USING (true);

CREATE POLICY dispatcher ON public.rota_entries FOR SELECT TO pennyprotect_dispatcher USING (true);

CREATE POLICY dispatcher ON public.stores FOR SELECT TO pennyprotect_dispatcher USING (true);

CREATE POLICY dispatcher ON public.users FOR SELECT TO pennyprotect_dispatcher USING (true);

ALTER TABLE public.enrolment_images ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.enrolments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.erasures ENABLE ROW LEVEL SECURITY;

CREATE POLICY everybody ON public.face_calibrations FOR SELECT TO pennyprotect_app USING (((chain_id IS NULL) OR (chain_id = ( SELECT public.tenant_chain() AS tenant_chain))));

ALTER TABLE public.evidence ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.evidence_custody ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.evidence_exports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.face_calibrations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.facial_profiles ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.floor_plans ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.gait_profiles ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.gait_supports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.gallery_revisions ENABLE ROW LEVEL SECURITY;

CREATE POLICY home ON public.watchlist_assignments TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (home_store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[]))));

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identity_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.incident_alerts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.incident_entries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.incidents ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.key_destructions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.live_layouts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.match_pictures ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.match_reviews ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.match_suspensions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.match_thresholds ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.matches ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.memberships ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.model_comparisons ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.model_disagreements ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.model_pointers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.model_readings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.model_shadows ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.model_versions ENABLE ROW LEVEL SECURITY;

CREATE POLICY not_deleted_here ON public.evidence AS RESTRICTIVE FOR UPDATE TO pennyprotect_app USING (true) WITH CHECK ((state <> 'deleted'::text));

ALTER TABLE public.notification_channels ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notifications ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.oidc_group_mappings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.oidc_identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.oidc_region_mappings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON public.idempotency_keys TO pennyprotect_app USING ((principal = (NULLIF(current_setting('pennyprotect.principal'::text, true), ''::text))::uuid));

ALTER TABLE public.persons ENABLE ROW LEVEL SECURITY;

CREATE POLICY pipeline ON public.ai_detections TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.alert_occurrences TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.alerts TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.audit_unsealed FOR INSERT TO pennyprotect_pipeline WITH CHECK ((actor_kind = 'system'::text));

CREATE POLICY pipeline ON public.camera_links TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.camera_status TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.cameras TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.face_calibrations TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.gait_supports TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.incident_alerts TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.incident_entries FOR INSERT TO pennyprotect_pipeline WITH CHECK ((by_user IS NULL));

CREATE POLICY pipeline ON public.incidents TO pennyprotect_pipeline USING ((opened_by IS NULL));

CREATE POLICY pipeline ON public.match_pictures TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.matches TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.outbox TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.rule_series TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.rules TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.site_policies FOR SELECT TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.stores TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.stranger_scores TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.stream_sessions TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.tenant_keys FOR SELECT TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.visit_sightings TO pennyprotect_pipeline USING (true);

CREATE POLICY pipeline ON public.zones TO pennyprotect_pipeline USING (true);

ALTER TABLE public.privacy_masks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.proposed_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.recovery_codes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.regions ENABLE ROW LEVEL SECURITY;

CREATE POLICY retention ON public.audit_unsealed FOR INSERT TO pennyprotect_retention WITH CHECK ((actor_kind = 'system'::text));

CREATE POLICY retention ON public.complaints FOR SELECT TO pennyprotect_retention USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY retention ON public.data_request_footage FOR SELECT TO pennyprotect_retention USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY retention ON public.data_requests FOR SELECT TO pennyprotect_retention USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY retention ON public.deletion_receipts FOR INSERT TO pennyprotect_retention WITH CHECK ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY retention ON public.evidence TO pennyprotect_retention USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY retention ON public.evidence_custody TO pennyprotect_retention USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain))) WITH CHECK (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (actor_kind = 'system'::text)));

CREATE POLICY retention ON public.evidence_exports TO pennyprotect_retention USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY retention ON public.incident_alerts FOR SELECT TO pennyprotect_retention USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY retention ON public.incidents FOR SELECT TO pennyprotect_retention USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY retention ON public.retention_rules FOR SELECT TO pennyprotect_retention USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

ALTER TABLE public.retention_rules ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rota_entries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rule_series ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rules ENABLE ROW LEVEL SECURITY;

CREATE POLICY sealer ON public.audit_checks TO pennyprotect_sealer USING (true);

CREATE POLICY sealer ON public.audit_log TO pennyprotect_sealer USING (true);

CREATE POLICY sealer ON public.audit_unsealed TO pennyprotect_sealer USING (true);

ALTER TABLE public.second_looks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sign_in_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sign_photos ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.signing_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.site_policies ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.stores ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.stranger_scores ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.stream_sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.template_rotations ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON public.acceptance_tests TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.ai_detections TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.alert_occurrences FOR SELECT TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.alert_views TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.alerts TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.api_keys TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.audit_checks FOR SELECT TO pennyprotect_app USING ((ledger = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.audit_log FOR SELECT TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.camera_links TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.camera_places TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.camera_status TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.cameras TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.chains TO pennyprotect_app USING ((id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.complaints TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.data_request_footage TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (( SELECT public.tenant_stores() AS tenant_stores) IS NULL)));

CREATE POLICY tenant ON public.data_request_subjects TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (( SELECT public.tenant_stores() AS tenant_stores) IS NULL)));

CREATE POLICY tenant ON public.data_requests TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (( SELECT public.tenant_stores() AS tenant_stores) IS NULL)));

CREATE POLICY tenant ON public.deletion_receipts TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.enrolment_images TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.enrolments TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.erasures TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.evidence TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.evidence_custody TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.evidence_exports TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.facial_profiles TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.floor_plans TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.gait_profiles TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.gait_supports TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.gallery_revisions TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.identity_settings TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.incident_alerts TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.incident_entries TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.incidents TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.key_destructions TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.live_layouts TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[]))) AND ((owner IS NULL) OR (owner = (NULLIF(current_setting('pennyprotect.principal'::text, true), ''::text))::uuid))));

CREATE POLICY tenant ON public.match_pictures TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.match_reviews TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.match_suspensions TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.match_thresholds TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.matches TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.memberships TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.model_comparisons TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (( SELECT public.tenant_stores() AS tenant_stores) IS NULL)));

CREATE POLICY tenant ON public.model_disagreements TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (( SELECT public.tenant_stores() AS tenant_stores) IS NULL)));

CREATE POLICY tenant ON public.model_pointers TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.model_readings TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (( SELECT public.tenant_stores() AS tenant_stores) IS NULL)));

CREATE POLICY tenant ON public.model_shadows TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND (( SELECT public.tenant_stores() AS tenant_stores) IS NULL)));

CREATE POLICY tenant ON public.model_versions TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.notification_channels TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.notifications TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.oidc_group_mappings TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.oidc_identities TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.oidc_region_mappings TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.outbox TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.persons TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.privacy_masks TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.proposed_changes TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.recovery_codes TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.regions TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.retention_rules TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[]))))) WITH CHECK (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.rota_entries TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.rule_series TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.rules TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.second_looks TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.sessions TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.sign_in_settings TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.sign_photos TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.signing_keys TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.site_policies TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.stores TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.stranger_scores TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.stream_sessions TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.template_rotations TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.tenant_keys TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.totp_secrets TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.training_courses TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.training_records TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.users TO pennyprotect_app USING ((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)));

CREATE POLICY tenant ON public.visit_sightings TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.watchlist_assignments TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.watchlists TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

CREATE POLICY tenant ON public.zones TO pennyprotect_app USING (((chain_id = ( SELECT public.tenant_chain() AS tenant_chain)) AND ((( SELECT public.tenant_stores() AS tenant_stores) IS NULL) OR (store_id = ANY (( SELECT public.tenant_stores() AS tenant_stores)::uuid[])))));

ALTER TABLE public.tenant_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.totp_secrets ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.training_courses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.training_records ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.visit_sightings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.watchlist_assignments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.watchlists ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.zones ENABLE ROW LEVEL SECURITY;

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO pennyprotect_app;
GRANT USAGE ON SCHEMA public TO pennyprotect_pipeline;
GRANT USAGE ON SCHEMA public TO pennyprotect_dispatcher;
GRANT USAGE ON SCHEMA public TO pennyprotect_sealer;
GRANT USAGE ON SCHEMA public TO pennyprotect_retention;

REVOKE ALL ON FUNCTION public.announce_notifications() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.announce_outbox() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.api_key_lookup(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.api_key_lookup(wanted bytea) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.append_act(id uuid, chain_id uuid, store_id uuid, actor_kind text, actor_id uuid, act text, subject_kind text, subject_id uuid, details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.append_act(id uuid, chain_id uuid, store_id uuid, actor_kind text, actor_id uuid, act text, subject_kind text, subject_id uuid, details jsonb) TO pennyprotect_app;
GRANT ALL ON FUNCTION public.append_act(id uuid, chain_id uuid, store_id uuid, actor_kind text, actor_id uuid, act text, subject_kind text, subject_id uuid, details jsonb) TO pennyprotect_pipeline;
GRANT ALL ON FUNCTION public.append_act(id uuid, chain_id uuid, store_id uuid, actor_kind text, actor_id uuid, act text, subject_kind text, subject_id uuid, details jsonb) TO pennyprotect_dispatcher;
GRANT ALL ON FUNCTION public.append_act(id uuid, chain_id uuid, store_id uuid, actor_kind text, actor_id uuid, act text, subject_kind text, subject_id uuid, details jsonb) TO pennyprotect_retention;

REVOKE ALL ON FUNCTION public.audit_state() FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_state() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.bump_configuration_revision() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.bump_gallery_revision() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.camera_shares(worker uuid, lease interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.chain_of_disagreement(camera uuid, of_model text, of_version integer, other integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.chain_of_disagreement(camera uuid, of_model text, of_version integer, other integer) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.chains_to_embed(wanted_model text, wanted_version text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.chains_to_embed(wanted_model text, wanted_version text) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.chains_to_turn() FROM PUBLIC;
GRANT ALL ON FUNCTION public.chains_to_turn() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.chains_with_model_readings() FROM PUBLIC;
GRANT ALL ON FUNCTION public.chains_with_model_readings() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.check_site_policy() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_export() FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_export() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.drop_detection_partitions(keep_days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.drop_detection_partitions(keep_days integer) TO pennyprotect_retention;

REVOKE ALL ON FUNCTION public.evidence_chain(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.evidence_chain(wanted uuid) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.evidence_jobs(worker uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.evidence_jobs(worker uuid, most integer) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.expired_enrolments(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.expired_enrolments(moment timestamp with time zone, most integer) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.export_by_token(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.export_by_token(wanted bytea) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.face_use_of_worker(worker uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.face_use_of_worker(worker uuid) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.forget_answered_contacts() FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_answered_contacts() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.forget_answers_about(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_answers_about(wanted uuid) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.forget_ended_sign_ins() FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_ended_sign_ins() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.forget_model_readings(minutes interval, hours interval, stills interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_model_readings(minutes interval, hours interval, stills interval) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.forget_old_answers() FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_old_answers() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.forget_visits(keep interval, keep_closed interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_visits(keep interval, keep_closed interval) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.forget_words_about(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_words_about(wanted uuid) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.gait_candidates(wanted_match uuid, wanted_model text, wanted_version text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gait_candidates(wanted_match uuid, wanted_model text, wanted_version text) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.gallery_assignments(wanted_chain uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gallery_assignments(wanted_chain uuid) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.gallery_entries(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gallery_entries(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.gallery_kinds(wanted_chain uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gallery_kinds(wanted_chain uuid) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.gallery_listed(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gallery_listed(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.gallery_rotations(wanted_chain uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gallery_rotations(wanted_chain uuid) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.gallery_state() FROM PUBLIC;
GRANT ALL ON FUNCTION public.gallery_state() TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.gallery_suspensions(wanted_chain uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gallery_suspensions(wanted_chain uuid) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.gallery_thresholds(wanted_chain uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gallery_thresholds(wanted_chain uuid) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.gallery_vectors(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer, wanted uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gallery_vectors(wanted_chain uuid, wanted_model text, wanted_version text, wanted_rotation integer, wanted uuid[]) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.guard_biometrics(guarded regclass, switch text, guarded_columns text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.hold_enrolment(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.hold_enrolment(wanted uuid) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.keep_model_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamp with time zone, old_alone integer, new_alone integer, alike double precision, picture bytea, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.keep_model_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamp with time zone, old_alone integer, new_alone integer, alike double precision, picture bytea, most integer) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.keep_sealed_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamp with time zone, old_alone integer, new_alone integer, alike double precision, sealed bytea, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.keep_sealed_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamp with time zone, old_alone integer, new_alone integer, alike double precision, sealed bytea, most integer) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[]) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[], with_key uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.lease_cameras(worker uuid, capacity integer, lease interval, stores uuid[], with_key uuid) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.lists_assigned_here() FROM PUBLIC;
GRANT ALL ON FUNCTION public.lists_assigned_here() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.login_lookup(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_lookup(wanted text) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.login_record(wanted uuid, succeeded boolean, locked_for interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_record(wanted uuid, succeeded boolean, locked_for interval) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.make_detection_partitions(days_ahead integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.make_detection_partitions(days_ahead integer) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.may_match(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.may_match(wanted uuid) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.model_pointers_of_worker(worker uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.model_pointers_of_worker(worker uuid) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.model_use_of_worker(worker uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.model_use_of_worker(worker uuid) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.next_model_version() FROM PUBLIC;
GRANT ALL ON FUNCTION public.next_model_version() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.note_model_comparisons(comparisons jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.note_model_comparisons(comparisons jsonb) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.note_model_readings(readings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.note_model_readings(readings jsonb) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.oidc_chain(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.oidc_chain(wanted uuid) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.overdue_model_shadows(longest interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.overdue_model_shadows(longest interval) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.persons_without_entry(before timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.persons_without_entry(before timestamp with time zone, most integer) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.public_policy(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.public_policy(wanted uuid) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.pushed_face_versions() FROM PUBLIC;
GRANT ALL ON FUNCTION public.pushed_face_versions() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.ready_model_versions() FROM PUBLIC;
GRANT ALL ON FUNCTION public.ready_model_versions() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.refuse_biometrics_when_off() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.relayed_cameras() FROM PUBLIC;
GRANT ALL ON FUNCTION public.relayed_cameras() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.relayed_cameras(stores uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.relayed_cameras(stores uuid[]) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.retention_chains() FROM PUBLIC;
GRANT ALL ON FUNCTION public.retention_chains() TO pennyprotect_retention;

REVOKE ALL ON FUNCTION public.schema_version() FROM PUBLIC;
GRANT ALL ON FUNCTION public.schema_version() TO pennyprotect_app;
GRANT ALL ON FUNCTION public.schema_version() TO pennyprotect_pipeline;
GRANT ALL ON FUNCTION public.schema_version() TO pennyprotect_dispatcher;
GRANT ALL ON FUNCTION public.schema_version() TO pennyprotect_sealer;
GRANT ALL ON FUNCTION public.schema_version() TO pennyprotect_retention;

REVOKE ALL ON FUNCTION public.second_looks_due(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.second_looks_due(most integer) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.session_lookup(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_lookup(wanted bytea) TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.shards_owned() FROM PUBLIC;
GRANT ALL ON FUNCTION public.shards_owned() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.store_runs(wanted_store uuid, switch text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.store_runs(wanted_store uuid, switch text) TO pennyprotect_app;
GRANT ALL ON FUNCTION public.store_runs(wanted_store uuid, switch text) TO pennyprotect_pipeline;

REVOKE ALL ON FUNCTION public.stores_with_biometrics() FROM PUBLIC;
GRANT ALL ON FUNCTION public.stores_with_biometrics() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.stores_with_workers() FROM PUBLIC;
GRANT ALL ON FUNCTION public.stores_with_workers() TO pennyprotect_app;

REVOKE ALL ON FUNCTION public.tenant_chain() FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenant_chain() TO pennyprotect_app;
GRANT ALL ON FUNCTION public.tenant_chain() TO pennyprotect_retention;

REVOKE ALL ON FUNCTION public.tenant_key(wanted_chain uuid, wanted_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenant_key(wanted_chain uuid, wanted_version integer) TO pennyprotect_app;
GRANT ALL ON FUNCTION public.tenant_key(wanted_chain uuid, wanted_version integer) TO pennyprotect_pipeline;
GRANT ALL ON FUNCTION public.tenant_key(wanted_chain uuid, wanted_version integer) TO pennyprotect_dispatcher;

REVOKE ALL ON FUNCTION public.tenant_stores() FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenant_stores() TO pennyprotect_app;
GRANT ALL ON FUNCTION public.tenant_stores() TO pennyprotect_retention;

REVOKE ALL ON FUNCTION public.want_evidence() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.watched_model_pointers() FROM PUBLIC;
GRANT ALL ON FUNCTION public.watched_model_pointers() TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.acceptance_tests TO pennyprotect_app;

GRANT SELECT ON TABLE public.ai_detections TO pennyprotect_app;
GRANT SELECT,INSERT ON TABLE public.ai_detections TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.alert_occurrences TO pennyprotect_pipeline;
GRANT SELECT ON TABLE public.alert_occurrences TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.alert_views TO pennyprotect_app;

GRANT SELECT ON TABLE public.alerts TO pennyprotect_app;
GRANT SELECT,INSERT ON TABLE public.alerts TO pennyprotect_pipeline;

GRANT SELECT(id) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT SELECT(chain_id) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT SELECT(store_id) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT SELECT(camera_id) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT SELECT(kind) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT SELECT(threat) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(state) ON TABLE public.alerts TO pennyprotect_app;
GRANT SELECT(state),UPDATE(state) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(score) ON TABLE public.alerts TO pennyprotect_pipeline;

GRANT UPDATE(explanation) ON TABLE public.alerts TO pennyprotect_pipeline;

GRANT UPDATE(track_ids) ON TABLE public.alerts TO pennyprotect_pipeline;
GRANT SELECT(track_ids) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(epoch) ON TABLE public.alerts TO pennyprotect_pipeline;
GRANT SELECT(epoch) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(ended_at) ON TABLE public.alerts TO pennyprotect_pipeline;
GRANT SELECT(ended_at) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(claimed_by) ON TABLE public.alerts TO pennyprotect_app;

GRANT UPDATE(claimed_at) ON TABLE public.alerts TO pennyprotect_app;

GRANT UPDATE(acknowledged_by) ON TABLE public.alerts TO pennyprotect_app;

GRANT UPDATE(acknowledged_at) ON TABLE public.alerts TO pennyprotect_app;

GRANT UPDATE(resolved_by) ON TABLE public.alerts TO pennyprotect_app;

GRANT UPDATE(resolved_at) ON TABLE public.alerts TO pennyprotect_app;

GRANT UPDATE(outcome) ON TABLE public.alerts TO pennyprotect_app;

GRANT UPDATE(changed_at) ON TABLE public.alerts TO pennyprotect_app;
GRANT UPDATE(changed_at) ON TABLE public.alerts TO pennyprotect_pipeline;
GRANT SELECT(changed_at),UPDATE(changed_at) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(revision) ON TABLE public.alerts TO pennyprotect_app;
GRANT SELECT(revision),UPDATE(revision) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(occurrences) ON TABLE public.alerts TO pennyprotect_pipeline;

GRANT UPDATE(waiting_since) ON TABLE public.alerts TO pennyprotect_app;
GRANT SELECT(waiting_since),UPDATE(waiting_since) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(escalation_level) ON TABLE public.alerts TO pennyprotect_app;
GRANT SELECT(escalation_level),UPDATE(escalation_level) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(escalated_to) ON TABLE public.alerts TO pennyprotect_app;
GRANT SELECT(escalated_to),UPDATE(escalated_to) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(escalated_by) ON TABLE public.alerts TO pennyprotect_app;
GRANT SELECT(escalated_by),UPDATE(escalated_by) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(escalated_at) ON TABLE public.alerts TO pennyprotect_app;
GRANT SELECT(escalated_at),UPDATE(escalated_at) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(snoozed_by) ON TABLE public.alerts TO pennyprotect_app;

GRANT UPDATE(snoozed_until) ON TABLE public.alerts TO pennyprotect_app;
GRANT SELECT(snoozed_until) ON TABLE public.alerts TO pennyprotect_dispatcher;

GRANT UPDATE(snooze_reason) ON TABLE public.alerts TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.api_keys TO pennyprotect_app;

GRANT UPDATE(name) ON TABLE public.api_keys TO pennyprotect_app;

GRANT UPDATE(key_hash) ON TABLE public.api_keys TO pennyprotect_app;

GRANT UPDATE(expires_at) ON TABLE public.api_keys TO pennyprotect_app;

GRANT UPDATE(revoked_at) ON TABLE public.api_keys TO pennyprotect_app;

GRANT UPDATE(previous_hash) ON TABLE public.api_keys TO pennyprotect_app;

GRANT UPDATE(previous_ends_at) ON TABLE public.api_keys TO pennyprotect_app;

GRANT UPDATE(rotated_at) ON TABLE public.api_keys TO pennyprotect_app;

GRANT SELECT ON TABLE public.audit_checks TO pennyprotect_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.audit_checks TO pennyprotect_sealer;

GRANT SELECT,INSERT,UPDATE ON TABLE public.audit_exports TO pennyprotect_sealer;

GRANT SELECT,UPDATE ON TABLE public.audit_lease TO pennyprotect_sealer;

GRANT SELECT ON TABLE public.audit_log TO pennyprotect_app;
GRANT SELECT,INSERT ON TABLE public.audit_log TO pennyprotect_sealer;

GRANT INSERT ON TABLE public.audit_unsealed TO pennyprotect_app;
GRANT SELECT,DELETE ON TABLE public.audit_unsealed TO pennyprotect_sealer;
GRANT INSERT ON TABLE public.audit_unsealed TO pennyprotect_dispatcher;
GRANT INSERT ON TABLE public.audit_unsealed TO pennyprotect_pipeline;
GRANT INSERT ON TABLE public.audit_unsealed TO pennyprotect_retention;

GRANT SELECT,INSERT,DELETE ON TABLE public.camera_links TO pennyprotect_app;
GRANT SELECT ON TABLE public.camera_links TO pennyprotect_pipeline;

GRANT SELECT,INSERT,DELETE ON TABLE public.camera_places TO pennyprotect_app;

GRANT SELECT ON TABLE public.camera_status TO pennyprotect_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.camera_status TO pennyprotect_pipeline;

GRANT SELECT,INSERT,UPDATE ON TABLE public.cameras TO pennyprotect_app;

GRANT SELECT(id) ON TABLE public.cameras TO pennyprotect_pipeline;

GRANT SELECT(chain_id) ON TABLE public.cameras TO pennyprotect_pipeline;

GRANT SELECT(store_id) ON TABLE public.cameras TO pennyprotect_pipeline;

GRANT SELECT(name) ON TABLE public.cameras TO pennyprotect_pipeline;

GRANT SELECT(enabled) ON TABLE public.cameras TO pennyprotect_pipeline;

GRANT SELECT(deleted_at) ON TABLE public.cameras TO pennyprotect_pipeline;

GRANT SELECT(floor) ON TABLE public.cameras TO pennyprotect_pipeline;

GRANT SELECT ON TABLE public.chains TO pennyprotect_app;

GRANT UPDATE(name) ON TABLE public.chains TO pennyprotect_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.checkpoints TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.complaints TO pennyprotect_app;

GRANT SELECT(chain_id) ON TABLE public.complaints TO pennyprotect_retention;

GRANT SELECT(store_id) ON TABLE public.complaints TO pennyprotect_retention;

GRANT SELECT(happened_at) ON TABLE public.complaints TO pennyprotect_retention;

GRANT SELECT(alert_id) ON TABLE public.complaints TO pennyprotect_retention;

GRANT UPDATE(contact) ON TABLE public.complaints TO pennyprotect_app;

GRANT UPDATE(state) ON TABLE public.complaints TO pennyprotect_app;
GRANT SELECT(state) ON TABLE public.complaints TO pennyprotect_retention;

GRANT UPDATE(acknowledged_by) ON TABLE public.complaints TO pennyprotect_app;

GRANT UPDATE(acknowledged_at) ON TABLE public.complaints TO pennyprotect_app;

GRANT UPDATE(outcome) ON TABLE public.complaints TO pennyprotect_app;

GRANT UPDATE(answer) ON TABLE public.complaints TO pennyprotect_app;

GRANT UPDATE(corrected) ON TABLE public.complaints TO pennyprotect_app;

GRANT UPDATE(decided_by) ON TABLE public.complaints TO pennyprotect_app;

GRANT UPDATE(decided_at) ON TABLE public.complaints TO pennyprotect_app;

GRANT UPDATE(revision) ON TABLE public.complaints TO pennyprotect_app;

GRANT SELECT ON TABLE public.configuration_revision TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.data_request_footage TO pennyprotect_app;

GRANT SELECT(request_id) ON TABLE public.data_request_footage TO pennyprotect_retention;

GRANT SELECT(evidence_id) ON TABLE public.data_request_footage TO pennyprotect_retention;

GRANT SELECT(chain_id) ON TABLE public.data_request_footage TO pennyprotect_retention;

GRANT UPDATE(theirs) ON TABLE public.data_request_footage TO pennyprotect_app;
GRANT SELECT(theirs) ON TABLE public.data_request_footage TO pennyprotect_retention;

GRANT UPDATE(decided_by) ON TABLE public.data_request_footage TO pennyprotect_app;

GRANT UPDATE(decided_at) ON TABLE public.data_request_footage TO pennyprotect_app;

GRANT UPDATE(erase_from) ON TABLE public.data_request_footage TO pennyprotect_app;
GRANT SELECT(erase_from) ON TABLE public.data_request_footage TO pennyprotect_retention;

GRANT SELECT,INSERT,DELETE ON TABLE public.data_request_subjects TO pennyprotect_app;

GRANT UPDATE(erasure_id) ON TABLE public.data_request_subjects TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.data_requests TO pennyprotect_app;

GRANT SELECT(id) ON TABLE public.data_requests TO pennyprotect_retention;

GRANT SELECT(chain_id) ON TABLE public.data_requests TO pennyprotect_retention;

GRANT UPDATE(contact) ON TABLE public.data_requests TO pennyprotect_app;

GRANT SELECT(store_id) ON TABLE public.data_requests TO pennyprotect_retention;

GRANT SELECT(seen_from) ON TABLE public.data_requests TO pennyprotect_retention;

GRANT SELECT(seen_to) ON TABLE public.data_requests TO pennyprotect_retention;

GRANT UPDATE(state) ON TABLE public.data_requests TO pennyprotect_app;
GRANT SELECT(state) ON TABLE public.data_requests TO pennyprotect_retention;

GRANT UPDATE(extended_days) ON TABLE public.data_requests TO pennyprotect_app;

GRANT UPDATE(extension_reason) ON TABLE public.data_requests TO pennyprotect_app;

GRANT UPDATE(searches) ON TABLE public.data_requests TO pennyprotect_app;

GRANT UPDATE(exports) ON TABLE public.data_requests TO pennyprotect_app;

GRANT UPDATE(outcome) ON TABLE public.data_requests TO pennyprotect_app;

GRANT UPDATE(answer) ON TABLE public.data_requests TO pennyprotect_app;

GRANT UPDATE(answered_by) ON TABLE public.data_requests TO pennyprotect_app;

GRANT UPDATE(answered_at) ON TABLE public.data_requests TO pennyprotect_app;

GRANT UPDATE(revision) ON TABLE public.data_requests TO pennyprotect_app;

GRANT SELECT ON TABLE public.deletion_receipts TO pennyprotect_app;
GRANT INSERT ON TABLE public.deletion_receipts TO pennyprotect_retention;

GRANT SELECT,INSERT,DELETE ON TABLE public.enrolment_images TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(state) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(reason) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(evidence) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(review_on) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(expires_at) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(age_basis) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(exception_reason) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(notice_given_on) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(notice_how) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(notice_withheld) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(quality) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(findings) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(override_reason) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(look_alikes) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(decided_by) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(decided_at) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(decision_reason) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(renewal) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(ended_at) ON TABLE public.enrolments TO pennyprotect_app;

GRANT UPDATE(revision) ON TABLE public.enrolments TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.erasures TO pennyprotect_app;

GRANT SELECT,UPDATE ON TABLE public.escalation_lease TO pennyprotect_dispatcher;

GRANT SELECT,INSERT ON TABLE public.evidence TO pennyprotect_app;

GRANT SELECT(id) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(chain_id) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(store_id) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(camera_id) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(alert_id) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(incident_id) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(incident_id) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(type) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(state) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(state),UPDATE(state) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(reason) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(reason),UPDATE(reason) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(wanted_from) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(wanted_to) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(moment) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(worker_id) ON TABLE public.evidence TO pennyprotect_app;

GRANT UPDATE(s3_key) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(s3_key) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(size) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(size) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(sha256) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(sha256) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(media_type) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(media_type) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(recorded_from) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(recorded_from) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(recorded_to) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(recorded_to) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(masked) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(masked) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(boxes) ON TABLE public.evidence TO pennyprotect_app;
GRANT UPDATE(boxes) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(created_at) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(present_at) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(present_at) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(held) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(held) ON TABLE public.evidence TO pennyprotect_retention;

GRANT UPDATE(hold_reason) ON TABLE public.evidence TO pennyprotect_app;
GRANT SELECT(hold_reason) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(deleted_at),UPDATE(deleted_at) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(locked_at_store),UPDATE(locked_at_store) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT(deletion_class),UPDATE(deletion_class) ON TABLE public.evidence TO pennyprotect_retention;

GRANT SELECT,INSERT ON TABLE public.evidence_custody TO pennyprotect_app;
GRANT SELECT,INSERT ON TABLE public.evidence_custody TO pennyprotect_retention;

GRANT SELECT,INSERT ON TABLE public.evidence_exports TO pennyprotect_app;

GRANT SELECT(id) ON TABLE public.evidence_exports TO pennyprotect_retention;

GRANT SELECT(chain_id) ON TABLE public.evidence_exports TO pennyprotect_retention;

GRANT SELECT(evidence_id) ON TABLE public.evidence_exports TO pennyprotect_retention;

GRANT UPDATE(state) ON TABLE public.evidence_exports TO pennyprotect_app;
GRANT SELECT(state),UPDATE(state) ON TABLE public.evidence_exports TO pennyprotect_retention;

GRANT UPDATE(reason) ON TABLE public.evidence_exports TO pennyprotect_app;

GRANT SELECT(expires_at) ON TABLE public.evidence_exports TO pennyprotect_retention;

GRANT UPDATE(claimed_until) ON TABLE public.evidence_exports TO pennyprotect_app;

GRANT UPDATE(tries) ON TABLE public.evidence_exports TO pennyprotect_app;

GRANT UPDATE(s3_key) ON TABLE public.evidence_exports TO pennyprotect_app;
GRANT SELECT(s3_key) ON TABLE public.evidence_exports TO pennyprotect_retention;

GRANT UPDATE(size) ON TABLE public.evidence_exports TO pennyprotect_app;

GRANT UPDATE(sha256) ON TABLE public.evidence_exports TO pennyprotect_app;

GRANT UPDATE(downloads) ON TABLE public.evidence_exports TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.face_calibrations TO pennyprotect_app;
GRANT SELECT,INSERT ON TABLE public.face_calibrations TO pennyprotect_pipeline;

GRANT SELECT,INSERT,DELETE ON TABLE public.facial_profiles TO pennyprotect_app;

GRANT UPDATE(rotation) ON TABLE public.facial_profiles TO pennyprotect_app;

GRANT UPDATE(embeddings) ON TABLE public.facial_profiles TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.floor_plans TO pennyprotect_app;

GRANT UPDATE(revision) ON TABLE public.floor_plans TO pennyprotect_app;

GRANT UPDATE(width) ON TABLE public.floor_plans TO pennyprotect_app;

GRANT UPDATE(height) ON TABLE public.floor_plans TO pennyprotect_app;

GRANT UPDATE(sha256) ON TABLE public.floor_plans TO pennyprotect_app;

GRANT UPDATE(picture) ON TABLE public.floor_plans TO pennyprotect_app;

GRANT UPDATE(width_m) ON TABLE public.floor_plans TO pennyprotect_app;

GRANT UPDATE(changed_at) ON TABLE public.floor_plans TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.gait_profiles TO pennyprotect_app;

GRANT UPDATE(rotation) ON TABLE public.gait_profiles TO pennyprotect_app;

GRANT UPDATE(embeddings) ON TABLE public.gait_profiles TO pennyprotect_app;

GRANT UPDATE(approved_by) ON TABLE public.gait_profiles TO pennyprotect_app;

GRANT UPDATE(approved_at) ON TABLE public.gait_profiles TO pennyprotect_app;

GRANT SELECT,DELETE ON TABLE public.gait_supports TO pennyprotect_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.gait_supports TO pennyprotect_pipeline;

GRANT SELECT ON TABLE public.gallery_revisions TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.identity_settings TO pennyprotect_app;

GRANT UPDATE(longest_days) ON TABLE public.identity_settings TO pennyprotect_app;

GRANT UPDATE(review_days) ON TABLE public.identity_settings TO pennyprotect_app;

GRANT UPDATE(second_reviewer) ON TABLE public.identity_settings TO pennyprotect_app;

GRANT UPDATE(false_match_share) ON TABLE public.identity_settings TO pennyprotect_app;

GRANT UPDATE(false_match_least) ON TABLE public.identity_settings TO pennyprotect_app;

GRANT UPDATE(changed_by) ON TABLE public.identity_settings TO pennyprotect_app;

GRANT UPDATE(changed_at) ON TABLE public.identity_settings TO pennyprotect_app;

GRANT UPDATE(revision) ON TABLE public.identity_settings TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.incident_alerts TO pennyprotect_app;
GRANT SELECT,INSERT ON TABLE public.incident_alerts TO pennyprotect_pipeline;

GRANT SELECT(incident_id) ON TABLE public.incident_alerts TO pennyprotect_retention;

GRANT SELECT(alert_id) ON TABLE public.incident_alerts TO pennyprotect_retention;

GRANT SELECT(chain_id) ON TABLE public.incident_alerts TO pennyprotect_retention;

GRANT SELECT,INSERT ON TABLE public.incident_entries TO pennyprotect_app;
GRANT INSERT ON TABLE public.incident_entries TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.incidents TO pennyprotect_app;
GRANT INSERT ON TABLE public.incidents TO pennyprotect_pipeline;

GRANT SELECT(id) ON TABLE public.incidents TO pennyprotect_pipeline;
GRANT SELECT(id) ON TABLE public.incidents TO pennyprotect_retention;

GRANT SELECT(chain_id) ON TABLE public.incidents TO pennyprotect_retention;

GRANT SELECT(store_id) ON TABLE public.incidents TO pennyprotect_pipeline;

GRANT UPDATE(title) ON TABLE public.incidents TO pennyprotect_app;

GRANT UPDATE(description) ON TABLE public.incidents TO pennyprotect_app;

GRANT UPDATE(state) ON TABLE public.incidents TO pennyprotect_app;
GRANT SELECT(state) ON TABLE public.incidents TO pennyprotect_pipeline;
GRANT SELECT(state) ON TABLE public.incidents TO pennyprotect_retention;

GRANT UPDATE(loss_value) ON TABLE public.incidents TO pennyprotect_app;

GRANT UPDATE(loss_currency) ON TABLE public.incidents TO pennyprotect_app;

GRANT UPDATE(police_reference) ON TABLE public.incidents TO pennyprotect_app;

GRANT UPDATE(conclusion) ON TABLE public.incidents TO pennyprotect_app;

GRANT UPDATE(staff) ON TABLE public.incidents TO pennyprotect_app;

GRANT SELECT(opened_by) ON TABLE public.incidents TO pennyprotect_pipeline;

GRANT SELECT(opened_at) ON TABLE public.incidents TO pennyprotect_pipeline;

GRANT UPDATE(changed_at) ON TABLE public.incidents TO pennyprotect_app;
GRANT SELECT(changed_at),UPDATE(changed_at) ON TABLE public.incidents TO pennyprotect_pipeline;
GRANT SELECT(changed_at) ON TABLE public.incidents TO pennyprotect_retention;

GRANT UPDATE(revision) ON TABLE public.incidents TO pennyprotect_app;

GRANT SELECT(opened_by_rule) ON TABLE public.incidents TO pennyprotect_pipeline;

GRANT SELECT(camera_id) ON TABLE public.incidents TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.key_destructions TO pennyprotect_app;

GRANT UPDATE(confirmed_by) ON TABLE public.key_destructions TO pennyprotect_app;

GRANT UPDATE(confirmed_at) ON TABLE public.key_destructions TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.live_layouts TO pennyprotect_app;

GRANT UPDATE(name) ON TABLE public.live_layouts TO pennyprotect_app;

GRANT UPDATE(cameras) ON TABLE public.live_layouts TO pennyprotect_app;

GRANT UPDATE(columns) ON TABLE public.live_layouts TO pennyprotect_app;

GRANT UPDATE(large) ON TABLE public.live_layouts TO pennyprotect_app;

GRANT UPDATE(changed_at) ON TABLE public.live_layouts TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.match_pictures TO pennyprotect_app;
GRANT INSERT ON TABLE public.match_pictures TO pennyprotect_pipeline;

GRANT SELECT(match_id) ON TABLE public.match_pictures TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.match_reviews TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.match_suspensions TO pennyprotect_app;

GRANT UPDATE(lifted_by) ON TABLE public.match_suspensions TO pennyprotect_app;

GRANT UPDATE(lifted_at) ON TABLE public.match_suspensions TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.match_thresholds TO pennyprotect_app;

GRANT SELECT ON TABLE public.matches TO pennyprotect_app;
GRANT INSERT ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(id) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(chain_id) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(store_id) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(camera_id) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(epoch) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(track_id) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(captured_at),UPDATE(captured_at) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(enrolment_id) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(match_score),UPDATE(match_score) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT UPDATE(band) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT UPDATE(quality) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT UPDATE(evidence) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(model) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(model_version) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT UPDATE(state) ON TABLE public.matches TO pennyprotect_app;
GRANT SELECT(state) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT(raised_at) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT UPDATE(decided_at) ON TABLE public.matches TO pennyprotect_app;

GRANT UPDATE(changed_at) ON TABLE public.matches TO pennyprotect_app;
GRANT UPDATE(changed_at) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT UPDATE(revision) ON TABLE public.matches TO pennyprotect_app;
GRANT SELECT(revision),UPDATE(revision) ON TABLE public.matches TO pennyprotect_pipeline;

GRANT SELECT,INSERT,DELETE ON TABLE public.memberships TO pennyprotect_app;

GRANT SELECT(chain_id) ON TABLE public.memberships TO pennyprotect_dispatcher;

GRANT SELECT(user_id) ON TABLE public.memberships TO pennyprotect_dispatcher;

GRANT SELECT(role) ON TABLE public.memberships TO pennyprotect_dispatcher;

GRANT SELECT(store_id) ON TABLE public.memberships TO pennyprotect_dispatcher;

GRANT SELECT(region_id) ON TABLE public.memberships TO pennyprotect_dispatcher;

GRANT SELECT ON TABLE public.model_comparisons TO pennyprotect_app;

GRANT SELECT,DELETE ON TABLE public.model_disagreements TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.model_pointers TO pennyprotect_app;

GRANT UPDATE(stable) ON TABLE public.model_pointers TO pennyprotect_app;

GRANT UPDATE(candidate) ON TABLE public.model_pointers TO pennyprotect_app;

GRANT UPDATE(share) ON TABLE public.model_pointers TO pennyprotect_app;

GRANT UPDATE(previous) ON TABLE public.model_pointers TO pennyprotect_app;

GRANT UPDATE(changed_at) ON TABLE public.model_pointers TO pennyprotect_app;

GRANT UPDATE(limits) ON TABLE public.model_pointers TO pennyprotect_app;

GRANT UPDATE(watched_until) ON TABLE public.model_pointers TO pennyprotect_app;

GRANT UPDATE(reason) ON TABLE public.model_pointers TO pennyprotect_app;

GRANT UPDATE(away_at) ON TABLE public.model_pointers TO pennyprotect_app;

GRANT SELECT ON TABLE public.model_readings TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.model_shadows TO pennyprotect_app;

GRANT UPDATE(ended_at) ON TABLE public.model_shadows TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.model_versions TO pennyprotect_app;

GRANT UPDATE(state) ON TABLE public.model_versions TO pennyprotect_app;

GRANT UPDATE(retired_at) ON TABLE public.model_versions TO pennyprotect_app;

GRANT UPDATE(refused_because) ON TABLE public.model_versions TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.notification_channels TO pennyprotect_app;
GRANT SELECT ON TABLE public.notification_channels TO pennyprotect_dispatcher;

GRANT UPDATE(name) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(hint) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(address) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(secret) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(occasions) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(lowest_threat) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(quiet_starts) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(quiet_ends) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(quiet_timezone) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(quiet_threat) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(most_per_hour) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(paused) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(changed_at) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(removed_at) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(proven_at) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(code_until) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(code_tries) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(previous_secret) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(previous_until) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT UPDATE(language) ON TABLE public.notification_channels TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.notifications TO pennyprotect_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(state) ON TABLE public.notifications TO pennyprotect_app;
GRANT UPDATE(state) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(waits) ON TABLE public.notifications TO pennyprotect_app;
GRANT UPDATE(waits) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(repeated) ON TABLE public.notifications TO pennyprotect_app;
GRANT UPDATE(repeated) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(attempts) ON TABLE public.notifications TO pennyprotect_app;
GRANT UPDATE(attempts) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(checks) ON TABLE public.notifications TO pennyprotect_app;
GRANT UPDATE(checks) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(merged) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(merged_into) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(next_at) ON TABLE public.notifications TO pennyprotect_app;
GRANT UPDATE(next_at) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(lease_until) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(tried_at) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(provider_id) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(reason) ON TABLE public.notifications TO pennyprotect_app;
GRANT UPDATE(reason) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT UPDATE(changed_at) ON TABLE public.notifications TO pennyprotect_app;
GRANT UPDATE(changed_at) ON TABLE public.notifications TO pennyprotect_dispatcher;

GRANT SELECT,INSERT,DELETE ON TABLE public.oidc_group_mappings TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.oidc_identities TO pennyprotect_app;

GRANT UPDATE(last_login_at) ON TABLE public.oidc_identities TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.oidc_region_mappings TO pennyprotect_app;

GRANT INSERT ON TABLE public.outbox TO pennyprotect_app;
GRANT INSERT ON TABLE public.outbox TO pennyprotect_pipeline;
GRANT SELECT,INSERT,DELETE ON TABLE public.outbox TO pennyprotect_dispatcher;

GRANT UPDATE(created_at) ON TABLE public.outbox TO pennyprotect_dispatcher;

GRANT SELECT,INSERT ON TABLE public.persons TO pennyprotect_app;

GRANT UPDATE(name) ON TABLE public.persons TO pennyprotect_app;

GRANT UPDATE(erased_at) ON TABLE public.persons TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pipelines TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.privacy_masks TO pennyprotect_app;

GRANT UPDATE(name) ON TABLE public.privacy_masks TO pennyprotect_app;

GRANT UPDATE(polygon) ON TABLE public.privacy_masks TO pennyprotect_app;

GRANT UPDATE(deleted_at) ON TABLE public.privacy_masks TO pennyprotect_app;

GRANT UPDATE(deleted_by) ON TABLE public.privacy_masks TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.proposed_changes TO pennyprotect_app;

GRANT UPDATE(state) ON TABLE public.proposed_changes TO pennyprotect_app;

GRANT UPDATE(decided_by) ON TABLE public.proposed_changes TO pennyprotect_app;

GRANT UPDATE(decided_at) ON TABLE public.proposed_changes TO pennyprotect_app;

GRANT UPDATE(reason) ON TABLE public.proposed_changes TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.recovery_codes TO pennyprotect_app;

GRANT UPDATE(used_at) ON TABLE public.recovery_codes TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.regions TO pennyprotect_app;

GRANT UPDATE(name) ON TABLE public.regions TO pennyprotect_app;

GRANT SELECT,UPDATE ON TABLE public.retention_lease TO pennyprotect_retention;

GRANT SELECT,INSERT ON TABLE public.retention_rules TO pennyprotect_app;
GRANT SELECT ON TABLE public.retention_rules TO pennyprotect_retention;

GRANT UPDATE(days) ON TABLE public.retention_rules TO pennyprotect_app;

GRANT UPDATE(most_bytes) ON TABLE public.retention_rules TO pennyprotect_app;

GRANT UPDATE(changed_at) ON TABLE public.retention_rules TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.rota_entries TO pennyprotect_app;
GRANT SELECT ON TABLE public.rota_entries TO pennyprotect_dispatcher;

GRANT SELECT ON TABLE public.rule_series TO pennyprotect_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.rule_series TO pennyprotect_pipeline;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rules TO pennyprotect_app;
GRANT SELECT ON TABLE public.rules TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.second_looks TO pennyprotect_app;

GRANT UPDATE(state) ON TABLE public.second_looks TO pennyprotect_app;

GRANT UPDATE(verdict) ON TABLE public.second_looks TO pennyprotect_app;

GRANT UPDATE(summary) ON TABLE public.second_looks TO pennyprotect_app;

GRANT UPDATE(tokens) ON TABLE public.second_looks TO pennyprotect_app;

GRANT UPDATE(answered_at) ON TABLE public.second_looks TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.sessions TO pennyprotect_app;

GRANT UPDATE(refresh_hash) ON TABLE public.sessions TO pennyprotect_app;

GRANT UPDATE(previous_refresh_hash) ON TABLE public.sessions TO pennyprotect_app;

GRANT UPDATE(rotated_at) ON TABLE public.sessions TO pennyprotect_app;

GRANT UPDATE(expires_at) ON TABLE public.sessions TO pennyprotect_app;

GRANT UPDATE(revoked_at) ON TABLE public.sessions TO pennyprotect_app;

GRANT UPDATE(second_factor_at) ON TABLE public.sessions TO pennyprotect_app;

GRANT UPDATE(last_used_at) ON TABLE public.sessions TO pennyprotect_app;

GRANT SELECT,UPDATE ON TABLE public.shard_leases TO pennyprotect_pipeline;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_settings TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.sign_photos TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.signing_keys TO pennyprotect_app;

GRANT UPDATE(secret) ON TABLE public.signing_keys TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.site_policies TO pennyprotect_app;

GRANT SELECT(store_id) ON TABLE public.site_policies TO pennyprotect_pipeline;

GRANT SELECT(revision) ON TABLE public.site_policies TO pennyprotect_pipeline;

GRANT SELECT(face) ON TABLE public.site_policies TO pennyprotect_pipeline;

GRANT SELECT(gait) ON TABLE public.site_policies TO pennyprotect_pipeline;

GRANT SELECT(re_identification) ON TABLE public.site_policies TO pennyprotect_pipeline;

GRANT SELECT(created_at) ON TABLE public.site_policies TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.stores TO pennyprotect_app;

GRANT SELECT(id) ON TABLE public.stores TO pennyprotect_pipeline;
GRANT SELECT(id) ON TABLE public.stores TO pennyprotect_dispatcher;

GRANT SELECT(chain_id) ON TABLE public.stores TO pennyprotect_dispatcher;

GRANT UPDATE(name) ON TABLE public.stores TO pennyprotect_app;
GRANT SELECT(name) ON TABLE public.stores TO pennyprotect_dispatcher;

GRANT UPDATE(timezone) ON TABLE public.stores TO pennyprotect_app;
GRANT SELECT(timezone) ON TABLE public.stores TO pennyprotect_pipeline;
GRANT SELECT(timezone) ON TABLE public.stores TO pennyprotect_dispatcher;

GRANT UPDATE(jurisdiction) ON TABLE public.stores TO pennyprotect_app;

GRANT UPDATE(region_id) ON TABLE public.stores TO pennyprotect_app;
GRANT SELECT(region_id) ON TABLE public.stores TO pennyprotect_dispatcher;

GRANT UPDATE(second_look) ON TABLE public.stores TO pennyprotect_app;

GRANT SELECT ON TABLE public.stranger_scores TO pennyprotect_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.stranger_scores TO pennyprotect_pipeline;

GRANT SELECT ON TABLE public.stream_sessions TO pennyprotect_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.stream_sessions TO pennyprotect_pipeline;

GRANT SELECT,INSERT,DELETE ON TABLE public.template_rotations TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.tenant_keys TO pennyprotect_app;
GRANT SELECT ON TABLE public.tenant_keys TO pennyprotect_pipeline;

GRANT UPDATE(wrapped) ON TABLE public.tenant_keys TO pennyprotect_app;

GRANT UPDATE(destroyed_at) ON TABLE public.tenant_keys TO pennyprotect_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.totp_secrets TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.training_courses TO pennyprotect_app;

GRANT UPDATE(retired_at) ON TABLE public.training_courses TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.training_records TO pennyprotect_app;

GRANT UPDATE(withdrawn_at) ON TABLE public.training_records TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.users TO pennyprotect_app;

GRANT SELECT(id) ON TABLE public.users TO pennyprotect_dispatcher;

GRANT UPDATE(password_hash) ON TABLE public.users TO pennyprotect_app;

GRANT UPDATE(failed_logins) ON TABLE public.users TO pennyprotect_app;

GRANT UPDATE(locked_until) ON TABLE public.users TO pennyprotect_app;

GRANT UPDATE(disabled_at) ON TABLE public.users TO pennyprotect_app;
GRANT SELECT(disabled_at) ON TABLE public.users TO pennyprotect_dispatcher;

GRANT UPDATE(must_change_password) ON TABLE public.users TO pennyprotect_app;

GRANT UPDATE(password_changed_at) ON TABLE public.users TO pennyprotect_app;

GRANT UPDATE(language) ON TABLE public.users TO pennyprotect_app;
GRANT SELECT(language) ON TABLE public.users TO pennyprotect_dispatcher;

GRANT SELECT ON TABLE public.visit_sightings TO pennyprotect_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.visit_sightings TO pennyprotect_pipeline;

GRANT SELECT,INSERT ON TABLE public.watchlist_assignments TO pennyprotect_app;

GRANT UPDATE(ends_at) ON TABLE public.watchlist_assignments TO pennyprotect_app;

GRANT UPDATE(state) ON TABLE public.watchlist_assignments TO pennyprotect_app;

GRANT UPDATE(decided_by) ON TABLE public.watchlist_assignments TO pennyprotect_app;

GRANT UPDATE(decided_at) ON TABLE public.watchlist_assignments TO pennyprotect_app;

GRANT SELECT,INSERT ON TABLE public.watchlists TO pennyprotect_app;

GRANT UPDATE(name) ON TABLE public.watchlists TO pennyprotect_app;

GRANT UPDATE(purpose) ON TABLE public.watchlists TO pennyprotect_app;

GRANT UPDATE(retired_at) ON TABLE public.watchlists TO pennyprotect_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.zones TO pennyprotect_app;
GRANT SELECT ON TABLE public.zones TO pennyprotect_pipeline;
