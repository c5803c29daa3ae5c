-- Whether somebody should look at what a sign-in through an upstream left as it is: the two sides contradict each
-- other, or roles were kept that groups give no more.
ALTER TABLE sync_records ADD COLUMN needs_attention BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX sync_records_by_attention ON sync_records (connection_id, occurred_at, id) WHERE needs_attention;
