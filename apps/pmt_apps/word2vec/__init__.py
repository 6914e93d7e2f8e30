"""Word vectors from plain text."""
