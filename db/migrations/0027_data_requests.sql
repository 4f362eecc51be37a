-- Requests of people about what is held of them (rule 17). They reach every store, so only a scope of the whole chain sees them. Expand only.
CREATE TABLE data_requests (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL REFERENCES chains (id),
    kind text NOT NULL CHECK (kind IN ('access', 'erasure')),
    received_at timestamptz NOT NULL,     -- the clock counts from here
    identity_checked text NOT NULL CHECK (length(identity_checked) BETWEEN 1 AND 500),
    contact bytea,                        -- sealed: who asks and how to answer
    contact_key integer GENERATED ALWAYS AS (
        CASE WHEN length(contact) >= 36 AND substr(contact, 1, 4) = '\x50506b31'::bytea
            THEN (get_byte(contact, 20) << 24) | (get_byte(contact, 21) << 16) | (get_byte(contact, 22) << 8) | get_byte(contact, 23)
        END) STORED,
    store_id uuid,                        -- with the next two: footage of a visit, held while the request is open
    seen_from timestamptz,
    seen_to timestamptz,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered')),
    extended_days integer NOT NULL DEFAULT 0 CHECK (extended_days BETWEEN 0 AND 60),
    extension_reason text NOT NULL DEFAULT '' CHECK (length(extension_reason) <= 500),
    searches integer NOT NULL DEFAULT 0,
    exports integer NOT NULL DEFAULT 0,
    outcome text CHECK (outcome IN ('fulfilled', 'partly-fulfilled', 'nothing-held', 'refused')),
    answer text CHECK (length(answer) BETWEEN 1 AND 4000),
    recorded_by uuid NOT NULL REFERENCES users (id),
    recorded_at timestamptz NOT NULL,
    answered_by uuid REFERENCES users (id),
    answered_at timestamptz,
    revision integer NOT NULL DEFAULT 0,
    CHECK ((state = 'answered') = (answered_at IS NOT NULL)),
    CHECK ((store_id IS NULL) = (seen_from IS NULL) AND (store_id IS NULL) = (seen_to IS NULL)),
    UNIQUE (chain_id, id),
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    CONSTRAINT data_requests_contact_key FOREIGN KEY (chain_id, contact_key) REFERENCES tenant_keys (chain_id, version)
);
CREATE INDEX data_requests_chain ON data_requests (chain_id, received_at DESC, id DESC);
CREATE INDEX data_requests_visit ON data_requests (store_id) WHERE state = 'open' AND store_id IS NOT NULL;

-- The entries that a person said are of whoever asks.
CREATE TABLE data_request_subjects (
    request_id uuid NOT NULL,
    enrolment_id uuid NOT NULL REFERENCES enrolments (id),
    chain_id uuid NOT NULL,
    added_by uuid NOT NULL REFERENCES users (id),
    added_at timestamptz NOT NULL,
    erasure_id uuid REFERENCES erasures (id),
    PRIMARY KEY (request_id, enrolment_id),
    FOREIGN KEY (chain_id, request_id) REFERENCES data_requests (chain_id, id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['data_requests', 'data_request_subjects'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
            AND (SELECT tenant_stores()) IS NULL)', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO pennyprotect_app', name);
    END LOOP;
END $$;
GRANT UPDATE (state, extended_days, extension_reason, searches, exports, outcome, answer, answered_by, answered_at, contact, revision)
    ON data_requests TO pennyprotect_app;
GRANT UPDATE (erasure_id), DELETE ON data_request_subjects TO pennyprotect_app;

-- Retention passes over the footage of a visit while the request about it is open.
CREATE POLICY retention ON data_requests FOR SELECT TO pennyprotect_retention USING (chain_id = (SELECT tenant_chain()));
GRANT SELECT (chain_id, store_id, state, seen_from, seen_to) ON data_requests TO pennyprotect_retention;

-- What people wrote about somebody who was erased goes, too: verdicts and times stay for the error rates.
CREATE FUNCTION forget_words_about(wanted uuid) RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH ended AS (SELECT id FROM enrolments WHERE id = wanted AND ended_at IS NOT NULL AND chain_id = tenant_chain()
            AND tenant_stores() IS NULL),
        reviews AS (UPDATE match_reviews r SET reason = 'erased' FROM matches m, ended WHERE m.id = r.match_id
            AND m.enrolment_id = ended.id AND r.reason <> 'erased' RETURNING 1),
        suspensions AS (UPDATE match_suspensions s SET reason = 'erased' FROM ended WHERE s.enrolment_id = ended.id
            AND s.reason <> 'erased' RETURNING 1)
    SELECT ((SELECT count(*) FROM reviews) + (SELECT count(*) FROM suspensions))::integer $$;
REVOKE EXECUTE ON FUNCTION forget_words_about(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_words_about(uuid) TO pennyprotect_app;
