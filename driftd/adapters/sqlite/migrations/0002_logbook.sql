-- How polling goes, and how it went.

-- Nouns of core/health.py in MessagePack: read member by member, so that one more or one less does no harm.
CREATE TABLE connection_health (
    connection TEXT PRIMARY KEY,
    health     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
    connection TEXT PRIMARY KEY,
    day        TEXT NOT NULL,      -- ISO date in the tenant's time zone
    requests   INTEGER NOT NULL,
    bytes      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- With a rowid: a row weighs about 1 KB, which is more than a page of an index should hold of one.
CREATE TABLE resource_health (
    connection TEXT NOT NULL,
    resource   TEXT NOT NULL,
    health     BLOB NOT NULL,
    PRIMARY KEY (connection, resource)
) STRICT;

-- Changes of a connection's state.
CREATE TABLE flips (
    id         INTEGER PRIMARY KEY,
    connection TEXT NOT NULL,
    at         INTEGER NOT NULL,   -- epoch ms
    before     TEXT NOT NULL,
    after      TEXT NOT NULL,
    reason     TEXT,
    message    TEXT NOT NULL
) STRICT;

CREATE INDEX flips_by_connection ON flips (connection, at);
CREATE INDEX flips_by_age ON flips (at);

-- Polls that failed or are not wholly trusted.
CREATE TABLE polls (
    id         INTEGER PRIMARY KEY,
    connection TEXT NOT NULL,
    resource   TEXT NOT NULL,
    at         INTEGER NOT NULL,   -- when it ended, epoch ms
    poll       BLOB NOT NULL       -- MessagePack
) STRICT;

CREATE INDEX polls_by_connection ON polls (connection, at);
CREATE INDEX polls_by_age ON polls (at);

-- Polls that succeeded. No index by age: it would be as large as the table.
CREATE TABLE hours (
    connection TEXT NOT NULL,
    at         INTEGER NOT NULL,   -- when the hour began, epoch ms
    resource   TEXT NOT NULL,
    polls      INTEGER NOT NULL,
    seconds    REAL NOT NULL,      -- altogether
    changes    INTEGER NOT NULL,
    PRIMARY KEY (connection, at, resource)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 2;
