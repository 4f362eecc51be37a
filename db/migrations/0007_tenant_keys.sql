-- Tenant keys: one data key a chain, in versions, wrapped by the key provider. Sealed values name the version that sealed them,
-- and a foreign key keeps that version as long as one of them exists.

CREATE TABLE tenant_keys (
    chain_id uuid NOT NULL REFERENCES chains (id),
    version integer NOT NULL CHECK (version > 0),
    provider_key text NOT NULL CHECK (length(provider_key) BETWEEN 1 AND 2048),
    wrapped bytea,                        -- NULL: destroyed, so whatever it sealed is unreadable
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    PRIMARY KEY (chain_id, version),
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);

-- A chain's key is destroyed by two people: one asks, another confirms.
CREATE TABLE key_destructions (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    confirmed_by uuid CHECK (confirmed_by <> requested_by),
    confirmed_at timestamptz,
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL))
);
CREATE INDEX key_destructions_chain ON key_destructions (chain_id, requested_at DESC);

-- The version is bytes 20..23 of a sealed value; NULL for values from before data keys.
ALTER TABLE cameras ADD COLUMN credentials_key integer GENERATED ALWAYS AS (
    CASE WHEN length(credentials) >= 36 AND substr(credentials, 1, 4) = '\x50506b31'::bytea
        THEN (get_byte(credentials, 20) << 24) | (get_byte(credentials, 21) << 16) | (get_byte(credentials, 22) << 8) | get_byte(credentials, 23)
    END) STORED;
ALTER TABLE cameras ADD CONSTRAINT cameras_credentials_key FOREIGN KEY (chain_id, credentials_key) REFERENCES tenant_keys (chain_id, version);
ALTER TABLE totp_secrets ADD COLUMN secret_key integer GENERATED ALWAYS AS (
    CASE WHEN length(secret) >= 36 AND substr(secret, 1, 4) = '\x50506b31'::bytea
        THEN (get_byte(secret, 20) << 24) | (get_byte(secret, 21) << 16) | (get_byte(secret, 22) << 8) | get_byte(secret, 23)
    END) STORED;
ALTER TABLE totp_secrets ADD CONSTRAINT totp_secrets_secret_key FOREIGN KEY (chain_id, secret_key) REFERENCES tenant_keys (chain_id, version);

ALTER TABLE tenant_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenant_keys TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
ALTER TABLE key_destructions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON key_destructions TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()));
GRANT SELECT, INSERT ON tenant_keys, key_destructions TO pennyprotect_app;
GRANT UPDATE (wrapped, destroyed_at) ON tenant_keys TO pennyprotect_app;
GRANT UPDATE (confirmed_by, confirmed_at) ON key_destructions TO pennyprotect_app;

-- Workers are given cameras of every chain: their passwords are opened before a tenant is known. What comes back is wrapped.
CREATE FUNCTION tenant_key(wanted_chain uuid, wanted_version integer) RETURNS TABLE (version integer, provider_key text, wrapped bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT k.version, k.provider_key, k.wrapped FROM tenant_keys k WHERE k.chain_id = wanted_chain AND k.version = wanted_version $$;
REVOKE EXECUTE ON FUNCTION tenant_key(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_key(uuid, integer) TO pennyprotect_app;
