"""Where speed, memory and truth are measured: one module a benchmark, started by name."""
