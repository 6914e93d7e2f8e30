"""Model summaries and FLOP counts."""
