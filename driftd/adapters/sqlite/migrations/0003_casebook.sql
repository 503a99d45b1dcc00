-- What detection remembers, what it knows of records, and what it told.

-- Events that are stored and not released. Records keep the numbers under which their events were committed, whenever
-- those are released: they are part of the ids of events to come. A generation has
--   base_seq       the seq of its first event; 0 while its events are withheld
--   committed_seq  the number of its first event when it was committed, where its events were withheld then
ALTER TABLE generations ADD COLUMN committed_seq INTEGER;

-- 1: what is committed is withheld
ALTER TABLE resources ADD COLUMN withholds INTEGER NOT NULL DEFAULT 0;

DROP VIEW visible_records;

-- What readers see: one version a key, tombstones included.
CREATE VIEW visible_records AS
SELECT v.resource_id, v.key, v.raw, v.fingerprint, v.body, v.details, v.details_at,
       coalesce(v.seq, coalesce(g.committed_seq, g.base_seq) + coalesce(v.ordinal, g.size - 1)) AS seq,
       v.first_seen, v.placed, v.absent, v.absent_since, v.deleted_at
FROM resources AS s
CROSS JOIN records AS v ON v.resource_id = s.id
LEFT JOIN generations AS g ON g.id = v.generation
WHERE v.generation <= s.visible
  AND (s.untidy = 0 OR NOT EXISTS (
      SELECT 1 FROM records AS newer
      WHERE newer.resource_id = v.resource_id AND newer.key = v.key
        AND newer.generation > v.generation AND newer.generation <= s.visible));

-- Nouns of the core in MessagePack, zstd: read member by member, so that one more or one less does no harm. Resources
-- are numbered by series, as those of hours are: what a person files may concern one that was never polled.
CREATE TABLE memories (
    series_id INTEGER PRIMARY KEY REFERENCES series (id),
    evaluated INTEGER,             -- epoch ms
    memory    BLOB NOT NULL
) STRICT;

-- When all were evaluated is read without their memories, of which each fills a page.
CREATE INDEX memories_evaluated ON memories (series_id, evaluated) WHERE evaluated IS NOT NULL;

CREATE TABLE baselines (
    series_id INTEGER PRIMARY KEY REFERENCES series (id),
    baseline  BLOB NOT NULL
) STRICT;

CREATE TABLE schema_versions (
    series_id INTEGER NOT NULL REFERENCES series (id),
    source    TEXT NOT NULL,
    number    INTEGER NOT NULL,
    version   BLOB NOT NULL,
    PRIMARY KEY (series_id, source, number)
) STRICT;

CREATE TABLE alerts (
    id         TEXT NOT NULL PRIMARY KEY,
    connection TEXT NOT NULL,
    state      TEXT NOT NULL,
    since      INTEGER NOT NULL,   -- when the state began, epoch ms
    alert      BLOB NOT NULL
) STRICT;

CREATE INDEX alerts_open ON alerts (connection) WHERE state <> 'resolved';
CREATE INDEX alerts_resolved ON alerts (connection, since) WHERE state = 'resolved';
CREATE INDEX alerts_by_age ON alerts (since) WHERE state = 'resolved';

-- The alert stream: what is told, in the order in which it is to be told, to each who asks for what came after a seq.
CREATE TABLE notices (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    connection TEXT NOT NULL,
    at         INTEGER NOT NULL,   -- epoch ms
    notice     BLOB NOT NULL
) STRICT;

CREATE INDEX notices_by_connection ON notices (connection);
CREATE INDEX notices_by_age ON notices (at);

-- What persons did.
CREATE TABLE deeds (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,   -- epoch ms
    "by"       TEXT NOT NULL,
    action     TEXT NOT NULL,
    connection TEXT NOT NULL,
    resource   TEXT,
    subject    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    before     TEXT NOT NULL,
    after      TEXT NOT NULL,
    replaced   BLOB                -- the baseline that an acceptance replaced
) STRICT;

CREATE INDEX deeds_by_connection ON deeds (connection, at);
CREATE INDEX deeds_by_age ON deeds (at);

-- Which members of a resource's records name records of which class: a number in each of very many links.
CREATE TABLE relations (
    id         INTEGER PRIMARY KEY,
    connection TEXT NOT NULL,
    target     TEXT NOT NULL,
    resource   TEXT NOT NULL,
    field      TEXT NOT NULL,
    UNIQUE (connection, target, resource, field)
) STRICT;

-- One tree serves both ways: who refers to a record is asked by its key, and a link is removed as a whole.
CREATE TABLE links (
    relation_id INTEGER NOT NULL,
    value       BLOB NOT NULL,     -- key of the record that is named
    key         BLOB NOT NULL,     -- key of the record that names it
    PRIMARY KEY (relation_id, value, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE sums (
    series_id INTEGER NOT NULL,
    name      TEXT NOT NULL,
    value     BLOB NOT NULL,
    amounts   BLOB NOT NULL,       -- MessagePack array of decimals as text
    PRIMARY KEY (series_id, name, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE breaches (
    series_id   INTEGER NOT NULL,
    key         BLOB NOT NULL,
    "check"     TEXT NOT NULL,
    field       TEXT NOT NULL,
    since       INTEGER NOT NULL,  -- epoch ms
    fingerprint BLOB NOT NULL,
    times       INTEGER NOT NULL,
    accepted    INTEGER NOT NULL,
    judged      INTEGER NOT NULL,  -- rises with each time that breaches of the resource are written
    PRIMARY KEY (series_id, key, "check", field)
) STRICT, WITHOUT ROWID;

CREATE INDEX breaches_by_judged ON breaches (series_id, judged);

PRAGMA user_version = 3;
