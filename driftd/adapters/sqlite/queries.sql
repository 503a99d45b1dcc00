-- Every statement of the store, by name. A file of its own names what one connection is set to: see writer.sql, reader.sql.

-- name: begin
-- Take the write lock at once: a transaction that turns from reading to writing may fail as busy whatever the timeout.
BEGIN IMMEDIATE

-- name: begin_reading
-- One state for all statements until the end.
BEGIN

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: durable
-- The next transaction survives a loss of power.
PRAGMA synchronous = FULL

-- name: relaxed
-- The next transaction may be lost with the power, never torn.
PRAGMA synchronous = NORMAL

-- name: checkpoint
-- Whether it was blocked, the pages in the log, and those of them that are in the database now (sqlite.org/pragma.html).
PRAGMA wal_checkpoint(PASSIVE)

-- name: identity
-- Whose file it is, its schema number, and whether it has any table.
SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
       (SELECT count(*) FROM sqlite_schema)

-- name: quick_check
PRAGMA quick_check(1)

-- name: optimize_at_open
PRAGMA optimize = 0x10002

-- name: optimize_at_close
PRAGMA optimize

-- name: back_up
VACUUM INTO :path

-- name: raise_epoch
UPDATE meta SET epoch = epoch + 1, opened_at = :now RETURNING epoch

-- name: epoch
SELECT epoch FROM meta

-- name: last_seq
SELECT last_seq FROM meta

-- name: set_last_seq
UPDATE meta SET last_seq = :seq

-- name: find_resource
SELECT id, visible, live, untidy, details, cycles FROM resources WHERE connection = :connection AND name = :name

-- name: insert_resource
INSERT INTO resources (connection, name, host, folder, standing, details)
VALUES (:connection, :name, :host, :folder, :standing, :details)

-- name: commit_resource
-- The one update that makes a cycle visible. A null layout leaves the segments as they are.
UPDATE resources
SET host = :host, folder = :folder, standing = :standing, visible = :visible, layout = coalesce(:layout, layout),
    live = live + :gained, cycles = cycles + 1, untidy = :untidy, details = :details
WHERE id = :resource
RETURNING live, cycles

-- name: standing
SELECT standing FROM resources WHERE connection = :connection AND name = :name

-- name: standings
SELECT connection, name, standing FROM resources

-- name: layout
SELECT layout FROM resources WHERE id = :resource

-- name: visible
SELECT visible FROM resources WHERE id = :resource

-- name: mark_untidy
-- Untidy is the generation because of which some keys may have several versions.
UPDATE resources SET untidy = :generation WHERE id = :resource

-- name: mark_tidy
-- Unless a generation later than those that were tidied has made it untidy again.
UPDATE resources SET untidy = 0 WHERE id = :resource AND untidy <= :horizon

-- name: mark_detailed
UPDATE resources SET details = 1 WHERE id = :resource

-- name: has_records
SELECT EXISTS (SELECT 1 FROM records WHERE resource_id = :resource)

-- name: insert_generation
INSERT INTO generations (resource_id, size, kind, sweep_id, host, folder, key_names, version, begun_at)
VALUES (:resource, 0, :kind, :sweep_id, :host, :folder, :key_names, :version, :now)

-- name: grow_generation
-- No row: a later cycle of the resource has dropped this one.
UPDATE generations SET size = :size WHERE id = :generation AND base_seq IS NULL

-- name: publish_generation
UPDATE generations SET base_seq = :base, size = :size, sweep = :sweep, published_at = :now
WHERE id = :generation AND base_seq IS NULL

-- name: published_span
-- First seq and number of events of a generation.
SELECT base_seq, size FROM generations WHERE id = :generation

-- name: unpublished
SELECT id FROM generations WHERE resource_id = :resource AND base_seq IS NULL AND id <= :horizon

-- name: foreign_generations
-- Generations of a resource that were never published, but for the one given.
SELECT id FROM generations WHERE resource_id = :resource AND base_seq IS NULL AND id IS NOT :generation

-- name: horizons
-- The latest generation and the latest segment there are: what comes later is no concern of a tidying that starts now.
-- No row: there is nothing to tidy.
SELECT (SELECT coalesce(max(id), 0) FROM generations), (SELECT coalesce(max(id), 0) FROM segments)
FROM resources WHERE id = :resource AND untidy <> 0

-- name: delete_unpublished
DELETE FROM generations WHERE resource_id = :resource AND base_seq IS NULL AND id <= :horizon

