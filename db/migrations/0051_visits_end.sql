-- Every sighting of a visit has an end of its own: somebody who is always there made one visit that never ended, and nothing of it went.

-- SECURITY DEFINER: sightings of any store whose switch is off go at once; others `keep` after their own end, and those of a visit that an
-- incident's alert is part of while that is open, and for `keep_closed` after it was changed last. How many sightings went.
CREATE OR REPLACE FUNCTION forget_visits(keep interval, keep_closed interval) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
