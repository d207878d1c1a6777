-- What the application is told. `due` is missing once it was delivered.
CREATE TABLE idv_events (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Transactions are committed in another order than that in which positions are taken. Who reads up to the oldest transaction that is
    -- still under way, in the order of transactions, misses nothing.
    transaction_id BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    flow BYTEA NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    provider TEXT NOT NULL,
    event TEXT NOT NULL,
    due BIGINT,
    lease BIGINT,
    tries BIGINT NOT NULL DEFAULT 0,
    UNIQUE (flow, sequence)
);
CREATE INDEX idv_events_order ON idv_events (transaction_id, position);
CREATE INDEX idv_events_due ON idv_events (due, position) WHERE due IS NOT NULL;
