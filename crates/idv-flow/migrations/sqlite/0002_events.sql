-- What the application is told, in the order of the changes. `due` is missing once it was delivered.
CREATE TABLE idv_events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    -- As in PostgreSQL, where changes are committed in another order than that of their positions.
    transaction_id BIGINT NOT NULL DEFAULT 0,
    flow BLOB NOT NULL,
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
