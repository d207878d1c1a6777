-- Evidence, in sealed parts of at most 1 MiB.
CREATE TABLE idv_evidence (
    flow BYTEA NOT NULL,
    item BIGINT NOT NULL,
    part BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (flow, item, part)
);
-- What is sealed cannot be compressed.
ALTER TABLE idv_evidence ALTER COLUMN body SET STORAGE EXTERNAL;
