"""Batches of sequences: by length, ragged, in chunks, masked."""
