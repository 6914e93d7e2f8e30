"""A decoder-only language model."""
