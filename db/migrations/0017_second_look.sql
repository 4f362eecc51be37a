-- An optional second look at alerts by a vision model of the operator's choice; off for every store. Expand only.
ALTER TABLE stores ADD COLUMN second_look boolean NOT NULL DEFAULT false;

CREATE TABLE second_looks (
    alert_id uuid PRIMARY KEY REFERENCES alerts (id),
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    model text NOT NULL CHECK (length(model) <= 200),
    state text NOT NULL DEFAULT 'asked'
        CHECK (state IN ('asked', 'answered', 'no-picture', 'refused', 'timed-out', 'unreadable', 'over-allowance')),
    verdict text CHECK (verdict IN ('supports', 'does-not-support', 'cannot-tell')),
    summary text CHECK (length(summary) <= 400),
    tokens integer NOT NULL DEFAULT 0 CHECK (tokens >= 0),  -- what it counts for of the chain's allowance of the day
    asked_at timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id)
);
CREATE INDEX second_looks_chain ON second_looks (chain_id, asked_at);
ALTER TABLE second_looks ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON second_looks TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])));
GRANT SELECT, INSERT, UPDATE (state, verdict, summary, tokens, answered_at) ON second_looks TO pennyprotect_app;
GRANT UPDATE (second_look) ON stores TO pennyprotect_app;

-- SECURITY DEFINER: the service looks for all tenants before it has one's scope. Ids, the kind and the rule's figures, nothing else.
CREATE FUNCTION second_looks_due(most integer)
    RETURNS TABLE (alert_id uuid, chain_id uuid, store_id uuid, camera_id uuid, kind text, explanation jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT a.id, a.chain_id, a.store_id, a.camera_id, a.kind, a.explanation
    FROM alerts a JOIN stores s ON s.id = a.store_id
    WHERE s.second_look AND a.state IN ('raised', 'escalated') AND a.kind NOT LIKE 'camera-%'
        AND a.raised_at > now() - interval '30 seconds'
        AND NOT EXISTS (SELECT FROM second_looks l WHERE l.alert_id = a.id)
    ORDER BY a.raised_at LIMIT least(most, 20) $$;
REVOKE EXECUTE ON FUNCTION second_looks_due(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION second_looks_due(integer) TO pennyprotect_app;
