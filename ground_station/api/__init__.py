"""The centre's HTTP API: cases, reports, whistles, notices, shifts, words, measures and files."""
