-- The language in which a channel is written to; its owner's own choice comes first. Expand only.

ALTER TABLE notification_channels ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'es'));
GRANT UPDATE (language) ON notification_channels TO pennyprotect_app;
GRANT SELECT (language) ON users TO pennyprotect_dispatcher;
