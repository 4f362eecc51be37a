-- A store's floor plan and where its cameras hang on it. Expand only.

CREATE TABLE floor_plans (
    store_id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    revision integer NOT NULL,
    width integer NOT NULL CHECK (width > 0),
    height integer NOT NULL CHECK (height > 0),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    picture bytea NOT NULL CHECK (length(picture) <= 4194304),            -- WebP, without the file's own notes
    width_m double precision CHECK (width_m BETWEEN 1 AND 2000),          -- metres of floor that it is wide; NULL: not known
    changed_at timestamptz NOT NULL,
    FOREIGN KEY (chain_id, store_id) REFERENCES stores (chain_id, id)
);

CREATE TABLE camera_places (
    camera_id uuid PRIMARY KEY,
    chain_id uuid NOT NULL,
    store_id uuid NOT NULL REFERENCES floor_plans (store_id) ON DELETE CASCADE,
    x double precision NOT NULL CHECK (x BETWEEN 0 AND 1),                -- of the plan's width, from the left
    y double precision NOT NULL CHECK (y BETWEEN 0 AND 1),                -- of its height, from the top
    heading_deg double precision NOT NULL CHECK (heading_deg >= 0 AND heading_deg < 360),   -- clockwise from the top
    view_deg double precision NOT NULL CHECK (view_deg BETWEEN 5 AND 360),
    reach double precision NOT NULL CHECK (reach BETWEEN 0.01 AND 1),     -- of the plan's width
    FOREIGN KEY (chain_id, store_id, camera_id) REFERENCES cameras (chain_id, store_id, id)
);
CREATE INDEX camera_places_store ON camera_places (store_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['floor_plans', 'camera_places'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO pennyprotect_app USING (chain_id = (SELECT tenant_chain())
            AND ((SELECT tenant_stores()) IS NULL OR store_id = ANY ((SELECT tenant_stores())::uuid[])))', name);
    END LOOP;
END $$;
GRANT SELECT, INSERT, DELETE ON floor_plans, camera_places TO pennyprotect_app;
GRANT UPDATE (revision, width, height, sha256, picture, width_m, changed_at) ON floor_plans TO pennyprotect_app;
