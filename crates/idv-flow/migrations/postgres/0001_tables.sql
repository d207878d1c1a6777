-- Never changed once released: what is there already is brought up to date by a further file.

-- Values under names.
CREATE TABLE idv_values (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Flows. Times are microseconds since the beginning of 1970.
CREATE TABLE idv_flows (
    id BYTEA PRIMARY KEY,
    provider TEXT NOT NULL,
    version BIGINT NOT NULL,
    phase TEXT NOT NULL,
    attention TEXT,
    due BIGINT,
    lease BIGINT,
    -- When a claim finds it.
    wake BIGINT GENERATED ALWAYS AS (CASE WHEN lease > due THEN lease ELSE due END) STORED,
    created_at BIGINT NOT NULL,
    reference BYTEA NOT NULL UNIQUE,
    vendor BYTEA,
    audit_count BIGINT NOT NULL,
    audit_hash BYTEA NOT NULL,
    body BYTEA NOT NULL
);
CREATE INDEX idv_flows_due ON idv_flows (due, id) WHERE due IS NOT NULL;
CREATE INDEX idv_flows_wake ON idv_flows (wake) WHERE wake IS NOT NULL;
CREATE INDEX idv_flows_vendor ON idv_flows (vendor) WHERE vendor IS NOT NULL;
CREATE INDEX idv_flows_phase ON idv_flows (phase, provider, id);
CREATE INDEX idv_flows_attention ON idv_flows (id) WHERE attention IS NOT NULL;

-- Their sealed reports.
CREATE TABLE idv_reports (
    flow BYTEA PRIMARY KEY,
    body BYTEA NOT NULL
);

-- The inbox of callbacks.
CREATE TABLE idv_inbox (
    digest BYTEA PRIMARY KEY,
    provider TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    -- Missing if the message waits for an operator alone.
    due BIGINT,
    lease BIGINT,
    tries BIGINT NOT NULL,
    -- Why it is parked.
    attention TEXT,
    -- The flow that it is kept for, if it is parked for one.
    flow BYTEA,
    done_at BIGINT,
    -- When a claim finds it.
    wake BIGINT GENERATED ALWAYS AS (
        CASE WHEN done_at IS NOT NULL THEN NULL WHEN lease > due THEN lease ELSE due END
    ) STORED,
    body BYTEA NOT NULL
);
CREATE INDEX idv_inbox_due ON idv_inbox (due, digest) WHERE wake IS NOT NULL;
CREATE INDEX idv_inbox_wake ON idv_inbox (wake) WHERE wake IS NOT NULL;
CREATE INDEX idv_inbox_parked ON idv_inbox (received_at, digest) WHERE attention IS NOT NULL;
CREATE INDEX idv_inbox_flow ON idv_inbox (flow) WHERE flow IS NOT NULL;
CREATE INDEX idv_inbox_done ON idv_inbox (done_at) WHERE done_at IS NOT NULL;

-- Timers: a few.
CREATE TABLE idv_timers (
    name TEXT PRIMARY KEY,
    due BIGINT NOT NULL,
    lease BIGINT,
    wake BIGINT GENERATED ALWAYS AS (CASE WHEN lease > due THEN lease ELSE due END) STORED
);

-- The audit trail, and the blocks that tie it together.
CREATE TABLE idv_audit (
    flow BYTEA NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    block BIGINT,
    PRIMARY KEY (flow, number)
);
CREATE INDEX idv_audit_loose ON idv_audit (flow, number) WHERE block IS NULL;
CREATE INDEX idv_audit_block ON idv_audit (block, flow, number) WHERE block IS NOT NULL;

CREATE TABLE idv_blocks (
    number BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL
);
