-- What a POST answered is kept a day for repeated requests. With somebody who was erased the words go from there, too; the key stays,
-- so that a request that is sent again enrols nobody a second time.
CREATE INDEX idempotency_keys_made ON idempotency_keys ((response->>'id'));

CREATE FUNCTION forget_answers_about(wanted uuid) RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH blank AS (
            SELECT '{"name": ""}'::jsonb AS words FROM persons p
                WHERE p.id = wanted AND p.chain_id = tenant_chain() AND p.erased_at IS NOT NULL
            UNION ALL
            SELECT '{"state": "erased", "reason": "", "evidence": "", "age_basis": "", "exception_reason": "", "notice_how": "",
                "notice_withheld": "", "override_reason": "", "decision_reason": "", "quality": {}, "findings": [], "look_alikes": [],
                "renewal": null}'::jsonb FROM enrolments e
                WHERE e.id = wanted AND e.chain_id = tenant_chain() AND e.state = 'erased'),
        emptied AS (UPDATE idempotency_keys k SET response = k.response || blank.words FROM blank
            WHERE k.response->>'id' = wanted::text RETURNING 1)
    SELECT count(*)::integer FROM emptied $$;
REVOKE EXECUTE ON FUNCTION forget_answers_about(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_answers_about(uuid) TO pennyprotect_app;
