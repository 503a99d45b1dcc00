"""Every metric that driftd exports of its own: name, kind and help. Names are fixed once a release has shown them."""

from typing import Final

from driftd.faces.metrics.family import Kind, Metric


def _gauge(name: str, text: str) -> Metric:
    return Metric(f"driftd_{name}", Kind.GAUGE, text)


def _counter(name: str, text: str) -> Metric:
    return Metric(f"driftd_{name}_total", Kind.COUNTER, text)


def _histogram(name: str, text: str) -> Metric:
    return Metric(f"driftd_{name}", Kind.HISTOGRAM, text)


# of a connection
CONNECTION_INFO: Final = _gauge("connection_info", "Always 1; folder and host of a connection, from configuration.")
CONNECTION_UP: Final = _gauge(
    "connection_up",
    "1 if the latest finished poll got an authenticated, valid answer, else 0. Raw, without hysteresis; absent until"
    " the first poll.",
)
CONNECTION_STATE: Final = _gauge("connection_state", "One-hot: 1 for the present state, 0 for the others.")
CONNECTION_STATE_SINCE: Final = _gauge("connection_state_since_timestamp_seconds", "When the present state began.")
CREDENTIAL_EXPIRY: Final = _gauge(
    "credential_expiry_timestamp_seconds", "When a credential ends, best evidence. May lie in the past."
)
TOKEN_REFRESHES: Final = _counter("token_refreshes", "Access tokens asked for.")
TOKEN_REFRESH_FAILURES: Final = _counter("token_refresh_failures", "Access tokens asked for, and refused or failed.")
TENANT_REQUESTS: Final = _counter("tenant_requests", "Requests sent to the tenant.")
TENANT_BYTES: Final = _counter("tenant_bytes", "Bytes read from the tenant.")
BUDGET_USED: Final = _gauge("tenant_budget_used_ratio", "Share of the day's budget used.")
BREAKER_OPEN: Final = _gauge("breaker_open", "1 while the circuit breaker holds polls back.")
PAGES: Final = _counter("pages", "Pages read.")
PAGES_UNCHANGED: Final = _counter("pages_unchanged", "Pages read whose bytes had not changed.")

# of a resource
POLLS: Final = _counter("polls", "Polls finished, whatever the outcome.")
POLL_FAILURES: Final = _counter("poll_failures", "Polls that failed, by reason.")
LAST_POLL_DURATION: Final = _gauge("last_poll_duration_seconds", "Duration of the last finished poll.")
POLL_INTERVAL: Final = _gauge(
    "poll_interval_seconds",
    "Distance between due times of the resource's most frequent cycle (probe or delta); for a cron schedule the present"
    " gap.",
)
SWEEP_INTERVAL: Final = _gauge("sweep_interval_seconds", "Distance between due sweeps.")
LAST_SWEEP: Final = _gauge("last_sweep_timestamp_seconds", "When the last complete sweep was committed.")
LAST_POLL: Final = _gauge("last_poll_timestamp_seconds", "When the last poll finished, whatever the outcome.")
LAST_SUCCESS: Final = _gauge("last_success_timestamp_seconds", "When the last poll succeeded and was committed.")
NEXT_POLL: Final = _gauge("next_poll_timestamp_seconds", "When the next poll is due, backoff included.")
LAST_CHANGE: Final = _gauge("last_change_timestamp_seconds", "When a change event was last committed.")
RECORDS: Final = _gauge("records", "Records in the snapshot, from the last completed poll.")
CHANGES: Final = _counter("changes", "Change events committed; op c u d.")
DELETES_HELD: Final = _gauge(
    "deletes_held", "Deletes that a guard holds back until a person or a better sweep decides."
)
LAST_EVALUATION: Final = _gauge(
    "last_evaluation_timestamp_seconds",
    "When drift checks last ran to the end; a check that did not run is unknown, not ok.",
)
SCHEMA_CHANGES: Final = _counter("schema_changes", "Schema changes confirmed; impact is the worst of read and write.")
ALERTS_FIRING: Final = _gauge("alerts_firing", "driftd alerts now firing; muted ones excluded.")
ALERTS_MUTED: Final = _gauge("alerts_muted", "Alerts firing but muted.")
ALERT_INFO: Final = _gauge("alert_info", "1 while this alert fires; says what changed.")
DELETES_PENDING: Final = _gauge("deletes_pending", "Deletes that wait for their second look.")
DETAILS_COVERAGE: Final = _gauge("details_coverage_ratio", "Share of records whose details are young enough.")

