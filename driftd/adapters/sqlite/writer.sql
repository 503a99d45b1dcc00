-- What the one writing connection is set to (page_size and auto_vacuum count only before the first table).
PRAGMA page_size = 4096;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA busy_timeout = 5000;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA journal_size_limit = 67108864;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -32000;
PRAGMA trusted_schema = OFF;
PRAGMA secure_delete = FAST;
PRAGMA mmap_size = 0;
PRAGMA analysis_limit = 400;
