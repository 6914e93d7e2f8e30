"""Optimizers on flat parameter memory, clipping, weight averaging."""
