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

-- What hours are counted of: 2 bytes in each of millions of rows instead of two names.
CREATE TABLE series (
    id         INTEGER PRIMARY KEY,
    connection TEXT NOT NULL,
    resource   TEXT NOT NULL,
    UNIQUE (connection, resource)
) STRICT;

-- Polls that succeeded. In the order of time: what is written, and what is pruned, lies together on full pages.
CREATE TABLE hours (
    hour       INTEGER NOT NULL,   -- hours since the epoch
    series_id  INTEGER NOT NULL REFERENCES series (id),
    polls      INTEGER NOT NULL,
    seconds    REAL NOT NULL,      -- altogether
    changes    INTEGER NOT NULL,
    PRIMARY KEY (hour, series_id)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 2;
