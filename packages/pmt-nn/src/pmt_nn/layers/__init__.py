"""Layers on single arrays: linear, embedding, normalization, dropout, activations."""
