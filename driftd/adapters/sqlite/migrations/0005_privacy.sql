-- What is remembered so that persons are not.

-- By which the key of hashes is known again: a hash made with it, never the key.
CREATE TABLE private_key (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    proof BLOB NOT NULL
) STRICT;

-- Records that a person had erased. `record` is a hash of the record's key with a key that is not in this file; what
-- was erased is not seen again while it stands here.
CREATE TABLE erased (
    connection TEXT NOT NULL,
    resource   TEXT NOT NULL,
    record     BLOB NOT NULL,
    at         INTEGER NOT NULL,   -- epoch ms
    finished   INTEGER NOT NULL,   -- 0: what is left of it in compressed bodies is not rewritten yet
    PRIMARY KEY (connection, resource, record)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 5;
