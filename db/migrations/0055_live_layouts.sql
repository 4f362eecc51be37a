-- Layouts of the live page, one's own and a store's. Expand only.

CREATE TABLE live_layouts (
    id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL,
    owner uuid,                                                           -- a user or a key; NULL: everybody who sees the store live
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    cameras uuid[] CHECK (cardinality(cameras) BETWEEN 1 AND 64),         -- in their order; NULL: every camera of the store
    columns integer CHECK (columns BETWEEN 1 AND 8),
    large integer CHECK (large BETWEEN 0 AND 64),                         -- how many of the first move; NULL: by their number
    changed_at timestamptz NOT NULL,
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id),
    UNIQUE NULLS NOT DISTINCT (store_id, owner, name)
);

ALTER TABLE live_layouts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON live_layouts TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
    AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[]))
    AND (owner IS NULL OR owner = nullif(current_setting('pennyprotect.principal', true), '')::uuid));
GRANT SELECT, INSERT, DELETE ON live_layouts TO pennyprotect_app;
GRANT UPDATE (name, cameras, columns, large, changed_at) ON live_layouts TO pennyprotect_app;
