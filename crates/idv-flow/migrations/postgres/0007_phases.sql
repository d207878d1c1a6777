-- The indexed columns of a flow that change stand apart from the flows, so that a new state of a
-- flow writes none of the flow's indexes.
CREATE TABLE idv_phases (
    flow BYTEA PRIMARY KEY,
    account TEXT NOT NULL,
    phase TEXT NOT NULL,
    phase_since BIGINT NOT NULL,
    attention TEXT
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
INSERT INTO idv_phases (flow, account, phase, phase_since, attention)
    SELECT id, account, phase, phase_since, attention FROM idv_flows;
CREATE INDEX idv_phases_account ON idv_phases (phase, account, flow);
CREATE INDEX idv_phases_since ON idv_phases (phase, phase_since, flow);
CREATE INDEX idv_phases_attention ON idv_phases (flow) WHERE attention IS NOT NULL;

-- The flows by the key of the vendor's identifier. A key that a flow no longer has may stay.
CREATE TABLE idv_vendor_keys (
    key BYTEA NOT NULL,
    flow BYTEA NOT NULL,
    PRIMARY KEY (key, flow)
);
INSERT INTO idv_vendor_keys (key, flow) SELECT vendor, id FROM idv_flows WHERE vendor IS NOT NULL;

DROP INDEX idv_flows_phase, idv_flows_phase_since, idv_flows_attention, idv_flows_vendor;

-- An earlier program would not keep these tables up to date.
UPDATE idv_schema SET oldest_program = 7;
