-- Complaints of people about what a store's cameras or lists did, with their clocks (rule 16). Expand only.
CREATE TABLE complaints (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    received_at timestamptz NOT NULL,     -- the clocks count from here
    happened_at timestamptz NOT NULL,     -- what it is about; evidence of that time is held while it is open
    alert_id uuid,
    match_id uuid,
    summary text NOT NULL CHECK (length(summary) BETWEEN 1 AND 4000),
    contact bytea,                        -- sealed: who complains and how to answer; NULL where nobody said, and once it was forgotten
    contact_key integer GENERATED ALWAYS AS (
        CASE WHEN length(contact) >= 36 AND substr(contact, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(contact, 20) << 24) | (get_byte(contact, 21) << 16) | (get_byte(contact, 22) << 8) | get_byte(contact, 23)
        END) STORED,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'decided')),
    recorded_by uuid NOT NULL REFERENCES users (id),
    recorded_at timestamptz NOT NULL,
    acknowledged_by uuid REFERENCES users (id),
    acknowledged_at timestamptz,
    outcome text CHECK (outcome IN ('upheld', 'partly-upheld', 'not-upheld')),
    answer text CHECK (length(answer) BETWEEN 1 AND 4000),
    corrected boolean NOT NULL DEFAULT false,  -- the enrolment behind the match was erased, for every store
    decided_by uuid REFERENCES users (id),
    decided_at timestamptz,
    revision integer NOT NULL DEFAULT 0,
    CHECK ((state = 'decided') = (decided_at IS NOT NULL)),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    FOREIGN KEY (chain_id, store_id, match_id) REFERENCES matches (chain_id, store_id, id),
    CONSTRAINT complaints_contact_key FOREIGN KEY (chain_id, contact_key) REFERENCES tenant_keys (chain_id, version)
);
CREATE INDEX complaints_store ON complaints (store_id, received_at DESC, id DESC);
CREATE INDEX complaints_open ON complaints (store_id, happened_at) WHERE state <> 'decided';

ALTER TABLE complaints ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON complaints TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
GRANT SELECT, INSERT ON complaints TO pennyprotect_app;
GRANT UPDATE (state, acknowledged_by, acknowledged_at, outcome, answer, corrected, decided_by, decided_at, contact, revision)
    ON complaints TO pennyprotect_app;
