-- Groups of an OpenID Connect provider with a role in a region. A table of its own: a release that knows no regions would read
-- a mapping without a store as one for the whole chain.
CREATE TABLE oidc_region_mappings (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    group_name text NOT NULL CHECK (length(group_name) BETWEEN 1 AND 200),
    role text NOT NULL,
    region_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, region_id) REFERENCES regions (chain_id, id),
    UNIQUE (chain_id, group_name, role, region_id)
);
ALTER TABLE oidc_region_mappings ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON oidc_region_mappings TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
GRANT SELECT, INSERT, DELETE ON oidc_region_mappings TO pennyprotect_app;

-- Which model an acceptance test was made with; '' for those recorded before it was asked, which count until they are too old.
ALTER TABLE acceptance_tests ADD COLUMN model text NOT NULL DEFAULT '' CHECK (length(model) <= 200);

-- Who took a mask away; the page of the camera shows it.
ALTER TABLE privacy_masks ADD COLUMN deleted_by uuid;
GRANT UPDATE (deleted_by) ON privacy_masks TO pennyprotect_app;

-- What ended log-ins leave behind goes after 30 days, which nobody who calls this can shorten: sessions with device and address,
-- recovery codes that were used. Returns how many rows of each went.
CREATE FUNCTION forget_ended_sign_ins() RETURNS TABLE (sessions bigint, codes bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (
        DELETE FROM sessions s WHERE least(s.expires_at, s.revoked_at) < now() - interval '30 days' RETURNING 1
    ), used AS (
        DELETE FROM recovery_codes c WHERE c.used_at < now() - interval '30 days' RETURNING 1
    ) SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM used) $$;
REVOKE ALL ON FUNCTION forget_ended_sign_ins() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_ended_sign_ins() TO pennyprotect_app;
