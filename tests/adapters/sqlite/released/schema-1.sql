-- What driftd wrote at schema 1, told by sqlite3's dump: see test_migrating.py.
PRAGMA page_size = 4096;
PRAGMA auto_vacuum = INCREMENTAL;
BEGIN TRANSACTION;
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
INSERT INTO "changes" VALUES(1,0,'5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9','c',X'5B2261225D',NULL,X'28B52FFD2016B100007B224E414D45223A2261222C2256414C5545223A307D','[]',NULL,'6ebd0c75bad5d37c9a4934e9da7ddd727751d432f4355034165ef571630dea7d',3,4,5,6,7,'observed',NULL,'[]');
INSERT INTO "changes" VALUES(1,1,'6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b','c',X'5B2262225D',NULL,X'28B52FFD2016B100007B224E414D45223A2262222C2256414C5545223A307D','[]',NULL,'c8c48727d85e3b14994e5e02838f34cd8fe2aa88bea02b2aa9bcf96179b31b66',3,4,5,6,7,'observed',NULL,'[]');
INSERT INTO "changes" VALUES(2,0,'d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35','u',X'5B2261225D',X'28B52FFD2016B100007B224E414D45223A2261222C2256414C5545223A307D',X'28B52FFD2016B100007B224E414D45223A2261222C2256414C5545223A317D','["/VALUE"]','6ebd0c75bad5d37c9a4934e9da7ddd727751d432f4355034165ef571630dea7d','778ef42b7a95dbd17c79fed06ee9e9e88492f035bfb5b85e066a395541b0ba27',3,4,5,6,7,'observed',NULL,'[]');
INSERT INTO "changes" VALUES(2,1,'4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce','d',X'5B2262225D',X'28B52FFD2016B100007B224E414D45223A2262222C2256414C5545223A307D',NULL,'[]','c8c48727d85e3b14994e5e02838f34cd8fe2aa88bea02b2aa9bcf96179b31b66',NULL,3,4,5,6,7,'observed',NULL,'[]');
INSERT INTO "changes" VALUES(2,2,'4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a','c',X'5B2263225D',NULL,X'28B52FFD2016B100007B224E414D45223A2263222C2256414C5545223A307D','[]',NULL,'55f2009c99456df0989b3016a14f888713d2c51624d96241fc92e4280f91e66d',3,4,5,6,7,'observed',NULL,'[]');
INSERT INTO "changes" VALUES(3,0,'ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d','c',X'5B2261225D',NULL,X'28B52FFD2016B100007B224E414D45223A2261222C2256414C5545223A307D','[]',NULL,'6ebd0c75bad5d37c9a4934e9da7ddd727751d432f4355034165ef571630dea7d',3,4,5,6,7,'observed',NULL,'[]');
INSERT INTO "changes" VALUES(3,1,'e7f6c011776e8db7cd330b54174fd76f7d0216b612387a5ffcfb81e6f0919683','u',X'5B2262225D',X'28B52FFD2016B100007B224E414D45223A2262222C2256414C5545223A317D',X'28B52FFD2016B100007B224E414D45223A2262222C2256414C5545223A327D','["/VALUE"]','ac0fb23a5cc018bc9399763d511c07a5e9fc3289cd5adf7f9674ca04d4549952','66fab1906034b1a55ba31bbadbd1666593967e14f742a62d1428bc5f6a05851d',3,4,5,6,7,'observed',NULL,'[]');
CREATE TABLE contents (
    segment_id INTEGER PRIMARY KEY,
    raw        BLOB NOT NULL,      -- n x 16 bytes
    keys       BLOB NOT NULL       -- zstd over a MessagePack array
) STRICT;
INSERT INTO "contents" VALUES(1,X'6EBD0C75BAD5D37C9A4934E9DA7DDD72C8C48727D85E3B14994E5E02838F34CD',X'28B52FFD200F79000092C4055B2261225DC4055B2262225D');
CREATE TABLE dictionaries (
    resource_id INTEGER PRIMARY KEY REFERENCES resources (id),
    dictionary  BLOB NOT NULL
) STRICT;
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
INSERT INTO "generations" VALUES(1,1,1,2,'sweep','cycle',1,'x3.acme.example','SEED','["BPCNUM"]','0.1.0',1,5);
INSERT INTO "generations" VALUES(2,1,3,3,'sweep','cycle',2,'x3.acme.example','SEED','["BPCNUM"]','0.1.0',1,5);
INSERT INTO "generations" VALUES(3,2,6,2,'sweep','cycle',1,'x3.acme.example','SEED','["SOHNUM"]','0.1.0',1,5);
CREATE TABLE meta (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    epoch     INTEGER NOT NULL,   -- raised by each writer at its start; checked in each of its transactions
    last_seq  INTEGER NOT NULL,   -- greatest seq given to a change event
    opened_at INTEGER NOT NULL    -- start of the latest writer, epoch ms
) STRICT;
INSERT INTO "meta" VALUES(1,1,7,5);
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
INSERT INTO "records" VALUES(1,X'5B2261225D',1,3,NULL,X'778EF42B7A95DBD17C79FED06EE9E9E8',X'018492F035BFB5B85E066A395541B0BA27',X'28B52FFD2016B100007B224E414D45223A2261222C2256414C5545223A317D',NULL,NULL,7,1,NULL,NULL,NULL);
INSERT INTO "records" VALUES(1,X'5B2262225D',1,4,NULL,X'C8C48727D85E3B14994E5E02838F34CD',X'018FE2AA88BEA02B2AA9BCF96179B31B66',X'28B52FFD2016B100007B224E414D45223A2262222C2256414C5545223A307D',NULL,NULL,7,1,NULL,NULL,9);
INSERT INTO "records" VALUES(1,X'5B2263225D',2,5,NULL,X'55F2009C99456DF0989B3016A14F8887',X'0113D2C51624D96241FC92E4280F91E66D',X'28B52FFD2016B100007B224E414D45223A2263222C2256414C5545223A307D',NULL,NULL,7,1,NULL,NULL,NULL);
INSERT INTO "records" VALUES(1,X'5B2264225D',2,5,NULL,X'FC9A505AD00CC6E81DBE01CD397ACFD9',X'016F6B4300D6666129523F3560EFACCD2E',X'28B52FFD2016B100007B224E414D45223A2264222C2256414C5545223A307D',NULL,NULL,7,1,'held',3,NULL);
INSERT INTO "records" VALUES(2,X'5B2261225D',3,NULL,0,X'6EBD0C75BAD5D37C9A4934E9DA7DDD72',X'017751D432F4355034165EF571630DEA7D',X'28B52FFD2016B100007B224E414D45223A2261222C2256414C5545223A307D',NULL,-1,7,1,NULL,NULL,NULL);
INSERT INTO "records" VALUES(2,X'5B2262225D',3,NULL,1,X'66FAB1906034B1A55BA31BBADBD16665',X'0193967E14F742A62D1428BC5F6A05851D',X'28B52FFD2016B100007B224E414D45223A2262222C2256414C5545223A327D',NULL,-1,7,1,NULL,NULL,NULL);
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
INSERT INTO "resources" VALUES(1,'acme','BPCUSTOMER','x3.acme.example','SEED','{"baselined":false,"sweeps":0,"records":0,"watermark":null,"volatile":[],"proposed":[],"details_budget":0.0,"details_budget_at":0,"last_probe":null,"last_delta":null,"last_sweep":null,"requests":0,"wire_bytes":0,"probe_bytes":0,"delta_requests":0,"delta_bytes":0,"details_bytes":0,"recipe":"","seed":0}',2,X'0000000000000001',3,2,0,0);
INSERT INTO "resources" VALUES(2,'acme','SORDER','x3.acme.example','SEED','{"baselined":false,"sweeps":0,"records":0,"watermark":null,"volatile":[],"proposed":[],"details_budget":0.0,"details_budget_at":0,"last_probe":null,"last_delta":null,"last_sweep":null,"requests":0,"wire_bytes":0,"probe_bytes":0,"delta_requests":0,"delta_bytes":0,"details_bytes":0,"recipe":"","seed":0}',3,X'',2,1,0,1);
CREATE TABLE segments (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    resource_id INTEGER NOT NULL REFERENCES resources (id),
    boundary    BLOB NOT NULL,
    n           INTEGER NOT NULL,
    digest      BLOB NOT NULL,
    duplicates  INTEGER NOT NULL,
    keyless     INTEGER NOT NULL
) STRICT;
INSERT INTO "segments" VALUES(1,1,X'5B2262225D',2,X'D8955C1E1E96ABA56742965ABAE9070E',0,0);
CREATE INDEX generations_by_seq ON generations (base_seq) WHERE size > 0;
CREATE INDEX generations_unpublished ON generations (resource_id) WHERE base_seq IS NULL;
CREATE INDEX records_by_details ON records (resource_id, details_at)
    WHERE details_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX records_unplaced ON records (resource_id) WHERE placed = 0 AND deleted_at IS NULL;
CREATE INDEX records_absent ON records (resource_id, absent) WHERE absent IS NOT NULL AND deleted_at IS NULL;
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
CREATE INDEX segments_by_resource ON segments (resource_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('resources',2);
INSERT INTO "sqlite_sequence" VALUES('generations',3);
INSERT INTO "sqlite_sequence" VALUES('segments',1);
COMMIT;
PRAGMA application_id = 1685218932;
PRAGMA user_version = 1;
