"""A squad's shift: who has which role, what was planned and visited, one log, two signatures."""
