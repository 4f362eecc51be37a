-- Regions of a chain, memberships for a region, API keys for some stores that rotate without an outage. Expand only.

CREATE TABLE regions (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (chain_id, id),
    UNIQUE (chain_id, name)
);

ALTER TABLE stores ADD COLUMN region_id uuid,
    ADD FOREIGN KEY (chain_id, region_id) REFERENCES regions (chain_id, id);
CREATE INDEX stores_region ON stores (region_id) WHERE region_id IS NOT NULL;

-- store_id and region_id NULL: the whole chain. A region stands for the stores that it has at the moment of asking.
ALTER TABLE memberships ADD COLUMN region_id uuid,
    ADD FOREIGN KEY (chain_id, region_id) REFERENCES regions (chain_id, id),
    ADD CHECK (store_id IS NULL OR region_id IS NULL),
    DROP CONSTRAINT memberships_user_id_role_store_id_key,
    ADD UNIQUE NULLS NOT DISTINCT (user_id, role, store_id, region_id);
CREATE INDEX memberships_chain ON memberships (chain_id, role);

-- stores and regions NULL: the whole chain. previous_hash: the secret before the last rotation, good until previous_ends_at.
ALTER TABLE api_keys
    ADD COLUMN stores uuid[],
    ADD COLUMN regions uuid[],
    ADD COLUMN previous_hash bytea UNIQUE,
    ADD COLUMN previous_ends_at timestamptz,
    ADD COLUMN rotated_at timestamptz,
    ADD COLUMN created_by uuid,
    ADD CHECK ((stores IS NULL) = (regions IS NULL)),
    ADD CHECK ((previous_hash IS NULL) = (previous_ends_at IS NULL));

-- store_ids NULL: the whole chain.
DROP FUNCTION api_key_lookup(bytea);
CREATE FUNCTION api_key_lookup(wanted bytea) RETURNS TABLE (
        key_id uuid, chain_id uuid, name text, permissions text[], expires_at timestamptz, store_ids uuid[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT k.id, k.chain_id, k.name, k.permissions,
        CASE WHEN k.key_hash = wanted THEN k.expires_at ELSE least(k.expires_at, k.previous_ends_at) END,
        CASE WHEN k.stores IS NULL THEN NULL
             ELSE ARRAY(SELECT s.id FROM stores s WHERE s.chain_id = k.chain_id AND (s.id = ANY (k.stores) OR s.region_id = ANY (k.regions))) END
    FROM api_keys k
    WHERE k.revoked_at IS NULL AND (k.key_hash = wanted OR (k.previous_hash = wanted AND k.previous_ends_at > now())) $$;
REVOKE EXECUTE ON FUNCTION api_key_lookup(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_key_lookup(bytea) TO pennyprotect_app;

ALTER TABLE regions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON regions TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));

GRANT SELECT, INSERT, DELETE, UPDATE (name) ON regions TO pennyprotect_app;
GRANT UPDATE (name) ON chains TO pennyprotect_app;  -- an UPDATE right is what FOR UPDATE asks for, too
GRANT UPDATE (name, timezone, region_id) ON stores TO pennyprotect_app;
GRANT UPDATE (disabled_at) ON users TO pennyprotect_app;
GRANT INSERT, UPDATE (name, key_hash, previous_hash, previous_ends_at, rotated_at, expires_at, revoked_at) ON api_keys
    TO pennyprotect_app;
