"""Duplicate questions (Quora question pairs)."""
