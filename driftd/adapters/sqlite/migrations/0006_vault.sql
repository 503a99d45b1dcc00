-- Secrets that driftd keeps, sealed: the keys are elsewhere.

-- What sealed secrets are bound to. There is no row before the first of them.
CREATE TABLE vault (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    store TEXT NOT NULL          -- an id of this database, which its backups share
) STRICT;

CREATE TABLE sealed (
    connection TEXT NOT NULL,
    field      TEXT NOT NULL,    -- the setting that it stands for
    number     INTEGER NOT NULL, -- 1 for the first, one more for each that replaces it
    blob       BLOB NOT NULL,
    at         INTEGER NOT NULL, -- when it was sealed, epoch ms
    PRIMARY KEY (connection, field)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 6;
