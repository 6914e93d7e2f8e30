"""Losses, each with its composed form."""
