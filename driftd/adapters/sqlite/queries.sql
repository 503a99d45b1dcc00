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

-- name: optimize
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

-- name: grow_log
UPDATE meta SET last_seq = :seq, log_bytes = log_bytes + :bytes

-- name: add_to_day
INSERT INTO days (day, resource_id, created, updated, deleted) VALUES (:day, :resource, :created, :updated, :deleted)
ON CONFLICT DO UPDATE
SET created = created + excluded.created, updated = updated + excluded.updated, deleted = deleted + excluded.deleted

-- name: days
SELECT d.day, r.connection, r.name, d.created, d.updated, d.deleted
FROM days AS d CROSS JOIN resources AS r ON r.id = d.resource_id
WHERE d.day >= :since
    AND (:connection IS NULL OR r.connection = :connection) AND (:name IS NULL OR r.name = :name)

-- name: extent
SELECT first_seq, first_whole, last_seq, log_bytes FROM meta

-- name: set_first_seq
UPDATE meta SET first_seq = :seq, first_whole = max(first_whole, :seq), log_bytes = max(0, log_bytes - :bytes)

-- name: set_first_whole
UPDATE meta SET first_whole = :seq, log_bytes = max(0, log_bytes - :bytes)

-- name: commits_from
-- Of the log, in its order: the commit that holds the event :first, or the one before it, and those that follow.
SELECT id, base_seq, size, published_at FROM generations
WHERE size > 0 AND base_seq >= (SELECT coalesce(max(base_seq), 1)
                                FROM generations WHERE size > 0 AND base_seq BETWEEN 1 AND :first)
ORDER BY base_seq

-- name: newest_stamp
SELECT published_at FROM generations WHERE size > 0 AND base_seq > 0 ORDER BY base_seq DESC LIMIT 1

-- name: astray
-- Commits of a stretch of the log, and whether they were not made between :since and :until: no index has their stamps.
SELECT id, base_seq, published_at NOT BETWEEN :since AND :until FROM generations
WHERE size > 0 AND base_seq > :after AND base_seq <= :last ORDER BY base_seq LIMIT :limit

-- name: restamp
UPDATE generations SET published_at = ? WHERE id = ?

-- name: restamp_cursors
UPDATE cursors SET used_at = :until WHERE used_at > :until

-- name: weight
-- Of some events of a commit: how many there are, their bytes, and those of their bodies.
SELECT count(*),
       coalesce(sum(180 + length(key) + length(changed) + coalesce(length(before), 0) + coalesce(length(after), 0)), 0),
       coalesce(sum(coalesce(length(before), 0) + coalesce(length(after), 0)), 0)
FROM changes WHERE generation = :generation AND ordinal >= :start AND ordinal < :stop

-- name: remove_events
DELETE FROM changes WHERE generation = :generation AND ordinal >= :start AND ordinal < :stop

-- name: bare_events
-- Without their bodies, in the order in which `insert_change` takes them.
SELECT generation, ordinal, id, op, key, NULL, NULL, changed, before_hash, after_hash, page, "row",
       source_ts, ts, first_seen, confidence, reason, related
FROM changes WHERE generation = :generation AND ordinal >= :start AND ordinal < :stop

-- name: remove_generation
-- But for one that records may have their number from.
DELETE FROM generations WHERE id = :generation AND ahead = 0

-- name: ripe_days
SELECT count(*) FROM days WHERE day < :before

-- name: prune_days
DELETE FROM days WHERE (day, resource_id) IN (SELECT day, resource_id FROM days WHERE day < :before LIMIT :limit)

-- name: forgetting
-- Resources that have tombstones, and no key with several versions.
SELECT id FROM resources AS r
WHERE untidy = 0 AND EXISTS (SELECT 1 FROM records AS d INDEXED BY records_deleted
                             WHERE d.resource_id = r.id AND d.deleted_at IS NOT NULL)

-- name: memory_of_tombstones
-- No row: the resource has keys with several versions.
SELECT standing, forgotten, forgets, forgets_at FROM resources WHERE id = :resource AND untidy = 0

