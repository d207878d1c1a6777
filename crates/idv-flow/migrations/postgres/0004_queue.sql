-- What is due stands apart from the flows, so that leases and due times do not write their wide rows and indexes again.
CREATE TABLE idv_queue (
    flow BYTEA PRIMARY KEY,
    account TEXT NOT NULL,
    version BIGINT NOT NULL,
    due BIGINT,
    lease BIGINT
) WITH (fillfactor = 70);
INSERT INTO idv_queue (flow, account, version, due, lease) SELECT id, account, version, due, lease FROM idv_flows;
CREATE INDEX idv_queue_due ON idv_queue (due, flow) WHERE due IS NOT NULL;

DROP INDEX idv_flows_due, idv_flows_wake;
ALTER TABLE idv_flows DROP COLUMN wake, DROP COLUMN lease, DROP COLUMN due, DROP COLUMN version;
-- A new state of a flow finds a place on the page of the old one, and no index is written.
ALTER TABLE idv_flows SET (fillfactor = 60);

-- A lease of a message writes no index.
DROP INDEX idv_inbox_due, idv_inbox_wake;
ALTER TABLE idv_inbox DROP COLUMN wake;
ALTER TABLE idv_inbox SET (fillfactor = 70);
CREATE INDEX idv_inbox_due ON idv_inbox (due, digest) WHERE due IS NOT NULL AND done_at IS NULL;
