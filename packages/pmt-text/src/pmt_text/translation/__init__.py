"""Parallel corpora: loading, encoding and batches."""
