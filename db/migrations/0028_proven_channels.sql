-- People's own numbers and addresses are told of alerts once they have confirmed them by a code; a rotated webhook secret goes on
-- signing beside the new one for a while. Expand only.
ALTER TABLE notification_channels ADD COLUMN proven_at timestamptz;
ALTER TABLE notification_channels ADD COLUMN code_until timestamptz;   -- a code was sent; sealed in `secret` until it is used
ALTER TABLE notification_channels ADD COLUMN code_tries integer NOT NULL DEFAULT 0;
ALTER TABLE notification_channels ADD COLUMN previous_secret bytea;
ALTER TABLE notification_channels ADD COLUMN previous_secret_key integer GENERATED ALWAYS AS (
    CASE WHEN length(previous_secret) >= 36 AND substr(previous_secret, 1, 4) = '\x50506b31'::bytea
        THEN (get_byte(previous_secret, 20) << 24) | (get_byte(previous_secret, 21) << 16) | (get_byte(previous_secret, 22) << 8)
            | get_byte(previous_secret, 23)
    END) STORED;
ALTER TABLE notification_channels ADD COLUMN previous_until timestamptz;
ALTER TABLE notification_channels ADD CONSTRAINT notification_channels_previous_secret_key
    FOREIGN KEY (chain_id, previous_secret_key) REFERENCES tenant_keys (chain_id, version);
UPDATE notification_channels SET proven_at = created_at WHERE user_id IS NOT NULL;
GRANT UPDATE (proven_at, code_until, code_tries, previous_secret, previous_until) ON notification_channels TO pennyprotect_app;
