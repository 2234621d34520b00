"""The records: one SQLite file (or PostgreSQL later), a hash-chained audit log, one writer."""
