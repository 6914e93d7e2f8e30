"""Quora question pairs: loading, encoding, features and batches."""
