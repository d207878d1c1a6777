-- Accounts, tenants, the application's own keys, and lists by time.
ALTER TABLE idv_flows ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE idv_flows ADD COLUMN tenant TEXT;
ALTER TABLE idv_flows ADD COLUMN application_key BLOB;
ALTER TABLE idv_flows ADD COLUMN phase_since INTEGER NOT NULL DEFAULT 0;
UPDATE idv_flows SET account = provider, phase_since = created_at;
CREATE UNIQUE INDEX idv_flows_application_key ON idv_flows (application_key) WHERE application_key IS NOT NULL;
DROP INDEX idv_flows_phase;
CREATE INDEX idv_flows_phase ON idv_flows (phase, account, id);
CREATE INDEX idv_flows_phase_since ON idv_flows (phase, phase_since, id);
CREATE INDEX idv_flows_created ON idv_flows (created_at, id);
CREATE INDEX idv_flows_account ON idv_flows (account, created_at, id);
CREATE INDEX idv_flows_tenant ON idv_flows (tenant, created_at, id) WHERE tenant IS NOT NULL;

ALTER TABLE idv_inbox RENAME COLUMN provider TO account;

ALTER TABLE idv_events ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE idv_events ADD COLUMN tenant TEXT;
UPDATE idv_events SET account = provider;
