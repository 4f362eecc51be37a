-- Channels that ask for it are told that a lead waits, and that people confirmed one. Neither message says who.
ALTER TABLE notifications DROP CONSTRAINT notifications_occasion_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_occasion_check CHECK (occasion IN
    ('alert-raised', 'alert-escalated', 'incident-changed', 'lead-raised', 'match-confirmed', 'test')) NOT VALID;
ALTER TABLE notifications VALIDATE CONSTRAINT notifications_occasion_check;
