-- What is remembered so that persons are not.

-- By which the key of hashes is known again: a hash made with it, never the key.
CREATE TABLE private_key (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    proof BLOB NOT NULL
) STRICT;

-- Records that a person had erased. `record` is a hash of the record's key with a key that is not in this file; what
-- was erased is not seen again while it stands here. `step` is how far the erasure has come: 0, the record is gone, and
-- what else bears its key is to go; 1, nothing bears it, and the bodies are to be rewritten; 2, they are, and free pages
-- and the write-ahead log may still hold what was; 3, nothing is left.
CREATE TABLE erased (
    connection TEXT NOT NULL,
    resource   TEXT NOT NULL,
    record     BLOB NOT NULL,
    key        BLOB,               -- until step 2: by it an erasure that was interrupted goes on
    at         INTEGER NOT NULL,   -- epoch ms
    forget     INTEGER NOT NULL,   -- 1: the row goes with the last step, and the record may be seen again
    step       INTEGER NOT NULL,
    PRIMARY KEY (connection, resource, record)
) STRICT, WITHOUT ROWID;

CREATE INDEX erased_going_on ON erased (connection, resource) WHERE step < 3;

PRAGMA user_version = 5;
