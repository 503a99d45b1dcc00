-- Secrets that each use replaces, such as a refresh token: uses of which it is not known yet how they ended.

CREATE TABLE uses (
    connection TEXT NOT NULL,
    field      TEXT NOT NULL,    -- of which secret in `sealed`
    begun      INTEGER NOT NULL, -- when the first of them began, epoch ms
    PRIMARY KEY (connection, field)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 10;
