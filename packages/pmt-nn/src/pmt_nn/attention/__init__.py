"""Scaled dot-product attention, its variants, positions, and the key-value cache."""