-- name: tombstones
-- The oldest, with their numbers; of each key there is one version.
SELECT d.key, coalesce(d.seq, coalesce(g.committed_seq, g.base_seq) + coalesce(d.ordinal, g.size - 1))
FROM records AS d INDEXED BY records_deleted LEFT JOIN generations AS g ON g.id = d.generation
WHERE d.resource_id = :resource AND d.deleted_at IS NOT NULL
ORDER BY d.deleted_at LIMIT :limit

-- name: remove_tombstone
DELETE FROM records WHERE resource_id = ? AND key = ?

-- name: tells_late
-- Whether an event of a resource that was withheld is, or will be, behind :first.
SELECT EXISTS (SELECT 1 FROM generations INDEXED BY generations_withheld
               WHERE resource_id = :resource AND committed_seq IS NOT NULL AND size > 0
                   AND (base_seq = 0 OR base_seq + size > :first))

-- name: forget_up_to
UPDATE resources SET forgotten = max(forgotten, :seq), forgets = :seq, forgets_at = :sweeps WHERE id = :resource

-- name: forgotten_all
UPDATE resources SET forgets_at = NULL WHERE id = :resource

-- name: cursors
SELECT name, seq, used_at, connection, resource FROM cursors ORDER BY name

-- name: move_cursor
INSERT INTO cursors (name, seq, connection, resource, used_at) VALUES (:name, :seq, :connection, :resource, :used_at)
ON CONFLICT DO UPDATE
SET seq = excluded.seq, connection = excluded.connection, resource = excluded.resource, used_at = excluded.used_at

-- name: remove_cursor
DELETE FROM cursors WHERE name = :name

-- name: prune_cursors
DELETE FROM cursors WHERE name IN (SELECT name FROM cursors WHERE used_at < :before LIMIT :limit)

-- name: free_pages
SELECT (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size)

-- name: give_back
-- One page, from the end of the file. Of several the sqlite3 module takes the first step only.
PRAGMA incremental_vacuum(1)

-- name: find_resource
SELECT id, visible, live, untidy, details, cycles, withholds FROM resources WHERE connection = :connection AND name = :name

-- name: insert_resource
INSERT INTO resources (connection, name, host, folder, standing, details)
VALUES (:connection, :name, :host, :folder, :standing, :details)

-- name: commit_resource
-- The one update that makes a cycle visible. A null layout leaves the segments as they are.
UPDATE resources
SET host = :host, folder = :folder, standing = :standing, visible = :visible, layout = coalesce(:layout, layout),
    live = live + :gained, cycles = cycles + 1, untidy = :untidy, details = :details,
    withholds = coalesce(:withhold, withholds)
WHERE id = :resource
RETURNING live, cycles, withholds

-- name: standing
SELECT standing, forgotten FROM resources WHERE connection = :connection AND name = :name

-- name: standings
SELECT connection, name, standing, forgotten FROM resources

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
INSERT INTO generations (resource_id, size, kind, sweep_id, host, folder, key_names, version, begun_at, ahead)
VALUES (:resource, 0, :kind, :sweep_id, :host, :folder, :key_names, :version, :now, :ahead)

-- name: grow_generation
-- No row: a later cycle of the resource has dropped this one.
UPDATE generations SET size = :size WHERE id = :generation AND base_seq IS NULL

-- name: publish_generation
UPDATE generations
SET base_seq = :base, committed_seq = :committed, size = :size, bytes = :bytes, sweep = :sweep, published_at = :now
WHERE id = :generation AND base_seq IS NULL

-- name: published_span
-- The number of the first event of a generation when it was committed, and how many it has.
SELECT coalesce(committed_seq, base_seq), size FROM generations WHERE id = :generation

-- name: withheld_generations
-- Few of all: they stand at the beginning of generations_by_seq.
SELECT committed_seq, id, size, bytes FROM generations WHERE size > 0 AND base_seq = 0 AND resource_id = :resource

-- name: release_generation
UPDATE generations SET base_seq = :base, published_at = :now WHERE id = :generation

-- name: withhold_no_more
UPDATE resources SET withholds = 0 WHERE id = :resource

-- name: count_withheld
SELECT coalesce(sum(g.size), 0) FROM generations AS g JOIN resources AS r ON r.id = g.resource_id
WHERE g.size > 0 AND g.base_seq = 0 AND r.connection = :connection AND r.name = :name

-- name: unpublished
SELECT id FROM generations WHERE resource_id = :resource AND base_seq IS NULL AND id <= :horizon