-- name: write_record
-- Of a key that is stored already the row is replaced where it is.
INSERT INTO records (resource_id, generation, seq, ordinal, key, raw, fingerprint, body, details, details_at,
                     first_seen, placed, absent, absent_since, deleted_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET seq = excluded.seq, ordinal = excluded.ordinal,
    raw = excluded.raw, fingerprint = excluded.fingerprint, body = excluded.body, details = excluded.details,
    details_at = excluded.details_at, first_seen = excluded.first_seen, placed = excluded.placed,
    absent = excluded.absent, absent_since = excluded.absent_since, deleted_at = excluded.deleted_at

-- name: insert_record_ahead
-- A key that this generation has already is left alone and found by the count of rows written.
INSERT INTO records (resource_id, generation, seq, ordinal, key, raw, fingerprint, body, details, details_at,
                     first_seen, placed, absent, absent_since, deleted_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: insert_baseline_record_ahead
-- The same for a row with nothing but a body: half the values to bind are a third of the time.
INSERT INTO records (resource_id, generation, key, raw, fingerprint, body, first_seen, placed)
VALUES (?, ?, ?, ?, ?, ?, ?, 1)
ON CONFLICT DO NOTHING

-- name: replace_record_ahead
-- The later row of a key wins; an event that the earlier one came with stays its latest event.
INSERT INTO records (resource_id, generation, seq, ordinal, key, raw, fingerprint, body, details, details_at,
                     first_seen, placed, absent, absent_since, deleted_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET seq = CASE WHEN excluded.ordinal IS NULL THEN seq END, ordinal = coalesce(excluded.ordinal, ordinal),
    raw = excluded.raw, fingerprint = excluded.fingerprint, body = excluded.body, details = excluded.details,
    details_at = excluded.details_at, first_seen = excluded.first_seen, placed = excluded.placed,
    absent = excluded.absent, absent_since = excluded.absent_since, deleted_at = excluded.deleted_at

-- name: visible_version
-- What the row of a key knows that readers see.
SELECT seq, ordinal, generation, deleted_at IS NULL FROM records
WHERE resource_id = ? AND key = ? AND generation <= ? ORDER BY generation DESC LIMIT 1

-- name: own_version
-- Whether this generation has written the key, and whether as a live record.
SELECT deleted_at IS NULL FROM records WHERE resource_id = ? AND key = ? AND generation = ?

-- name: versions_from
-- A stretch of keys with every version, to be tidied.
SELECT key, generation FROM records WHERE resource_id = :resource AND key >= :key
ORDER BY key, generation LIMIT :limit

-- name: delete_version
DELETE FROM records WHERE resource_id = ? AND key = ? AND generation = ?

-- name: want_details
-- Rows of a resource that had no details facet until now join the queue of details.
UPDATE records SET details_at = -1 WHERE resource_id = ? AND key = ? AND generation = ? AND details_at IS NULL

-- name: insert_change
INSERT INTO changes (generation, ordinal, id, op, key, before, after, changed, before_hash, after_hash, page, "row",
                     source_ts, ts, first_seen, confidence, reason, related)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: delete_changes
-- A slice of the events of a generation that was never published.
DELETE FROM changes WHERE generation = :generation
    AND ordinal IN (SELECT ordinal FROM changes WHERE generation = :generation LIMIT :limit)

-- name: insert_segment
INSERT INTO segments (resource_id, boundary, n, digest, duplicates, keyless) VALUES (?, ?, ?, ?, ?, ?)

-- name: insert_contents
INSERT INTO contents (segment_id, raw, keys) VALUES (?, ?, ?)

-- name: segment_ids
SELECT id FROM segments WHERE resource_id = :resource AND id <= :horizon

-- name: delete_segment
DELETE FROM segments WHERE id = ?

-- name: delete_contents
DELETE FROM contents WHERE segment_id = ?

-- name: segments
SELECT boundary, n, digest, duplicates, keyless, id FROM segments WHERE resource_id = :resource

-- name: contents
SELECT raw, keys FROM contents WHERE segment_id = ?

-- name: dictionary
SELECT dictionary FROM dictionaries WHERE resource_id = :resource

-- name: insert_dictionary
INSERT INTO dictionaries (resource_id, dictionary) VALUES (:resource, :dictionary)

-- name: known
SELECT key, raw, fingerprint, body, details, details_at, seq, first_seen, placed, absent, absent_since, deleted_at
FROM visible_records WHERE resource_id = ? AND key = ?

-- name: absent
-- The keys from the index of the few: left alone, the planner reads every record of the resource.
SELECT key, raw, fingerprint, body, details, details_at, seq, first_seen, placed, absent, absent_since, deleted_at
FROM visible_records WHERE resource_id = :resource AND absent IS NOT NULL AND deleted_at IS NULL
    AND key IN (SELECT key FROM records INDEXED BY records_absent
                WHERE resource_id = :resource AND absent IS NOT NULL AND deleted_at IS NULL)
ORDER BY key

-- name: unplaced
SELECT key FROM visible_records WHERE resource_id = :resource AND placed = 0 AND deleted_at IS NULL
    AND key IN (SELECT key FROM records INDEXED BY records_unplaced
                WHERE resource_id = :resource AND placed = 0 AND deleted_at IS NULL)
ORDER BY key

-- name: stalest
-- In the order of records_by_details: never read (-1) first.
SELECT key, raw, fingerprint, body, details, details_at, seq, first_seen, placed, absent, absent_since, deleted_at
FROM visible_records WHERE resource_id = :resource AND details_at IS NOT NULL AND deleted_at IS NULL
ORDER BY details_at, key LIMIT :limit

-- name: stalest_without_facet
-- The same by sorting, for a resource whose records were stored without a details facet.
SELECT key, raw, fingerprint, body, details, details_at, seq, first_seen, placed, absent, absent_since, deleted_at
FROM visible_records WHERE resource_id = :resource AND deleted_at IS NULL
ORDER BY coalesce(details_at, -1), key LIMIT :limit

-- name: coverage
SELECT count(*) FROM visible_records WHERE resource_id = :resource AND details_at >= :since AND deleted_at IS NULL

-- name: absences
SELECT absent, count(*) FROM visible_records
WHERE resource_id = :resource AND absent IS NOT NULL AND deleted_at IS NULL
    AND key IN (SELECT key FROM records INDEXED BY records_absent
                WHERE resource_id = :resource AND absent IS NOT NULL AND deleted_at IS NULL)
GROUP BY absent

-- name: read_records
SELECT key, body, details, absent_since FROM visible_records
WHERE resource_id = :resource AND key > :after AND deleted_at IS NULL
ORDER BY key LIMIT :limit

-- name: read_record
SELECT key, body, details, absent_since FROM visible_records
WHERE resource_id = :resource AND key = :key AND deleted_at IS NULL

-- name: read_changes
-- From the generation that holds the seq after :after, generation by generation.
SELECT g.id AS generation, g.base_seq + c.ordinal AS seq, c.id, c.op, c.key, c.before, c.after, c.changed,
       c.before_hash, c.after_hash, c.page, c."row", c.source_ts, c.ts, c.first_seen, c.confidence, c.reason, c.related
FROM generations AS g
CROSS JOIN resources AS r ON r.id = g.resource_id
CROSS JOIN changes AS c ON c.generation = g.id
WHERE g.size > 0
  AND g.base_seq >= (SELECT coalesce(max(base_seq), 0) FROM generations WHERE size > 0 AND base_seq <= :after + 1)
  AND c.ordinal > :after - g.base_seq
  AND (:connection IS NULL OR r.connection = :connection)
  AND (:name IS NULL OR r.name = :name)
ORDER BY g.base_seq, g.id, c.ordinal
LIMIT :limit

-- name: context
-- What all events of a generation share.
SELECT g.resource_id, r.connection, r.name, g.key_names, g.host, g.folder, g.kind, g.sweep_id, g.sweep, g.version
FROM generations AS g JOIN resources AS r ON r.id = g.resource_id WHERE g.id = :generation

-- name: write_connection
INSERT INTO connection_health (connection, health) VALUES (?, ?)
ON CONFLICT DO UPDATE SET health = excluded.health

-- name: write_usage
INSERT INTO usage (connection, day, requests, bytes) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET day = excluded.day, requests = excluded.requests, bytes = excluded.bytes

-- name: write_resource
INSERT INTO resource_health (connection, resource, health) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET health = excluded.health

-- name: insert_flip
INSERT INTO flips (connection, at, before, after, reason, message) VALUES (?, ?, ?, ?, ?, ?)

-- name: insert_poll
INSERT INTO polls (connection, at, resource, poll) VALUES (?, ?, ?, ?)

-- name: insert_series
INSERT INTO series (connection, resource) VALUES (?, ?)
ON CONFLICT DO NOTHING

-- name: add_to_hour
INSERT INTO hours (series_id, hour, polls, seconds, changes)
VALUES ((SELECT id FROM series WHERE connection = ? AND resource = ?), ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET polls = polls + excluded.polls, seconds = seconds + excluded.seconds, changes = changes + excluded.changes

-- name: connections
-- From one name to another; a blob comes after every name.
SELECT connection, health FROM connection_health WHERE connection BETWEEN :first AND :last

-- name: usages
SELECT connection, day, requests, bytes FROM usage WHERE connection BETWEEN :first AND :last

-- name: resources
SELECT connection, resource, health FROM resource_health WHERE connection BETWEEN :first AND :last

-- name: flips
SELECT connection, at, before, after, reason, message FROM flips
WHERE connection = :connection AND at >= :since AND at < :until
ORDER BY at DESC, id DESC LIMIT :limit

-- name: polls
SELECT connection, resource, poll FROM polls
WHERE connection = :connection AND at >= :since AND at < :until
ORDER BY at DESC, id DESC LIMIT :limit

-- name: hour_before
-- The latest hour of which anything is known, of whichever connection.
SELECT max(hour) FROM hours WHERE hour >= :first AND hour < :hour

-- name: hour
-- Of each resource of a connection.
SELECT s.resource, h.polls, h.seconds, h.changes
FROM series AS s CROSS JOIN hours AS h ON h.hour = :hour AND h.series_id = s.id
WHERE s.connection = :connection
ORDER BY s.resource DESC

-- name: count_flips
SELECT count(*) FROM flips WHERE connection = :connection AND at >= :since

-- name: prune_flips
DELETE FROM flips WHERE id IN (SELECT id FROM flips WHERE at < :before LIMIT :limit)

-- name: prune_polls
DELETE FROM polls WHERE id IN (SELECT id FROM polls WHERE at < :before LIMIT :limit)

-- name: prune_hours
DELETE FROM hours WHERE (hour, series_id) IN (SELECT hour, series_id FROM hours WHERE hour < :before LIMIT :limit)
