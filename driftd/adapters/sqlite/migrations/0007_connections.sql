-- Connections that stand here and not in the file, and those of which everything was erased.

CREATE TABLE connections (
    name       TEXT PRIMARY KEY,
    text       TEXT NOT NULL,      -- JSON, as the configuration would have it; its secret is in `sealed`
    made_at    INTEGER NOT NULL,   -- epoch ms
    made_by    TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT;

-- What is stored of a name is to go, or is gone. Where the name comes back, no event of it has the id of one from before.
CREATE TABLE cleared (
    connection TEXT PRIMARY KEY,
    last_seq   INTEGER NOT NULL,   -- no event of it has a greater seq
    at         INTEGER NOT NULL,   -- epoch ms
    done       INTEGER NOT NULL    -- 0: some of it is still there, and is to go
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 7;
