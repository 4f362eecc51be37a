-- What an acceptance test was made with: the store's cameras, and how many people its lists held. NULL for tests recorded before it
-- was asked, which count until they are too old.
ALTER TABLE acceptance_tests
    ADD COLUMN camera_ids uuid[],
    ADD COLUMN listed integer CHECK (listed >= 0);