-- name: foreign_generations
-- Generations of a resource that were never published, but for the one given.
SELECT id FROM generations WHERE resource_id = :resource AND base_seq IS NULL AND id IS NOT :generation

-- name: horizons
-- The latest generation and the latest segment there are: what comes later is no concern of a tidying that starts now.
-- No row: there is nothing to tidy.
SELECT (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'generations'),
       (SELECT coalesce(max(id), 0) FROM segments)
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
SELECT dictionary FROM dictionaries WHERE resource_id = :resource AND length(dictionary) > 8

-- name: insert_dictionary
INSERT INTO dictionaries (resource_id, dictionary) VALUES (:resource, :dictionary)
ON CONFLICT DO UPDATE SET dictionary = excluded.dictionary

-- name: emptied_dictionary
SELECT dictionary FROM dictionaries WHERE resource_id = :resource

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
-- From the generation that holds the seq after :after, generation by generation; those withheld (0) are in front of all.
SELECT g.id AS generation, g.base_seq + c.ordinal AS seq, c.id, c.op, c.key, c.before, c.after, c.changed,
       c.before_hash, c.after_hash, c.page, c."row", c.source_ts, c.ts, c.first_seen, c.confidence, c.reason, c.related
FROM generations AS g
CROSS JOIN resources AS r ON r.id = g.resource_id
CROSS JOIN changes AS c ON c.generation = g.id
WHERE g.size > 0
  AND g.base_seq >= (SELECT coalesce(max(base_seq), 1)
                     FROM generations WHERE size > 0 AND base_seq BETWEEN 1 AND :after + 1)
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

-- name: find_series
SELECT id FROM series WHERE connection = ? AND resource = ?

-- name: write_memory
INSERT INTO memories (series_id, evaluated, memory) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET evaluated = excluded.evaluated, memory = excluded.memory

-- name: memory
SELECT m.memory FROM series AS s CROSS JOIN memories AS m ON m.series_id = s.id
WHERE s.connection = ? AND s.resource = ?

-- name: evaluated
SELECT s.connection, s.resource, m.evaluated FROM memories AS m CROSS JOIN series AS s ON s.id = m.series_id
WHERE m.evaluated IS NOT NULL

-- name: write_baseline
INSERT INTO baselines (series_id, baseline) VALUES (?, ?)
ON CONFLICT DO UPDATE SET baseline = excluded.baseline

-- name: baseline
SELECT b.baseline FROM series AS s CROSS JOIN baselines AS b ON b.series_id = s.id
WHERE s.connection = ? AND s.resource = ?

-- name: write_version
INSERT INTO schema_versions (series_id, source, number, version) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET version = excluded.version

-- name: drop_versions
DELETE FROM schema_versions WHERE series_id = ? AND source = ? AND number <= ?

-- name: versions
SELECT v.version FROM series AS s CROSS JOIN schema_versions AS v ON v.series_id = s.id
WHERE s.connection = ? AND s.resource = ? AND v.source = ?
ORDER BY v.number

-- name: write_alert
INSERT INTO alerts (id, connection, state, since, alert) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET connection = excluded.connection, state = excluded.state, since = excluded.since, alert = excluded.alert

-- name: alert
SELECT alert FROM alerts WHERE id = ?

-- name: open_alerts
-- From one name to another; a blob comes after every name.
SELECT id, alert FROM alerts WHERE state <> 'resolved' AND connection BETWEEN :first AND :last

-- name: resolved_alerts
SELECT id, alert FROM alerts WHERE state = 'resolved' AND since >= :since

-- name: resolved_alerts_of
SELECT id, alert FROM alerts WHERE state = 'resolved' AND connection = :connection AND since >= :since

-- name: insert_notice
-- One that is there already was told by the same cycle before.
INSERT INTO notices (id, connection, at, notice) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: notices
SELECT seq, notice FROM notices WHERE seq > :after ORDER BY seq

-- name: notices_of
SELECT seq, notice FROM notices WHERE connection = :connection AND seq > :after ORDER BY seq

-- name: insert_deed
INSERT INTO deeds (at, "by", action, connection, resource, subject, reason, before, after, replaced)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: deeds
SELECT at, "by", action, connection, resource, subject, reason, before, after, replaced FROM deeds
WHERE connection = :connection ORDER BY at DESC, id DESC LIMIT :limit

