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

-- Secrets that each use replaces, such as a refresh token: uses of which it is not known yet how they ended.

CREATE TABLE uses (
    connection TEXT NOT NULL,
    field      TEXT NOT NULL,    -- of which secret in `sealed`
    begun      INTEGER NOT NULL, -- when the first of them began, epoch ms
    PRIMARY KEY (connection, field)
) STRICT, WITHOUT ROWID;

-- What tells the secret that a person gave, where this one is it or came of it; a mark that does not tell it.
ALTER TABLE sealed ADD COLUMN given BLOB;

PRAGMA user_version = 7;
