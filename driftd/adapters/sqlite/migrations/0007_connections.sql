-- Connections that stand here and not in the file.

CREATE TABLE connections (
    name       TEXT PRIMARY KEY,
    text       TEXT NOT NULL,      -- JSON, as the configuration would have it; its secret is in `sealed`
    made_at    INTEGER NOT NULL,   -- epoch ms
    made_by    TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT;

-- Connections that went, of which all that is stored is to go.
CREATE TABLE clearing (
    connection TEXT PRIMARY KEY,
    at         INTEGER NOT NULL    -- epoch ms
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 7;
