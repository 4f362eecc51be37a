-- Signing in: forced change of a first password, second factor, recovery codes, what a session was opened with, and
-- people of an OIDC provider whose roles come from their groups. Expand only.

ALTER TABLE users ADD COLUMN IF NOT EXISTS must_change_password boolean NOT NULL DEFAULT false;
ALTER TABLE users ADD COLUMN IF NOT EXISTS password_changed_at timestamptz;

-- 'oidc': derived from groups at each log-in, and taken away again when the group is gone.
ALTER TABLE memberships ADD COLUMN IF NOT EXISTS source text NOT NULL DEFAULT 'local' CHECK (source IN ('local', 'oidc'));

ALTER TABLE sessions ADD COLUMN IF NOT EXISTS method text NOT NULL DEFAULT 'password' CHECK (method IN ('password', 'oidc'));
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS second_factor_at timestamptz;
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS device text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS address text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS last_used_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX IF NOT EXISTS sessions_user ON sessions (user_id, created_at) WHERE revoked_at IS NULL;

-- secret: sealed with the user's id as associated data. last_step: the newest time step that was accepted; none comes twice.
CREATE TABLE totp_secrets (
    user_id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    secret bytea NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, user_id) REFERENCES users (chain_id, id)
);

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, code_hash),
    FOREIGN KEY (chain_id, user_id) REFERENCES users (chain_id, id)
);

-- One row a chain; none means the defaults: no role needs a second factor.
CREATE TABLE sign_in_settings (
    chain_id uuid PRIMARY KEY REFERENCES chains (id),
    second_factor_roles text[] NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE oidc_identities (
    issuer text NOT NULL,
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    chain_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (chain_id, issuer, subject),
    FOREIGN KEY (chain_id, user_id) REFERENCES users (chain_id, id)
);

-- Who is in this group of the provider has this role: in one store, or (store_id NULL) in the whole chain.
CREATE TABLE oidc_group_mappings (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    group_name text NOT NULL CHECK (length(group_name) BETWEEN 1 AND 200),
    role text NOT NULL,
    store_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    UNIQUE NULLS NOT DISTINCT (chain_id, group_name, role, store_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['totp_secrets', 'recovery_codes', 'sign_in_settings', 'oidc_identities', 'oidc_group_mappings'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain()))', name);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON totp_secrets, sign_in_settings TO pennyprotect_app;
GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON recovery_codes TO pennyprotect_app;
GRANT SELECT, INSERT, UPDATE (last_login_at) ON oidc_identities TO pennyprotect_app;
GRANT SELECT, INSERT, DELETE ON oidc_group_mappings TO pennyprotect_app;
GRANT INSERT ON users TO pennyprotect_app;
GRANT UPDATE (password_hash, must_change_password, password_changed_at, failed_logins, locked_until) ON users TO pennyprotect_app;
GRANT INSERT, DELETE ON memberships TO pennyprotect_app;
GRANT UPDATE (last_used_at, second_factor_at) ON sessions TO pennyprotect_app;

-- The chain that people of the operator's OIDC provider belong to, before any of them is known: the one that the operator named,
-- or the only one there is. NULL otherwise.
CREATE FUNCTION oidc_chain(wanted uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT CASE WHEN wanted IS NOT NULL THEN (SELECT id FROM chains WHERE id = wanted)
                WHEN (SELECT count(*) FROM chains) = 1 THEN (SELECT id FROM chains) END $$;
REVOKE EXECUTE ON FUNCTION oidc_chain(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION oidc_chain(uuid) TO pennyprotect_app;
