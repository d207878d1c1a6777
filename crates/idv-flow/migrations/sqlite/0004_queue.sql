-- What is due stands apart from the flows, so that leases and due times do not write their wide rows and indexes again.
CREATE TABLE idv_queue (
    flow BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    version INTEGER NOT NULL,
    due INTEGER,
    lease INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO idv_queue (flow, account, version, due, lease) SELECT id, account, version, due, lease FROM idv_flows ORDER BY id;
CREATE INDEX idv_queue_due ON idv_queue (due, flow) WHERE due IS NOT NULL;

DROP INDEX idv_flows_due;
DROP INDEX idv_flows_wake;
ALTER TABLE idv_flows DROP COLUMN wake;
ALTER TABLE idv_flows DROP COLUMN lease;
ALTER TABLE idv_flows DROP COLUMN due;
ALTER TABLE idv_flows DROP COLUMN version;

-- A lease of a message writes no index.
DROP INDEX idv_inbox_due;
DROP INDEX idv_inbox_wake;
ALTER TABLE idv_inbox DROP COLUMN wake;
CREATE INDEX idv_inbox_due ON idv_inbox (due, digest) WHERE due IS NOT NULL AND done_at IS NULL;
