"""Damage valid files: bytes, text, JSON values, parts of archives and images, compression."""
