-- Versions of served models that a chain pushed, and which of them its cameras use. Expand only.
CREATE SEQUENCE model_version_numbers AS integer START 1001;  -- of every chain: they share a Triton; releases count from 1

CREATE TABLE model_versions (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    model text NOT NULL CHECK (model ~ '^[a-z][a-z0-9_]{0,62}$'),
    version integer NOT NULL CHECK (version > 0),
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'retiring', 'retired')),
    artefact text NOT NULL CHECK (length(artefact) BETWEEN 1 AND 200),
    publisher text NOT NULL CHECK (length(publisher) BETWEEN 1 AND 200),
    licence text NOT NULL CHECK (length(licence) BETWEEN 1 AND 200),
    training_data text NOT NULL CHECK (length(training_data) BETWEEN 1 AND 2000),
    manifest_sha256 bytea NOT NULL CHECK (length(manifest_sha256) = 32),
    signed_by text NOT NULL,
    report jsonb NOT NULL,
    pushed_by uuid NOT NULL,
    pushed_at timestamptz NOT NULL,
    retired_at timestamptz,
    UNIQUE (model, version)
);
CREATE INDEX model_versions_chain ON model_versions (chain_id, pushed_at DESC, id DESC);

CREATE TABLE model_pointers (
    chain_id uuid NOT NULL REFERENCES chains (id),
    model text NOT NULL,
    stable integer NOT NULL,
    candidate integer,
    share double precision NOT NULL DEFAULT 0 CHECK (share >= 0 AND share < 1),
    previous integer,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (chain_id, model),
    CHECK ((candidate IS NULL) = (share = 0))
);

ALTER TABLE model_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_pointers ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON model_versions TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
CREATE POLICY tenant ON model_pointers TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
GRANT SELECT, INSERT, UPDATE (state, retired_at) ON model_versions TO pennyprotect_app;
GRANT SELECT, INSERT, UPDATE (stable, candidate, share, previous, changed_at) ON model_pointers TO pennyprotect_app;

-- SECURITY DEFINER: a heartbeat is of cameras of all chains. Version numbers, nothing else.
CREATE FUNCTION model_pointers_of_worker(worker uuid)
    RETURNS TABLE (camera_id uuid, model text, stable integer, candidate integer, share double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT l.camera_id, p.model, p.stable, p.candidate, p.share
    FROM camera_leases l JOIN cameras c ON c.id = l.camera_id JOIN model_pointers p ON p.chain_id = c.chain_id
    WHERE l.worker_id = worker AND p.model = 'yolo_pose' $$;
REVOKE EXECUTE ON FUNCTION model_pointers_of_worker(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION model_pointers_of_worker(uuid) TO pennyprotect_app;

-- SECURITY DEFINER: a number that no chain had before, without a right to the sequence.
CREATE FUNCTION next_model_version() RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$ SELECT nextval('model_version_numbers')::integer $$;
REVOKE EXECUTE ON FUNCTION next_model_version() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION next_model_version() TO pennyprotect_app;
