"""Who may come in, what they may do and what they may see: persons, sessions, powers, scopes."""
