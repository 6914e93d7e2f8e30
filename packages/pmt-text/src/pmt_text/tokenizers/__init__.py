"""Normalization, tokenizers and vocabularies."""
