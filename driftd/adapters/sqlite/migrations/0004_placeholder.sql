-- Holds the number until the schema that has it is merged.

PRAGMA user_version = 4;
