-- Where the cameras of an acceptance test were, a mark of each address by camera: behind another address stands another device, which
-- nobody tested. NULL for tests recorded before it was asked, which the address of a camera does not end.
ALTER TABLE acceptance_tests ADD COLUMN addresses jsonb CHECK (jsonb_typeof(addresses) = 'object');
