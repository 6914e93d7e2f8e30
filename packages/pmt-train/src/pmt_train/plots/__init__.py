"""Plots of training runs, metrics and models, saved as PNG."""
