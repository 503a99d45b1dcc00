-- What a reading connection is set to: it never writes and never moves the WAL into the database.
PRAGMA query_only = 1;
PRAGMA busy_timeout = 5000;
PRAGMA wal_autocheckpoint = 0;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16000;
PRAGMA trusted_schema = OFF;
PRAGMA mmap_size = 0;
