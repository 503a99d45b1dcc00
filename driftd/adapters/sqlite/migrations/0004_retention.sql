-- What of the log is kept, who reads it, and what is counted of its days.

-- The log has the events from first_seq on, those from first_whole on with their bodies.
ALTER TABLE meta ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 1;
ALTER TABLE meta ADD COLUMN first_whole INTEGER NOT NULL DEFAULT 1;
ALTER TABLE meta ADD COLUMN log_bytes INTEGER NOT NULL DEFAULT 0; -- of its events, as the query `weight` has it

UPDATE meta SET log_bytes = (
    SELECT coalesce(sum(180 + length(key) + length(changed) + coalesce(length(before), 0) + coalesce(length(after), 0)), 0)
    FROM generations AS g CROSS JOIN changes AS c ON c.generation = g.id WHERE g.base_seq > 0);

-- Of the events of a commit; told where these are withheld, which count for the log when they come to it.
ALTER TABLE generations ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

UPDATE generations AS g SET bytes = (
    SELECT coalesce(sum(180 + length(key) + length(changed) + coalesce(length(before), 0) + coalesce(length(after), 0)), 0)
    FROM changes AS c WHERE c.generation = g.id)
WHERE g.size > 0 AND g.base_seq = 0;

-- 1: records may have their number from it, so that it stays when its events are gone. Of those so far nobody knows.
ALTER TABLE generations ADD COLUMN ahead INTEGER NOT NULL DEFAULT 1;

CREATE INDEX generations_withheld ON generations (resource_id) WHERE committed_seq IS NOT NULL;

-- A key that comes back without its tombstone takes forgotten for its previous number, which makes its id a new one.
-- Tombstones numbered up to forgets go once forgets_at sweeps are complete; null: none of them is to go yet.
ALTER TABLE resources ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN forgets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN forgets_at INTEGER;

CREATE INDEX records_deleted ON records (resource_id, deleted_at) WHERE deleted_at IS NOT NULL;

-- Events by the day of their commit, also of those that are gone.
CREATE TABLE days (
    day         INTEGER NOT NULL,  -- days since the epoch, UTC
    resource_id INTEGER NOT NULL REFERENCES resources (id),
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    deleted     INTEGER NOT NULL,
    PRIMARY KEY (day, resource_id)
) STRICT, WITHOUT ROWID;

INSERT INTO days (day, resource_id, created, updated, deleted)
SELECT g.published_at / 86400000, g.resource_id, sum(c.op = 'c'), sum(c.op = 'u'), sum(c.op = 'd')
FROM generations AS g CROSS JOIN changes AS c ON c.generation = g.id
WHERE g.base_seq IS NOT NULL
GROUP BY 1, 2;

-- Who reads the log, and how far.
CREATE TABLE cursors (
    name       TEXT PRIMARY KEY,
    seq        INTEGER NOT NULL,   -- of the last event that was read
    connection TEXT,               -- null: of all
    resource   TEXT,               -- null: of all
    used_at    INTEGER NOT NULL    -- epoch ms
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
