"""Losses; the fused ones have a composed form."""
