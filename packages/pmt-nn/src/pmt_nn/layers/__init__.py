"""Layers: linear, embedding, normalization, dropout and activations."""
