-- The oldest program that can work with these tables, by the number of its last migration. A
-- migration that older programs cannot work with sets it to its own number; one that only adds
-- tables, indexes or nullable columns leaves it.
CREATE TABLE idv_schema (
    oldest_program INTEGER NOT NULL
) STRICT;
INSERT INTO idv_schema (oldest_program) VALUES (6);

-- The reference keys and application keys of purged flows: no key is used twice.
CREATE TABLE idv_purged (
    key BLOB PRIMARY KEY,
    flow BLOB NOT NULL
) STRICT, WITHOUT ROWID;
