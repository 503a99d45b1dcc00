-- What lets programs in: hashes of tokens, and what their bearers may do.

CREATE TABLE tokens (
    name       TEXT PRIMARY KEY,
    digest     BLOB NOT NULL UNIQUE, -- SHA-256 of its text
    scope      TEXT NOT NULL,
    made_at    INTEGER NOT NULL,     -- epoch ms, as all times here
    made_by    TEXT NOT NULL,
    connection TEXT,                 -- the only one that its bearer sees
    expires_at INTEGER,
    used_at    INTEGER               -- to the minute
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 9;
