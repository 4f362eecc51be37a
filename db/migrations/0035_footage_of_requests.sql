-- Footage that a handler looked at for a data request (rule 17): whether whoever asks is in it, and from when it is to be erased.
-- Retention deletes such a piece as soon as nothing holds it. Expand only.
CREATE TABLE data_request_footage (
    request_id uuid NOT NULL,
    evidence_id uuid NOT NULL,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    theirs boolean NOT NULL,
    decided_by uuid NOT NULL REFERENCES users (id),
    decided_at timestamptz NOT NULL,
    erase_from timestamptz,
    PRIMARY KEY (request_id, evidence_id),
    FOREIGN KEY (chain_id, request_id) REFERENCES data_requests (chain_id, id),
    FOREIGN KEY (chain_id, store_id, evidence_id) REFERENCES evidence (chain_id, store_id, id),
    CHECK (theirs OR erase_from IS NULL)
);
CREATE INDEX data_request_footage_evidence ON data_request_footage (evidence_id);
CREATE INDEX data_request_footage_erased ON data_request_footage (chain_id, erase_from) WHERE erase_from IS NOT NULL;

ALTER TABLE data_request_footage ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON data_request_footage TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND (SELECT tenant_stores()) IS NULL);
GRANT SELECT, INSERT ON data_request_footage TO pennyprotect_app;
GRANT UPDATE (theirs, decided_by, decided_at, erase_from) ON data_request_footage TO pennyprotect_app;

CREATE POLICY retention ON data_request_footage FOR SELECT TO pennyprotect_retention USING (chain_id = (SELECT tenant_chain()));
GRANT SELECT (chain_id, request_id, evidence_id, theirs, erase_from) ON data_request_footage TO pennyprotect_retention;
GRANT SELECT (id) ON data_requests TO pennyprotect_retention;
GRANT SELECT (evidence_id) ON evidence_exports TO pennyprotect_retention;  -- packages of an erased piece end with it
