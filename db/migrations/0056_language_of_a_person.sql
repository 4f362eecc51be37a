-- The language in which somebody reads, on every machine. Expand only.

ALTER TABLE users ADD COLUMN language text CHECK (language IN ('en', 'es'));      -- NULL: as the browser has it
GRANT UPDATE (language) ON users TO pennyprotect_app;
