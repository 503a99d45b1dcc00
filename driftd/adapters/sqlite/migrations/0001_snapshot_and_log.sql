-- The snapshot, its segments, and the log of changes.

CREATE TABLE meta (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    epoch     INTEGER NOT NULL,   -- raised by each writer at its start; checked in each of its transactions
    last_seq  INTEGER NOT NULL,   -- greatest seq given to a change event
    opened_at INTEGER NOT NULL    -- start of the latest writer, epoch ms
) STRICT;

INSERT INTO meta (id, epoch, last_seq, opened_at) VALUES (1, 0, 0, 0);

CREATE TABLE resources (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT NOT NULL,
    name       TEXT NOT NULL,
    host       TEXT NOT NULL,
    folder     TEXT NOT NULL,
    standing   TEXT NOT NULL,              -- JSON
    visible    INTEGER NOT NULL DEFAULT 0, -- versions of later generations are not there for readers
    layout     BLOB NOT NULL DEFAULT x'',  -- ids of the segments in server order, 8 bytes each, big endian
    live       INTEGER NOT NULL DEFAULT 0, -- records that are no tombstones
    cycles     INTEGER NOT NULL DEFAULT 0, -- cycles committed
    untidy     INTEGER NOT NULL DEFAULT 0, -- not 0: the generation because of which keys may have several versions
    details    INTEGER NOT NULL,           -- 1: each record has a details_at, so records_by_details lists it
    UNIQUE (connection, name)
) STRICT;

-- A commit that gave events, or rows written ahead. Until base_seq is known nobody sees it.
CREATE TABLE generations (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    resource_id  INTEGER NOT NULL REFERENCES resources (id),
    base_seq     INTEGER,          -- seq of its first event; event n has base_seq + n
    size         INTEGER NOT NULL, -- number of its events
    kind         TEXT NOT NULL,
    sweep_id     TEXT NOT NULL,
    sweep        INTEGER,          -- number of the cycle among those of the resource
    host         TEXT NOT NULL,
    folder       TEXT NOT NULL,
    key_names    TEXT NOT NULL,    -- JSON array
    version      TEXT NOT NULL,    -- driftd's
    begun_at     INTEGER NOT NULL,
    published_at INTEGER
) STRICT;

CREATE INDEX generations_by_seq ON generations (base_seq) WHERE size > 0;
CREATE INDEX generations_unpublished ON generations (resource_id) WHERE base_seq IS NULL;

-- Versions of records. Of each key the newest one of a visible generation counts.
-- seq is null where it was not known when the row was written ahead: it is then base_seq + ordinal of the generation,
-- or without ordinal the as_of_seq of the generation (base_seq + size - 1).
CREATE TABLE records (
    resource_id  INTEGER NOT NULL,
    key          BLOB NOT NULL,
    generation   INTEGER NOT NULL,
    seq          INTEGER,
    ordinal      INTEGER,
    raw          BLOB NOT NULL,
    fingerprint  BLOB NOT NULL,
    body         BLOB NOT NULL,    -- zstd
    details      BLOB,             -- zstd
    details_at   INTEGER,          -- -1: wanted and never read; null: the resource has no details facet
    first_seen   INTEGER NOT NULL,
    placed       INTEGER NOT NULL,
    absent       TEXT,
    absent_since INTEGER,
    deleted_at   INTEGER,
    PRIMARY KEY (resource_id, key, generation)
) STRICT, WITHOUT ROWID;

CREATE INDEX records_by_details ON records (resource_id, details_at)
    WHERE details_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_unplaced ON records (resource_id) WHERE placed = 0 AND deleted_at IS NULL;
CREATE INDEX records_absent ON records (resource_id, absent) WHERE absent IS NOT NULL AND deleted_at IS NULL;

-- What readers see: one version a key, tombstones included.
CREATE VIEW visible_records AS
SELECT v.resource_id, v.key, v.raw, v.fingerprint, v.body, v.details, v.details_at,
       coalesce(v.seq, g.base_seq + coalesce(v.ordinal, g.size - 1)) AS seq,
       v.first_seen, v.placed, v.absent, v.absent_since, v.deleted_at
FROM resources AS s
CROSS JOIN records AS v ON v.resource_id = s.id
LEFT JOIN generations AS g ON g.id = v.generation
WHERE v.generation <= s.visible
  AND (s.untidy = 0 OR NOT EXISTS (
      SELECT 1 FROM records AS newer
      WHERE newer.resource_id = v.resource_id AND newer.key = v.key
        AND newer.generation > v.generation AND newer.generation <= s.visible));

CREATE TABLE changes (
    generation  INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    id          TEXT NOT NULL,
    op          TEXT NOT NULL,
    key         BLOB NOT NULL,
    before      BLOB,              -- zstd
    after       BLOB,              -- zstd
    changed     TEXT NOT NULL,     -- JSON array
    before_hash TEXT,
    after_hash  TEXT,
    page        INTEGER NOT NULL,
    "row"       INTEGER NOT NULL,
    source_ts   INTEGER,
    ts          INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    confidence  TEXT NOT NULL,
    reason      TEXT,
    related     TEXT NOT NULL,     -- JSON array
    PRIMARY KEY (generation, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE segments (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    resource_id INTEGER NOT NULL REFERENCES resources (id),
    boundary    BLOB NOT NULL,
    n           INTEGER NOT NULL,
    digest      BLOB NOT NULL,
    duplicates  INTEGER NOT NULL,
    keyless     INTEGER NOT NULL
) STRICT;

CREATE INDEX segments_by_resource ON segments (resource_id);

-- Apart from segments, so that a list of boundaries reads no contents.
CREATE TABLE contents (
    segment_id INTEGER PRIMARY KEY,
    raw        BLOB NOT NULL,      -- n x 16 bytes
    keys       BLOB NOT NULL       -- zstd over a MessagePack array
) STRICT;

-- What the frames of a resource's bodies were compressed with; a frame names it by the resource's id.
CREATE TABLE dictionaries (
    resource_id INTEGER PRIMARY KEY REFERENCES resources (id),
    dictionary  BLOB NOT NULL
) STRICT;

PRAGMA application_id = 1685218932;
PRAGMA user_version = 1;
