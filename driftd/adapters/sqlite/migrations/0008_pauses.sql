-- What persons put aside: the latest pause and the latest window of maintenance of each connection, over or not.

CREATE TABLE pauses (
    connection TEXT NOT NULL,
    kind       TEXT NOT NULL,    -- pause, maintenance
    since      INTEGER NOT NULL, -- epoch ms; so are the others
    until      INTEGER NOT NULL,
    ended      INTEGER,          -- when a person ended it before that
    reason     TEXT NOT NULL,
    "by"       TEXT NOT NULL,
    PRIMARY KEY (connection, kind)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 8;
