-- Never changed once released: what is there already is brought up to date by a further file.

-- Values under names.
CREATE TABLE idv_values (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Flows. Times are microseconds since the beginning of 1970.
CREATE TABLE idv_flows (
    id BLOB PRIMARY KEY,
    provider TEXT NOT NULL,
    version INTEGER NOT NULL,
    phase TEXT NOT NULL,
    attention TEXT,
    due INTEGER,
    lease INTEGER,
    -- When a claim finds it.
    wake INTEGER GENERATED ALWAYS AS (CASE WHEN lease > due THEN lease ELSE due END) STORED,
    created_at INTEGER NOT NULL,
    reference BLOB NOT NULL UNIQUE,
    vendor BLOB,
    audit_count INTEGER NOT NULL,
    audit_hash BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX idv_flows_due ON idv_flows (due, id) WHERE due IS NOT NULL;
CREATE INDEX idv_flows_wake ON idv_flows (wake) WHERE wake IS NOT NULL;
CREATE INDEX idv_flows_vendor ON idv_flows (vendor) WHERE vendor IS NOT NULL;
CREATE INDEX idv_flows_phase ON idv_flows (phase, provider, id);
CREATE INDEX idv_flows_attention ON idv_flows (id) WHERE attention IS NOT NULL;

-- Their sealed reports.
CREATE TABLE idv_reports (
    flow BLOB PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

-- The inbox of callbacks.
CREATE TABLE idv_inbox (
    digest BLOB PRIMARY KEY,
    provider TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    -- Missing if the message waits for an operator alone.
    due INTEGER,
    lease INTEGER,
    tries INTEGER NOT NULL,
    -- Why it is parked.
    attention TEXT,
    -- The flow that it is kept for, if it is parked for one.
    flow BLOB,
    done_at INTEGER,
    -- When a claim finds it.
    wake INTEGER GENERATED ALWAYS AS (
        CASE WHEN done_at IS NOT NULL THEN NULL WHEN lease > due THEN lease ELSE due END
    ) STORED,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX idv_inbox_due ON idv_inbox (due, digest) WHERE wake IS NOT NULL;
CREATE INDEX idv_inbox_wake ON idv_inbox (wake) WHERE wake IS NOT NULL;
CREATE INDEX idv_inbox_parked ON idv_inbox (received_at, digest) WHERE attention IS NOT NULL;
CREATE INDEX idv_inbox_flow ON idv_inbox (flow) WHERE flow IS NOT NULL;
CREATE INDEX idv_inbox_done ON idv_inbox (done_at) WHERE done_at IS NOT NULL;

-- Timers: a few.
CREATE TABLE idv_timers (
    name TEXT PRIMARY KEY,
    due INTEGER NOT NULL,
    lease INTEGER,
    wake INTEGER GENERATED ALWAYS AS (CASE WHEN lease > due THEN lease ELSE due END) STORED
) STRICT;

-- The audit trail, and the blocks that tie it together.
CREATE TABLE idv_audit (
    flow BLOB NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    block INTEGER,
    PRIMARY KEY (flow, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX idv_audit_loose ON idv_audit (flow, number) WHERE block IS NULL;
CREATE INDEX idv_audit_block ON idv_audit (block, flow, number) WHERE block IS NOT NULL;

CREATE TABLE idv_blocks (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
