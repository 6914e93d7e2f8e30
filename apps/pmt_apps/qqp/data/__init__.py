"""Which question pairs a run reads, and its settings."""