-- name: present
SELECT key FROM visible_records WHERE resource_id = ? AND key = ? AND deleted_at IS NULL

-- name: insert_relation
INSERT INTO relations (connection, target, resource, field) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: find_relation
SELECT id FROM relations WHERE connection = ? AND target = ? AND resource = ? AND field = ?

-- name: insert_link
INSERT INTO links (relation_id, value, key) VALUES (?, ?, ?)
ON CONFLICT DO NOTHING

-- name: delete_link
DELETE FROM links WHERE relation_id = ? AND value = ? AND key = ?

-- name: referring
SELECT r.resource, r.field, l.key
FROM relations AS r CROSS JOIN links AS l ON l.relation_id = r.id AND l.value = :value
WHERE r.connection = :connection AND r.target = :target
ORDER BY r.resource, r.field, l.key LIMIT :limit

-- name: write_sum
INSERT INTO sums (series_id, name, value, amounts) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET amounts = excluded.amounts

-- name: delete_sum
DELETE FROM sums WHERE series_id = ? AND name = ? AND value = ?

-- name: sum
SELECT a.amounts FROM series AS s CROSS JOIN sums AS a ON a.series_id = s.id
WHERE s.connection = ? AND s.resource = ? AND a.name = ? AND a.value = ?

-- name: last_judged
SELECT coalesce(max(judged), 0) FROM breaches WHERE series_id = :series

-- name: write_breach
-- What a person accepted meanwhile stays accepted until the breach is mended.
INSERT INTO breaches (series_id, key, "check", field, since, fingerprint, times, accepted, judged)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET since = excluded.since, fingerprint = excluded.fingerprint, times = excluded.times,
    accepted = max(accepted, excluded.accepted), judged = excluded.judged

-- name: delete_breach
DELETE FROM breaches WHERE series_id = ? AND key = ? AND "check" = ? AND field = ?

-- name: accept_breaches
UPDATE breaches SET accepted = 1 WHERE series_id = ? AND "check" = ? AND field = ?

-- name: breaches
SELECT b."check", b.field, b.key, b.since, b.fingerprint, b.times, b.accepted, b.judged
FROM series AS s CROSS JOIN breaches AS b ON b.series_id = s.id
WHERE s.connection = :connection AND s.resource = :resource
ORDER BY b.judged, b.key, b."check", b.field LIMIT :limit

-- name: breaches_of_key
SELECT b."check", b.field, b.key, b.since, b.fingerprint, b.times, b.accepted, b.judged
FROM series AS s CROSS JOIN breaches AS b ON b.series_id = s.id AND b.key = :key
WHERE s.connection = :connection AND s.resource = :resource

-- name: breached
SELECT b."check", b.field, sum(b.times > 1 AND NOT b.accepted), count(*)
FROM series AS s CROSS JOIN breaches AS b ON b.series_id = s.id
WHERE s.connection = :connection AND s.resource = :resource
GROUP BY b."check", b.field

-- name: prune_alerts
DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE state = 'resolved' AND since < :before LIMIT :limit)

-- name: prune_notices
DELETE FROM notices WHERE seq IN (SELECT seq FROM notices WHERE at < :before LIMIT :limit)

-- name: prune_deeds
DELETE FROM deeds WHERE id IN (SELECT id FROM deeds WHERE at < :before LIMIT :limit)

-- name: read_resources
SELECT id FROM resources WHERE cycles > 0 ORDER BY id

-- name: insert_marker_generation
-- A generation of one event that is about no record.
INSERT INTO generations (resource_id, base_seq, size, kind, sweep_id, sweep, host, folder, key_names, version, begun_at,
                         published_at, ahead)
SELECT id, :seq, 1, :kind, :id, cycles, host, folder, '[]', :version, :now, :now, 0 FROM resources WHERE id = :resource

-- name: last_rebaseline
SELECT at, reason, subject FROM deeds WHERE connection = '' AND action = 'rebaseline' ORDER BY at DESC, id DESC LIMIT 1

-- name: truncate_log
-- As `checkpoint`, and the log is emptied; whoever reads is waited for only as long as `busy_timeout` says.
PRAGMA wal_checkpoint(TRUNCATE)

-- name: little_patience
PRAGMA busy_timeout = 100

