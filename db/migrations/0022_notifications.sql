-- Notifications: where they go, and each delivery with what became of it. Expand only.
CREATE TABLE notification_channels (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    store_id uuid,                        -- NULL: for every store of the chain that its owner reaches
    user_id uuid,                         -- whose own it is; NULL: of the store or the chain
    kind text NOT NULL CHECK (kind IN ('sms', 'email', 'webhook', 'slack', 'teams')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    hint text NOT NULL CHECK (length(hint) BETWEEN 1 AND 200),  -- what people know the address by; never all of it
    address bytea,                        -- sealed; NULL once it was removed
    address_key integer GENERATED ALWAYS AS (
        CASE WHEN length(address) >= 36 AND substr(address, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(address, 20) << 24) | (get_byte(address, 21) << 16) | (get_byte(address, 22) << 8) | get_byte(address, 23)
        END) STORED,
    secret bytea,                         -- sealed; what a webhook's messages are signed with
    secret_key integer GENERATED ALWAYS AS (
        CASE WHEN length(secret) >= 36 AND substr(secret, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(secret, 20) << 24) | (get_byte(secret, 21) << 16) | (get_byte(secret, 22) << 8) | get_byte(secret, 23)
        END) STORED,
    occasions text[] NOT NULL CHECK (cardinality(occasions) BETWEEN 1 AND 10),
    lowest_threat text NOT NULL CHECK (lowest_threat IN ('low', 'medium', 'high')),
    quiet_starts time,                    -- local times of quiet_timezone; both or none
    quiet_ends time,
    quiet_timezone text NOT NULL DEFAULT 'UTC',
    quiet_threat text NOT NULL DEFAULT 'high' CHECK (quiet_threat IN ('low', 'medium', 'high', 'none')),  -- comes through all the same
    most_per_hour integer CHECK (most_per_hour BETWEEN 1 AND 100000),
    paused boolean NOT NULL DEFAULT false,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    CHECK ((quiet_starts IS NULL) = (quiet_ends IS NULL)),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, user_id) REFERENCES users (chain_id, id),
    CONSTRAINT notification_channels_address_key FOREIGN KEY (chain_id, address_key) REFERENCES tenant_keys (chain_id, version),
    CONSTRAINT notification_channels_secret_key FOREIGN KEY (chain_id, secret_key) REFERENCES tenant_keys (chain_id, version)
);
CREATE INDEX notification_channels_chain ON notification_channels (chain_id, created_at, id) WHERE removed_at IS NULL;

CREATE TABLE notifications (
    id uuid PRIMARY KEY,                  -- the same in every try, so that receivers know a repetition
    chain_id uuid NOT NULL,
    store_id uuid,                        -- NULL: a test of a channel that has no store
    channel_id uuid NOT NULL REFERENCES notification_channels (id),
    cause uuid NOT NULL,                  -- the outbox message, the escalation or the test it comes of
    occasion text NOT NULL CHECK (occasion IN ('alert-raised', 'alert-escalated', 'incident-changed', 'test')),
    threat text CHECK (threat IN ('low', 'medium', 'high')),
    subject_id uuid,                      -- the alert or the incident
    message jsonb NOT NULL,               -- kind, state, time and camera of the subject: ids, never a person's name
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sending', 'checking', 'sent', 'delivered', 'uncertain', 'dead', 'merged')),
    waits text NOT NULL DEFAULT '' CHECK (waits IN ('', 'quiet-hours', 'retry')),
    repeated boolean NOT NULL DEFAULT false,  -- an earlier try may have arrived
    attempts integer NOT NULL DEFAULT 0,
    checks integer NOT NULL DEFAULT 0,    -- how often the provider's records were asked
    merged integer NOT NULL DEFAULT 1,    -- how many it stands for
    merged_into uuid,
    next_at timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    tried_at timestamptz,
    provider_id text CHECK (length(provider_id) <= 100),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 300),
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    UNIQUE (cause, channel_id)
);
CREATE INDEX notifications_due ON notifications (channel_id, next_at, id) WHERE state = 'queued';
CREATE INDEX notifications_checks ON notifications (next_at) WHERE state IN ('checking', 'sent') AND next_at < 'infinity';
CREATE INDEX notifications_lapsed ON notifications (lease_until) WHERE state = 'sending';
CREATE INDEX notifications_log ON notifications (chain_id, created_at DESC, id DESC);
CREATE INDEX notifications_rate ON notifications (channel_id, tried_at) WHERE tried_at IS NOT NULL;

CREATE FUNCTION announce_notifications() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NOTIFY notifications;  -- only wakes the sender; its poll guarantees
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION announce_notifications() FROM PUBLIC;
CREATE TRIGGER notifications_announce AFTER INSERT ON notifications FOR EACH STATEMENT EXECUTE FUNCTION announce_notifications();

ALTER TABLE notification_channels ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
-- A chain's channels are known to every store, like its rota; who may change them is asked for besides.
CREATE POLICY tenant ON notification_channels TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
CREATE POLICY tenant ON notifications TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
GRANT SELECT, INSERT ON notification_channels, notifications TO pennyprotect_app;
GRANT UPDATE (name, hint, address, secret, occasions, lowest_threat, quiet_starts, quiet_ends, quiet_timezone, quiet_threat,
    most_per_hour, paused, changed_at, removed_at) ON notification_channels TO pennyprotect_app;
GRANT UPDATE (state, waits, attempts, checks, repeated, next_at, reason, changed_at) ON notifications TO pennyprotect_app;

-- The dispatcher sends for all tenants. Of people it learns who may see a store's alerts, not their names.
CREATE POLICY dispatcher ON notification_channels FOR SELECT TO pennyprotect_dispatcher USING (true);
CREATE POLICY dispatcher ON notifications TO pennyprotect_dispatcher USING (true);
CREATE POLICY dispatcher ON memberships FOR SELECT TO pennyprotect_dispatcher USING (true);
CREATE POLICY dispatcher ON users FOR SELECT TO pennyprotect_dispatcher USING (true);
GRANT SELECT ON notification_channels TO pennyprotect_dispatcher;
GRANT SELECT, INSERT, DELETE ON notifications TO pennyprotect_dispatcher;
GRANT UPDATE (state, waits, attempts, checks, repeated, merged, merged_into, next_at, lease_until, tried_at, provider_id, reason,
    changed_at) ON notifications TO pennyprotect_dispatcher;
GRANT SELECT (chain_id, user_id, role, store_id, region_id) ON memberships TO pennyprotect_dispatcher;
GRANT SELECT (id, disabled_at) ON users TO pennyprotect_dispatcher;
GRANT SELECT (name, timezone) ON stores TO pennyprotect_dispatcher;  -- a message says where
GRANT EXECUTE ON FUNCTION tenant_key(uuid, integer) TO pennyprotect_dispatcher;
