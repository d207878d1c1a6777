-- The oldest program that can work with these tables, by the number of its last migration. A
-- migration that older programs cannot work with sets it to its own number; one that only adds
-- tables, indexes or nullable columns leaves it.
CREATE TABLE idv_schema (
    oldest_program BIGINT NOT NULL
);
INSERT INTO idv_schema (oldest_program) VALUES (6);

-- The reference keys and application keys of purged flows: no key is used twice.
CREATE TABLE idv_purged (
    key BYTEA PRIMARY KEY,
    flow BYTEA NOT NULL
);

-- The statement that inserts flows looks for purged keys, too, but in its own snapshot: while it waits
-- for the row of a flow, that flow may be purged. A trigger has a later snapshot.
CREATE FUNCTION idv_refuse_purged_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added JOIN idv_purged ON key = reference)
        OR EXISTS (SELECT 1 FROM added JOIN idv_purged ON key = application_key)
    THEN
        RAISE unique_violation USING MESSAGE = 'a key of a flow belonged to a purged flow';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER idv_flows_purged_keys AFTER INSERT ON idv_flows
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION idv_refuse_purged_keys();

-- The large tables are vacuumed and analyzed by a share of their rows, which at the default of 20 %
-- would be millions of rows after a purge.
ALTER TABLE idv_audit SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE idv_inbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE idv_events SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
-- Each claim and each change leaves an old row of the queue and of the flow.
ALTER TABLE idv_queue SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE idv_flows SET (autovacuum_vacuum_scale_factor = 0.05);
