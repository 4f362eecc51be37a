-- Stills of disagreements are sealed by the chain's key, as other pictures of people are. Expand only: `still` is written by older services.
DELETE FROM model_disagreements;  -- at most seven days of open pictures; the run goes on and keeps new ones
ALTER TABLE model_disagreements ALTER COLUMN still DROP NOT NULL;
ALTER TABLE model_disagreements ADD COLUMN picture bytea CHECK (length(picture) <= 130000);
ALTER TABLE model_disagreements ADD COLUMN picture_key integer GENERATED ALWAYS AS (
    CASE WHEN length(picture) >= 36 AND substr(picture, 1, 4) = '\x50506b31'::bytea
        THEN (get_byte(picture, 20) << 24) | (get_byte(picture, 21) << 16) | (get_byte(picture, 22) << 8) | get_byte(picture, 23)
    END
) STORED;
ALTER TABLE model_disagreements ADD FOREIGN KEY (chain_id, picture_key) REFERENCES tenant_keys (chain_id, version);
CREATE INDEX model_disagreements_sealed ON model_disagreements (chain_id, picture_key);
GRANT DELETE ON model_disagreements TO pennyprotect_app;  -- with the chain's key its stills go

-- SECURITY DEFINER: a worker's report is of cameras of all chains. Whose key seals a still of this camera; NULL where none is kept.
CREATE FUNCTION chain_of_disagreement(camera uuid, of_model text, of_version integer, other integer) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT c.chain_id FROM cameras c JOIN model_shadows s ON s.chain_id = c.chain_id AND s.model = of_model
        AND s.version IN (of_version, other) AND s.ended_at IS NULL
    WHERE c.id = camera AND c.store_id <> ALL ((SELECT stores_with_workers())::uuid[]) $$;

-- As keep_model_disagreement, which older services call.
CREATE FUNCTION keep_sealed_disagreement(made uuid, camera uuid, of_model text, of_version integer, other integer, moment timestamptz,
    old_alone integer, new_alone integer, alike double precision, sealed bytea, most integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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

-- What an older service kept open during the upgrade goes with the first round.
CREATE OR REPLACE FUNCTION forget_model_readings(minutes interval, hours interval, stills interval) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH short AS (DELETE FROM model_readings WHERE span = 'minute' AND since < now() - minutes RETURNING 1),
    long AS (DELETE FROM model_readings WHERE span = 'hour' AND since < now() - hours RETURNING 1),
    pictures AS (DELETE FROM model_disagreements WHERE kept_at < now() - stills OR picture IS NULL RETURNING 1),
    runs AS (DELETE FROM model_shadows s WHERE s.ended_at < now() - hours AND EXISTS (
        SELECT FROM model_shadows n WHERE n.chain_id = s.chain_id AND n.model = s.model
            AND (n.started_at, n.id) > (s.started_at, s.id)) RETURNING 1)
    SELECT (SELECT count(*) FROM short) + (SELECT count(*) FROM long) + (SELECT count(*) FROM pictures) + (SELECT count(*) FROM runs) $$;

REVOKE EXECUTE ON FUNCTION chain_of_disagreement(uuid, text, integer, integer),
    keep_sealed_disagreement(uuid, uuid, text, integer, integer, timestamptz, integer, integer, double precision, bytea, integer)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chain_of_disagreement(uuid, text, integer, integer),
    keep_sealed_disagreement(uuid, uuid, text, integer, integer, timestamptz, integer, integer, double precision, bytea, integer)
    TO pennyprotect_app;