-- name: patience
PRAGMA busy_timeout = 5000

-- name: tables
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'

-- name: check_table
-- The structure of a table and of its indexes, and that the two agree (sqlite.org/pragma.html#pragma_integrity_check).
SELECT integrity_check FROM pragma_integrity_check(?) LIMIT ?

-- name: check_references
SELECT coalesce(rowid, 0), parent FROM pragma_foreign_key_check(?)

-- name: may_copy
-- A connection that only reads may write another file once it says so; `mode=ro` keeps it from ours all the same.
PRAGMA query_only = 0

-- name: bodies_from
-- A stretch of versions with their bodies, to be rewritten.
SELECT key, generation, body, details FROM records
WHERE resource_id = :resource AND (key, generation) > (:key, :generation)
ORDER BY key, generation LIMIT :limit

-- name: rewrite_record
UPDATE records SET fingerprint = coalesce(?, fingerprint), body = ?, details = ?
WHERE resource_id = ? AND key = ? AND generation = ?

-- name: generation_after
SELECT id FROM generations WHERE resource_id = :resource AND id > :generation ORDER BY id LIMIT 1

-- name: events_from
-- A stretch of the events of a generation, to be rewritten.
SELECT ordinal, before, after, before_hash, after_hash FROM changes
WHERE generation = :generation AND ordinal > :ordinal ORDER BY ordinal LIMIT :limit

-- name: rewrite_event
UPDATE changes SET before = ?, after = ?, before_hash = ?, after_hash = ? WHERE generation = ? AND ordinal = ?

-- name: empty_dictionary
-- Its first eight bytes, magic number and name, are no part of what it was learnt from: the next one is named anew.
UPDATE dictionaries SET dictionary = substr(dictionary, 1, 8) WHERE resource_id = :resource

-- name: dictionary_name
SELECT substr(dictionary, 1, 8) FROM dictionaries WHERE resource_id = :resource AND length(dictionary) > 8

-- name: write_standing
UPDATE resources SET standing = :standing WHERE id = :resource

-- name: sample_bodies
SELECT body, details FROM records WHERE resource_id = :resource AND deleted_at IS NULL LIMIT :limit

-- name: wipe_what_is_freed
-- Overwrite what is deleted from now on, whole pages too.
PRAGMA secure_delete = ON

-- name: wipe_within_pages
PRAGMA secure_delete = FAST

-- name: key_proof
SELECT proof FROM private_key WHERE id = 1

-- name: write_key_proof
INSERT INTO private_key (id, proof) VALUES (1, :proof) ON CONFLICT DO NOTHING

-- name: erased
SELECT record FROM erased WHERE connection = :connection AND resource = :resource

-- name: live_version
-- Whether the version of a key that readers see is a live record; no row: nothing is seen of it.
SELECT deleted_at IS NULL FROM visible_records WHERE resource_id = :resource AND key = :key

-- name: erase_records
DELETE FROM records WHERE resource_id = :resource AND key = :key

-- name: weight_of_key
SELECT coalesce(sum(180 + length(key) + length(changed) + coalesce(length(before), 0) + coalesce(length(after), 0)), 0)
FROM changes WHERE generation = :generation AND key = :key

-- name: lighten_log
UPDATE meta SET log_bytes = max(0, log_bytes - :bytes)

-- name: erase_events
DELETE FROM changes WHERE generation = :generation AND key = :key

-- name: erase_links
DELETE FROM links WHERE key = :key
    AND relation_id IN (SELECT id FROM relations WHERE connection = :connection AND resource = :resource)

-- name: erase_breaches
DELETE FROM breaches WHERE series_id = :series AND key = :key

-- name: count_naming
-- Records of other classes that name one by its key.
SELECT count(DISTINCT l.key) FROM relations AS r CROSS JOIN links AS l ON l.relation_id = r.id AND l.value = :key
WHERE r.connection = :connection AND r.target = :resource

-- name: reduce_resource
-- Whoever sees the key again takes the number behind all events for its previous one: no id is used twice.
UPDATE resources SET live = live - :gone, standing = :standing, forgotten = (SELECT last_seq FROM meta)
WHERE id = :resource

-- name: insert_erased
INSERT INTO erased (connection, resource, record, key, at, forget, step)
VALUES (:connection, :resource, :record, :key, :now, :forget, 0)
ON CONFLICT DO UPDATE SET key = :key, forget = :forget, step = 0

-- name: going_on
-- The erasures of a resource that have not come to their end.
SELECT record, key, step FROM erased WHERE connection = :connection AND resource = :resource AND step < 3

-- name: unfinished
SELECT connection, resource, record FROM erased WHERE step < 3

-- name: erasure_taken_out
UPDATE erased SET step = 1 WHERE connection = :connection AND resource = :resource AND record = :record

-- name: erasures_rewritten
UPDATE erased SET step = 2, key = NULL WHERE connection = :connection AND resource = :resource AND step = 1

-- name: forgetting_erasures
SELECT count(*) FROM erased WHERE connection = :connection AND resource = :resource AND step = 2 AND forget = 1

-- name: forget_erasures
DELETE FROM erased WHERE connection = :connection AND resource = :resource AND step = 2 AND forget = 1

-- name: finish_erasures
UPDATE erased SET step = 3 WHERE connection = :connection AND resource = :resource AND step = 2

-- name: segments_after
SELECT s.id, s.boundary, c.raw, c.keys FROM segments AS s CROSS JOIN contents AS c ON c.segment_id = s.id
WHERE s.resource_id = :resource AND s.id > :id ORDER BY s.id LIMIT :limit

-- name: blank_contents
UPDATE contents SET raw = :raw, keys = :keys WHERE segment_id = :id

-- name: cut_segment
UPDATE segments SET boundary = :boundary, n = :n, digest = zeroblob(16), keyless = :keyless WHERE id = :id

-- name: disturb_segment
-- No bytes have this hash: the segment is read record by record.
UPDATE segments SET digest = zeroblob(16) WHERE id = :id

-- name: write_layout
UPDATE resources SET layout = :layout WHERE id = :resource

-- name: told_open_alerts
-- This and the next: a stretch of what was told of a connection, in the order of two numbers, with the resource it is of.
SELECT 0, rowid, '', alert FROM alerts
WHERE connection = :connection AND state <> 'resolved' AND rowid > :id ORDER BY rowid LIMIT :limit

-- name: told_resolved_alerts
SELECT since, rowid, '', alert FROM alerts
WHERE connection = :connection AND state = 'resolved' AND (since, rowid) > (:at, :id) ORDER BY since, rowid LIMIT :limit

-- name: retell_alert
UPDATE alerts SET alert = ? WHERE rowid = ?

-- name: told_notices
SELECT 0, seq, '', notice FROM notices WHERE connection = :connection AND seq > :id ORDER BY seq LIMIT :limit

-- name: retell_notice
UPDATE notices SET notice = ? WHERE seq = ?

-- name: told_polls
SELECT at, id, resource, poll FROM polls
WHERE connection = :connection AND (at, id) > (:at, :id) ORDER BY at, id LIMIT :limit

-- name: retell_poll
UPDATE polls SET poll = ? WHERE id = ?

-- name: told_flips
SELECT at, id, '', message FROM flips
WHERE connection = :connection AND (at, id) > (:at, :id) ORDER BY at, id LIMIT :limit

-- name: retell_flip
UPDATE flips SET message = ? WHERE id = ?

-- name: told_memory
SELECT memory FROM memories WHERE series_id = :series

-- name: retell_memory
UPDATE memories SET memory = :memory WHERE series_id = :series

-- name: told_deeds
SELECT at, id, coalesce(resource, ''), reason FROM deeds
WHERE connection = :connection AND (at, id) > (:at, :id) ORDER BY at, id LIMIT :limit

-- name: retell_deed
UPDATE deeds SET reason = ? WHERE id = ?

-- name: definitions
SELECT name, type || ' of ' || tbl_name || ': ' || coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'

-- name: vault_store
SELECT store FROM vault WHERE id = 1

-- name: found_vault
INSERT INTO vault (id, store) VALUES (1, :store) ON CONFLICT DO NOTHING

-- name: sealed
SELECT connection, field, number, blob, at, given FROM sealed ORDER BY connection, field

-- name: sealed_number
SELECT number FROM sealed WHERE connection = :connection AND field = :field

-- name: keep_sealed
INSERT INTO sealed (connection, field, number, blob, at, given)
VALUES (:connection, :field, :number, :blob, :at, :given)
ON CONFLICT DO UPDATE SET number = :number, blob = :blob, at = :at, given = :given

-- name: rewrap_sealed
-- Only what is still as it was read.
UPDATE sealed SET blob = :blob WHERE connection = :connection AND field = :field AND blob = :before

-- name: shred_sealed
DELETE FROM sealed WHERE connection = :connection

-- name: stored_connections
SELECT name, text, made_at, made_by, changed_at, changed_by FROM connections ORDER BY name

-- name: stored_connection
SELECT name, text, made_at, made_by, changed_at, changed_by FROM connections WHERE name = :name

-- name: put_connection
INSERT INTO connections (name, text, made_at, made_by, changed_at, changed_by)
VALUES (:name, :text, :made_at, :made_by, :changed_at, :changed_by)
ON CONFLICT DO UPDATE SET text = excluded.text, changed_at = excluded.changed_at, changed_by = excluded.changed_by

-- name: remove_connection
DELETE FROM connections WHERE name = :name

-- name: knows_connection
-- Whether anything is stored of a name; what `clear_resource` leaves is nothing.
SELECT EXISTS (SELECT 1 FROM resources WHERE connection = :connection AND cycles > 0)
    OR EXISTS (SELECT 1 FROM connection_health WHERE connection = :connection)
    OR EXISTS (SELECT 1 FROM flips WHERE connection = :connection)
    OR EXISTS (SELECT 1 FROM notices WHERE connection = :connection)

-- name: begin_clearing
INSERT INTO clearing (connection, at) VALUES (:connection, :at) ON CONFLICT DO NOTHING

-- name: clearing
SELECT connection FROM clearing ORDER BY connection

-- name: end_clearing
DELETE FROM clearing WHERE connection = :connection

-- name: resources_of
SELECT id FROM resources WHERE connection = :connection

-- name: series_of
SELECT id FROM series WHERE connection = :connection

-- name: clear_records
DELETE FROM records WHERE (resource_id, key, generation) IN (
    SELECT resource_id, key, generation FROM records WHERE resource_id = :resource LIMIT :limit)

-- name: first_ordinal
SELECT min(ordinal) FROM changes WHERE generation = :generation

-- name: is_told
-- Whether the events of a generation count for the log.
SELECT coalesce(base_seq, 0) > 0 FROM generations WHERE id = :generation

-- name: drop_generation
DELETE FROM generations WHERE id = :generation

-- name: first_segments
SELECT id FROM segments WHERE resource_id = :resource LIMIT :limit

-- name: clear_resource
-- The row stays, for two reasons: should the name come back, no event gets the id of one from before; and where it went,
-- SQLite would look for what refers to it through all commits and days.
UPDATE resources
SET host = '', folder = '', standing = :standing, visible = 0, layout = x'', live = 0, cycles = 0, untidy = 0,
    withholds = 0, forgotten = (SELECT last_seq FROM meta), forgets = 0, forgets_at = NULL
WHERE id = :resource

-- name: relations_of
SELECT id FROM relations WHERE connection = :connection

-- name: clear_links
DELETE FROM links WHERE (relation_id, value, key) IN (
    SELECT relation_id, value, key FROM links WHERE relation_id = :relation LIMIT :limit)

-- name: drop_relation
DELETE FROM relations WHERE id = :relation

-- name: clear_sums
DELETE FROM sums WHERE (series_id, name, value) IN (
    SELECT series_id, name, value FROM sums WHERE series_id = :series LIMIT :limit)

-- name: clear_breaches
DELETE FROM breaches WHERE (series_id, key, "check", field) IN (
    SELECT series_id, key, "check", field FROM breaches WHERE series_id = :series LIMIT :limit)

-- name: drop_memory
DELETE FROM memories WHERE series_id = :series

-- name: drop_baseline
DELETE FROM baselines WHERE series_id = :series

-- name: drop_all_versions
DELETE FROM schema_versions WHERE series_id = :series

-- name: hours_there_are
SELECT (SELECT min(hour) FROM hours), (SELECT max(hour) FROM hours)

-- name: days_there_are
SELECT (SELECT min(day) FROM days), (SELECT max(day) FROM days)

-- name: clear_days
-- In a stretch of time, as the next: no index has what they are of first.
DELETE FROM days WHERE day BETWEEN :first AND :last
    AND resource_id IN (SELECT id FROM resources WHERE connection = :connection)

-- name: clear_hours
DELETE FROM hours WHERE hour BETWEEN :first AND :last
    AND series_id IN (SELECT id FROM series WHERE connection = :connection)

-- name: clear_flips
DELETE FROM flips WHERE id IN (SELECT id FROM flips WHERE connection = :connection LIMIT :limit)

-- name: clear_polls
DELETE FROM polls WHERE id IN (SELECT id FROM polls WHERE connection = :connection LIMIT :limit)

-- name: clear_notices
DELETE FROM notices WHERE seq IN (SELECT seq FROM notices WHERE connection = :connection LIMIT :limit)

-- name: clear_alerts
-- This and the next: each has an index.
DELETE FROM alerts WHERE id IN (
    SELECT id FROM alerts WHERE state <> 'resolved' AND connection = :connection LIMIT :limit)

-- name: clear_resolved_alerts
DELETE FROM alerts WHERE id IN (
    SELECT id FROM alerts WHERE state = 'resolved' AND connection = :connection LIMIT :limit)

-- name: clear_resource_health
DELETE FROM resource_health WHERE rowid IN (
    SELECT rowid FROM resource_health WHERE connection = :connection LIMIT :limit)

-- name: clear_erased
DELETE FROM erased WHERE (connection, resource, record) IN (
    SELECT connection, resource, record FROM erased WHERE connection = :connection LIMIT :limit)

-- name: drop_health
DELETE FROM connection_health WHERE connection = :connection

-- name: drop_usage
DELETE FROM usage WHERE connection = :connection

-- name: pauses
SELECT connection, kind, since, until, ended, reason, "by" FROM pauses

-- name: put_pause
INSERT INTO pauses (connection, kind, since, until, ended, reason, "by")
VALUES (:connection, :kind, :since, :until, :ended, :reason, :by)
ON CONFLICT DO UPDATE SET since = :since, until = :until, ended = :ended, reason = :reason, "by" = :by

-- name: drop_pause
DELETE FROM pauses WHERE connection = :connection AND kind = :kind

-- name: told_pauses
SELECT kind, reason FROM pauses WHERE connection = :connection

-- name: retell_pause
UPDATE pauses SET reason = :reason WHERE connection = :connection AND kind = :kind

-- name: audit
SELECT id, at, "by", action, connection, resource, subject, reason, before, after, replaced FROM deeds
WHERE (at, id) < (:at, :number) AND at >= :since ORDER BY at DESC, id DESC LIMIT :limit

-- name: audit_of
SELECT id, at, "by", action, connection, resource, subject, reason, before, after, replaced FROM deeds
WHERE connection = :connection AND (at, id) < (:at, :number) AND at >= :since ORDER BY at DESC, id DESC LIMIT :limit

-- name: tokens
SELECT name, digest, scope, made_at, made_by, connection, expires_at, used_at FROM tokens ORDER BY name

-- name: count_tokens
SELECT count(*) FROM tokens

-- name: make_token
INSERT INTO tokens (name, digest, scope, made_at, made_by, connection, expires_at, used_at)
VALUES (:name, :digest, :scope, :made_at, :made_by, :connection, :expires_at, :used_at) ON CONFLICT DO NOTHING

-- name: revoke_token
DELETE FROM tokens WHERE name = :name

-- name: use_token
UPDATE tokens SET used_at = :at WHERE name = :name AND digest = :digest AND coalesce(used_at, 0) < :at

-- name: remove_sealed
DELETE FROM sealed WHERE connection = :connection AND field = :field

-- name: sealed_blob
SELECT number, blob, at, given FROM sealed WHERE connection = :connection AND field = :field

-- name: use_begun
SELECT begun FROM uses WHERE connection = :connection AND field = :field

-- name: begin_use
-- The first one stands: what was begun before it may have used the secret up as well.
INSERT INTO uses (connection, field, begun) VALUES (:connection, :field, :begun) ON CONFLICT DO NOTHING

-- name: move_use
UPDATE uses SET field = :field WHERE connection = :connection AND field = :before

-- name: end_use
DELETE FROM uses WHERE connection = :connection AND field = :field

-- name: shred_uses
DELETE FROM uses WHERE connection = :connection
