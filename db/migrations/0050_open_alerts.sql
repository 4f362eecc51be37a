-- The list of all stores counts open alerts every few seconds for each who looks: they are few, of many that are done with.
CREATE INDEX alerts_open ON alerts (store_id) INCLUDE (chain_id, threat, waiting_since)
    WHERE state IN ('raised', 'claimed', 'snoozed', 'escalated');
