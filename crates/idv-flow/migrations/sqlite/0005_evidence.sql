-- Evidence, in sealed parts of at most 1 MiB.
CREATE TABLE idv_evidence (
    flow BLOB NOT NULL,
    item BIGINT NOT NULL,
    part BIGINT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (flow, item, part)
);
