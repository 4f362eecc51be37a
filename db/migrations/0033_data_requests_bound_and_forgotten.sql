-- Who asked for what is held, and who complained, is forgotten 90 days after the answer, which nobody who calls this can shorten.
-- Returns how many were.
CREATE FUNCTION forget_answered_contacts() RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH requests AS (UPDATE data_requests SET contact = NULL WHERE contact IS NOT NULL AND state = 'answered'
            AND answered_at < now() - interval '90 days' RETURNING 1),
        heard AS (UPDATE complaints SET contact = NULL WHERE contact IS NOT NULL AND state = 'decided'
            AND decided_at < now() - interval '90 days' RETURNING 1)
    SELECT ((SELECT count(*) FROM requests) + (SELECT count(*) FROM heard))::integer $$;
REVOKE EXECUTE ON FUNCTION forget_answered_contacts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_answered_contacts() TO pennyprotect_app;

-- An entry of a request is one of its own chain, by the database too.
ALTER TABLE data_request_subjects ADD CONSTRAINT data_request_subjects_chain_id_enrolment_id_fkey
    FOREIGN KEY (chain_id, enrolment_id) REFERENCES enrolments (chain_id, id) NOT VALID;
ALTER TABLE data_request_subjects VALIDATE CONSTRAINT data_request_subjects_chain_id_enrolment_id_fkey;
