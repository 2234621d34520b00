"""Cases and what leads to and from them: reports, dispatches, whistles, notices and contacts."""