# of the daemon
BUILD_INFO: Final = _gauge("build_info", "Always 1; the running build.")
POLL_DURATION: Final = _histogram("poll_duration_seconds", "Duration of a poll, all connections.")
HTTP_REQUESTS: Final = _counter("http_requests", "Requests sent to tenants, all connections.")
HTTP_REQUEST_DURATION: Final = _histogram("http_request_duration_seconds", "Duration of requests to tenants.")
RELOAD_SUCCESSFUL: Final = _gauge("config_last_reload_successful", "1 if the last configuration (re)load succeeded.")
RELOAD_SUCCESS: Final = _gauge(
    "config_last_reload_success_timestamp_seconds", "When a configuration was last loaded successfully."
)
LOOP_LAG: Final = _gauge("event_loop_lag_seconds", "Greatest event-loop lag in the last 60 s.")
SCHEDULE_LAG: Final = _gauge(
    "schedule_lag_seconds", "Greatest distance between a due time and its start, polls of the last 5 min."
)
POLLS_IN_PROGRESS: Final = _gauge("polls_in_progress", "Polls running.")
POLLS_WAITING: Final = _gauge("polls_waiting", "Polls due but held by a limiter.")
DATABASE_SIZE: Final = _gauge("database_size_bytes", "Main file of the database.")
DATABASE_WAL: Final = _gauge("database_wal_bytes", "Write-ahead log of the database.")
DATABASE_FREE: Final = _gauge("database_disk_free_bytes", "Free space on the volume of the database.")
SQLITE_VERSION: Final = _gauge("sqlite_version_info", "Always 1; the SQLite library in use.")
CHECKPOINTS_BUSY: Final = _counter("database_checkpoint_busy", "WAL checkpoints that readers held up.")
OLDEST_READER: Final = _gauge(
    "database_oldest_reader_timestamp_seconds", "When the oldest read transaction now open began; absent if none."
)
DATABASE_FULL: Final = _counter("database_full", "Store transactions that found no room.")
CAPTURE_PAUSED: Final = _gauge("database_capture_paused", "1 while nothing is captured for want of room, else 0.")
BALLAST: Final = _gauge("database_ballast_bytes", "Room that is kept for a full disk; 0 while it is given back.")
REBASELINED: Final = _gauge(
    "database_rebaseline_timestamp_seconds",
    "When the log of changes last began anew after damage or a restore; absent if it never did.",
)
INTEGRITY: Final = _gauge("database_integrity_ok", "1 if the last look through the database found it whole, else 0.")
INTEGRITY_CHECK: Final = _gauge("database_integrity_check_timestamp_seconds", "When that look ended.")
BACKUP: Final = _gauge("backup_timestamp_seconds", "When the newest backup was taken; absent if there is none.")
BACKUP_SIZE: Final = _gauge("backup_size_bytes", "Size of the newest backup that this process took.")
BACKUP_FAILURES: Final = _counter("backup_failures", "Backups that failed.")
DATABASE_ERRORS: Final = _counter("database_errors", "Store transactions that failed.")
WRITER_QUEUE: Final = _gauge("writer_queue_length", "Transactions waiting for the writer.")
WRITER_QUEUE_LIMIT: Final = _gauge("writer_queue_limit", "Transactions that may wait for the writer.")
COMMIT_DURATION: Final = _histogram("commit_duration_seconds", "Duration of a committed transaction.")
LOG_MESSAGES: Final = _counter("log_messages", "Log lines written.")
SERIES_DROPPED: Final = _gauge("series_dropped", "Series left out of this exposition by the budget.")
COLLECTOR_DURATION: Final = _gauge("collector_duration_seconds", "Duration of this collection.")

# of one answer of /probe
PROBE_SUCCESS: Final = Metric(
    "probe_success", Kind.GAUGE, "1 if the connection answered, authenticated and valid, else 0."
)
PROBE_DURATION: Final = Metric("probe_duration_seconds", Kind.GAUGE, "How long the probe took.")
